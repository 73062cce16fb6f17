/* The doctor: machines played from files, facts at the edges of every grade, and this machine. */
#include "analysis/doctor.h"
#include "engine/json.h"
#include "engine/probe.h"
#include "engine/rng.h"
#include "results/record.h"
#include "tests/support_fixture.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- machines in a folder ------------------------------------------------------------------- */

struct file {
    const char *path, *text;
};

static void play(const char *root, const struct file *files, size_t count)
{
    struct buf folder = {0};
    struct err err = {0};
    for (size_t i = 0; i < count; i++) {
        (void)fixture_join(&folder, root, files[i].path + 1);
        *strrchr((char *)folder.ptr, '/') = '\0';
        assert_int_equal(record_folder_make((const char *)folder.ptr, &err), RC_OK);
        fixture_write(root, files[i].path + 1, files[i].text, strlen(files[i].text));
    }
    buf_release(&folder);
}

static void examine(struct doctor *doctor, const char *root)
{
    const struct probe_sink sink = {doctor_number, doctor_text, doctor_series, doctor};
    struct probe_options options = {.root = root, .dir = root};
    struct err err = {0};
    assert_int_equal(probe_read(&options, &sink, &err), RC_OK);
}

static double number_of(const struct doctor *doctor, const char *name)
{
    const struct doctor_fact *fact = doctor_fact(doctor, name);
    return fact ? fact->number : NAN;
}

static const char *text_of(const struct doctor *doctor, const char *name)
{
    const struct doctor_fact *fact = doctor_fact(doctor, name);
    return fact && fact->text ? fact->text : "(none)";
}

#define CPU0 "/sys/devices/system/cpu/cpu0/cpufreq/"
#define CPU1 "/sys/devices/system/cpu/cpu1/cpufreq/"

