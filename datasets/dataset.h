/* dataset.h: where the bytes come from; a pure function (seed, file, version) -> path and content.
 *
 * A dataset has `file_count` base files, each with a version 0, and can be asked for any later
 * version of any file (the update workload does) and for files beyond file_count (inserts).
 * Asking twice gives the same bytes; order of asking does not matter.  Nothing here is ever timed:
 * the driver generates contents before the clock starts.
 *
 * Imported datasets (files:DIR) read real files.  A file that changes, shrinks or vanishes between
 * dataset_open and a read is RC_IO "changed while in use", never silently different content.
 *
 * A dataset may have a history of its own (the commits of a repository, the newer of two releases):
 * events that create, change and delete files after version 0 of the base files.  Files that events
 * create are numbered from file_count on, in the order of the events.  Versions beyond a file's
 * last real one, and files beyond all events', are derived by edit.h's script, so that every
 * workload runs on every dataset; `versions` says where the real ones end.
 *
 * Adding one: datasets/<name>.c defines `const struct dataset_ops dataset_<name>`; one line in
 * datasets.def.
 * Threading: one thread per open dataset.
 */
#ifndef DATASETS_DATASET_H
#define DATASETS_DATASET_H

#include "engine/buf.h"
#include "engine/hash.h"
#include "engine/opt.h"

enum { DATASET_ABI = 2 };

#define DATASET_FILES_MAX    ((uint32_t)4000000)
#define DATASET_VERSIONS_MAX ((uint32_t)100000)

struct dataset_ops;
/* First member of every dataset's state; filled by the engine before open. */
struct dataset {
    const struct dataset_ops *ops;
    uint64_t seed;
    const char *source;     /* files:DIR: the text after the colon; NULL for generators */
    const char *folders[2]; /* set by open: folders below which nothing may be written, or NULL */
    uint32_t file_count;    /* set by open; 1..DATASET_FILES_MAX */
    uint64_t event_count;   /* set by open: of its own history; 0: none */
    const char *pinned;     /* set by open: the spec with all that may move resolved, or NULL */
    const char *note;       /* set by open: what it left out, for the options text; or NULL */
    struct err *err;
    void *host;
};

enum history_kind { HISTORY_CREATE, HISTORY_CHANGE, HISTORY_DELETE };
struct history_event {
    enum history_kind kind;
    uint32_t file;
    uint32_t version; /* the content it has afterwards; of HISTORY_DELETE unused */
    uint64_t group;   /* events of one commit share it; ascending */
};

struct dataset_ops {
    uint32_t abi, size;
    const char *name;    /* as typed: "lix-v1" */
    const char *summary; /* one line */
    const char *warning; /* what is wrong with it for deciding anything, or NULL; in reports */
    bool needs_source;   /* takes a place: files:DIR, pair:OLD,NEW */
    const char *form;    /* of that place, as help shows it: "OLD,NEW"; NULL: "DIR" */
    size_t state_size;
    const struct opt *opts;
    enum rc (*open)(struct dataset *ds);
    void (*close)(struct dataset *ds); /* also after a failed open; NULL: owns nothing */
    /* Relative path, '/'-separated, valid UTF-8 or raw bytes, no NUL, at most 4095 bytes; unique
     * over all files incl. the inserted ones.  Replaces out. */
    enum rc (*path)(struct dataset *ds, uint32_t file, struct buf *out);
    /* Replaces out with the content of `version` of `file`. */
    enum rc (*content)(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out);

    /* optional */
    /* How many bytes of `version` are new: in no earlier version of the file, nor in version 0 of a
     * file before it, nor in what it was forked from, as far as the generator put them there.  No
     * sharing of parts, however clever, can store fewer.  NULL: the dataset does not know. */
    enum rc (*novel)(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes);
    /* Event `index` of its own history; filled exactly when open sets event_count. */
    enum rc (*event)(struct dataset *ds, uint64_t index, struct history_event *out);
    /* How many versions of `file` are real, 1 or more.  NULL: all of them are (generators). */
    uint32_t (*versions)(struct dataset *ds, uint32_t file);
    /* XXH3-128 of a real version, where it has been read already.  NULL: ask for its content. */
    enum rc (*hash)(struct dataset *ds, uint32_t file, uint32_t version, struct hash128 *out);
};

/* spec: "lix-v1", "random:files=100,size=4k", "files:/some/dir".  What follows the colon of a
 * dataset that needs a source is its own affair.  *out is freed by dataset_close. */
MUST_CHECK enum rc dataset_open(struct dataset **out, const char *spec, uint64_t seed,
                                struct err *err);
void dataset_close(struct dataset *ds); /* accepts NULL */
MUST_CHECK enum rc dataset_path(struct dataset *ds, uint32_t file, struct buf *out);
MUST_CHECK enum rc dataset_content(struct dataset *ds, uint32_t file, uint32_t version,
                                   struct buf *out);
/* UINT64_MAX bytes: the dataset does not know. */
MUST_CHECK enum rc dataset_novel(struct dataset *ds, uint32_t file, uint32_t version,
                                 uint64_t *bytes);
MUST_CHECK enum rc dataset_event(struct dataset *ds, uint64_t index, struct history_event *out);
uint32_t dataset_versions(struct dataset *ds, uint32_t file);
/* Effective options as text; the directory for imports, and what was skipped in it. */
const char *dataset_options(const struct dataset *ds);

/* What a study's manifest says about its data. */
struct dataset_summary {
    uint32_t file_count;
    uint64_t bytes, smallest, largest;
    /* Fold over (path, content of version 0) in file order; then, where there is a history, as
     * dataset_fold_history goes on. */
    struct hash128 hash;
};
MUST_CHECK enum rc dataset_summarise(struct dataset *ds, struct dataset_summary *out);
/* Fold every event in: what it does, the path of a file it creates, the content it leaves.
 * Unchanged when there is no history of its own. */
MUST_CHECK enum rc dataset_fold_history(struct dataset *ds, struct hash128 *fold);
/* "DIR", "OLD,NEW"; NULL for generators. */
const char *dataset_form(const struct dataset_ops *ops);

size_t dataset_count(void);
const struct dataset_ops *dataset_at(size_t index);
/* Every row is sound and names are unique, checked at start; RC_BUG names row and defect. */
MUST_CHECK enum rc dataset_rows_validate(struct err *err);

#endif
