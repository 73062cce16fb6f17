/* twin_file.c: a twin's description as JSON, written and read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/saving_curve.h"
#include "datasets/twin.h"
#include "engine/json.h"
#include "engine/whole_file.h"

/* Numbers of a row of one file, of a copy, of many files. */
enum { ROW_ALONE = 8, ROW_COPY = 9, ROW_MANY = 12 };

static const char *const event_names[] = {"create", "change", "delete"};

/* ---- writing --------------------------------------------------------------------------------- */

/* [kind, mix, saved, filler, far, plain, spread, size], behind it the row it is a copy of or, of
 * many files, [..., size of the last, count, copies, shared]. */
static void write_row(struct json_writer *json, const struct twin_row *row)
{
    const uint64_t values[] = {row->kind,      row->mix,   row->saved,  row->filler,
                               row->far,       row->plain, row->spread, row->size,
                               row->size_last, row->count, row->copies, row->shared};
    size_t count = row->count > 1 ? COUNT_OF(values) : ROW_ALONE;
    json_open(json, NULL, '[');
    for (size_t i = 0; i < count; i++)
        json_u64(json, NULL, values[i]);
    if (row->copy_of != TWIN_NO_COPY)
        json_u64(json, NULL, row->copy_of);
    json_close(json, ']');
}

/* [row, length, id, length, id, ...]. */
static void write_parts(struct json_writer *json, const struct twin *twin)
{
    json_open(json, "parts", '[');
    for (size_t i = 0; i < twin->row_count; i++) {
        if (twin->rows[i].part_count == 0)
            continue;
        json_open(json, NULL, '[');
        json_u64(json, NULL, i);
        for (uint32_t k = 0; k < twin->rows[i].part_count; k++) {
            json_u64(json, NULL, twin->parts[twin->rows[i].part + k].len);
            json_u64(json, NULL, twin->parts[twin->rows[i].part + k].id);
        }
        json_close(json, ']');
    }
    json_close(json, ']');
}

/* [kind, file, group] or [kind, file, group, prefix, suffix, length]. */
static void write_events(struct json_writer *json, const struct twin *twin)
{
    json_open(json, "events", '[');
    for (size_t i = 0; i < twin->event_count; i++) {
        const struct twin_event *event = &twin->events[i];
        json_open(json, NULL, '[');
        json_string(json, NULL, event_names[event->kind]);
        json_u64(json, NULL, event->file);
        json_u64(json, NULL, event->group);
        if (event->content) {
            json_u64(json, NULL, event->prefix);
            json_u64(json, NULL, event->suffix);
            json_u64(json, NULL, event->length);
        }
        json_close(json, ']');
    }
    json_close(json, ']');
}

