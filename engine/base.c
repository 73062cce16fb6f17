#include "engine/base.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span span_of(const void *ptr, size_t len)
{
    CHECK(ptr != NULL || len == 0);
    return (struct span){.ptr = ptr, .len = len};
}

struct span span_of_str(const char *text)
{
    return span_of(text, strlen(text));
}

bool span_equal(struct span a, struct span b)
{
    /* memcmp must not see NULL, which an empty span may hold. */
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

const char *rc_name(enum rc rc)
{
    switch (rc) {
    case RC_OK: return "ok";
    case RC_NOTFOUND: return "notfound";
    case RC_USAGE: return "usage";
    case RC_UNSUPPORTED: return "unsupported";
    case RC_IO: return "io";
    case RC_FULL: return "full";
    case RC_NOMEM: return "nomem";
    case RC_CORRUPT: return "corrupt";
    case RC_INVALID: return "invalid";
    case RC_MISMATCH: return "mismatch";
    case RC_INTERRUPTED: return "interrupted";
    case RC_REGRESSION: return "regression";
    case RC_INCONCLUSIVE: return "inconclusive";
    case RC_BUG: return "bug";
    }
    return "unknown";
}

void check_failed(const char *file, int line, const char *expr)
{
    fprintf(stderr, "blobfront: internal error: %s:%d: check failed: %s\n", file, line, expr);
    abort();
}

/* ---- UTF-8 ---------------------------------------------------------------------------------- */

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t utf8_sequence(const uint8_t *p, size_t len)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    size_t need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (len < need)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if (!is_continuation(p[i]))
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
    bool beyond = p[0] == 0xf4 && p[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : need;
}

/* Well-formed, yet able to break a line, drive a terminal or reorder the text around it: C1
 * controls, U+2028/9, and the bidirectional marks, embeddings, overrides and isolates. */
static bool is_unprintable_sequence(const uint8_t *p, size_t len)
{
    if (len == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    if (len != 3 || p[0] != 0xe2)
        return false;
    if (p[1] == 0x80)
        return (p[2] >= 0xa8 && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f;
    return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

/* Bytes at p that may be shown as they are: one character's, or 0 when p[0] must be escaped. */
static size_t plain_sequence(const uint8_t *p, size_t len)
{
    if (p[0] < 0x20 || p[0] == 0x7f || p[0] == '"' || p[0] == '\\')
        return 0;
    size_t n = utf8_sequence(p, len);
    return is_unprintable_sequence(p, n) ? 0 : n;
}

#define QUOTE_CUT 200
_Static_assert(QUOTE_SIZE >= QUOTE_CUT + sizeof("..."), "a cut quotation fits QUOTE_SIZE");

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

char *quote_bytes(char *dst, size_t dst_size, struct span text)
{
    static const char hex[] = "0123456789abcdef";
    CHECK(dst_size >= 4);
    size_t whole_max = min_size(QUOTE_CUT, dst_size - 1);
    size_t cut_max = min_size(QUOTE_CUT, dst_size - sizeof("..."));
    size_t at = 0, cut = 0, used = 0;
    while (used < text.len) {
        const uint8_t *p = text.ptr + used;
        size_t plain = plain_sequence(p, text.len - used);
        size_t width = plain != 0 ? plain : 4;
        if (at + width > whole_max) {
            memcpy(dst + cut, "...", sizeof("..."));
            return dst;
        }
        if (plain != 0)
            memcpy(dst + at, p, plain);
        else
            memcpy(dst + at, (char[]){'\\', 'x', hex[p[0] >> 4], hex[p[0] & 15]}, 4);
        at += width;
        used += plain != 0 ? plain : 1;
        if (at <= cut_max)
            cut = at;
    }
    dst[at] = '\0';
    return dst;
}

char *quote_str(char *dst, size_t dst_size, const char *text)
{
    return quote_bytes(dst, dst_size, span_of_str(text));
}

/* ---- errors --------------------------------------------------------------------------------- */

/* Shorten dst[0..size) so that "..." fits, without leaving half a UTF-8 character. */
static void cut_text(char *dst, size_t size)
{
    size_t at = size - sizeof("...");
    while (at > 0 && is_continuation((uint8_t)dst[at]))
        at--;
    memcpy(dst + at, "...", sizeof("..."));
}

/* One line whatever the arguments held: messages of libraries are not ours to trust. */
static void PRINTF_LIKE(3, 0) print_line(char *dst, size_t size, const char *fmt, va_list args)
{
    int len = vsnprintf(dst, size, fmt, args);
    if (len < 0)
        snprintf(dst, size, "(unprintable message)");
    else if ((size_t)len >= size)
        cut_text(dst, size);
    for (char *p = dst; *p != '\0'; p++) {
        if ((uint8_t)*p < 0x20 || *p == 0x7f)
            *p = '?';
    }
}

static enum rc rc_of_errno(enum rc rc, int sys)
{
    if (rc != RC_IO)
        return rc;
    if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)
        return RC_FULL;
    return sys == ENOMEM || sys == EMFILE || sys == ENFILE ? RC_NOMEM : RC_IO;
}

/* ": No such file or directory", or "" for 0. */
static size_t print_cause(char *dst, size_t size, int sys)
{
    dst[0] = '\0';
    if (sys == 0)
        return 0;
    char text[100];
    int len = strerror_r(sys, text, sizeof(text)) == 0 ? snprintf(dst, size, ": %s", text)
                                                       : snprintf(dst, size, ": errno %d", sys);
    return len > 0 ? min_size((size_t)len, size - 1) : 0;
}

enum rc err_set(struct err *err, const char *where, enum rc rc, int sys, const char *fmt, ...)
{
    CHECK(rc > RC_NOTFOUND);
    if (err->rc != RC_OK)
        return err->rc;
    int saved_errno = errno;
    char cause[128];
    size_t cause_len = print_cause(cause, sizeof(cause), sys);
    va_list args;
    va_start(args, fmt);
    print_line(err->msg, sizeof(err->msg) - cause_len, fmt, args);
    va_end(args);
    memcpy(err->msg + strlen(err->msg), cause, cause_len + 1);
    err->rc = rc_of_errno(rc, sys);
    err->sys = sys;
    err->where = where;
    err->hint[0] = '\0';
    errno = saved_errno;
    return err->rc;
}

void err_hint(struct err *err, const char *fmt, ...)
{
    if (err->rc == RC_OK || err->hint[0] != '\0')
        return;
    va_list args;
    va_start(args, fmt);
    print_line(err->hint, sizeof(err->hint), fmt, args);
    va_end(args);
}

void err_clear(struct err *err)
{
    *err = (struct err){0};
}

/* ---- did you mean --------------------------------------------------------------------------- */

#define WORD_MAX 64

static size_t min3(size_t a, size_t b, size_t c)
{
    return min_size(min_size(a, b), c);
}

/* Optimal string alignment distance; both lengths <= WORD_MAX. */
static size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t substitute = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, substitute);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min_size(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    size_t len = strlen(word);
    if (len > WORD_MAX)
        return NULL;
    size_t limit = len < 6 ? 1 : len / 3;
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_len = strlen(candidates[i]);
        if (candidate_len > WORD_MAX)
            continue;
        size_t distance = word_distance(word, len, candidates[i], candidate_len);
        if (distance < limit || (distance == limit && best == NULL)) {
            best = candidates[i];
            if (distance == 0)
                break;
            /* The first of equals stays: from here on only a nearer one replaces it. */
            limit = distance;
        }
    }
    return best;
}

/* ---- numbers people type -------------------------------------------------------------------- */

/* Digits at *text; false when there is none.  *fits tells whether they stayed within 64 bits. */
static bool take_digits(const char **text, uint64_t *value, bool *fits)
{
    const char *p = *text;
    *value = 0;
    *fits = true;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t tens;
        if (!mul_u64(*value, 10, &tens) || !add_u64(tens, (uint64_t)(*p - '0'), value))
            *fits = false;
    }
    bool any = p != *text;
    *text = p;
    return any;
}

