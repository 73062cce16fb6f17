/* t_pace: operations that arrive at a rate of their own, and reads that warm a store up. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/quantile.h"
#include "tests/support_fixture.h"
#include "workloads/pace.h"
#include "workloads/plan.h"
#include "workloads/run.h"

#define US ((uint64_t)1000)
#define MS ((uint64_t)1000000)

/* ---- the arithmetic, on times made up -------------------------------------------------------- */

/* Due every 10 us, served in 25: each waits 15 longer than the one before, service stays 25. */
static void test_overload(void **state)
{
    struct pace pace = pace_of(100000);
    uint64_t start = 7 * MS, before = start;
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        uint64_t end = before + 25 * US;
        assert_int_equal(pace_latency(&pace, i, start, before, end), (25 + 15 * i) * US);
        before = end;
    }
    assert_int_equal(pace.service_ns, 100 * 25 * US);
}

/* Due every 40 us, served in 25: nobody waits, and the rests in between are nobody's time. */
static void test_underload(void **state)
{
    struct pace pace = pace_of(25000);
    uint64_t start = 7 * MS, before = start;
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        uint64_t end = start + i * 40 * US + 25 * US;
        assert_int_equal(pace_latency(&pace, i, start, before, end), 25 * US);
        before = end;
    }
    assert_int_equal(pace.service_ns, 100 * 25 * US);
}

/* One stall of a millisecond among operations of 1 us, due every 10: the hundred behind it wait. */
static void test_stall(void **state)
{
    struct pace pace = pace_of(100000);
    uint64_t start = 7 * MS, before = start, waited = 0;
    (void)state;
    for (size_t i = 0; i < 200; i++) {
        uint64_t due = start + i * 10 * US, begins = due > before ? due : before;
        uint64_t end = begins + (i == 50 ? MS : US);
        waited += pace_latency(&pace, i, start, before, end) > 2 * US;
        before = end;
    }
    assert_int_equal(pace.service_ns, MS + 199 * US);
    assert_in_range(waited, 110, 113); /* 1000 us at 9 us gained an operation */
}

/* Windows: the clock of the phase stands still between them, the backlog does not go away. */
static void test_windows(void **state)
{
    struct pace whole = pace_of(100000), parts = pace_of(100000);
    uint64_t start = 7 * MS, before = start;
    (void)state;
    for (size_t i = 0; i < 60; i++) {
        uint64_t due = start + i * 10 * US, begins = due > before ? due : before;
        uint64_t end = begins + (i % 20 == 7 ? 90 : 3) * US;
        uint64_t latency = pace_latency(&whole, i, start, before, end);
        /* The same in windows of 20, the second and third an hour later. */
        uint64_t shift = i / 20 * 3600000 * MS, open = start + parts.now_ns + shift;
        uint64_t from = i % 20 == 0 ? open : before + shift;
        assert_int_equal(pace_latency(&parts, i, open, from, end + shift), latency);
        if (i % 20 == 19) {
            struct cpu_time cpu = {0};
            pace_end(&parts, open, end + shift, &cpu);
        }
        before = end;
    }
    assert_int_equal(parts.service_ns, whole.service_ns);
    assert_int_equal(parts.now_ns, before - start);
}

static void test_due(void **state)
{
    struct pace pace = pace_of(3);
    (void)state;
    assert_int_equal(pace_due(&pace, 0), 0);
    assert_int_equal(pace_due(&pace, 1), 333333333);
    assert_int_equal(pace_due(&pace, 3), 1000000000); /* nothing adds up */
    assert_true(pace_of(0).interval_ns == 0);
    pace = pace_of(1e9);
    assert_int_equal(pace_due(&pace, 99999999), 99999999);
}

