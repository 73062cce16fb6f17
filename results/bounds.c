#include "results/bounds.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/hash.h"
#include "engine/whole_file.h"
#include "results/record_parts.h"

enum { BOUNDS_FILE_MAX = 1 << 20 };

static const char *const kind_names[BOUND_KINDS] = {"whole", "novel", "codec", "packed"};
static const char *const kind_keys[BOUND_KINDS] = {"whole_bytes", "novel_bytes", "codec_bytes",
                                                   "packed_bytes"};

/* ---- asking ---------------------------------------------------------------------------------- */

const char *bound_kind_name(enum bound_kind kind)
{
    CHECK((unsigned)kind < BOUND_KINDS);
    return kind_names[kind];
}

uint64_t bound_least(const struct bound *bound, enum bound_kind *by)
{
    enum bound_kind least = BOUND_WHOLE;
    for (enum bound_kind kind = 0; kind < BOUND_KINDS; kind++)
        if (bound->kind[kind] < bound->kind[least])
            least = kind;
    if (by)
        *by = least;
    return bound->kind[least];
}

static const struct bound *find(const struct bound *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i].name, name) == 0)
            return &items[i];
    return NULL;
}

const struct bound *bounds_snapshot(const struct bounds *bounds, const char *name)
{
    return find(bounds->snapshots, bounds->snapshot_count, name);
}

const struct bound *bounds_phase(const struct bounds *bounds, const char *name)
{
    return find(bounds->phases, bounds->phase_count, name);
}

bool bounds_estimated(const struct bounds *bounds)
{
    return bounds->tried_bytes < bounds->compressible_bytes;
}

char *bounds_said(char dst[BOUNDS_SAID_SIZE], const struct bounds *bounds)
{
    char tried[FORMAT_SIZE], all[FORMAT_SIZE];
    dst[0] = '\0';
    if (bounds_estimated(bounds))
        (void)snprintf(dst, BOUNDS_SAID_SIZE, "codec: estimated from %s of %s",
                       format_iec(tried, (double)bounds->tried_bytes),
                       format_iec(all, (double)bounds->compressible_bytes));
    return dst;
}

