/* golden.h: exact counters that were agreed on, in a file that is committed: what a gate holds a
 * program against.
 *
 * Two kinds of file have one shape.  A golden file ("blobfront/golden/1") holds the counters alone
 * and is valid on every machine with the same versions of the libraries that shape the bytes
 * (SQLite, zstd, brotli).  A baseline file ("blobfront/baseline/1") is what one program did: the
 * counters, and the instructions it executed, which depend on the compiler, the C library and the
 * processor as well.
 *
 * Every run of the suite (a strategy on a dataset) has places (its phases, its snapshots, the run
 * itself), every place the exact metrics of results/metrics.def.  A value that was not the same in
 * all runs of one program is noisy: it is not written, and whoever compares reports it.
 *
 * A file carries a checksum over its content in canonical form: what was changed by hand is found.
 * Reading refuses (RC_USAGE, naming file, line and key) unknown or missing keys, wrong types,
 * numbers that are not finite, duplicates, unknown metrics, a wrong checksum; another schema is
 * RC_MISMATCH.  Writing is atomic.
 *
 * Ownership: a golden owns all of its texts; golden_release accepts a zeroed one.
 */
#ifndef RESULTS_GOLDEN_H
#define RESULTS_GOLDEN_H

#include "results/record.h"

#define GOLDEN_SCHEMA          "blobfront/golden/1"
#define GOLDEN_BASELINE_SCHEMA "blobfront/baseline/1"
#define GOLDEN_REASON_MAX      200

struct golden_place {
    enum sample_kind kind;
    const char *name;           /* "" for the run */
    double value[METRIC_COUNT]; /* NaN: absent */
    bool noisy[METRIC_COUNT];   /* not equal in all runs; its value means nothing */
};
struct golden_run {
    const char *data;         /* "copies": a dataset of the suite */
    const char *strategy;     /* "dedup" */
    const char *verification; /* fold of every byte read, hex */
    uint32_t repeats;         /* runs it was taken from; 0 when it was read from a file */
    struct golden_place *places;
    size_t place_count;
};
/* Instructions executed in the timed windows of a phase, or in the whole run ("run"). */
struct golden_count {
    const char *strategy, *phase;
    uint64_t instructions;
};

struct golden {
    struct arena arena;
    bool baseline;         /* the second kind */
    const char *suite;     /* hash of what was asked of the program, hex */
    const char *reason;    /* why it was last changed, one line */
    struct facts versions; /* the key: "sqlite", "zstd", "brotli"; of a baseline also others */
    struct golden_run *runs;
    size_t run_count;
    const char *counter; /* what counted instructions: "callgrind", "perf", "" for none */
    struct golden_count *counts;
    size_t count_count;
};

void golden_release(struct golden *golden);

/* Add what the program `build` of a study did: one run per strategy, of all its arms with that
 * build (labels up to "@").  RC_INVALID when one of its runs is INVALID or has read other bytes
 * than the one before. */
MUST_CHECK enum rc golden_take(struct golden *golden, const struct record *record, uint32_t build,
                               const char *data, struct err *err);
MUST_CHECK enum rc golden_add_count(struct golden *golden, const char *strategy, const char *phase,
                                    uint64_t instructions, struct err *err);
/* Copies. */
MUST_CHECK enum rc golden_set_version(struct golden *golden, const char *name, const char *value,
                                      struct err *err);
const char *golden_version(const struct golden *golden, const char *name); /* "" when absent */
MUST_CHECK enum rc golden_set(struct golden *golden, const char **field, const char *value,
                              struct err *err);
/* One line of 1 to GOLDEN_REASON_MAX printable bytes. */
MUST_CHECK enum rc golden_reason_check(const char *reason, struct err *err);

/* The text of the file, appended. */
MUST_CHECK enum rc golden_print(const struct golden *golden, struct buf *out, struct err *err);
MUST_CHECK enum rc golden_write(const char *path, const struct golden *golden, struct err *err);
MUST_CHECK enum rc golden_read(const char *path, bool baseline, struct golden *golden,
                               struct err *err);
/* RC_MISMATCH naming the first of suite, sqlite, zstd and brotli that differs; `what` is for the
 * message: "the golden file". */
MUST_CHECK enum rc golden_check_key(const struct golden *want, const struct golden *got,
                                    const char *what, struct err *err);

/* ---- comparing ------------------------------------------------------------------------------- */

enum golden_change {
    GOLDEN_CHANGED, /* both have a value, and they differ */
    GOLDEN_MISSING, /* only the wanted side has one */
    GOLDEN_ADDED,   /* only the other side has one */
    GOLDEN_NOISY    /* exact on the wanted side, not on the other */
};
struct golden_difference {
    enum golden_change change;
    const char *data, *strategy;
    const char *place;  /* "ingest_binary_cold", "after_update", "run" */
    const char *metric; /* "write_bytes", or "verification" */
    double want, got;   /* NaN where there is none, or for texts */
};
struct golden_comparison {
    struct golden_difference *items; /* borrows texts of both sides; in suite order */
    size_t count;
    size_t compared; /* values both sides have, verification hashes included */
    size_t noisy;    /* demoted: noisy on both sides, or on the wanted one */
};
/* `arena` owns the items. */
MUST_CHECK enum rc golden_compare(const struct golden *want, const struct golden *got,
                                  struct arena *arena, struct golden_comparison *out,
                                  struct err *err);
/* "" for SAMPLE_RUN is shown as "run". */
const char *golden_place_name(const struct golden_place *place);

#endif