/* Times of a trace, twice as fast and half as fast; a burst is due all at once. */
static void test_times(void **state)
{
    static const uint64_t times[] = {0, 10 * US, 10 * US, 10 * US, 4000 * MS};
    static const uint64_t ends[] = {2, 8, 11, 14,
                                    2000003}; /* us, served in 3 each, but the first */
    struct pace fast = pace_of_times(times, 2), slow = pace_of_times(times, 0.5);
    uint64_t start = 7 * MS, before = start;
    (void)state;
    assert_true(pace_is_open(&fast) && pace_is_open(&slow));
    struct pace closed = pace_of(0), rated = pace_of(1);
    assert_true(!pace_is_open(&closed) && pace_is_open(&rated));
    assert_int_equal(pace_due(&fast, 0), 0);
    assert_int_equal(pace_due(&fast, 3), 5 * US);
    assert_int_equal(pace_due(&fast, 4), 2000 * MS);
    assert_int_equal(pace_due(&slow, 3), 20 * US);
    assert_int_equal(pace_due(&slow, 4), 8000 * MS);
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        uint64_t end = start + ends[i] * US;
        assert_int_equal(pace_latency(&fast, i, start, before, end),
                         ends[i] * US - pace_due(&fast, i));
        before = end;
    }
    assert_int_equal(fast.service_ns, (2 + 4 * 3) * US);
    /* As far as a trace reaches, nanoseconds are exact enough. */
    static const uint64_t far[] = {1000000000 * (uint64_t)1000000000};
    struct pace longest = pace_of_times(far, 1e6);
    assert_int_equal(pace_due(&longest, 0), 1000000000000);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Twenty operations at this rate: not early, and what was waited is neither the caller's CPU time
 * nor lost.  Returns the share of the CPU time that is the caller's; 1 when nothing was waited
 * for. */
static double wait_for_twenty(double rate)
{
    struct pace pace = pace_of(rate);
    struct cpu_time before = clock_cpu();
    uint64_t start = clock_ns();
    for (size_t i = 0; i < 20; i++) {
        assert_true(pace_wait(&pace, i, start, NULL));
        assert_true(clock_ns() >= start + pace_due(&pace, i));
    }
    struct cpu_time used = clock_cpu(), own;
    used.total_ns -= before.total_ns;
    own = used;
    own.user_ns = own.sys_ns = 0;
    bool waited = pace.idle.total_ns > 0;
    pace_end(&pace, start, clock_ns(), &own);
    assert_int_equal(pace.idle.total_ns, 0);
    assert_true(own.total_ns <= used.total_ns);
    return waited && used.total_ns > 0 ? (double)own.total_ns / (double)used.total_ns : 1;
}

static void test_wait(void **state)
{
    static const struct {
        double rate, share;
    } rows[] = {
        {20000, 1},  /* spins */
        {2000, 0.5}, /* reads both clocks: it knows best whose the time is */
        {100, 1},    /* sleeps */
    };
    (void)state;
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        double share = 1;
        /* A busy machine may let all twenty fall due at once. */
        for (int i = 0; i < 50 && share >= rows[r].share; i++)
            share = wait_for_twenty(rows[r].rate);
        assert_true(share < rows[r].share);
    }
}

/* The machine is taken away while it waits: whoever asked waited for it, the store did not work. */
static void take_machine(int number)
{
    const struct timespec span = {.tv_nsec = 300 * 1000 * 1000};
    (void)number;
    (void)nanosleep(&span, NULL);
}

static void test_late(void **state)
{
    struct pace pace = pace_of(10); /* the second one is due after 100 ms */
    struct sigaction action = {.sa_handler = take_machine}, before;
    const struct itimerval alarm_at = {.it_value = {.tv_usec = 20 * 1000}};
    struct cpu_time cpu = {0};
    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &alarm_at, NULL), 0);
    uint64_t start = clock_ns();
    assert_true(pace_wait(&pace, 1, start, NULL));
    uint64_t begun = clock_ns(), late = pace.late_ns;
    (void)sigaction(SIGALRM, &before, NULL);
    assert_true(late >= 150 * MS && late <= begun - start - 100 * MS);
    /* 5 ms of work. */
    uint64_t latency = pace_latency(&pace, 1, start, start, begun + 5 * MS);
    assert_int_equal(latency, begun + 5 * MS - start - 100 * MS);
    pace_end(&pace, start, begun + 5 * MS, &cpu);
    assert_int_equal(pace.service_ns, latency - late);
    assert_true(pace.service_ns >= 5 * MS);
    assert_int_equal(pace.late_ns, 0);
}

