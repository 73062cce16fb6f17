#include "analysis/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text text_to(struct buf *out, struct err *err)
{
    return (struct text){out, err, RC_OK};
}

static void put_bytes(struct text *text, const char *bytes, size_t len)
{
    if (text->rc == RC_OK)
        text->rc = buf_append(text->out, span_of(bytes, len), text->err);
}

void text_put(struct text *text, const char *plain)
{
    put_bytes(text, plain, strlen(plain));
}

void text_print(struct text *text, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    /* Formats are ours and names go through the functions below: nothing here is that long. */
    CHECK(len >= 0 && (size_t)len < sizeof(line));
    put_bytes(text, line, (size_t)len);
}

/* ---- characters ----------------------------------------------------------------------------- */

#define BAD_CHARACTER UINT32_MAX

/* One character of `at` into *code, BAD_CHARACTER for a byte that starts none; returns its bytes.
 * The shortest form only, no surrogates, nothing above U+10FFFF. */
static size_t decode(const char *at, uint32_t *code)
{
    const uint8_t *p = (const uint8_t *)at;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : (p[0] >> 5) == 6 ? 2 : (p[0] >> 4) == 14 ? 3 : 4;
    *code = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    bool bad = len == 4 && (p[0] >> 3) != 30;
    for (size_t i = 1; i < len && !bad; i++) {
        bad = (p[i] & 0xc0) != 0x80; /* also stops at the NUL */
        *code = *code << 6 | (p[i] & 0x3fu);
    }
    if (!bad && *code >= least[len] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff))
        return len;
    *code = BAD_CHARACTER;
    return 1;
}

/* Could move the cursor, reorder the line, end it, or is no character at all. */
static bool is_harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff || code == BAD_CHARACTER;
}

static bool in_ranges(uint32_t code, const uint32_t (*ranges)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    }
    return false;
}

