#include "analysis/claim.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *claim_label_name(enum claim_label label)
{
    static const char *const names[] = {"NONE",      "EXACT",       "CONFIRMED", "REFUTED",
                                        "UNDECIDED", "DESCRIPTIVE", "ASSUMED"};
    CHECK((size_t)label < COUNT_OF(names));
    return names[label];
}

/* ---- what is owed --------------------------------------------------------------------------- */

/* An estimate inside its bounds.  `closed`: bounds that say something on both sides. */
static bool has_interval(const struct interval *ratio, bool closed)
{
    if (!(ratio->n != 0 && isfinite(ratio->estimate) && ratio->estimate > 0 && ratio->low >= 0 &&
          ratio->low <= ratio->estimate && ratio->estimate <= ratio->high))
        return false;
    return !closed || (ratio->low > 0 && isfinite(ratio->high));
}

/* What is missing, or NULL. */
static const char *debt_of(const struct claim *claim)
{
    if (claim->sentence == NULL || claim->sentence[0] == '\0')
        return "a sentence";
    switch (claim->label) {
    case CLAIM_NONE: return "a label";
    case CLAIM_EXACT: return claim->ratio.n >= 2 ? NULL : "two equal runs";
    case CLAIM_CONFIRMED:
    case CLAIM_REFUTED:
        if (!has_interval(&claim->ratio, true))
            return "an estimate with a closed interval and its n";
        if (claim->look == 0)
            return "the look";
        if (claim->method == NULL || claim->method[0] == '\0')
            return "the method";
        return claim->alpha > 0 && claim->alpha < 1 ? NULL : "its level";
    case CLAIM_UNDECIDED:
        if (!has_interval(&claim->ratio, false))
            return "an estimate with an interval and its n";
        return claim->rounds_needed != 0 ? NULL : "the rounds needed";
    case CLAIM_DESCRIPTIVE:
    case CLAIM_ASSUMED: return NULL;
    }
    return "a label that exists";
}

/* ---- print ---------------------------------------------------------------------------------- */

static void put_ratio(struct text *text, const struct interval *ratio)
{
    char estimate[FORMAT_SIZE], low[FORMAT_SIZE], high[FORMAT_SIZE];
    text_print(text, ", x%s [x%s, ", format_sig3(estimate, ratio->estimate),
               format_sig3(low, ratio->low));
    if (isfinite(ratio->high))
        text_print(text, "x%s]", format_sig3(high, ratio->high));
    else
        text_put(text, "no bound]");
    text_print(text, ", n %zu", ratio->n);
}

static void put_paid(struct text *text, const struct claim *claim)
{
    switch (claim->label) {
    case CLAIM_EXACT: text_print(text, ", equal in %zu runs", claim->ratio.n); break;
    case CLAIM_CONFIRMED:
    case CLAIM_REFUTED:
        put_ratio(text, &claim->ratio);
        text_print(text, ", look %zu, %s", claim->look, claim->method);
        break;
    case CLAIM_UNDECIDED:
        put_ratio(text, &claim->ratio);
        if (claim->rounds_needed == SIZE_MAX)
            text_put(text, ", no number of rounds would decide it");
        else
            text_print(text, ", about %zu rounds in all would decide it", claim->rounds_needed);
        break;
    default: break;
    }
}

enum rc claim_print(const struct claim *claim, bool markdown, struct buf *out, struct err *err)
{
    const char *debt = debt_of(claim);
    if (debt != NULL)
        return FAIL(err, RC_BUG, 0, "a claim labelled %s lacks %s: \"%s\"",
                    claim_label_name(claim->label), debt,
                    claim->sentence == NULL ? "" : Q(claim->sentence));
    struct text text = text_to(out, err);
    text_put(&text, claim_label_name(claim->label));
    if (claim->label == CLAIM_CONFIRMED || claim->label == CLAIM_REFUTED)
        text_print(&text, " (%.4g %%)", 100 * (1 - claim->alpha));
    text_put(&text, ": ");
    if (markdown)
        text_markdown(&text, claim->sentence);
    else
        text_terminal(&text, claim->sentence);
    put_paid(&text, claim);
    return text.rc;
}