/* Due already: no waiting, no system call. */
static void test_no_wait(void **state)
{
    struct pace pace = pace_of(1000);
    volatile sig_atomic_t stop = 1;
    (void)state;
    pace.now_ns = 10 * MS;
    assert_true(pace_wait(&pace, 10, clock_ns(), &stop));
    assert_true(pace_wait(&pace, 11, clock_ns() - 2 * MS, &stop));
    assert_int_equal(pace.idle.total_ns, 0);
    /* A stop ends a wait, also one of an hour. */
    pace = pace_of(1.0 / 3600);
    assert_false(pace_wait(&pace, 1, clock_ns(), &stop));
}

/* ---- whole runs ------------------------------------------------------------------------------ */

static const char *const some_options[] = {"read_point:ops=300", "mixed:ops=100",
                                           "update_point:ops=60"};

#define SMALL "random:files=12,size=3k"

struct study {
    struct arena arena;
    struct record_manifest manifest;
    const char *dir;
    uint32_t runs;
};

static void study_make(struct study *study, const char *dir, const char *dataset, double per_second)
{
    static const char *const specs[] = {"dedup", "naive", "memory"};
    struct plan_request request = {
        .strategies = specs,
        .strategy_count = COUNT_OF(specs),
        .dataset = dataset,
        .workload_options = some_options,
        .workload_option_count = COUNT_OF(some_options),
        .durability = "none",
        .guardrail = NAN,
        .out = dir,
        .open_loop_per_s = per_second,
    };
    struct err err = {0};
    *study = (struct study){.dir = dir};
    if (plan_make(&request, &study->arena, &study->manifest, &err) != RC_OK)
        fail_msg("plan: %s", err.msg);
}

static struct run_result *execute(struct study *study, const char *label,
                                  const volatile sig_atomic_t *stop, enum rc wanted)
{
    char data[600];
    struct err err = {0};
    struct run_request request = {
        .manifest = &study->manifest,
        .study_dir = study->dir,
        .store_dir = data,
        .run = study->runs,
        .stop = stop,
    };
    while (strcmp(study->manifest.arms[request.arm].label, label) != 0)
        request.arm++;
    snprintf(data, sizeof(data), "%s/store-%u", study->dir, study->runs++);
    assert_int_equal(mkdir(data, 0700), 0);
    struct run_result *result = calloc(1, sizeof(*result));
    assert_non_null(result);
    enum rc rc = run_execute(&request, result, &err);
    if (rc != wanted)
        fail_msg("%s: %s: %s", label, rc_name(rc), err.msg);
    if (rc == RC_OK && !result->samples[result->sample_count - 1].valid)
        fail_msg("%s: INVALID: %s", label, result->samples[result->sample_count - 1].reason);
    return result;
}

static void result_free(struct run_result *result)
{
    run_result_release(result);
    free(result);
}

static const struct sample *phase_of(const struct run_result *result, const char *name)
{
    for (size_t i = 0; i < result->sample_count; i++)
        if (strcmp(result->samples[i].name, name) == 0)
            return &result->samples[i];
    fail_msg("no phase is named %s", name);
    return NULL;
}

static struct latency *latencies_of(const struct study *study, const struct sample *phase,
                                    size_t *count)
{
    struct buf path = {0};
    struct err err = {0};
    struct latency *items = NULL;
    char name[128];
    fixture_join(&path, study->dir, latencies_name(name, phase->run, phase->name));
    assert_int_equal(latencies_read(buf_str(&path), &items, count, &err), RC_OK);
    assert_true((double)*count == phase->value[M_OPS]);
    buf_release(&path);
    return items;
}

/* A billion a second is beyond any store: every operation has waited for all before it, through
 * windows and verification, while the work itself is what it was. */
