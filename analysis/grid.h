/* grid.h: a table as data, rendered for a terminal or as Markdown.
 *
 * Cells hold raw text; each renderer escapes for its own place.  Errors (memory) are remembered and
 * returned by the renderer.  Zero-initialised is empty and valid; release with grid_release.
 */
#ifndef ANALYSIS_GRID_H
#define ANALYSIS_GRID_H

#include "analysis/text.h"
#include "engine/arena.h"

enum grid_align { GRID_LEFT, GRID_RIGHT };
enum { GRID_COLUMNS_MAX = 40 };

struct grid {
    struct {
        const char *head, *sub; /* two header lines; sub may be "" */
        enum grid_align align;
    } columns[GRID_COLUMNS_MAX];
    size_t column_count;
    const char **cells; /* row by row */
    size_t cell_count, cell_cap;
    struct arena arena;
    enum rc rc;
};

/* All columns first.  Strings are copied. */
void grid_column(struct grid *grid, enum grid_align align, const char *head, const char *sub);
/* The next cell, row after row; rows must be complete when rendered. */
void grid_cell(struct grid *grid, const char *fmt, ...) PRINTF_LIKE(2, 3);
size_t grid_rows(const struct grid *grid);

/* Lines of at most `width` columns, indented by two: columns that do not fit beside the first go
 * to a further block that repeats it. */
MUST_CHECK enum rc grid_text(const struct grid *grid, size_t width, struct buf *out,
                             struct err *err);
MUST_CHECK enum rc grid_markdown(const struct grid *grid, struct buf *out, struct err *err);
void grid_release(struct grid *grid);

#endif
