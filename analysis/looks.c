#include "analysis/looks.h"

#include <math.h>
#include <string.h>

#include "analysis/signrank.h"

enum { LOOK_ROUNDS_MAX = 1000 };

/* ---- when ------------------------------------------------------------------------------------ */

struct looks looks_of(const uint32_t *rounds, size_t count)
{
    static const double three[] = {0.2, 0.3, 0.5};
    CHECK(count >= 1 && count <= LOOKS_MAX);
    struct looks looks = {.count = count};
    for (size_t k = 0; k < count; k++) {
        CHECK(k == 0 || rounds[k] > rounds[k - 1]);
        looks.rounds[k] = rounds[k];
        looks.share[k] = count == COUNT_OF(three) ? three[k] : 1 / (double)count;
    }
    return looks;
}

struct looks looks_gate(void)
{
    static const uint32_t rounds[] = {10, 20, 40};
    return looks_of(rounds, COUNT_OF(rounds));
}

struct looks looks_study(void)
{
    static const uint32_t rounds[] = {16, 24, 40};
    return looks_of(rounds, COUNT_OF(rounds));
}

struct looks looks_fixed(uint32_t rounds)
{
    return looks_of(&rounds, 1);
}

enum rc looks_parse(const char *text, struct looks *looks, struct err *err)
{
    uint32_t rounds[LOOKS_MAX];
    size_t count = 0;
    for (const char *at = text;; at++) {
        char number[8] = "";
        size_t len = strcspn(at, ",");
        if (len < sizeof(number)) /* longer: left empty, refused like any other that is no number */
            memcpy(number, at, len);
        uint64_t value;
        enum rc rc = parse_u64(number, 1, LOOK_ROUNDS_MAX, "looks (rounds)", &value, err);
        if (rc != RC_OK)
            return rc;
        if (count == LOOKS_MAX)
            return FAIL(err, RC_USAGE, 0, "looks %s: at most %d of them", Q(text), LOOKS_MAX);
        if (count > 0 && value <= rounds[count - 1])
            return FAIL(err, RC_USAGE, 0, "looks %s: %u does not come after %u", Q(text),
                        (unsigned)value, (unsigned)rounds[count - 1]);
        rounds[count++] = (uint32_t)value;
        at += len;
        if (*at == '\0')
            break;
    }
    *looks = looks_of(rounds, count);
    return RC_OK;
}

/* ---- verdict --------------------------------------------------------------------------------- */

static enum rc refuse_zeros(const double *d, size_t n, struct err *err)
{
    size_t zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += d[i] == 0;
    if (zeros * 5 <= n)
        return RC_OK;
    return FAIL(
        err, RC_INVALID, 0,
        "%zu of %zu rounds show no difference at all: the clock is too coarse for this metric",
        zeros, n);
}

static enum rc take_look(const struct looks_bounds *bounds, double share, const double *d, size_t n,
                         struct looks_state *state, struct err *err)
{
    enum rc rc = refuse_zeros(d, n, err);
    struct signrank worse, better;
    if (rc == RC_OK)
        rc = signrank_test(d, n, log1p(bounds->delta), &worse, err);
    if (rc == RC_OK)
        rc = signrank_test(d, n, log1p(bounds->margin), &better, err);
    if (rc != RC_OK)
        return rc;
    state->p_worse = worse.p_greater;
    state->p_better = better.p_less;
    if (state->p_worse <= bounds->alpha * share)
        state->verdict = LOOKS_FAIL;
    else if (state->p_better <= bounds->alpha * share)
        state->verdict = LOOKS_PASS;
    return RC_OK;
}

enum rc looks_judge(const struct looks *looks, const struct looks_bounds *bounds, const double *d,
                    size_t n, struct looks_state *out, struct err *err)
{
    struct looks_state state = {LOOKS_CONTINUE, 0, (uint32_t)n, NAN, NAN};
    for (size_t k = 0; k < looks->count && looks->rounds[k] <= n; k++) {
        enum rc rc = take_look(bounds, looks->share[k], d, looks->rounds[k], &state, err);
        if (rc != RC_OK)
            return rc;
        if (state.verdict == LOOKS_CONTINUE && k + 1 == looks->count)
            state.verdict = LOOKS_UNDECIDED;
        if (state.verdict != LOOKS_CONTINUE) {
            state.look = k + 1;
            state.rounds = looks->rounds[k];
            break;
        }
    }
    *out = state;
    return RC_OK;
}

const char *looks_verdict_name(enum looks_verdict verdict)
{
    static const char *const names[] = {
        [LOOKS_CONTINUE] = "CONTINUE",
        [LOOKS_PASS] = "PASS",
        [LOOKS_FAIL] = "FAIL",
        [LOOKS_UNDECIDED] = "UNDECIDED",
    };
    CHECK((size_t)verdict < COUNT_OF(names));
    return names[verdict];
}
