#include "workloads/pace.h"

#include <time.h>

#define NS_PER_S ((uint64_t)1000000000)
#define SLEEP_NS ((uint64_t)2000000)  /* waits longer than this sleep */
#define AWAKE_NS ((uint64_t)1000000)  /* until this long before: a timer may be late */
#define CLOSE_NS ((uint64_t)20000)    /* from here on nothing is read but the clock */
#define NAP_NS   ((uint64_t)50000000) /* sleep no longer: a stop must be seen */

struct pace pace_of(double per_second)
{
    return (struct pace){.interval_ns = per_second > 0 ? 1e9 / per_second : 0};
}

struct pace pace_of_times(const uint64_t *times_ns, double speed)
{
    CHECK(speed > 0);
    return (struct pace){.times_ns = times_ns, .speed = speed};
}

bool pace_is_open(const struct pace *pace)
{
    return pace->interval_ns > 0 || pace->times_ns;
}

uint64_t pace_due(const struct pace *pace, size_t index)
{
    if (pace->times_ns)
        return (uint64_t)((double)pace->times_ns[index] / pace->speed);
    return (uint64_t)(pace->interval_ns * (double)index);
}

/* Sleep until shortly before due_ns. */
static bool sleep_until(uint64_t due_ns, const volatile sig_atomic_t *stop)
{
    for (uint64_t now = clock_ns(); now + SLEEP_NS < due_ns; now = clock_ns()) {
        uint64_t nap = due_ns - now - AWAKE_NS;
        nap = nap < NAP_NS ? nap : NAP_NS;
        const struct timespec span = {.tv_nsec = (long)nap};
        if (stop && *stop)
            return false;
        (void)nanosleep(&span, NULL);
    }
    return !(stop && *stop);
}

bool pace_wait(struct pace *pace, size_t index, uint64_t start_ns,
               const volatile sig_atomic_t *stop)
{
    uint64_t due = pace_due(pace, index);
    if (due <= pace->now_ns)
        return true; /* the backlog of an earlier window */
    uint64_t due_ns = start_ns + (due - pace->now_ns), now = clock_ns();
    if (now >= due_ns)
        return true;
    struct cpu_time before = clock_cpu(), after = before;
    if (!sleep_until(due_ns, stop))
        return false;
    do {
        after = clock_cpu();
        now = clock_ns();
    } while (now + CLOSE_NS < due_ns);
    uint64_t close = now < due_ns ? due_ns - now : 0;
    while (now < due_ns)
        now = clock_ns();
    pace->late_ns += now - due_ns;
    pace->idle.total_ns += after.total_ns - before.total_ns + close;
    pace->idle.user_ns += after.user_ns - before.user_ns + close;
    pace->idle.sys_ns += after.sys_ns - before.sys_ns;
    return true;
}

uint64_t pace_latency(struct pace *pace, size_t index, uint64_t start_ns, uint64_t before_ns,
                      uint64_t end_ns)
{
    uint64_t due = pace_due(pace, index), done = pace->now_ns + (end_ns - start_ns);
    uint64_t ready = pace->now_ns + (before_ns - start_ns);
    CHECK(done >= due); /* pace_wait */
    pace->service_ns += done - (due > ready ? due : ready);
    return done - due;
}

/* The kernel may split the time between user and system by its ticks: only their sum is sure. */
static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

void pace_end(struct pace *pace, uint64_t start_ns, uint64_t end_ns, struct cpu_time *cpu)
{
    cpu->total_ns = less(cpu->total_ns, pace->idle.total_ns);
    cpu->user_ns = less(cpu->user_ns, pace->idle.user_ns);
    cpu->sys_ns = less(cpu->sys_ns, pace->idle.sys_ns);
    pace->idle = (struct cpu_time){0};
    pace->service_ns = less(pace->service_ns, pace->late_ns);
    pace->late_ns = 0;
    pace->now_ns += end_ns - start_ns;
}
