/* tool_r: the statistics of this program for given numbers, for comparison with R
 * (tests/r_check.R, run by tests/cli/r.sh).
 *
 * Standard input holds requests, one after the other, of white-space separated words: a name, its
 * parameters, then each vector as its length and its values.  Each is answered with one line of
 * comma-separated numbers (%.17g).  Exit code 2 on a request that cannot be read or answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/multiple.h"
#include "analysis/order.h"
#include "analysis/ranksum.h"
#include "analysis/signrank.h"
#include "analysis/ttest.h"
#include "engine/quantile.h"
#include "engine/special.h"

enum { VALUES_MAX = 4096 };

/* The first request that cannot be read or answered ends the program. */
_Noreturn static void give_up(const char *why)
{
    fprintf(stderr, "tool_r: %s\n", why);
    exit(2);
}

static double number(void)
{
    double value;
    if (scanf("%lf", &value) != 1)
        give_up("a number is missing");
    return value;
}

struct vector {
    size_t n;
    double at[VALUES_MAX];
};

static void vector(struct vector *out)
{
    out->n = (size_t)number();
    if (out->n > VALUES_MAX)
        give_up("too many values");
    for (size_t i = 0; i < out->n; i++)
        out->at[i] = number();
}

static void say(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s%.17g", i == 0 ? "" : ",", values[i]);
    printf("\n");
}

#define SAY(...) say((const double[]){__VA_ARGS__}, COUNT_OF(((const double[]){__VA_ARGS__})))

static void must(enum rc rc, const struct err *err)
{
    if (rc != RC_OK)
        give_up(err->msg);
}

/* ---- the requests ---------------------------------------------------------------------------- */

/* theta0 confidence d */
static void signrank(bool pratt)
{
    struct err err = {0};
    struct vector d;
    struct signrank s;
    struct interval i;
    double theta0 = number(), confidence = number();
    vector(&d);
    must(pratt ? signrank_test(d.at, d.n, theta0, &s, &err)
               : signrank_test_wilcoxon(d.at, d.n, theta0, &s, &err),
         &err);
    must(signrank_interval(d.at, d.n, confidence, &i, &err), &err);
    SAY(s.v, s.p_greater, s.p_less, s.p_two, s.z, i.estimate, i.low, i.high);
}

/* confidence x y */
static void ranksum(void)
{
    struct err err = {0};
    struct vector x, y;
    struct ranksum s;
    struct interval i;
    double confidence = number();
    vector(&x);
    vector(&y);
    must(ranksum_test(x.at, x.n, y.at, y.n, &s, &err), &err);
    must(ranksum_interval(x.at, x.n, y.at, y.n, confidence, &i, &err), &err);
    SAY(s.w, s.p_greater, s.p_less, s.p_two, i.estimate, i.low, i.high);
}

/* p */
static void adjust(bool holm)
{
    struct err err = {0};
    struct vector p;
    vector(&p);
    must(holm ? multiple_holm(p.at, p.n, p.at, &err)
              : multiple_benjamini_hochberg(p.at, p.n, p.at, &err),
         &err);
    say(p.at, p.n);
}

/* q x */
static void quantile(void)
{
    struct vector x;
    double q = number();
    vector(&x);
    quantile_sort(x.at, x.n);
    SAY(quantile_type7(x.at, x.n, q), quantile_type8(x.at, x.n, q),
        quantile_harrell_davis(x.at, x.n, q));
}

/* q confidence x */
static void order(void)
{
    struct err err = {0};
    struct vector x;
    struct order_interval o;
    double q = number(), confidence = number();
    vector(&x);
    quantile_sort(x.at, x.n);
    must(order_interval(x.at, x.n, q, confidence, &o, &err), &err);
    SAY((double)o.low_rank, (double)o.high_rank, o.interval.coverage);
}

/* theta0 confidence d */
static void ttest(void)
{
    struct err err = {0};
    struct vector d;
    struct ttest t;
    double theta0 = number(), confidence = number();
    vector(&d);
    must(ttest_one_sample(d.at, d.n, theta0, confidence, &t, &err), &err);
    SAY(t.t, t.p_greater, t.p_less, t.p_two, t.interval.low, t.interval.high);
}

/* x y */
static void welch(void)
{
    struct vector x, y;
    vector(&x);
    vector(&y);
    SAY(ttest_welch(x.at, x.n, y.at, y.n));
}

/* Three parameters, not all of which every function takes. */
static void special(void)
{
    double a = number(), b = number(), p = number();
    SAY(special_beta(p, a, b), special_gamma_upper(a, b), special_normal_quantile(p),
        special_t_quantile(p, a), special_t_upper(b, a), special_chi2_upper(b, a),
        special_binomial_cdf((uint64_t)(a * p), (uint64_t)a, p));
}

/* n c */
static void psignrank(void)
{
    double n = number(), c = number();
    SAY(signrank_cdf((size_t)n, (long)c));
}

int main(void)
{
    char name[32];
    while (scanf("%31s", name) == 1) {
        if (strcmp(name, "signrank") == 0 || strcmp(name, "pratt") == 0)
            signrank(strcmp(name, "pratt") == 0);
        else if (strcmp(name, "ranksum") == 0)
            ranksum();
        else if (strcmp(name, "holm") == 0 || strcmp(name, "bh") == 0)
            adjust(strcmp(name, "holm") == 0);
        else if (strcmp(name, "quantile") == 0)
            quantile();
        else if (strcmp(name, "order") == 0)
            order();
        else if (strcmp(name, "ttest") == 0)
            ttest();
        else if (strcmp(name, "welch") == 0)
            welch();
        else if (strcmp(name, "special") == 0)
            special();
        else if (strcmp(name, "psignrank") == 0)
            psignrank();
        else
            give_up("unknown request");
    }
    return ferror(stdout) != 0 || fflush(stdout) != 0 ? 2 : 0;
}
