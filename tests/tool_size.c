/* tool_size: the error rates and the power of the tests, by simulation, as Markdown
 * (docs/journal.md).
 *
 *   1. the paired signed-rank test: how often it alarms at a true slowdown of 0 to 20 %;
 *   2. the sequential verdict (looks.h): FAIL, PASS, undecided, mean rounds;
 *   3. what the fair random order is worth: the same test when runs follow another order;
 *   4. the e-process, looked at after every round, beside the looks.
 *
 * Noise as in support_noise.h.  BLOBFRONT_TEST_STUDIES sets the studies per cell (20,000: a figure
 * of 50 % has a standard error of 0.35 points); the same number gives the same tables to the last
 * digit.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/eprocess.h"
#include "analysis/looks.h"
#include "analysis/signrank.h"
#include "tests/support_noise.h"

enum { EFFECTS = 5, CVS = 3 };
static const double cvs[CVS] = {0.02, 0.05, 0.10};
static const double effects[EFFECTS] = {0, 0.03, 0.05, 0.10, 0.20};
static const double alpha = 0.01;
static const struct looks_bounds bounds = {0.01, 0.02, 0.10};

static void must(enum rc rc, const struct err *err)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "tool_size: %s\n", err->msg);
    exit(1);
}

static struct signrank test_of(const double *d, size_t n, double theta0)
{
    struct signrank test;
    struct err err = {0};
    must(signrank_test(d, n, theta0, &test, &err), &err);
    return test;
}

static double percent(size_t count)
{
    return 100 * (double)count / (double)noise_studies();
}

/* One digit where it says something: "0.9", "66", "100". */
static void print_percent(double value)
{
    printf(value > 0 && value < 5 ? "%.1f" : "%.0f", value);
}

static void print_models(const char *before)
{
    printf("%s", before);
    for (int model = 0; model < NOISE_MODELS; model++)
        printf(" %s |", noise_name((enum noise_model)model));
    printf("\n");
}

/* ---- 1. power of one look -------------------------------------------------------------------- */

static void power_cell(const struct noise *noise, size_t n, double level)
{
    size_t found[EFFECTS] = {0};
    for (size_t study = 0; study < noise_studies(); study++) {
        double d[NOISE_ROUNDS_MAX];
        noise_study(noise, study, NOISE_FAIR, n, d);
        for (size_t e = 0; e < EFFECTS; e++)
            found[e] += test_of(d, n, -log1p(effects[e])).p_greater <= level;
    }
    for (size_t e = 0; e < EFFECTS; e++) {
        printf(e == 0 ? " " : "/");
        print_percent(percent(found[e]));
    }
    printf(" |");
}

static void power_table(void)
{
    static const size_t sizes[] = {5, 10, 20, 40};
    printf("\nPaired signed-rank test of no slowdown, one-sided %g (n = 5: 0.04, its smallest p is "
           "1/32): percent rejected at a true slowdown of 0/3/5/10/20 %%\n\n",
           alpha);
    print_models("| CV | n |");
    printf("|---|---|---|---|---|---|\n");
    for (size_t c = 0; c < CVS; c++) {
        for (size_t s = 0; s < COUNT_OF(sizes); s++) {
            printf("| %g %% | %zu |", 100 * cvs[c], sizes[s]);
            for (int model = 0; model < NOISE_MODELS; model++) {
                struct noise noise = {(enum noise_model)model, cvs[c], 0};
                power_cell(&noise, sizes[s], sizes[s] == 5 ? 0.04 : alpha);
            }
            printf("\n");
            fflush(stdout);
        }
    }
}

/* ---- 2. the sequential verdict --------------------------------------------------------------- */

static void gate_cell(const struct looks *looks, const struct noise *noise, double slowdown)
{
    size_t count[4] = {0};
    double rounds = 0;
    for (size_t study = 0; study < noise_studies(); study++) {
        double d[NOISE_ROUNDS_MAX];
        struct looks_state state;
        struct err err = {0};
        noise_study(noise, study, NOISE_FAIR, NOISE_ROUNDS_MAX, d);
        for (size_t i = 0; i < NOISE_ROUNDS_MAX; i++)
            d[i] += log1p(slowdown);
        must(looks_judge(looks, &bounds, d, NOISE_ROUNDS_MAX, &state, &err), &err);
        count[state.verdict]++;
        rounds += (double)state.rounds;
    }
    static const enum looks_verdict order[] = {LOOKS_FAIL, LOOKS_PASS, LOOKS_UNDECIDED};
    for (size_t i = 0; i < COUNT_OF(order); i++)
        printf("%s%.1f", i == 0 ? " " : "/", percent(count[order[i]]));
    printf(", %.1f |", rounds / (double)noise_studies());
}

