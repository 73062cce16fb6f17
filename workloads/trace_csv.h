/* trace_csv.h: operations seen elsewhere, as comma-separated values, made a trace.
 *
 *   time_s,op,key,size[,offset,length]
 *
 * docs/traces.md says what is accepted.  Everything else is refused with RC_USAGE, naming file and
 * line; nothing is guessed: a line that cannot be replayed exactly as it stands is an error.
 */
#ifndef WORKLOADS_TRACE_CSV_H
#define WORKLOADS_TRACE_CSV_H

#include "workloads/trace.h"

#define TRACE_CSV_BYTES_MAX GIB
#define TRACE_CSV_LINE_MAX  ((size_t)64 * 1024)

struct trace_csv_request {
    const char *path;
    const struct content_class *look; /* of the blobs */
    uint64_t seed;
    size_t ops_max; /* 0: SCHEDULE_OPS_MAX */
};
struct trace_csv_summary {
    size_t ops, puts;
    uint32_t keys;
    uint64_t put_bytes, duration_ns;
    bool timed;
};

/* The trace into an empty buf. */
MUST_CHECK enum rc trace_csv_import(const struct trace_csv_request *request, struct buf *out,
                                    struct trace_csv_summary *summary, struct err *err);

#endif
