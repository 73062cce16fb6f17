#include "engine/json_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cJSON copies a number into 64 bytes before it converts it. */
#define NUMBER_LEN_MAX 63

struct scan {
    uint8_t *text; /* terminated, so strtod and look-ahead need no bounds */
    size_t len, at;
    size_t line_start;
    uint32_t line;
    size_t values;
    const char *file;
    struct buf *lines;
    struct err *err;
};

/* `what` is wrong at byte `at`. */
static enum rc refuse(struct scan *scan, size_t at, const char *what)
{
    return FAIL(scan->err, RC_USAGE, 0, "%s:%u:%zu: %s", scan->file, (unsigned)scan->line,
                at - scan->line_start + 1, what);
}

static enum rc expected(struct scan *scan, const char *what)
{
    char got[QUOTE_SIZE] = "end of text", message[QUOTE_SIZE + 80];
    if (scan->at < scan->len) {
        size_t len = utf8_sequence(scan->text + scan->at, scan->len - scan->at);
        char quoted[QUOTE_SIZE];
        quote_bytes(quoted, sizeof(quoted), span_of(scan->text + scan->at, len != 0 ? len : 1));
        snprintf(got, sizeof(got), "\"%.100s\"", quoted);
    }
    snprintf(message, sizeof(message), "expected %s, got %s", what, got);
    return refuse(scan, scan->at, message);
}

static void skip_space(struct scan *scan)
{
    for (; scan->at < scan->len; scan->at++) {
        uint8_t byte = scan->text[scan->at];
        if (byte == '\n') {
            scan->line++;
            scan->line_start = scan->at + 1;
        } else if (byte != ' ' && byte != '\t' && byte != '\r') {
            return;
        }
    }
}

/* The text ends in a NUL that no token contains, so this may look at text[len]. */
static uint8_t peek(const struct scan *scan)
{
    return scan->text[scan->at];
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t skip_digits(struct scan *scan)
{
    size_t start = scan->at;
    while (is_digit(peek(scan)))
        scan->at++;
    return scan->at - start;
}

static enum rc scan_number_syntax(struct scan *scan)
{
    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) == '0') {
        scan->at++;
        if (is_digit(peek(scan)))
            return refuse(scan, scan->at, "a number must not begin with a superfluous 0");
    } else if (skip_digits(scan) == 0) {
        return expected(scan, "a digit");
    }
    if (peek(scan) == '.') {
        scan->at++;
        if (skip_digits(scan) == 0)
            return expected(scan, "a digit after the decimal point");
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (skip_digits(scan) == 0)
            return expected(scan, "a digit in the exponent");
    }
    return RC_OK;
}

static enum rc scan_number(struct scan *scan)
{
    size_t start = scan->at;
    enum rc rc = scan_number_syntax(scan);
    if (rc != RC_OK)
        return rc;
    double value = strtod((const char *)scan->text + start, NULL);
    if (!isfinite(value))
        return refuse(scan, start, "number is too large");
    size_t len = scan->at - start;
    if (len > NUMBER_LEN_MAX) {
        char text[32];
        int text_len = snprintf(text, sizeof(text), "%.17g", value);
        memset(scan->text + start, ' ', len);
        memcpy(scan->text + start, text, (size_t)text_len);
    }
    return RC_OK;
}

/* Four hexadecimal digits after "\u", or -1. */
static int32_t scan_hex4(const struct scan *scan, size_t at)
{
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = scan->text[at + i];
        if (is_digit(c))
            value = value * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value * 16 + ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return value;
}

static enum rc scan_unicode_escape(struct scan *scan)
{
    int32_t unit = scan_hex4(scan, scan->at + 2);
    if (unit < 0)
        return refuse(scan, scan->at, "expected four hexadecimal digits after \\u");
    if (unit == 0)
        return refuse(scan, scan->at, "a string must not contain \\u0000");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return refuse(scan, scan->at, "lone low surrogate");
    if (unit >= 0xd800 && unit <= 0xdbff) {
        const uint8_t *next = scan->text + scan->at + 6;
        int32_t low = next[0] == '\\' && next[1] == 'u' ? scan_hex4(scan, scan->at + 8) : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return refuse(scan, scan->at, "lone high surrogate");
        scan->at += 6;
    }
    scan->at += 6;
    return RC_OK;
}

