#include "analysis/dominance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/eprocess.h"
#include "analysis/multiple.h"
#include "analysis/signrank.h"

/* A hypothesis that is false for certain. */
#define IMPOSSIBLE 2.0

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to compare strategies");
}

/* ---- values --------------------------------------------------------------------------------- */

static double value_at(const struct dominance_input *input, size_t arm, size_t dim, size_t round)
{
    return input->values[(arm * input->dims + dim) * input->rounds + round];
}

size_t dominance_differences(const struct dominance_input *input, size_t a, size_t b, size_t dim,
                             size_t limit, double *d)
{
    size_t n = 0;
    for (size_t r = 0; r < input->rounds && r < limit && n < SIGNRANK_MAX; r++) {
        double x = value_at(input, a, dim, r), y = value_at(input, b, dim, r);
        if (!(x > 0 && y > 0 && isfinite(x) && isfinite(y)))
            continue;
        double ratio = log(x) - log(y);
        d[n++] = input->dim[dim].higher ? -ratio : ratio;
    }
    return n;
}

static double exact_of(const struct dominance_input *input, size_t arm, size_t dim)
{
    for (size_t r = 0; r < input->rounds; r++) {
        double value = value_at(input, arm, dim, r);
        if (isfinite(value))
            return value;
    }
    return NAN;
}

/* ---- one pair at one look ------------------------------------------------------------------- */

/* Evidence that the first of an ordered pair dominates the second. */
struct evidence {
    double dom, not ; /* not adjusted; IMPOSSIBLE: exact metrics rule it out */
    uint32_t dom_dim, not_dim, n;
};

/* The noisy metrics of an ordered pair: p-values of the four one-sided tests. */
struct noisy {
    double no_worse[DOMINANCE_DIMS_MAX]; /* H0: theta >= delta */
    double strict[DOMINANCE_DIMS_MAX];   /* H0: theta >= -delta */
    double worse[DOMINANCE_DIMS_MAX];    /* H0: theta <= delta */
    double no_gain[DOMINANCE_DIMS_MAX];  /* H0: theta <= -delta */
};

struct finder {
    const struct dominance_input *input;
    struct dominance *dominance;
    struct evidence *evidence; /* [a * arms + b] */
    double *p, *adjusted;      /* arms x arms */
    double *d;                 /* rounds */
    struct err *err;
};

struct tails {
    double less, greater; /* p against theta >= theta0, against theta <= theta0 */
};

static enum rc test(const struct finder *finder, size_t n, double theta0, struct tails *tails)
{
    if (finder->input->schedule.anytime) {
        *tails = (struct tails){eprocess_p(finder->d, n, theta0, false),
                                eprocess_p(finder->d, n, theta0, true)};
        return RC_OK;
    }
    struct signrank found;
    enum rc rc = signrank_test(finder->d, n, theta0, &found, finder->err);
    if (rc == RC_OK)
        *tails = (struct tails){found.p_less, found.p_greater};
    return rc;
}

static bool is_coarse(const double *d, size_t n)
{
    size_t zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += d[i] == 0;
    return 5 * zeros > n;
}

/* Both directions at once: what (a, b) says of delta is what (b, a) says of -delta. */
static enum rc test_dim(const struct finder *finder, size_t a, size_t b, size_t dim, size_t limit,
                        struct noisy *ab, struct noisy *ba, uint32_t *n_out)
{
    const struct dominance_dim *info = &finder->input->dim[dim];
    size_t n = dominance_differences(finder->input, a, b, dim, limit, finder->d);
    struct tails above = {1, 1}, below = {1, 1};
    enum rc rc = RC_OK;
    if (n < *n_out)
        *n_out = (uint32_t)n;
    if (is_coarse(finder->d, n)) {
        finder->dominance->coarse[dim] = true;
    } else if (n != 0) {
        rc = test(finder, n, info->margin, &above);
        if (rc == RC_OK)
            rc = test(finder, n, -info->margin, &below);
    }
    ab->no_worse[dim] = ba->no_gain[dim] = above.less;
    ab->worse[dim] = ba->strict[dim] = above.greater;
    ab->strict[dim] = ba->worse[dim] = below.less;
    ab->no_gain[dim] = ba->no_worse[dim] = below.greater;
    return rc;
}

