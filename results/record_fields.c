#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/record_parts.h"

/* ---- writing --------------------------------------------------------------------------------- */

static void write_field(struct json_writer *writer, const struct field *row, const void *value)
{
    const char *text;
    switch (row->type) {
    case FIELD_TEXT:
    case FIELD_WORD:
        text = *(const char *const *)value;
        json_string(writer, row->key, text != NULL ? text : "");
        return;
    case FIELD_BOOL: json_bool(writer, row->key, *(const bool *)value); return;
    case FIELD_U32: json_u64(writer, row->key, *(const uint32_t *)value); return;
    case FIELD_U64: json_u64(writer, row->key, *(const uint64_t *)value); return;
    case FIELD_SEED: {
        char digits[24];
        snprintf(digits, sizeof(digits), "%" PRIu64, *(const uint64_t *)value);
        json_string(writer, row->key, digits);
        return;
    }
    case FIELD_DOUBLE: json_double(writer, row->key, *(const double *)value); return;
    }
}

void record_fields_write(struct json_writer *writer, const struct field *rows, const void *base)
{
    for (const struct field *row = rows; row->key != NULL; row++)
        write_field(writer, row, (const char *)base + row->offset);
}

const char *record_text(char scratch[QUOTE_SIZE], const char *text)
{
    if (text == NULL)
        return "";
    return json_is_text(text) ? text : quote_str(scratch, QUOTE_SIZE, text);
}

void record_facts_write(struct json_writer *writer, const char *key, const struct facts *facts)
{
    json_open(writer, key, '{');
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        char name[QUOTE_SIZE], value[QUOTE_SIZE];
        json_string(writer, record_text(name, fact->name), record_text(value, fact->value));
    }
    json_close(writer, '}');
}

const char *record_facts_duplicate(const struct facts *facts)
{
    for (size_t i = 1; i < facts->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(facts->items[i].name, facts->items[j].name) == 0)
                return facts->items[i].name;
        }
    }
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

void record_warn(struct record *record, const char *fmt, ...)
{
    record->warnings++;
    if (record->warning[0] != '\0')
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(record->warning, sizeof(record->warning), fmt, args);
    va_end(args);
}

/* ":14", or "" for a document that is a whole file. */
static const char *print_line(char dst[16], const struct record_reader *reader)
{
    dst[0] = '\0';
    if (reader->line != 0)
        snprintf(dst, 16, ":%u", reader->line);
    return dst;
}

void *record_alloc(struct record_reader *reader, size_t count, size_t size)
{
    if (reader->rc != RC_OK)
        return NULL;
    void *memory = arena_zalloc(reader->arena, count, size);
    if (memory == NULL)
        reader->rc = FAIL(reader->err, RC_NOMEM, 0, "no memory to read \"%s\"", reader->file);
    return memory;
}

static const char *copy_text(struct record_reader *reader, const char *text)
{
    const char *copy = arena_strdup(reader->arena, text);
    if (copy == NULL)
        reader->rc = FAIL(reader->err, RC_NOMEM, 0, "no memory to read \"%s\"", reader->file);
    return copy;
}

void record_refuse(struct record_reader *reader, const struct json_node *node, const char *key,
                   const char *what)
{
    if (reader->rc == RC_OK)
        reader->rc = json_refuse(reader->json, node, key, what, reader->err);
}

static void read_text(struct record_reader *reader, const struct json_node *object,
                      const struct field *row, const char **out)
{
    const char *text = NULL;
    reader->rc = json_get_string(reader->json, object, row->key, &text, reader->err);
    if (reader->rc != RC_OK)
        return;
    if (row->type == FIELD_WORD && text[0] == '\0')
        record_refuse(reader, object, row->key, "must not be empty");
    else
        *out = copy_text(reader, text);
}

static void read_seed(struct record_reader *reader, const struct json_node *object, const char *key,
                      uint64_t *out)
{
    const char *text = NULL;
    struct err ignored = {0};
    reader->rc = json_get_string(reader->json, object, key, &text, reader->err);
    if (reader->rc == RC_OK && parse_u64(text, 0, UINT64_MAX, "seed", out, &ignored) != RC_OK)
        record_refuse(reader, object, key, "must be a string of decimal digits, below 2^64");
}

static void read_u32(struct record_reader *reader, const struct json_node *object, const char *key,
                     uint32_t *out)
{
    uint64_t value = 0;
    reader->rc = json_get_u64(reader->json, object, key, &value, reader->err);
    if (reader->rc != RC_OK)
        return;
    if (value > UINT32_MAX)
        record_refuse(reader, object, key, "must be below 2^32");
    else
        *out = (uint32_t)value;
}

static void read_double(struct record_reader *reader, const struct json_node *object,
                        const char *key, double *out)
{
    reader->rc = json_get_double(reader->json, object, key, out, reader->err);
    if (reader->rc == RC_OK && !(*out >= 0))
        record_refuse(reader, object, key, "must not be negative");
}

