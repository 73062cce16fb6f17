/* doctor_judge.c: the checks and their limits. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analysis/doctor.h"
#include "analysis/planning.h"
#include "analysis/signrank.h"
#include "analysis/stats.h"

/* ---- facts ---------------------------------------------------------------------------------- */

static double number_of(const struct doctor *doctor, const char *name)
{
    const struct doctor_fact *fact = doctor_fact(doctor, name);
    return fact ? fact->number : NAN;
}

/* "" when there is none. */
static const char *text_of(const struct doctor *doctor, const char *name)
{
    const struct doctor_fact *fact = doctor_fact(doctor, name);
    return fact && fact->text ? fact->text : "";
}

/* A sorted copy of a series; NULL and 0 when there is none or no memory. */
static double *sorted_series(struct doctor *doctor, const char *name, size_t *count)
{
    const struct doctor_fact *fact = doctor_fact(doctor, name);
    *count = fact && fact->series ? fact->count : 0;
    double *copy = arena_zalloc(&doctor->arena, *count + 1, sizeof(*copy));
    doctor->full = doctor->full || copy == NULL;
    if (!copy || *count == 0) {
        *count = 0;
        return NULL;
    }
    memcpy(copy, fact->series, *count * sizeof(*copy));
    stats_sort(copy, *count);
    return copy;
}

/* ---- saying --------------------------------------------------------------------------------- */

static const char *PRINTF_LIKE(2, 3) say(struct doctor *doctor, const char *fmt, ...)
{
    char line[768];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    const char *copy = arena_strdup(&doctor->arena, line);
    doctor->full = doctor->full || copy == NULL;
    return copy ? copy : "";
}

/* At least this bad; of several reasons the worst, and among equals the first, is explained. */
static void worse(struct doctor_check *check, enum doctor_grade grade, const char *means,
                  const char *advice)
{
    if (grade <= check->grade)
        return;
    check->grade = grade;
    check->means = means;
    check->advice = advice;
}

/* Good up to `good`, usable up to `usable`, poor above; NaN is usable: nothing is known. */
static enum doctor_grade grade_of(double value, double good, double usable)
{
    if (isnan(value))
        return DOCTOR_USABLE;
    return value <= good ? DOCTOR_GOOD : value <= usable ? DOCTOR_USABLE : DOCTOR_POOR;
}

static enum doctor_grade worst(enum doctor_grade a, enum doctor_grade b)
{
    return a > b ? a : b;
}

/* ---- the processor -------------------------------------------------------------------------- */

/* Operations shorter than 50 reads of the clock cannot be timed one by one. */
enum { CLOCK_READS = 50 };

static void check_clock(struct doctor *doctor, struct doctor_check *check)
{
    double read = number_of(doctor, "clock_read_ns"), tick = number_of(doctor, "clock_tick_ns");
    const char *source = text_of(doctor, "clock_source");
    char cost[FORMAT_SIZE], step[FORMAT_SIZE], least[FORMAT_SIZE];
    check->found = say(doctor, "%s, a read costs %s, ticks of %s", source[0] ? source : "unknown",
                       format_ns(cost, read), format_ns(step, tick));
    worse(check, worst(grade_of(read, 100, 1000), grade_of(tick, 200, 1000)),
          say(doctor, "operations shorter than %s cannot be timed one by one",
              format_ns(least, CLOCK_READS * fmax(read, tick))),
          "choose tsc in /sys/devices/system/clocksource/clocksource0/current_clocksource");
}

static bool sets_own_pace(const char *driver)
{
    return strcmp(driver, "intel_pstate") == 0 || strncmp(driver, "amd-pstate", 10) == 0;
}

