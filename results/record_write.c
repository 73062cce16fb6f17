#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/whole_file.h"
#include "results/record_parts.h"

#define SAMPLES_BYTES_MAX (2 * GIB)

/* ---- a new study ----------------------------------------------------------------------------- */

static enum rc fill_folder(const char *dir, struct span manifest, struct err *err)
{
    /* The manifest last: where it stands, the study is complete enough to be read. */
    enum rc rc = record_write_file(dir, RECORD_SAMPLES_NAME, span_of(NULL, 0), err);
    if (rc == RC_OK)
        rc = record_write_file(dir, RECORD_MANIFEST_NAME, manifest, err);
    return rc;
}

/* Take back a folder that could not be filled; what fails here changes nothing. */
static void remove_folder(const char *dir)
{
    static const char *const names[] = {RECORD_MANIFEST_NAME, RECORD_SAMPLES_NAME};
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unlinkat(fd, names[i], 0);
    close(fd);
    rmdir(dir);
}

static enum rc create_folder(const char *parent, const char *dir, struct span manifest,
                             struct err *err)
{
    enum rc rc = record_folder_make(parent, err);
    if (rc != RC_OK)
        return rc;
    if (mkdir(dir, 0777) != 0) {
        if (errno == EEXIST)
            return FAIL(err, RC_USAGE, 0, "study \"%s\" exists already", Q(dir));
        return FAIL(err, RC_IO, errno, "cannot make folder \"%s\"", Q(dir));
    }
    rc = fill_folder(dir, manifest, err);
    if (rc == RC_OK)
        rc = record_folder_sync(parent, err);
    if (rc != RC_OK)
        remove_folder(dir);
    return rc;
}

enum rc record_create(const char *parent, const struct record_manifest *manifest,
                      struct buf *dir_out, struct err *err)
{
    struct buf text = {0};
    enum rc rc = record_manifest_print(manifest, &text, err);
    buf_clear(dir_out);
    if (rc == RC_OK)
        rc = buf_printf(dir_out, err, "%s/%s", parent, manifest->id);
    if (rc == RC_OK)
        rc = create_folder(parent, buf_str(dir_out), buf_span(&text), err);
    buf_release(&text);
    return rc;
}

/* ---- appending runs -------------------------------------------------------------------------- */

/* A run is its phase and snapshot lines, then its run line. */
static enum rc check_run(const struct sample *samples, size_t count, struct err *err)
{
    if (count == 0 || samples[count - 1].kind != SAMPLE_RUN)
        return FAIL(err, RC_BUG, 0, "a run must end with its run line");
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            const char *conflict = samples[j].run == samples[i].run
                                       ? record_sample_conflict(&samples[j], &samples[i])
                                       : "is of another run";
            if (conflict != NULL)
                return FAIL(err, RC_BUG, 0, "run %u: %s line \"%s\" %s", (unsigned)samples[i].run,
                            sample_kind_name(samples[i].kind), Q(samples[i].name), conflict);
        }
    }
    return RC_OK;
}

/* A run that counts as valid did everything, on the study's data. */
static enum rc check_valid(const struct record_manifest *manifest, const struct sample *samples,
                           size_t count, struct err *err)
{
    const struct sample *run = &samples[count - 1];
    enum sample_kind kind;
    if (!run->valid)
        return RC_OK;
    if (strcmp(run->dataset_hash, manifest->dataset_hash) != 0)
        return FAIL(err, RC_INVALID, 0, "run %u counts as valid and is of other data: %s, not %s",
                    (unsigned)run->run, Q(run->dataset_hash), Q(manifest->dataset_hash));
    const char *name = record_run_lacks(manifest, samples, count, run->run, &kind);
    if (name != NULL)
        return FAIL(err, RC_BUG, 0, "run %u counts as valid and has no %s \"%s\"",
                    (unsigned)run->run, sample_kind_name(kind), Q(name));
    return RC_OK;
}

