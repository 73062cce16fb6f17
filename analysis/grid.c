#include "analysis/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *keep(struct grid *grid, const char *text)
{
    char *copy = arena_strdup(&grid->arena, text);
    if (copy == NULL)
        grid->rc = RC_NOMEM;
    return copy == NULL ? "" : copy;
}

void grid_column(struct grid *grid, enum grid_align align, const char *head, const char *sub)
{
    CHECK(grid->column_count < GRID_COLUMNS_MAX && grid->cell_count == 0);
    size_t column = grid->column_count++;
    grid->columns[column].align = align;
    grid->columns[column].head = keep(grid, head);
    grid->columns[column].sub = keep(grid, sub);
}

static bool make_room(struct grid *grid)
{
    if (grid->cell_count < grid->cell_cap)
        return true;
    size_t cap = grid->cell_cap == 0 ? 64 : 2 * grid->cell_cap;
    const char **cells = arena_zalloc(&grid->arena, cap, sizeof(*cells));
    if (cells == NULL) {
        grid->rc = RC_NOMEM;
        return false;
    }
    if (grid->cell_count != 0)
        memcpy(cells, grid->cells, grid->cell_count * sizeof(*cells));
    grid->cells = cells;
    grid->cell_cap = cap;
    return true;
}

void grid_cell(struct grid *grid, const char *fmt, ...)
{
    if (!make_room(grid))
        return;
    char shown[2048]; /* longer cells are cut */
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(shown, sizeof(shown), fmt, args);
    va_end(args);
    CHECK(len >= 0);
    grid->cells[grid->cell_count++] = keep(grid, shown);
}

size_t grid_rows(const struct grid *grid)
{
    return grid->column_count == 0 ? 0 : grid->cell_count / grid->column_count;
}

void grid_release(struct grid *grid)
{
    arena_release(&grid->arena);
    *grid = (struct grid){0};
}

static enum rc grid_ready(const struct grid *grid, struct err *err)
{
    if (grid->rc != RC_OK)
        return FAIL(err, grid->rc, 0, "no memory for a table");
    CHECK(grid->column_count != 0 && grid->cell_count % grid->column_count == 0);
    return RC_OK;
}

/* ---- terminal ------------------------------------------------------------------------------- */

enum { FIRST_WIDTH_MAX = 30, CELL_WIDTH_MAX = 64, GAP = 2, INDENT = 2 };

/* The grid as it is shown: two header rows, then the cells, escaped and cut. */
struct shown {
    const struct grid *grid;
    const char **cells;
    size_t rows, columns, head_rows;
    size_t width[GRID_COLUMNS_MAX];
    struct arena arena;
};

static const char *show_cell(struct shown *shown, const char *raw, size_t width, struct err *err,
                             enum rc *rc)
{
    struct buf escaped = {0};
    struct text text = text_to(&escaped, err);
    text_terminal(&text, raw);
    char cut[4 * CELL_WIDTH_MAX + 1];
    const char *copy =
        arena_strdup(&shown->arena, text_cut(cut, sizeof(cut), buf_str(&escaped), width));
    buf_release(&escaped);
    if (*rc == RC_OK)
        *rc = text.rc;
    if (copy == NULL && *rc == RC_OK)
        *rc = FAIL(err, RC_NOMEM, 0, "no memory for a table");
    return copy == NULL ? "" : copy;
}

/* Two labels that look alike when cut get their row number: a table must not mix them up. */
static enum rc tell_apart(struct shown *shown, struct err *err)
{
    const struct grid *grid = shown->grid;
    size_t columns = shown->columns;
    for (size_t a = 0; a < grid_rows(grid); a++) {
        const char **mine = &shown->cells[(shown->head_rows + a) * columns];
        for (size_t b = 0; b < grid_rows(grid); b++) {
            const char *other = shown->cells[(shown->head_rows + b) * columns];
            if (a == b || strcmp(*mine, other) != 0 ||
                strcmp(grid->cells[a * columns], grid->cells[b * columns]) == 0)
                continue;
            char marked[4 * CELL_WIDTH_MAX + 32], cut[4 * CELL_WIDTH_MAX + 1];
            text_cut(cut, sizeof(cut), *mine, FIRST_WIDTH_MAX - 5);
            snprintf(marked, sizeof(marked), "%s #%zu", cut, a + 1);
            *mine = arena_strdup(&shown->arena, marked);
            if (*mine == NULL)
                return FAIL(err, RC_NOMEM, 0, "no memory for a table");
            break;
        }
    }
    return RC_OK;
}

