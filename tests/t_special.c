/* Special functions: known answers (R 4.2.2), identities that hold exactly, bad input. */
#include "engine/rng.h"
#include "engine/special.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_near(got, expected, relative) \
    assert_true(fabs((got) - (expected)) <= (relative)*fabs((double)(expected)))

/* Argument, up to two parameters, value. */
struct row {
    double x, a, b, value;
};

static const struct row beta[] = {
    {0.01, 0.5, 0.5, 0.06376856085851984},
    {0.9, 0.5, 0.5, 0.7951672353008666},
    {0.3, 2.5, 4.5, 0.4065390166824592},
    {0.999, 4.5, 0.5, 0.9264613833688511},
    {0.5, 10, 3, 0.019287109375000007},
    {0.25, 1, 1, 0.25},
    {0.1, 20, 20, 1.0339119443744981e-10},
    {0.001, 5, 300, 1.6329157832276168e-05},
    {0.999, 300, 5, 0.9999836708421677},
    {0.5, 0.01, 0.02, 0.6667194610412724},
    {0.95, 950.95, 50.05, 0.48263913858998847},
    {0.8, 950.95, 50.05, 2.6268965105175322e-43},
    {0.4999, 500000.5, 500000.5, 0.42074027022667065},
    {0.502, 500000.5, 500000.5, 0.9999683310332226},
    {0.9895, 990000, 10000, 3.7510251594217606e-07},
    {0.99998, 1000000, 12, 0.021383543497234567},
    {0.7, 40, 0.05, 2.932639258601803e-09},
    {1e-09, 0.001, 1000, 0.9868476406825522},
    {1e-05, 7, 100000, 8.325903385995572e-05},
};
static const struct row gamma_upper[] = {
    {0.1, 0.5, 0, 0.6547208460185769},
    {10, 0.5, 0, 7.744216431044086e-06},
    {3, 3, 0, 0.4231900811268435},
    {2, 10, 0, 0.9999535019249828},
    {40, 10, 0, 3.925932226286188e-09},
    {100, 100, 0, 0.48670120172085113},
    {160, 100, 0, 1.4420224505352732e-07},
    {10000, 10000, 0, 0.4986701916600448},
    {10400, 10000, 0, 3.888017057398809e-05},
    {700, 1, 0, 9.85967654375977e-305},
    {2, 0.01, 0, 0.0004966645372185275},
    {1e-08, 2.5, 0, 1},
};
static const struct row normal[] = {
    {-37, 0, 0, 5.7255712225245768e-300},
    {-20, -0, -0, 2.7536241186062337e-89},
    {-8, -0, -0, 6.220960574271785e-16},
    {-3, -0, -0, 0.0013498980316300946},
    {-1, -0, -0, 0.15865525393145705},
    {-0.001, -0, -0, 0.49960105778608893},
    {0, 0, 0, 0.5},
    {1e-08, 0, 0, 0.5000000039894228},
    {0.5, 0, 0, 0.691462461274013},
    {2, 0, 0, 0.9772498680518208},
    {6, 0, 0, 0.9999999990134123},
    {9, 0, 0, 1},
};
static const struct row normal_quantile[] = {
    {1e-300, 0, 0, -37.0470962993612},          {1e-20, 0, 0, -9.262340089798405},
    {1e-09, 0, 0, -5.9978070150076865},         {0.001, 0, 0, -3.090232306167813},
    {0.025, 0, 0, -1.9599639845400538},         {0.24, 0, 0, -0.7063025628400875},
    {0.26, 0, 0, -0.6433454053929168},          {0.4, 0, 0, -0.2533471031357998},
    {0.4999999, 0, 0, -2.506628274703107e-07},  {0.5, 0, 0, 0},
    {0.50001, 0, 0, 2.506628274882087e-05},     {0.7, 0, 0, 0.5244005127080407},
    {0.975, 0, 0, 1.9599639845400536},          {0.995, 0, 0, 2.5758293035489},
    {0.999999999999, 0, 0, 7.0344869100478356},
};
static const struct row t_upper[] = {
    {-5, 1, -0, 0.9371670418109989},
    {-0.3, 1, -0, 0.5927735790777423},
    {0, 1, 0, 0.5},
    {1e-07, 1, 0, 0.4999999681690114},
    {0.7, 1, 0, 0.3055998877857853},
    {1, 1, 0, 0.24999999999999978},
    {2.5, 1, 0, 0.12111894159084335},
    {40, 1, 0, 0.007956089912025812},
    {1e+30, 1, 0, 3.183098861837906e-31},
    {-5, 2.5, -0, 0.9882744050145691},
    {-0.3, 2.5, -0, 0.6063288142524014},
    {0, 2.5, 0, 0.5},
    {1e-07, 2.5, 0, 0.4999999638191276},
    {0.7, 2.5, 0, 0.271702471594774},
    {1, 2.5, 0, 0.20203051363913677},
    {2.5, 2.5, 0, 0.052284981539077686},
    {40, 2.5, 0, 7.097817145246693e-05},
    {1e+30, 2.5, 0, 7.193397190831606e-76},
    {-5, 9, -0, 0.9996305160450984},
    {-0.3, 9, -0, 0.6145046481292376},
    {0, 9, 0, 0.5},
    {1e-07, 9, 0, 0.49999996119650914},
    {0.7, 9, 0, 0.25080951960807263},
    {1, 9, 0, 0.17171819806895677},
    {2.5, 9, 0, 0.016930913841492853},
    {40, 9, 0, 9.491499224669917e-12},
    {1e+30, 9, 0, 2.545897037106966e-267},
    {-5, 39, -0, 0.9999937379129553},
    {-0.3, 39, -0, 0.6171147965426507},
    {0, 39, 0, 0.5},
    {1e-07, 39, 0, 0.49999996036065847},
    {0.7, 39, 0, 0.24404107118383106},
    {1, 39, 0, 0.1617374725856917},
    {2.5, 39, 0, 0.008366892373598922},
    {40, 39, 0, 1.4094057013981704e-33},
    {1e+30, 39, 0, 0},
    {-5, 1000000, -0, 0.9999997133001064},
    {-0.3, 1000000, -0, 0.6179113910105027},
    {0, 1000000, 0, 0.5},
    {1e-07, 1000000, 0, 0.49999996010578196},
    {0.7, 1000000, 0, 0.24196373364327095},
    {1, 1000000, 0, 0.15865537491678908},
    {2.5, 1000000, 0, 0.006209744751081617},
    {40, 1000000, 0, 0},
    {1e+30, 1000000, 0, 0},
};
/* p = 0.4999 with one degree is tan(pi (p - 1/2)): R is 5e-13 off there. */
static const struct row t_quantile[] = {
    {1e-12, 1, 0, -318309886183.7907},
    {0.001, 1, 0, -318.30883898555044},
    {0.3, 1, 0, -0.726542528005361},
    {0.4999, 1, 0, -0.00031415927569437069},
    {0.75, 1, 0, 1},
    {0.975, 1, 0, 12.706204736174694},
    {0.995, 1, 0, 63.656741162871526},
    {1e-12, 2, 0, -707106.7811854869},
    {0.001, 2, 0, -22.327124770119873},
    {0.3, 2, 0, -0.6172133998483676},
    {0.4999, 2, 0, -0.0002828427181314423},
    {0.75, 2, 0, 0.8164965809277259},
    {0.975, 2, 0, 4.302652729749462},
    {0.995, 2, 0, 9.92484320091829},
    {1e-12, 3.7, 0, -2162.003550940282},
    {0.001, 3.7, 0, -7.795183875029164},
    {0.3, 3.7, 0, -0.5724353841388499},
    {0.4999, 3.7, 0, -0.0002679804542167113},
    {0.75, 3.7, 0, 0.746485153482454},
    {0.975, 3.7, 0, 2.8675207071911917},
    {0.995, 3.7, 0, 4.869252253227828},
    {1e-12, 9, 0, -51.414916023282245},
    {0.001, 9, 0, -4.296805662729919},
    {0.3, 9, 0, -0.5434802414542969},
    {0.4999, 9, 0, -0.0002577087755342817},
    {0.75, 9, 0, 0.7027221467513263},
    {0.975, 9, 0, 2.262157162798205},
    {0.995, 9, 0, 3.2498355415921254},
    {1e-12, 19, 0, -15.884838733726813},
    {0.001, 19, 0, -3.579400148954715},
    {0.3, 19, 0, -0.533313881642205},
    {0.4999, 19, 0, -0.0002539812817812634},
    {0.75, 19, 0, 0.6876214602039602},
    {0.975, 19, 0, 2.093024054408309},
    {0.995, 19, 0, 2.860934606464979},
    {1e-12, 200, 0, -7.503247657072683},
    {0.001, 200, 0, -3.1314798142211213},
    {0.3, 200, 0, -0.5252373340155533},
    {0.4999, 200, 0, -0.00025097635325019844},
    {0.75, 200, 0, 0.6757184114042202},
    {0.975, 200, 0, 1.971896223633908},
    {0.995, 200, 0, 2.600634436191548},
    {1e-12, 1000000, 0, -7.034572608411256},
    {0.001, 1000000, 0, -3.0902404563165193},
    {0.3, 1000000, 0, -0.5244006798602087},
    {0.4999, 1000000, 0, -0.0002506628927537268},
    {0.75, 1000000, 0, 0.6744899955310873},
    {0.975, 1000000, 0, 1.9599663568141066},
    {0.995, 1000000, 0, 2.5758342201053335},
};
static const struct row chi2_upper[] = {
    {0.01, 1, 0, 0.920344325445942},
    {1, 1, 0, 0.31731050786291415},
    {11.142857142857142, 1, 0, 0.0008435586215650181},
    {80, 1, 0, 3.7440973842028994e-19},
    {0.01, 2, 0, 0.9950124791926822},
    {1, 2, 0, 0.6065306597126334},
    {11.142857142857142, 2, 0, 0.003805040775511363},
    {80, 2, 0, 4.248354255291589e-18},
    {0.01, 7, 0, 0.9999999992430589},
    {1, 7, 0, 0.9948285365165156},
    {11.142857142857142, 7, 0, 0.13250791248220511},
    {80, 7, 0, 1.3775018297426152e-14},
    {0.01, 60, 0, 1},
    {1, 60, 0, 1},
    {11.142857142857142, 60, 0, 0.9999999999995821},
    {80, 60, 0, 0.04322868215173558},
};
static const struct row binomial[] = {
    {0, 10, 0.5, 0.0009765625000000002},     {1, 10, 0.5, 0.010742187500000007},
    {5, 20, 0.5, 0.020694732666015642},      {13, 40, 0.5, 0.019238654142100155},
    {370, 400, 0.95, 0.019033610776192592},  {388, 400, 0.95, 0.9809539692926108},
    {89, 100, 0.95, 0.011472410067484772},   {0, 1, 0.2, 0.8},
    {500, 1000, 0.52, 0.1085810632543779},   {99, 100, 0.5, 1},
    {3, 1000000, 1e-06, 0.9810119044370966},
};

