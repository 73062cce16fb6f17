/* twin_content.c: the bytes of a twin's files, and what can be derived from its description. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/derive.h"
#include "datasets/edit.h"
#include "datasets/pen.h"
#include "datasets/saving_curve.h"
#include "datasets/twin.h"
#include "engine/handler.h"

bool twin_kind_init(struct twin_kind *kind, const char *handler, const struct content_class *class)
{
    const struct handler *found = NULL;
    for (size_t i = 0; i < handler_count(); i++)
        if (strcmp(handler_at(i)->name, handler) == 0)
            found = handler_at(i);
    if (!found || !class || !class->mix)
        return false;
    *kind = (struct twin_kind){.handler = found->name, .class = class};
    /* Texts go by their class; what no row owns by a name that none does. */
    const char *words = strcmp(found->name, "text_source") == 0 ? class->extension
                        : found->extensions[0]                  ? found->extensions
                                                                : "bin";
    size_t len = strcspn(words, " ");
    CHECK(len < sizeof(kind->extension));
    memcpy(kind->extension, words, len);
    return true;
}

/* ---- derived --------------------------------------------------------------------------------- */

static enum rc derive_rows(struct twin *twin, struct err *err)
{
    uint64_t files = 0, bytes = 0;
    for (size_t i = 0; i < twin->row_count; i++) {
        struct twin_row *row = &twin->rows[i];
        uint64_t made = 0;
        row->first = (uint32_t)files;
        files += row->count;
        if (files > DATASET_FILES_MAX)
            return FAIL(err, RC_USAGE, 0, "more than %" PRIu32 " files", DATASET_FILES_MAX);
        for (uint32_t k = 0; k < row->part_count; k++)
            made += twin->parts[row->part + k].len;
        if (row->part_count != 0 && made != row->size)
            return FAIL(err, RC_USAGE, 0,
                        "the parts of row %zu have %" PRIu64 " bytes, the row %" PRIu64, i, made,
                        row->size);
        if (row->copy_of != TWIN_NO_COPY &&
            (twin->rows[row->copy_of].size != row->size || twin->rows[row->copy_of].count != 1))
            return FAIL(err, RC_USAGE, 0, "row %zu is a copy of row %" PRIu32 ", of another length",
                        i, row->copy_of);
        if (row->first < twin->base_files)
            bytes += (row->size + row->size_last) * row->count / 2;
    }
    if (twin->base_files > files || twin->base_files == 0)
        return FAIL(err, RC_USAGE, 0, "%" PRIu32 " base files of %" PRIu64, twin->base_files,
                    files);
    twin->file_count = (uint32_t)files;
    twin->base_bytes = bytes;
    return RC_OK;
}

static enum rc derive_owners(struct twin *twin, struct err *err)
{
    uint32_t *lens = calloc(twin->id_count + 1, sizeof(*lens));
    twin->owners = calloc(twin->id_count + 1, sizeof(*twin->owners));
    enum rc rc = lens && twin->owners ? RC_OK : FAIL(err, RC_NOMEM, 0, "no memory for parts");
    for (size_t i = 0; rc == RC_OK && i < twin->row_count; i++)
        for (uint32_t k = 0; rc == RC_OK && k < twin->rows[i].part_count; k++) {
            const struct twin_part *part = &twin->parts[twin->rows[i].part + k];
            if (part->id == 0)
                continue;
            if (lens[part->id] == 0) {
                lens[part->id] = part->len;
                twin->owners[part->id] = (uint32_t)i;
            } else if (lens[part->id] != part->len) {
                rc = FAIL(err, RC_USAGE, 0,
                          "part %" PRIu32 " has %" PRIu32 " bytes in one place and %" PRIu32
                          " in another",
                          part->id, lens[part->id], part->len);
            }
        }
    free(lens);
    return rc;
}