/* A quiet desktop: two of eight cores allowed, turbo off. */
static const struct file metal[] = {
    {"/proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 3.00GHz\ncpu MHz\t\t: 2999.5\n"
                      "flags\t\t: fpu sse2 avx2\nprocessor\t: 1\ncpu MHz\t\t: 3000.25\n"},
    {"/proc/self/status", "Name:\tx\nCpus_allowed:\t03\nCpus_allowed_list:\t0,4\n"},
    {"/proc/loadavg", "0.12 0.20 0.30 1/200 999\n"},
    {"/proc/meminfo",
     "MemTotal:       16384000 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n"
     "Dirty:               100 kB\nSwapTotal:       2000000 kB\nSwapFree: 1999000 kB\n"},
    {"/proc/stat", "cpu  100 10 50 5000 7 3 2 40 0 0\ncpu0 1 2 3\n"},
    {"/proc/vmstat", "nr_free_pages 5\npswpin 30\npswpout 12\npswpout_x 99\n"},
    {"/proc/self/cgroup", "0::/user.slice/mine\n"},
    {"/proc/self/mountinfo",
     "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw,errors=remount-ro\n"
     "23 22 8:2 / /no/such/place rw - xfs /dev/other rw\n"
     "24 22 8:3 / /tmp/blobfront-fix rw - xfs /dev/neighbour rw\n"},
    {"/proc/sys/kernel/perf_event_paranoid", "2\n"},
    {"/sys/fs/cgroup/user.slice/mine/cpu.max", "max 100000\n"},
    {"/sys/fs/cgroup/user.slice/mine/cpu.stat", "usage_usec 5\nnr_periods 0\nnr_throttled 0\n"},
    {"/sys/fs/cgroup/user.slice/mine/memory.max", "max\n"},
    {"/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
    {"/sys/devices/system/cpu/online", "0-7\n"},
    {"/sys/devices/system/cpu/smt/control", "off\n"},
    {"/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"},
    {CPU0 "scaling_governor", "performance\n"},
    {CPU0 "scaling_driver", "intel_pstate\n"},
    {CPU0 "cpuinfo_max_freq", "3000000\n"},
    {CPU1 "scaling_governor", "performance\n"},
    {"/sys/dev/block/8:1/../queue/rotational", "0\n"},
};

static void facts_of_a_quiet_desktop(void **state)
{
    struct doctor doctor = {.fact_count = 0};
    struct probe_totals totals;
    play(*state, metal, COUNT_OF(metal));
    examine(&doctor, *state);
    assert_string_equal(text_of(&doctor, "cpu"), "Some CPU @ 3.00GHz");
    assert_true(number_of(&doctor, "kernel_cores") == 8);
    assert_true(number_of(&doctor, "cores_allowed") == 2);
    assert_string_equal(text_of(&doctor, "smt"), "off");
    assert_string_equal(text_of(&doctor, "clock_source"), "tsc");
    assert_string_equal(text_of(&doctor, "governor"), "performance");
    assert_string_equal(text_of(&doctor, "turbo"), "off");
    assert_true(number_of(&doctor, "mhz_now_min") == 2999.5);
    assert_true(number_of(&doctor, "mhz_now_max") == 3000.25);
    assert_true(number_of(&doctor, "mhz_max") == 3000);
    assert_true(number_of(&doctor, "load_1") == 0.12);
    assert_true(number_of(&doctor, "memory_available_bytes") == 12000000.0 * 1024);
    assert_true(number_of(&doctor, "swap_used_bytes") == 1000.0 * 1024);
    assert_true(number_of(&doctor, "dirty_bytes") == 100.0 * 1024);
    assert_null(doctor_fact(&doctor, "cgroup_quota_cores"));
    assert_null(doctor_fact(&doctor, "cgroup_memory_bytes"));
    assert_string_equal(text_of(&doctor, "hypervisor"), "none seen");
    assert_string_equal(text_of(&doctor, "container"), "none seen");
    assert_true(number_of(&doctor, "perf_paranoid") == 2);
    assert_string_equal(text_of(&doctor, "mount_point"), "/");
    assert_string_equal(text_of(&doctor, "filesystem"), "ext4");
    assert_string_equal(text_of(&doctor, "mount_options"), "rw,relatime,rw,errors=remount-ro");
    assert_string_equal(text_of(&doctor, "device"), "/dev/root");
    assert_true(number_of(&doctor, "free_bytes") > 0);
    assert_true(number_of(&doctor, "rotating") == 0);
    probe_totals(*state, &totals);
    assert_true(totals.known);
    assert_int_equal(totals.busy_ticks, 100 + 10 + 50 + 3 + 2);
    assert_int_equal(totals.steal_ticks, 40);
    assert_int_equal(totals.swapped_pages, 42);
    assert_int_equal(totals.throttled, 0);
    doctor_release(&doctor);
}

/* A container on a crowded host, with a quota one level up and limits of the old kind. */
static const struct file crowded[] = {
    {"/proc/cpuinfo", "model name\t: Virtual CPU\nflags\t\t: fpu hypervisor sse2\n"},
    {"/proc/loadavg", "7.50 3 2 9/100 1\n"},
    {"/proc/self/cgroup",
     "4:memory:/box\n3:cpu,cpuacct:/box/inner\n2:cpuset:/other\n1:name=systemd:/x\n"},
    {"/sys/fs/cgroup/cpu/box/inner/cpu.cfs_quota_us", "-1\n"},
    {"/sys/fs/cgroup/cpu/box/inner/cpu.cfs_period_us", "100000\n"},
    {"/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n"},
    {"/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n"},
    {"/sys/fs/cgroup/cpu/box/cpu.stat", "nr_periods 900\nnr_throttled 17\nthrottled_time 5\n"},
    {"/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "268435456\n"},
    {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
    {CPU0 "scaling_governor", "ondemand\n"},
    {CPU1 "scaling_governor", "performance\n"},
    {"/sys/devices/system/cpu/cpufreq/boost", "1\n"},
    {"/sys/devices/system/cpu/online", "0\n"},
    {"/sys/class/dmi/id/sys_vendor", "QEMU\n"},
    {"/.dockerenv", ""},
};

static void facts_of_a_crowded_container(void **state)
{
    struct doctor doctor = {.fact_count = 0};
    struct buf line = {0};
    struct err err = {0};
    play(*state, crowded, COUNT_OF(crowded));
    /* Of two mounts on one point the later one is on top; a neighbour's name is no part of ours. */
    assert_int_equal(
        buf_printf(&line, &err,
                   "1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / %s rw,nobarrier - tmpfs one rw\n"
                   "3 1 0:3 / %s rw - nfs4 host:/a\\040b ro,sync\n4 1 0:4 / %s-x rw - xfs no rw\n"
                   "broken line\n5 1 0:5 / /proc rw shared:1 master:2 - proc proc rw\n",
                   (char *)*state, (char *)*state, (char *)*state),
        RC_OK);
    fixture_write(*state, "proc/self/mountinfo", line.ptr, line.len);
    examine(&doctor, *state);
    assert_string_equal(text_of(&doctor, "governor"), "mixed");
    assert_string_equal(text_of(&doctor, "turbo"), "on");
    assert_true(number_of(&doctor, "kernel_cores") == 1);
    assert_true(number_of(&doctor, "cgroup_quota_cores") == 0.5);
    assert_true(number_of(&doctor, "cgroup_throttled") == 17);
    assert_true(number_of(&doctor, "cgroup_memory_bytes") == 268435456);
    assert_string_equal(text_of(&doctor, "hypervisor"), "QEMU");
    assert_string_equal(text_of(&doctor, "container"), "docker");
    assert_string_equal(text_of(&doctor, "mount_point"), (char *)*state);
    assert_string_equal(text_of(&doctor, "filesystem"), "nfs4");
    assert_string_equal(text_of(&doctor, "device"), "host:/a b");
    assert_null(doctor_fact(&doctor, "memory_bytes"));
    buf_release(&line);
    doctor_release(&doctor);
}

static void a_unified_quota_is_the_least_of_all_levels(void **state)
{
    static const struct file files[] = {
        {"/proc/self/cgroup", "0::/a/b/c\n"},
        {"/sys/fs/cgroup/a/b/c/cpu.max", "300000 100000\n"},
        {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
        {"/sys/fs/cgroup/a/cpu.max", "150000 100000\n"},
        {"/sys/fs/cgroup/a/b/c/cpu.stat", "nr_throttled 2\n"},
        {"/sys/fs/cgroup/a/cpu.stat", "nr_throttled 3\n"},
        {"/sys/fs/cgroup/a/memory.max", "1073741824\n"},
    };
    struct doctor doctor = {.fact_count = 0};
    play(*state, files, COUNT_OF(files));
    examine(&doctor, *state);
    assert_true(number_of(&doctor, "cgroup_quota_cores") == 1.5);
    assert_true(number_of(&doctor, "cgroup_throttled") == 5);
    assert_true(number_of(&doctor, "cgroup_memory_bytes") == 1073741824);
    doctor_release(&doctor);
}

/* Whatever stands in these files: nothing made up, nothing broken. */
static void nonsense_is_no_fact(void **state)
{
    static const char *const texts[] = {
        "",           "\n",      "nan\n",          "inf\n", "-\n",  "0-\n", "3-1", "\xff\xfe\x01\n",
        "::\n::::\n", "1e999\n", "a - b\n - - \n", ",,,\n", ": :\n"};
    char *big = malloc(100000);
    assert_non_null(big);
    memset(big, 'x', 99999);
    big[99999] = '\0';
    for (size_t t = 0; t <= COUNT_OF(texts); t++) {
        struct doctor doctor = {.fact_count = 0};
        struct probe_totals totals;
        struct err err = {0};
        for (size_t i = 0; i < COUNT_OF(metal); i++) {
            struct file file = {metal[i].path, t < COUNT_OF(texts) ? texts[t] : big};
            play(*state, &file, 1);
        }
        examine(&doctor, *state);
        probe_totals(*state, &totals);
        assert_false(totals.known);
        for (size_t i = 0; i < doctor.fact_count; i++)
            assert_true(doctor.facts[i].text || isfinite(doctor.facts[i].number));
        assert_null(doctor_fact(&doctor, "memory_bytes"));
        assert_null(doctor_fact(&doctor, "kernel_cores"));
        assert_null(doctor_fact(&doctor, "mount_point"));
        assert_int_equal(doctor_judge(&doctor, &err), RC_OK);
        doctor_release(&doctor);
    }
    free(big);
}

static void a_folder_must_be_one(void **state)
{
    struct doctor doctor = {.fact_count = 0};
    const struct probe_sink sink = {doctor_number, doctor_text, doctor_series, &doctor};
    struct buf path = {0};
    struct err err = {0};
    fixture_write(*state, "file", "x", 1);
    struct probe_options options = {.dir = fixture_join(&path, *state, "file")};
    assert_int_equal(probe_read(&options, &sink, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "is not a folder"));
    err_clear(&err);
    options.dir = fixture_join(&path, *state, "none");
    assert_int_equal(probe_read(&options, &sink, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "No such file or directory"));
    assert_int_equal(doctor.fact_count, 0);
    buf_release(&path);
    doctor_release(&doctor);
}

/* ---- grades --------------------------------------------------------------------------------- */

static void constant_series(struct doctor *doctor, const char *name, double value, size_t count)
{
    double values[512];
    assert_true(count <= COUNT_OF(values));
    for (size_t i = 0; i < count; i++)
        values[i] = value;
    doctor_series(doctor, name, values, count);
}

/* Nothing to complain about. */
static void healthy(struct doctor *doctor)
{
    static const struct {
        const char *name;
        double value;
    } numbers[] = {{"kernel_cores", 8},
                   {"cores_allowed", 8},
                   {"load_1", 0.1},
                   {"memory_bytes", 16e9},
                   {"memory_available_bytes", 12e9},
                   {"swap_used_bytes", 0},
                   {"dirty_bytes", 1e6},
                   {"free_bytes", 100e9},
                   {"rotating", 0},
                   {"clock_read_ns", 25},
                   {"clock_tick_ns", 1},
                   {"counters", 1},
                   {"sample_s", 1},
                   {"steal_share", 0},
                   {"busy_elsewhere_cores", 0},
                   {"swapped_pages", 0},
                   {"throttled_in_sample", 0},
                   {"cache_left_share", 0}};
    static const struct file texts[] = {
        {"clock_source", "tsc"}, {"governor", "performance"},     {"turbo", "off"},
        {"smt", "off"},          {"hypervisor", "none seen"},     {"container", "none seen"},
        {"filesystem", "ext4"},  {"mount_options", "rw,noatime"}, {"device", "/dev/nvme0n1p2"}};
    *doctor = (struct doctor){.fact_count = 0};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        doctor_number(doctor, numbers[i].name, numbers[i].value);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        doctor_text(doctor, texts[i].path, texts[i].text);
    constant_series(doctor, "loop_ns", 5e6, 200);
    constant_series(doctor, "sync_ns", 1e5, 100);
}

static const struct doctor_check *check_of(struct doctor *doctor, const char *name)
{
    struct err err = {0};
    assert_int_equal(doctor_judge(doctor, &err), RC_OK);
    for (size_t i = 0; i < doctor->check_count; i++) {
        if (strcmp(doctor->checks[i].name, name) == 0)
            return &doctor->checks[i];
    }
    fail_msg("there is no check \"%s\"", name);
    return NULL;
}

static void a_healthy_machine_is_good(void **state)
{
    struct doctor doctor;
    (void)state;
    healthy(&doctor);
    (void)check_of(&doctor, "clock");
    assert_int_equal(doctor.check_count, 12);
    for (size_t i = 0; i < doctor.check_count; i++) {
        if (doctor.checks[i].grade != DOCTOR_GOOD)
            fail_msg("%s: %s", doctor.checks[i].name, doctor.checks[i].means);
        assert_string_equal(doctor.checks[i].means, "");
        assert_string_equal(doctor.checks[i].advice, "");
        assert_string_not_equal(doctor.checks[i].found, "");
    }
    assert_int_equal(doctor.grade, DOCTOR_GOOD);
    doctor_release(&doctor);
}

/* One fact of the healthy machine changed: one check answers, with this grade. */
static void each_fact_moves_its_check(void **state)
{
    static const struct {
        const char *fact;
        double number;
        const char *text, *check;
        enum doctor_grade grade;
    } cases[] = {
        {"clock_read_ns", 100, NULL, "clock", DOCTOR_GOOD},
        {"clock_read_ns", 101, NULL, "clock", DOCTOR_USABLE},
        {"clock_read_ns", 1001, NULL, "clock", DOCTOR_POOR},
        {"clock_tick_ns", 1e6, NULL, "clock", DOCTOR_POOR},
        {"governor", 0, "powersave", "frequency", DOCTOR_POOR},
        {"governor", 0, "schedutil", "frequency", DOCTOR_USABLE},
        {"turbo", 0, "on", "frequency", DOCTOR_USABLE},
        {"busy_elsewhere_cores", 0.11, NULL, "load", DOCTOR_USABLE},
        {"busy_elsewhere_cores", 0.51, NULL, "load", DOCTOR_POOR},
        {"load_1", 4, NULL, "load", DOCTOR_GOOD},
        {"load_1", 4.1, NULL, "load", DOCTOR_USABLE},
        {"load_1", 8.1, NULL, "load", DOCTOR_POOR},
        {"cores_allowed", 1, NULL, "load", DOCTOR_USABLE},
        {"steal_share", 0.01, NULL, "steal", DOCTOR_GOOD},
        {"steal_share", 0.05, NULL, "steal", DOCTOR_USABLE},
        {"steal_share", 0.051, NULL, "steal", DOCTOR_POOR},
        {"cgroup_quota_cores", 2, NULL, "quota", DOCTOR_USABLE},
        {"cgroup_quota_cores", 0.5, NULL, "quota", DOCTOR_POOR},
        {"memory_available_bytes", 1e9, NULL, "memory", DOCTOR_USABLE},
        {"memory_available_bytes", 1e8, NULL, "memory", DOCTOR_POOR},
        {"cgroup_memory_bytes", 1e8, NULL, "memory", DOCTOR_POOR},
        {"swap_used_bytes", 1e9, NULL, "memory", DOCTOR_USABLE},
        {"swapped_pages", 1, NULL, "memory", DOCTOR_POOR},
        {"dirty_bytes", 1e9, NULL, "memory", DOCTOR_USABLE},
        {"cache_left_share", 1, NULL, "page cache", DOCTOR_USABLE},
        {"filesystem", 0, "tmpfs", "file system", DOCTOR_POOR},
        {"filesystem", 0, "nfs4", "file system", DOCTOR_POOR},
        {"filesystem", 0, "fuse.sshfs", "file system", DOCTOR_POOR},
        {"filesystem", 0, "overlay", "file system", DOCTOR_USABLE},
        {"filesystem", 0, "xfs", "file system", DOCTOR_GOOD},
        {"mount_options", 0, "rw,nobarrier", "file system", DOCTOR_POOR},
        {"mount_options", 0, "rw,sync,x", "file system", DOCTOR_POOR},
        {"mount_options", 0, "rw,async,nosync", "file system", DOCTOR_GOOD},
        {"free_bytes", 2.0 * 1073741824, NULL, "file system", DOCTOR_USABLE},
        {"free_bytes", 1e6, NULL, "file system", DOCTOR_POOR},
        {"rotating", 1, NULL, "file system", DOCTOR_USABLE},
        {"counters", 0, NULL, "instructions", DOCTOR_USABLE},
        {"hypervisor", 0, "KVM", "virtual", DOCTOR_USABLE},
        {"container", 0, "docker", "virtual", DOCTOR_USABLE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct doctor doctor;
        healthy(&doctor);
        if (cases[i].text)
            doctor_text(&doctor, cases[i].fact, cases[i].text);
        else
            doctor_number(&doctor, cases[i].fact, cases[i].number);
        const struct doctor_check *check = check_of(&doctor, cases[i].check);
        if (check->grade != cases[i].grade)
            fail_msg("case %zu, %s: %s", i, cases[i].fact, doctor_grade_name(check->grade));
        assert_int_equal(doctor.grade, check->grade); /* no other check minds */
        assert_true((check->grade == DOCTOR_GOOD) == (check->means[0] == '\0'));
        doctor_release(&doctor);
    }
}

static void a_guest_disk_is_what_the_host_says(void **state)
{
    struct doctor doctor;
    (void)state;
    healthy(&doctor);
    doctor_number(&doctor, "rotating", 1);
    doctor_text(&doctor, "hypervisor", "KVM");
    assert_int_equal(check_of(&doctor, "file system")->grade, DOCTOR_GOOD);
    doctor_release(&doctor);
}

static void a_coarse_clock_times_nothing_short(void **state)
{
    struct doctor doctor;
    (void)state;
    healthy(&doctor);
    doctor_number(&doctor, "clock_tick_ns", 4e6);
    assert_non_null(strstr(check_of(&doctor, "clock")->means, "operations shorter than 200 ms"));
    doctor_release(&doctor);
}

static void no_facts_at_all_is_usable_at_best(void **state)
{
    struct doctor doctor = {.fact_count = 0};
    (void)state;
    assert_int_equal(check_of(&doctor, "syncs")->grade, DOCTOR_POOR);
    for (size_t i = 0; i < doctor.check_count; i++)
        assert_string_not_equal(doctor.checks[i].found, "");
    assert_int_equal(check_of(&doctor, "clock")->grade, DOCTOR_USABLE);
    assert_int_equal(check_of(&doctor, "A/A spread")->grade, DOCTOR_USABLE);
    doctor_release(&doctor);
}

/* ---- series --------------------------------------------------------------------------------- */

static void syncs_of_two_kinds_are_told(void **state)
{
    struct doctor doctor;
    double sync[100];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sync); i++)
        sync[i] = i % 4 == 0 ? 2.5e5 + (double)i : 1e5 + 100 * (double)i;
    healthy(&doctor);
    doctor_series(&doctor, "sync_ns", sync, COUNT_OF(sync));
    const struct doctor_check *check = check_of(&doctor, "syncs");
    assert_int_equal(check->grade, DOCTOR_USABLE);
    assert_non_null(strstr(check->means, "75 about 105 us, 25 about 250 us"));
    /* Nine of a hundred are a tail, not a kind. */
    for (size_t i = 0; i < COUNT_OF(sync); i++)
        sync[i] = i < 9 ? 2.5e5 : 1e5;
    doctor_series(&doctor, "sync_ns", sync, COUNT_OF(sync));
    assert_int_equal(check_of(&doctor, "syncs")->grade, DOCTOR_GOOD);
    for (size_t i = 0; i < 9; i++)
        sync[i] = 0.3e5; /* nor are nine fast ones */
    doctor_series(&doctor, "sync_ns", sync, COUNT_OF(sync));
    assert_int_equal(check_of(&doctor, "syncs")->grade, DOCTOR_GOOD);
    for (size_t i = 0; i < 9; i++)
        sync[i] = 2.5e6;
    doctor_series(&doctor, "sync_ns", sync, COUNT_OF(sync));
    assert_int_equal(check_of(&doctor, "syncs")->grade, DOCTOR_POOR);
    constant_series(&doctor, "sync_ns", 900, 100);
    check = check_of(&doctor, "syncs");
    assert_int_equal(check->grade, DOCTOR_POOR);
    assert_non_null(strstr(check->means, "acknowledged without writing"));
    doctor_release(&doctor);
}

/* d has a known spread: half of the pairs differ by +s, half by -s, so MAD is s and the smallest
 * detectable change 1.4826 s (z.99 + z.9) / sqrt(0.955 n). */
static void the_spread_gives_what_can_be_seen(void **state)
{
    struct doctor doctor;
    double loop[200];
    const double s = 0.01, z = 2.3263478740408408 + 1.2815515655446004;
    char want[32];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(loop); i += 2) {
        loop[i] = 5e6 * exp(i % 4 == 0 ? s : -s);
        loop[i + 1] = 5e6;
    }
    healthy(&doctor);
    doctor_series(&doctor, "loop_ns", loop, COUNT_OF(loop));
    const struct doctor_check *check = check_of(&doctor, "A/A spread");
    double in_20 = 100 * expm1(1.4826 * s * z / sqrt(0.955 * 20));
    snprintf(want, sizeof(want), "%.2f %% in 20 rounds", in_20);
    assert_non_null(strstr(check->found, want));
    assert_int_equal(check->grade, DOCTOR_GOOD);
    for (size_t i = 0; i < COUNT_OF(loop); i += 2)
        loop[i] = 5e6 * exp(i % 4 == 0 ? 0.2 : -0.2);
    doctor_series(&doctor, "loop_ns", loop, COUNT_OF(loop));
    assert_int_equal(check_of(&doctor, "A/A spread")->grade, DOCTOR_POOR);
    /* Equal things that differ every second time. */
    for (size_t i = 0; i < COUNT_OF(loop); i++)
        loop[i] = i % 2 == 0 ? 5.2e6 + (double)(i % 7) : 5e6;
    doctor_series(&doctor, "loop_ns", loop, COUNT_OF(loop));
    check = check_of(&doctor, "A/A spread");
    assert_int_equal(check->grade, DOCTOR_USABLE);
    assert_non_null(strstr(check->means, "every second repetition"));
    /* Values no clock gives. */
    loop[3] = 0;
    doctor_series(&doctor, "loop_ns", loop, COUNT_OF(loop));
    assert_string_equal(check_of(&doctor, "A/A spread")->found, "not measured");
    doctor_series(&doctor, "loop_ns", loop, 1);
    assert_string_equal(check_of(&doctor, "A/A spread")->found, "not measured");
    doctor_release(&doctor);
}

/* ---- output --------------------------------------------------------------------------------- */

static void what_it_says_is_harmless_and_complete(void **state)
{
    struct doctor doctor;
    struct buf out = {0};
    struct err err = {0};
    struct json *json = NULL;
    const struct json_node *facts;
    const char *grade, *device;
    (void)state;
    healthy(&doctor);
    doctor_text(&doctor, "device", "\033[31m/dev/\"x\"\xff");
    doctor_number(&doctor, "steal_share", 0.2);
    assert_int_equal(doctor_judge(&doctor, &err), RC_OK);
    assert_int_equal(doctor_print(&doctor, &out, &err), RC_OK);
    const char *text = buf_str(&out);
    assert_non_null(strstr(text, "\noverall: poor (steal): mend the lines marked poor first"));
    assert_non_null(strstr(text, "means: the host gives this machine's time to other guests\n"));
    assert_null(strchr(text, '\033'));
    assert_null(strchr(text, '\xff'));
    buf_clear(&out);
    assert_int_equal(doctor_json(&doctor, &out, &err), RC_OK);
    assert_int_equal(json_parse(&json, buf_span(&out), "doctor", 0, &err), RC_OK);
    assert_int_equal(json_get_string(json, json_root(json), "grade", &grade, &err), RC_OK);
    assert_string_equal(grade, "poor");
    assert_int_equal(json_get_object(json, json_root(json), "facts", &facts, &err), RC_OK);
    assert_int_equal(json_get_string(json, facts, "device", &device, &err), RC_OK);
    assert_string_equal(device, "\\x1b[31m/dev/\\x22x\\x22\\xff");
    json_free(json);
    buf_release(&out);
    doctor_release(&doctor);
}

/* ---- this machine --------------------------------------------------------------------------- */

static void this_machine_is_measured_and_left_as_it_was(void **state)
{
    struct doctor doctor = {.fact_count = 0};
    const struct probe_sink sink = {doctor_number, doctor_text, doctor_series, &doctor};
    struct probe_options options = {.dir = *state, .quick = true};
    struct err err = {0};
    assert_int_equal(probe_read(&options, &sink, &err), RC_OK);
    assert_int_equal(probe_measure(&options, &sink, &err), RC_OK);
    assert_true(number_of(&doctor, "clock_read_ns") >= 0);
    assert_true(number_of(&doctor, "clock_tick_ns") > 0);
    assert_true(number_of(&doctor, "kernel_cores") >= 1);
    const struct doctor_fact *loop = doctor_fact(&doctor, "loop_ns");
    assert_non_null(loop);
    assert_int_equal(loop->count, PROBE_LOOPS_QUICK);
    for (size_t i = 0; i < loop->count; i++)
        assert_true(loop->series[i] > 1e5 && loop->series[i] < 1e10);
    const struct doctor_fact *sync = doctor_fact(&doctor, "sync_ns");
    assert_non_null(sync);
    assert_true(sync->count > 0 && sync->count <= PROBE_SYNCS_QUICK);
    assert_null(doctor_fact(&doctor, "write_refused"));
    assert_int_equal(doctor_judge(&doctor, &err), RC_OK);
    doctor_release(&doctor);
    size_t entries = 0;
    DIR *dir = opendir(*state);
    assert_non_null(dir);
    while (readdir(dir))
        entries++;
    closedir(dir);
    assert_int_equal(entries, 2); /* . and .. */
}

static void a_folder_that_cannot_be_written_is_poor(void **state)
{
    struct doctor doctor = {.fact_count = 0};
    const struct probe_sink sink = {doctor_number, doctor_text, doctor_series, &doctor};
    struct probe_options options = {.dir = "/proc", .quick = true};
    struct err err = {0};
    (void)state;
    assert_int_equal(probe_measure(&options, &sink, &err), RC_OK);
    assert_non_null(doctor_fact(&doctor, "write_refused"));
    const struct doctor_check *check = check_of(&doctor, "syncs");
    assert_int_equal(check->grade, DOCTOR_POOR);
    assert_non_null(strstr(check->found, "cannot write there: "));
    doctor_release(&doctor);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(facts_of_a_quiet_desktop),
        IN_FOLDER(facts_of_a_crowded_container),
        IN_FOLDER(a_unified_quota_is_the_least_of_all_levels),
        IN_FOLDER(nonsense_is_no_fact),
        IN_FOLDER(a_folder_must_be_one),
        cmocka_unit_test(a_healthy_machine_is_good),
        cmocka_unit_test(each_fact_moves_its_check),
        cmocka_unit_test(a_guest_disk_is_what_the_host_says),
        cmocka_unit_test(a_coarse_clock_times_nothing_short),
        cmocka_unit_test(no_facts_at_all_is_usable_at_best),
        cmocka_unit_test(syncs_of_two_kinds_are_told),
        cmocka_unit_test(the_spread_gives_what_can_be_seen),
        cmocka_unit_test(what_it_says_is_harmless_and_complete),
        IN_FOLDER(this_machine_is_measured_and_left_as_it_was),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_poor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