static void check_frequency(struct doctor *doctor, struct doctor_check *check)
{
    const char *governor = text_of(doctor, "governor"), *turbo = text_of(doctor, "turbo");
    double low = number_of(doctor, "mhz_now_min"), high = number_of(doctor, "mhz_now_max");
    char range[64] = "";
    if (!isnan(low) && !isnan(high))
        (void)snprintf(range, sizeof(range), ", %.0f to %.0f MHz now", low, high);
    if (!governor[0]) {
        check->found = say(doctor, "governor not visible%s", range);
        worse(check, DOCTOR_USABLE, "the clock rate is up to the host and may change in a study",
              "nothing from here: let the A/A spread below tell");
        return;
    }
    check->found =
        say(doctor, "governor %s, turbo %s%s", governor, turbo[0] ? turbo : "unknown", range);
    const char *set = "cpupower frequency-set -g performance";
    if (strcmp(governor, "powersave") == 0 && !sets_own_pace(text_of(doctor, "frequency_driver")))
        worse(check, DOCTOR_POOR, "the processor stays at its lowest rate", set);
    else if (strcmp(governor, "performance") != 0)
        worse(check, DOCTOR_USABLE, "the clock rate follows the load of the last milliseconds",
              set);
    else if (strcmp(turbo, "on") == 0)
        worse(check, DOCTOR_USABLE, "the clock rate depends on heat and on the other cores",
              "switch turbo off: intel_pstate/no_turbo or cpufreq/boost below "
              "/sys/devices/system/cpu");
}

/* Cores this process may use; NaN when unknown. */
static double cores_of(const struct doctor *doctor)
{
    return fmin(number_of(doctor, "kernel_cores"), number_of(doctor, "cores_allowed"));
}

static void check_load(struct doctor *doctor, struct doctor_check *check)
{
    double cores = cores_of(doctor), load = number_of(doctor, "load_1");
    double busy = number_of(doctor, "busy_elsewhere_cores");
    char elsewhere[64] = "";
    if (!isnan(busy))
        (void)snprintf(elsewhere, sizeof(elsewhere), ", other programs kept %.2f cores busy", busy);
    const char *smt = strcmp(text_of(doctor, "smt"), "on") == 0 ? " (two threads a core)" : "";
    check->found =
        cores >= 1 ? say(doctor, "%.0f cores%s, load average %.2f%s", cores, smt, load, elsewhere)
                   : say(doctor, "cores unknown, load average %.2f%s", load, elsewhere);
    const char *advice = "stop other programs; wait until the load average is below 0.5";
    /* A study keeps one core busy; what else runs must find room beside it. */
    if (!isnan(busy))
        worse(check, grade_of(busy, 0.1, 0.5),
              "other programs compete for the processor, its caches and the disk", advice);
    worse(check, grade_of(load / cores, 0.5, 1), "the machine was busy during the last minute",
          advice);
    if (cores < 2)
        worse(check, DOCTOR_USABLE, "everything else on the machine interrupts what is measured",
              "use a machine with two cores or more");
}

static void check_steal(struct doctor *doctor, struct doctor_check *check)
{
    double steal = number_of(doctor, "steal_share"), sample = number_of(doctor, "sample_s");
    if (isnan(steal)) {
        check->found = "unknown";
        worse(check, DOCTOR_USABLE, "/proc/stat does not tell what other guests take", "");
        return;
    }
    check->found = say(doctor, "%.1f %% of the time wanted, over %.1f s", 100 * steal, sample);
    /* 5 %: where a study voids the round. */
    worse(check, grade_of(steal, 0.01, 0.05), "the host gives this machine's time to other guests",
          "use a machine that is not shared, or another hour");
}

static void check_limits(struct doctor *doctor, struct doctor_check *check)
{
    double quota = number_of(doctor, "cgroup_quota_cores");
    double throttled = number_of(doctor, "throttled_in_sample");
    if (isnan(quota)) {
        check->found = "no processor quota";
        return;
    }
    check->found = say(doctor, "quota of %.2f cores, held back %.0f times just now", quota,
                       isnan(throttled) ? 0 : throttled);
    const char *advice = "run outside the limited group, or lift its cpu.max";
    if (quota < 1)
        worse(check, DOCTOR_POOR, "less than one core: operations stop for the rest of each period",
              advice);
    if (throttled > 0)
        worse(check, DOCTOR_POOR, "the group is held back while it measures", advice);
    worse(check, DOCTOR_USABLE, "enough for one program; others in the group share it", advice);
}

/* ---- memory --------------------------------------------------------------------------------- */

