#include "datasets/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/chunk_list.h"
#include "engine/chunker.h"
#include "engine/codec.h"
#include "engine/quantile.h"

enum { LEVEL = 3, EXTENSIONS_TOLD_APART = 1024, BLOCK = 4096, SNIFF = 65536 };
static const size_t averages[PROFILE_LEVELS] = {8 << 10, PROFILE_PIECE, 64 << 10};

/* A profile under way. */
struct profiler {
    struct profile *profile;
    struct dataset *ds;
    struct codec_set *codecs;
    struct chunk_list lists[PROFILE_LEVELS];
    uint32_t *newest; /* version of every file that exists or did */
    struct buf path, content, before, packed;
    struct err *err;
};

/* ---- one content ----------------------------------------------------------------------------- */

double profile_entropy(struct span bytes)
{
    uint64_t counts[256] = {0};
    double bits = 0, len = (double)bytes.len;
    for (size_t i = 0; i < bytes.len; i++)
        counts[bytes.ptr[i]]++;
    for (unsigned i = 0; i < 256; i++)
        if (counts[i] != 0)
            bits += (double)counts[i] / len * log2(len / (double)counts[i]);
    return bits;
}

static uint8_t zero_share(struct span bytes)
{
    static const uint8_t zeros[BLOCK];
    size_t blocks = bytes.len / BLOCK, found = 0;
    for (size_t i = 0; i < blocks; i++)
        found += memcmp(bytes.ptr + i * BLOCK, zeros, BLOCK) == 0;
    return (uint8_t)(255 * found / (blocks != 0 ? blocks : 1) & 255);
}

static bool is_text(struct span bytes)
{
    size_t len = bytes.len < SNIFF ? bytes.len : SNIFF;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = bytes.ptr[i];
        if (byte == 127 || (byte < ' ' && (byte < '\t' || byte > '\r') && byte != 27))
            return false;
    }
    return len > 0;
}

static uint8_t first_mark(struct span bytes)
{
    for (size_t i = 0; i < bytes.len && i < SNIFF; i++)
        if (bytes.ptr[i] > ' ')
            return bytes.ptr[i];
    return 0;
}

static void copy_extension(char dst[PROFILE_EXTENSION_SIZE], struct span path)
{
    struct span extension = path_extension(path);
    size_t len = extension.len < PROFILE_EXTENSION_SIZE ? extension.len : 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = extension.ptr[i];
        dst[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    }
    dst[len] = '\0';
}

enum rc profile_pack(struct codec_set *codecs, struct span plain, struct buf *work,
                     uint64_t *packed, struct err *err)
{
    const struct codec_policy policy = {CODEC_ZSTD, LEVEL, 0};
    enum codec_id used;
    enum rc rc = codec_pack(codecs, &policy, false, plain, work, &used, err);
    *packed = rc == RC_OK && used != CODEC_NONE ? work->len : plain.len;
    return rc;
}

enum rc profile_pack_pieces(struct codec_set *codecs, struct span plain, struct buf *work,
                            uint64_t *packed, struct err *err)
{
    struct chunker chunker;
    enum rc rc = chunker_init(&chunker, CHUNKER_FASTCDC, PROFILE_PIECE / 4, PROFILE_PIECE,
                              4 * PROFILE_PIECE, 2, err);
    *packed = 0;
    for (size_t at = 0, len; rc == RC_OK && at < plain.len; at += len) {
        uint64_t piece;
        len = chunker_next(&chunker, span_of(plain.ptr + at, plain.len - at));
        rc = profile_pack(codecs, span_of(plain.ptr + at, len), work, &piece, err);
        *packed += piece;
    }
    return rc;
}