void bounds_release(struct bounds *bounds)
{
    arena_release(&bounds->arena);
    *bounds = (struct bounds){.dataset_hash = NULL};
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_rows(struct json_writer *json, const char *key, const struct bound *items,
                       size_t count)
{
    json_open(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        enum bound_kind by;
        uint64_t least = bound_least(&items[i], &by);
        json_open(json, NULL, '{');
        json_string(json, "name", items[i].name);
        json_u64(json, "logical_bytes", items[i].logical_bytes);
        json_u64(json, "contents", items[i].contents);
        for (size_t kind = 0; kind < BOUND_KINDS; kind++)
            if (items[i].kind[kind] != BOUND_UNKNOWN)
                json_u64(json, kind_keys[kind], items[i].kind[kind]);
        json_u64(json, "bound_bytes", least);
        json_string(json, "bound", kind_names[by]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static enum rc print_with(const struct bounds *bounds, const char *checksum, bool compact,
                          struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, compact, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", BOUNDS_SCHEMA);
    json_string(&json, "dataset_hash", bounds->dataset_hash);
    json_double(&json, "effort", bounds->effort);
    json_u64(&json, "tried_bytes", bounds->tried_bytes);
    json_u64(&json, "compressible_bytes", bounds->compressible_bytes);
    json_u64(&json, "packed_level", bounds->packed_level);
    json_string(&json, "zstd", bounds->zstd);
    json_string(&json, "brotli", bounds->brotli);
    write_rows(&json, "snapshots", bounds->snapshots, bounds->snapshot_count);
    write_rows(&json, "phases", bounds->phases, bounds->phase_count);
    json_string(&json, "checksum", checksum);
    json_close(&json, '}');
    return json_finish(&json);
}

/* Of the content: how the file is laid out does not matter. */
static enum rc checksum_of(const struct bounds *bounds, char hex[HEX_SIZE], struct err *err)
{
    struct buf text = {0};
    enum rc rc = print_with(bounds, "", true, &text, err);
    struct hash128 hash = hash_xxh128(buf_span(&text));
    hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes)));
    buf_release(&text);
    return rc;
}

enum rc bounds_print(const struct bounds *bounds, struct buf *out, struct err *err)
{
    char hex[HEX_SIZE];
    enum rc rc = checksum_of(bounds, hex, err);
    return rc == RC_OK ? print_with(bounds, hex, false, out, err) : rc;
}

enum rc bounds_write(const struct bounds *bounds, const char *dir, struct err *err)
{
    struct buf text = {0};
    enum rc rc = bounds_print(bounds, &text, err);
    if (rc == RC_OK)
        rc = record_write_file(dir, BOUNDS_NAME, buf_span(&text), err);
    buf_release(&text);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const struct field row_fields[] = {
    {"name", FIELD_WORD, offsetof(struct bound, name)},
    {"logical_bytes", FIELD_U64, offsetof(struct bound, logical_bytes)},
    {"contents", FIELD_U64, offsetof(struct bound, contents)},
    {.key = NULL},
};

static void read_kinds(struct record_reader *reader, const struct json_node *object,
                       struct bound *row)
{
    for (size_t kind = 0; kind < BOUND_KINDS && reader->rc == RC_OK; kind++) {
        bool needed = kind == BOUND_WHOLE || kind == BOUND_CODEC;
        row->kind[kind] = BOUND_UNKNOWN;
        if (needed || json_has(object, kind_keys[kind]))
            reader->rc =
                json_get_u64(reader->json, object, kind_keys[kind], &row->kind[kind], reader->err);
    }
}

/* What no computation could have given. */
static void check_row(struct record_reader *reader, const struct json_node *object,
                      const struct bound *row)
{
    enum bound_kind by;
    uint64_t least = bound_least(row, &by), said = 0;
    if (row->kind[BOUND_WHOLE] > row->logical_bytes)
        record_refuse(reader, object, "whole_bytes", "is more than logical_bytes");
    if (row->kind[BOUND_CODEC] > row->kind[BOUND_WHOLE])
        record_refuse(reader, object, "codec_bytes", "is more than whole_bytes");
    if (row->kind[BOUND_NOVEL] != BOUND_UNKNOWN && row->kind[BOUND_NOVEL] > row->logical_bytes)
        record_refuse(reader, object, "novel_bytes", "is more than logical_bytes");
    if (reader->rc == RC_OK)
        reader->rc = json_get_u64(reader->json, object, "bound_bytes", &said, reader->err);
    if (reader->rc == RC_OK && said != least)
        record_refuse(reader, object, "bound_bytes", "is not the least of them");
    const char *word = record_word(reader, object, "bound");
    if (reader->rc == RC_OK && strcmp(word, kind_names[by]) != 0)
        record_refuse(reader, object, "bound", "does not name the least of them");
}

static void read_row(struct record_reader *reader, const struct json_node *object,
                     struct bound *row)
{
    static const char *const others[] = {
        "whole_bytes", "novel_bytes", "codec_bytes", "packed_bytes", "bound_bytes", "bound", NULL};
    record_fields_read(reader, object, row_fields, row);
    record_fields_unknown(reader, object, row_fields, others);
    read_kinds(reader, object, row);
    if (reader->rc == RC_OK)
        check_row(reader, object, row);
}

static struct bound *read_rows(struct record_reader *reader, const struct json_node *root,
                               const char *key, size_t *count_out)
{
    size_t count = 0, done = 0;
    const struct json_node *list = record_array(reader, root, key, &count), *item = NULL;
    struct bound *rows = record_alloc(reader, count + 1, sizeof(*rows));
    while (reader->rc == RC_OK && (item = json_next(list, item)) != NULL) {
        read_row(reader, item, &rows[done]);
        if (reader->rc == RC_OK && find(rows, done, rows[done].name))
            record_refuse(reader, item, "name", "is there twice");
        done++;
    }
    *count_out = done;
    return rows;
}

static void read_root(struct record_reader *reader, struct bounds *bounds, const char **checksum)
{
    static const struct field fields[] = {
        {"dataset_hash", FIELD_WORD, offsetof(struct bounds, dataset_hash)},
        {"effort", FIELD_DOUBLE, offsetof(struct bounds, effort)},
        {"tried_bytes", FIELD_U64, offsetof(struct bounds, tried_bytes)},
        {"compressible_bytes", FIELD_U64, offsetof(struct bounds, compressible_bytes)},
        {"packed_level", FIELD_U32, offsetof(struct bounds, packed_level)},
        {"zstd", FIELD_WORD, offsetof(struct bounds, zstd)},
        {"brotli", FIELD_WORD, offsetof(struct bounds, brotli)},
        {.key = NULL},
    };
    static const char *const others[] = {"schema", "snapshots", "phases", "checksum", NULL};
    const struct json_node *root = json_root(reader->json);
    record_schema_read(reader, root, BOUNDS_SCHEMA);
    record_fields_read(reader, root, fields, bounds);
    record_fields_unknown(reader, root, fields, others);
    bounds->snapshots = read_rows(reader, root, "snapshots", &bounds->snapshot_count);
    bounds->phases = read_rows(reader, root, "phases", &bounds->phase_count);
    *checksum = record_word(reader, root, "checksum");
    if (reader->rc == RC_OK && bounds->tried_bytes > bounds->compressible_bytes)
        record_refuse(reader, root, "tried_bytes", "is more than compressible_bytes");
}

/* The texts of a row outlive the document; so does the checksum not have to. */
static enum rc check_checksum(const char *file, const struct bounds *bounds, const char *checksum,
                              struct err *err)
{
    char hex[HEX_SIZE];
    enum rc rc = checksum_of(bounds, hex, err);
    if (rc != RC_OK || strcmp(hex, checksum) == 0)
        return rc;
    return FAIL(err, RC_USAGE, 0, "%s: its content is not what was written: checksum %s, not %s",
                file, hex, Q(checksum));
}

static bool has_snapshot(const struct record_manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->phase_count; i++)
        if (strcmp(manifest->phases[i].snapshot, name) == 0)
            return true;
    return false;
}

static bool has_phase(const struct record_manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->phase_count; i++)
        if (strcmp(manifest->phases[i].name, name) == 0)
            return true;
    return false;
}

