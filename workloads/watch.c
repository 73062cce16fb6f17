#include "workloads/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/clock.h"

#define STEAL_LIMIT    0.05
#define STEAL_LEAST_NS ((uint64_t)200 * 1000 * 1000)
#define STEP_LIMIT_NS  ((uint64_t)50 * 1000 * 1000)
#define SLEW_LIMIT     0.001

/* The beginning of a file as text; "" when it cannot be read.  Both files have what we look for
 * well within `size`. */
static void read_text(const char *path, char *text, size_t size)
{
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && len + 1 < size) {
        ssize_t got = read(fd, text + len, size - 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    text[len] = '\0';
    if (fd >= 0)
        (void)close(fd);
}

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice": the guests' time is part
 * of user and nice already. */
static bool parse_cpu(const char *text, uint64_t *ticks, uint64_t *steal)
{
    enum { STEAL = 7 };
    *ticks = 0;
    if (strncmp(text, "cpu ", 4) != 0)
        return false;
    text += 4;
    for (int i = 0; i <= STEAL; i++) {
        char *end;
        *steal = strtoull(text, &end, 10);
        if (end == text)
            return false; /* a kernel before 2.6.11 */
        *ticks += *steal;
        text = end;
    }
    return true;
}

static bool parse_swap(const char *text, uint64_t *pages)
{
    static const char name[] = "pswpin ";
    const char *line =
        strncmp(text, name, sizeof(name) - 1) == 0 ? text : strstr(text, "\npswpin ");
    if (!line)
        return false;
    line += *line == '\n';
    *pages = strtoull(line + sizeof(name) - 1, NULL, 10);
    return true;
}

void watch_read(const struct watch_source *source, struct watch_reading *reading)
{
    const char *stat = source && source->stat ? source->stat : "/proc/stat";
    const char *vmstat = source && source->vmstat ? source->vmstat : "/proc/vmstat";
    char text[16384];
    *reading = (struct watch_reading){0};
    read_text(stat, text, sizeof(text));
    reading->has_cpu = parse_cpu(text, &reading->cpu_ticks, &reading->steal_ticks);
    read_text(vmstat, text, sizeof(text));
    reading->has_swap = parse_swap(text, &reading->swapped_in);
    reading->wall_ns = clock_offset_ns();
    reading->at_ns = clock_ns();
}

/* The counters of a guest that was moved to another host may go backwards. */
static uint64_t growth(uint64_t before, uint64_t after)
{
    return after > before ? after - before : 0;
}

bool watch_disturbed(const struct watch_reading *before, const struct watch_reading *after,
                     char reason[WATCH_REASON_SIZE])
{
    uint64_t elapsed_ns = after->at_ns - before->at_ns;
    uint64_t ticks = growth(before->cpu_ticks, after->cpu_ticks);
    double steal = (double)growth(before->steal_ticks, after->steal_ticks);
    uint64_t pages = growth(before->swapped_in, after->swapped_in);
    uint64_t step_ns = (uint64_t)llabs(after->wall_ns - before->wall_ns);
    reason[0] = '\0';
    if (before->has_cpu && after->has_cpu && elapsed_ns >= STEAL_LEAST_NS && ticks > 0 &&
        steal / (double)ticks > STEAL_LIMIT)
        (void)snprintf(reason, WATCH_REASON_SIZE, "steal time %.1f %% (limit %.0f %%)",
                       100 * steal / (double)ticks, 100 * STEAL_LIMIT);
    else if (before->has_swap && after->has_swap && pages > 0)
        (void)snprintf(reason, WATCH_REASON_SIZE, "%" PRIu64 " pages were swapped in", pages);
    else if (step_ns > STEP_LIMIT_NS + (uint64_t)(SLEW_LIMIT * (double)elapsed_ns))
        (void)snprintf(reason, WATCH_REASON_SIZE, "the wall clock moved by %.0f ms",
                       (double)(after->wall_ns - before->wall_ns) / 1e6);
    return reason[0] != '\0';
}
