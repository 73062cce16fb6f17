/* p95 of the work: by hand, without hiccups, and only when all of it is there. */
#include "analysis/p95work.h"
#include "engine/quantile.h"
#include "engine/rng.h"
#include "tests/support_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { OPS = 500 };

struct study {
    char dir[64];
    struct made made;
    struct summary summary;
    struct rounds rounds;
    struct err err;
    uint32_t count;
};

static void path_of(const struct study *study, uint32_t run, char path[256])
{
    char name[128];
    assert_true(snprintf(path, 256, "%s/%s", study->dir,
                         latencies_name(name, run, "read_point_binary")) < 256);
}

/* Operation i takes 1000 + i ns; `odd` may spoil a run. */
static void begin(struct study *study, uint32_t rounds,
                  void (*odd)(struct latency *items, size_t *count, uint32_t round))
{
    memset(study, 0, sizeof(*study));
    snprintf(study->dir, sizeof(study->dir), "/tmp/blobfront-p95work-XXXXXX");
    assert_non_null(mkdtemp(study->dir));
    made_init(&study->made);
    study->made.record.dir = strdup(study->dir);
    study->count = rounds;
    made_phase(&study->made, "read_point_binary", "read_point", "");
    made_arm(&study->made, "raw", MADE_SQL | MADE_CONTROL);
    for (uint32_t round = 0; round < rounds; round++) {
        struct latency items[OPS + 1];
        size_t count = OPS;
        char path[256];
        for (uint32_t i = 0; i < OPS + 1; i++)
            items[i] = (struct latency){1000 + i, 64 * i, LATENCY_READ};
        if (odd != NULL)
            odd(items, &count, round);
        path_of(study, round, path);
        assert_int_equal(latencies_write(path, items, count, &study->err), RC_OK);
        made_run(&study->made, 0, round);
        made_value(&study->made, SAMPLE_PHASE, "read_point_binary", M_OPS, OPS);
        made_end(&study->made, NULL);
    }
    assert_int_equal(summary_build(&study->summary, &study->made.record, &study->err), RC_OK);
    assert_int_equal(rounds_build(&study->rounds, &study->summary, &study->err), RC_OK);
}

static struct p95work find(struct study *study)
{
    struct p95work work;
    assert_int_equal(p95work_find(&study->rounds, 0, 0, &work, &study->err), RC_OK);
    return work;
}

static void end(struct study *study)
{
    char path[256];
    for (uint32_t run = 0; run < study->count; run++) {
        path_of(study, run, path);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/raw", study->dir);
    rmdir(path);
    assert_int_equal(rmdir(study->dir), 0);
    rounds_release(&study->rounds);
    summary_release(&study->summary);
    made_release(&study->made);
}

static double expected(void)
{
    double values[OPS];
    for (size_t i = 0; i < OPS; i++)
        values[i] = 1000 + (double)i;
    return quantile_harrell_davis(values, OPS, 0.95);
}

static void equal_rounds_give_the_p95_of_one(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study, 4, NULL);
    struct p95work work = find(&study);
    assert_true(work.ns == expected());
    assert_true(work.low == work.ns && work.high == work.ns);
    assert_int_equal(work.ops, OPS);
    assert_int_equal(work.rounds, 4);
    end(&study);
}

/* Each round another tenth of the operations is hit: no median sees it. */
static void hiccup(struct latency *items, size_t *count, uint32_t round)
{
    for (size_t i = round % 10; i < *count; i += 10)
        items[i].ns += 1000000;
}

static void hiccups_are_gone(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study, 5, hiccup);
    struct p95work work = find(&study);
    assert_true(work.ns == expected());
    assert_true(work.low <= work.ns && work.ns <= work.high);
    end(&study);
}

/* Even numbers of rounds: the mean of the middle two. */
static void lift(struct latency *items, size_t *count, uint32_t round)
{
    for (size_t i = 0; i < *count; i++)
        items[i].ns += 10 * round;
}

static void even_medians_lie_between(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study, 4, lift);
    struct p95work work = find(&study);
    assert_true(fabs(work.ns - (expected() + 15)) < 1e-9);
    assert_true(work.low >= expected() && work.high <= expected() + 30);
    assert_true(work.low < work.high);
    end(&study);
}

static void two_rounds_have_no_interval(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study, 2, NULL);
    struct p95work work = find(&study);
    assert_true(work.ns == expected() && isnan(work.low) && isnan(work.high));
    end(&study);
}

static void longer(struct latency *items, size_t *count, uint32_t round)
{
    (void)items;
    *count += round == 1;
}

static void other(struct latency *items, size_t *count, uint32_t round)
{
    items[*count / 2].bytes += round == 1;
}

static void few(struct latency *items, size_t *count, uint32_t round)
{
    (void)items, (void)round;
    *count = P95WORK_OPS_MIN - 1;
}

static void without_all_of_it_there_is_no_value(void **unused)
{
    (void)unused;
    void (*const odd[])(struct latency *, size_t *, uint32_t) = {longer, other, few};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        struct study study;
        begin(&study, 3, odd[i]);
        assert_true(isnan(find(&study).ns));
        end(&study);
    }
    struct study study;
    char path[256];
    begin(&study, 3, NULL);
    path_of(&study, 1, path);
    assert_int_equal(truncate(path, 100), 0);
    assert_true(isnan(find(&study).ns)); /* damaged */
    assert_int_equal(unlink(path), 0);
    assert_true(isnan(find(&study).ns)); /* missing */
    end(&study);
    begin(&study, 0, NULL);
    assert_true(isnan(find(&study).ns));
    rmdir(study.dir);
    assert_int_equal(mkdir(study.dir, 0777), 0);
    end(&study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_rounds_give_the_p95_of_one),
        cmocka_unit_test(hiccups_are_gone),
        cmocka_unit_test(even_medians_lie_between),
        cmocka_unit_test(two_rounds_have_no_interval),
        cmocka_unit_test(without_all_of_it_there_is_no_value),
    };
    return cmocka_run_group_tests_name("p95 of the work", tests, NULL, NULL);
}