static enum rc print_run(const struct record_manifest *manifest, const struct sample *samples,
                         size_t count, struct buf *out, struct err *err)
{
    enum rc rc = check_run(samples, count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = record_sample_print(manifest, &samples[i], out, err);
    return rc == RC_OK ? check_valid(manifest, samples, count, err) : rc;
}

/* Is text[start..end) a run line?  Anything that is not a line of ours is an error: it is not cut
 * off. */
static enum rc is_run_line(struct span text, size_t start, size_t end, const char *path,
                           bool *answer, struct err *err)
{
    struct json *json;
    const char *kind = "";
    unsigned number = 1;
    for (size_t i = 0; i < start; i++)
        number += text.ptr[i] == '\n';
    enum rc rc = json_parse(&json, span_of(text.ptr + start, end - start), path, number, err);
    if (rc == RC_OK)
        rc = json_get_string(json, json_root(json), "kind", &kind, err);
    *answer = rc == RC_OK && strcmp(kind, "run") == 0;
    json_free(json);
    return rc;
}

/* Length of `text` up to and including its last whole run line: what a crash left behind that, a
 * torn line or lines of a run that did not finish, gives way to the next append. */
static enum rc finished_len(struct span text, const char *path, size_t *out, struct err *err)
{
    size_t end = text.len;
    while (end > 0 && text.ptr[end - 1] != '\n')
        end--;
    while (end > 0) {
        size_t start = end - 1;
        while (start > 0 && text.ptr[start - 1] != '\n')
            start--;
        bool run_line;
        enum rc rc = is_run_line(text, start, end - 1, path, &run_line, err);
        if (rc != RC_OK)
            return rc;
        if (run_line)
            break;
        end = start;
    }
    *out = end;
    return RC_OK;
}

static enum rc append_to(int fd, const char *path, struct span bytes, struct err *err)
{
    struct buf text = {0};
    size_t keep = 0;
    enum rc rc = whole_file_read(path, SAMPLES_BYTES_MAX, &text, err);
    if (rc == RC_OK)
        rc = finished_len(buf_span(&text), path, &keep, err);
    buf_release(&text);
    return rc == RC_OK ? record_file_append(fd, path, keep, bytes, err) : rc;
}

static enum rc append_text(const char *path, struct span bytes, struct err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return FAIL(err, RC_IO, errno, "cannot append to \"%s\"", Q(path));
    enum rc rc = append_to(fd, path, bytes, err);
    if (close(fd) != 0 && rc == RC_OK)
        rc = FAIL(err, RC_IO, errno, "cannot close \"%s\"", Q(path));
    return rc;
}

enum rc record_append(const char *dir, const struct record_manifest *manifest,
                      const struct sample *samples, size_t count, struct err *err)
{
    struct buf text = {0}, path = {0};
    enum rc rc = print_run(manifest, samples, count, &text, err);
    if (rc == RC_OK)
        rc = buf_printf(&path, err, "%s/%s", dir, RECORD_SAMPLES_NAME);
    if (rc == RC_OK)
        rc = append_text(buf_str(&path), buf_span(&text), err);
    buf_release(&text);
    buf_release(&path);
    return rc;
}

/* ---- one run's file -------------------------------------------------------------------------- */

enum rc record_run_write(const char *path, const struct record_manifest *manifest,
                         const struct sample *samples, size_t count, struct err *err)
{
    struct buf text = {0};
    enum rc rc = print_run(manifest, samples, count, &text, err);
    if (rc == RC_OK)
        rc = record_file_replace(path, buf_span(&text), err);
    buf_release(&text);
    return rc;
}

static size_t count_lines(struct span text)
{
    size_t count = 0;
    struct span line;
    while (record_next_line(&text, &line))
        count++;
    return count;
}

static enum rc parse_run(const struct line_source *source, struct span text,
                         struct sample **samples, size_t *count, struct err *err)
{
    size_t lines = count_lines(text), used = 0;
    struct sample *items = arena_zalloc(source->arena, lines, sizeof(*items));
    if (items == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory to read \"%s\"", Q(source->path));
    struct span line;
    while (record_next_line(&text, &line)) {
        unsigned number = (unsigned)used + 1;
        enum rc rc = record_sample_parse(source, line, number, &items[used], err);
        if (rc != RC_OK)
            return rc;
        for (size_t i = 0; i < used; i++) {
            const char *conflict = items[i].run == items[used].run
                                       ? record_sample_conflict(&items[i], &items[used])
                                       : "is of another run";
            if (conflict != NULL)
                return FAIL(err, RC_USAGE, 0, "%s:%u: %s line \"%s\" %s", Q(source->path), number,
                            sample_kind_name(items[used].kind), Q(items[used].name), conflict);
        }
        used++;
    }
    if (text.len != 0 || used == 0 || items[used - 1].kind != SAMPLE_RUN)
        return FAIL(err, RC_USAGE, 0, "%s:%zu: the run did not finish: no run line",
                    Q(source->path), used + 1);
    *samples = items;
    *count = used;
    return RC_OK;
}

enum rc record_run_read(const char *path, const struct record_manifest *manifest,
                        struct arena *arena, struct sample **samples, size_t *count,
                        struct err *err)
{
    struct buf text = {0};
    struct line_source source = {.path = path, .manifest = manifest, .arena = arena};
    enum rc rc = whole_file_read(path, SAMPLES_BYTES_MAX, &text, err);
    if (rc == RC_OK)
        rc = parse_run(&source, buf_span(&text), samples, count, err);
    buf_release(&text);
    return rc;
}