static void check_memory(struct doctor *doctor, struct doctor_check *check)
{
    double available =
        fmin(number_of(doctor, "memory_available_bytes"), number_of(doctor, "cgroup_memory_bytes"));
    double swap = number_of(doctor, "swap_used_bytes"), dirty = number_of(doctor, "dirty_bytes");
    double moved = number_of(doctor, "swapped_pages");
    char a[FORMAT_SIZE], b[FORMAT_SIZE], c[FORMAT_SIZE];
    check->found = say(doctor, "%s available, %s swapped out, %s waiting to be written",
                       isnan(available) ? "unknown" : format_iec(a, available),
                       isnan(swap) ? "unknown" : format_iec(b, swap),
                       isnan(dirty) ? "unknown" : format_iec(c, dirty));
    if (moved > 0)
        worse(check, DOCTOR_POOR, "pages move between memory and swap right now",
              "free memory; swapoff -a");
    worse(check, grade_of(-available, -2.0 * (double)GIB, -0.5 * (double)GIB),
          "the file cache may not hold a study's stores: reads become disk reads", "free memory");
    if (swap > 64.0 * (double)MIB)
        worse(check, DOCTOR_USABLE, "what was swapped out comes back at odd moments", "swapoff -a");
    if (dirty > 256.0 * (double)MIB)
        worse(check, DOCTOR_USABLE, "the disk is about to be busy with writes of other programs",
              "run sync and wait");
}

static void check_cache(struct doctor *doctor, struct doctor_check *check)
{
    double left = number_of(doctor, "cache_left_share");
    if (isnan(left)) {
        check->found = "unknown";
        worse(check, DOCTOR_USABLE, "whether reads can be made cold is not known", "");
        return;
    }
    check->found = left <= 0.1
                       ? "files can be dropped from memory"
                       : say(doctor, "%.0f %% of a dropped file stayed in memory", 100 * left);
    worse(check, left <= 0.1 ? DOCTOR_GOOD : DOCTOR_USABLE,
          "reads that should be cold come from memory", "use ext4, xfs or btrfs on a real disk");
}

static bool is_seen(const char *name)
{
    return name[0] && strcmp(name, "none seen") != 0;
}

static bool is_guest(const struct doctor *doctor)
{
    return is_seen(text_of(doctor, "hypervisor"));
}

/* ---- the disk ------------------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

/* One of the comma-separated mount options. */
static bool has_option(const char *options, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = options; *at;) {
        size_t here = strcspn(at, ",");
        if (here == len && strncmp(at, name, len) == 0)
            return true;
        at += here + (at[here] == ',');
    }
    return false;
}

static void check_filesystem(struct doctor *doctor, struct doctor_check *check)
{
    static const char *const local[] = {"ext4", "ext3", "xfs", "btrfs", "f2fs", "zfs", NULL};
    static const char *const memory[] = {"tmpfs", "ramfs", NULL};
    static const char *const remote[] = {"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", NULL};
    const char *type = text_of(doctor, "filesystem"), *options = text_of(doctor, "mount_options");
    double room = number_of(doctor, "free_bytes");
    /* What a guest sees of its disk is what the host made up. */
    bool rotating = number_of(doctor, "rotating") == 1 && !is_guest(doctor);
    char size[FORMAT_SIZE];
    check->found =
        say(doctor, "%s on %s%s, %s free", type[0] ? type : "unknown",
            text_of(doctor, "device")[0] ? text_of(doctor, "device") : "an unknown device",
            rotating ? " (rotating)" : "", isnan(room) ? "unknown" : format_iec(size, room));
    const char *advice = "choose another folder with --dir, and --out for a study";
    if (is_one_of(type, memory))
        worse(check, DOCTOR_POOR, "nothing reaches a disk: syncs cost nothing", advice);
    else if (is_one_of(type, remote) || strncmp(type, "fuse", 4) == 0)
        worse(check, DOCTOR_POOR, "another program or machine answers: its noise is measured",
              advice);
    else if (!is_one_of(type, local))
        worse(check, DOCTOR_USABLE, "an extra layer between the store and the disk", advice);
    if (has_option(options, "nobarrier") || has_option(options, "barrier=0"))
        worse(check, DOCTOR_POOR, "without barriers a sync does not reach the disk",
              "mount with barriers");
    if (has_option(options, "sync"))
        worse(check, DOCTOR_POOR, "every write is synchronous: no durability level is as declared",
              "mount without sync");
    worse(check, grade_of(-room, -4.0 * (double)GIB, -1.0 * (double)GIB),
          "a full study keeps its stores: it may run out of space", advice);
    if (rotating)
        worse(check, DOCTOR_USABLE, "seeks dominate whatever is read cold or synced", advice);
}

