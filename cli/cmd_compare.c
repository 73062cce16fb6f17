/* compare: two records, or two strategies of one, side by side. */
#include <string.h>
#include <sys/stat.h>

#include "analysis/compare.h"
#include "cli/cli.h"
#include "cli/records.h"

enum { COMPARE_ALL, COMPARE_ALLOW, COMPARE_EXPORT, COMPARE_SORT, COMPARE_LEVEL };

static const struct arg rows[] = {
    {COMPARE_ALL, "--all", NULL, NULL, "every metric, not only the main and the changed ones"},
    {COMPARE_SORT, "--sort", "severity|place", NULL,
     "worst first in one table, or by strategy and phase (default)"},
    {COMPARE_LEVEL, "--alpha", "RATE", NULL,
     "chance of any false difference in the table (default 5%, or as the study planned)"},
    {COMPARE_ALLOW, "--allow-mismatch", NULL, NULL,
     "compare records of other data, settings or machines all the same, and say so"},
    {COMPARE_EXPORT, "--export", "csv|json|markdown", "FILE", "also write the result; - is stdout"},
    {.name = NULL},
};

struct compare_arguments {
    const char *operands[2];
    size_t count;
    struct compare_options options;
    const char *export_format, *export_path;
};

static enum rc take_export(struct compare_arguments *to, const char *format, const char *path,
                           struct err *err)
{
    to->export_format = format;
    to->export_path = path;
    if (strcmp(format, "csv") != 0 && strcmp(format, "json") != 0 &&
        strcmp(format, "markdown") != 0)
        return FAIL(err, RC_USAGE, 0, "--export: expected csv, json or markdown, got \"%s\"",
                    Q(format));
    return RC_OK;
}

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct compare_arguments *to = ctx;
    switch (id) {
    case COMPARE_ALL: to->options.all = true; return RC_OK;
    case COMPARE_ALLOW: to->options.allow_mismatch = true; return RC_OK;
    case COMPARE_EXPORT: return take_export(to, value, value2, err);
    case COMPARE_LEVEL: return parse_rate(value, 1e-9, 0.5, "--alpha", &to->options.alpha, err);
    case COMPARE_SORT:
        to->options.by_severity = strcmp(value, "severity") == 0;
        if (!to->options.by_severity && strcmp(value, "place") != 0)
            return FAIL(err, RC_USAGE, 0, "--sort: expected severity or place, got \"%s\"",
                        Q(value));
        return RC_OK;
    default: to->operands[to->count++] = value; return RC_OK;
    }
}

/* ---- operands ------------------------------------------------------------------------------- */

struct side {
    struct buf dir;
    const char *label; /* NULL: the whole record */
    struct record record;
    struct summary summary;
};

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "RECORD:LABEL": the longest folder there is wins, because both may hold colons. */
static enum rc split_operand(const char *operand, struct side *side, struct err *err)
{
    for (size_t len = strlen(operand); len > 0; len--) {
        if (operand[len] != ':' && operand[len] != '\0')
            continue;
        enum rc rc = buf_set(&side->dir, span_of(operand, len), err);
        if (rc != RC_OK)
            return rc;
        if (!is_folder(buf_str(&side->dir)))
            continue;
        side->label = operand[len] == ':' ? operand + len + 1 : NULL;
        if (side->label && side->label[0] == '\0')
            return FAIL(err, RC_USAGE, 0, "\"%s\": expected a strategy after the colon",
                        Q(operand));
        return RC_OK;
    }
    return buf_set(&side->dir, span_of_str(operand), err); /* record_load says what is wrong */
}

static bool same_folder(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static enum rc load_side(struct side *side, struct err *err)
{
    enum rc rc = records_open(&side->record, buf_str(&side->dir), err);
    if (rc == RC_OK)
        rc = summary_build(&side->summary, &side->record, err);
    return rc;
}

static enum rc load_sides(struct side sides[2], bool *paired, struct compare_arguments *to,
                          struct err *err)
{
    enum rc rc = split_operand(to->operands[0], &sides[0], err);
    if (rc == RC_OK)
        rc = split_operand(to->operands[1], &sides[1], err);
    if (rc == RC_OK && !sides[0].label != !sides[1].label)
        rc = FAIL(err, RC_USAGE, 0, "expected RECORD:STRATEGY twice or not at all, got \"%s\"",
                  Q(to->operands[sides[0].label ? 1 : 0]));
    if (rc != RC_OK)
        return rc;
    to->options.arms[0] = sides[0].label;
    to->options.arms[1] = sides[1].label;
    *paired = sides[0].label && same_folder(buf_str(&sides[0].dir), buf_str(&sides[1].dir));
    rc = load_side(&sides[0], err);
    return rc == RC_OK && !*paired ? load_side(&sides[1], err) : rc;
}

/* ---- output --------------------------------------------------------------------------------- */

static enum rc export_compare(const struct compare_arguments *to, const struct compare *compare,
                              struct err *err)
{
    struct buf out = {0};
    enum rc rc = strcmp(to->export_format, "csv") == 0    ? compare_csv(compare, &out, err)
                 : strcmp(to->export_format, "json") == 0 ? compare_json(compare, &out, err)
                                                          : compare_markdown(compare, &out, err);
    if (rc == RC_OK)
        rc = print_to(to->export_path, buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc print_compare(const struct compare_arguments *to, const struct compare *compare,
                             struct err *err)
{
    struct buf out = {0};
    enum rc rc = RC_OK;
    if (to->export_format)
        rc = export_compare(to, compare, err);
    if (rc == RC_OK && !(to->export_path && strcmp(to->export_path, "-") == 0)) {
        rc = compare_text(compare, &out, err);
        if (rc == RC_OK)
            rc = print_out(buf_span(&out), err);
    }
    buf_release(&out);
    return rc;
}

static enum rc compare(int argc, char **argv, struct err *err)
{
    struct compare_arguments to = {.count = 0};
    struct args args = {
        .rows = rows,
        .operands_min = 2,
        .operands_max = 2,
        .operands = "two records, A B",
        .take = take,
        .ctx = &to,
    };
    struct side sides[2] = {{.label = NULL}, {.label = NULL}};
    struct compare result = {0};
    bool paired = false;
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = load_sides(sides, &paired, &to, err);
    if (rc == RC_OK)
        rc = compare_build(&result, &sides[0].summary, &sides[paired ? 0 : 1].summary, &to.options,
                           err);
    if (rc == RC_OK)
        rc = print_compare(&to, &result, err);
    compare_release(&result);
    for (size_t i = 0; i < 2; i++) {
        summary_release(&sides[i].summary);
        record_release(&sides[i].record);
        buf_release(&sides[i].dir);
    }
    return rc;
}

const struct command command_compare = {
    .name = "compare",
    .summary = "two records, or two strategies of one: old, new, change, p",
    .examples =
        "  blobfront compare results/runs/before results/runs/after\n"
        "  blobfront compare --sort severity results/runs/mine:raw results/runs/mine:dedup\n",
    .rows = rows,
    .operands = "A B",
    .run = compare,
};