/* The digits the design document prints. */
static void the_documents_answers(void **unused)
{
    (void)unused;
    assert_near(special_beta(0.3, 2.5, 4.5), 0.40653901668245918, 1e-14);
    assert_near(special_t_upper(2.5, 9), 0.016930913841492853, 1e-14);
    assert_near(special_t_quantile(0.995, 9), 3.2498355415921254, 1e-14);
    assert_near(special_t_quantile(0.975, 19), 2.0930240544083092, 1e-14);
    assert_near(special_normal_quantile(0.995), 2.5758293035489004, 1e-14);
}

static void beta_agrees_with_r(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(beta); i++) {
        const struct row *row = &beta[i];
        assert_near(special_beta(row->x, row->a, row->b), row->value, 2e-13);
    }
}

static void gamma_agrees_with_r(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(gamma_upper); i++)
        assert_near(special_gamma_upper(gamma_upper[i].a, gamma_upper[i].x), gamma_upper[i].value,
                    2e-13);
    for (size_t i = 0; i < COUNT_OF(chi2_upper); i++)
        assert_near(special_chi2_upper(chi2_upper[i].x, chi2_upper[i].a), chi2_upper[i].value,
                    2e-13);
}

static void normal_agrees_with_r(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(normal); i++)
        assert_near(special_normal_cdf(normal[i].x), normal[i].value, 2e-13);
    for (size_t i = 0; i < COUNT_OF(normal_quantile); i++)
        assert_near(special_normal_quantile(normal_quantile[i].x), normal_quantile[i].value, 1e-14);
}

