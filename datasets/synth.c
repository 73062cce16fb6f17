/* synth.c: the factorial generator: class, size, duplication, saving and edits, each by itself.
 *
 * What is asked is met by bookkeeping, not on average: the share of duplicates of the base files is
 * within 2 points of `dup`, or open refuses, and savings are the classes' own promise.
 *
 *   sizes      fixed: `size`; lognormal: mean `size`, sigma `spread`, cut to size_min..size_max;
 *              bimodal: nine of ten files size_min, one size_max; ladder: size_min, twice that, ...
 *              up to size_max, each as often
 *   dup        share of the base files' bytes that an earlier file has.  exact: whole files again;
 *              shifted: a piece of another file at another, odd offset; forks: another file after
 *              one small edit
 *   edit       what a version does (geometry.h), besides: rewrite, the same bytes; revert, those of
 *              an older version; copy, version 0 of another file.  mix: of 100 versions 30
 *              overwrite, 15 insert, 10 delete, 5 prepend, 15 append, 5 truncate, 8 rewrite, 6
 *              revert, 6 copy
 *   rename     a version cannot change its file's path, so a rename is an inserted file with the
 *              bytes of a base file: under edit=rename all inserted files are, the dataset's own
 *              history creates one and deletes the base file, and a version is an identical
 *              rewrite; under edit=mix one inserted file in ten is
 *
 * Other inserted files are drawn as the base files were, copies included.
 */
#include "datasets/synth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PATH_FOLDERS 256u
#define RUN_MIN      64
#define PERIOD       8

static const char *const sizes_choices[] = {"fixed", "lognormal", "bimodal", "ladder", NULL};
static const char *const dup_choices[] = {"exact", "shifted", "forks", NULL};
static const char *const edit_choices[] = {"mix",     "overwrite", "insert",   "delete",
                                           "prepend", "append",    "truncate", "rewrite",
                                           "revert",  "copy",      "rename",   NULL};
static const char *const locality_choices[] = {"uniform", "head", "tail", "clustered", NULL};

static const struct opt synth_opts[] = {
    {.name = "files",
     .type = OPT_COUNT,
     .offset = offsetof(struct synth, files),
     .min = 1,
     .max = (double)DATASET_FILES_MAX,
     .def = "96",
     .help = "files before inserts"},
    {.name = "class",
     .type = OPT_TEXT,
     .offset = offsetof(struct synth, class_text),
     .def = "mixed",
     .help = "class of content; several as a+b; mixed: all, in turn"},
    {.name = "size",
     .type = OPT_SIZE,
     .offset = offsetof(struct synth, size),
     .min = 0,
     .max = (double)BLOB_BYTES_MAX,
     .def = "64KiB",
     .help = "fixed: bytes of every file; lognormal: their mean"},
    {.name = "sizes",
     .type = OPT_CHOICE,
     .offset = offsetof(struct synth, sizes),
     .choices = sizes_choices,
     .def = "fixed",
     .help = "distribution of sizes, whatever the class"},
    {.name = "spread",
     .type = OPT_RATE,
     .offset = offsetof(struct synth, spread),
     .min = 0,
     .max = 3,
     .def = "1",
     .help = "lognormal: standard deviation of the logarithm"},
    {.name = "size_min",
     .type = OPT_SIZE,
     .offset = offsetof(struct synth, size_min),
     .min = 1,
     .max = (double)BLOB_BYTES_MAX,
     .def = "1KiB",
     .help = "lognormal: smallest; bimodal: the small size; ladder: first rung"},
    {.name = "size_max",
     .type = OPT_SIZE,
     .offset = offsetof(struct synth, size_max),
     .min = 1,
     .max = (double)BLOB_BYTES_MAX,
     .def = "1MiB",
     .help = "lognormal: largest; bimodal: the large size; ladder: no rung above"},
    {.name = "dup",
     .type = OPT_RATE,
     .offset = offsetof(struct synth, dup),
     .min = 0,
     .max = 1,
     .def = "0",
     .help = "share of the base files' bytes that an earlier file has"},
    {.name = "dup_kind",
     .type = OPT_CHOICE,
     .offset = offsetof(struct synth, dup_kind),
     .choices = dup_choices,
     .def = "exact",
     .help = "whole files, pieces at another offset, or files after one edit"},
    {.name = "saving",
     .type = OPT_TEXT,
     .offset = offsetof(struct synth, saving_text),
     .def = "natural",
     .help = "share that zstd -3 saves of a file, for classes that can; natural: as it comes"},
    {.name = "edit",
     .type = OPT_CHOICE,
     .offset = offsetof(struct synth, edit),
     .choices = edit_choices,
     .def = "mix",
     .help = "what a version does to the one before"},
    {.name = "edit_size",
     .type = OPT_SIZE,
     .offset = offsetof(struct synth, edit_size),
     .min = 1,
     .max = (double)BLOB_BYTES_MAX,
     .def = "4KiB",
     .help = "bytes per edit"},
    {.name = "edits",
     .type = OPT_COUNT,
     .offset = offsetof(struct synth, edits),
     .min = 1,
     .max = 1000,
     .def = "1",
     .help = "edits per version"},
    {.name = "locality",
     .type = OPT_CHOICE,
     .offset = offsetof(struct synth, locality),
     .choices = locality_choices,
     .def = "uniform",
     .help = "where edits fall"},
    {.name = NULL},
};

