#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/whole_file.h"
#include "results/record_parts.h"

#define MANIFEST_BYTES_MAX (64 * MIB)
#define SAMPLES_BYTES_MAX  (2 * GIB)

bool record_next_line(struct span *rest, struct span *line)
{
    const uint8_t *end = rest->len != 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
    if (end == NULL)
        return false;
    size_t len = (size_t)(end - rest->ptr);
    *line = span_of(rest->ptr, len);
    *rest = span_of(end + 1, rest->len - len - 1);
    return true;
}

const char *record_run_lacks(const struct record_manifest *manifest, const struct sample *samples,
                             size_t count, uint32_t run, enum sample_kind *kind)
{
    for (size_t p = 0; p < manifest->phase_count; p++) {
        const char *names[] = {manifest->phases[p].name, manifest->phases[p].snapshot};
        static const enum sample_kind kinds[] = {SAMPLE_PHASE, SAMPLE_SNAPSHOT};
        for (size_t k = 0; k < COUNT_OF(names); k++) {
            bool found = names[k] == NULL || names[k][0] == '\0';
            for (size_t i = 0; i < count && !found; i++)
                found = samples[i].run == run && samples[i].kind == kinds[k] &&
                        strcmp(samples[i].name, names[k]) == 0;
            *kind = kinds[k];
            if (!found)
                return names[k];
        }
    }
    return NULL;
}

const char *record_sample_conflict(const struct sample *before, const struct sample *sample)
{
    if (before->round != sample->round || before->slot != sample->slot ||
        before->arm != sample->arm)
        return "has another round, slot or arm than the line before it of the same run";
    if (before->kind == sample->kind && strcmp(before->name, sample->name) == 0)
        return "is there twice for the same run";
    return NULL;
}

/* ---- samples.jsonl --------------------------------------------------------------------------- */

struct ended {
    uint32_t run, round, arm;
    unsigned line;
};

struct loader {
    struct record *record;
    const char *path;
    struct buf samples; /* struct sample: of finished runs */
    struct buf pending; /* struct sample: of runs whose run line has not come yet */
    struct buf ended;   /* struct ended: runs whose run line has come */
    bool unordered; /* a run line came after that of a higher run: not from one of our studies */
    struct err *err;
};

static struct sample *pending_of(const struct loader *loader, size_t *count)
{
    *count = loader->pending.len / sizeof(struct sample);
    return (struct sample *)(void *)loader->pending.ptr;
}

/* The line of the run's run line, or 0. */
static unsigned ended_at(const struct loader *loader, uint32_t run)
{
    const struct ended *ended = (const struct ended *)(const void *)loader->ended.ptr;
    size_t count = loader->ended.len / sizeof(*ended);
    while (count-- > 0 && (loader->unordered || ended[count].run >= run)) {
        if (ended[count].run == run)
            return ended[count].line;
    }
    return 0;
}

/* A round has every arm once. */
static enum rc check_arm(struct loader *loader, const struct sample *run)
{
    const struct ended *ended = (const struct ended *)(const void *)loader->ended.ptr;
    size_t count = loader->ended.len / sizeof(*ended);
    while (count-- > 0 && (loader->unordered || ended[count].round >= run->round)) {
        if (ended[count].round == run->round && ended[count].arm == run->arm)
            return FAIL(loader->err, RC_USAGE, 0,
                        "%s:%u: \"arm\" \"%s\" has a run in round %u already, line %u",
                        Q(loader->path), run->line,
                        Q(loader->record->manifest.arms[run->arm].label), (unsigned)run->round,
                        ended[count].line);
    }
    return RC_OK;
}

/* A run that counts as valid did everything, on the study's data. */
static enum rc check_valid(struct loader *loader, const struct sample *run)
{
    const struct record_manifest *manifest = &loader->record->manifest;
    size_t count;
    const struct sample *pending = pending_of(loader, &count);
    enum sample_kind kind;
    if (strcmp(run->dataset_hash, manifest->dataset_hash) != 0)
        return FAIL(loader->err, RC_MISMATCH, 0,
                    "%s:%u: \"dataset_hash\" is \"%s\", the study is of other data (\"%s\")",
                    Q(loader->path), run->line, Q(run->dataset_hash), Q(manifest->dataset_hash));
    const char *name = record_run_lacks(manifest, pending, count, run->run, &kind);
    if (name != NULL)
        return FAIL(loader->err, RC_USAGE, 0,
                    "%s:%u: \"valid\" is true, and run %u has no %s \"%s\"", Q(loader->path),
                    run->line, (unsigned)run->run, sample_kind_name(kind), Q(name));
    return RC_OK;
}

