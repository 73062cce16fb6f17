/* report.h: report.md, for a reader in a hurry first and for one who doubts it after that.
 *
 * It begins with what is best, how sure that is, what was not decided and what deciding would cost.
 * No sentence about speed or size stands without its label (claim.h); tables say theirs above.
 *
 * GitHub's Markdown, tables and relative links only.  Every name that comes from outside is
 * escaped; nothing in it depends on when it was written.
 */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include "analysis/diagnosis.h"
#include "analysis/plot.h"

/* `plots` says which figures exist; NULL: none. */
MUST_CHECK enum rc report_markdown(const struct frontier *frontier,
                                   const struct diagnosis *diagnosis,
                                   const struct plot_result *plots, struct buf *out,
                                   struct err *err);

#endif
