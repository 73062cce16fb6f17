/* trend.h: the history of a folder of records: did something change, and with which record?
 *
 * For every strategy and key metric a series over the records in order of time: the median over
 * rounds of the ratio to the control of the same round, so that most of what the machine did from
 * night to night cancels; the control itself as measured.  A series of a counter changes where its
 * value does, and nothing else can be said of it.  In a series of timings E-divisive means
 * (edivisive.h) looks for change points on logarithms.
 *
 * What comes out are alarms for people: DESCRIPTIVE, and no verdict hangs on them.  Records were
 * measured one after the other, p is that of a split that was chosen for being large, and many
 * series are looked at.
 *
 * Only records comparable with the last one (compare.h) take part.  Usage:
 *
 *   rc = trend_begin(&trend, &last, &options, err);         the newest record's summary
 *   for each record, oldest first, the newest included:
 *       rc = trend_add(&trend, &summary, err);               takes its values, borrows nothing
 *   rc = trend_finish(&trend, err);
 *
 * Ownership: one arena; `last` must live until trend_finish.  Zero-initialised is valid to release.
 */
#ifndef ANALYSIS_TREND_H
#define ANALYSIS_TREND_H

#include "analysis/edivisive.h"
#include "analysis/summary.h"

#define TREND_SCHEMA "blobfront/trend/1"
enum {
    TREND_RECORDS_MIN = 4, /* comparable ones, for anything to be said */
    TREND_TIMINGS_MIN = 6, /* for a change of a timing: three on either side */
    TREND_RECORDS_MAX = 10000,
    TREND_METRICS_MAX = 32
};

/* Zeroed but for `records`: all strategies, the frontier's key metrics, 0.001, windows of 50. */
struct trend_options {
    size_t records;             /* that will be added, at most */
    const char *const *metrics; /* "metric@place" */
    size_t metric_count;
    const char *arm; /* NULL: all but the control's second run */
    struct edivisive_options edivisive;
};

struct trend_record {
    const char *id, *created;
};

struct trend_alarm {
    size_t point;  /* of the series: first of the new level */
    double change; /* new / old - 1; NaN when old is 0 */
    double p;      /* NaN for counters */
};

struct trend_series {
    const char *arm, *place;
    enum metric metric;
    bool measured;   /* the control's own: not a ratio */
    size_t place_in; /* in the last record's summary */
    size_t *record;  /* per point: index of its record */
    double *value;   /* per point: ratio, or the median */
    size_t count;
    struct trend_alarm *alarms; /* in order of time */
    size_t alarm_count;
};

struct trend_history {
    const struct summary *last;
    struct trend_options options;
    struct trend_record *records;
    size_t record_count;
    struct trend_series *series; /* by arm of the last record, then by metric */
    size_t series_count;
    size_t alarm_count;
    const char **notes; /* not escaped yet */
    size_t note_count;
    struct arena arena;
};

/* RC_USAGE for a metric, place or arm that the last record does not have. */
MUST_CHECK enum rc trend_begin(struct trend_history *trend, const struct summary *last,
                               const struct trend_options *options, struct err *err);
/* A record that is not comparable or has no complete round is left out with a note. */
MUST_CHECK enum rc trend_add(struct trend_history *trend, const struct summary *summary,
                             struct err *err);
/* For records that could not even be read.  Notes beyond a few hundred are dropped. */
MUST_CHECK enum rc trend_note(struct trend_history *trend, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* RC_INCONCLUSIVE when fewer than TREND_RECORDS_MIN records take part. */
MUST_CHECK enum rc trend_finish(struct trend_history *trend, struct err *err);
void trend_release(struct trend_history *trend);

MUST_CHECK enum rc trend_text(const struct trend_history *trend, struct buf *out, struct err *err);
/* TREND_SCHEMA */
MUST_CHECK enum rc trend_json(const struct trend_history *trend, struct buf *out, struct err *err);

#endif
