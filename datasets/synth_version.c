/* synth_version.c: what the versions of a file do to its payload.
 *
 * A version is made from another one: an edit from the version before, an identical rewrite is the
 * version before, a revert is an older one, a copy is version 0 of another file.  To make one, the
 * chain is followed back to a fill or to the payload that is at hand, then edits are applied.
 */
#include "datasets/synth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/edit.h"

/* A revert goes back to one of this many versions before the one before. */
#define REVERT_REACH 4u

/* What of 100 versions `mix` makes; the rest are copies. */
static const struct {
    enum synth_edit edit;
    unsigned below;
} mix[] = {
    {EDIT_OVERWRITE, 30}, {EDIT_INSERT, 45},   {EDIT_DELETE, 55},  {EDIT_PREPEND, 60},
    {EDIT_APPEND, 75},    {EDIT_TRUNCATE, 80}, {EDIT_REWRITE, 88}, {EDIT_REVERT, 94},
};

void synth_payload_release(struct synth *synth)
{
    buf_release(&synth->cache.payload);
    buf_release(&synth->source);
    geometry_ranges_release(&synth->cache.fresh);
    free(synth->versions);
    synth->versions = NULL;
}

/* ---- what a version is ----------------------------------------------------------------------- */

static enum synth_edit drawn_edit(const struct synth *synth, uint32_t file, uint32_t version)
{
    if (synth->edit != EDIT_MIX)
        return (enum synth_edit)synth->edit;
    struct rng rng = edit_stream(synth->base.seed, "synth.kind", file, version);
    uint64_t draw = rng_below(&rng, 100);
    for (size_t i = 0; i < COUNT_OF(mix); i++)
        if (draw < mix[i].below)
            return mix[i].edit;
    return EDIT_COPY;
}

/* Reverting needs an older version, and a revert of a revert is none: of reverts in a row every
 * second one is an overwrite. */
static bool can_revert(const struct synth *synth, uint32_t file, uint32_t version)
{
    uint32_t first = version;
    if (synth->edit == EDIT_REVERT)
        first = 1;
    else
        while (first > 1 && drawn_edit(synth, file, first - 1) == EDIT_REVERT)
            first--;
    uint32_t nth = version - first;
    return first == 1 ? nth % 2 == 1 : nth % 2 == 0;
}

static enum synth_edit edit_of(const struct synth *synth, uint32_t file, uint32_t version)
{
    enum synth_edit edit = drawn_edit(synth, file, version);
    if (edit == EDIT_RENAME)
        return EDIT_REWRITE;
    if (edit == EDIT_REVERT && !can_revert(synth, file, version))
        return EDIT_OVERWRITE;
    if (edit == EDIT_COPY && file == 0 && synth->files == 1)
        return EDIT_OVERWRITE;
    return edit;
}

static uint32_t revert_target(const struct synth *synth, uint32_t file, uint32_t version)
{
    struct rng rng = edit_stream(synth->base.seed, "synth.revert", file, version);
    uint32_t reach = version - 1 < REVERT_REACH ? version - 1 : REVERT_REACH;
    return version - 2 - (uint32_t)rng_below(&rng, reach);
}

/* Any base file but this one. */
static uint32_t copy_source(const struct synth *synth, uint32_t file, uint32_t version)
{
    struct rng rng = edit_stream(synth->base.seed, "synth.copy", file, version);
    uint32_t files = (uint32_t)synth->files;
    if (file >= files)
        return (uint32_t)rng_below(&rng, files);
    uint32_t source = (uint32_t)rng_below(&rng, files - 1);
    return source < file ? source : source + 1;
}

/* ---- version 0 ------------------------------------------------------------------------------- */

static enum rc mark(struct synth_cache *cache, size_t at, size_t len, struct err *err)
{
    struct geometry_splice whole = {.at = at, .removed = len, .added = len};
    return len == 0 ? RC_OK : geometry_mark(whole, &cache->fresh, err);
}

static void fill(const struct synth *synth, const struct content_class *class, uint64_t seed,
                 uint8_t *dst, size_t len)
{
    if (len > 0)
        class->fill(seed, synth->saving, dst, len);
}

/* The cache's payload, `origin.payload` bytes long, becomes a fill of its own with a piece of the
 * original that was an odd number of bytes further on there, or beyond its end and thus at its
 * beginning. */
static enum rc make_shifted(struct synth *synth)
{
    struct synth_cache *cache = &synth->cache;
    const struct synth_origin *origin = &cache->origin;
    size_t len = origin->payload;
    if (len == 0)
        return RC_OK;
    enum rc rc = buf_resize(&synth->source, len, synth->base.err);
    if (rc != RC_OK)
        return rc;
    fill(synth, origin->class, origin->seed, synth->source.ptr, len);

    struct rng rng = edit_stream(synth->base.seed, "synth.shift", origin->file, 0);
    size_t copied = (size_t)((double)len * synth->copied + 0.5);
    size_t at = (size_t)rng_below(&rng, len - copied + 1), end = at + copied;
    size_t from = (at + ((size_t)rng_below(&rng, len) | 1)) % len;
    uint8_t *dst = cache->payload.ptr;
    fill(synth, origin->class, rng_u64(&rng), dst, len);
    size_t first = copied < len - from ? copied : len - from;
    memcpy(dst + at, synth->source.ptr + from, first);
    memcpy(dst + at + first, synth->source.ptr, copied - first);
    rc = mark(cache, 0, at, synth->base.err);
    return rc == RC_OK ? mark(cache, end, len - end, synth->base.err) : rc;
}

