/* probe_measure.c: the facts a machine only gives when it is made to do something. */
#include "engine/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/buf.h"
#include "engine/clock.h"

/* ---- the loop ------------------------------------------------------------------------------- */

/* Work the compiler can neither shorten nor reorder: each step needs the one before. */
static uint64_t spin(uint64_t steps, uint64_t seed)
{
    uint64_t x = seed | 1;
    for (uint64_t i = 0; i < steps; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static uint64_t spin_ns(uint64_t steps, volatile uint64_t *sink)
{
    uint64_t start = clock_ns();
    *sink = spin(steps, *sink);
    return clock_ns() - start;
}

/* How many steps take about `ns`, after the processor had time to wake up. */
static uint64_t calibrate(uint64_t ns, volatile uint64_t *sink)
{
    uint64_t steps = 1000, took = 0, start = clock_ns();
    while (clock_ns() - start < 20 * 1000000ull)
        *sink = spin(steps, *sink);
    for (took = spin_ns(steps, sink); took < ns / 4 && steps < UINT64_MAX / 4;
         took = spin_ns(steps, sink))
        steps *= 2;
    double exact = (double)steps * (double)ns / (double)(took ? took : 1);
    return exact < 1000 ? 1000 : (uint64_t)exact;
}

static void measure_loop(const struct probe_options *options, const struct probe_sink *sink)
{
    double took[PROBE_LOOPS];
    volatile uint64_t kept = 1;
    struct probe_totals before, after;
    size_t count = options->quick ? PROBE_LOOPS_QUICK : PROBE_LOOPS;
    uint64_t steps = calibrate(options->quick ? 1500000 : 5000000, &kept);
    probe_totals(options->root, &before);
    uint64_t start = clock_ns(), cpu_start = clock_cpu().total_ns;
    for (size_t i = 0; i < count; i++)
        took[i] = (double)spin_ns(steps, &kept);
    double wall_s = (double)(clock_ns() - start) / 1e9;
    double own_s = (double)(clock_cpu().total_ns - cpu_start) / 1e9;
    probe_totals(options->root, &after);
    sink->series(sink->ctx, "loop_ns", took, count);
    sink->number(sink->ctx, "sample_s", wall_s);
    sink->number(sink->ctx, "swapped_pages", (double)(after.swapped_pages - before.swapped_pages));
    sink->number(sink->ctx, "throttled_in_sample", (double)(after.throttled - before.throttled));
    double busy = (double)(after.busy_ticks - before.busy_ticks);
    double steal = (double)(after.steal_ticks - before.steal_ticks);
    double hertz = (double)sysconf(_SC_CLK_TCK);
    /* A machine played from files does not tick. */
    if (!before.known || !after.known || busy + steal <= 0 || hertz <= 0)
        return;
    sink->number(sink->ctx, "steal_share", steal / (busy + steal));
    sink->number(sink->ctx, "busy_elsewhere_cores", fmax(0, busy / hertz - own_s) / wall_s);
}

/* ---- the disk ------------------------------------------------------------------------------- */

static bool measure_syncs(int fd, size_t times, const struct probe_sink *sink)
{
    static const uint8_t page[4096];
    double took[PROBE_SYNCS];
    size_t done = 0;
    uint64_t begin = clock_ns();
    /* The first one allocates the page; a slow disk is known well enough after 5 s. */
    for (size_t i = 0; i <= times && clock_ns() - begin < 5000000000ull; i++) {
        uint64_t start = clock_ns();
        if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) || fdatasync(fd) != 0)
            return false;
        if (i > 0)
            took[done++] = (double)(clock_ns() - start);
    }
    if (done > 0)
        sink->series(sink->ctx, "sync_ns", took, done);
    return true;
}

/* Can a file be made cold?  Share of its pages still in memory after they were to be dropped. */
static bool measure_cache(int fd, const struct probe_sink *sink)
{
    enum { LEN = 4 << 20 };
    long page = sysconf(_SC_PAGESIZE);
    static uint8_t zeros[64 << 10];
    size_t pages = LEN / (size_t)page, left = 0;
    for (off_t at = 0; at < LEN; at += (off_t)sizeof(zeros)) {
        if (pwrite(fd, zeros, sizeof(zeros), at) != (ssize_t)sizeof(zeros))
            return false;
    }
    if (fdatasync(fd) != 0)
        return false;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    void *map = mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0);
    unsigned char *resident = calloc(pages, 1);
    bool known = map != MAP_FAILED && resident && mincore(map, LEN, resident) == 0;
    for (size_t i = 0; known && i < pages; i++)
        left += resident[i] & 1;
    if (map != MAP_FAILED)
        (void)munmap(map, LEN);
    free(resident);
    if (known)
        sink->number(sink->ctx, "cache_left_share", (double)left / (double)pages);
    return true;
}

static enum rc measure_disk(const struct probe_options *options, const struct probe_sink *sink,
                            struct err *err)
{
    struct buf path = {0};
    enum rc rc = buf_printf(&path, err, "%s/.probe-XXXXXX", options->dir);
    int fd = rc == RC_OK ? mkstemp((char *)path.ptr) : -1;
    /* Without a name nothing of it stays, whatever happens. */
    if (fd >= 0)
        (void)unlink((const char *)path.ptr);
    bool written = fd >= 0 &&
                   measure_syncs(fd, options->quick ? PROBE_SYNCS_QUICK : PROBE_SYNCS, sink) &&
                   measure_cache(fd, sink);
    if (rc == RC_OK && !written)
        sink->text(sink->ctx, "write_refused", strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    buf_release(&path);
    return rc;
}

/* ---- instructions --------------------------------------------------------------------------- */

static void measure_counters(const struct probe_sink *sink)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof(attr),
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .disabled = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    volatile uint64_t kept = 1;
    uint64_t counted = 0;
    long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0ul);
    bool works = fd >= 0 && ioctl((int)fd, PERF_EVENT_IOC_ENABLE, 0) == 0;
    if (works)
        kept = spin(100000, kept);
    /* Some hypervisors accept the event and count nothing. */
    works = works && ioctl((int)fd, PERF_EVENT_IOC_DISABLE, 0) == 0 &&
            read((int)fd, &counted, sizeof(counted)) == (ssize_t)sizeof(counted);
    sink->number(sink->ctx, "counters", works && counted >= 100000 ? 1 : 0);
    if (!works)
        sink->text(sink->ctx, "counters_refused", strerror(errno));
    else if (counted < 100000)
        sink->text(sink->ctx, "counters_refused", "the counter stays at 0");
    if (fd >= 0)
        (void)close((int)fd);
}

/* The first executable `name` on PATH. */
static void find_program(const char *name, const struct probe_sink *sink)
{
    char path[4096];
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t len = strcspn(at, ":");
        int used = snprintf(path, sizeof(path), "%.*s/%s", (int)len, at, name);
        if (len > 0 && used > 0 && (size_t)used < sizeof(path) && access(path, X_OK) == 0) {
            sink->text(sink->ctx, name, path);
            return;
        }
        at += len + (at[len] == ':');
    }
}

enum rc probe_measure(const struct probe_options *options, const struct probe_sink *sink,
                      struct err *err)
{
    struct clock_cost cost = clock_measure();
    sink->number(sink->ctx, "clock_read_ns", (double)cost.read_ns);
    sink->number(sink->ctx, "clock_tick_ns", (double)cost.tick_ns);
    measure_counters(sink);
    find_program("valgrind", sink);
    measure_loop(options, sink);
    return measure_disk(options, sink, err);
}