/* Two groups of sync times: the widest gap between neighbours, as a ratio, with a tenth of the
 * times on either side at least.  A device that now and then empties its cache shows it. */
static bool two_groups(const double *sorted, size_t count, size_t *split)
{
    double widest = 2; /* twice as long at least */
    *split = 0;
    for (size_t i = 1; i < count; i++) {
        if (10 * i < count || 10 * (count - i) < count || sorted[i - 1] <= 0)
            continue;
        if (sorted[i] / sorted[i - 1] >= widest) {
            widest = sorted[i] / sorted[i - 1];
            *split = i;
        }
    }
    return *split != 0;
}

static void check_syncs(struct doctor *doctor, struct doctor_check *check)
{
    size_t count, split;
    char a[FORMAT_SIZE], b[FORMAT_SIZE], c[FORMAT_SIZE], d[FORMAT_SIZE];
    const double *sorted = sorted_series(doctor, "sync_ns", &count);
    if (count == 0) {
        const char *why = text_of(doctor, "write_refused");
        check->found = say(doctor, "cannot write there%s%s", why[0] ? ": " : "", why);
        worse(check, DOCTOR_POOR, "no study can be kept there", "choose another folder with --dir");
        return;
    }
    double p50 = stats_quantile(sorted, count, 0.5), p95 = stats_quantile(sorted, count, 0.95);
    check->found = say(doctor, "p50 %s, p95 %s, slowest %s, n %zu", format_ns(a, p50),
                       format_ns(b, p95), format_ns(c, sorted[count - 1]), count);
    const char *advice = "measure update-heavy work with more rounds, or on another disk";
    if (p50 < 5000)
        worse(check, DOCTOR_POOR, "too fast for any disk: syncs are acknowledged without writing",
              "choose another folder with --dir");
    worse(check, grade_of(p95 / p50, 3, 20), "latencies of durable writes have a long tail",
          advice);
    if (two_groups(sorted, count, &split))
        worse(check, DOCTOR_USABLE,
              say(doctor, "two kinds of syncs: %zu about %s, %zu about %s", split,
                  format_ns(a, stats_median(sorted, split)), count - split,
                  format_ns(d, stats_median(sorted + split, count - split))),
              advice);
}

/* ---- what else ------------------------------------------------------------------------------ */

static void check_counters(struct doctor *doctor, struct doctor_check *check)
{
    bool works = number_of(doctor, "counters") == 1;
    const char *valgrind = text_of(doctor, "valgrind");
    const char *why = text_of(doctor, "counters_refused");
    check->found = say(doctor, "instructions %s%s%s%s; valgrind %s",
                       works ? "can be counted" : "cannot be counted", !works && why[0] ? " (" : "",
                       works ? "" : why, !works && why[0] ? ")" : "",
                       valgrind[0] ? "is there" : "is not there");
    if (works)
        return;
    if (valgrind[0])
        worse(check, DOCTOR_USABLE, "studies need none; exact gates count under valgrind, slower",
              "sysctl kernel.perf_event_paranoid=2, on a machine that shows its counters");
    else
        worse(check, DOCTOR_USABLE, "studies need none; exact gates cannot count instructions",
              "apt-get install valgrind");
}

static void check_virtual(struct doctor *doctor, struct doctor_check *check)
{
    const char *guest = text_of(doctor, "hypervisor"), *box = text_of(doctor, "container");
    check->found = say(doctor, "hypervisor: %s; container: %s", guest[0] ? guest : "unknown",
                       box[0] ? box : "unknown");
    if (is_guest(doctor))
        worse(check, DOCTOR_USABLE, "neighbours share processor, caches and disk unseen",
              "compare only what ran interleaved; repeat on another day");
    else if (is_seen(box))
        worse(check, DOCTOR_USABLE, "other containers share processor, caches and disk",
              "compare only what ran interleaved");
}

/* ---- the A/A spread ------------------------------------------------------------------------- */

#define SPREAD_ALPHA 0.01
#define SPREAD_POWER 0.9

