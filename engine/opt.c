#include "engine/opt.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* opt_apply marks the rows it has seen in a 64-bit word. */
#define OPT_ROWS_MAX 64
#define OPT_NAME_MAX 31
/* Shares are printed without an exponent, so that what is printed can be typed. */
#define OPT_RATE_MAX 1e6
/* An owner such as `strategy "chunked"` and the option's name. */
#define WHAT_SIZE 320

union value {
    uint64_t whole;
    int integer;
    bool flag;
    double rate;
    char text[OPT_TEXT_SIZE];
};

static size_t row_count(const struct opt *rows)
{
    size_t count = 0;
    while (rows != NULL && rows[count].name != NULL)
        count++;
    return count;
}

static size_t choice_count(const struct opt *row)
{
    size_t count = 0;
    while (row->choices[count] != NULL)
        count++;
    return count;
}

/* 0 for a type that does not exist. */
static size_t field_size(enum opt_type type)
{
    switch (type) {
    case OPT_SIZE:
    case OPT_COUNT: return sizeof(uint64_t);
    case OPT_INT:
    case OPT_CHOICE: return sizeof(int);
    case OPT_BOOL: return sizeof(bool);
    case OPT_RATE: return sizeof(double);
    case OPT_TEXT: return OPT_TEXT_SIZE;
    }
    return 0;
}

static size_t field_align(enum opt_type type)
{
    return type == OPT_TEXT ? 1 : field_size(type);
}

static void field_write(const struct opt *row, void *state, const union value *value)
{
    memcpy((char *)state + row->offset, value, field_size(row->type));
}

static union value field_read(const struct opt *row, const void *state)
{
    union value value;
    memset(&value, 0, sizeof(value));
    memcpy(&value, (const char *)state + row->offset, field_size(row->type));
    return value;
}

/* ---- reading one value ---------------------------------------------------------------------- */

static uint64_t bound_u64(double bound)
{
    return bound >= 0x1p64 ? UINT64_MAX : (uint64_t)bound;
}

static enum rc parse_int(const struct opt *row, const char *text, const char *what, int *out,
                         struct err *err)
{
    const char *digits = text + (*text == '-');
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return FAIL(err, RC_USAGE, 0,
                    "%s: value \"%s\" is not a whole number (expected %.0f..%.0f)", what, Q(text),
                    row->min, row->max);
    /* Saturates beyond int, so that overflow is out of every row's range too. */
    long long value = strtoll(text, NULL, 10);
    if ((double)value < row->min || (double)value > row->max)
        return FAIL(err, RC_USAGE, 0, "%s: value \"%s\" is out of range (expected %.0f..%.0f)",
                    what, Q(text), row->min, row->max);
    *out = (int)value;
    return RC_OK;
}

static enum rc parse_bool(const char *text, const char *what, bool *out, struct err *err)
{
    bool on = strcmp(text, "on") == 0;
    if (!on && strcmp(text, "off") != 0)
        return FAIL(err, RC_USAGE, 0, "%s: value \"%s\" is neither on nor off", what, Q(text));
    *out = on;
    return RC_OK;
}

/* "none, zstd or brotli" */
static void print_choices(const struct opt *row, char *dst, size_t size)
{
    size_t count = choice_count(row), at = 0;
    dst[0] = '\0';
    for (size_t i = 0; i < count && at < size; i++) {
        const char *join = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        int len = snprintf(dst + at, size - at, "%s%s", join, row->choices[i]);
        at += len > 0 ? (size_t)len : 0;
    }
}

static enum rc parse_choice(const struct opt *row, const char *text, const char *what, int *out,
                            struct err *err)
{
    size_t count = choice_count(row);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, row->choices[i]) == 0) {
            *out = (int)i;
            return RC_OK;
        }
    }
    char expected[240];
    print_choices(row, expected, sizeof(expected));
    const char *near = nearest_word(text, row->choices, count);
    if (near != NULL)
        return FAIL(err, RC_USAGE, 0,
                    "%s: unknown value \"%s\" (expected %s; did you mean \"%s\"?)", what, Q(text),
                    expected, near);
    return FAIL(err, RC_USAGE, 0, "%s: unknown value \"%s\" (expected %s)", what, Q(text),
                expected);
}

/* Effective options are written into one-line records: a control byte would break them. */
static enum rc parse_text(const char *text, const char *what, char dst[OPT_TEXT_SIZE],
                          struct err *err)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((uint8_t)*p < 0x20 || *p == 0x7f)
            return FAIL(err, RC_USAGE, 0, "%s: value \"%s\" holds a control byte", what, Q(text));
    }
    memcpy(dst, text, strlen(text) + 1);
    return RC_OK;
}