static enum rc check_plan(const char *file, const struct bounds *bounds,
                          const struct record_manifest *manifest, struct err *err)
{
    if (strcmp(bounds->dataset_hash, manifest->dataset_hash) != 0)
        return FAIL(err, RC_MISMATCH, 0, "%s: bounds of the data %s, the study's are %s", file,
                    Q(bounds->dataset_hash), Q(manifest->dataset_hash));
    for (size_t i = 0; i < bounds->snapshot_count; i++)
        if (!has_snapshot(manifest, bounds->snapshots[i].name))
            return FAIL(err, RC_MISMATCH, 0, "%s: bounds of \"%s\", which the plan does not take",
                        file, Q(bounds->snapshots[i].name));
    for (size_t i = 0; i < bounds->phase_count; i++)
        if (!has_phase(manifest, bounds->phases[i].name))
            return FAIL(err, RC_MISMATCH, 0, "%s: bounds of \"%s\", which the plan does not have",
                        file, Q(bounds->phases[i].name));
    return RC_OK;
}

static enum rc read_text(struct bounds *bounds, struct span text, const char *file,
                         const struct record_manifest *manifest, struct err *err)
{
    struct json *json = NULL;
    const char *checksum = "";
    enum rc rc = json_parse(&json, text, file, 0, err);
    if (rc == RC_OK && !json_is_object(json_root(json)))
        rc = FAIL(err, RC_USAGE, 0, "%s: expected a JSON object", file);
    if (rc == RC_OK) {
        struct record_reader reader = {
            .json = json, .file = file, .arena = &bounds->arena, .err = err};
        read_root(&reader, bounds, &checksum);
        rc = reader.rc;
    }
    if (rc == RC_OK)
        rc = check_checksum(file, bounds, checksum, err);
    if (rc == RC_OK)
        rc = check_plan(file, bounds, manifest, err);
    json_free(json);
    return rc;
}

enum rc bounds_read(struct bounds *bounds, const char *dir, const struct record_manifest *manifest,
                    struct err *err)
{
    struct buf path = {0}, text = {0};
    struct stat st;
    *bounds = (struct bounds){.dataset_hash = NULL};
    enum rc rc = buf_printf(&path, err, "%s/" BOUNDS_NAME, dir);
    if (rc == RC_OK && lstat(buf_str(&path), &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        buf_release(&path);
        return RC_NOTFOUND;
    }
    if (rc == RC_OK)
        rc = whole_file_read(buf_str(&path), BOUNDS_FILE_MAX, &text, err);
    if (rc == RC_OK) {
        char name[QUOTE_SIZE];
        rc = read_text(bounds, buf_span(&text), quote_str(name, sizeof(name), buf_str(&path)),
                       manifest, err);
        if (rc != RC_OK)
            err_hint(err, "blobfront bounds %s computes it again", Q(dir));
    }
    buf_release(&text);
    buf_release(&path);
    if (rc != RC_OK)
        bounds_release(bounds);
    return rc;
}

/* ---- as part of a record --------------------------------------------------------------------- */

/* value[to] = value[from] / the bound; nothing where either is 0, as of a store in memory. */
static void fill(struct sample *sample, enum metric to, enum metric from, const struct bound *bound)
{
    uint64_t least = bound ? bound_least(bound, NULL) : 0;
    sample->value[to] =
        least && sample->value[from] > 0 ? sample->value[from] / (double)least : NAN;
}

enum rc record_bounds_load(struct record *record, struct err *err)
{
    struct bounds bounds;
    enum rc rc = bounds_read(&bounds, record->dir, &record->manifest, err);
    if (rc != RC_OK)
        return rc == RC_NOTFOUND ? RC_OK : rc;
    record->bounds = arena_alloc(&record->arena, sizeof(*record->bounds));
    if (!record->bounds) {
        bounds_release(&bounds);
        return FAIL(err, RC_NOMEM, 0, "no memory for the bounds of a study");
    }
    *record->bounds = bounds;
    for (size_t i = 0; i < record->sample_count; i++) {
        struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_SNAPSHOT)
            fill(sample, M_BOUND_AMP, M_TOTAL_BYTES, bounds_snapshot(&bounds, sample->name));
        else if (sample->kind == SAMPLE_PHASE)
            fill(sample, M_WRITE_BOUND_AMP, M_WRITE_BYTES, bounds_phase(&bounds, sample->name));
    }
    return RC_OK;
}

void record_bounds_release(struct record *record)
{
    if (record->bounds)
        bounds_release(record->bounds);
    record->bounds = NULL;
}