/* What is in p->content, under the path in p->path. */
static enum rc describe(struct profiler *p, struct profile_file *file)
{
    struct span bytes = buf_span(&p->content), path = buf_span(&p->path);
    file->size = bytes.len;
    file->hash = hash_xxh128(bytes);
    file->copy_of = PROFILE_NO_COPY;
    file->handler = (uint16_t)handler_index(handler_match(path, bytes));
    file->text = is_text(bytes);
    file->first = first_mark(bytes);
    file->zeros = zero_share(bytes);
    file->entropy = profile_entropy(bytes);
    copy_extension(file->extension, path);
    enum rc rc = profile_pack(p->codecs, bytes, &p->packed, &file->packed, p->err);
    return rc == RC_OK ? profile_pack_pieces(p->codecs, bytes, &p->packed, &file->pieces, p->err)
                       : rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void count_type(struct profile_type *type, const struct profile_file *file, double bits)
{
    type->files++;
    type->bytes += file->size;
    type->packed_bytes += file->packed;
    type->entropy_bits += bits;
}

static void count_extension(struct profile *profile, const struct profile_file *file, double bits)
{
    size_t i = 0;
    while (i < profile->extension_count &&
           strcmp(profile->extensions[i].extension, file->extension) != 0)
        i++;
    if (i == EXTENSIONS_TOLD_APART) {
        count_type(&profile->other_extensions, file, bits);
        return;
    }
    if (i == profile->extension_count) {
        profile->extensions[i] = (struct profile_type){.files = 0};
        memcpy(profile->extensions[i].extension, file->extension, sizeof(file->extension));
        profile->extension_count++;
    }
    count_type(&profile->extensions[i], file, bits);
}

static void count_file(struct profiler *p, const struct profile_file *file)
{
    double bits = file->entropy * (double)file->size;
    struct profile *profile = p->profile;
    unsigned bucket = 0;
    for (uint64_t size = file->size; size != 0; size >>= 1)
        bucket++;
    profile->histogram[bucket < PROFILE_SIZE_BITS ? bucket : PROFILE_SIZE_BITS - 1]++;
    count_type(&profile->all, file, bits);
    count_type(&profile->handlers[file->handler], file, bits);
    count_extension(profile, file, bits);
}

static enum rc read_file(struct profiler *p, uint32_t index, uint32_t version)
{
    enum rc rc = dataset_path(p->ds, index, &p->path);
    return rc == RC_OK ? dataset_content(p->ds, index, version, &p->content) : rc;
}

static enum rc add_base_files(struct profiler *p)
{
    struct profile *profile = p->profile;
    enum rc rc = RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < p->ds->file_count; i++) {
        struct profile_file *file = &profile->files[i];
        rc = read_file(p, i, 0);
        if (rc == RC_OK)
            rc = describe(p, file);
        if (rc != RC_OK)
            return rc;
        count_file(p, file);
        profile->hash = hash128_fold(profile->hash, hash_xxh128(buf_span(&p->path)));
        profile->hash = hash128_fold(profile->hash, file->hash);
        profile->sizes[i] = (double)file->size;
        /* Copies take part: sharing is counted below, for those that are none. */
        for (size_t level = 0; rc == RC_OK && level < PROFILE_LEVELS; level++)
            rc = chunk_list_add(&p->lists[level], buf_span(&p->content), i, p->err);
    }
    return rc;
}

/* ---- copies ---------------------------------------------------------------------------------- */

struct known {
    struct hash128 hash;
    uint64_t size;
    uint32_t index;
};

