/* text.h: writing text for people and programs, with names from outside made harmless for each.
 *
 * One function per place a name may end up in; all of them take raw names and keep what is
 * harmless, so an ordinary name looks the same everywhere.  Malformed UTF-8, control characters and
 * direction overrides become \xNN in every one of them.
 */
#ifndef ANALYSIS_TEXT_H
#define ANALYSIS_TEXT_H

#include "engine/buf.h"

/* Appends to a buf and remembers the first failure, so that a page of output checks once. */
struct text {
    struct buf *out;
    struct err *err;
    enum rc rc;
};
struct text text_to(struct buf *out, struct err *err);

void text_put(struct text *text, const char *plain); /* ours, as it is */
void text_print(struct text *text, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* For a terminal. */
void text_terminal(struct text *text, const char *name);
/* Within a line or a table cell of GitHub's Markdown: nothing in it is markup, a tag or a link. */
void text_markdown(struct text *text, const char *name);
/* The same where a paragraph or list item begins: it becomes no heading and no list. */
void text_markdown_line(struct text *text, const char *name);
/* One CSV cell: quoted where needed; a leading = + - @ (which spreadsheets run as a formula) gets
 * an apostrophe before it. */
void text_csv(struct text *text, const char *name);
/* One quoted cell of a CSV that gnuplot reads: as text_csv, without quotes and backslashes inside,
 * cut to `width_max` columns. */
void text_plot(struct text *text, const char *name, size_t width_max);

/* Columns a terminal needs for valid UTF-8: 0 for combining, 2 for wide characters. */
size_t text_width(const char *utf8);
/* A copy of at most `width` columns (>= 3): the middle gives way to "..", because options that tell
 * two labels apart stand at the end.  dst_size >= 4 * width + 1.  Returns dst. */
char *text_cut(char *dst, size_t dst_size, const char *utf8, size_t width);

#define TEXT_NUMBER_SIZE 32
/* The fewest digits that read back equal; "" for NaN, so a CSV cell stays empty. */
char *text_number(char dst[TEXT_NUMBER_SIZE], double value);
/* "+12.3 %", "-4.00 %", "0 %"; "-" for NaN.  `share` 0.1 is 10 %. */
char *text_change(char dst[FORMAT_SIZE], double share);
/* "57.1 %", "1,230 %"; "-" for NaN.  `percent` 10 is 10 %. */
char *text_percent(char dst[FORMAT_SIZE], double percent);
/* "1,234" for whole numbers, three significant digits otherwise; "-" for NaN. */
char *text_value(char dst[FORMAT_SIZE], double value);

#endif
