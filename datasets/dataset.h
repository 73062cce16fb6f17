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
 * Adding one: datasets/<name>.c defines `const struct dataset_ops dataset_<name>`; one line in
 * datasets.def.
 * Threading: one thread per open dataset.
 */
#ifndef DATASETS_DATASET_H
#define DATASETS_DATASET_H

#include "engine/buf.h"
#include "engine/hash.h"
#include "engine/opt.h"

enum { DATASET_ABI = 1 };

#define DATASET_FILES_MAX    ((uint32_t)4000000)
#define DATASET_VERSIONS_MAX ((uint32_t)100000)

struct dataset_ops;
/* First member of every dataset's state; filled by the engine before open. */
struct dataset {
    const struct dataset_ops *ops;
    uint64_t seed;
    const char *source;  /* files:DIR: the directory; NULL for generators */
    uint32_t file_count; /* set by open; 1..DATASET_FILES_MAX */
    const char *note;    /* set by open: what it left out, for the options text; or NULL */
    struct err *err;
    void *host;
};

struct dataset_ops {
    uint32_t abi, size;
    const char *name;    /* as typed: "lix-v1" */
    const char *summary; /* one line */
    const char *warning; /* what is wrong with it for deciding anything, or NULL; in reports */
    bool needs_source;   /* takes a directory: files:DIR or --data DIR */
    size_t state_size;
    const struct opt *opts;
    enum rc (*open)(struct dataset *ds);
    void (*close)(struct dataset *ds); /* also after a failed open; NULL: owns nothing */
    /* Relative path, '/'-separated, valid UTF-8 or raw bytes, no NUL, at most 4095 bytes; unique
     * over all files incl. the inserted ones.  Replaces out. */
    enum rc (*path)(struct dataset *ds, uint32_t file, struct buf *out);
    /* Replaces out with the content of `version` of `file`. */
    enum rc (*content)(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out);
};

/* spec: "lix-v1", "random:files=100,size=4k", "files:/some/dir".  A directory after "files:" may be
 * followed by nothing else.  *out is freed by dataset_close. */
MUST_CHECK enum rc dataset_open(struct dataset **out, const char *spec, uint64_t seed,
                                struct err *err);
void dataset_close(struct dataset *ds); /* accepts NULL */
MUST_CHECK enum rc dataset_path(struct dataset *ds, uint32_t file, struct buf *out);
MUST_CHECK enum rc dataset_content(struct dataset *ds, uint32_t file, uint32_t version,
                                   struct buf *out);
/* Effective options as text; the directory for imports, and what was skipped in it. */
const char *dataset_options(const struct dataset *ds);

/* What a study's manifest says about its data. */
struct dataset_summary {
    uint32_t file_count;
    uint64_t bytes, smallest, largest;
    struct hash128 hash; /* fold over (path, content of version 0) in file order */
};
MUST_CHECK enum rc dataset_summarise(struct dataset *ds, struct dataset_summary *out);

size_t dataset_count(void);
const struct dataset_ops *dataset_at(size_t index);
/* Every row is sound and names are unique, checked at start; RC_BUG names row and defect. */
MUST_CHECK enum rc dataset_rows_validate(struct err *err);

#endif