static int compare_known(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    int order = memcmp(x->hash.bytes, y->hash.bytes, sizeof(x->hash.bytes));
    if (order == 0)
        order = (x->size > y->size) - (x->size < y->size);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static enum rc find_copies(struct profile *profile, struct err *err)
{
    struct known *known = malloc((profile->file_count + 1) * sizeof(*known));
    if (!known)
        return FAIL(err, RC_NOMEM, 0, "no memory to compare %zu files", profile->file_count);
    for (size_t i = 0; i < profile->file_count; i++)
        known[i] = (struct known){profile->files[i].hash, profile->files[i].size, (uint32_t)i};
    qsort(known, profile->file_count, sizeof(*known), compare_known);
    for (size_t i = 1, first = 0; i < profile->file_count; i++) {
        if (hash128_equal(known[i].hash, known[first].hash) && known[i].size == known[first].size)
            profile->files[known[i].index].copy_of = known[first].index;
        else
            first = i;
    }
    free(known);
    for (size_t i = 0; i < profile->base_count; i++) {
        const struct profile_file *file = &profile->files[i];
        bool copy = file->copy_of != PROFILE_NO_COPY;
        profile->copy_files += copy;
        profile->copy_bytes += copy ? file->size : 0;
        if (!copy)
            count_type(&profile->distinct, file, 0);
    }
    return RC_OK;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static enum rc count_chunks(struct profiler *p, size_t level)
{
    const struct chunk_list *list = &p->lists[level];
    struct profile_chunks *out = &p->profile->levels[level];
    uint32_t distinct;
    uint32_t *ids = malloc((list->count + 1) * sizeof(*ids));
    if (!ids)
        return FAIL(p->err, RC_NOMEM, 0, "no memory to count %zu chunks", list->count);
    enum rc rc = chunk_list_ids(list, ids, &distinct, p->err);
    bool *seen = rc == RC_OK ? calloc((size_t)distinct + 1, sizeof(*seen)) : NULL;
    if (rc == RC_OK && !seen)
        rc = FAIL(p->err, RC_NOMEM, 0, "no memory to count %zu chunks", list->count);
    out->average = averages[level];
    for (size_t i = 0; rc == RC_OK && i < list->count; i++) {
        const struct chunk *chunk = &list->chunks[i];
        if (p->profile->files[chunk->content].copy_of != PROFILE_NO_COPY)
            continue;
        bool again = ids[i] != 0 && seen[ids[i]];
        seen[ids[i]] = true;
        out->chunks++;
        out->bytes += chunk->len;
        out->repeated_chunks += again;
        out->repeated_bytes += again ? chunk->len : 0;
    }
    free(seen);
    free(ids);
    return rc;
}

/* ---- history --------------------------------------------------------------------------------- */

const char *profile_edit_name(enum profile_edit kind)
{
    static const char *const names[PROFILE_EDIT_KINDS] = {
        "identical", "overwrite", "insert", "delete", "prepend", "append", "truncate", "replace"};
    CHECK(kind < PROFILE_EDIT_KINDS);
    return names[kind];
}

struct profile_change profile_compare(struct span before, struct span after)
{
    struct profile_change change = {.old_len = before.len, .new_len = after.len};
    size_t most = before.len < after.len ? before.len : after.len;
    while (change.prefix < most && before.ptr[change.prefix] == after.ptr[change.prefix])
        change.prefix++;
    most -= change.prefix;
    while (change.suffix < most &&
           before.ptr[before.len - 1 - change.suffix] == after.ptr[after.len - 1 - change.suffix])
        change.suffix++;
    return change;
}

enum profile_edit profile_change_kind(const struct profile_change *change)
{
    uint64_t kept = change->prefix + change->suffix;
    uint64_t gone = change->old_len - kept, fresh = change->new_len - kept;
    if (gone == 0 && fresh == 0)
        return PROFILE_EDIT_NONE;
    if (gone == fresh)
        return PROFILE_EDIT_OVERWRITE;
    if (gone == 0)
        return change->suffix == 0   ? PROFILE_EDIT_APPEND
               : change->prefix == 0 ? PROFILE_EDIT_PREPEND
                                     : PROFILE_EDIT_INSERT;
    if (fresh == 0)
        return change->suffix == 0 ? PROFILE_EDIT_TRUNCATE : PROFILE_EDIT_DELETE;
    return PROFILE_EDIT_REPLACE;
}

static enum rc count_change(struct profiler *p, const struct history_event *event)
{
    struct profile_history *history = &p->profile->history;
    enum rc rc = dataset_content(p->ds, event->file, p->newest[event->file], &p->before);
    if (rc == RC_OK)
        rc = dataset_content(p->ds, event->file, event->version, &p->content);
    if (rc != RC_OK)
        return rc;
    struct profile_change change = profile_compare(buf_span(&p->before), buf_span(&p->content));
    uint64_t fresh = change.new_len - change.prefix - change.suffix;
    history->changed++;
    history->kinds[profile_change_kind(&change)]++;
    history->new_bytes += fresh;
    history->written_bytes += change.new_len;
    history->windows[history->count] = (double)fresh;
    history->positions[history->count++] =
        change.old_len != 0 ? (double)change.prefix / (double)change.old_len : 0;
    return RC_OK;
}

static enum rc count_event(struct profiler *p, const struct history_event *event, bool *touched)
{
    struct profile_history *history = &p->profile->history;
    struct profile *profile = p->profile;
    enum rc rc = RC_OK;
    if (event->kind == HISTORY_DELETE) {
        history->deleted++;
    } else if (event->kind == HISTORY_CREATE && event->file >= profile->file_count) {
        CHECK(event->file == profile->file_count);
        history->created++;
        rc = read_file(p, event->file, event->version);
        if (rc == RC_OK)
            rc = describe(p, &profile->files[profile->file_count++]);
    } else {
        rc = count_change(p, event);
        if (event->file < profile->base_count && !touched[event->file]) {
            touched[event->file] = true;
            history->changed_files++;
        }
    }
    if (event->kind != HISTORY_DELETE)
        p->newest[event->file] = event->version;
    return rc;
}

static enum rc add_history(struct profiler *p)
{
    struct profile_history *history = &p->profile->history;
    uint64_t group = UINT64_MAX;
    bool *touched = calloc(p->profile->base_count, sizeof(*touched));
    enum rc rc =
        touched ? RC_OK : FAIL(p->err, RC_NOMEM, 0, "no memory for the files of a history");
    for (uint64_t i = 0; rc == RC_OK && i < p->ds->event_count; i++) {
        struct history_event event;
        rc = dataset_event(p->ds, i, &event);
        if (rc != RC_OK)
            break;
        history->commits += event.group != group;
        group = event.group;
        rc = count_event(p, &event, touched);
    }
    free(touched);
    if (rc == RC_OK && history->count > 0) {
        quantile_sort(history->windows, history->count);
        quantile_sort(history->positions, history->count);
    }
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int compare_types(const void *a, const void *b)
{
    const struct profile_type *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return strcmp(x->extension, y->extension);
}

static void cut_extensions(struct profile *profile)
{
    qsort(profile->extensions, profile->extension_count, sizeof(*profile->extensions),
          compare_types);
    struct profile_type *others = &profile->other_extensions;
    for (; profile->extension_count > PROFILE_EXTENSIONS_MAX; profile->extension_count--) {
        const struct profile_type *last = &profile->extensions[profile->extension_count - 1];
        others->files += last->files;
        others->bytes += last->bytes;
        others->packed_bytes += last->packed_bytes;
        others->entropy_bits += last->entropy_bits;
    }
}

static enum rc prepare(struct profiler *p)
{
    struct profile *profile = p->profile;
    size_t events = (size_t)p->ds->event_count, most = p->ds->file_count + events;
    CHECK(handler_count() <= COUNT_OF(profile->handlers));
    profile->ds = p->ds;
    profile->base_count = profile->file_count = p->ds->file_count;
    profile->files = calloc(most, sizeof(*profile->files));
    profile->extensions = calloc(EXTENSIONS_TOLD_APART, sizeof(*profile->extensions));
    profile->sizes = calloc(p->ds->file_count, sizeof(*profile->sizes));
    profile->history.windows = calloc(events + 1, sizeof(double));
    profile->history.positions = calloc(events + 1, sizeof(double));
    p->newest = calloc(most, sizeof(*p->newest));
    if (!profile->files || !profile->sizes || !profile->extensions || !profile->history.windows ||
        !profile->history.positions || !p->newest)
        return FAIL(p->err, RC_NOMEM, 0, "no memory for %zu files", most);
    enum rc rc = codec_set_new(&p->codecs, p->err);
    for (size_t level = 0; rc == RC_OK && level < PROFILE_LEVELS; level++)
        rc = chunk_list_init(&p->lists[level], averages[level], p->err);
    return rc;
}

enum rc profile_build(struct profile *profile, struct dataset *ds, struct err *err)
{
    struct profiler p = {.profile = profile, .ds = ds, .err = err};
    enum rc rc = prepare(&p);
    if (rc == RC_OK)
        rc = add_base_files(&p);
    if (rc == RC_OK && ds->event_count > 0)
        rc = add_history(&p);
    if (rc == RC_OK)
        rc = find_copies(profile, err);
    for (size_t level = 0; rc == RC_OK && level < PROFILE_LEVELS; level++)
        rc = count_chunks(&p, level);
    if (rc == RC_OK) {
        profile->bytes = profile->all.bytes;
        quantile_sort(profile->sizes, profile->base_count);
        profile->smallest = (uint64_t)profile->sizes[0];
        profile->largest = (uint64_t)profile->sizes[profile->base_count - 1];
        cut_extensions(profile);
    }
    for (size_t level = 0; level < PROFILE_LEVELS; level++)
        chunk_list_release(&p.lists[level]);
    codec_set_free(p.codecs);
    free(p.newest);
    buf_release(&p.path);
    buf_release(&p.content);
    buf_release(&p.before);
    buf_release(&p.packed);
    return rc;
}

void profile_release(struct profile *profile)
{
    free(profile->files);
    free(profile->sizes);
    free(profile->extensions);
    free(profile->history.windows);
    free(profile->history.positions);
    *profile = (struct profile){.ds = NULL};
}