/* ---- opening --------------------------------------------------------------------------------- */

static enum rc unknown_class(struct dataset *ds, const char *name)
{
    const char *names[SYNTH_CLASSES_MAX + 1] = {"mixed"};
    size_t count = content_class_count();
    for (size_t i = 0; i < count; i++)
        names[i + 1] = content_class_at(i)->name;
    const char *near = nearest_word(name, names, count + 1);
    enum rc rc = FAIL(ds->err, RC_USAGE, 0, "synth: unknown class \"%s\"", Q(name));
    if (near != NULL)
        err_hint(ds->err, "did you mean class=%s?", near);
    else
        err_hint(ds->err, "docs/datasets.md lists the classes of content");
    return rc;
}

static enum rc add_class(struct synth *synth, const char *name)
{
    const struct content_class *class = content_class_by_name(name);
    if (class == NULL)
        return unknown_class(&synth->base, name);
    for (size_t i = 0; i < synth->class_count; i++)
        if (synth->classes[i] == class)
            return FAIL(synth->base.err, RC_USAGE, 0, "synth: class \"%s\" is given twice", name);
    synth->classes[synth->class_count++] = class;
    return RC_OK;
}

static enum rc take_classes(struct synth *synth)
{
    CHECK(content_class_count() <= SYNTH_CLASSES_MAX);
    if (strcmp(synth->class_text, "mixed") == 0) {
        for (size_t i = 0; i < content_class_count(); i++)
            synth->classes[synth->class_count++] = content_class_at(i);
        return RC_OK;
    }
    char text[OPT_TEXT_SIZE];
    memcpy(text, synth->class_text, sizeof(text));
    enum rc rc = RC_OK;
    for (char *name = text, *next; rc == RC_OK && name != NULL; name = next) {
        next = strchr(name, '+');
        if (next != NULL)
            *next++ = '\0';
        rc = add_class(synth, name);
    }
    return rc;
}

static enum rc take_saving(struct synth *synth)
{
    struct err *err = synth->base.err;
    synth->saving = SAVING_NATURAL;
    if (strcmp(synth->saving_text, "natural") == 0)
        return RC_OK;
    enum rc rc =
        parse_rate(synth->saving_text, 0, 1, "synth: option \"saving\"", &synth->saving, err);
    for (size_t i = 0; rc == RC_OK && i < synth->class_count; i++) {
        const struct content_class *class = synth->classes[i];
        if (!class->knob)
            rc = FAIL(err, RC_USAGE, 0,
                      "synth: class \"%s\" has no saving to choose (expected saving=natural)",
                      class->name);
        else if (synth->saving < class->saving_min || synth->saving > class->saving_max)
            rc = FAIL(err, RC_USAGE, 0,
                      "synth: class \"%s\" cannot have saving=%s (expected %.4g%%..%.4g%%)",
                      class->name, Q(synth->saving_text), class->saving_min * 100,
                      class->saving_max * 100);
    }
    return rc;
}