enum rc parse_u64(const char *text, uint64_t min, uint64_t max, const char *what, uint64_t *out,
                  struct err *err)
{
    const char *p = text;
    uint64_t value;
    bool fits;
    if (!take_digits(&p, &value, &fits) || *p != '\0')
        return FAIL(err, RC_USAGE, 0,
                    "%s: value \"%s\" is not a whole number (expected %" PRIu64 "..%" PRIu64 ")",
                    what, Q(text), min, max);
    if (!fits || value < min || value > max)
        return FAIL(err, RC_USAGE, 0,
                    "%s: value \"%s\" is out of range (expected %" PRIu64 "..%" PRIu64 ")", what,
                    Q(text), min, max);
    *out = value;
    return RC_OK;
}

/* log2 of the unit written after the digits, or -1. */
static int size_unit_shift(const char *unit)
{
    static const char letters[] = "kKmMgGtT";
    if (unit[0] == '\0')
        return 0;
    const char *letter = strchr(letters, unit[0]);
    if (letter == NULL || (unit[1] != '\0' && strcmp(unit + 1, "iB") != 0))
        return -1;
    return 10 * (int)((letter - letters) / 2 + 1);
}

enum rc parse_size(const char *text, uint64_t min, uint64_t max, const char *what, uint64_t *out,
                   struct err *err)
{
    const char *p = text;
    uint64_t value;
    bool fits;
    char low[FORMAT_SIZE], high[FORMAT_SIZE];
    bool any = take_digits(&p, &value, &fits);
    int shift = size_unit_shift(p);
    if (!any || shift < 0)
        return FAIL(err, RC_USAGE, 0,
                    "%s: value \"%s\" is not a size (expected %s..%s, written as 4096, 64k or "
                    "1MiB)",
                    what, Q(text), format_size(low, min), format_size(high, max));
    fits = fits && mul_u64(value, (uint64_t)1 << shift, &value);
    if (!fits || value < min || value > max)
        return FAIL(err, RC_USAGE, 0, "%s: value \"%s\" is out of range (expected %s..%s)", what,
                    Q(text), format_size(low, min), format_size(high, max));
    *out = value;
    return RC_OK;
}

