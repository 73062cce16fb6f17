/* t_watch: which rounds do not count, by the kernel's numbers before and after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/clock.h"
#include "tests/support_fixture.h"
#include "workloads/watch.h"

#define MS ((uint64_t)1000000)

/* ---- the rules, on readings made up ---------------------------------------------------------- */

struct between {
    uint64_t elapsed_ms, ticks, steal, pages;
    int64_t step_ms;
    const char *reason; /* NULL: the round counts */
};

static void expect(const struct between *between)
{
    struct watch_reading before = {
        .at_ns = 77 * MS,
        .wall_ns = -5000,
        .has_cpu = true,
        .has_swap = true,
        .cpu_ticks = 1000000,
        .steal_ticks = 5000,
        .swapped_in = 31,
    };
    struct watch_reading after = before;
    char reason[WATCH_REASON_SIZE] = "left over";
    after.at_ns += between->elapsed_ms * MS;
    after.wall_ns += between->step_ms * (int64_t)MS;
    after.cpu_ticks += between->ticks;
    after.steal_ticks += between->steal;
    after.swapped_in += between->pages;
    bool disturbed = watch_disturbed(&before, &after, reason);
    if (disturbed != (between->reason != NULL))
        fail_msg("%s, expected %s", disturbed ? reason : "undisturbed",
                 between->reason ? between->reason : "undisturbed");
    assert_string_equal(reason, between->reason ? between->reason : "");
}

