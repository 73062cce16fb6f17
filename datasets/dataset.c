#include "datasets/dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LEN_MAX ((size_t)4095)

#define DATASET(symbol) extern const struct dataset_ops dataset_##symbol;
#include "datasets/datasets.def"
#undef DATASET

#define DATASET(symbol) &dataset_##symbol,
static const struct dataset_ops *const rows[] = {
#include "datasets/datasets.def"
};
#undef DATASET

/* What the engine keeps for an open dataset, apart from the dataset's own state. */
struct dataset_host {
    char *source;
    struct buf options, work; /* work: path and content of dataset_summarise */
};

size_t dataset_count(void)
{
    return COUNT_OF(rows);
}

const struct dataset_ops *dataset_at(size_t index)
{
    CHECK(index < COUNT_OF(rows));
    return rows[index];
}

const char *dataset_form(const struct dataset_ops *ops)
{
    if (!ops->needs_source)
        return NULL;
    return ops->form ? ops->form : "DIR";
}

/* ---- the rows ------------------------------------------------------------------------------- */

/* [a-z][a-z0-9-]*, at most 31 bytes. */
static bool is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && len <= 31 && name[len] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

/* NULL, or what is wrong with the row. */
static const char *row_defect(const struct dataset_ops *ops)
{
    if (ops->abi != DATASET_ABI || ops->size != sizeof(struct dataset_ops))
        return "abi or size differs from this build's";
    if (ops->name == NULL || !is_name(ops->name))
        return "name is not [a-z][a-z0-9-]* of at most 31 bytes";
    if (ops->summary == NULL || ops->summary[0] == '\0')
        return "summary is missing";
    if (ops->state_size < sizeof(struct dataset))
        return "state is smaller than struct dataset";
    if (ops->open == NULL || ops->path == NULL || ops->content == NULL)
        return "open, path or content is missing";
    if (ops->needs_source && ops->opts != NULL)
        return "a dataset that takes a place cannot take options";
    return ops->opts == NULL ? NULL : opt_defect(ops->opts, ops->state_size);
}

enum rc dataset_rows_validate(struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *defect = row_defect(rows[i]);
        for (size_t j = 0; defect == NULL && j < i; j++) {
            if (strcmp(rows[j]->name, rows[i]->name) == 0)
                defect = "name is taken by an earlier row";
        }
        if (defect != NULL)
            return FAIL(err, RC_BUG, 0, "dataset row %zu (%s): %s", i,
                        rows[i]->name != NULL ? rows[i]->name : "no name", defect);
    }
    return RC_OK;
}

static enum rc find_row(const char *name, const struct dataset_ops **out, struct err *err)
{
    const char *names[COUNT_OF(rows)];
    char list[200] = "";
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i]->name, name) == 0) {
            *out = rows[i];
            return RC_OK;
        }
        names[i] = rows[i]->name;
        int len = 0;
        if (at < sizeof(list))
            len = snprintf(list + at, sizeof(list) - at, "%s%s", i == 0 ? "" : ", ", names[i]);
        at += len > 0 ? (size_t)len : 0;
    }
    const char *near = nearest_word(name, names, COUNT_OF(rows));
    if (near != NULL)
        return FAIL(err, RC_USAGE, 0,
                    "unknown dataset \"%s\" (available: %s; did you mean \"%s\"?)", Q(name), list,
                    near);
    return FAIL(err, RC_USAGE, 0, "unknown dataset \"%s\" (available: %s)", Q(name), list);
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum rc take_source(struct dataset *ds, const char *text)
{
    struct dataset_host *host = ds->host;
    if (text[0] == '\0') {
        enum rc rc = FAIL(ds->err, RC_USAGE, 0, "dataset \"%s\": no %s is given", ds->ops->name,
                          ds->ops->form ? ds->ops->form : "directory");
        err_hint(ds->err, "write %s:%s", ds->ops->name, dataset_form(ds->ops));
        return rc;
    }
    host->source = strdup(text);
    if (host->source == NULL)
        return FAIL(ds->err, RC_NOMEM, 0, "no memory for the name of a directory");
    ds->source = host->source;
    /* For people and one-line records; ds->source has the bytes. */
    return buf_set(&host->options, span_of_str(Q(text)), ds->err);
}

