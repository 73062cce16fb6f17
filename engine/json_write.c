#include "engine/json.h"
#include "engine/json_scan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_LIMIT ((uint64_t)1 << 53)

struct json_writer json_begin(struct buf *out, bool compact, struct err *err)
{
    return (struct json_writer){.out = out, .err = err, .compact = compact};
}

static void put(struct json_writer *writer, const char *text, size_t len)
{
    if (writer->rc == RC_OK)
        writer->rc = buf_append(writer->out, span_of(text, len), writer->err);
}

static void put_str(struct json_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_newline(struct json_writer *writer)
{
    if (writer->compact)
        return;
    put(writer, "\n", 1);
    for (unsigned i = 0; i < writer->depth; i++)
        put(writer, "  ", 2);
}

/* The escape of a byte that must not stand in a string as it is, or NULL. */
static const char *escape(uint8_t byte, char scratch[8])
{
    switch (byte) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default:
        if (byte >= 0x20 && byte != 0x7f)
            return NULL;
        snprintf(scratch, 8, "\\u%04x", byte);
        return scratch;
    }
}

bool json_is_text(const char *text)
{
    size_t len = strlen(text), at = 0;
    while (at < len) {
        size_t width = utf8_sequence((const uint8_t *)text + at, len - at);
        if (width == 0)
            return false;
        at += width;
    }
    return true;
}

static void put_quoted(struct json_writer *writer, const char *text)
{
    if (!json_is_text(text) && writer->rc == RC_OK)
        writer->rc = FAIL(writer->err, RC_USAGE, 0,
                          "\"%s\" is not valid UTF-8 and cannot be written as JSON", Q(text));
    size_t len = strlen(text), plain = 0;
    put(writer, "\"", 1);
    for (size_t at = 0; at < len; at++) {
        char scratch[8];
        const char *escaped = escape((uint8_t)text[at], scratch);
        if (escaped != NULL) {
            put(writer, text + plain, at - plain);
            put_str(writer, escaped);
            plain = at + 1;
        }
    }
    put(writer, text + plain, len - plain);
    put(writer, "\"", 1);
}

/* All that stands before a value: comma, line break, key. */
static void begin_value(struct json_writer *writer, const char *key)
{
    if (writer->need_comma)
        put(writer, ",", 1);
    if (writer->depth > 0)
        put_newline(writer);
    if (key != NULL) {
        put_quoted(writer, key);
        put_str(writer, writer->compact ? ":" : ": ");
    }
    writer->need_comma = true;
}

void json_open(struct json_writer *writer, const char *key, char bracket)
{
    CHECK(bracket == '{' || bracket == '[');
    begin_value(writer, key);
    put(writer, &bracket, 1);
    writer->depth++;
    writer->need_comma = false;
}

void json_close(struct json_writer *writer, char bracket)
{
    CHECK((bracket == '}' || bracket == ']') && writer->depth > 0);
    writer->depth--;
    /* Nothing was written since the opening bracket: "{}" stays on one line. */
    if (writer->need_comma)
        put_newline(writer);
    put(writer, &bracket, 1);
    writer->need_comma = true;
}

void json_string(struct json_writer *writer, const char *key, const char *value)
{
    CHECK(value != NULL);
    begin_value(writer, key);
    put_quoted(writer, value);
}

void json_u64(struct json_writer *writer, const char *key, uint64_t value)
{
    if (value >= WHOLE_LIMIT && writer->rc == RC_OK)
        writer->rc = FAIL(writer->err, RC_USAGE, 0,
                          "%" PRIu64 " for \"%s\" is not below 2^53: no exact JSON number", value,
                          Q(key != NULL ? key : ""));
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    begin_value(writer, key);
    put_str(writer, text);
}

/* The fewest digits that read back equal; whole numbers up to 2^53 without exponent. */
static void print_double(char dst[40], double value)
{
    if (value == floor(value) && fabs(value) <= (double)WHOLE_LIMIT) {
        snprintf(dst, 40, "%.0f", value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(dst, 40, "%.*g", digits, value);
        if (strtod(dst, NULL) == value)
            return;
    }
}

void json_double(struct json_writer *writer, const char *key, double value)
{
    CHECK(isfinite(value));
    char text[40];
    print_double(text, value);
    begin_value(writer, key);
    put_str(writer, text);
}

void json_bool(struct json_writer *writer, const char *key, bool value)
{
    begin_value(writer, key);
    put_str(writer, value ? "true" : "false");
}

enum rc json_finish(struct json_writer *writer)
{
    CHECK(writer->depth == 0);
    if (!writer->compact)
        put(writer, "\n", 1);
    return writer->rc;
}