enum rc parse_duration(const char *text, const char *what, uint64_t *out_ns, struct err *err)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {
        {"ms", 1000000},
        {"s", 1000000000},
        {"m", 60 * (uint64_t)1000000000},
        {"h", 3600 * (uint64_t)1000000000},
    };
    const char *p = text;
    uint64_t value, scale = 0;
    bool fits;
    bool any = take_digits(&p, &value, &fits);
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(p, units[i].unit) == 0)
            scale = units[i].ns;
    }
    if (!any || scale == 0)
        return FAIL(err, RC_USAGE, 0,
                    "%s: value \"%s\" is not a duration (expected a whole number with ms, s, m or "
                    "h, such as 250ms)",
                    what, Q(text));
    if (!fits || !mul_u64(value, scale, &value))
        return FAIL(err, RC_USAGE, 0,
                    "%s: value \"%s\" is out of range (expected at most %" PRIu64 "h)", what,
                    Q(text), UINT64_MAX / units[COUNT_OF(units) - 1].ns);
    *out_ns = value;
    return RC_OK;
}

/* "12", "0.5" or ".5", then an optional "%", and nothing else: strtod alone would also take
 * spaces, signs, exponents, hexadecimal, "nan" and "inf". */
static bool is_rate_syntax(const char *text)
{
    static const char digits[] = "0123456789";
    size_t whole = strspn(text, digits);
    text += whole;
    if (*text == '.') {
        size_t fraction = strspn(text + 1, digits);
        if (fraction == 0)
            return false;
        text += 1 + fraction;
    } else if (whole == 0) {
        return false;
    }
    return *text == '\0' || strcmp(text, "%") == 0;
}

enum rc parse_rate(const char *text, double min, double max, const char *what, double *out,
                   struct err *err)
{
    if (!is_rate_syntax(text))
        return FAIL(err, RC_USAGE, 0,
                    "%s: value \"%s\" is not a share (expected %g..%g, written as 0.1 or 10%%)",
                    what, Q(text), min, max);
    char *end;
    double value = strtod(text, &end);
    if (*end == '%')
        value /= 100;
    if (!isfinite(value) || !(value >= min && value <= max))
        return FAIL(err, RC_USAGE, 0, "%s: value \"%s\" is out of range (expected %g..%g)", what,
                    Q(text), min, max);
    *out = value;
    return RC_OK;
}

/* ---- numbers people read -------------------------------------------------------------------- */

