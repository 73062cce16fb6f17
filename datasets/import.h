/* import.h: what datasets made of real files have in common: files:, pair:, git:, tar:, zip:.
 *
 * An importer is a struct whose first member is struct import.  Its open fills `read`, adds files
 * and, where there is a history, contents and events; path, content, hash, event and versions come
 * from here.  Base files are those added before import_begin_history; the rest of them, and every
 * fork and edit behind what is real, follows dataset.h and derive.h.
 *
 * The importer names a content by a number of its own ("handle").  Each content is hashed when it
 * is first read: one that later reads as other bytes is RC_IO "changed while in use".
 */
#ifndef DATASETS_IMPORT_H
#define DATASETS_IMPORT_H

#include "datasets/dataset.h"
#include "datasets/walk.h"

#define IMPORT_EVENTS_MAX ((size_t)50000000)
#define IMPORT_NONE       UINT32_MAX

struct import_file {
    const char *path;
    uint32_t first, last; /* of its contents, in `contents` */
    uint32_t count;
};

struct import_content {
    uint64_t handle;
    uint32_t next; /* of the same file, or IMPORT_NONE */
    bool known;    /* `hash` is its */
    struct hash128 hash;
};

struct import {
    struct dataset base;
    /* Replaces out with the bytes of a content; `path` is for messages. */
    enum rc (*read)(struct import *import, const char *path, uint64_t handle, struct buf *out);

    struct import_file *files;
    size_t count, cap;
    struct import_content *contents;
    size_t content_count, content_cap;
    struct history_event *events;
    size_t event_cap;
    uint32_t *slots; /* position in files + 1, 0 is free; open addressing by path */
    size_t slot_count;
    char note[400];
    struct buf cached; /* content number `cached_index` */
    uint32_t cached_index;
    bool cached_valid;
};

/* A further file with its first content; `path` (terminated) outlives the import.  A path that is
 * taken is RC_USAGE. */
MUST_CHECK enum rc import_add(struct import *import, const char *path, uint64_t handle,
                              uint32_t *file);
/* The files so far are the base files. */
void import_begin_history(struct import *import);
/* The version of the file that has this content, the next one when none has it yet. */
MUST_CHECK enum rc import_version(struct import *import, uint32_t file, uint64_t handle,
                                  uint32_t *version);
MUST_CHECK enum rc import_add_event(struct import *import, struct history_event event);
/* IMPORT_NONE when no file has that path. */
uint32_t import_find(const struct import *import, const char *path);
/* Append to the note that goes with the options; what does not fit is a bug. */
void import_note(struct import *import, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "skipped: 2 symbolic links, 1 FIFO": append a part when count is not 0. */
void import_note_skipped(struct import *import, uint64_t count, const char *one, const char *many);
void import_note_walk(struct import *import, const uint64_t skipped[WALK_SKIPS]);
void import_release(struct import *import);

/* NULL, or why no file of ours can have this path: parts "", "." or "..", too long, a NUL. */
const char *import_path_defect(struct span path);

/* Slots of struct dataset_ops. */
enum rc import_path(struct dataset *ds, uint32_t file, struct buf *out);
enum rc import_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out);
enum rc import_hash(struct dataset *ds, uint32_t file, uint32_t version, struct hash128 *out);
enum rc import_event(struct dataset *ds, uint64_t index, struct history_event *out);
uint32_t import_versions(struct dataset *ds, uint32_t file);

/* ---- places, as typed ----------------------------------------------------------------------- */

/* One part of a source: the text up to the first byte of `stops`, `\` before a byte making it
 * part of the text.  Replaces out; *text is moved to the stop (or the end).  RC_USAGE: a `\` before
 * anything but a stop or another `\`, or an empty part. */
MUST_CHECK enum rc import_take_part(const char **text, const char *stops, struct buf *out,
                                    const struct dataset *ds);

#endif
