#include "analysis/eprocess.h"

#include <math.h>
#include <string.h>

/* lambda_k = 2^k.  With u = e^(-2 |t|) and t = d_i - theta0, the factor of component k is
 *     1 + tanh(2^k t) = 2 / (1 + u^(2^k))                  for t >= 0
 *                     = 2 u^(2^k) / (1 + u^(2^k))          for t < 0,
 * so one exponential per round and one squaring per component are all it takes; nothing overflows,
 * and what underflows is 0 as it should be.  Squaring nine times leaves about 13 digits. */
enum { COMPONENTS = 10, FOLD_EVERY = 512 };
static const double ln_2 = 0.693147180559945309417;

struct process {
    size_t n;
    double against;              /* sum of 2 |t| over t < 0 */
    double product[COMPONENTS];  /* of (1 + u^(2^k)), since the last fold */
    double log_done[COMPONENTS]; /* of the product until then: it grows up to 2^n */
};

static struct process process_begin(void)
{
    struct process process = {0};
    for (size_t k = 0; k < COMPONENTS; k++)
        process.product[k] = 1;
    return process;
}

static void process_add(struct process *process, double t)
{
    double u = exp(-2 * fabs(t));
    if (t < 0)
        process->against -= 2 * t;
    for (size_t k = 0; k < COMPONENTS; k++, u *= u)
        process->product[k] *= 1 + u;
    if (++process->n % FOLD_EVERY != 0)
        return;
    for (size_t k = 0; k < COMPONENTS; k++) {
        process->log_done[k] += log(process->product[k]);
        process->product[k] = 1;
    }
}

/* ln of the mean of the components. */
static double process_log(const struct process *process)
{
    double logs[COMPONENTS], largest = -INFINITY, lambda = 1;
    for (size_t k = 0; k < COMPONENTS; k++, lambda *= 2) {
        logs[k] = (double)process->n * ln_2 - lambda * process->against - process->log_done[k] -
                  log(process->product[k]);
        largest = fmax(largest, logs[k]);
    }
    if (isinf(largest))
        return largest;
    double sum = 0;
    for (size_t k = 0; k < COMPONENTS; k++)
        sum += exp(logs[k] - largest);
    return largest + log(sum / COMPONENTS);
}

static double centred(double d, double theta0, bool greater)
{
    CHECK(isfinite(d));
    return greater ? d - theta0 : theta0 - d;
}

double eprocess_component(const double *d, size_t n, double theta0, double lambda)
{
    double product = 1;
    for (size_t i = 0; i < n; i++)
        product *= 2 / (1 + exp(-2 * lambda * centred(d[i], theta0, true)));
    return product;
}

double eprocess_log(const double *d, size_t n, double theta0, bool greater)
{
    struct process process = process_begin();
    for (size_t i = 0; i < n; i++)
        process_add(&process, centred(d[i], theta0, greater));
    return process_log(&process);
}

double eprocess_p(const double *d, size_t n, double theta0, bool greater)
{
    struct process process = process_begin();
    double largest = 0; /* it begins at 1 */
    for (size_t i = 0; i < n; i++) {
        process_add(&process, centred(d[i], theta0, greater));
        largest = fmax(largest, process_log(&process));
    }
    return exp(-largest);
}

/* ---- the confidence sequence ----------------------------------------------------------------- */

/* The end of the stretch from `rejected` towards `kept` in which theta0 is rejected, up to rounding
 * and on its rejected side; the process is monotone in theta0. */
static double bisect(const double *d, size_t n, bool greater, double threshold, double rejected,
                     double kept)
{
    for (int halvings = 0; halvings < 128; halvings++) {
        double middle = rejected + (kept - rejected) / 2;
        if (middle == rejected || middle == kept)
            break;
        if (eprocess_log(d, n, middle, greater) >= threshold)
            rejected = middle;
        else
            kept = middle;
    }
    return rejected;
}

enum rc eprocess_interval(const double *d, size_t n, double confidence, struct interval *out,
                          struct err *err)
{
    enum rc rc = signrank_interval(d, n, confidence, out, err);
    if (rc != RC_OK)
        return rc;
    double least = d[0], most = d[0];
    for (size_t i = 1; i < n; i++) {
        least = fmin(least, d[i]);
        most = fmax(most, d[i]);
    }
    /* Beyond 20 from every value all factors are 2 to the last digit: what is not rejected there is
     * rejected nowhere. */
    const double beyond = 20;
    double threshold = log(2 / (1 - confidence));
    double low = -INFINITY, high = INFINITY;
    if (eprocess_log(d, n, least - beyond, true) >= threshold)
        low = bisect(d, n, true, threshold, least - beyond, most);
    if (eprocess_log(d, n, most + beyond, false) >= threshold)
        high = bisect(d, n, false, threshold, most + beyond, least);
    /* Data that have no centre of symmetry can contradict every theta0: the interval is then what
     * lies between the two answers. */
    out->low = fmin(low, high);
    out->high = fmax(low, high);
    out->coverage = confidence;
    return RC_OK;
}