/* Copy decimal digits with a comma before every third from the right; returns the length. */
static size_t group_digits(char *dst, const char *digits, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            dst[at++] = ',';
        dst[at++] = digits[i];
    }
    dst[at] = '\0';
    return at;
}

char *format_count(char dst[FORMAT_SIZE], uint64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);
    group_digits(dst, digits, (size_t)len);
    return dst;
}

char *format_size(char dst[FORMAT_SIZE], uint64_t bytes)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < COUNT_OF(units)) {
        bytes /= 1024;
        unit++;
    }
    snprintf(dst, FORMAT_SIZE, "%" PRIu64 "%s", bytes, units[unit]);
    return dst;
}

/* NaN and the infinities; false for every finite value. */
static bool format_special(char dst[FORMAT_SIZE], double value)
{
    if (isnan(value))
        snprintf(dst, FORMAT_SIZE, "-");
    else if (isinf(value))
        snprintf(dst, FORMAT_SIZE, "%sinf", value < 0 ? "-" : "");
    else
        return false;
    return true;
}

/* Decimal exponents that fit FORMAT_SIZE without an exponent, a unit after them included. */
#define SIG3_EXPONENT_MIN (-18)
#define SIG3_EXPONENT_MAX 20

char *format_sig3(char dst[FORMAT_SIZE], double value)
{
    if (format_special(dst, value))
        return dst;
    if (value == 0) {
        snprintf(dst, FORMAT_SIZE, "0");
        return dst;
    }
    /* printf rounds correctly and settles carries (9.996 -> "1.00e+01"); what is left is layout. */
    char scientific[32];
    snprintf(scientific, sizeof(scientific), "%.2e", fabs(value));
    const char digits[] = {scientific[0], scientific[2], scientific[3], '\0'};
    int exponent = (int)strtol(scientific + sizeof("d.dde") - 1, NULL, 10);
    const char *sign = value < 0 ? "-" : "";
    if (exponent < SIG3_EXPONENT_MIN || exponent > SIG3_EXPONENT_MAX) {
        snprintf(dst, FORMAT_SIZE, "%s%s", sign, scientific);
    } else if (exponent < 0) {
        /* A zero printed to a precision is that many zeros, none included. */
        snprintf(dst, FORMAT_SIZE, "%s0.%.*d%s", sign, -exponent - 1, 0, digits);
    } else if (exponent < 2) {
        snprintf(dst, FORMAT_SIZE, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
    } else {
        char whole[SIG3_EXPONENT_MAX + 2];
        memset(whole, '0', sizeof(whole));
        memcpy(whole, digits, 3);
        size_t at = strlen(sign);
        memcpy(dst, sign, at);
        group_digits(dst + at, whole, (size_t)exponent + 1);
    }
    return dst;
}

static char *format_with_unit(char dst[FORMAT_SIZE], double value, const char *unit)
{
    char number[FORMAT_SIZE];
    format_sig3(number, value);
    snprintf(dst, FORMAT_SIZE, "%.*s %s", FORMAT_SIZE - 6, number, unit);
    return dst;
}

char *format_ns(char dst[FORMAT_SIZE], double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    if (format_special(dst, ns))
        return dst;
    size_t unit = 0;
    /* 999.5 has the three digits "1,000": it belongs to the next unit. */
    while (fabs(ns) >= 999.5 && unit + 1 < COUNT_OF(units)) {
        ns /= 1000;
        unit++;
    }
    return format_with_unit(dst, ns, units[unit]);
}

char *format_iec(char dst[FORMAT_SIZE], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (format_special(dst, bytes))
        return dst;
    size_t unit = 0;
    while (fabs(bytes) >= 1024 && unit + 1 < COUNT_OF(units)) {
        bytes /= 1024;
        unit++;
    }
    if (unit == 0 && bytes == floor(bytes)) {
        snprintf(dst, FORMAT_SIZE, "%.0f B", bytes);
        return dst;
    }
    return format_with_unit(dst, bytes, units[unit]);
}

bool add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (a > UINT64_MAX - b)
        return false;
    *out = a + b;
    return true;
}

bool mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (b != 0 && a > UINT64_MAX / b)
        return false;
    *out = a * b;
    return true;
}