static enum rc parse_value(const struct opt *row, const char *text, const char *what,
                           union value *out, struct err *err)
{
    memset(out, 0, sizeof(*out));
    if (strlen(text) >= OPT_TEXT_SIZE)
        return FAIL(err, RC_USAGE, 0, "%s: value \"%s\" is longer than %d bytes", what, Q(text),
                    OPT_TEXT_SIZE - 1);
    switch (row->type) {
    case OPT_SIZE:
        return parse_size(text, bound_u64(row->min), bound_u64(row->max), what, &out->whole, err);
    case OPT_COUNT:
        return parse_u64(text, bound_u64(row->min), bound_u64(row->max), what, &out->whole, err);
    case OPT_INT: return parse_int(row, text, what, &out->integer, err);
    case OPT_BOOL: return parse_bool(text, what, &out->flag, err);
    case OPT_RATE: return parse_rate(text, row->min, row->max, what, &out->rate, err);
    case OPT_CHOICE: return parse_choice(row, text, what, &out->integer, err);
    case OPT_TEXT: return parse_text(text, what, out->text, err);
    }
    return FAIL(err, RC_BUG, 0, "%s: option type %d does not exist", what, (int)row->type);
}

/* ---- applying ------------------------------------------------------------------------------- */

void opt_defaults(const struct opt *rows, void *state)
{
    for (size_t i = 0; i < row_count(rows); i++) {
        struct err err = {0};
        union value value;
        CHECK(parse_value(&rows[i], rows[i].def, rows[i].name, &value, &err) == RC_OK);
        field_write(&rows[i], state, &value);
    }
}

static enum rc fail_unknown(const struct opt *rows, const char *name, const char *owner,
                            struct err *err)
{
    const char *names[OPT_ROWS_MAX];
    char list[240] = "";
    size_t count = row_count(rows), at = 0;
    if (count == 0)
        return FAIL(err, RC_USAGE, 0, "%s: unknown option \"%s\" (there are none)", owner, name);
    for (size_t i = 0; i < count; i++) {
        names[i] = rows[i].name;
        int len = 0;
        if (at < sizeof(list))
            len = snprintf(list + at, sizeof(list) - at, "%s%s", i == 0 ? "" : ", ", names[i]);
        at += len > 0 ? (size_t)len : 0;
    }
    const char *near = nearest_word(name, names, count);
    enum rc rc;
    if (near != NULL)
        rc = FAIL(err, RC_USAGE, 0, "%s: unknown option \"%s\" (did you mean \"%s\"?)", owner, name,
                  near);
    else
        rc = FAIL(err, RC_USAGE, 0, "%s: unknown option \"%s\"", owner, name);
    err_hint(err, "options: %s", list);
    return rc;
}

static const struct opt *find_row(const struct opt *rows, struct span name)
{
    for (size_t i = 0; i < row_count(rows); i++) {
        if (span_equal(span_of_str(rows[i].name), name))
            return &rows[i];
    }
    return NULL;
}

/* `item` is "name=value". */
static enum rc apply_item(const struct opt *rows, void *state, struct span item, uint64_t *seen,
                          const char *owner, struct err *err)
{
    const char *text = (const char *)item.ptr;
    const char *equals = item.len == 0 ? NULL : memchr(text, '=', item.len);
    struct span name = span_of(text, equals != NULL ? (size_t)(equals - text) : item.len);
    char quoted[QUOTE_SIZE];
    quote_bytes(quoted, sizeof(quoted), name);
    if (name.len == 0)
        return FAIL(err, RC_USAGE, 0, "%s: an option name is missing (expected name=value,...)",
                    owner);
    const struct opt *row = find_row(rows, name);
    if (row == NULL)
        return fail_unknown(rows, quoted, owner, err);
    if (equals == NULL)
        return FAIL(err, RC_USAGE, 0, "%s: option \"%s\" has no value (expected %s=VALUE)", owner,
                    quoted, row->name);
    uint64_t bit = (uint64_t)1 << (row - rows);
    if ((*seen & bit) != 0)
        return FAIL(err, RC_USAGE, 0, "%s: option \"%s\" is given twice", owner, quoted);
    *seen |= bit;

    char what[WHAT_SIZE], value_text[OPT_TEXT_SIZE + 1];
    snprintf(what, sizeof(what), "%s: option \"%s\"", owner, row->name);
    size_t value_len = item.len - name.len - 1;
    /* One byte too many is kept, for parse_value to refuse. */
    if (value_len > OPT_TEXT_SIZE)
        value_len = OPT_TEXT_SIZE;
    memcpy(value_text, equals + 1, value_len);
    value_text[value_len] = '\0';
    union value value;
    enum rc rc = parse_value(row, value_text, what, &value, err);
    if (rc == RC_OK)
        field_write(row, state, &value);
    return rc;
}