/* Every event follows from what is there: files exist, what is kept was there. */
static enum rc derive_event(struct twin *twin, uint32_t *last, size_t i, struct err *err)
{
    struct twin_event *event = &twin->events[i];
    event->version = twin->versions[event->file] - 1;
    if (!event->content)
        return RC_OK;
    uint32_t before = last[event->file];
    uint64_t old = before ? twin->events[before - 1].length : twin_row_of(twin, event->file)->size;
    if (event->prefix + event->suffix > (old < event->length ? old : event->length))
        return FAIL(err, RC_USAGE, 0, "event %zu keeps more bytes than there are", i);
    if (before)
        twin->events[before - 1].next = (uint32_t)i + 1;
    else
        twin->first_event[event->file] = (uint32_t)i + 1;
    event->version = twin->versions[event->file]++;
    last[event->file] = (uint32_t)i + 1;
    return RC_OK;
}

static enum rc derive_events(struct twin *twin, uint32_t *last, struct err *err)
{
    uint32_t created = twin->base_files;
    uint64_t group = 0;
    for (uint32_t file = 0; file < twin->file_count; file++)
        twin->versions[file] = 1;
    for (size_t i = 0; i < twin->event_count; i++) {
        struct twin_event *event = &twin->events[i];
        bool creates = event->kind == HISTORY_CREATE && !event->content;
        if (event->group < group || event->file >= twin->file_count ||
            (creates ? event->file != created : event->file >= created))
            return FAIL(err, RC_USAGE, 0, "event %zu does not follow from those before it", i);
        if (twin_row_of(twin, event->file)->count != 1)
            return FAIL(err, RC_USAGE, 0, "event %zu is of a file that is not described alone", i);
        event->next = 0;
        group = event->group;
        created += creates;
        enum rc rc = derive_event(twin, last, i, err);
        if (rc != RC_OK)
            return rc;
    }
    if (created != twin->file_count)
        return FAIL(err, RC_USAGE, 0, "%" PRIu32 " files beyond the base are created by no event",
                    twin->file_count - created);
    return RC_OK;
}

static void release_derived(struct twin *twin)
{
    free(twin->owners);
    free(twin->first_event);
    free(twin->versions);
    twin->owners = twin->first_event = twin->versions = NULL;
}

enum rc twin_derive(struct twin *twin, struct err *err)
{
    release_derived(twin);
    enum rc rc = derive_rows(twin, err);
    if (rc == RC_OK)
        rc = derive_owners(twin, err);
    if (rc != RC_OK)
        return rc;
    uint32_t *last = calloc(twin->file_count, sizeof(*last));
    twin->first_event = calloc(twin->file_count, sizeof(*twin->first_event));
    twin->versions = calloc(twin->file_count, sizeof(*twin->versions));
    if (!last || !twin->first_event || !twin->versions)
        rc = FAIL(err, RC_NOMEM, 0, "no memory for %" PRIu32 " files", twin->file_count);
    if (rc == RC_OK)
        rc = derive_events(twin, last, err);
    free(last);
    return rc;
}

void twin_release(struct twin *twin)
{
    release_derived(twin);
    free(twin->kinds);
    free(twin->rows);
    free(twin->parts);
    free(twin->events);
    *twin = (struct twin){.kinds = NULL};
}

/* ---- asking ---------------------------------------------------------------------------------- */

