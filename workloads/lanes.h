/* lanes.h: operations of several threads at once: one writes, the others read.
 *
 * Lane 0 is the driver's thread and makes the updates of the phase; lanes 1.. make the reads.
 * Where everything lies in an SQL database each lane has a store handle of its own on the same
 * directory, with a file layer and meters of its own; a strategy with an engine of its own has one
 * handle, and a lock around each read and each write transaction: it is serialised, and `handles`
 * says so.
 *
 * What a reader may read is what it can know to be committed: after each commit the writer
 * publishes the versions, and a reader asks for the published version of its file.  Under retention
 * `latest` that version may be gone when its read begins; then the next one, which the writer
 * announced before it wrote, has been committed in its place, and the reader goes on to that.
 *
 * Reads are spread over the writer's progress: of R reads and W updates read k may begin when
 * k W / R updates are done, so that readers have a writer beside them until the end.  Waiting for
 * that, and verifying, is outside a lane's clock.  Contents are generated before the lanes start,
 * in windows of at most LANES_BYTES.
 *
 * What depends on how the threads took turns is no counter: meters of the file layer, bytes read
 * and CPU time are absent from the phase.  wall_ns is the time the lanes ran.
 *
 * A strategy whose reads write cannot be measured so (its readers are writers): its updates are
 * made, and nothing is timed.
 */
#ifndef WORKLOADS_LANES_H
#define WORKLOADS_LANES_H

#include "engine/base.h"

#define LANES_READERS_MAX 64
#define LANES_BYTES       (32 * MIB)

struct phase;
/* All operations of the phase. */
MUST_CHECK enum rc lanes_step(struct phase *phase);
/* The phase's metrics by what lanes can know: called when all others stand. */
MUST_CHECK enum rc lanes_metrics(struct phase *phase);

#endif