enum rc opt_apply(const struct opt *rows, void *state, const char *text, const char *owner,
                  struct err *err)
{
    CHECK(row_count(rows) <= OPT_ROWS_MAX);
    if (text == NULL || *text == '\0')
        return RC_OK;
    uint64_t seen = 0;
    for (;;) {
        size_t len = strcspn(text, ",");
        enum rc rc = apply_item(rows, state, span_of(text, len), &seen, owner, err);
        if (rc != RC_OK || text[len] == '\0')
            return rc;
        text += len + 1;
    }
}

/* ---- printing ------------------------------------------------------------------------------- */

/* The fewest decimals that read back as the same number, without an exponent. */
static enum rc print_rate(double rate, struct buf *out, struct err *err)
{
    char text[400];
    for (int decimals = 0; decimals < 330; decimals++) {
        snprintf(text, sizeof(text), "%.*f", decimals, rate);
        if (strtod(text, NULL) == rate)
            break;
    }
    return buf_printf(out, err, "%s", text);
}

static enum rc print_value(const struct opt *row, const void *state, struct buf *out,
                           struct err *err)
{
    union value value = field_read(row, state);
    switch (row->type) {
    case OPT_SIZE:
    case OPT_COUNT: return buf_printf(out, err, "%" PRIu64, value.whole);
    case OPT_INT: return buf_printf(out, err, "%d", value.integer);
    case OPT_BOOL: return buf_printf(out, err, "%s", value.flag ? "on" : "off");
    case OPT_RATE: return print_rate(value.rate, out, err);
    case OPT_CHOICE:
        CHECK(value.integer >= 0 && (size_t)value.integer < choice_count(row));
        return buf_printf(out, err, "%s", row->choices[value.integer]);
    case OPT_TEXT: return buf_printf(out, err, "%s", value.text);
    }
    return FAIL(err, RC_BUG, 0, "option \"%s\" has no type", row->name);
}

static bool has_default(const struct opt *row, const void *state)
{
    struct err err = {0};
    union value value;
    CHECK(parse_value(row, row->def, row->name, &value, &err) == RC_OK);
    const char *field = (const char *)state + row->offset;
    return row->type == OPT_TEXT ? strcmp(field, value.text) == 0
                                 : memcmp(field, &value, field_size(row->type)) == 0;
}

enum rc opt_print(const struct opt *rows, const void *state, struct buf *out, struct err *err)
{
    enum rc rc = RC_OK;
    const char *comma = "";
    for (size_t i = 0; i < row_count(rows) && rc == RC_OK; i++) {
        if (rows[i].late && has_default(&rows[i], state))
            continue;
        rc = buf_printf(out, err, "%s%s=", comma, rows[i].name);
        if (rc == RC_OK)
            rc = print_value(&rows[i], state, out, err);
        comma = ",";
    }
    return rc;
}

/* "avg=SIZE", "codec=none|zstd" */
static enum rc print_usage(const struct opt *row, struct buf *out, struct err *err)
{
    static const char *const values[] = {
        [OPT_SIZE] = "SIZE", [OPT_COUNT] = "N", [OPT_INT] = "N",     [OPT_BOOL] = "on|off",
        [OPT_RATE] = "RATE", [OPT_CHOICE] = "", [OPT_TEXT] = "TEXT",
    };
    enum rc rc = buf_printf(out, err, "%s=%s", row->name, values[row->type]);
    for (size_t i = 0; row->type == OPT_CHOICE && row->choices[i] != NULL && rc == RC_OK; i++)
        rc = buf_printf(out, err, "%s%s", i == 0 ? "" : "|", row->choices[i]);
    return rc;
}

/* "4KiB..1MiB; ", or nothing for a type without a range */
static enum rc print_range(const struct opt *row, struct buf *out, struct err *err)
{
    char low[FORMAT_SIZE], high[FORMAT_SIZE];
    switch (row->type) {
    case OPT_SIZE:
        return buf_printf(out, err, "%s..%s; ", format_size(low, bound_u64(row->min)),
                          format_size(high, bound_u64(row->max)));
    case OPT_COUNT:
        return buf_printf(out, err, "%" PRIu64 "..%" PRIu64 "; ", bound_u64(row->min),
                          bound_u64(row->max));
    case OPT_INT: return buf_printf(out, err, "%.0f..%.0f; ", row->min, row->max);
    case OPT_RATE: return buf_printf(out, err, "%g..%g; ", row->min, row->max);
    case OPT_BOOL:
    case OPT_CHOICE:
    case OPT_TEXT: break;
    }
    return RC_OK;
}

/* Usages are padded to this; a longer one pushes its own line only. */
#define HELP_COLUMN 24