/* The index of the extreme p over noisy metrics; p[0..dims) must have one. */
static uint32_t extreme(const struct dominance_input *input, const double *p, bool largest)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t m = 0; m < input->dims; m++) {
        if (!input->dim[m].exact &&
            (best == UINT32_MAX || (largest ? p[m] > p[best] : p[m] < p[best])))
            best = m;
    }
    CHECK(best != UINT32_MAX);
    return best;
}

struct exact {
    bool worse, gain; /* somewhere */
    uint32_t dim;     /* where: worse before gain */
    size_t noisy;     /* how many metrics are not exact */
};

static struct exact compare_exact(const struct dominance_input *input, size_t a, size_t b)
{
    struct exact found = {.worse = false};
    for (uint32_t m = 0; m < input->dims; m++) {
        if (!input->dim[m].exact) {
            found.noisy++;
            continue;
        }
        double x = exact_of(input, a, m), y = exact_of(input, b, m);
        double low = input->dim[m].higher ? y : x, high = input->dim[m].higher ? x : y;
        /* Now a is better when low is below high. */
        if (low > high && !found.worse) {
            found.worse = true;
            found.dim = m;
        }
        if (low * exp(input->dim[m].margin) < high && !found.gain) {
            found.gain = true;
            found.dim = found.worse ? found.dim : m;
        }
    }
    return found;
}

static struct evidence combine(const struct dominance_input *input, const struct exact *exact,
                               const struct noisy *noisy, uint32_t n)
{
    struct evidence out = {.dom = IMPOSSIBLE, .not = 0, .n = n};
    out.dom_dim = out.not_dim = exact->dim;
    if (exact->worse || (exact->noisy == 0 && !exact->gain))
        return out;
    if (exact->noisy == 0) {
        out.dom = 0;
        out.not = IMPOSSIBLE;
        return out;
    }
    double count = (double)exact->noisy;
    out.dom_dim = extreme(input, noisy->no_worse, true);
    out.dom = noisy->no_worse[out.dom_dim];
    out.not_dim = extreme(input, noisy->worse, false);
    out.not = fmin(1, count * noisy->worse[out.not_dim]);
    if (exact->gain)
        return out;
    uint32_t strict = extreme(input, noisy->strict, false);
    uint32_t gain = extreme(input, noisy->no_gain, true);
    double p_strict = fmin(1, count * noisy->strict[strict]);
    if (p_strict > out.dom) {
        out.dom = p_strict;
        out.dom_dim = strict;
    }
    if (noisy->no_gain[gain] < out.not ) {
        out.not = noisy->no_gain[gain];
        out.not_dim = gain;
    }
    out.not = fmin(1, 2 * out.not );
    return out;
}

static enum rc gather(const struct finder *finder, size_t a, size_t b, size_t limit)
{
    const struct dominance_input *input = finder->input;
    struct noisy ab, ba;
    uint32_t n = UINT32_MAX;
    for (size_t m = 0; m < input->dims; m++) {
        enum rc rc = RC_OK;
        if (!input->dim[m].exact)
            rc = test_dim(finder, a, b, m, limit, &ab, &ba, &n);
        if (rc != RC_OK)
            return rc;
    }
    if (n == UINT32_MAX)
        n = (uint32_t)(input->rounds < limit ? input->rounds : limit);
    struct exact forth = compare_exact(input, a, b), back = compare_exact(input, b, a);
    finder->evidence[a * input->arms + b] = combine(input, &forth, &ab, n);
    finder->evidence[b * input->arms + a] = combine(input, &back, &ba, n);
    return RC_OK;
}

/* ---- looks ---------------------------------------------------------------------------------- */

/* Adjust one of the two families over all ordered pairs; what cannot be is no hypothesis. */
static enum rc adjust(const struct finder *finder, bool dom)
{
    size_t arms = finder->input->arms;
    for (size_t i = 0; i < arms * arms; i++) {
        const struct evidence *evidence = &finder->evidence[i];
        /* Decided by exact metrics alone: not tested, either. */
        bool tested = evidence->dom <= 1 && evidence->not <= 1 && i / arms != i % arms;
        finder->p[i] = tested ? (dom ? evidence->dom : evidence->not ) : IMPOSSIBLE;
    }
    return multiple_holm(finder->p, arms * arms, finder->adjusted, finder->err);
}