static enum rc check_sizes(const struct synth *synth)
{
    struct err *err = synth->base.err;
    if (synth->size_min > synth->size_max)
        return FAIL(err, RC_USAGE, 0, "synth: size_min=%" PRIu64 " is more than size_max=%" PRIu64,
                    synth->size_min, synth->size_max);
    if (synth->sizes == SIZES_LOGNORMAL &&
        (synth->size < synth->size_min || synth->size > synth->size_max))
        return FAIL(err, RC_USAGE, 0,
                    "synth: the mean size=%" PRIu64 " is not within size_min=%" PRIu64
                    " and size_max=%" PRIu64,
                    synth->size, synth->size_min, synth->size_max);
    return RC_OK;
}

static enum rc synth_open(struct dataset *ds)
{
    struct synth *synth = (struct synth *)ds;
    ds->file_count = (uint32_t)synth->files;
    synth->plain = content_class_by_name("random");
    CHECK(synth->plain != NULL && synth->plain->len_min == 0);
    if (synth->edit == EDIT_COPY && synth->files < 2)
        return FAIL(ds->err, RC_USAGE, 0, "synth: edit=copy needs another file to copy (files=1)");
    /* A rename creates one path and deletes the other. */
    if (synth->edit == EDIT_RENAME)
        ds->event_count = 2 * synth->files;
    enum rc rc = take_classes(synth);
    if (rc == RC_OK)
        rc = take_saving(synth);
    if (rc == RC_OK)
        rc = check_sizes(synth);
    return rc == RC_OK ? synth_plan(synth) : rc;
}

static void synth_close(struct dataset *ds)
{
    struct synth *synth = (struct synth *)ds;
    synth_plan_release(synth);
    synth_payload_release(synth);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static enum rc synth_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    struct synth_origin origin = synth_origin((const struct synth *)ds, file);
    buf_clear(out);
    return buf_printf(out, ds->err, "synth/%02" PRIx32 "/file-%07" PRIu32 ".%s",
                      file % PATH_FOLDERS, file, origin.class->extension);
}

static enum rc synth_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    struct synth *synth = (struct synth *)ds;
    enum rc rc = synth_payload(synth, file, version);
    if (rc != RC_OK)
        return rc;
    const struct synth_origin *origin = &synth->cache.origin;
    struct span payload = buf_span(&synth->cache.payload);
    if (origin->class->wrap == NULL)
        return buf_set(out, payload, ds->err);
    size_t len =
        payload.len == origin->payload ? origin->size : origin->class->file_len(payload.len);
    rc = buf_resize(out, len, ds->err);
    if (rc == RC_OK)
        origin->class->wrap(origin->seed, payload, out->ptr, len);
    return rc;
}

/* Bytes that say something: all but zeros and repetitions of eight bytes, from RUN_MIN on, which
 * the fillers of classes are made of. */
static uint64_t bytes_that_say(const uint8_t *bytes, size_t len)
{
    size_t count = len, run = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == 0 || (i >= PERIOD && bytes[i] == bytes[i - PERIOD])) {
            run++;
            continue;
        }
        count -= run >= RUN_MIN ? run : 0;
        run = 0;
    }
    return count - (run >= RUN_MIN ? run : 0);
}

static enum rc synth_novel(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes)
{
    struct synth *synth = (struct synth *)ds;
    enum rc rc = synth_payload(synth, file, version);
    *bytes = 0;
    for (size_t i = 0; rc == RC_OK && i < synth->cache.fresh.count; i++) {
        struct geometry_range range = synth->cache.fresh.at[i];
        *bytes += bytes_that_say(synth->cache.payload.ptr + range.start, range.end - range.start);
    }
    return rc;
}

static enum rc synth_event(struct dataset *ds, uint64_t index, struct history_event *out)
{
    uint32_t file = (uint32_t)(index / 2);
    *out = (struct history_event){.kind = HISTORY_DELETE, .file = file, .group = index / 2};
    if (index % 2 == 0) {
        out->kind = HISTORY_CREATE;
        out->file += ds->file_count;
    }
    return RC_OK;
}

const struct dataset_ops dataset_synth = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "synth",
    .summary = "factorial: class x size x duplicates x saving x edits, each chosen by itself",
    .warning = NULL,
    .state_size = sizeof(struct synth),
    .opts = synth_opts,
    .open = synth_open,
    .close = synth_close,
    .path = synth_path,
    .content = synth_content,
    .novel = synth_novel,
    .event = synth_event,
};
