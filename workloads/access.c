#include "workloads/access.h"

#include <math.h>
#include <stdlib.h>

const char *const access_skew_names[] = {"uniform", "zipf", "latest", "hotspot", "runs", NULL};

enum rc access_init(struct access *access, const struct access_options *options,
                    const struct schedule *schedule, struct rng *rng)
{
    *access = (struct access){.options = *options, .count = schedule->live_count};
    CHECK(access->count > 0);
    if (options->skew != ACCESS_ZIPF && options->skew != ACCESS_HOTSPOT)
        return RC_OK;
    access->dealt = malloc(access->count * sizeof(*access->dealt));
    if (!access->dealt)
        return FAIL(schedule->err, RC_NOMEM, 0, "no memory to draw from %u files", access->count);
    rng_permutation(rng, access->dealt, access->count);
    return RC_OK;
}

enum rc access_begin(struct access *access, const struct access_options *options,
                     const char *workload, uint64_t ops, struct schedule *schedule, struct rng *rng)
{
    enum rc rc = schedule_need_files(schedule, workload);
    if (rc == RC_OK)
        rc = schedule_expect(schedule, ops);
    return rc == RC_OK ? access_init(access, options, schedule, rng) : rc;
}

void access_release(struct access *access)
{
    free(access->dealt);
    *access = (struct access){0};
}

/* ---- zipf ------------------------------------------------------------------------------------ */

/* (e^x - 1) / x and log(1 + x) / x, also where x is 0 or all but 0. */
static double expm1_over(double x)
{
    return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x / 2 * (1 + x / 3);
}

static double log1p_over(double x)
{
    return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x / 3);
}

/* The hat x^-theta, its integral from 1 to x, and the inverse of that; theta = 1 is no special
 * case in this form. */
static double hat(double theta, double x)
{
    return exp(-theta * log(x));
}

static double area(double theta, double x)
{
    double log_x = log(x);
    return expm1_over((1 - theta) * log_x) * log_x;
}

static double area_inverse(double theta, double a)
{
    double t = fmax(a * (1 - theta), -1); /* rounding may lead below */
    return exp(log1p_over(t) * a);
}

/* 1..n */
static uint32_t zipf(struct access *access, uint32_t n, struct rng *rng)
{
    const double theta = access->options.theta;
    if (access->files != n) {
        access->files = n;
        access->high = area(theta, 1.5) - 1;
        access->low = area(theta, n + 0.5);
        access->squeeze = 2 - area_inverse(theta, area(theta, 2.5) - hat(theta, 2));
    }
    for (;;) {
        double u = access->low + rng_unit(rng) * (access->high - access->low);
        double x = area_inverse(theta, u);
        double k = fmin(fmax(floor(x + 0.5), 1), n);
        if (k - x <= access->squeeze || u >= area(theta, k + 0.5) - hat(theta, k))
            return (uint32_t)k;
    }
}

/* ---- picking --------------------------------------------------------------------------------- */

/* The place in live[] of 0..n-1: those that came later follow those that were dealt. */
static uint32_t place_of(const struct access *access, uint32_t rank)
{
    return rank < access->count ? access->dealt[rank] : rank;
}

static uint32_t hotspot(const struct access *access, uint32_t n, struct rng *rng)
{
    uint32_t hot = (uint32_t)ceil(access->options.hot * access->count);
    if (hot >= n || rng_unit(rng) < access->options.heat)
        return place_of(access, (uint32_t)rng_below(rng, hot < n ? hot : n));
    return place_of(access, hot + (uint32_t)rng_below(rng, n - hot));
}

static uint32_t runs(struct access *access, uint32_t n, struct rng *rng)
{
    if (access->left == 0) {
        access->next = rng_below(rng, n);
        access->left = access->options.run;
    }
    access->left--;
    return (uint32_t)(access->next++ % n);
}

uint32_t access_pick(struct access *access, const struct schedule *schedule, struct rng *rng)
{
    uint32_t n = schedule->live_count;
    CHECK(n >= access->count);
    switch ((enum access_skew)access->options.skew) {
    case ACCESS_UNIFORM: break;
    case ACCESS_ZIPF: return schedule->live[place_of(access, zipf(access, n, rng) - 1)];
    case ACCESS_LATEST: return schedule->live[n - zipf(access, n, rng)];
    case ACCESS_HOTSPOT: return schedule->live[hotspot(access, n, rng)];
    case ACCESS_RUNS: return schedule->live[runs(access, n, rng)];
    }
    return schedule_pick(schedule, rng);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

uint64_t access_stride(uint64_t stride, uint64_t n)
{
    while (common_divisor(stride, n) != 1)
        stride++;
    return stride;
}