static void decide(const struct finder *finder, size_t look, double alpha, bool dom)
{
    size_t arms = finder->input->arms;
    for (size_t i = 0; i < arms * arms; i++) {
        const struct evidence *evidence = &finder->evidence[i];
        struct dominance_pair *pair = &finder->dominance->pairs[i];
        double p = finder->adjusted[i];
        if (pair->state != DOMINANCE_UNDECIDED || i / arms == i % arms)
            continue;
        *(dom ? &pair->p_dom : &pair->p_not) = p;
        pair->n = evidence->n;
        if (!(p <= alpha)) {
            pair->dim = evidence->dom < evidence->not ? evidence->dom_dim : evidence->not_dim;
            continue;
        }
        pair->state = dom ? DOMINANCE_YES : DOMINANCE_NOT;
        pair->dim = dom ? evidence->dom_dim : evidence->not_dim;
        pair->look = (uint32_t)look + 1;
    }
}

static enum rc take_look(const struct finder *finder, size_t look)
{
    const struct dominance_input *input = finder->input;
    enum rc rc = RC_OK;
    for (size_t a = 0; a < input->arms; a++) {
        for (size_t b = a + 1; b < input->arms && rc == RC_OK; b++)
            rc = gather(finder, a, b, input->schedule.looks[look].rounds);
    }
    double alpha = input->schedule.looks[look].alpha;
    for (int dom = 1; dom >= 0 && rc == RC_OK; dom--) {
        rc = adjust(finder, dom == 1);
        if (rc == RC_OK)
            decide(finder, look, alpha, dom == 1);
    }
    return rc;
}

/* What needs no test, and how many pairs do. */
static void settle_exact(const struct finder *finder)
{
    const struct dominance_input *input = finder->input;
    for (size_t i = 0; i < input->arms * input->arms; i++) {
        size_t a = i / input->arms, b = i % input->arms;
        struct dominance_pair *pair = &finder->dominance->pairs[i];
        *pair = (struct dominance_pair){.p_dom = IMPOSSIBLE, .p_not = IMPOSSIBLE};
        struct exact exact = compare_exact(input, a, b);
        if (a == b || exact.worse || (exact.noisy == 0 && !exact.gain))
            pair->state = DOMINANCE_NOT;
        else if (exact.noisy == 0)
            pair->state = DOMINANCE_YES;
        else
            finder->dominance->hypotheses++;
        pair->gain = exact.gain;
        pair->exact = pair->state != DOMINANCE_UNDECIDED;
        pair->dim = exact.dim;
        pair->n = (uint32_t)input->rounds;
        if (!pair->exact)
            pair->p_dom = pair->p_not = 1;
    }
}

enum rc dominance_find(struct dominance *dominance, const struct dominance_input *input,
                       struct err *err)
{
    CHECK(input->dims <= DOMINANCE_DIMS_MAX);
    size_t arms = input->arms, cells = arms * arms + 1; /* never an allocation of nothing */
    *dominance = (struct dominance){.arms = arms, .dims = input->dims};
    struct finder finder = {.input = input,
                            .dominance = dominance,
                            .evidence = calloc(cells, sizeof(struct evidence)),
                            .p = calloc(cells, sizeof(double)),
                            .adjusted = calloc(cells, sizeof(double)),
                            .d = calloc(input->rounds + 1, sizeof(double)),
                            .err = err};
    dominance->pairs = calloc(cells, sizeof(*dominance->pairs));
    enum rc rc = RC_OK;
    if (finder.evidence == NULL || finder.p == NULL || finder.adjusted == NULL ||
        finder.d == NULL || dominance->pairs == NULL)
        rc = out_of_memory(err);
    if (rc == RC_OK)
        settle_exact(&finder);
    for (size_t k = 0; k < input->schedule.count && rc == RC_OK; k++) {
        dominance->rounds_tested = input->schedule.looks[k].rounds;
        if (dominance->hypotheses != 0)
            rc = take_look(&finder, k);
    }
    free(finder.d);
    free(finder.adjusted);
    free(finder.p);
    free(finder.evidence);
    if (rc != RC_OK)
        dominance_release(dominance);
    return rc;
}

void dominance_release(struct dominance *dominance)
{
    free(dominance->pairs);
    *dominance = (struct dominance){0};
}

const struct dominance_pair *dominance_at(const struct dominance *dominance, size_t a, size_t b)
{
    CHECK(a < dominance->arms && b < dominance->arms);
    return &dominance->pairs[a * dominance->arms + b];
}

const char *dominance_state_name(enum dominance_state state)
{
    static const char *const names[] = {"UNDECIDED", "DOMINATES", "NOT"};
    CHECK((size_t)state < COUNT_OF(names));
    return names[state];
}
