/* schedule.h: the operations of a run, all drawn before its first clock starts.
 *
 * One schedule spans every phase of a run, in order; it knows which files exist and which version
 * of each is the newest at any point, so workloads only say what to do next.  Files are the
 * dataset's indices; keys (path ranks) are assigned by the driver once the schedule is complete.
 * Limits: SCHEDULE_OPS_MAX operations, DATASET_FILES_MAX files, DATASET_VERSIONS_MAX versions.
 */
#ifndef WORKLOADS_SCHEDULE_H
#define WORKLOADS_SCHEDULE_H

#include "datasets/dataset.h"
#include "engine/rng.h"

#define SCHEDULE_OPS_MAX ((size_t)100000000)

enum op_kind {
    OP_INSERT,  /* put the first version of a file */
    OP_UPDATE,  /* put the next version of a file, also of one that was deleted */
    OP_READ,    /* get one version, whole */
    OP_SCAN,    /* get the newest version of every file, ordered by path */
    OP_READ_AT, /* get `len` bytes of the newest version */
    OP_DELETE,  /* delete every version of a file that is still there */
    OP_REOPEN, /* close the store, drop its files from the page cache, open it: the open is timed */
    /* a process makes the `len` updates that follow, puts (file, version) as well, and is killed
     * before it commits that; then as OP_REOPEN, with the first read, of that file, timed too */
    OP_CRASH,
    OP_MEASURE /* settle and measure the sizes of the store's files; not timed */
};

struct op {
    enum op_kind kind;
    uint32_t file;
    uint32_t version; /* the key's; for a scan the number of files it must return */
    /* insert, update, crash: the dataset's version whose bytes are put.  It runs behind `version`
     * where bytes were put again unchanged. */
    uint32_t content;
    /* read_at: which of the offsets that leave room for `len` bytes, in 2^-32 of their number: the
     * blob's length is not known yet.  op_offset makes it an offset.  crash: `len` updates. */
    uint32_t at, len;
    uint32_t lane; /* 0: the driver's thread; 1..: one that reads while it writes (lanes.h) */
};

struct schedule_file {
    uint32_t newest;  /* key version of the newest put */
    uint32_t oldest;  /* and of the first since it was created, or came back last */
    uint32_t content; /* and the dataset's version it holds */
    uint32_t last;    /* the highest dataset version put so far */
    uint32_t place;   /* in live[], or SCHEDULE_DELETED */
};
#define SCHEDULE_DELETED UINT32_MAX

struct schedule {
    struct op *ops;
    size_t count, cap;
    struct schedule_file *files; /* every file ever inserted */
    uint32_t file_count, file_cap;
    /* The files that exist.  Until the first deletion live[k] is k; a deletion moves the last one
     * into the gap. */
    uint32_t *live;
    uint32_t live_count, live_cap;
    uint32_t batch; /* writes per transaction in this phase; 0: as the study says */
    uint32_t lanes; /* threads that read in this phase, beside the driver's */
    struct err *err;
};

void schedule_init(struct schedule *schedule, struct err *err);
void schedule_release(struct schedule *schedule);
/* A workload begins: batch and lanes are the study's again. */
void schedule_begin_phase(struct schedule *schedule);

/* So many operations more are meant: RC_USAGE at once when they are too many, before memory and
 * time are spent on drawing them. */
MUST_CHECK enum rc schedule_expect(struct schedule *schedule, uint64_t more);
/* RC_USAGE when no file exists: `who`, a workload, has nothing to work on. */
MUST_CHECK enum rc schedule_need_files(struct schedule *schedule, const char *who);

/* One of the files that exist, uniformly; there is at least one. */
uint32_t schedule_pick(const struct schedule *schedule, struct rng *rng);

/* Create the next file of the dataset. */
MUST_CHECK enum rc schedule_insert(struct schedule *schedule);
/* Write the dataset's next version of a file. */
MUST_CHECK enum rc schedule_update(struct schedule *schedule, uint32_t file);
/* Write what the file holds already: the next key version with the same bytes. */
MUST_CHECK enum rc schedule_rewrite(struct schedule *schedule, uint32_t file);
/* Write any version of the dataset as the next version of the file; a deleted file comes back. */
MUST_CHECK enum rc schedule_write(struct schedule *schedule, uint32_t file, uint32_t content);
/* Read the newest version of an existing file; or an older one, not before its oldest, which is
 * there under retention `history` only: under `latest` it is a read of the newest. */
MUST_CHECK enum rc schedule_read(struct schedule *schedule, uint32_t file);
MUST_CHECK enum rc schedule_read_version(struct schedule *schedule, uint32_t file,
                                         uint32_t version);
MUST_CHECK enum rc schedule_read_at(struct schedule *schedule, uint32_t file, uint32_t at,
                                    uint32_t len);
MUST_CHECK enum rc schedule_delete(struct schedule *schedule, uint32_t file);
/* Read the newest version of every file, ordered by path. */
MUST_CHECK enum rc schedule_scan(struct schedule *schedule);
/* A process updates `updates` files and dies while it writes the next version of `lost`: that one
 * never was. */
MUST_CHECK enum rc schedule_crash(struct schedule *schedule, const uint32_t *files,
                                  uint32_t updates, uint32_t lost);
MUST_CHECK enum rc schedule_reopen(struct schedule *schedule);
MUST_CHECK enum rc schedule_measure(struct schedule *schedule);

/* Append an operation as it was recorded.  *defect: NULL, or what makes it impossible here (a file
 * that does not exist, a version that is not the next); then nothing is appended. */
MUST_CHECK enum rc schedule_take(struct schedule *schedule, const struct op *op,
                                 const char **defect);
/* What makes an OP_CRASH impossible whose updates were taken, the operations right behind it; NULL:
 * nothing. */
const char *schedule_crash_defect(const struct schedule *schedule, const struct op *crash);
/* "insert", "read_at", ... */
const char *op_name(enum op_kind kind);

/* Where an OP_READ_AT of a blob of `blob_len` bytes starts: at most at blob_len - len, or at 0. */
uint64_t op_offset(const struct op *op, uint64_t blob_len);
/* The `at` of the read of `len` bytes that starts at `offset`, offset + len <= blob_len. */
uint32_t op_place(uint64_t offset, uint32_t len, uint64_t blob_len);

#endif