enum rc opt_help(const struct opt *rows, struct buf *out, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < row_count(rows) && rc == RC_OK; i++) {
        const struct opt *row = &rows[i];
        size_t start = out->len;
        rc = buf_printf(out, err, "  ");
        if (rc == RC_OK)
            rc = print_usage(row, out, err);
        size_t used = out->len - start;
        int pad = used < HELP_COLUMN ? (int)(HELP_COLUMN - used) : 0;
        if (rc == RC_OK)
            rc = buf_printf(out, err, "%*s  %s (", pad, "", row->help);
        if (rc == RC_OK)
            rc = print_range(row, out, err);
        if (rc == RC_OK)
            rc = buf_printf(out, err, "default %s)\n", *row->def != '\0' ? row->def : "empty");
    }
    return rc;
}

/* ---- checking the rows ---------------------------------------------------------------------- */

static bool is_option_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= OPT_NAME_MAX && *name >= 'a' && *name <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static const char *choices_defect(const struct opt *row)
{
    if (row->type != OPT_CHOICE)
        return row->choices != NULL ? "only a choice has choices" : NULL;
    if (row->choices == NULL || row->choices[0] == NULL)
        return "a choice needs choices";
    for (size_t i = 0; row->choices[i] != NULL; i++) {
        if (row->choices[i][0] == '\0' || strchr(row->choices[i], ',') != NULL)
            return "a choice is empty or holds a comma";
        for (size_t j = 0; j < i; j++) {
            if (strcmp(row->choices[i], row->choices[j]) == 0)
                return "a choice is listed twice";
        }
    }
    return NULL;
}

static const char *range_defect(const struct opt *row)
{
    double least = 0, most = 0x1p64;
    switch (row->type) {
    case OPT_SIZE:
    case OPT_COUNT: break;
    case OPT_INT:
        least = INT_MIN;
        most = INT_MAX;
        break;
    case OPT_RATE: most = OPT_RATE_MAX; break;
    case OPT_BOOL:
    case OPT_CHOICE:
    case OPT_TEXT: return row->min != 0 || row->max != 0 ? "a type without a range has one" : NULL;
    }
    /* Negated comparisons: NaN must not pass. */
    if (!(row->min >= least && row->min <= row->max && row->max <= most))
        return "the range is empty or exceeds the type";
    if (row->type != OPT_RATE && (row->min != floor(row->min) || row->max != floor(row->max)))
        return "the range of a whole number has fractions";
    return NULL;
}

static const char *row_defect(const struct opt *row, size_t state_size)
{
    size_t size = field_size(row->type);
    if (!is_option_name(row->name))
        return "an option name is not [a-z][a-z0-9_-]* of at most 31 bytes";
    if (size == 0)
        return "an option type does not exist";
    if (size > state_size || row->offset > state_size - size)
        return "an option's field lies outside the state";
    if (row->offset % field_align(row->type) != 0)
        return "an option's field is not aligned for its type";
    const char *defect = choices_defect(row);
    if (defect == NULL)
        defect = range_defect(row);
    if (defect != NULL)
        return defect;
    if (row->help == NULL || row->help[0] == '\0')
        return "an option has no help";
    if (row->def == NULL)
        return "an option has no default";
    struct err err = {0};
    union value value;
    if (strchr(row->def, ',') != NULL ||
        parse_value(row, row->def, row->name, &value, &err) != RC_OK)
        return "an option's default cannot be typed or is out of range";
    return NULL;
}

const char *opt_defect(const struct opt *rows, size_t state_size)
{
    size_t count = row_count(rows);
    if (count > OPT_ROWS_MAX)
        return "there are more than 64 options";
    for (size_t i = 0; i < count; i++) {
        const char *defect = row_defect(&rows[i], state_size);
        if (defect != NULL)
            return defect;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(rows[i].name, rows[j].name) == 0)
                return "an option name is used twice";
            if (rows[i].offset < rows[j].offset + field_size(rows[j].type) &&
                rows[j].offset < rows[i].offset + field_size(rows[i].type))
                return "two options share a field";
        }
    }
    return NULL;
}

/* ---- specs ---------------------------------------------------------------------------------- */

enum rc spec_split(const char *spec, char name[SPEC_NAME_SIZE], const char **options,
                   struct err *err)
{
    size_t len = strcspn(spec, ":");
    if (len == 0)
        return FAIL(err, RC_USAGE, 0, "\"%s\" has no name (expected name or name:option=value,...)",
                    Q(spec));
    if (len >= SPEC_NAME_SIZE)
        return FAIL(err, RC_USAGE, 0, "the name in \"%s\" has %zu bytes (expected at most %d)",
                    Q(spec), len, SPEC_NAME_SIZE - 1);
    memcpy(name, spec, len);
    name[len] = '\0';
    *options = spec[len] == ':' ? spec + len + 1 : spec + len;
    return RC_OK;
}
