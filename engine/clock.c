#include "engine/clock.h"

#include <sys/resource.h>
#include <time.h>

#define NS_PER_S   ((uint64_t)1000000000)
#define COST_READS 100000u
/* A read slower than this is reported as this: no machine worth measuring on comes near. */
#define COST_NS_MAX 16384u

static struct timespec read_clock(clockid_t id)
{
    struct timespec now;
    CHECK(clock_gettime(id, &now) == 0);
    return now;
}

static uint64_t timespec_ns(struct timespec t)
{
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t timeval_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * 1000;
}

uint64_t clock_ns(void)
{
    return timespec_ns(read_clock(CLOCK_MONOTONIC));
}

struct clock_cost clock_measure(void)
{
    uint32_t seen[COST_NS_MAX + 1] = {0};
    uint64_t tick = UINT64_MAX;
    uint64_t before = clock_ns();
    for (uint32_t reads = 0; reads < COST_READS || tick == UINT64_MAX; reads++) {
        uint64_t now = clock_ns();
        uint64_t difference = now - before;
        before = now;
        if (difference != 0 && difference < tick)
            tick = difference;
        /* A coarse clock may need more reads to tick once; they are not part of the median. */
        if (reads < COST_READS)
            seen[difference < COST_NS_MAX ? difference : COST_NS_MAX]++;
    }
    uint32_t median = 0, below = seen[0];
    while (below <= COST_READS / 2)
        below += seen[++median];
    return (struct clock_cost){.read_ns = median, .tick_ns = tick};
}

struct cpu_time clock_cpu(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (struct cpu_time){
        .total_ns = timespec_ns(read_clock(CLOCK_PROCESS_CPUTIME_ID)),
        .user_ns = timeval_ns(usage.ru_utime),
        .sys_ns = timeval_ns(usage.ru_stime),
    };
}

int64_t clock_epoch_s(void)
{
    return (int64_t)read_clock(CLOCK_REALTIME).tv_sec;
}

/* The tightest of a few readings: one that was interrupted between the two clocks looks like a
 * step. */
int64_t clock_offset_ns(void)
{
    uint64_t least = UINT64_MAX;
    int64_t offset = 0;
    for (int i = 0; i < 5; i++) {
        uint64_t before = clock_ns(), wall = timespec_ns(read_clock(CLOCK_REALTIME));
        uint64_t width = clock_ns() - before;
        if (width >= least)
            continue;
        least = width;
        offset = (int64_t)(wall - (before + width / 2));
    }
    return offset;
}