static void read_field(struct record_reader *reader, const struct json_node *object,
                       const struct field *row, void *value)
{
    switch (row->type) {
    case FIELD_TEXT:
    case FIELD_WORD: read_text(reader, object, row, (const char **)value); return;
    case FIELD_BOOL:
        reader->rc = json_get_bool(reader->json, object, row->key, value, reader->err);
        return;
    case FIELD_U32: read_u32(reader, object, row->key, value); return;
    case FIELD_U64:
        reader->rc = json_get_u64(reader->json, object, row->key, value, reader->err);
        return;
    case FIELD_SEED: read_seed(reader, object, row->key, value); return;
    case FIELD_DOUBLE: read_double(reader, object, row->key, value); return;
    }
}

void record_fields_read(struct record_reader *reader, const struct json_node *object,
                        const struct field *rows, void *base)
{
    for (const struct field *row = rows; reader->rc == RC_OK && row->key != NULL; row++)
        read_field(reader, object, row, (char *)base + row->offset);
}

static bool is_known(const char *key, const struct field *rows, const char *const *others)
{
    for (const struct field *row = rows; row->key != NULL; row++) {
        if (strcmp(row->key, key) == 0)
            return true;
    }
    for (; *others != NULL; others++) {
        if (strcmp(*others, key) == 0)
            return true;
    }
    return false;
}

void record_note_unknown(struct record_reader *reader, const struct json_node *member)
{
    if (reader->rc != RC_OK)
        return;
    char line[16];
    if (reader->record != NULL)
        record_warn(reader->record, "%s%s: unknown key \"%s\" is ignored", reader->file,
                    print_line(line, reader), Q(json_key(member)));
    else
        record_refuse(reader, member, NULL, "is an unknown key");
}

void record_fields_unknown(struct record_reader *reader, const struct json_node *object,
                           const struct field *rows, const char *const *others)
{
    if (reader->rc != RC_OK)
        return;
    const struct json_node *member = NULL;
    while ((member = json_next(object, member)) != NULL) {
        if (!is_known(json_key(member), rows, others))
            record_note_unknown(reader, member);
    }
}

const struct json_node *record_object(struct record_reader *reader, const struct json_node *object,
                                      const char *key)
{
    const struct json_node *member = NULL;
    if (reader->rc == RC_OK)
        reader->rc = json_get_object(reader->json, object, key, &member, reader->err);
    return reader->rc == RC_OK ? member : NULL;
}

static size_t count_children(const struct json_node *parent)
{
    size_t count = 0;
    const struct json_node *child = NULL;
    while ((child = json_next(parent, child)) != NULL)
        count++;
    return count;
}

const struct json_node *record_array(struct record_reader *reader, const struct json_node *object,
                                     const char *key, size_t *count)
{
    const struct json_node *member = NULL;
    if (reader->rc == RC_OK)
        reader->rc = json_get_array(reader->json, object, key, &member, reader->err);
    if (reader->rc != RC_OK)
        return NULL;
    *count = count_children(member);
    return member;
}

const char *record_word(struct record_reader *reader, const struct json_node *object,
                        const char *key)
{
    const char *text = "";
    if (reader->rc == RC_OK)
        reader->rc = json_get_string(reader->json, object, key, &text, reader->err);
    return text;
}

void *record_items(struct record_reader *reader, const struct json_node *root, const char *key,
                   const struct field *rows, size_t size, size_t *count)
{
    static const char *const no_others[] = {NULL};
    size_t found = 0;
    const struct json_node *array = record_array(reader, root, key, &found), *item = NULL;
    if (array == NULL)
        return NULL;
    char *items = record_alloc(reader, found, size);
    for (size_t i = 0; reader->rc == RC_OK && i < found; i++) {
        item = json_next(array, item);
        record_fields_read(reader, item, rows, items + i * size);
        record_fields_unknown(reader, item, rows, no_others);
    }
    *count = found;
    return items;
}

void record_facts_read(struct record_reader *reader, const struct json_node *object,
                       const char *key, struct facts *facts)
{
    const struct json_node *members = record_object(reader, object, key), *member = NULL;
    if (members == NULL)
        return;
    facts->items = record_alloc(reader, count_children(members), sizeof(*facts->items));
    facts->count = 0;
    while (reader->rc == RC_OK && (member = json_next(members, member)) != NULL) {
        struct fact *fact = &facts->items[facts->count];
        const char *value = NULL;
        reader->rc = json_as_string(reader->json, member, NULL, &value, reader->err);
        if (reader->rc == RC_OK)
            fact->name = copy_text(reader, json_key(member));
        if (reader->rc == RC_OK)
            fact->value = copy_text(reader, value);
        facts->count++;
    }
}

void record_schema_read(struct record_reader *reader, const struct json_node *object,
                        const char *expected)
{
    const char *schema = NULL;
    if (reader->rc == RC_OK)
        reader->rc = json_get_string(reader->json, object, "schema", &schema, reader->err);
    if (reader->rc != RC_OK || strcmp(schema, expected) == 0)
        return;
    char line[16];
    reader->rc = FAIL(reader->err, RC_MISMATCH, 0, "%s%s: unknown schema \"%s\" (expected %s)",
                      reader->file, print_line(line, reader), Q(schema), expected);
}
