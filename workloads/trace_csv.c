#include "workloads/trace_csv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/namemap.h"
#include "engine/whole_file.h"

enum { FIELD_TIME, FIELD_OP, FIELD_KEY, FIELD_SIZE, FIELD_OFFSET, FIELD_LENGTH, FIELDS_MAX };
enum { FIELDS_MIN = FIELD_SIZE + 1, TIME_DIGITS = 9 };
#define NS_PER_S ((uint64_t)1000000000)
/* Seconds since 1970 fit for centuries. */
#define TIME_S_MAX ((uint64_t)9000000000)

static const char *const field_names[FIELDS_MAX] = {"time_s", "op",     "key",
                                                    "size",   "offset", "length"};

enum csv_op { CSV_PUT, CSV_GET, CSV_DELETE, CSV_SCAN, CSV_READ };
static const char *const op_words[] = {"put", "get", "delete", "scan", "read"};

struct put {
    uint32_t file, size;
};

struct importer {
    const struct trace_csv_request *request;
    struct err *err;
    struct buf text, unquoted[FIELDS_MAX];
    size_t line; /* from 1 */
    size_t field_count;
    struct span fields[FIELDS_MAX];

    struct namemap keys;
    struct put *puts;
    size_t put_count, put_cap;
    uint32_t *sizes; /* of the newest version of every key */
    size_t size_cap;
    struct drawn drawn;
    size_t time_cap;
    bool timed;
    uint64_t first_ns, last_ns;
    struct trace_file_blobs blobs;
};

static enum rc refuse(struct importer *in, const char *fmt, ...) PRINTF_LIKE(2, 3);
static enum rc refuse(struct importer *in, const char *fmt, ...)
{
    char what[400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return FAIL(in->err, RC_USAGE, 0, "%s:%zu: %s", Q(in->request->path), in->line, what);
}

#define QB(bytes) quote_bytes((char[QUOTE_SIZE]){0}, QUOTE_SIZE, (bytes))

/* Room for one more in `*items`. */
static enum rc reserve(void **items, size_t *cap, size_t count, size_t size, struct err *err)
{
    if (count < *cap)
        return RC_OK;
    size_t next = *cap ? 2 * *cap : 1024;
    void *grown = realloc(*items, next * size);
    if (!grown)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu operations", next);
    *items = grown;
    *cap = next;
    return RC_OK;
}

/* ---- lines and fields ------------------------------------------------------------------------ */

static enum rc check_line(struct importer *in, struct span line)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    if (line.len > TRACE_CSV_LINE_MAX)
        return refuse(in, "expected at most %zu bytes, got %zu", TRACE_CSV_LINE_MAX, line.len);
    if (in->line == 1 && line.len >= 3 && memcmp(line.ptr, mark, 3) == 0)
        return refuse(in, "expected text, got a byte order mark");
    if (line.len == 0)
        return refuse(in, "expected an operation, got an empty line");
    if (line.ptr[line.len - 1] == '\r') {
        (void)refuse(in, "expected the line to end with LF, got CR LF");
        err_hint(in->err, "tr -d '\\r' <FILE removes them");
        return in->err->rc;
    }
    for (size_t at = 0, len; at < line.len; at += len) {
        len = utf8_sequence(line.ptr + at, line.len - at);
        if (len == 0)
            return refuse(in, "expected UTF-8, got \"%s\" at byte %zu",
                          QB(span_of(line.ptr + at, 1)), at + 1);
        if (line.ptr[at] < 0x20 && line.ptr[at] != '\t')
            return refuse(in, "expected text, got \"%s\" at byte %zu",
                          QB(span_of(line.ptr + at, 1)), at + 1);
    }
    return RC_OK;
}

/* "a ""b""" without its quotes; *at stands behind the first one, and then behind the last. */
static enum rc take_quoted(struct importer *in, struct span line, size_t *at, struct buf *out)
{
    enum rc rc = RC_OK;
    buf_clear(out);
    for (; rc == RC_OK; ++*at) {
        if (*at == line.len)
            return refuse(in, "expected a closing quote, got the end of the line");
        if (line.ptr[*at] == '"' && (*at + 1 == line.len || line.ptr[*at + 1] != '"'))
            break;
        *at += line.ptr[*at] == '"';
        rc = buf_append(out, span_of(&line.ptr[*at], 1), in->err);
    }
    ++*at;
    return rc;
}