static void t_agrees_with_r(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(t_upper); i++)
        assert_near(special_t_upper(t_upper[i].x, t_upper[i].a), t_upper[i].value, 2e-13);
    for (size_t i = 0; i < COUNT_OF(t_quantile); i++)
        assert_near(special_t_quantile(t_quantile[i].x, t_quantile[i].a), t_quantile[i].value,
                    2e-13);
}

static void binomial_agrees_with_r(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(binomial); i++) {
        const struct row *row = &binomial[i];
        double got = special_binomial_cdf((uint64_t)row->x, (uint64_t)row->a, row->b);
        assert_near(got, row->value, 2e-13);
    }
}

/* ---- identities ------------------------------------------------------------------------------ */

static double log_uniform(struct rng *rng, double low, double high)
{
    return low * pow(high / low, rng_unit(rng));
}

static void beta_tails_add_up_and_steps_are_probabilities(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "special beta", 0);
    for (int i = 0; i < 20000; i++) {
        double a = log_uniform(&rng, 0.01, 1e5), b = log_uniform(&rng, 0.01, 1e5);
        double x = i % 2 != 0 ? rng_unit(&rng) : fmin(a / (a + b) * log_uniform(&rng, 0.9, 1.1), 1);
        double below = special_beta_both(x, 1 - x, a, b), above = special_beta_both(1 - x, x, b, a);
        assert_true(below >= 0 && below <= 1 && above >= 0 && above <= 1);
        assert_true(fabs(below + above - 1) <= 4 * DBL_EPSILON);
        /* I_x(a, b) = I_x(a+1, b) + x^a (1-x)^b / (a B(a, b)): DLMF 8.17.20. */
        if (a < 100 && b < 100 && x > 0 && x < 1) {
            double step =
                exp(a * log(x) + b * log1p(-x) - log(a) + lgamma(a + b) - lgamma(a) - lgamma(b));
            assert_true(fabs(below - special_beta(x, a + 1, b) - step) <= 1e-15 + 2e-12 * step);
        }
    }
}