static size_t width_of(uint32_t code)
{
    static const uint32_t combining[][2] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},
                                            {0x610, 0x61a},   {0x64b, 0x65f},   {0x1ab0, 0x1aff},
                                            {0x1dc0, 0x1dff}, {0x200b, 0x200d}, {0x20d0, 0x20ff},
                                            {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
    static const uint32_t wide[][2] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                                       {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                                       {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                       {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
    if (in_ranges(code, combining, COUNT_OF(combining)))
        return 0;
    return in_ranges(code, wide, COUNT_OF(wide)) ? 2 : 1;
}

size_t text_width(const char *utf8)
{
    size_t width = 0;
    for (uint32_t code = 0; *utf8 != '\0';) {
        utf8 += decode(utf8, &code);
        width += width_of(code);
    }
    return width;
}

/* Bytes at the start of `utf8` that fit into `width` columns. */
static size_t head_of(const char *utf8, size_t width)
{
    size_t used = 0;
    for (uint32_t code = 0; utf8[used] != '\0';) {
        size_t len = decode(utf8 + used, &code), columns = width_of(code);
        if (columns > width)
            break;
        width -= columns;
        used += len;
    }
    return used;
}

char *text_cut(char *dst, size_t dst_size, const char *utf8, size_t width)
{
    size_t total = text_width(utf8), len = strlen(utf8);
    if (total <= width && len < dst_size) {
        memcpy(dst, utf8, len + 1);
        return dst;
    }
    CHECK(width >= 3);
    /* The head and the tail share what ".." leaves; a wide character may leave one column over. */
    size_t tail_width = (width - 2) / 2;
    size_t head = head_of(utf8, width - 2 - tail_width);
    size_t skip = head;
    uint32_t code;
    for (size_t left = text_width(utf8 + head); left > tail_width;) {
        skip += decode(utf8 + skip, &code);
        left = text_width(utf8 + skip);
    }
    if (snprintf(dst, dst_size, "%.*s..%s", (int)head, utf8, utf8 + skip) >= (int)dst_size)
        dst[head_of(dst, 0)] = '\0'; /* combining characters without end: show nothing */
    return dst;
}

/* ---- escaping ------------------------------------------------------------------------------- */

/* Names longer than this are cut: a megabyte in a string field must not become a report. */
enum { NAME_BYTES_MAX = 1000 };

/* Called for each harmless character of `name`. */
typedef void put_character(struct text *text, const char *at, size_t len, const char *name);

static void put_hex(struct text *text, uint8_t byte)
{
    text_print(text, "\\x%02x", byte);
}

static void put_escaped(struct text *text, const char *name, const char *hex_prefix,
                        put_character *put)
{
    size_t at = 0;
    while (name[at] != '\0') {
        if (at >= NAME_BYTES_MAX) {
            text_put(text, "...");
            return;
        }
        uint32_t code;
        size_t len = decode(name + at, &code);
        if (!is_harmful(code)) {
            put(text, name + at, len, name);
        } else {
            for (size_t i = 0; i < len; i++) {
                text_put(text, hex_prefix);
                put_hex(text, (uint8_t)name[at + i]);
            }
        }
        at += len;
    }
}

static void put_as_is(struct text *text, const char *at, size_t len, const char *name)
{
    (void)name;
    put_bytes(text, at, len);
}

void text_terminal(struct text *text, const char *name)
{
    put_escaped(text, name, "", put_as_is);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* GitHub turns bare web and mail addresses into links; a character reference breaks them without a
 * trace. */
static bool starts_address(const char *name, const char *at)
{
    if (*at == '@')
        return at > name && is_alnum(at[-1]) && strchr(at, '.') != NULL;
    return (*at == ':' && at[1] == '/' && at[2] == '/') ||
           (*at == '.' && at - name >= 3 && (at[-1] == 'w' || at[-1] == 'W'));
}

static void put_markdown(struct text *text, const char *at, size_t len, const char *name)
{
    bool joins_word = at > name && is_alnum(at[-1]) && is_alnum(at[1]);
    if (*at == '<' || *at == '>' || *at == '&' || starts_address(name, at))
        text_print(text, "&#%d;", *at);
    else if (strchr("\\`*[]|~$", *at) != NULL || (*at == '_' && !joins_word))
        text_print(text, "\\%c", *at);
    else
        put_bytes(text, at, len);
}

void text_markdown(struct text *text, const char *name)
{
    put_escaped(text, name, "\\", put_markdown);
}

void text_markdown_line(struct text *text, const char *name)
{
    size_t digits = strspn(name, "0123456789");
    put_bytes(text, name, digits);
    if (digits == 0 ? name[0] != '\0' && strchr("#+-=", name[0]) != NULL
                    : name[digits] == '.' || name[digits] == ')')
        text_put(text, "\\");
    text_markdown(text, name + digits);
}

/* What a spreadsheet would run: ASCII or full-width = + - @ as the first thing in the cell. */
static bool is_formula(const char *name)
{
    name += strspn(name, " \t\r\n");
    static const char *const starts[] = {"=",      "+",      "-",      "@",
                                         "\uff1d", "\uff0b", "\uff0d", "\uff20"};
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}

static void put_csv(struct text *text, const char *at, size_t len, const char *name)
{
    (void)name;
    put_bytes(text, at, len);
    if (*at == '"')
        put_bytes(text, at, len);
}

void text_csv(struct text *text, const char *name)
{
    size_t len = strlen(name);
    bool quote =
        strpbrk(name, "\",;") != NULL || (len != 0 && (name[0] == ' ' || name[len - 1] == ' '));
    if (quote)
        text_put(text, "\"");
    if (is_formula(name))
        text_put(text, "'");
    put_escaped(text, name, "", put_csv);
    if (quote)
        text_put(text, "\"");
}

static void put_plot(struct text *text, const char *at, size_t len, const char *name)
{
    (void)name;
    /* gnuplot's reader knows neither doubled quotes nor that a backslash may be just one. */
    if (*at == '"')
        text_put(text, "'");
    else if (*at == '\\')
        text_put(text, "/");
    else
        put_bytes(text, at, len);
}

void text_plot(struct text *text, const char *name, size_t width_max)
{
    struct buf plain = {0};
    struct text inner = text_to(&plain, text->err);
    if (is_formula(name))
        text_put(&inner, "'");
    for (const char *at = name; *at != '\0' && (size_t)(at - name) < NAME_BYTES_MAX;) {
        uint32_t code;
        size_t len = decode(at, &code);
        if (is_harmful(code))
            text_put(&inner, "?");
        else
            put_plot(&inner, at, len, name);
        at += len;
    }
    char cut[4 * 128 + 1];
    CHECK(4 * width_max + 1 <= sizeof(cut));
    text_put(text, "\"");
    text_put(text, text_cut(cut, sizeof(cut), buf_str(&plain), width_max));
    text_put(text, "\"");
    if (text->rc == RC_OK)
        text->rc = inner.rc;
    buf_release(&plain);
}

/* ---- numbers -------------------------------------------------------------------------------- */

char *text_number(char dst[TEXT_NUMBER_SIZE], double value)
{
    dst[0] = '\0';
    if (isnan(value))
        return dst;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(dst, TEXT_NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(dst, NULL) == value)
            break;
    }
    return dst;
}

char *text_change(char dst[FORMAT_SIZE], double share)
{
    char digits[FORMAT_SIZE];
    if (!isfinite(share)) {
        snprintf(dst, FORMAT_SIZE, "-");
        return dst;
    }
    double percent = 100 * fabs(share);
    if (percent < 0.005)
        snprintf(dst, FORMAT_SIZE, "0 %%");
    else if (percent < 100)
        snprintf(dst, FORMAT_SIZE, "%c%.*f %%", share < 0 ? '-' : '+', percent < 10 ? 2 : 1,
                 percent);
    else
        snprintf(dst, FORMAT_SIZE, "%c%.30s %%", share < 0 ? '-' : '+',
                 format_sig3(digits, percent));
    return dst;
}

char *text_percent(char dst[FORMAT_SIZE], double percent)
{
    char digits[FORMAT_SIZE];
    if (!isfinite(percent))
        snprintf(dst, FORMAT_SIZE, "-");
    else if (percent == 0 || (fabs(percent) >= 0.05 && fabs(percent) < 999.95))
        snprintf(dst, FORMAT_SIZE, "%.1f %%", percent);
    else
        snprintf(dst, FORMAT_SIZE, "%.30s %%", format_sig3(digits, percent));
    return dst;
}

char *text_value(char dst[FORMAT_SIZE], double value)
{
    if (!isfinite(value)) {
        snprintf(dst, FORMAT_SIZE, "-");
        return dst;
    }
    if (value >= 0 && value < 9e15 && value == floor(value))
        return format_count(dst, (uint64_t)value);
    return format_sig3(dst, value);
}