static enum rc take_options(struct dataset *ds, const char *text)
{
    static const struct opt none[] = {{.name = NULL}};
    struct dataset_host *host = ds->host;
    const struct opt *opts = ds->ops->opts != NULL ? ds->ops->opts : none;
    opt_defaults(opts, ds);
    enum rc rc = opt_apply(opts, ds, text, ds->ops->name, ds->err);
    if (rc == RC_OK)
        rc = opt_print(opts, ds, &host->options, ds->err);
    return rc;
}

static enum rc start(struct dataset *ds, const char *text)
{
    struct dataset_host *host = ds->host;
    enum rc rc = ds->ops->needs_source ? take_source(ds, text) : take_options(ds, text);
    if (rc == RC_OK)
        rc = ds->ops->open(ds);
    if (rc != RC_OK)
        return rc;
    if (ds->file_count < 1 || ds->file_count > DATASET_FILES_MAX)
        return FAIL(ds->err, RC_USAGE, 0,
                    "dataset \"%s\" has %" PRIu32 " files (expected 1..%" PRIu32 ")", ds->ops->name,
                    ds->file_count, DATASET_FILES_MAX);
    CHECK(ds->event_count == 0 || ds->ops->event != NULL);
    if (ds->note != NULL)
        rc = buf_printf(&host->options, ds->err, " (%s)", ds->note);
    return rc;
}

enum rc dataset_open(struct dataset **out, const char *spec, uint64_t seed, struct err *err)
{
    char name[SPEC_NAME_SIZE];
    const char *text;
    const struct dataset_ops *ops = NULL;
    *out = NULL;
    enum rc rc = spec_split(spec, name, &text, err);
    if (rc == RC_OK)
        rc = find_row(name, &ops, err);
    if (rc != RC_OK)
        return rc;

    struct dataset_host *host = calloc(1, sizeof(*host));
    struct dataset *ds = calloc(1, ops->state_size);
    if (host == NULL || ds == NULL) {
        free(host);
        free(ds);
        return FAIL(err, RC_NOMEM, 0, "no memory for dataset \"%s\"", ops->name);
    }
    ds->ops = ops;
    ds->seed = seed;
    ds->err = err;
    ds->host = host;
    rc = start(ds, text);
    if (rc != RC_OK) {
        dataset_close(ds);
        return rc;
    }
    *out = ds;
    return RC_OK;
}

void dataset_close(struct dataset *ds)
{
    if (ds == NULL)
        return;
    if (ds->ops->close != NULL)
        ds->ops->close(ds);
    struct dataset_host *host = ds->host;
    buf_release(&host->options);
    buf_release(&host->work);
    free(host->source);
    free(host);
    free(ds);
}

const char *dataset_options(const struct dataset *ds)
{
    struct dataset_host *host = ds->host;
    return buf_str(&host->options);
}

/* ---- asking --------------------------------------------------------------------------------- */

enum rc dataset_novel(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes)
{
    *bytes = UINT64_MAX;
    return ds->ops->novel ? ds->ops->novel(ds, file, version, bytes) : RC_OK;
}

enum rc dataset_event(struct dataset *ds, uint64_t index, struct history_event *out)
{
    CHECK(ds->ops->event && index < ds->event_count);
    return ds->ops->event(ds, index, out);
}

uint32_t dataset_versions(struct dataset *ds, uint32_t file)
{
    return ds->ops->versions ? ds->ops->versions(ds, file) : DATASET_VERSIONS_MAX;
}

/* What every consumer relies on, whatever the path may later be joined to. */
static bool is_relative_path(struct span path)
{
    if (path.len == 0 || path.len > PATH_LEN_MAX || memchr(path.ptr, '\0', path.len) != NULL)
        return false;
    size_t start = 0;
    for (size_t i = 0; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/')
            continue;
        struct span part = span_of(path.ptr + start, i - start);
        if (part.len == 0 || span_equal(part, span_of_str(".")) ||
            span_equal(part, span_of_str("..")))
            return false;
        start = i + 1;
    }
    return true;
}