static void test_rushed_run(void **state)
{
    static const char *const paced[] = {"read_point_binary", "update_binary_hot", "mixed",
                                        "update_point_binary"};
    struct study study;
    study_make(&study, *state, SMALL, 1e9);
    struct run_result *result = execute(&study, "dedup", NULL, RC_OK);
    for (size_t p = 0; p < COUNT_OF(paced); p++) {
        const struct sample *phase = phase_of(result, paced[p]);
        size_t count;
        struct latency *items = latencies_of(&study, phase, &count);
        for (size_t i = 1; i < count; i++)
            assert_true(items[i].ns > items[i - 1].ns); /* the queue grows */
        /* Never idle: the last one's completion is the sum of all service. */
        double last = (double)(items[count - 1].ns + (count - 1));
        assert_true(phase->value[M_WALL_NS] == last);
        assert_true(phase->value[M_OPS_PER_S] == (double)count * 1e9 / last);
        assert_true(phase->value[M_MAX_NS] == (double)items[count - 1].ns);
        /* Percentiles are of the time since arrival, wherever a busy machine stalled the queue: an
         * estimate is a mean of all, so nothing can be said of it by one operation's rank. */
        double *sorted = calloc(count, sizeof(*sorted));
        assert_non_null(sorted);
        for (size_t i = 0; i < count; i++)
            sorted[i] = (double)items[i].ns;
        assert_true(phase->value[M_P50_NS] == quantile_harrell_davis(sorted, count, 0.5));
        if (count >= METRIC_P95_OPS)
            assert_true(phase->value[M_P95_NS] == quantile_harrell_davis(sorted, count, 0.95));
        free(sorted);
        free(items);
    }
    /* Ingest is a closed loop, and so are scans. */
    static const char *const closed[] = {"ingest_binary_cold", "read_scan_binary"};
    for (size_t p = 0; p < COUNT_OF(closed); p++) {
        const struct sample *phase = phase_of(result, closed[p]);
        size_t count;
        double sum = 0;
        struct latency *items = latencies_of(&study, phase, &count);
        for (size_t i = 0; i < count; i++)
            sum += (double)items[i].ns;
        assert_true(phase->value[M_WALL_NS] == sum);
        free(items);
    }
    result_free(result);
    arena_release(&study.arena);
}

static double quickest(const struct study *study, const struct sample *phase)
{
    size_t count;
    struct latency *items = latencies_of(study, phase, &count);
    double least = INFINITY;
    for (size_t i = 0; i < count; i++)
        least = fmin(least, (double)items[i].ns);
    free(items);
    return least;
}

/* 500 a second is nothing: 300 reads take 600 ms, of which the store works a fraction; the time
 * until an operation is due, 2 ms each, is in no latency.  On a busy machine most operations begin
 * late, but not all of them. */
static void test_idle_run(void **state)
{
    struct study study;
    double wall_ns = INFINITY, cpu_ns = INFINITY, least_ns = INFINITY;
    study_make(&study, *state, SMALL, 500);
    /* Others on the machine can only add to these. */
    for (int i = 0; i < 8 && !(wall_ns < 300e6 && cpu_ns < 300e6 && least_ns < 1e6); i++) {
        uint64_t start = clock_ns();
        struct run_result *result = execute(&study, "memory", NULL, RC_OK);
        assert_true(clock_ns() - start > 299 * 2 * MS);
        const struct sample *phase = phase_of(result, "read_point_binary");
        wall_ns = fmin(wall_ns, phase->value[M_WALL_NS]);
        cpu_ns = fmin(cpu_ns, phase->value[M_CPU_NS]);
        least_ns = fmin(least_ns, quickest(&study, phase));
        result_free(result);
    }
    assert_true(wall_ns < 300e6);
    assert_true(cpu_ns < 300e6);
    assert_true(least_ns < 1e6);
    arena_release(&study.arena);
}

/* ^C while it waits for an operation that is due in two minutes. */
static volatile sig_atomic_t stopped;
static void on_alarm(int number)
{
    stopped = number;
}