static enum rc split(struct importer *in, struct span line)
{
    enum rc rc = RC_OK;
    in->field_count = 0;
    for (size_t at = 0; rc == RC_OK; at++) {
        size_t start = at;
        if (in->field_count == FIELDS_MAX)
            return refuse(in, "expected at most %d fields, got more", FIELDS_MAX);
        struct span *field = &in->fields[in->field_count];
        struct buf *unquoted = &in->unquoted[in->field_count++];
        if (at < line.len && line.ptr[at] == '"') {
            at++;
            rc = take_quoted(in, line, &at, unquoted);
            *field = buf_span(unquoted);
            if (rc == RC_OK && at < line.len && line.ptr[at] != ',')
                rc = refuse(in, "expected a comma behind the closing quote");
        } else {
            while (at < line.len && line.ptr[at] != ',')
                at++;
            *field = span_of(line.ptr + start, at - start);
            if (at > start && memchr(line.ptr + start, '"', at - start))
                rc = refuse(in, "expected quotes around the whole field, got \"%s\"", QB(*field));
        }
        if (at >= line.len)
            break;
    }
    return rc;
}

static bool is_word(struct span field, const char *word)
{
    return span_equal(field, span_of_str(word));
}

static enum rc check_header(struct importer *in)
{
    for (size_t i = 0; i < in->field_count; i++)
        if (!is_word(in->fields[i], field_names[i]))
            return refuse(in, "expected the column \"%s\", got \"%s\"", field_names[i],
                          QB(in->fields[i]));
    return RC_OK;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool is_empty(const struct importer *in, int field)
{
    return (size_t)field >= in->field_count || in->fields[field].len == 0;
}

static enum rc take_size(struct importer *in, int field, uint64_t min, uint64_t *out)
{
    struct span text = in->fields[field];
    uint64_t value = 0;
    bool fits = text.len > 0;
    for (size_t i = 0; i < text.len && fits; i++) {
        fits = text.ptr[i] >= '0' && text.ptr[i] <= '9' && value <= BLOB_BYTES_MAX;
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    if (!fits || value < min || value > BLOB_BYTES_MAX)
        return refuse(in, "%s: expected %" PRIu64 "..%zu, got \"%s\"", field_names[field], min,
                      BLOB_BYTES_MAX, QB(text));
    *out = value;
    return RC_OK;
}

/* Seconds with at most nine decimals, exactly. */
static bool parse_time(struct span text, uint64_t *out_ns)
{
    uint64_t s = 0, ns = 0, unit = NS_PER_S;
    size_t at = 0, whole;
    for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9' && s < TIME_S_MAX; at++)
        s = s * 10 + (uint64_t)(text.ptr[at] - '0');
    whole = at;
    if (at < text.len && text.ptr[at] == '.')
        for (at++; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9' && unit > 1; at++)
            ns += (uint64_t)(text.ptr[at] - '0') * (unit /= 10);
    *out_ns = s * NS_PER_S + ns;
    return whole > 0 && at == text.len && s < TIME_S_MAX && text.ptr[at - 1] != '.';
}

/* Of the operation that comes next. */
static enum rc take_time(struct importer *in)
{
    struct span text = in->fields[FIELD_TIME];
    struct drawn *drawn = &in->drawn;
    size_t number = drawn->schedule.count;
    uint64_t time_ns;
    void *times = drawn->times_ns;
    if (number == 0)
        in->timed = text.len > 0;
    if (!in->timed && text.len == 0)
        return RC_OK;
    if (in->timed != (text.len > 0))
        return refuse(in, "time_s: expected %s, got \"%s\"",
                      in->timed ? "a time, as the lines before have"
                                : "none, as in the lines before",
                      QB(text));
    if (!parse_time(text, &time_ns))
        return refuse(
            in, "time_s: expected seconds below %" PRIu64 " with at most %d decimals, got \"%s\"",
            TIME_S_MAX, TIME_DIGITS, QB(text));
    if (number == 0)
        in->first_ns = time_ns;
    else if (time_ns < in->last_ns)
        return refuse(in, "time_s: expected no time before that of the line above, got \"%s\"",
                      QB(text));
    if (time_ns - in->first_ns > TRACE_TIME_MAX)
        return refuse(in, "time_s: expected at most %" PRIu64 " s after the first, got \"%s\"",
                      TRACE_TIME_MAX / NS_PER_S, QB(text));
    in->last_ns = time_ns;
    enum rc rc = reserve(&times, &in->time_cap, number, sizeof(*drawn->times_ns), in->err);
    drawn->times_ns = times;
    if (rc == RC_OK)
        drawn->times_ns[number] = time_ns - in->first_ns;
    return rc;
}

static enum rc take_op(struct importer *in, enum csv_op *op)
{
    char word[24];
    struct span text = in->fields[FIELD_OP];
    for (size_t i = 0; i < COUNT_OF(op_words); i++) {
        if (is_word(text, op_words[i])) {
            *op = (enum csv_op)i;
            return RC_OK;
        }
    }
    (void)snprintf(word, sizeof(word), "%.*s", (int)(text.len < 20 ? text.len : 20),
                   text.len ? (const char *)text.ptr : "");
    const char *near = nearest_word(word, op_words, COUNT_OF(op_words));
    (void)refuse(in, "unknown operation \"%s\" (expected put, get, delete, scan or read)",
                 QB(text));
    if (near)
        err_hint(in->err, "did you mean \"%s\"?", near);
    return in->err->rc;
}

/* A field that says nothing about this operation. */
static enum rc expect_empty(struct importer *in, int first, const char *op)
{
    for (int field = first; field < FIELDS_MAX; field++)
        if (!is_empty(in, field))
            return refuse(in, "%s: expected nothing for %s, got \"%s\"", field_names[field], op,
                          QB(in->fields[field]));
    return RC_OK;
}

/* ---- operations ------------------------------------------------------------------------------ */

/* A key that exists. */
static enum rc find_key(struct importer *in, uint32_t *file)
{
    struct span key = in->fields[FIELD_KEY];
    const char *op = QB(in->fields[FIELD_OP]);
    bool added;
    if (in->keys.count == 0 || key.len == 0)
        return refuse(in, "%s of a key that was never put: \"%s\"", op, QB(key));
    enum rc rc = namemap_number(&in->keys, key, file, &added, in->err);
    if (rc != RC_OK)
        return rc;
    if (added)
        return refuse(in, "%s of a key that was never put: \"%s\"", op, QB(key));
    if (in->drawn.schedule.files[*file].place == SCHEDULE_DELETED)
        return refuse(in, "%s of a key that was deleted: \"%s\"", op, QB(key));
    return RC_OK;
}

/* The next version, whose dataset version is its key version. */
static enum rc add_put(struct importer *in, uint32_t file, bool added)
{
    struct schedule *schedule = &in->drawn.schedule;
    if (!added && schedule->files[file].newest + 1 >= DATASET_VERSIONS_MAX)
        return refuse(in, "expected at most %" PRIu32 " puts of a key", DATASET_VERSIONS_MAX);
    if (added && file >= DATASET_FILES_MAX)
        return refuse(in, "expected at most %" PRIu32 " keys", DATASET_FILES_MAX);
    return added ? schedule_insert(schedule) : schedule_update(schedule, file);
}

static enum rc import_put(struct importer *in)
{
    struct span key = in->fields[FIELD_KEY];
    const char *defect = trace_file_key_defect(key);
    uint64_t size = 0;
    uint32_t file = 0;
    bool added = false;
    void *puts = in->puts, *sizes = in->sizes;
    if (defect)
        return refuse(in, "key \"%s\" %s", QB(key), defect);
    enum rc rc = take_size(in, FIELD_SIZE, 0, &size);
    if (rc == RC_OK)
        rc = expect_empty(in, FIELD_OFFSET, "put");
    if (rc == RC_OK)
        rc = namemap_number(&in->keys, key, &file, &added, in->err);
    if (rc == RC_OK)
        rc = add_put(in, file, added);
    if (rc != RC_OK)
        return rc;
    rc = reserve(&puts, &in->put_cap, in->put_count, sizeof(*in->puts), in->err);
    in->puts = puts;
    if (rc == RC_OK)
        rc = reserve(&sizes, &in->size_cap, file, sizeof(*in->sizes), in->err);
    in->sizes = sizes;
    if (rc != RC_OK)
        return rc;
    in->puts[in->put_count++] = (struct put){file, (uint32_t)size};
    in->sizes[file] = (uint32_t)size;
    return RC_OK;
}

static enum rc import_get(struct importer *in)
{
    uint32_t file = 0;
    uint64_t size = 0, offset = 0, length = 0;
    enum rc rc = find_key(in, &file);
    if (rc == RC_OK && !is_empty(in, FIELD_SIZE))
        rc = take_size(in, FIELD_SIZE, 0, &size);
    if (rc != RC_OK)
        return rc;
    uint64_t holds = in->sizes[file];
    if (!is_empty(in, FIELD_SIZE) && size != holds)
        return refuse(in, "size: expected %" PRIu64 ", what was put, got %" PRIu64, holds, size);
    if (is_empty(in, FIELD_OFFSET) && is_empty(in, FIELD_LENGTH))
        return schedule_read(&in->drawn.schedule, file);
    if (is_empty(in, FIELD_OFFSET) || is_empty(in, FIELD_LENGTH))
        return refuse(in, "expected offset and length, got one of them");
    rc = take_size(in, FIELD_OFFSET, 0, &offset);
    if (rc == RC_OK)
        rc = take_size(in, FIELD_LENGTH, 1, &length);
    if (rc != RC_OK)
        return rc;
    if (length > holds || offset > holds - length)
        return refuse(in, "expected a part of the %" PRIu64 " bytes put, got %" PRIu64 "+%" PRIu64,
                      holds, offset, length);
    return schedule_read_at(&in->drawn.schedule, file, op_place(offset, (uint32_t)length, holds),
                            (uint32_t)length);
}

static enum rc import_delete(struct importer *in)
{
    uint32_t file = 0;
    enum rc rc = find_key(in, &file);
    if (rc == RC_OK)
        rc = expect_empty(in, FIELD_SIZE, "delete");
    return rc == RC_OK ? schedule_delete(&in->drawn.schedule, file) : rc;
}

static enum rc import_op(struct importer *in)
{
    enum csv_op op = CSV_PUT;
    size_t most = in->request->ops_max ? in->request->ops_max : SCHEDULE_OPS_MAX;
    if (in->drawn.schedule.count == most)
        return refuse(in, "expected at most %zu operations", most);
    enum rc rc = take_op(in, &op);
    if (rc == RC_OK)
        rc = take_time(in);
    if (rc != RC_OK)
        return rc;
    switch (op) {
    case CSV_PUT: return import_put(in);
    case CSV_GET:
    case CSV_READ: return import_get(in);
    case CSV_DELETE: return import_delete(in);
    case CSV_SCAN: break;
    }
    rc = expect_empty(in, FIELD_KEY, "scan");
    return rc == RC_OK ? schedule_scan(&in->drawn.schedule) : rc;
}

static enum rc import_line(struct importer *in, struct span line, size_t *columns)
{
    enum rc rc = check_line(in, line);
    if (rc == RC_OK)
        rc = split(in, line);
    if (rc != RC_OK)
        return rc;
    if (in->line == 1) {
        *columns = in->field_count;
        if (*columns != FIELDS_MIN && *columns != FIELDS_MAX)
            return refuse(in,
                          "expected %d or %d fields (time_s,op,key,size[,offset,length]), got "
                          "%zu",
                          FIELDS_MIN, FIELDS_MAX, *columns);
        if (is_word(in->fields[FIELD_TIME], field_names[FIELD_TIME]))
            return check_header(in);
    }
    if (in->field_count != *columns)
        return refuse(in, "expected %zu fields, as in line 1, got %zu", *columns, in->field_count);
    return import_op(in);
}

static enum rc import_lines(struct importer *in)
{
    struct span text = buf_span(&in->text);
    size_t columns = 0;
    enum rc rc = RC_OK;
    if (text.len == 0)
        return FAIL(in->err, RC_USAGE, 0, "%s:1: expected operations, got an empty file",
                    Q(in->request->path));
    for (size_t at = 0; at < text.len && rc == RC_OK;) {
        const uint8_t *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.ptr) - at : text.len - at;
        in->line++;
        rc = import_line(in, span_of(text.ptr + at, len), &columns);
        at += len + 1;
    }
    if (rc == RC_OK && in->drawn.schedule.count == 0)
        rc = refuse(in, "expected operations, got none");
    if (rc == RC_OK && in->put_count == 0)
        rc = refuse(in, "expected a put, got none");
    return rc;
}

/* ---- the trace ------------------------------------------------------------------------------- */

/* The puts, by key. */
static enum rc make_blobs(struct importer *in)
{
    struct trace_file_blobs *blobs = &in->blobs;
    uint32_t files = (uint32_t)in->keys.count;
    blobs->look = in->request->look;
    blobs->file_count = files;
    blobs->keys = in->keys.names;
    blobs->first = calloc((size_t)files + 2, sizeof(*blobs->first));
    blobs->sizes = malloc(in->put_count * sizeof(*blobs->sizes));
    if (!blobs->first || !blobs->sizes)
        return FAIL(in->err, RC_NOMEM, 0, "no memory for %zu puts", in->put_count);
    /* Counted one place late, so that filling in moves each beginning to where it belongs. */
    for (size_t i = 0; i < in->put_count; i++)
        blobs->first[in->puts[i].file + 2]++;
    for (size_t i = 2; i < (size_t)files + 2; i++)
        blobs->first[i] += blobs->first[i - 1];
    for (size_t i = 0; i < in->put_count; i++)
        blobs->sizes[blobs->first[in->puts[i].file + 1]++] = in->puts[i].size;
    return RC_OK;
}

static enum rc make_trace(struct importer *in, struct buf *out)
{
    struct record_phase phase = {
        .name = "trace",
        .workload = TRACE_WORKLOAD,
        .options = "",
        .snapshot = "after_trace",
    };
    struct record_manifest manifest = {
        .seed = in->request->seed,
        .retention = "history",
        .durability = "durable",
        .batch = 1,
        .phases = &phase,
        .phase_count = 1,
    };
    struct dataset_summary summary;
    struct trace trace;
    struct drawn *drawn = &in->drawn;
    drawn->phase_count = 1;
    drawn->phase_batch[0] = 1;
    drawn->phase_start[1] = drawn->schedule.count;
    enum rc rc = make_blobs(in);
    if (rc == RC_OK)
        rc = trace_file_summarise(&in->blobs, in->request->seed, &summary, in->err);
    if (rc != RC_OK)
        return rc;
    manifest.dataset_files = summary.file_count;
    manifest.dataset_bytes = summary.bytes;
    trace_describe(&trace, &manifest, drawn, &in->blobs);
    trace.dataset_hash = summary.hash;
    return trace_print(&trace, drawn, out, in->err);
}

static void importer_release(struct importer *in)
{
    for (size_t i = 0; i < FIELDS_MAX; i++)
        buf_release(&in->unquoted[i]);
    in->blobs.keys = NULL; /* the map's */
    trace_file_blobs_release(&in->blobs);
    namemap_release(&in->keys);
    drawn_release(&in->drawn);
    free(in->puts);
    free(in->sizes);
    buf_release(&in->text);
}

enum rc trace_csv_import(const struct trace_csv_request *request, struct buf *out,
                         struct trace_csv_summary *summary, struct err *err)
{
    struct importer in = {.request = request, .err = err, .keys.copies = true};
    schedule_init(&in.drawn.schedule, err);
    enum rc rc = whole_file_read(request->path, TRACE_CSV_BYTES_MAX, &in.text, err);
    if (rc == RC_OK)
        rc = import_lines(&in);
    if (rc == RC_OK)
        rc = make_trace(&in, out);
    *summary = (struct trace_csv_summary){
        .ops = in.drawn.schedule.count,
        .puts = in.put_count,
        .keys = (uint32_t)in.keys.count,
        .timed = in.timed,
        .duration_ns = in.last_ns - in.first_ns,
    };
    for (size_t i = 0; i < in.put_count; i++)
        summary->put_bytes += in.puts[i].size;
    importer_release(&in);
    return rc;
}
