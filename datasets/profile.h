/* profile.h: what a dataset is made of: sizes, types, duplicates, compressibility, edits.
 *
 * One pass over version 0 of every file and over the dataset's own history, where it has one.
 * Deterministic: equal data give equal profiles.  Savings are those of zstd level 3 on whole files;
 * entropy is of order zero, in bits per byte.
 *
 * Duplicates.  A file is a copy when an earlier one has the same length and XXH3-128.  Sharing of
 * chunks is measured over files that are no copies, at PROFILE_LEVELS average lengths.
 *
 * Limits: memory is a few dozen bytes per file and per chunk; contents are held one at a time.
 * Threading: one thread.
 */
#ifndef DATASETS_PROFILE_H
#define DATASETS_PROFILE_H

#include "datasets/dataset.h"
#include "engine/handler.h"

enum { PROFILE_LEVELS = 3, PROFILE_SIZE_BITS = 31, PROFILE_EXTENSIONS_MAX = 64 };
#define PROFILE_EXTENSION_SIZE 16

/* Of files of one kind.  Means are weighted by bytes. */
struct profile_type {
    char extension[PROFILE_EXTENSION_SIZE]; /* as far as the type is one; lower case */
    uint64_t files, bytes;
    uint64_t packed_bytes; /* what zstd leaves, never more than `bytes` */
    double entropy_bits;   /* sum of bits, over all bytes */
};

/* Of a chunk length: fastcdc with a quarter and four times the average as bounds. */
struct profile_chunks {
    size_t average;
    uint64_t chunks, bytes;                   /* cut */
    uint64_t repeated_chunks, repeated_bytes; /* of which an equal one came before */
};

/* What a change did, seen from its common prefix and suffix. */
enum profile_edit {
    PROFILE_EDIT_NONE,      /* the same bytes again */
    PROFILE_EDIT_OVERWRITE, /* as many bytes as before */
    PROFILE_EDIT_INSERT,
    PROFILE_EDIT_DELETE,
    PROFILE_EDIT_PREPEND,
    PROFILE_EDIT_APPEND,
    PROFILE_EDIT_TRUNCATE,
    PROFILE_EDIT_REPLACE, /* another number of bytes */
    PROFILE_EDIT_KINDS
};
const char *profile_edit_name(enum profile_edit kind);

/* One change: what lies between common prefix and suffix. */
struct profile_change {
    uint64_t old_len, new_len, prefix, suffix;
};
enum profile_edit profile_change_kind(const struct profile_change *change);
/* Of any two contents. */
struct profile_change profile_compare(struct span before, struct span after);

struct profile_history {
    uint64_t commits, created, changed, deleted;
    uint64_t changed_files;            /* of the base files, at least once */
    uint64_t new_bytes, written_bytes; /* between prefix and suffix; whole lengths of changes */
    uint64_t kinds[PROFILE_EDIT_KINDS];
    /* One per change, ascending; NULL when there is none. */
    double *windows;   /* bytes between prefix and suffix */
    double *positions; /* prefix / old length */
    size_t count;
};

struct profile_file {
    uint64_t size;
    uint64_t packed; /* by zstd as a whole */
    uint64_t pieces; /* chunk by chunk, of about PROFILE_PIECE bytes; profile_pack_pieces */
    struct hash128 hash;
    uint32_t copy_of; /* an earlier file, or PROFILE_NO_COPY */
    uint16_t handler; /* index */
    uint8_t text;     /* every byte looked at is one of a text's */
    uint8_t first;    /* the first byte that is no blank, 0 without */
    uint8_t zeros;    /* share of 4 KiB blocks of zeros, in 1/255 */
    double entropy;   /* bits per byte */
    char extension[PROFILE_EXTENSION_SIZE];
};
#define PROFILE_NO_COPY UINT32_MAX

struct profile {
    struct dataset *ds;         /* borrowed */
    struct profile_file *files; /* base files, then those that events create */
    size_t file_count, base_count;
    double *sizes; /* of base files, ascending */
    uint64_t bytes, smallest, largest;
    uint64_t histogram[PROFILE_SIZE_BITS]; /* [0]: empty; [b]: 2^(b-1) .. 2^b - 1 bytes */
    uint64_t copy_files, copy_bytes;       /* of base files */
    struct profile_type handlers[64];      /* by handler index */
    struct profile_type *extensions;       /* by bytes, largest first */
    size_t extension_count;
    struct profile_type other_extensions; /* all that are not among them */
    struct profile_type all, distinct;    /* all base files; those that are no copies */
    struct profile_chunks levels[PROFILE_LEVELS];
    struct profile_history history;
    struct hash128 hash; /* of the dataset, as studies record it */
};

/* What a store keeps that packs chunks one by one: the level that `chunked` has by default. */
#define PROFILE_PIECE ((size_t)16 << 10)
struct codec_set;
/* Of order zero, in bits per byte. */
double profile_entropy(struct span bytes);
MUST_CHECK enum rc profile_pack(struct codec_set *codecs, struct span plain, struct buf *work,
                                uint64_t *packed, struct err *err);
MUST_CHECK enum rc profile_pack_pieces(struct codec_set *codecs, struct span plain,
                                       struct buf *work, uint64_t *packed, struct err *err);

/* `profile` is zeroed; profile_release it also after a failure. */
MUST_CHECK enum rc profile_build(struct profile *profile, struct dataset *ds, struct err *err);
void profile_release(struct profile *profile);

#endif
