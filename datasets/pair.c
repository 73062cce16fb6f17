/* pair.c: two releases, pair:OLD,NEW: folders or archives (tar, zip), each of either kind.
 *
 * The base files are OLD's.  The history is one group of events in path order that makes NEW of it:
 * files that differ are changed (version 1), files that NEW has not are deleted, files that only
 * NEW has are created; a rename is a deletion and a creation.  Folders are read and watched as
 * walk.h does it, archives as packed.h does.  In OLD and NEW a `\` goes before `,` and `\`.
 */
#include <string.h>

#include "datasets/import.h"
#include "datasets/packed.h"

/* One release. */
struct release {
    struct buf place;
    struct walk walk;
    struct packed packed;
    bool is_packed;
};

struct pair {
    struct import import;
    struct release sides[2];
    struct buf content; /* of the old file, while it is compared */
};

static enum rc release_open(struct release *release, struct err *err)
{
    const char *place = buf_str(&release->place);
    release->is_packed = packed_is_file(place);
    return release->is_packed ? packed_open(&release->packed, place, PACKED_TAR | PACKED_ZIP, err)
                              : walk_open(&release->walk, place, DATASET_FILES_MAX, err);
}

static size_t release_count(const struct release *release)
{
    return release->is_packed ? release->packed.count : release->walk.count;
}

static const char *release_path(const struct release *release, size_t index)
{
    return release->is_packed ? release->packed.files[index].path : release->walk.files[index].path;
}

static uint64_t release_size(const struct release *release, size_t index)
{
    return release->is_packed ? release->packed.files[index].size : release->walk.files[index].size;
}

static enum rc release_read(const struct release *release, size_t index, struct buf *out,
                            struct err *err)
{
    return release->is_packed ? packed_read(&release->packed, index, out, err)
                              : walk_read(&release->walk, index, out, err);
}

/* A handle is an index in its release, times two, plus the release's number. */
static uint64_t handle_of(size_t index, unsigned side)
{
    return 2 * (uint64_t)index + side;
}

static enum rc pair_read(struct import *import, const char *path, uint64_t handle, struct buf *out)
{
    struct pair *pair = (struct pair *)import;
    (void)path;
    return release_read(&pair->sides[handle % 2], (size_t)(handle / 2), out, import->base.err);
}

static enum rc differ(struct pair *pair, size_t old, size_t new, bool *out)
{
    struct err *err = pair->import.base.err;
    *out = release_size(&pair->sides[0], old) != release_size(&pair->sides[1], new);
    if (*out)
        return RC_OK;
    enum rc rc = release_read(&pair->sides[0], old, &pair->content, err);
    if (rc == RC_OK)
        rc = release_read(&pair->sides[1], new, &pair->import.cached, err);
    if (rc == RC_OK)
        *out = !span_equal(buf_span(&pair->content), buf_span(&pair->import.cached));
    return rc;
}

/* Both lists are in path order. */
static enum rc compare(struct pair *pair)
{
    struct import *import = &pair->import;
    size_t counts[2] = {release_count(&pair->sides[0]), release_count(&pair->sides[1])};
    enum rc rc = RC_OK;
    for (size_t old = 0, new = 0; rc == RC_OK && (old < counts[0] || new < counts[1]);) {
        struct history_event event = {.file = (uint32_t)old, .group = 1};
        int order = old == counts[0]   ? 1
                    : new == counts[1] ? -1
                                       : strcmp(release_path(&pair->sides[0], old),
                                                release_path(&pair->sides[1], new));
        bool event_here = order != 0;
        event.kind = order < 0 ? HISTORY_DELETE : order > 0 ? HISTORY_CREATE : HISTORY_CHANGE;
        if (order == 0)
            rc = differ(pair, old, new, &event_here);
        if (rc == RC_OK && order > 0)
            rc = import_add(import, release_path(&pair->sides[1], new), handle_of(new, 1),
                            &event.file);
        if (rc == RC_OK && order == 0 && event_here)
            rc = import_version(import, event.file, handle_of(new, 1), &event.version);
        if (rc == RC_OK && event_here)
            rc = import_add_event(import, event);
        old += order <= 0;
        new += order >= 0;
    }
    return rc;
}

static void print_note(struct pair *pair)
{
    uint64_t skipped[WALK_SKIPS] = {0}, kinds[3] = {0};
    for (uint64_t i = 0; i < pair->import.base.event_count; i++)
        kinds[pair->import.events[i].kind]++;
    import_note(&pair->import, "%llu created, %llu changed, %llu deleted",
                (unsigned long long)kinds[HISTORY_CREATE],
                (unsigned long long)kinds[HISTORY_CHANGE],
                (unsigned long long)kinds[HISTORY_DELETE]);
    for (unsigned side = 0; side < 2; side++)
        for (size_t i = 0; i < WALK_SKIPS; i++)
            skipped[i] += pair->sides[side].walk.skipped[i] + pair->sides[side].packed.skipped[i];
    import_note_walk(&pair->import, skipped);
}

static enum rc take_places(struct pair *pair)
{
    const struct dataset *ds = &pair->import.base;
    const char *text = ds->source;
    enum rc rc = import_take_part(&text, ",", &pair->sides[0].place, ds);
    bool two = rc == RC_OK && *text == ',';
    if (two) {
        text++;
        rc = import_take_part(&text, ",", &pair->sides[1].place, ds);
    }
    if (rc != RC_OK || (two && !*text))
        return rc;
    FAIL(ds->err, RC_USAGE, 0, "dataset \"pair\": expected OLD,NEW, got \"%s\"", Q(ds->source));
    err_hint(ds->err, "a comma or backslash in a name is written \\, or \\\\");
    return RC_USAGE;
}

static enum rc pair_open(struct dataset *ds)
{
    struct pair *pair = (struct pair *)ds;
    struct import *import = &pair->import;
    import->read = pair_read;
    enum rc rc = take_places(pair);
    for (unsigned side = 0; side < 2 && rc == RC_OK; side++) {
        struct release *release = &pair->sides[side];
        rc = release_open(release, ds->err);
        if (rc == RC_OK && !release->is_packed)
            ds->folders[side] = buf_str(&release->place);
    }
    uint32_t file;
    for (size_t i = 0; rc == RC_OK && i < release_count(&pair->sides[0]); i++)
        rc = import_add(import, release_path(&pair->sides[0], i), handle_of(i, 0), &file);
    import_begin_history(import);
    if (rc == RC_OK)
        rc = compare(pair);
    if (rc == RC_OK)
        print_note(pair);
    return rc;
}

static void pair_close(struct dataset *ds)
{
    struct pair *pair = (struct pair *)ds;
    for (unsigned side = 0; side < 2; side++) {
        buf_release(&pair->sides[side].place);
        walk_release(&pair->sides[side].walk);
        packed_release(&pair->sides[side].packed);
    }
    buf_release(&pair->content);
    import_release(&pair->import);
}

const struct dataset_ops dataset_pair = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "pair",
    .summary = "two releases, folders or archives: OLD, and what makes NEW of it",
    .needs_source = true,
    .form = "OLD,NEW",
    .state_size = sizeof(struct pair),
    .open = pair_open,
    .close = pair_close,
    .path = import_path,
    .content = import_content,
    .event = import_event,
    .versions = import_versions,
    .hash = import_hash,
};