enum rc dataset_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    enum rc rc = ds->ops->path(ds, file, out);
    if (rc != RC_OK)
        return rc;
    char quoted[QUOTE_SIZE];
    if (!is_relative_path(buf_span(out)))
        return FAIL(ds->err, RC_BUG, 0, "dataset \"%s\": file %" PRIu32 " has the path \"%s\"",
                    ds->ops->name, file, quote_bytes(quoted, sizeof(quoted), buf_span(out)));
    return RC_OK;
}

enum rc dataset_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    if (version > DATASET_VERSIONS_MAX)
        return FAIL(ds->err, RC_USAGE, 0,
                    "dataset \"%s\": version %" PRIu32 " of a file is out of range (expected "
                    "0..%" PRIu32 ")",
                    ds->ops->name, version, DATASET_VERSIONS_MAX);
    enum rc rc = ds->ops->content(ds, file, version, out);
    if (rc == RC_OK && out->len > BLOB_BYTES_MAX)
        return FAIL(ds->err, RC_USAGE, 0,
                    "dataset \"%s\": version %" PRIu32 " of file %" PRIu32
                    " has %zu bytes (at most %zu)",
                    ds->ops->name, version, file, out->len, BLOB_BYTES_MAX);
    return rc;
}

enum rc dataset_summarise(struct dataset *ds, struct dataset_summary *out)
{
    struct dataset_host *host = ds->host;
    struct buf *work = &host->work;
    struct dataset_summary sum = {.file_count = ds->file_count, .smallest = UINT64_MAX};
    for (uint32_t file = 0; file < ds->file_count; file++) {
        enum rc rc = dataset_path(ds, file, work);
        if (rc != RC_OK)
            return rc;
        sum.hash = hash128_fold(sum.hash, hash_xxh128(buf_span(work)));
        rc = dataset_content(ds, file, 0, work);
        if (rc != RC_OK)
            return rc;
        sum.hash = hash128_fold(sum.hash, hash_xxh128(buf_span(work)));
        sum.bytes += work->len;
        if (work->len < sum.smallest)
            sum.smallest = work->len;
        if (work->len > sum.largest)
            sum.largest = work->len;
    }
    *out = sum;
    return dataset_fold_history(ds, &out->hash);
}

static enum rc hash_of_content(struct dataset *ds, uint32_t file, uint32_t version,
                               struct hash128 *out)
{
    struct dataset_host *host = ds->host;
    if (ds->ops->hash)
        return ds->ops->hash(ds, file, version, out);
    enum rc rc = dataset_content(ds, file, version, &host->work);
    if (rc == RC_OK)
        *out = hash_xxh128(buf_span(&host->work));
    return rc;
}

static void put_u64(uint8_t *dst, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        dst[i] = (uint8_t)(value >> 8 * i);
}

static enum rc fold_event(struct dataset *ds, const struct history_event *event,
                          struct hash128 *fold)
{
    struct dataset_host *host = ds->host;
    struct hash128 content = {0};
    uint8_t what[32] = {0};
    enum rc rc = RC_OK;
    put_u64(what, event->kind);
    put_u64(what + 8, event->file);
    put_u64(what + 16, event->kind == HISTORY_DELETE ? 0 : event->version);
    put_u64(what + 24, event->group);
    *fold = hash128_fold(*fold, hash_xxh128(span_of(what, sizeof(what))));
    if (event->kind == HISTORY_DELETE)
        return RC_OK;
    if (event->kind == HISTORY_CREATE) {
        rc = dataset_path(ds, event->file, &host->work);
        if (rc == RC_OK)
            *fold = hash128_fold(*fold, hash_xxh128(buf_span(&host->work)));
    }
    if (rc == RC_OK)
        rc = hash_of_content(ds, event->file, event->version, &content);
    if (rc == RC_OK)
        *fold = hash128_fold(*fold, content);
    return rc;
}

enum rc dataset_fold_history(struct dataset *ds, struct hash128 *fold)
{
    enum rc rc = RC_OK;
    for (uint64_t index = 0; rc == RC_OK && index < ds->event_count; index++) {
        struct history_event event = {0};
        rc = dataset_event(ds, index, &event);
        if (rc == RC_OK)
            rc = fold_event(ds, &event, fold);
    }
    return rc;
}
