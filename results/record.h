/* record.h: the record of a study: the only writer and the only reader of results/runs/<id>/.
 *
 *   manifest.json   what was asked, on what machine, with which libraries; written once, before
 *                   the first run
 *   samples.jsonl   append-only, one JSON object per line: one `run` line per run, preceded by its
 *                   `phase` and `snapshot` lines; a run without its `run` line did not finish and
 *                   is ignored (with a warning), so this file is also the resume point
 *   events.jsonl    append-only: what happened to rounds as a whole: one voided, or a look taken
 *                   and the arms it dropped; absent while nothing did
 *   bounds.json     what is possible with these data (bounds.h); may be missing
 *   raw/NNNN-PHASE.lat   every operation's latency, binary (see latencies_write)
 *   summary.json, cells.csv, report.md, plots/   derived by analysis/, rebuilt at will
 *   stores/         kept artifacts of the last round
 *
 * Every JSON kind carries "schema": "blobfront/manifest/2", "blobfront/sample/2" or
 * "blobfront/event/1"; their JSON Schemas are in results/schema/.  A reader refuses a schema it
 * does not know (RC_MISMATCH), malformed JSON, duplicate keys, wrong types, non-finite numbers,
 * impossible values (negative times, p50 > p99, counts that disagree, a round voided after it was
 * looked at) with RC_USAGE naming file, line and field; an unknown key
 * is kept out and counted in `warnings`.  A last line without its newline is a torn append: it is
 * ignored and counted in `warnings`; anything malformed before it is an error.
 *
 * The files must fit each other, too (RC_USAGE): run = round x arms + slot, a round has an arm
 * once, a run that counts as valid has every phase and snapshot of the plan, looks are those the
 * protocol plans, at data that is there, and nothing follows one that ended the study.  Valid runs
 * of other data than the manifest names are RC_MISMATCH.
 *
 * Ownership: a struct record owns all its strings (one arena); release with record_release.
 * Threading: one thread.
 */
#ifndef RESULTS_RECORD_H
#define RESULTS_RECORD_H

#include "engine/arena.h"
#include "engine/buf.h"
#include "results/metrics.h"

#define RECORD_MANIFEST_SCHEMA "blobfront/manifest/2"
#define RECORD_SAMPLE_SCHEMA   "blobfront/sample/2"
#define RECORD_EVENT_SCHEMA    "blobfront/event/1"
/* The snapshot a run takes of its empty store, before the first phase. */
#define RECORD_BASELINE "baseline"

struct bounds; /* bounds.h */

/* A name and its text, for host facts, library versions, PRAGMAs. */
struct fact {
    const char *name, *value;
};
struct facts {
    struct fact *items;
    size_t count;
};

/* One arm of the study: a strategy as the plan names it.  The control stands twice, second arm's
 * label with a prime ("raw'"). */
struct record_arm {
    const char *label;   /* unique: "raw", "raw'", "chunked:avg=8k" */
    const char *spec;    /* as typed */
    const char *options; /* effective, every option spelled out */
    const char *summary;
    const char *caps;    /* "sql,delete,scan,dedup" */
    bool sql;            /* everything in the SQL database: a possible final choice */
    bool volatile_floor; /* nothing survives: a reference lane only */
    bool control, control_again;
    uint32_t
        build; /* of manifest.builds; 0 when there are none: the program that began the study */
};

/* A program under test: studies have none, a gate has the baseline and the candidate. */
struct record_build {
    const char *label;    /* "base", "new" */
    const char *revision; /* as asked for: "HEAD~1", a path; "" when unknown */
    const char *hash;     /* XXH3-128 of the first program file, hex */
    const char *programs; /* the program files, one per link order, separated by newlines */
};

/* How a study decides when to stop.  Fixed before the first run. */
enum stopping {
    STOPPING_FIXED, /* `rounds` rounds, one look at the end */
    STOPPING_LOOKS, /* looks at fixed numbers of rounds, each with a share of the error budget */
    STOPPING_UNTIL  /* an e-process looked at after every round (Vovk & Wang 2024) */
};
enum { RECORD_LOOKS_MAX = 8 };
/* The first look of a study that goes on until decided is after so many rounds. */
enum { RECORD_UNTIL_FIRST = 5 };

