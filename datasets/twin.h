/* twin.h: a description from which files are made that store like the real ones: a synthetic twin.
 *
 * It holds no byte, no name and no hash of the files it describes: sizes, the type of each, how
 * well it compresses, which files and which parts of files are equal, and where changes lie.  A
 * person who has it can measure what its owner would, and learns nothing else.
 *
 * Up to TWIN_EXACT_MAX files are described one by one, so that equal parts fall where they did; of
 * more, groups of similar size and type (a table of quantiles per type).  Parts are those that
 * chunks of about 2 KiB find, merged where they always occur together; of too many the shortest
 * are left out.
 *
 * Version 0 of a file is a pure function of the description, as a real file does not depend on a
 * study's seed either; edits beyond the described ones do.  `mix` is the number behind a
 * class's knob (saving_curve.h), fitted until the file saves what the real one does (twin_fit.h).
 *
 * File: JSON of schema TWIN_SCHEMA, results/schema/twin.schema.json; at most TWIN_BYTES_MAX bytes.
 */
#ifndef DATASETS_TWIN_H
#define DATASETS_TWIN_H

#include "datasets/content_class.h"
#include "datasets/dataset.h"

#define TWIN_SCHEMA     "blobfront/twin/1"
#define TWIN_BYTES_MAX  ((uint64_t)32 << 20)
#define TWIN_EXACT_MAX  ((size_t)40000)
#define TWIN_GROUPS_MAX ((size_t)40000)
#define TWIN_PARTS_MAX  ((size_t)150000)
#define TWIN_EVENTS_MAX ((size_t)60000)
#define TWIN_KINDS_MAX  ((size_t)256)

struct twin_kind {
    const char *handler; /* of the real files; engine/handler.h */
    char extension[16];  /* of the twin\'s, so that their handler is the same */
    const struct content_class *class;
};

/* A file, or `count` similar ones. */
struct twin_row {
    uint32_t kind, mix;
    uint32_t saved; /* what zstd saves of it, in 1/10,000 */
    uint32_t
        filler;   /* of 10,000 bytes, how many are random ones with filler, saving as much: what */
                  /* is saved is saved within a few hundred bytes */
    uint32_t far; /* of 10,000 bytes, how many repeat others 64 KiB before, which whole files */
                  /* save and chunks do not */
    /* New bytes of edits are those of the content, so that their entropy is; of 10,000 this many */
    uint32_t plain;           /* are its commonest byte instead, */
    uint32_t spread;          /* or are spread over all values. */
    uint64_t size, size_last; /* of the first and the last of them, linear between */
    uint32_t count;
    uint32_t first;            /* number of the first file; derived */
    uint32_t copy_of;          /* count 1 only: a row before this one, or TWIN_NO_COPY */
    uint32_t copies;           /* of 10,000 files, how many are equal to the first of the row */
    uint32_t shared;           /* of 10,000 bytes, how many at the front are those of the first */
    uint32_t part, part_count; /* in parts[]; none: the whole file is one new part */
};
#define TWIN_NO_COPY UINT32_MAX

struct twin_part {
    uint32_t len;
    uint32_t id; /* equal parts have equal ids, from 1; 0: new */
};

/* An event of the history; what HISTORY_CREATE begins with is the row of its file. */
struct twin_event {
    enum history_kind kind;
    uint32_t file, version;
    uint64_t group;
    bool content;                    /* a new version of an existing file: */
    uint64_t prefix, suffix, length; /* kept in front, kept behind, whole length */
    uint32_t next;                   /* index + 1 of the file's next such event; derived */
};

struct twin {
    struct twin_kind *kinds;
    struct twin_row *rows; /* base files, then those that events create */
    struct twin_part *parts;
    uint32_t *owners; /* by part id: the row whose kind and mix it has; derived */
    struct twin_event *events;
    uint32_t *first_event; /* by file: index + 1 of its first event with content; derived */
    uint32_t *versions;    /* by file: how many it has; derived */
    size_t kind_count, row_count, part_count, id_count, event_count;
    uint32_t base_files, file_count; /* without and with created ones */
    uint64_t base_bytes;             /* derived */
    uint64_t salt; /* of all content: that draw whose chunks are shared most like the real ones */
};

/* Everything that is derived, from what is not; RC_USAGE names what does not fit together. */
MUST_CHECK enum rc twin_derive(struct twin *twin, struct err *err);
/* Replaces out.  Versions beyond the real ones are edited by edit.h's script, as imported files
 * are. */
MUST_CHECK enum rc twin_content(const struct twin *twin, uint64_t seed, uint32_t file,
                                uint32_t version, struct buf *out, struct err *err);
/* At most len_max bytes of version 0 of a row's only file, as if the row were `as`: for fitting. */
MUST_CHECK enum rc twin_try(const struct twin *twin, uint32_t row, const struct twin_row *as,
                            size_t len_max, struct buf *out, struct err *err);
/* False when there is no such handler or the class has no knob. */
bool twin_kind_init(struct twin_kind *kind, const char *handler, const struct content_class *class);
/* What new bytes of edits to `content` are drawn from. */
#define TWIN_PALETTE_LEN 4096u
void twin_palette(const struct twin_row *row, bool text, struct span content,
                  uint8_t palette[TWIN_PALETTE_LEN]);
const struct twin_row *twin_row_of(const struct twin *twin, uint32_t file);
/* How many versions of `file` the description has, 1 or more. */
uint32_t twin_versions(const struct twin *twin, uint32_t file);

MUST_CHECK enum rc twin_write(const struct twin *twin, struct buf *out, struct err *err);
/* `twin` is zeroed. */
MUST_CHECK enum rc twin_read(struct twin *twin, const char *path, struct err *err);
void twin_release(struct twin *twin);

#endif
