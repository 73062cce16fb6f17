/* media.c: compressed media whose metadata is edited in place or grows and shifts the payload.
 *
 * A file is a magic, a metadata region of at most 1 KiB and a payload of random bytes; types cycle
 * gif, png, mp4, jpg.  A share `duplicates` of the files is another file's copy under its own path,
 * as in real collections; copies diverge once they are updated.
 *
 * Update v edits the metadata only, as tagging, rating and re-captioning do:
 *   60 %  rewrite 128..512 B near the front, nothing moves: fixed blocks behind it are shared
 *   40 %  insert a block of 64 B..4 KiB before the metadata: the payload shifts, so fixed blocks
 *         share nothing and content-defined chunks share the payload
 *
 * Version v is written from the back: payload, first metadata, then each inserted block before
 * what is there, with rewrites in between; no byte is ever moved.
 */
#include "datasets/dataset.h"
#include "datasets/edit.h"
#include "datasets/magic.h"

#include <inttypes.h>

#define PATH_FOLDERS     64u
#define METADATA_LEN_MAX ((size_t)1024)
#define INSERT_PERCENT   40u
#define INSERT_LEN_MIN   ((size_t)64)
#define INSERT_LEN_MAX   ((size_t)4096)
#define REWRITE_LEN_MIN  ((size_t)128)
#define REWRITE_LEN_MAX  ((size_t)512)
/* Rewrites stay in the first KiB: that is where editors keep what they change. */
#define REWRITE_ZONE ((size_t)1024)

struct media {
    struct dataset base;
    uint64_t files, size;
    double duplicates;
};

static const struct opt media_opts[] = {
    {.name = "files",
     .type = OPT_COUNT,
     .offset = offsetof(struct media, files),
     .min = 1,
     .max = (double)DATASET_FILES_MAX,
     .def = "96",
     .help = "files before inserts"},
    {.name = "size",
     .type = OPT_SIZE,
     .offset = offsetof(struct media, size),
     .min = 256,
     .max = (double)BLOB_BYTES_MAX,
     .def = "64KiB",
     .help = "bytes of every file before updates"},
    {.name = "duplicates",
     .type = OPT_RATE,
     .offset = offsetof(struct media, duplicates),
     .min = 0,
     .max = 1,
     .def = "0.1",
     .help = "share of files that are copies of another file"},
    {.name = NULL},
};

/* One update, drawn from its stream; `rng` goes on to give the new bytes. */
struct media_edit {
    struct rng rng;
    bool insert;
    size_t insert_len;
};

static enum rc media_open(struct dataset *ds)
{
    ds->file_count = (uint32_t)((const struct media *)ds)->files;
    return RC_OK;
}

/* The file whose version 0 this file's version 0 is; usually itself. */
static uint32_t origin_of(const struct media *media, uint32_t file)
{
    while (file > 0) {
        struct rng rng = edit_stream(media->base.seed, "media.copy", file, 0);
        if (rng_unit(&rng) >= media->duplicates)
            break;
        file = (uint32_t)rng_below(&rng, file);
    }
    return file;
}

static enum rc media_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    uint32_t origin = origin_of((const struct media *)ds, file);
    buf_clear(out);
    return buf_printf(out, ds->err, "media/%02" PRIu32 "/file-%07" PRIu32 ".%s",
                      file % PATH_FOLDERS, file, magic_of(origin)->extension);
}

static struct media_edit draw_edit(const struct media *media, uint32_t file, uint32_t version)
{
    struct media_edit edit;
    edit.rng = edit_stream(media->base.seed, "media.update", file, version);
    edit.insert = rng_below(&edit.rng, 100) < INSERT_PERCENT;
    edit.insert_len = 0;
    if (edit.insert)
        edit.insert_len =
            INSERT_LEN_MIN + (size_t)rng_below(&edit.rng, INSERT_LEN_MAX - INSERT_LEN_MIN + 1);
    return edit;
}

/* Bytes that updates 1..version insert. */
static uint64_t growth_of(const struct media *media, uint32_t file, uint32_t version)
{
    uint64_t growth = 0;
    for (uint32_t v = 1; v <= version; v++)
        growth += draw_edit(media, file, v).insert_len;
    return growth;
}

/* A rewrite's window in `len` bytes of metadata; `rng` goes on to give the new bytes. */
static struct edit_window draw_window(struct rng *rng, size_t len)
{
    size_t zone = len < REWRITE_ZONE ? len : REWRITE_ZONE;
    return edit_window_draw(rng, zone, REWRITE_LEN_MIN, REWRITE_LEN_MAX);
}

static size_t first_metadata_len(const struct media *media, const struct magic *magic)
{
    size_t half = ((size_t)media->size - magic->len) / 2;
    return half < METADATA_LEN_MAX ? half : METADATA_LEN_MAX;
}

/* The metadata is at[0..len); inserted blocks go right before it.  Returns its new start. */
static uint8_t *apply_edit(struct media_edit *edit, uint8_t *at, size_t len)
{
    if (edit->insert) {
        at -= edit->insert_len;
        rng_fill(&edit->rng, at, edit->insert_len);
        return at;
    }
    struct edit_window window = draw_window(&edit->rng, len);
    rng_fill(&edit->rng, at + window.start, window.len);
    return at;
}

static enum rc media_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    const struct media *media = (const struct media *)ds;
    uint64_t len = media->size + growth_of(media, file, version);
    if (len > BLOB_BYTES_MAX)
        return FAIL(ds->err, RC_USAGE, 0,
                    "media: version %" PRIu32 " of file %" PRIu32 " has %" PRIu64
                    " bytes (at most %zu)",
                    version, file, len, BLOB_BYTES_MAX);
    enum rc rc = buf_resize(out, (size_t)len, ds->err);
    if (rc != RC_OK)
        return rc;

    uint32_t origin = origin_of(media, file);
    const struct magic *magic = magic_of(origin);
    size_t metadata_len = first_metadata_len(media, magic);
    size_t base_len = (size_t)media->size - magic->len; /* first metadata and payload */
    uint8_t *at = out->ptr + len - base_len;
    struct rng rng = edit_stream(ds->seed, "media.bytes", origin, 0);
    rng_fill(&rng, at, base_len);
    for (uint32_t v = 1; v <= version; v++) {
        struct media_edit edit = draw_edit(media, file, v);
        at = apply_edit(&edit, at, metadata_len);
        metadata_len += edit.insert_len;
    }
    CHECK(at == out->ptr + magic->len);
    magic_write(magic, out->ptr, out->len);
    return RC_OK;
}

static enum rc media_novel(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes)
{
    const struct media *media = (const struct media *)ds;
    uint32_t origin = origin_of(media, file);
    const struct magic *magic = magic_of(origin);
    *bytes = origin == file ? media->size - magic->len : 0;
    if (version == 0)
        return RC_OK;
    struct media_edit edit = draw_edit(media, file, version);
    *bytes = edit.insert_len;
    if (!edit.insert) {
        size_t grown = (size_t)growth_of(media, file, version - 1);
        *bytes = draw_window(&edit.rng, first_metadata_len(media, magic) + grown).len;
    }
    return RC_OK;
}

const struct dataset_ops dataset_media = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "media",
    .summary = "gif, png, mp4 and jpg look-alikes with some copies; updates edit or grow metadata",
    .warning = NULL,
    .state_size = sizeof(struct media),
    .opts = media_opts,
    .open = media_open,
    .path = media_path,
    .content = media_content,
    .novel = media_novel,
};