/* What the claims of a study are held to, written down before there is anything to look at. */
struct record_protocol {
    enum stopping stopping;
    uint32_t looks[RECORD_LOOKS_MAX]; /* ascending numbers of rounds; STOPPING_LOOKS only */
    size_t look_count;
    double alpha;        /* family-wise error of confirmed claims: 0.05 */
    double margin_p50;   /* differences below these are not noticeable: 0.03 */
    double margin_p95;   /* 0.05 */
    double margin_rate;  /* ops_per_s: 0.03 */
    double margin_cpu;   /* CPU time, and every timing not named here: 0.03 */
    double margin_exact; /* an exact metric is strictly better from this on: 0.01 */
    bool racing;         /* arms confirmed to be dominated leave the later rounds */
    bool env_padding;    /* each round draws 0..4095 bytes of environment (Mytkowicz 2009) */
    double
        open_loop_per_s; /* operations per second offered; 0: closed loop, or at a trace's pace */
    uint32_t warmup_min; /* untimed reads before a phase that only reads: the larger of this */
    double warmup_share; /* and this share of its operations: 50 and 0.05 */
};

struct record_phase {
    const char *name;     /* "update_binary_hot" */
    const char *workload; /* "update" */
    const char *snapshot; /* name of the snapshot taken after it, or "" */
    const char *options;  /* effective */
    bool reads_only;
};

/* The workload of a phase whose operations no workload drew: they are in the trace alone. */
#define RECORD_TRACE_WORKLOAD "trace"

/* Where the operations of a study come from when they were recorded. */
struct record_trace {
    const char *path; /* in the study's folder; "" or NULL: the workloads drew them */
    const char *hash; /* the file's own XXH3-128, hex */
    double speed;     /* its operations are due at their times in it, this many times as fast; 0:
                       * they have none, or those are not used */
};

struct record_manifest {
    const char *id; /* the folder's name */
    const char *tool_version;
    const char *tool_hash; /* XXH3-128 of the program file, hex */
    const char *created;   /* 2026-11-20T16:13:00Z */
    const char *plan_name; /* free text, one line */
    const char *dataset_spec, *dataset_name, *dataset_options, *dataset_hash;
    const char *dataset_warning; /* or "" */
    uint64_t dataset_files, dataset_bytes;
    uint64_t seed;
    uint32_t rounds;    /* asked for; what was done is in the samples */
    uint64_t budget_ns; /* 0: none */
    const char *durability, *retention;
    uint32_t batch; /* operations per write transaction */
    uint64_t clock_read_ns, clock_tick_ns;
    const char *keep; /* "last" or "none" */
    bool anywhere;    /* the choice may come from strategies that store outside SQL */
    double guardrail; /* 0.10 */
    struct record_arm *arms;
    size_t arm_count;
    struct record_phase *phases;
    size_t phase_count;
    struct record_protocol protocol;
    struct record_trace trace;
    struct record_build *builds; /* or none */
    size_t build_count;
    struct facts host, libraries, sqlite_options;
};

/* How the stored bytes divide: by extension and by handler, over all puts of the run. */
struct record_share {
    const char *name; /* "png", "" for no extension; or the handler's name */
    uint64_t blobs, logical_bytes, stored_bytes;
};
struct record_shares {
    struct record_share *items;
    size_t count;
};

/* The size of a store at points within a phase, settled at each. */
struct series_point {
    uint64_t ops;      /* timed operations of the phase before it */
    uint64_t versions; /* put in the run so far */
    uint64_t held;     /* of them, those the store must hold */
    uint64_t written_bytes, live_bytes, history_bytes, total_bytes; /* as in snapshots */
    double read_p50_ns; /* of the reads between it and the next; NaN: there are none */
};
enum { RECORD_SERIES_MAX = 1000 }; /* points of one phase */
struct series {
    struct series_point *items;
    size_t count;
};

/* What the strategy stated of itself, and whether it was so (engine/effect.h). */
struct record_probe {
    const char *name, *expected, *because;
    uint64_t value;
    bool ok;
};
struct record_probes {
    struct record_probe *items;
    size_t count;
};

enum sample_kind { SAMPLE_PHASE, SAMPLE_SNAPSHOT, SAMPLE_RUN };
struct sample {
    enum sample_kind kind;
    uint32_t run, round, slot;  /* run: 0.. over the study; slot: position within the round */
    uint32_t arm;               /* index into manifest.arms */
    unsigned line;              /* of samples.jsonl, from 1; 0 when it was not read from there */
    const char *name;           /* phase or snapshot name; "" for SAMPLE_RUN */
    double value[METRIC_COUNT]; /* NaN: absent; counters are whole and below 2^53 */