static enum rc add_sample(struct loader *loader, const struct sample *sample)
{
    return buf_append(&loader->samples, span_of(sample, sizeof(*sample)), loader->err);
}

/* Move the run's lines from pending to the record; other runs' lines stay. */
static enum rc finish_run(struct loader *loader, const struct sample *run)
{
    size_t count, kept = 0;
    struct sample *pending = pending_of(loader, &count);
    enum rc rc = check_arm(loader, run);
    if (rc == RC_OK && run->valid)
        rc = check_valid(loader, run);
    for (size_t i = 0; i < count; i++) {
        if (pending[i].run != run->run) {
            if (kept != i)
                pending[kept] = pending[i];
            kept++;
        } else if (rc == RC_OK) {
            rc = add_sample(loader, &pending[i]);
        }
    }
    loader->pending.len = kept * sizeof(*pending);
    if (rc == RC_OK)
        rc = add_sample(loader, run);
    if (rc == RC_OK) {
        const struct ended ended = {
            .run = run->run, .round = run->round, .arm = run->arm, .line = run->line};
        const struct ended *before = (const struct ended *)(const void *)loader->ended.ptr;
        size_t ended_count = loader->ended.len / sizeof(ended);
        if (ended_count > 0 && before[ended_count - 1].run > run->run)
            loader->unordered = true;
        rc = buf_append(&loader->ended, span_of(&ended, sizeof(ended)), loader->err);
        loader->record->run_count++;
    }
    return rc;
}

static enum rc add_line(struct loader *loader, const struct sample *sample)
{
    unsigned ended = ended_at(loader, sample->run);
    if (ended != 0)
        return FAIL(loader->err, RC_USAGE, 0,
                    "%s:%u: \"run\" %u is recorded already, its run line is line %u",
                    Q(loader->path), sample->line, (unsigned)sample->run, ended);
    size_t count;
    const struct sample *pending = pending_of(loader, &count);
    for (size_t i = 0; i < count; i++) {
        if (pending[i].run != sample->run)
            continue;
        const char *conflict = record_sample_conflict(&pending[i], sample);
        if (conflict != NULL)
            return FAIL(loader->err, RC_USAGE, 0, "%s:%u: %s line \"%s\" %s (line %u)",
                        Q(loader->path), sample->line, sample_kind_name(sample->kind),
                        Q(sample->name), conflict, pending[i].line);
    }
    if (sample->kind == SAMPLE_RUN)
        return finish_run(loader, sample);
    return buf_append(&loader->pending, span_of(sample, sizeof(*sample)), loader->err);
}

/* One warning per run that began and did not end. */
static void warn_unfinished(struct loader *loader)
{
    size_t count, ended = loader->ended.len / sizeof(struct ended);
    const struct sample *pending = pending_of(loader, &count);
    const struct ended *runs = (const struct ended *)(const void *)loader->ended.ptr;
    if (count > 0 && ended > 0 && pending[0].line < runs[ended - 1].line)
        loader->record->stray_line = pending[0].line;
    for (size_t i = 0; i < count; i++) {
        bool first = true;
        for (size_t j = 0; j < i && first; j++)
            first = pending[j].run != pending[i].run;
        if (first)
            record_warn(loader->record, "%s:%u: run %u did not finish and is ignored",
                        Q(loader->path), pending[i].line, (unsigned)pending[i].run);
    }
}

static enum rc load_lines(struct loader *loader, struct span text)
{
    struct line_source source = {.path = loader->path,
                                 .manifest = &loader->record->manifest,
                                 .arena = &loader->record->arena,
                                 .record = loader->record};
    struct span line;
    unsigned number = 0;
    while (record_next_line(&text, &line)) {
        struct sample sample;
        enum rc rc = record_sample_parse(&source, line, ++number, &sample, loader->err);
        sample.line = number;
        if (rc == RC_OK)
            rc = add_line(loader, &sample);
        if (rc != RC_OK)
            return rc;
    }
    if (text.len != 0)
        record_warn(loader->record, "%s:%u: last line is torn and is ignored", Q(loader->path),
                    number + 1);
    warn_unfinished(loader);
    return RC_OK;
}

