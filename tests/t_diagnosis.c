/* Was the machine fit to measure on: what is planted is found and named, what is not is not. */
#include "analysis/diagnosis.h"
#include "engine/rng.h"
#include "tests/support_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARMS = 4, ROUNDS = 24 };

/* What is wrong with the machine, or with the measurement. */
struct plant {
    double twin;   /* the control's second run is so much slower */
    double drift;  /* per round */
    double step;   /* from the middle on */
    double second; /* a run later in its round is so much slower, per place */
    double echo;   /* share of a round's noise of the twin that goes on in the next */
    double cold;   /* the first half of the reads is so much slower */
    double p50;    /* of reads, ns */
    uint32_t voids, rounds;
    bool no_twin;
};

struct study {
    struct made made;
    struct summary summary;
    struct frontier frontier;
    struct diagnosis diagnosis;
    struct err err;
    double echo; /* what went before */
};

static double noise(struct rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rng_unit(rng);
    return sum;
}

static void run(struct study *study, const struct plant *plant, uint32_t arm, uint32_t round,
                uint32_t slot, struct rng *rng)
{
    struct made *made = &study->made;
    double at = plant->drift * round + (round >= plant->rounds / 2 ? plant->step : 0);
    double own = 0.02 * noise(rng);
    if (arm == 1 && plant->echo != 0)
        own = study->echo = plant->echo * study->echo + own;
    double factor = exp(at + own + plant->second * slot + (arm == 1 ? plant->twin : 0));
    made_run(made, arm, round);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P95_NS, 1e5 * factor);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P50_NS, plant->p50);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P50_FIRST_NS,
               plant->p50 * exp(plant->cold + 0.01 * noise(rng)));
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P50_SECOND_NS,
               plant->p50 * exp(0.01 * noise(rng)));
    made_value(made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, 1000 + arm);
    made_end(made, NULL);
    for (size_t i = made->run_start; i < made->record.sample_count; i++)
        made->record.samples[i].slot = slot;
}

static void begin(struct study *study, const struct plant *plant, uint64_t seed)
{
    static const char *const labels[ARMS] = {"raw", "raw'", "dedup", "chunked"};
    struct rng rng = rng_stream(seed, "diagnosis", 0);
    memset(study, 0, sizeof(*study));
    made_init(&study->made);
    made_phase(&study->made, "read_point_binary", "read_point", "after_update");
    for (uint32_t a = 0; a < ARMS; a++)
        made_arm(&study->made, labels[a],
                 MADE_SQL | (a == 0                      ? MADE_CONTROL
                             : a == 1 && !plant->no_twin ? MADE_CONTROL_AGAIN
                                                         : 0));
    for (uint32_t round = 0; round < plant->rounds; round++) {
        uint32_t order[ARMS];
        rng_permutation(&rng, order, ARMS);
        for (uint32_t slot = 0; slot < ARMS; slot++)
            run(study, plant, order[slot], round, slot, &rng);
    }
    for (uint32_t i = 0; i < plant->voids; i++)
        made_void(&study->made, i, "steal time 7.1 % (limit 5 %)");
    enum rc rc = summary_build(&study->summary, &study->made.record, &study->err);
    if (rc == RC_OK)
        rc = frontier_build(&study->frontier, &study->summary, NULL, &study->err);
    if (rc == RC_OK)
        rc = diagnosis_build(&study->diagnosis, &study->frontier, &study->err);
    if (rc != RC_OK)
        fail_msg("%s", study->err.msg);
}

static void end(struct study *study)
{
    diagnosis_release(&study->diagnosis);
    frontier_release(&study->frontier);
    summary_release(&study->summary);
    made_release(&study->made);
}

static bool says(const struct study *study, const char *words)
{
    for (size_t i = 0; i < study->diagnosis.reason_count; i++) {
        if (strstr(study->diagnosis.reasons[i], words) != NULL)
            return true;
    }
    return false;
}

/* ---- nothing is wrong ----------------------------------------------------------------------- */

static void a_sound_machine_is_stable(void **unused)
{
    (void)unused;
    int unstable = 0;
    enum { STUDIES = 100 };
    for (uint64_t seed = 0; seed < STUDIES; seed++) {
        struct study study;
        begin(&study, &(struct plant){.p50 = 20000, .rounds = ROUNDS}, seed);
        unstable += study.diagnosis.state != DIAGNOSIS_STABLE;
        end(&study);
    }
    /* Six kinds of check at 1 %, not independent. */
    assert_in_range(unstable, 0, 12);
}