    struct series series; /* SAMPLE_PHASE only; most have none */
    /* What the strategy would have to offer ("delete"), and the phase was not run, or the snapshot
     * not taken, because it does not; no values then.  "": nothing.  Not SAMPLE_RUN. */
    const char *unsupported;

    /* SAMPLE_RUN only */
    uint32_t env_padding; /* bytes of environment this round drew */
    uint32_t link_order;  /* which of the build's programs ran */
    bool valid;
    const char *reason;       /* why it is INVALID, or "" */
    const char *verification; /* fold of every byte read in the run, hex; equal across arms */
    const char *dataset_hash;
    struct facts pragmas; /* read back; empty for strategies without SQLite */
    struct record_shares by_extension, by_handler;
    struct record_probes probes; /* did the options take effect? empty where nothing asked */
};

/* What happened to a round as a whole. */
enum event_kind {
    EVENT_VOID, /* the round's runs stay in the record and are used nowhere */
    EVENT_LOOK  /* the data of the first `rounds` valid rounds were looked at, as planned, or early
                 * because the study ended (record_look_early) */
};
struct record_event {
    enum event_kind kind;
    uint32_t round;     /* VOID: the round.  LOOK: the last round before the look */
    const char *reason; /* VOID: "steal time 7.1 % (limit 5 %)"; LOOK: one line of what it said */
    uint32_t look;      /* LOOK: 1.. */
    uint32_t rounds;    /* LOOK: valid rounds looked at */
    bool ends;          /* LOOK: nothing is left to decide, the study ends here */
    uint32_t *dropped;  /* LOOK: arms that run in no later round; may name earlier ones again */
    size_t dropped_count;
    unsigned line; /* of events.jsonl, from 1; 0 when it was not read from there */
};

struct record {
    char *dir;
    struct arena arena;
    struct record_manifest manifest;
    struct sample *samples; /* of finished runs only, in file order */
    size_t sample_count;
    uint32_t run_count;          /* finished runs */
    struct record_event *events; /* in file order */
    size_t event_count;
    struct bounds *bounds; /* what is possible, or NULL; samples then have bound_amp */
    uint32_t warnings;     /* torn tail, unfinished runs, unknown keys */
    char warning[240];     /* the first one, "" when none */
    /* Where lines of a run that did not finish stand before those of one that did, which no crash
     * leaves behind; 0: nowhere.  Such a record can be read, but not gone on with. */
    unsigned stray_line;
};

/* fixed, alpha 0.05, the margins above, no racing, padded, closed loop, warmed up. */
void record_protocol_default(struct record_protocol *protocol);
/* Operations arrive by a clock, not one after another: response is not service (pace.h). */
bool record_is_open_loop(const struct record_manifest *manifest);
bool record_has_trace(const struct record_manifest *manifest);
/* The look due after `rounds` rounds that count, 1.., or 0.  None in a study of fixed rounds. */
uint32_t record_look_due(const struct record_protocol *protocol, uint32_t rounds);
/* A study that ends before its last round, for a reason that is not in its data, looks once more
 * when it ends: the next look that was planned (the only one of fixed rounds), early, which ends
 * it.  Its number, or 0 where no look is ahead, one was due just then, or none is needed. */
uint32_t record_look_early(const struct record_manifest *manifest, uint32_t rounds);
/* Whether the event is such a look. */
bool record_ends_early(const struct record_manifest *manifest, const struct record_event *event);

/* ---- reading --------------------------------------------------------------------------------- */

MUST_CHECK enum rc record_load(struct record *record, const char *dir, struct err *err);
/* The manifest alone: what a run's process needs, however many runs are recorded already. */
MUST_CHECK enum rc record_load_plan(struct record *record, const char *dir, struct err *err);
void record_release(struct record *record);
/* The sample of `kind` and `name` of run `run`, or NULL. */
const struct sample *record_find(const struct record *record, uint32_t run, enum sample_kind kind,
                                 const char *name);
/* True when the round was voided. */
bool record_round_void(const struct record *record, uint32_t round);
/* The first round in which `arm` did not run any more; UINT32_MAX when it ran in all. */
uint32_t record_dropped_from(const struct record *record, uint32_t arm);
/* On how many of the first `counted` rounds that count claims may rest: those of the last look that
 * was reached, or of the one that ended the study; 0 before the first.  *next: after how many the
 * next look is due, 0 when the study is over.  Who made claims in between and then went on could
 * choose when to stop. */