static void gate_table(void)
{
    struct looks looks = looks_gate();
    printf(
        "\nThe sequential verdict (looks 10, 20, 40; FAIL above +2 %%, PASS below +10 %%, 1 %% for "
        "each error): FAIL/PASS/undecided percent, mean rounds\n\n");
    printf("| CV, noise | 0 %% | +2 %% | +3 %% | +5 %% | +10 %% | +20 %% |\n");
    printf("|---|---|---|---|---|---|---|\n");
    static const double slowdowns[] = {0, 0.02, 0.03, 0.05, 0.10, 0.20};
    for (size_t c = 0; c < CVS; c++) {
        for (int model = 0; model < NOISE_MODELS; model++) {
            struct noise noise = {(enum noise_model)model, cvs[c], 0};
            printf("| %g %% %s |", 100 * cvs[c], noise_name(noise.model));
            for (size_t e = 0; e < COUNT_OF(slowdowns); e++)
                gate_cell(&looks, &noise, slowdowns[e]);
            printf("\n");
            fflush(stdout);
        }
    }
}

/* ---- 3. orders ------------------------------------------------------------------------------- */

static void order_table(void)
{
    static const double places[] = {0, 0.05};
    printf("\nFalse alarms in percent (nothing changed, CV 5 %%, one-sided %g, n = 10/20/40) by "
           "the order "
           "of the runs\n\n",
           alpha);
    printf("| noise | second run of a round | fair coin | A B A B | all A, then all B |\n");
    printf("|---|---|---|---|---|\n");
    for (size_t at = 0; at < 2 * (size_t)NOISE_MODELS; at++) {
        struct noise noise = {(enum noise_model)(at % NOISE_MODELS), 0.05,
                              places[at / NOISE_MODELS]};
        printf("| %s | %s |", noise_name(noise.model), noise.place > 0 ? "5 % slower" : "alike");
        for (int order = NOISE_FAIR; order <= NOISE_SEQUENTIAL; order++) {
            for (size_t n = 10; n <= NOISE_ROUNDS_MAX; n *= 2) {
                size_t alarms = 0;
                for (size_t study = 0; study < noise_studies(); study++) {
                    double d[NOISE_ROUNDS_MAX];
                    noise_study(&noise, study, (enum noise_order)order, n, d);
                    alarms += test_of(d, n, 0).p_greater <= alpha;
                }
                printf(n == 10 ? " " : "/");
                print_percent(percent(alarms));
            }
            printf(" |");
        }
        printf("\n");
        fflush(stdout);
    }
}

/* ---- 4. peeking ------------------------------------------------------------------------------ */

/* Both against H0: slowdown <= delta, and for as long as 40 rounds. */
static void peeking_cell(const struct looks *looks, const struct noise *noise, double slowdown)
{
    size_t found = 0, found_by_looks = 0;
    double rounds = 0, theta0 = log1p(bounds.delta) - log1p(slowdown);
    for (size_t study = 0; study < noise_studies(); study++) {
        double d[NOISE_ROUNDS_MAX];
        noise_study(noise, study, NOISE_FAIR, NOISE_ROUNDS_MAX, d);
        bool rejected = false;
        for (size_t k = 0; k < looks->count && !rejected; k++)
            rejected = test_of(d, looks->rounds[k], theta0).p_greater <= alpha * looks->share[k];
        found_by_looks += rejected;
        if (eprocess_p(d, NOISE_ROUNDS_MAX, theta0, true) > alpha)
            continue;
        size_t n = 1;
        while (eprocess_log(d, n, theta0, true) < log(1 / alpha))
            n++;
        found++;
        rounds += (double)n;
    }
    printf(" %.2f (%.1f), %.2f |", percent(found), found > 0 ? rounds / (double)found : 0,
           percent(found_by_looks));
}

static void peeking_table(void)
{
    static const double slowdowns[] = {0.02, 0.05, 0.10, 0.20};
    struct looks looks = looks_gate();
    printf(
        "\nRejected in percent of H0: slowdown at most 2 %%, level 1 %%, 40 rounds at most: by the "
        "e-process after any round (mean rounds it took), by the looks alone\n\n");
    printf("| CV, noise | +2 %% (error) | +5 %% | +10 %% | +20 %% |\n|---|---|---|---|---|\n");
    for (size_t c = 0; c < CVS; c++) {
        for (int model = 0; model < NOISE_MODELS; model++) {
            struct noise noise = {(enum noise_model)model, cvs[c], 0};
            printf("| %g %% %s |", 100 * cvs[c], noise_name(noise.model));
            for (size_t e = 0; e < COUNT_OF(slowdowns); e++)
                peeking_cell(&looks, &noise, slowdowns[e]);
            printf("\n");
            fflush(stdout);
        }
    }
}

int main(void)
{
    printf("%zu simulated studies per cell; noise: tests/support_noise.h\n", noise_studies());
    power_table();
    gate_table();
    order_table();
    peeking_table();
    return 0;
}