static void what_a_sound_machine_shows(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study, &(struct plant){.p50 = 20000, .rounds = ROUNDS}, 1);
    const struct diagnosis *diagnosis = &study.diagnosis;
    assert_int_equal(diagnosis->state, DIAGNOSIS_STABLE);
    assert_int_equal(diagnosis->key_count, 1); /* bytes are exact: they have no noise */
    const struct diagnosis_key *key = &diagnosis->keys[0];
    assert_int_equal(key->n, ROUNDS);
    assert_int_equal(key->itself, LOOKS_PASS);
    /* Two runs of 2 % each: 1.96 x 2.8 % / sqrt(24) is 1.1 %. */
    assert_true(key->resolution > 0.005 && key->resolution < 0.025);
    assert_true(key->cv > 0.01 && key->cv < 0.03);
    assert_true(fabs(diagnosis->clock_ratio - 800) < 1e-9); /* 20 us over 25 ns */
    assert_int_equal(diagnosis->warmup_count, 1);
    assert_false(diagnosis->warmups[0].red);
    end(&study);
}

/* ---- planted -------------------------------------------------------------------------------- */

static void what_is_planted_is_named(void **unused)
{
    (void)unused;
    static const struct {
        struct plant plant;
        const char *words;
    } cases[] = {
        {{.twin = 0.1}, "the control differs from itself in p95_ns@read_point_binary: +"},
        {{.twin = -0.1}, "the control differs from itself in p95_ns@read_point_binary: -"},
        {{.drift = 0.02}, "the rounds drift in p95_ns@read_point_binary: Kendall's tau 0."},
        {{.step = 0.2}, "a step in p95_ns@read_point_binary before round 13"},
        {{.second = 0.05}, "running first matters in p95_ns@read_point_binary: -"},
        {{.echo = 0.97}, "one round's noise goes on in the next"},
        {{.cold = 0.15},
         "read_point_binary was not warm: the control's first half against the "
         "second: +1"},
        {{.p50 = 500},
         "the clock is too slow for read_point_binary of raw: its median operation "
         "takes 20 reads"},
        {{.voids = 6}, "6 rounds were voided, 18 count"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct study study;
        struct plant plant = cases[i].plant;
        plant.rounds = ROUNDS;
        plant.p50 = plant.p50 == 0 ? 20000 : plant.p50;
        begin(&study, &plant, 3);
        assert_int_equal(study.diagnosis.state, DIAGNOSIS_UNSTABLE);
        if (!says(&study, cases[i].words))
            fail_msg("not said: %s (said: %s)", cases[i].words,
                     study.diagnosis.reason_count == 0 ? "nothing" : study.diagnosis.reasons[0]);
        end(&study);
    }
}

/* A strategy that is faster the longer it reads has a cache: no fault of the machine. */
static void only_the_controls_warm_up_counts(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study, &(struct plant){.p50 = 20000, .rounds = ROUNDS}, 4);
    end(&study);
    struct plant plant = {.p50 = 20000, .rounds = ROUNDS};
    begin(&study, &plant, 4);
    for (size_t i = 0; i < study.made.record.sample_count; i++) {
        struct sample *sample = &study.made.record.samples[i];
        if (sample->arm == 2)
            sample->value[M_P50_FIRST_NS] *= 3;
    }
    diagnosis_release(&study.diagnosis);
    assert_int_equal(diagnosis_build(&study.diagnosis, &study.frontier, &study.err), RC_OK);
    assert_int_equal(study.diagnosis.state, DIAGNOSIS_STABLE);
    end(&study);
}

/* ---- too little to judge -------------------------------------------------------------------- */

static void few_rounds_are_not_judged(void **unused)
{
    (void)unused;
    for (uint32_t rounds = 0; rounds < DIAGNOSIS_ROUNDS_MIN; rounds++) {
        struct study study;
        begin(&study, &(struct plant){.twin = 0.5, .p50 = 20000, .rounds = rounds}, 5);
        assert_int_equal(study.diagnosis.state, DIAGNOSIS_UNKNOWN);
        end(&study);
    }
    /* The clock needs no rounds. */
    struct study study;
    begin(&study, &(struct plant){.p50 = 100, .rounds = 1}, 5);
    assert_int_equal(study.diagnosis.state, DIAGNOSIS_UNSTABLE);
    end(&study);
}

static void without_a_second_run_the_rest_is_judged(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study, &(struct plant){.drift = 0.02, .p50 = 20000, .rounds = ROUNDS, .no_twin = true},
          6);
    assert_int_equal(study.diagnosis.keys[0].n, 0);
    assert_true(isnan(study.diagnosis.keys[0].resolution));
    assert_true(says(&study, "drift"));
    end(&study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_machine_is_stable),
        cmocka_unit_test(what_a_sound_machine_shows),
        cmocka_unit_test(what_is_planted_is_named),
        cmocka_unit_test(only_the_controls_warm_up_counts),
        cmocka_unit_test(few_rounds_are_not_judged),
        cmocka_unit_test(without_a_second_run_the_rest_is_judged),
    };
    return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