static double coefficient_of_variation(const double *values, size_t count)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < count; i++)
        mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return count > 1 ? sqrt(sum / (double)(count - 1)) / mean : NAN;
}

/* d of even against odd repetitions; returns how many, 0 when there is nothing to pair. */
static size_t pair_series(struct doctor *doctor, double **d)
{
    const struct doctor_fact *fact = doctor_fact(doctor, "loop_ns");
    size_t pairs = fact && fact->series ? fact->count / 2 : 0;
    *d = arena_zalloc(&doctor->arena, pairs + 1, sizeof(**d));
    doctor->full = doctor->full || *d == NULL;
    for (size_t i = 0; *d && i < pairs; i++) {
        double a = fact->series[2 * i], b = fact->series[2 * i + 1];
        if (!(a > 0) || !(b > 0))
            return 0;
        (*d)[i] = log(a / b);
    }
    return *d ? pairs : 0;
}

static enum rc check_spread(struct doctor *doctor, struct doctor_check *check, struct err *err)
{
    double *d, spread = 0;
    struct interval ratio = {0};
    size_t pairs = pair_series(doctor, &d);
    if (pairs < 2 || pairs > SIGNRANK_MAX) {
        check->found = "not measured";
        worse(check, DOCTOR_USABLE, "how far equal things lie apart here is not known", "");
        return RC_OK;
    }
    const struct doctor_fact *loop = doctor_fact(doctor, "loop_ns");
    enum rc rc = planning_spread(d, pairs, &spread, err);
    if (rc == RC_OK)
        rc = signrank_interval(d, pairs, 0.999, &ratio, err);
    if (rc != RC_OK)
        return rc;
    double in_20 = expm1(planning_detectable(spread, 20, SPREAD_ALPHA, SPREAD_POWER));
    double in_40 = expm1(planning_detectable(spread, 40, SPREAD_ALPHA, SPREAD_POWER));
    char a[FORMAT_SIZE], b[FORMAT_SIZE];
    check->found =
        say(doctor,
            "CV %.1f %%, even/odd x%.3f [x%.3f, x%.3f], n %zu; shows changes of %s %% in "
            "20 rounds, %s %% in 40",
            100 * coefficient_of_variation(loop->series, loop->count), exp(ratio.estimate),
            exp(ratio.low), exp(ratio.high), pairs, format_sig3(a, 100 * in_20),
            format_sig3(b, 100 * in_40));
    worse(check, grade_of(in_20, 0.02, 0.10),
          "the same loop takes different times: small changes need many rounds",
          "see the lines above; then measure again");
    /* A tenth of a per cent disturbs nobody. */
    if (ratio.low > 0.001 || ratio.high < -0.001)
        worse(check, DOCTOR_USABLE, "something disturbs every second repetition",
              "look for programs that wake up at a fixed beat");
    return RC_OK;
}

/* ---- all of them ---------------------------------------------------------------------------- */

enum rc doctor_judge(struct doctor *doctor, struct err *err)
{
    static const struct {
        const char *name;
        void (*check)(struct doctor *doctor, struct doctor_check *check);
    } rows[] = {
        {"clock", check_clock},      {"frequency", check_frequency},
        {"load", check_load},        {"steal", check_steal},
        {"quota", check_limits},     {"memory", check_memory},
        {"page cache", check_cache}, {"file system", check_filesystem},
        {"syncs", check_syncs},      {"instructions", check_counters},
        {"virtual", check_virtual},
    };
    doctor->check_count = 0;
    doctor->grade = DOCTOR_GOOD;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct doctor_check *check = &doctor->checks[doctor->check_count++];
        *check = (struct doctor_check){rows[i].name, DOCTOR_GOOD, "", "", ""};
        rows[i].check(doctor, check);
    }
    struct doctor_check *last = &doctor->checks[doctor->check_count++];
    *last = (struct doctor_check){"A/A spread", DOCTOR_GOOD, "", "", ""};
    enum rc rc = check_spread(doctor, last, err);
    for (size_t i = 0; i < doctor->check_count; i++)
        doctor->grade = worst(doctor->grade, doctor->checks[i].grade);
    if (rc == RC_OK && doctor->full)
        rc = FAIL(err, RC_NOMEM, 0, "no memory to examine the machine");
    return rc;
}