enum rc twin_write(const struct twin *twin, struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, true, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", TWIN_SCHEMA);
    json_string(&json, "note",
                "sizes, types, compressibility and sharing of files: no bytes, names or hashes");
    json_u64(&json, "salt", twin->salt);
    json_u64(&json, "base_files", twin->base_files);
    json_u64(&json, "files", twin->file_count);
    json_u64(&json, "base_bytes", twin->base_bytes);
    json_open(&json, "kinds", '[');
    for (size_t i = 0; i < twin->kind_count; i++) {
        json_open(&json, NULL, '{');
        json_string(&json, "handler", twin->kinds[i].handler);
        json_string(&json, "extension", twin->kinds[i].extension);
        json_string(&json, "class", twin->kinds[i].class->name);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_open(&json, "rows", '[');
    for (size_t i = 0; i < twin->row_count; i++)
        write_row(&json, &twin->rows[i]);
    json_close(&json, ']');
    write_parts(&json, twin);
    write_events(&json, twin);
    json_close(&json, '}');
    enum rc rc = json_finish(&json);
    return rc == RC_OK ? buf_append(out, span_of_str("\n"), err) : rc;
}

/* ---- reading: the description ---------------------------------------------------------------- */

struct reader {
    struct twin *twin;
    struct json *json;
    const char *path;
    struct err *err;
};

static size_t length_of(const struct json_node *array)
{
    size_t count = 0;
    for (const struct json_node *node = NULL; (node = json_next(array, node)) != NULL;)
        count++;
    return count;
}

static enum rc read_number(struct reader *r, const struct json_node *node, uint64_t limit,
                           uint64_t *out)
{
    double value;
    enum rc rc = json_as_double(r->json, node, NULL, &value, r->err);
    if (rc != RC_OK)
        return rc;
    if (!(value >= 0 && value <= (double)limit) || value != (double)(uint64_t)value) {
        char what[120];
        (void)snprintf(what, sizeof(what), "is no whole number of 0 to %" PRIu64, limit);
        return json_refuse(r->json, node, NULL, what, r->err);
    }
    *out = (uint64_t)value;
    return RC_OK;
}

static enum rc read_array(struct reader *r, const struct json_node *root, const char *key,
                          size_t most, const struct json_node **out, size_t *count)
{
    char what[120];
    enum rc rc = json_get_array(r->json, root, key, out, r->err);
    if (rc != RC_OK)
        return rc;
    *count = length_of(*out);
    if (*count <= most)
        return RC_OK;
    (void)snprintf(what, sizeof(what), "has %zu items (expected at most %zu)", *count, most);
    return json_refuse(r->json, root, key, what, r->err);
}

static enum rc no_memory(struct reader *r)
{
    return FAIL(r->err, RC_NOMEM, 0, "no memory for what \"%s\" describes", Q(r->path));
}

static enum rc read_kind(struct reader *r, const struct json_node *node, struct twin_kind *kind)
{
    const char *handler, *extension, *class;
    if (!json_is_object(node))
        return json_refuse(r->json, node, NULL, "is no object", r->err);
    enum rc rc = json_get_string(r->json, node, "handler", &handler, r->err);
    if (rc == RC_OK)
        rc = json_get_string(r->json, node, "extension", &extension, r->err);
    if (rc == RC_OK)
        rc = json_get_string(r->json, node, "class", &class, r->err);
    if (rc != RC_OK)
        return rc;
    if (!twin_kind_init(kind, handler, content_class_by_name(class)))
        return json_refuse(r->json, node, NULL,
                           "is no handler with a class whose savings can be set", r->err);
    if (strcmp(kind->extension, extension) != 0)
        return json_refuse(r->json, node, "extension", "is not that of handler and class", r->err);
    return RC_OK;
}

static enum rc read_kinds(struct reader *r, const struct json_node *root)
{
    const struct json_node *array, *node = NULL;
    size_t count;
    enum rc rc = read_array(r, root, "kinds", TWIN_KINDS_MAX, &array, &count);
    if (rc != RC_OK)
        return rc;
    r->twin->kinds = calloc(count + 1, sizeof(*r->twin->kinds));
    if (!r->twin->kinds)
        return no_memory(r);
    while (rc == RC_OK && (node = json_next(array, node)) != NULL)
        rc = read_kind(r, node, &r->twin->kinds[r->twin->kind_count++]);
    return rc;
}

/* As write_row. */
static enum rc read_row(struct reader *r, const struct json_node *array, size_t index)
{
    struct twin *twin = r->twin;
    const uint64_t limits[ROW_MANY] = {
        twin->kind_count - 1, SAVING_MIX_ONE,    10000, 10000, 10000, 10000, 10000, BLOB_BYTES_MAX,
        BLOB_BYTES_MAX,       DATASET_FILES_MAX, 10000, 10000};
    uint64_t v[ROW_MANY] = {0};
    size_t count = length_of(array);
    if (count != ROW_ALONE && count != ROW_COPY && count != ROW_MANY)
        return json_refuse(r->json, array, NULL, "has not 8, 9 or 12 numbers", r->err);
    const struct json_node *node = NULL;
    for (size_t i = 0; i < count; i++) {
        node = json_next(array, node);
        bool copy_of = count == ROW_COPY && i == ROW_ALONE;
        enum rc rc = read_number(r, node, copy_of ? (uint64_t)index : limits[i], &v[i]);
        if (rc != RC_OK)
            return rc;
    }
    bool many = count == ROW_MANY, copy = count == ROW_COPY;
    if ((copy && v[8] >= index) || (many && (v[9] < 2 || v[8] < v[7])))
        return json_refuse(r->json, array, NULL, "is a copy of no row before it, or of no files",
                           r->err);
    twin->rows[index] = (struct twin_row){
        .kind = (uint32_t)v[0],
        .mix = (uint32_t)v[1],
        .saved = (uint32_t)v[2],
        .filler = (uint32_t)v[3],
        .far = (uint32_t)v[4],
        .plain = (uint32_t)v[5],
        .spread = (uint32_t)v[6],
        .size = v[7],
        .size_last = many ? v[8] : v[7],
        .count = many ? (uint32_t)v[9] : 1,
        .copy_of = copy ? (uint32_t)v[8] : TWIN_NO_COPY,
        .copies = (uint32_t)v[10],
        .shared = (uint32_t)v[11],
    };
    return RC_OK;
}

static enum rc read_rows(struct reader *r, const struct json_node *root)
{
    const struct json_node *array, *node = NULL;
    size_t count;
    enum rc rc = read_array(r, root, "rows", TWIN_EXACT_MAX + TWIN_GROUPS_MAX, &array, &count);
    if (rc != RC_OK)
        return rc;
    if (count == 0 || r->twin->kind_count == 0)
        return json_refuse(r->json, root, "rows", "or \"kinds\" is empty", r->err);
    r->twin->rows = calloc(count, sizeof(*r->twin->rows));
    if (!r->twin->rows)
        return no_memory(r);
    while (rc == RC_OK && (node = json_next(array, node)) != NULL)
        rc = read_row(r, node, r->twin->row_count++);
    return rc;
}

static enum rc read_row_parts(struct reader *r, const struct json_node *array, size_t *before)
{
    struct twin *twin = r->twin;
    const struct json_node *node = json_next(array, NULL);
    uint64_t index, len, id;
    enum rc rc = node ? read_number(r, node, twin->row_count - 1, &index)
                      : json_refuse(r->json, array, NULL, "is empty", r->err);
    if (rc != RC_OK)
        return rc;
    struct twin_row *row = &twin->rows[index];
    if (index < *before || row->count != 1 || row->copy_of != TWIN_NO_COPY)
        return json_refuse(r->json, array, NULL, "is out of order or of a row without parts",
                           r->err);
    *before = index + 1;
    row->part = (uint32_t)twin->part_count;
    while (rc == RC_OK && (node = json_next(array, node)) != NULL) {
        const struct json_node *second = json_next(array, node);
        if (!second || twin->part_count == TWIN_PARTS_MAX)
            return json_refuse(r->json, array, NULL, "has half a part, or there are too many",
                               r->err);
        rc = read_number(r, node, BLOB_BYTES_MAX, &len);
        if (rc == RC_OK)
            rc = read_number(r, second, TWIN_PARTS_MAX, &id);
        if (rc != RC_OK)
            return rc;
        twin->parts[twin->part_count++] = (struct twin_part){(uint32_t)len, (uint32_t)id};
        twin->id_count = id > twin->id_count ? id : twin->id_count;
        row->part_count++;
        node = second;
    }
    return rc;
}

static enum rc read_parts(struct reader *r, const struct json_node *root)
{
    const struct json_node *array, *node = NULL;
    size_t count, before = 0;
    enum rc rc = read_array(r, root, "parts", r->twin->row_count, &array, &count);
    if (rc != RC_OK)
        return rc;
    r->twin->parts = calloc(TWIN_PARTS_MAX, sizeof(*r->twin->parts));
    if (!r->twin->parts)
        return no_memory(r);
    while (rc == RC_OK && (node = json_next(array, node)) != NULL)
        rc = read_row_parts(r, node, &before);
    return rc;
}

static enum rc read_event(struct reader *r, const struct json_node *array, struct twin_event *event)
{
    static const uint64_t limits[6] = {0,
                                       DATASET_FILES_MAX,
                                       TWIN_EVENTS_MAX * 1000,
                                       BLOB_BYTES_MAX,
                                       BLOB_BYTES_MAX,
                                       BLOB_BYTES_MAX};
    uint64_t values[6] = {0};
    const char *name;
    size_t count = length_of(array), kind = 0;
    if (count != 3 && count != 6)
        return json_refuse(r->json, array, NULL, "has not 3 or 6 items", r->err);
    const struct json_node *node = json_next(array, NULL);
    enum rc rc = json_as_string(r->json, node, NULL, &name, r->err);
    while (rc == RC_OK && kind < COUNT_OF(event_names) && strcmp(event_names[kind], name) != 0)
        kind++;
    if (rc == RC_OK && kind == COUNT_OF(event_names))
        rc = json_refuse(r->json, node, NULL, "is no kind of event", r->err);
    for (size_t i = 1; rc == RC_OK && i < count; i++) {
        node = json_next(array, node);
        rc = read_number(r, node, limits[i], &values[i]);
    }
    bool content = count == 6;
    if (rc == RC_OK &&
        ((kind == HISTORY_DELETE && content) || (kind == HISTORY_CHANGE && !content)))
        rc = json_refuse(r->json, array, NULL, "has not the items of its kind", r->err);
    *event = (struct twin_event){
        .kind = (enum history_kind)kind,
        .file = (uint32_t)values[1],
        .group = values[2],
        .content = content,
        .prefix = values[3],
        .suffix = values[4],
        .length = values[5],
    };
    return rc;
}

static enum rc read_events(struct reader *r, const struct json_node *root)
{
    const struct json_node *array, *node = NULL;
    size_t count;
    enum rc rc = read_array(r, root, "events", TWIN_EVENTS_MAX, &array, &count);
    if (rc != RC_OK)
        return rc;
    r->twin->events = calloc(count + 1, sizeof(*r->twin->events));
    if (!r->twin->events)
        return no_memory(r);
    while (rc == RC_OK && (node = json_next(array, node)) != NULL)
        rc = read_event(r, node, &r->twin->events[r->twin->event_count++]);
    return rc;
}

static enum rc read_schema(struct reader *r, const struct json_node *root)
{
    const char *schema;
    enum rc rc = json_get_string(r->json, root, "schema", &schema, r->err);
    if (rc != RC_OK || strcmp(schema, TWIN_SCHEMA) == 0)
        return rc;
    return FAIL(r->err, RC_MISMATCH, 0, "\"%s\": schema \"%s\" (this program reads %s)", Q(r->path),
                Q(schema), TWIN_SCHEMA);
}

static enum rc read_document(struct reader *r)
{
    struct twin *twin = r->twin;
    const struct json_node *root = json_root(r->json);
    uint64_t base = 0, files = 0, bytes = 0;
    if (!json_is_object(root))
        return json_refuse(r->json, root, NULL, "is no object", r->err);
    enum rc rc = read_schema(r, root);
    if (rc == RC_OK)
        rc = json_get_u64(r->json, root, "salt", &twin->salt, r->err);
    if (rc == RC_OK)
        rc = json_get_u64(r->json, root, "base_files", &base, r->err);
    if (rc == RC_OK)
        rc = json_get_u64(r->json, root, "files", &files, r->err);
    if (rc == RC_OK)
        rc = json_get_u64(r->json, root, "base_bytes", &bytes, r->err);
    if (rc == RC_OK)
        rc = read_kinds(r, root);
    if (rc == RC_OK)
        rc = read_rows(r, root);
    if (rc == RC_OK)
        rc = read_parts(r, root);
    if (rc == RC_OK)
        rc = read_events(r, root);
    if (rc != RC_OK)
        return rc;
    twin->base_files = base <= DATASET_FILES_MAX ? (uint32_t)base : 0;
    struct err cause = {0};
    rc = twin_derive(twin, &cause);
    if (rc != RC_OK)
        return FAIL(r->err, rc, 0, "\"%s\": %s", Q(r->path), cause.msg);
    if (twin->file_count != files || twin->base_bytes != bytes)
        return FAIL(r->err, RC_USAGE, 0,
                    "\"%s\": describes %" PRIu32 " files, %" PRIu64 " bytes of them base (it says "
                    "%" PRIu64 " and %" PRIu64 ")",
                    Q(r->path), twin->file_count, twin->base_bytes, files, bytes);
    return RC_OK;
}

enum rc twin_read(struct twin *twin, const char *path, struct err *err)
{
    struct reader r = {.twin = twin, .path = path, .err = err};
    struct buf text = {0};
    enum rc rc = whole_file_read(path, TWIN_BYTES_MAX, &text, err);
    if (rc == RC_OK)
        rc = json_parse(&r.json, buf_span(&text), path, 0, err);
    if (rc == RC_OK)
        rc = read_document(&r);
    json_free(r.json);
    buf_release(&text);
    return rc;
}
