#include "tests/support_noisy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/rng.h"

const struct noisy_model noisy_clear[NOISY_CLEAR] = {
    {"raw", NOISY_CONTROL, 100000, 1, 1, 1},   {"raw'", NOISY_AGAIN, 100000, 1, 1, 1},
    {"small", NOISY_SQL, 60000, 1.02, 1, 2},   {"slow", NOISY_SQL, 50000, 1.5, 1, 3},
    {"worst", NOISY_SQL, 120000, 1.6, 1.6, 2},
};

static double noise(struct rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rng_unit(rng);
    return sum;
}

void noisy_begin(struct noisy *study, const struct noisy_model *models, size_t arms, double cv,
                 uint64_t seed)
{
    memset(study, 0, sizeof(*study));
    study->models = models;
    study->arms = arms;
    study->cv = cv;
    study->seed = seed;
    made_init(&study->made);
    study->made.record.manifest.seed = seed;
    made_phase(&study->made, "ingest_binary_cold", "ingest", "");
    made_phase(&study->made, "update_point_binary", "update_point", "after_update");
    made_phase(&study->made, "read_point_binary", "read_point", "");
    for (size_t a = 0; a < arms; a++)
        made_arm(&study->made, models[a].label, models[a].flags);
}

/* One run: everything slower or faster together by the round's block, and noise of its own. */
static void run(struct noisy *study, size_t arm, uint32_t round)
{
    const struct noisy_model *model = &study->models[arm];
    struct made *made = &study->made;
    struct rng block = rng_stream(study->seed, "block", round);
    struct rng own = rng_stream(study->seed, model->label, round);
    double factor = exp(0.1 * noise(&block));
    double value[3] = {1e5 * model->read, 3e5 * model->update, 2 * model->cpu};
    for (size_t i = 0; i < 3; i++)
        value[i] *= factor * exp(study->cv * noise(&own));
    made_run(made, (uint32_t)arm, round);
    made_value(made, SAMPLE_PHASE, "ingest_binary_cold", M_CPU_MS_PER_MB, value[2]);
    made_value(made, SAMPLE_PHASE, "update_point_binary", M_P95_NS, value[1]);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P95_NS, value[0]);
    made_value(made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, model->bytes);
    made_value(made, SAMPLE_RUN, "", M_RUN_NS, 5e8);
    made_end(made, NULL);
}

void noisy_rounds(struct noisy *study, uint32_t from, uint32_t to, size_t without)
{
    for (uint32_t round = from; round < to; round++) {
        for (size_t a = 0; a < study->arms; a++) {
            if (a != without)
                run(study, a, round);
        }
    }
}

void noisy_looks(struct noisy *study, const uint32_t *at, size_t count)
{
    struct record_protocol *protocol = &study->made.record.manifest.protocol;
    protocol->stopping = STOPPING_LOOKS;
    protocol->racing = true;
    protocol->look_count = count;
    memcpy(protocol->looks, at, count * sizeof(*at));
}

void noisy_finish(struct noisy *study, const struct frontier_options *options)
{
    enum rc rc = summary_build(&study->summary, &study->made.record, &study->err);
    if (rc == RC_OK)
        rc = frontier_build(&study->frontier, &study->summary, options, &study->err);
    if (rc != RC_OK)
        fail_msg("%s", study->err.msg);
}

void noisy_unfinish(struct noisy *study)
{
    frontier_release(&study->frontier);
    summary_release(&study->summary);
}

void noisy_end(struct noisy *study)
{
    noisy_unfinish(study);
    made_release(&study->made);
}

const struct frontier_arm *noisy_arm(const struct noisy *study, size_t arm)
{
    return &study->frontier.arms[arm];
}

void noisy_assert_claim(struct noisy *study, const struct claim *claim, enum claim_label label,
                        const char *words)
{
    struct buf out = {0};
    assert_int_equal(claim->label, label);
    enum rc rc = claim_print(claim, false, &out, &study->err);
    if (rc != RC_OK)
        fail_msg("%s", study->err.msg);
    if (strstr(buf_str(&out), words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", buf_str(&out), words);
    buf_release(&out);
}

void noisy_assert_standing(struct noisy *study, size_t arm, const char *expected)
{
    struct buf out = {0};
    assert_int_equal(frontier_standing_print(&study->frontier, arm, 9, &out, &study->err), RC_OK);
    if (strncmp(buf_str(&out), expected, strlen(expected)) != 0)
        fail_msg("\"%s\" is not \"%s\"", buf_str(&out), expected);
    buf_release(&out);
}

bool noisy_noted(const struct noisy *study, const char *words)
{
    for (size_t i = 0; i < study->frontier.note_count; i++) {
        if (strstr(study->frontier.notes[i], words) != NULL)
            return true;
    }
    return false;
}