uint32_t record_claim_rounds(const struct record *record, uint32_t counted, uint32_t *next);
/* Every rule a consistent record obeys beyond its schema: complete rounds (but void ones), each arm
 * that was not dropped once per round and none afterwards, one environment per round, counters
 * equal in every valid run of an arm (those of void rounds too: only timings are void), one
 * verification hash over all arms, run marked invalid when it must be.  RC_INVALID with the first
 * violation. */
MUST_CHECK enum rc record_verify(const struct record *record, struct err *err);

/* Whether one arm may be ranked at all, also in a study that is not complete: RC_INVALID when its
 * valid runs read other bytes than the control's, contradict each other in a counter, or went on
 * after the arm was dropped. */
MUST_CHECK enum rc record_verify_arm(const struct record *record, uint32_t arm, struct err *err);

/* ---- writing --------------------------------------------------------------------------------- */

/* Create <parent>/<id>/ with manifest.json (written to a temporary name, synced, renamed) and an
 * empty samples.jsonl.  Fails when the folder exists. */
MUST_CHECK enum rc record_create(const char *parent, const struct record_manifest *manifest,
                                 struct buf *dir_out, struct err *err);
/* Append one line per sample in one write, then sync.  The run line must be last.  What a crash
 * left behind the last run line is cut off first.  After a failure (no space) the file is as
 * before.  RC_INVALID when a value is impossible: a reader would refuse it. */
MUST_CHECK enum rc record_append(const char *dir, const struct record_manifest *manifest,
                                 const struct sample *samples, size_t count, struct err *err);
/* Append one line to events.jsonl, then sync.  A torn last line is cut off first; after a failure
 * the file is as before.  RC_INVALID when it contradicts the events before it: a reader would
 * refuse it. */
MUST_CHECK enum rc record_event_append(const char *dir, const struct record_manifest *manifest,
                                       const struct record_event *event, struct err *err);
/* One run's samples from the file a run's process left, checked against the manifest.  Strings
 * live in `arena`. */
MUST_CHECK enum rc record_run_write(const char *path, const struct record_manifest *manifest,
                                    const struct sample *samples, size_t count, struct err *err);
MUST_CHECK enum rc record_run_read(const char *path, const struct record_manifest *manifest,
                                   struct arena *arena, struct sample **samples, size_t *count,
                                   struct err *err);
/* All values NaN, strings "". */
void sample_init(struct sample *sample, enum sample_kind kind);

/* A file of a study's folder written whole or not at all: temporary name, write, fsync, rename.
 * `name` may hold a folder ("plots/a.svg"), which is made when it is missing. */
MUST_CHECK enum rc record_write_file(const char *dir, const char *name, struct span bytes,
                                     struct err *err);
/* Make `path` and every missing folder above it, durably. */
MUST_CHECK enum rc record_folder_make(const char *path, struct err *err);
/* A regular file of at most `max` bytes, whole.  A missing one is RC_USAGE: the user named its
 * folder. */
MUST_CHECK enum rc record_read_file(const char *dir, const char *name, uint64_t max,
                                    struct buf *out, struct err *err);

/* ---- raw latencies --------------------------------------------------------------------------- */

enum latency_op {
    LATENCY_INSERT,
    LATENCY_UPDATE,
    LATENCY_READ,
    LATENCY_SCAN,
    LATENCY_OTHER,
    LATENCY_READ_AT,
    LATENCY_DELETE,
    LATENCY_OPEN, /* of the store; 0 bytes */
    LATENCY_OP_COUNT
};
struct latency {
    uint64_t ns;
    uint32_t bytes; /* logical size of the blob or of what was read of it, saturated */
    uint32_t op;    /* enum latency_op */
};
/* Little-endian: "BFLAT\0\0\1", count (u64), count x {ns u64, bytes u32, op u32}, then the XXH3-128
 * of all that precedes.  Written whole or not at all. */
MUST_CHECK enum rc latencies_write(const char *path, const struct latency *items, size_t count,
                                   struct err *err);
/* *items is malloc'ed; free it.  RC_CORRUPT when anything disagrees. */
MUST_CHECK enum rc latencies_read(const char *path, struct latency **items, size_t *count,
                                  struct err *err);
/* "raw/0007-update_binary_hot.lat"; latencies_write makes raw/ */
char *latencies_name(char dst[128], uint32_t run, const char *phase);

#endif