static void test_stopped_run(void **state)
{
    struct study study;
    struct sigaction action = {.sa_handler = on_alarm}, before;
    study_make(&study, *state, SMALL, 1.0 / 120);
    stopped = 0;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    (void)alarm(1);
    uint64_t start = clock_ns();
    struct run_result *result = execute(&study, "dedup", &stopped, RC_INTERRUPTED);
    assert_true(clock_ns() - start < 20000 * MS);
    (void)sigaction(SIGALRM, &before, NULL);
    result_free(result);
    arena_release(&study.arena);
}

/* ---- warming up ------------------------------------------------------------------------------ */

/* What a phase did and gave is the same with any warm-up; what it had to read from files is not. */
static void expect_same_work(const struct run_result *a, const struct run_result *b, bool reads)
{
    assert_int_equal(a->sample_count, b->sample_count);
    for (size_t i = 0; i < a->sample_count; i++) {
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            double x = a->samples[i].value[m], y = b->samples[i].value[m];
            if (metric_table[m].kind != COUNTER || (x == y || (isnan(x) && isnan(y))))
                continue;
            if (reads || (m != M_READ_BYTES && m != M_READ_CALLS))
                fail_msg("%s: %s is %g and %g", a->samples[i].name, metric_table[m].name, x, y);
        }
    }
    assert_string_equal(a->samples[a->sample_count - 1].verification,
                        b->samples[b->sample_count - 1].verification);
}

static void test_warm_up(void **state)
{
    static const char *const labels[] = {"raw", "dedup", "naive", "memory"};
    struct study study;
    study_make(&study, *state, SMALL, 0);
    assert_int_equal(study.manifest.protocol.warmup_min, 50);
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        struct record_protocol *protocol = &study.manifest.protocol;
        protocol->warmup_min = 50;
        protocol->warmup_share = 0.05;
        struct run_result *first = execute(&study, labels[i], NULL, RC_OK);
        struct run_result *again = execute(&study, labels[i], NULL, RC_OK);
        protocol->warmup_min = 0;
        protocol->warmup_share = 0;
        struct run_result *cold = execute(&study, labels[i], NULL, RC_OK);
        protocol->warmup_share = 1;
        struct run_result *warmer = execute(&study, labels[i], NULL, RC_OK);
        expect_same_work(first, again, true); /* counters are exact with it */
        /* A strategy whose reads write gets none: its cache is filled on the clock. */
        bool none = strcmp(labels[i], "naive") == 0;
        expect_same_work(first, cold, none);
        expect_same_work(first, warmer, none);
        if (none)
            assert_true(phase_of(warmer, "read_point_binary")->value[M_CACHE_MISSES] > 0);
        result_free(first);
        result_free(again);
        result_free(cold);
        result_free(warmer);
    }
    arena_release(&study.arena);
}

/* It warms: pages the store holds already need not be read. */
static void test_warm_up_warms(void **state)
{
    struct study study;
    study_make(&study, *state, "random:files=40,size_min=1,size_max=40k", 0);
    struct run_result *warm = execute(&study, "raw", NULL, RC_OK);
    study.manifest.protocol.warmup_min = 0;
    study.manifest.protocol.warmup_share = 0;
    struct run_result *cold = execute(&study, "raw", NULL, RC_OK);
    assert_true(phase_of(warm, "read_point_binary")->value[M_READ_BYTES] <
                phase_of(cold, "read_point_binary")->value[M_READ_BYTES]);
    expect_same_work(warm, cold, false);
    result_free(warm);
    result_free(cold);
    arena_release(&study.arena);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overload), cmocka_unit_test(test_underload),
        cmocka_unit_test(test_stall),    cmocka_unit_test(test_windows),
        cmocka_unit_test(test_due),      cmocka_unit_test(test_times),
        cmocka_unit_test(test_wait),     cmocka_unit_test(test_no_wait),
        cmocka_unit_test(test_late),     IN_FOLDER(test_rushed_run),
        IN_FOLDER(test_idle_run),        IN_FOLDER(test_stopped_run),
        IN_FOLDER(test_warm_up),         IN_FOLDER(test_warm_up_warms),
    };
    return cmocka_run_group_tests_name("t_pace", tests, NULL, NULL);
}
