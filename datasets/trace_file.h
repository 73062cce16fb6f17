/* trace_file.h: the file of a trace as far as data go: that it is one, that it is whole, and the
 * blobs it brings along.  docs/traces.md has every byte; the operations are workloads/trace.h's.
 *
 * A trace imported from elsewhere has keys and sizes, but no contents.  Its *blobs* are made: put
 * number `version` of a key has exactly the size the trace says and the look of one content class,
 * all of it new, for the trace says nothing about what puts share.
 *
 * Refused: RC_USAGE for what is no trace, of a newer version, or says what cannot be; RC_CORRUPT
 * for a trace whose bytes are not those that were written.  Messages name file and byte.
 */
#ifndef DATASETS_TRACE_FILE_H
#define DATASETS_TRACE_FILE_H

#include "datasets/content_class.h"
#include "datasets/dataset.h"
#include "engine/pack.h"

#define TRACE_FILE_VERSION   1u
#define TRACE_FILE_BYTES_MAX GIB
#define TRACE_FILE_KEY_MAX   ((size_t)1024)

/* Read the file, check magic, version and hash; `body` stands before the blobs and ends before the
 * hash.  `bytes` owns what body and everything read from it point into. */
MUST_CHECK enum rc trace_file_read(const char *path, struct buf *bytes, struct hash128 *hash,
                                   struct unpack *body, struct err *err);
/* Begin a file in pack->out, which is empty; end it with its hash. */
void trace_file_begin(struct pack *pack);
void trace_file_end(struct pack *pack);

struct trace_file_blobs {
    const struct content_class *look; /* NULL: the trace brings none along */
    struct span *keys;                /* [file_count], borrowed, all different */
    size_t *first;                    /* [file_count + 1]: sizes[first[f] + v] */
    uint32_t *sizes;                  /* in bytes; of every version of every file */
    uint32_t file_count;
    struct buf payload; /* of trace_file_content */
};

/* 1..TRACE_FILE_KEY_MAX bytes of UTF-8 without NUL: NULL, or what is wrong with it. */
const char *trace_file_key_defect(struct span key);
/* Release them whatever came of it. */
MUST_CHECK enum rc trace_file_blobs_read(struct unpack *body, struct trace_file_blobs *blobs);
void trace_file_blobs_write(struct pack *pack, const struct trace_file_blobs *blobs);
void trace_file_blobs_release(struct trace_file_blobs *blobs);

/* A key as a relative path: what a path cannot hold is written %2F, %2E, and % itself %25.  Files
 * beyond file_count are "%new/00001", ..., which is no key's. */
MUST_CHECK enum rc trace_file_path(const struct trace_file_blobs *blobs, uint32_t file,
                                   struct buf *out, struct err *err);
/* Versions beyond a file's last one repeat its sizes, files beyond the last one those of the
 * first. */
size_t trace_file_size(const struct trace_file_blobs *blobs, uint32_t file, uint32_t version);
MUST_CHECK enum rc trace_file_content(struct trace_file_blobs *blobs, uint64_t seed, uint32_t file,
                                      uint32_t version, struct buf *out, struct err *err);
/* As dataset_summarise of a dataset of these blobs. */
MUST_CHECK enum rc trace_file_summarise(struct trace_file_blobs *blobs, uint64_t seed,
                                        struct dataset_summary *out, struct err *err);

#endif
