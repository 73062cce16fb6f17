#include "tests/support_noise.h"

#include <math.h>
#include <stdlib.h>

#include "engine/rng.h"

enum { SLOTS_MAX = 2 * NOISE_ROUNDS_MAX, STUDIES_DEFAULT = 20000 };
static const double phi = 0.95, drift_sd = 3, heavy_share = 0.1, heavy_mean = 0.25;

const char *noise_name(enum noise_model model)
{
    static const char *const names[] = {"iid", "heavy", "drift", "heavy+drift"};
    return names[model];
}

size_t noise_studies(void)
{
    const char *text = getenv("BLOBFRONT_TEST_STUDIES");
    uint64_t studies = STUDIES_DEFAULT;
    struct err err = {0};
    if (text != NULL)
        CHECK(parse_u64(text, 100, 10000000, "BLOBFRONT_TEST_STUDIES", &studies, &err) == RC_OK);
    return (size_t)studies;
}

/* Marsaglia's polar method: two at a time. */
static void normal_pair(struct rng *rng, double out[2])
{
    double u, v, s;
    do {
        u = 2 * rng_unit(rng) - 1;
        v = 2 * rng_unit(rng) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    double scale = sqrt(-2 * log(s) / s);
    out[0] = u * scale;
    out[1] = v * scale;
}

static void add_drift(struct rng *rng, double cv, size_t slots, double *x)
{
    double pair[2];
    normal_pair(rng, pair);
    double level = drift_sd * cv * pair[0];
    double innovation = drift_sd * cv * sqrt(1 - phi * phi);
    size_t step = rng_unit(rng) < 0.5 ? (size_t)rng_below(rng, slots) : slots;
    double height = rng_unit(rng) < 0.5 ? log(1.1) : log(0.9);
    for (size_t i = 0; i < slots; i++) {
        x[i] += level + (i >= step ? height : 0);
        if (i % 2 == 0)
            normal_pair(rng, pair);
        level = phi * level + innovation * pair[i % 2];
    }
}

/* Own noise for each CV: else the ranks of iid noise would be the same at all of them. */
static uint64_t seed_of(const struct noise *noise)
{
    return (uint64_t)(noise->cv * 1e6);
}

static void draw_slots(const struct noise *noise, uint64_t study, size_t slots, double *x)
{
    struct rng rng = rng_stream(seed_of(noise), noise_name(noise->model), study);
    for (size_t i = 0; i < slots; i += 2)
        normal_pair(&rng, x + i);
    for (size_t i = 0; i < slots; i++)
        x[i] *= noise->cv;
    if (noise->model == NOISE_HEAVY || noise->model == NOISE_HEAVY_DRIFT) {
        for (size_t i = 0; i < slots; i++) {
            if (rng_unit(&rng) < heavy_share)
                x[i] += log1p(-heavy_mean * log(1 - rng_unit(&rng)));
        }
    }
    if (noise->model == NOISE_DRIFT || noise->model == NOISE_HEAVY_DRIFT)
        add_drift(&rng, noise->cv, slots, x);
}

void noise_study(const struct noise *noise, uint64_t study, enum noise_order order, size_t rounds,
                 double *d)
{
    double x[SLOTS_MAX];
    CHECK(rounds <= NOISE_ROUNDS_MAX);
    draw_slots(noise, study, 2 * rounds, x);
    struct rng coin = rng_stream(seed_of(noise), "order", study);
    for (size_t i = 0; i < rounds; i++) {
        bool swapped = order == NOISE_FAIR && rng_below(&coin, 2) == 1;
        size_t a = 2 * i + swapped, b = 2 * i + !swapped; /* slots of baseline and candidate */
        double place = swapped ? -noise->place : noise->place;
        if (order == NOISE_SEQUENTIAL) {
            a = i;
            b = rounds + i;
            place = 0; /* the two runs of a pair are no neighbours */
        }
        d[i] = x[b] - x[a] + place;
    }
}