static enum rc load_samples(struct record *record, const char *path, struct err *err)
{
    struct buf text = {0};
    struct loader loader = {.record = record, .path = path, .err = err};
    enum rc rc = whole_file_read(path, SAMPLES_BYTES_MAX, &text, err);
    if (rc == RC_OK)
        rc = load_lines(&loader, buf_span(&text));
    if (rc == RC_OK) {
        record->sample_count = loader.samples.len / sizeof(struct sample);
        record->samples = (struct sample *)(void *)loader.samples.ptr;
        loader.samples = (struct buf){0};
    }
    buf_release(&text);
    buf_release(&loader.samples);
    buf_release(&loader.pending);
    buf_release(&loader.ended);
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The commonest mistakes by name, before files inside are tried. */
static enum rc check_folder(const char *dir, const char *manifest, struct err *err)
{
    struct stat info;
    if (stat(dir, &info) != 0)
        return FAIL(err, errno == EACCES ? RC_IO : RC_USAGE, errno, "no study \"%s\"", Q(dir));
    if (!S_ISDIR(info.st_mode))
        return FAIL(err, RC_USAGE, 0, "no study \"%s\": not a folder", Q(dir));
    if (stat(manifest, &info) != 0 && errno == ENOENT)
        return FAIL(err, RC_USAGE, 0, "\"%s\" is not a study: it has no %s", Q(dir),
                    RECORD_MANIFEST_NAME);
    return RC_OK;
}

static enum rc load_manifest(struct record *record, const char *path, struct err *err)
{
    struct buf text = {0};
    enum rc rc = check_folder(record->dir, path, err);
    if (rc == RC_OK)
        rc = whole_file_read(path, MANIFEST_BYTES_MAX, &text, err);
    if (rc == RC_OK)
        rc = record_manifest_parse(record, buf_span(&text), path, err);
    buf_release(&text);
    return rc;
}

enum rc record_load_plan(struct record *record, const char *dir, struct err *err)
{
    *record = (struct record){0};
    struct buf path = {0};
    enum rc rc = RC_OK;
    record->dir = strdup(dir);
    if (record->dir == NULL)
        rc = FAIL(err, RC_NOMEM, 0, "no memory to read \"%s\"", Q(dir));
    if (rc == RC_OK)
        rc = buf_printf(&path, err, "%s/%s", dir, RECORD_MANIFEST_NAME);
    if (rc == RC_OK)
        rc = load_manifest(record, buf_str(&path), err);
    buf_release(&path);
    if (rc != RC_OK)
        record_release(record);
    return rc;
}

enum rc record_load(struct record *record, const char *dir, struct err *err)
{
    struct buf path = {0};
    enum rc rc = record_load_plan(record, dir, err);
    if (rc == RC_OK)
        rc = buf_printf(&path, err, "%s/%s", dir, RECORD_SAMPLES_NAME);
    if (rc == RC_OK)
        rc = load_samples(record, buf_str(&path), err);
    if (rc == RC_OK)
        rc = record_events_load(record, err);
    if (rc == RC_OK)
        rc = record_events_check(record, err);
    if (rc == RC_OK)
        rc = record_bounds_load(record, err);
    buf_release(&path);
    if (rc != RC_OK)
        record_release(record);
    return rc;
}

void record_release(struct record *record)
{
    free(record->dir);
    free(record->samples);
    record_bounds_release(record);
    arena_release(&record->arena);
    *record = (struct record){0};
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* Runs stand in ascending order unless a study was put together by hand: the first sample of `run`
 * by bisection, or what else stands there. */
static size_t bisect_run(const struct record *record, uint32_t run)
{
    size_t low = 0, high = record->sample_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (record->samples[middle].run < run)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_sample(const struct sample *sample, uint32_t run, enum sample_kind kind,
                      const char *name)
{
    return sample->run == run && sample->kind == kind &&
           (kind == SAMPLE_RUN || strcmp(sample->name, name) == 0);
}

const struct sample *record_find(const struct record *record, uint32_t run, enum sample_kind kind,
                                 const char *name)
{
    for (size_t i = bisect_run(record, run);
         i < record->sample_count && record->samples[i].run == run; i++) {
        if (is_sample(&record->samples[i], run, kind, name))
            return &record->samples[i];
    }
    for (size_t i = 0; i < record->sample_count; i++) {
        if (is_sample(&record->samples[i], run, kind, name))
            return &record->samples[i];
    }
    return NULL;
}