static void test_rules(void **state)
{
    static const struct between cases[] = {
        {1000, 200, 0, 0, 0, NULL},
        /* Steal: above 5 %, not at it, and only where there are ticks enough to say. */
        {1000, 200, 10, 0, 0, NULL},
        {1000, 200, 11, 0, 0, "steal time 5.5 % (limit 5 %)"},
        {200, 40, 3, 0, 0, "steal time 7.5 % (limit 5 %)"},
        {199, 40, 30, 0, 0, NULL},
        {1000, 200, 200, 0, 0, "steal time 100.0 % (limit 5 %)"},
        {1000, 0, 0, 0, 0, NULL},
        /* Swap: any page, however short the round was. */
        {1000, 200, 0, 1, 0, "1 pages were swapped in"},
        {5, 1, 0, 4096, 0, "4096 pages were swapped in"},
        /* The clock: 50 ms and 1000 ppm, in both directions. */
        {1000, 200, 0, 0, 51, NULL},
        {1000, 200, 0, 0, 52, "the wall clock moved by 52 ms"},
        {1000, 200, 0, 0, -51, NULL},
        {1000, 200, 0, 0, -52, "the wall clock moved by -52 ms"},
        {100000, 20000, 0, 0, 150, NULL},
        {100000, 20000, 0, 0, 151, "the wall clock moved by 151 ms"},
        {0, 0, 0, 0, 3600000, "the wall clock moved by 3600000 ms"},
        /* One reason is enough. */
        {1000, 200, 100, 7, 9000, "steal time 50.0 % (limit 5 %)"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(&cases[i]);
}

/* What could not be read before or after is not judged; counters that went back are a new host. */
static void test_unknown(void **state)
{
    struct watch_reading calm = {.at_ns = 1000 * MS, .has_cpu = true, .has_swap = true};
    struct watch_reading wild = {.at_ns = 2000 * MS,
                                 .has_cpu = true,
                                 .has_swap = true,
                                 .cpu_ticks = 200,
                                 .steal_ticks = 100,
                                 .swapped_in = 5};
    char reason[WATCH_REASON_SIZE];
    (void)state;
    assert_true(watch_disturbed(&calm, &wild, reason));
    calm.has_cpu = false;
    assert_true(watch_disturbed(&calm, &wild, reason));
    assert_string_equal(reason, "5 pages were swapped in");
    wild.has_swap = false;
    assert_false(watch_disturbed(&calm, &wild, reason));
    calm.has_cpu = wild.has_swap = true;
    wild.at_ns = 0;
    calm.at_ns = 0;
    wild.at_ns = 3000 * MS;
    struct watch_reading back = wild;
    back.at_ns += 1000 * MS;
    back.cpu_ticks = back.steal_ticks = back.swapped_in = 1;
    assert_false(watch_disturbed(&wild, &back, reason));
}

/* ---- the kernel's files ---------------------------------------------------------------------- */

static void read_files(const char *dir, const char *stat, const char *vmstat,
                       struct watch_reading *reading)
{
    char paths[2][600];
    const char *texts[] = {stat, vmstat};
    struct watch_source source = {paths[0], paths[1]};
    for (int i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/%d", dir, i);
        if (texts[i] == NULL)
            snprintf(paths[i], sizeof(paths[i]), "%s/missing", dir);
        else
            fixture_write(dir, i ? "1" : "0", texts[i], strlen(texts[i]));
    }
    watch_read(&source, reading);
}

static void test_files(void **state)
{
    static const char real_stat[] = "cpu  602618 1220 310901 1395152 91102 7 21312 2155 11 13\n"
                                    "cpu0 269793 721 122234 778527 37174 0 482 1060 0 0\n";
    static const char real_vmstat[] = "nr_free_pages 7\npgpgin 99\npswpin 42\npswpout 43\n";
    struct watch_reading reading;
    read_files(*state, real_stat, real_vmstat, &reading);
    assert_true(reading.has_cpu && reading.has_swap);
    /* Guests' time is in user and nice already. */
    assert_int_equal(reading.cpu_ticks,
                     602618 + 1220 + 310901 + 1395152 + 91102 + 7 + 21312 + 2155);
    assert_int_equal(reading.steal_ticks, 2155);
    assert_int_equal(reading.swapped_in, 42);
    read_files(*state, real_stat, "pswpin 3\n", &reading);
    assert_int_equal(reading.swapped_in, 3);
    /* A last line as long as the file, and a name that only contains the one sought. */
    read_files(*state, real_stat, "xpswpin 3\npswpin 18446744073709551615", &reading);
    assert_true(reading.swapped_in == UINT64_MAX);
}

static void test_bad_files(void **state)
{
    static const char *const stats[] = {NULL,
                                        "",
                                        "cpu",
                                        "cpu  1 2 3 4 5 6 7\n",
                                        "cpu  a\n",
                                        "intr 1 2 3 4 5 6 7 8 9\n",
                                        "cpu0 1 2 3 4 5 6 7 8 9\n"};
    static const char *const vmstats[] = {NULL, "", "pswpout 1\n", "xpswpin 1\n"};
    struct watch_reading reading;
    for (size_t i = 0; i < COUNT_OF(stats); i++) {
        read_files(*state, stats[i], "pswpin 1\n", &reading);
        assert_false(reading.has_cpu);
        assert_true(reading.has_swap);
    }
    for (size_t i = 0; i < COUNT_OF(vmstats); i++) {
        read_files(*state, "cpu  1 2 3 4 5 6 7 8\n", vmstats[i], &reading);
        assert_true(reading.has_cpu);
        assert_false(reading.has_swap);
    }
}

/* This machine: readings a moment apart name no step, whatever the load. */
static void test_machine(void **state)
{
    struct watch_reading before, after;
    char reason[WATCH_REASON_SIZE];
    (void)state;
    watch_read(NULL, &before);
    watch_read(NULL, &after);
    assert_true(after.at_ns >= before.at_ns);
    assert_true(after.cpu_ticks >= before.cpu_ticks);
    if (watch_disturbed(&before, &after, reason))
        assert_non_null(strstr(reason, "swapped in"));
    /* The wall clock is ahead of the monotonic one by the time since 1970 when that was zero. */
    int64_t wall_s = (clock_offset_ns() + (int64_t)clock_ns()) / 1000000000;
    assert_true(wall_s - clock_epoch_s() <= 1 && clock_epoch_s() - wall_s <= 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules), cmocka_unit_test(test_unknown), IN_FOLDER(test_files),
        IN_FOLDER(test_bad_files),    cmocka_unit_test(test_machine),
    };
    return cmocka_run_group_tests_name("t_watch", tests, NULL, NULL);
}