/* Closed forms: a = 1 or b = 1, t with 1 and 2 degrees, gamma with a = 1, 2. */
static void closed_forms(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "special closed", 0);
    for (int i = 0; i < 20000; i++) {
        double x = rng_unit(&rng), a = log_uniform(&rng, 0.01, 1000),
               t = log_uniform(&rng, 1e-6, 1e6);
        if (x == 0)
            continue;
        assert_near(special_beta(x, a, 1), pow(x, a), 5e-13 + 1e-15 * a);
        assert_near(special_beta(x, 1, a), -expm1(a * log1p(-x)), 5e-13);
        assert_near(special_t_upper(t, 1), atan2(1, t) / acos(-1), 5e-14);
        double root = sqrt(2 + t * t);
        assert_near(special_t_upper(t, 2), 1 / (root * (root + t)), 5e-14);
        double y = fmin(t, 600);
        assert_near(special_gamma_upper(1, y), exp(-y), 5e-13);
        assert_near(special_gamma_upper(2, y), (1 + y) * exp(-y), 5e-13);
    }
}

static void quantiles_invert_their_distributions(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "special inverse", 0);
    for (int i = 0; i < 20000; i++) {
        double p = i % 2 != 0 ? rng_unit(&rng) : log_uniform(&rng, 1e-100, 0.5);
        double df = log_uniform(&rng, 0.5, 1e6);
        if (p == 0)
            continue;
        assert_near(special_normal_cdf(special_normal_quantile(p)), p, 2e-13);
        assert_near(special_t_upper(-special_t_quantile(p, df), df), p, 5e-13);
        assert_true(special_t_quantile(p, df) == -special_t_quantile(1 - p, df) ||
                    1 - (1 - p) != p);
    }
}