static enum rc show(struct shown *shown, const struct grid *grid, struct err *err)
{
    size_t columns = grid->column_count;
    *shown = (struct shown){.grid = grid, .columns = columns, .head_rows = 1};
    for (size_t c = 0; c < columns; c++) {
        if (grid->columns[c].sub[0] != '\0')
            shown->head_rows = 2;
    }
    shown->rows = shown->head_rows + grid_rows(grid);
    shown->cells = arena_zalloc(&shown->arena, shown->rows * columns, sizeof(*shown->cells));
    if (shown->cells == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for a table");
    enum rc rc = RC_OK;
    for (size_t i = 0; i < shown->rows * columns; i++) {
        size_t row = i / columns, c = i % columns;
        const char *raw = row >= shown->head_rows ? grid->cells[i - shown->head_rows * columns]
                          : row == 0              ? grid->columns[c].head
                                                  : grid->columns[c].sub;
        shown->cells[i] =
            show_cell(shown, raw, c == 0 ? FIRST_WIDTH_MAX : CELL_WIDTH_MAX, err, &rc);
    }
    if (rc == RC_OK)
        rc = tell_apart(shown, err);
    for (size_t i = 0; i < shown->rows * columns && rc == RC_OK; i++) {
        size_t width = text_width(shown->cells[i]), c = i % columns;
        if (width > shown->width[c])
            shown->width[c] = width;
    }
    return rc;
}

static void pad(struct text *text, size_t columns)
{
    while (columns-- > 0)
        text_put(text, " ");
}

/* Column 0 and columns [from, to) of one row; trailing spaces are not written. */
static void put_row(struct text *text, const struct shown *shown, size_t row, size_t from,
                    size_t to)
{
    size_t due = INDENT;
    for (size_t c = 0; c < to; c = c == 0 ? from : c + 1) {
        const char *cell = shown->cells[row * shown->columns + c];
        size_t space = shown->width[c] - text_width(cell);
        bool right = shown->grid->columns[c].align == GRID_RIGHT;
        if (cell[0] != '\0') {
            pad(text, due + (right ? space : 0));
            text_put(text, cell);
            due = (right ? 0 : space) + GAP;
        } else {
            due += shown->width[c] + GAP;
        }
    }
    text_put(text, "\n");
}

static void put_rule(struct text *text, const struct shown *shown, size_t from, size_t to)
{
    pad(text, INDENT);
    for (size_t c = 0; c < to; c = c == 0 ? from : c + 1) {
        for (size_t i = 0; i < shown->width[c] + (c == 0 ? 0 : GAP); i++)
            text_put(text, "-");
    }
    text_put(text, "\n");
}

enum rc grid_text(const struct grid *grid, size_t width, struct buf *out, struct err *err)
{
    enum rc rc = grid_ready(grid, err);
    if (rc != RC_OK)
        return rc;
    struct shown shown;
    struct text text = text_to(out, err);
    rc = show(&shown, grid, err);
    for (size_t from = 1; rc == RC_OK && from <= shown.columns;) {
        size_t to = from, used = INDENT + shown.width[0];
        while (to < shown.columns && (to == from || used + GAP + shown.width[to] <= width))
            used += GAP + shown.width[to++];
        if (from > 1)
            text_put(&text, "\n");
        for (size_t row = 0; row < shown.rows; row++) {
            if (row == shown.head_rows)
                put_rule(&text, &shown, from, to);
            put_row(&text, &shown, row, from, to);
        }
        if (to >= shown.columns)
            break;
        from = to;
    }
    arena_release(&shown.arena);
    return rc == RC_OK ? text.rc : rc;
}

/* ---- Markdown ------------------------------------------------------------------------------- */

enum rc grid_markdown(const struct grid *grid, struct buf *out, struct err *err)
{
    enum rc rc = grid_ready(grid, err);
    if (rc != RC_OK)
        return rc;
    struct text text = text_to(out, err);
    for (size_t c = 0; c < grid->column_count; c++) {
        text_put(&text, "| ");
        text_markdown(&text, grid->columns[c].head);
        if (grid->columns[c].sub[0] != '\0')
            text_put(&text, "<br>");
        text_markdown(&text, grid->columns[c].sub);
        text_put(&text, " ");
    }
    text_put(&text, "|\n");
    for (size_t c = 0; c < grid->column_count; c++)
        text_put(&text, grid->columns[c].align == GRID_RIGHT ? "|---:" : "|---");
    text_put(&text, "|\n");
    for (size_t i = 0; i < grid->cell_count; i++) {
        text_put(&text, "| ");
        text_markdown(&text, grid->cells[i]);
        text_put(&text, (i + 1) % grid->column_count == 0 ? " |\n" : " ");
    }
    return text.rc;
}