static size_t row_index(const struct twin *twin, uint32_t file)
{
    size_t low = 0, high = twin->row_count;
    CHECK(file < twin->file_count);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (twin->rows[middle].first <= file)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const struct twin_row *twin_row_of(const struct twin *twin, uint32_t file)
{
    return &twin->rows[row_index(twin, file)];
}

uint32_t twin_versions(const struct twin *twin, uint32_t file)
{
    return twin->versions[file];
}

/* ---- bytes ----------------------------------------------------------------------------------- */

#define FILLER_LEN   ((size_t)1024)
#define FAR_LEN      ((size_t)256)
#define FAR_DISTANCE ((size_t)64 << 10)

/* Streams of version 0 are the description's own, as a real file is what it is under any seed. */
static struct rng stream_of(const struct twin *twin, const char *name, uint32_t a, uint32_t b)
{
    return edit_stream(twin->salt, name, a, b);
}

/* A kilobyte of which the first bytes are random and the others pieces of those: as many as make a
 * codec save `saved`.  No period: chunkers find as many places to cut as in other content. */
static void put_filler_block(uint32_t saved, uint64_t *state, uint8_t *dst, size_t len)
{
    enum { PIECE = 64, PIECE_PACKED = 4 };
    size_t kept = len * (size_t)(10000 - saved) / 10000;
    size_t least = len * PIECE_PACKED / PIECE;
    size_t random = kept > least ? (kept - least) * PIECE / (PIECE - PIECE_PACKED) : 0;
    random = random < PIECE ? PIECE : random < len ? random : len;
    size_t at = 0;
    for (; at < random && at + 8 <= len; at += 8)
        pen_word(dst + at, pen_draw(state));
    while (at < len) {
        size_t from = (size_t)((pen_draw(state) >> 32) * (random - PIECE / 2) >> 32);
        size_t piece = at - from < PIECE ? at - from : PIECE;
        piece = piece < len - at ? piece : len - at;
        memcpy(dst + at, dst + from, piece);
        at += piece;
    }
}

static void put_filler(const struct twin_row *row, uint64_t seed, uint8_t *dst, size_t len)
{
    uint64_t owed = 0;
    for (size_t at = 0; at + FILLER_LEN <= len; at += FILLER_LEN) {
        owed += row->filler;
        if (owed < 10000)
            continue;
        owed -= 10000;
        put_filler_block(row->saved, &seed, dst + at, FILLER_LEN);
    }
}

static void put_far(const struct twin_row *row, uint8_t *dst, size_t len)
{
    uint64_t owed = 0;
    for (size_t at = FAR_DISTANCE + FAR_LEN; at + FAR_LEN <= len; at += FAR_LEN) {
        owed += row->far;
        if (owed < 10000)
            continue;
        owed -= 10000;
        memcpy(dst + at, dst + at - FAR_DISTANCE - FAR_LEN / 2, FAR_LEN);
    }
}

static void fill(const struct twin *twin, const struct twin_row *row, struct rng rng, uint8_t *dst,
                 size_t len)
{
    uint64_t seed = rng_u64(&rng);
    twin->kinds[row->kind].class->mix(seed, row->mix, dst, len);
    if (row->filler != 0)
        put_filler(row, seed, dst, len);
    if (row->far != 0)
        put_far(row, dst, len);
}

static void fill_parts(const struct twin *twin, uint32_t index, const struct twin_row *row,
                       uint8_t *dst, size_t len_max)
{
    size_t at = 0;
    for (uint32_t k = 0; k < row->part_count && at < len_max; k++) {
        const struct twin_part *part = &twin->parts[row->part + k];
        uint32_t owner = part->id ? twin->owners[part->id] : index;
        struct rng rng = part->id ? stream_of(twin, "twin.part", part->id, 0)
                                  : stream_of(twin, "twin.new", index, k);
        size_t len = part->len < len_max - at ? part->len : len_max - at;
        fill(twin, owner == index ? row : &twin->rows[owner], rng, dst + at, len);
        at += len;
    }
}

enum rc twin_try(const struct twin *twin, uint32_t index, const struct twin_row *as, size_t len_max,
                 struct buf *out, struct err *err)
{
    enum rc rc = buf_resize(out, as->size < len_max ? (size_t)as->size : len_max, err);
    if (rc != RC_OK)
        return rc;
    if (as->part_count != 0)
        fill_parts(twin, index, as, out->ptr, out->len);
    else
        fill(twin, as, stream_of(twin, "twin.file", as->first, 0), out->ptr, out->len);
    return RC_OK;
}

/* File `k` of a row of many: some are the first, all share its front. */
static enum rc grouped(const struct twin *twin, const struct twin_row *row, uint32_t k,
                       struct buf *out, struct err *err)
{
    bool copy = (uint64_t)(k + 1) * row->copies / 10000 != (uint64_t)k * row->copies / 10000;
    uint64_t step = row->count > 1 ? (row->size_last - row->size) * k / (row->count - 1) : 0;
    uint64_t size = copy ? row->size : row->size + step;
    size_t front = copy ? (size_t)size : (size_t)(size * row->shared / 10000);
    enum rc rc = buf_resize(out, (size_t)size, err);
    if (rc != RC_OK || out->len == 0)
        return rc;
    fill(twin, row, stream_of(twin, "twin.file", row->first, 0), out->ptr, front);
    fill(twin, row, stream_of(twin, "twin.file", row->first + k, 1), out->ptr + front,
         out->len - front);
    return RC_OK;
}

static enum rc first_content(const struct twin *twin, uint32_t file, struct buf *out,
                             struct err *err)
{
    size_t index = row_index(twin, file);
    const struct twin_row *row = &twin->rows[index];
    if (row->count > 1)
        return grouped(twin, row, file - row->first, out, err);
    if (row->copy_of != TWIN_NO_COPY)
        index = row->copy_of;
    return twin_try(twin, (uint32_t)index, &twin->rows[index], SIZE_MAX, out, err);
}

/* The window between what is kept, as the event says. */
static enum rc apply_event(const struct twin *twin, size_t index, struct buf *out, struct err *err)
{
    const struct twin_event *event = &twin->events[index];
    const struct twin_row *row = twin_row_of(twin, event->file);
    size_t old = out->len, window = (size_t)(event->length - event->prefix - event->suffix);
    CHECK(event->prefix + event->suffix <= old);
    enum rc rc = buf_resize(out, old > event->length ? old : (size_t)event->length, err);
    if (rc != RC_OK)
        return rc;
    if (event->suffix != 0)
        memmove(out->ptr + event->prefix + window, out->ptr + old - event->suffix,
                (size_t)event->suffix);
    if (window != 0)
        fill(twin, row, stream_of(twin, "twin.event", event->file, event->version),
             out->ptr + event->prefix, window);
    return buf_resize(out, (size_t)event->length, err);
}

void twin_palette(const struct twin_row *row, bool text, struct span content,
                  uint8_t palette[TWIN_PALETTE_LEN])
{
    uint32_t counts[256] = {0};
    unsigned commonest = 0;
    for (uint32_t i = 0; i < TWIN_PALETTE_LEN; i++) {
        palette[i] = content.len ? content.ptr[(uint64_t)i * content.len / TWIN_PALETTE_LEN] : ' ';
        counts[palette[i]]++;
    }
    for (unsigned value = 0; value < 256; value++)
        commonest = counts[value] > counts[commonest] ? value : commonest;
    /* Every so many, all over: neighbours in the content must not be neighbours in what is left. */
    for (uint32_t i = 0, plain = 0, spread = 0; i < TWIN_PALETTE_LEN; i++) {
        plain += row->plain;
        spread += row->spread;
        if (plain >= 10000) {
            plain -= 10000;
            palette[i] = (uint8_t)commonest;
        } else if (spread >= 10000) {
            spread -= 10000;
            palette[i] = text ? (uint8_t)(' ' + i % 95) : (uint8_t)(i >> 1);
        }
    }
}

static bool is_text(const struct twin *twin, uint32_t file)
{
    return strcmp(twin->kinds[twin_row_of(twin, file)->kind].handler, "text_source") == 0;
}

enum rc twin_content(const struct twin *twin, uint64_t seed, uint32_t file, uint32_t version,
                     struct buf *out, struct err *err)
{
    /* As imported files (derive.h): what is inserted is a fork, edited once to become version 0. */
    bool fork = file >= twin->file_count;
    uint32_t origin = fork ? derive_origin(seed, file - twin->file_count, twin->base_files) : file;
    uint32_t real = fork ? 0 : twin_versions(twin, file);
    uint8_t palette[TWIN_PALETTE_LEN];
    enum rc rc = first_content(twin, origin, out, err);
    for (uint32_t at = fork ? 0 : twin->first_event[file]; rc == RC_OK && at != 0;
         at = twin->events[at - 1].next) {
        if (twin->events[at - 1].version > version)
            break;
        rc = apply_event(twin, at - 1, out, err);
    }
    if (version >= real)
        twin_palette(twin_row_of(twin, origin), is_text(twin, origin), buf_span(out), palette);
    for (uint32_t v = real; v <= version && rc == RC_OK; v++) {
        struct rng rng = edit_stream(seed, "files.edit", file, v);
        rc = edit_apply_from(out, &rng, span_of(palette, sizeof(palette)), err);
    }
    return rc;
}