/* The sum of C(n, j) / 2^n, which doubles hold exactly up to n = 53. */
static void binomial_of_fair_coins(void **unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= 53; n++) {
        double term = ldexp(1, -(int)n), sum = 0;
        for (uint64_t k = 0; k < n; k++) {
            sum += term;
            assert_near(special_binomial_cdf(k, n, 0.5), sum, 1e-14);
            term = term * (double)(n - k) / (double)(k + 1);
        }
        assert_true(special_binomial_cdf(n, n, 0.5) == 1);
    }
}

static void deviance_keeps_its_digits(void **unused)
{
    (void)unused;
    assert_true(special_deviance(3, 3) == 0);
    assert_true(special_deviance(0, 2.5) == 2.5);
    /* x = m (1 + e): m (e^2/2 - e^3/6 + e^4/12 - ...). */
    for (double e = 1e-9; e < 1e-3; e *= 10) {
        double x = 1024 * (1 + e), d = (x - 1024) / 1024;
        double series = 1024 * d * d * (0.5 - d * (1.0 / 6 - d * (1.0 / 12 - d / 20)));
        assert_near(special_deviance(x, 1024), series, 1e-14);
    }
    assert_near(special_deviance(10, 2), 10 * log(5) - 8, 1e-15);
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void ends_of_the_domain(void **unused)
{
    (void)unused;
    assert_true(special_beta(0, 2, 3) == 0 && special_beta(1, 2, 3) == 1);
    assert_true(special_gamma_upper(2, 0) == 1 && special_gamma_upper(2, INFINITY) == 0);
    assert_true(special_t_upper(INFINITY, 3) == 0 && special_t_upper(-INFINITY, 3) == 1);
    assert_true(special_t_upper(0, 3) == 0.5 && special_t_quantile(0.5, 3) == 0);
    assert_true(special_normal_cdf(INFINITY) == 1 && special_normal_cdf(-INFINITY) == 0);
    assert_true(special_binomial_cdf(0, 0, 0.5) == 1 && special_binomial_cdf(7, 5, 0.5) == 1);
    assert_true(special_binomial_cdf(0, 5, 0) == 1 && special_binomial_cdf(4, 5, 1) == 0);
    assert_near(special_t_upper(2, INFINITY), special_normal_cdf(-2), 1e-16);
}

static void outside_the_domain_nothing_is_said(void **unused)
{
    (void)unused;
    const double wrong[] = {special_beta(-0.1, 1, 1),
                            special_beta(1.1, 1, 1),
                            special_beta(0.5, 0, 1),
                            special_beta(0.5, 1, -1),
                            special_beta(NAN, 1, 1),
                            special_beta(0.5, NAN, 1),
                            special_gamma_upper(0, 1),
                            special_gamma_upper(1, -1),
                            special_gamma_upper(1, NAN),
                            special_normal_quantile(0),
                            special_normal_quantile(1),
                            special_normal_quantile(NAN),
                            special_normal_cdf(NAN),
                            special_t_upper(NAN, 3),
                            special_t_upper(1, 0),
                            special_t_upper(1, NAN),
                            special_t_quantile(0, 3),
                            special_t_quantile(1, 3),
                            special_t_quantile(0.3, 0),
                            special_t_quantile(NAN, 3),
                            special_binomial_cdf(1, 2, -0.1),
                            special_binomial_cdf(1, 2, NAN),
                            special_chi2_upper(-1, 2)};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_true(isnan(wrong[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documents_answers),
        cmocka_unit_test(beta_agrees_with_r),
        cmocka_unit_test(gamma_agrees_with_r),
        cmocka_unit_test(normal_agrees_with_r),
        cmocka_unit_test(t_agrees_with_r),
        cmocka_unit_test(binomial_agrees_with_r),
        cmocka_unit_test(beta_tails_add_up_and_steps_are_probabilities),
        cmocka_unit_test(closed_forms),
        cmocka_unit_test(quantiles_invert_their_distributions),
        cmocka_unit_test(binomial_of_fair_coins),
        cmocka_unit_test(deviance_keeps_its_digits),
        cmocka_unit_test(ends_of_the_domain),
        cmocka_unit_test(outside_the_domain_nothing_is_said),
    };
    return cmocka_run_group_tests_name("special", tests, NULL, NULL);
}