static enum rc scan_string(struct scan *scan)
{
    scan->at++;
    for (;;) {
        uint8_t byte = peek(scan);
        if (scan->at >= scan->len)
            return refuse(scan, scan->at, "string without its closing quote");
        if (byte == '"') {
            scan->at++;
            return RC_OK;
        }
        if (byte < 0x20)
            return refuse(scan, scan->at, "control byte in a string");
        if (byte == '\\' && scan->text[scan->at + 1] == 'u') {
            enum rc rc = scan_unicode_escape(scan);
            if (rc != RC_OK)
                return rc;
        } else if (byte == '\\') {
            uint8_t escaped = scan->text[scan->at + 1];
            if (escaped == '\0' || strchr("\"\\/bfnrt", escaped) == NULL)
                return refuse(scan, scan->at, "unknown escape in a string");
            scan->at += 2;
        } else {
            size_t len = utf8_sequence(scan->text + scan->at, scan->len - scan->at);
            if (len == 0)
                return refuse(scan, scan->at, "string is not valid UTF-8");
            scan->at += len;
        }
    }
}

static enum rc scan_literal(struct scan *scan)
{
    static const char *const literals[] = {"true", "false", "null"};
    for (size_t i = 0; i < COUNT_OF(literals); i++) {
        size_t len = strlen(literals[i]);
        if (scan->len - scan->at >= len && memcmp(scan->text + scan->at, literals[i], len) == 0) {
            scan->at += len;
            return RC_OK;
        }
    }
    return expected(scan, "a value");
}

static enum rc scan_value(struct scan *scan, unsigned depth);

static enum rc scan_member_key(struct scan *scan)
{
    if (peek(scan) != '"')
        return expected(scan, "a key in double quotes");
    enum rc rc = scan_string(scan);
    if (rc != RC_OK)
        return rc;
    skip_space(scan);
    if (peek(scan) != ':')
        return expected(scan, "\":\"");
    scan->at++;
    skip_space(scan);
    return RC_OK;
}

static enum rc scan_children(struct scan *scan, uint8_t closing, unsigned depth)
{
    if (depth > JSON_DEPTH_MAX)
        return refuse(scan, scan->at, "nesting deeper than " BASE_STR(JSON_DEPTH_MAX) " levels");
    scan->at++;
    skip_space(scan);
    if (peek(scan) == closing) {
        scan->at++;
        return RC_OK;
    }
    for (;;) {
        enum rc rc = closing == '}' ? scan_member_key(scan) : RC_OK;
        if (rc == RC_OK)
            rc = scan_value(scan, depth);
        if (rc != RC_OK)
            return rc;
        skip_space(scan);
        if (peek(scan) == closing) {
            scan->at++;
            return RC_OK;
        }
        if (peek(scan) != ',')
            return expected(scan, closing == '}' ? "\",\" or \"}\"" : "\",\" or \"]\"");
        scan->at++;
        skip_space(scan);
    }
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static enum rc scan_value(struct scan *scan, unsigned depth)
{
    if (++scan->values > JSON_VALUES_MAX)
        return refuse(scan, scan->at, "more than a million values");
    enum rc rc = buf_append(scan->lines, span_of(&scan->line, sizeof(scan->line)), scan->err);
    if (rc != RC_OK)
        return rc;
    uint8_t byte = peek(scan);
    if (byte == '{')
        return scan_children(scan, '}', depth + 1);
    if (byte == '[')
        return scan_children(scan, ']', depth + 1);
    if (byte == '"')
        return scan_string(scan);
    if (byte == '-' || is_digit(byte))
        return scan_number(scan);
    return scan_literal(scan);
}

enum rc json_scan(struct buf *text, const char *file, unsigned first_line, struct buf *lines,
                  struct err *err)
{
    struct scan scan = {
        .len = text->len, .line = first_line, .file = file, .lines = lines, .err = err};
    /* A NUL for look-ahead: scan_hex4 may look 3 bytes past the end only after matching digits,
     * and none matches a NUL, so one is enough. */
    enum rc rc = buf_append(text, span_of("", 1), err);
    if (rc != RC_OK)
        return rc;
    text->len = scan.len;
    scan.text = text->ptr;
    if (scan.len >= 3 && memcmp(scan.text, "\xef\xbb\xbf", 3) == 0)
        return refuse(&scan, 0, "file begins with a byte-order mark");
    skip_space(&scan);
    if (scan.at == scan.len)
        return refuse(&scan, scan.at, "expected a JSON document, got nothing");
    rc = scan_value(&scan, 0);
    if (rc != RC_OK)
        return rc;
    skip_space(&scan);
    if (scan.at != scan.len)
        return expected(&scan, "end of text after the document");
    return RC_OK;
}