static enum rc splice(struct synth *synth, struct geometry_splice edit, uint64_t seed)
{
    struct synth_cache *cache = &synth->cache;
    enum rc rc = geometry_apply(edit, &cache->payload, synth->base.err);
    if (rc == RC_OK)
        rc = geometry_mark(edit, &cache->fresh, synth->base.err);
    if (rc == RC_OK)
        fill(synth, cache->origin.class, seed, cache->payload.ptr + edit.at, edit.added);
    return rc;
}

static enum rc make_base(struct synth *synth, uint32_t file)
{
    struct synth_cache *cache = &synth->cache;
    cache->origin = synth_origin(synth, file);
    const struct synth_origin *origin = &cache->origin;
    cache->fresh.count = 0;
    enum rc rc = buf_resize(&cache->payload, origin->payload, synth->base.err);
    if (rc == RC_OK && origin->kind == ORIGIN_SHIFTED)
        rc = make_shifted(synth);
    else if (rc == RC_OK)
        fill(synth, origin->class, origin->seed, cache->payload.ptr, origin->payload);
    if (rc == RC_OK && origin->kind == ORIGIN_FILL)
        rc = mark(cache, 0, origin->payload, synth->base.err);
    if (rc == RC_OK && origin->kind == ORIGIN_FORK) {
        struct rng rng = edit_stream(synth->base.seed, "synth.fork", origin->file, 0);
        struct geometry_splice fork = synth_fork(synth, origin, &rng);
        rc = splice(synth, fork, rng_u64(&rng));
    }
    if (origin->known)
        cache->fresh.count = 0;
    return rc;
}

/* ---- later versions -------------------------------------------------------------------------- */

static enum rc apply_version(struct synth *synth, uint32_t file, uint32_t version)
{
    struct synth_cache *cache = &synth->cache;
    const struct content_class *class = cache->origin.class;
    struct rng rng = edit_stream(synth->base.seed, "synth.edit", file, version);
    struct rng place = edit_stream(synth->base.seed, "synth.centre", file, 0);
    enum synth_edit edit = edit_of(synth, file, version);
    struct geometry geometry = {
        .kind = (enum geometry_kind)(edit - EDIT_OVERWRITE),
        .locality = (enum geometry_locality)synth->locality,
        .centre = (uint32_t)rng_u64(&place),
        .size = (size_t)synth->edit_size,
        .len_max = class->payload_len ? class->payload_len(BLOB_BYTES_MAX) : BLOB_BYTES_MAX,
    };
    if (edit == EDIT_REVERT || edit == EDIT_COPY)
        geometry.kind = GEOMETRY_OVERWRITE;
    cache->fresh.count = 0;
    enum rc rc = RC_OK;
    for (uint64_t i = 0; rc == RC_OK && i < synth->edits; i++) {
        struct geometry_splice drawn = geometry_draw(&geometry, &rng, cache->payload.len);
        rc = splice(synth, drawn, rng_u64(&rng));
    }
    return rc;
}

static enum rc remember(struct synth *synth, size_t count, uint32_t version)
{
    if (count == synth->version_cap) {
        size_t cap = synth->version_cap * 2 + 64;
        uint32_t *versions = realloc(synth->versions, cap * sizeof(*versions));
        if (versions == NULL)
            return FAIL(synth->base.err, RC_NOMEM, 0, "no memory for %zu versions of a file", cap);
        synth->versions = versions;
        synth->version_cap = cap;
    }
    synth->versions[count] = version;
    return RC_OK;
}

enum rc synth_payload(struct synth *synth, uint32_t file, uint32_t version)
{
    struct synth_cache *cache = &synth->cache;
    bool ours = cache->valid && cache->file == file;
    if (ours && cache->version == version)
        return RC_OK;
    uint32_t at = version, base = file;
    size_t count = 0;
    enum rc rc = RC_OK;
    while (rc == RC_OK && at > 0 && !(ours && cache->version == at)) {
        switch (edit_of(synth, file, at)) {
        case EDIT_REWRITE: at--; break;
        case EDIT_REVERT: at = revert_target(synth, file, at); break;
        case EDIT_COPY:
            base = copy_source(synth, file, at);
            at = 0;
            break;
        default: rc = remember(synth, count++, at--);
        }
    }
    bool at_hand = ours && base == file && cache->version == at;
    cache->valid = false;
    if (rc == RC_OK && !at_hand)
        rc = make_base(synth, base);
    for (size_t i = count; rc == RC_OK && i-- > 0;)
        rc = apply_version(synth, file, synth->versions[i]);
    if (version > 0 && (count == 0 || synth->versions[0] != version))
        cache->fresh.count = 0;
    cache->file = file;
    cache->version = version;
    cache->valid = rc == RC_OK;
    return rc;
}
