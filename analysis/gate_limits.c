#include "analysis/gate_limits.h"

#include <string.h>

enum { MARGIN_PERCENT_MAX = 1000 };

/* ---- patterns ------------------------------------------------------------------------------- */

static bool glob(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

bool gate_limit_matches(const struct gate_limit *limit, const char *strategy, const char *metric,
                        const char *phase)
{
    return glob(limit->strategy, strategy) && glob(limit->metric, metric) &&
           glob(limit->phase, phase);
}

double gate_limits_margin(const struct gate_limits *limits, const char *strategy,
                          const char *metric, const char *phase, double margin)
{
    for (size_t i = 0; i < limits->count; i++)
        if (gate_limit_matches(&limits->items[i], strategy, metric, phase))
            margin = limits->items[i].margin;
    return margin;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reader {
    const char *text;
    size_t at;
    struct err *err;
};

static enum rc expected(struct reader *from, const char *what)
{
    const char *rest = from->text + from->at;
    FAIL(from->err, RC_USAGE, 0, "--limit \"%s\": column %zu: expected %s, got %s%s%s",
         Q(from->text), from->at + 1, what, *rest ? "\"" : "", *rest ? Q(rest) : "its end",
         *rest ? "\"" : "");
    err_hint(from->err, "[STRATEGY/]METRIC[@PHASE]=RATE, as in p50_ns@read_point*=15%%");
    return RC_USAGE;
}

/* Letters, digits and what names of strategies and their options hold, up to one of `ends`. */
static enum rc take_pattern(struct reader *from, const char *what, const char *ends,
                            char dst[GATE_PATTERN_SIZE])
{
    size_t len = strspn(from->text + from->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                                               "XYZ0123456789_-.:,'*?");
    if (len == 0 || len >= GATE_PATTERN_SIZE)
        return expected(from, what);
    memcpy(dst, from->text + from->at, len);
    dst[len] = '\0';
    from->at += len;
    if (!from->text[from->at] || !strchr(ends, from->text[from->at]))
        return expected(from, ends[1] == '\0' ? "\"=\"" : "\"/\", \"@\" or \"=\"");
    return RC_OK;
}

static enum rc take_rate(struct reader *from, double *out)
{
    const char *text = from->text + from->at;
    struct err ignored = {0};
    double rate = 0;
    enum rc rc = parse_rate(text, 0, MARGIN_PERCENT_MAX / 100.0, "--limit", &rate, &ignored);
    /* "5" is a slip of who means 5 %, and would let everything through. */
    if (rc != RC_OK || (rate >= 1 && !strchr(text, '%')))
        return expected(from, "a rate of at most 1000 %, as in 15%");
    if (!(rate > GATE_DELTA)) {
        FAIL(from->err, RC_USAGE, 0,
             "--limit \"%s\": column %zu: expected a rate above 2 %%, got \"%s\"", Q(from->text),
             from->at + 1, Q(text));
        err_hint(from->err, "smaller changes are for the count of instructions");
        return RC_USAGE;
    }
    *out = rate;
    return RC_OK;
}

enum rc gate_limits_add(struct gate_limits *limits, const char *text, struct err *err)
{
    struct reader from = {.text = text, .err = err};
    if (limits->count == GATE_LIMITS_MAX)
        return FAIL(err, RC_USAGE, 0, "--limit: given more than %d times", GATE_LIMITS_MAX);
    struct gate_limit *limit = &limits->items[limits->count];
    *limit = (struct gate_limit){.strategy = "*", .phase = "*", .text = text};
    enum rc rc = take_pattern(&from, "a metric or a strategy", "/@=", limit->metric);
    if (rc == RC_OK && text[from.at] == '/') {
        from.at++;
        memcpy(limit->strategy, limit->metric, sizeof(limit->strategy));
        rc = take_pattern(&from, "a metric", "@=", limit->metric);
    }
    if (rc == RC_OK && text[from.at] == '@') {
        from.at++;
        rc = take_pattern(&from, "a phase", "=", limit->phase);
    }
    if (rc == RC_OK) {
        from.at++;
        rc = take_rate(&from, &limit->margin);
    }
    if (rc == RC_OK)
        limits->count++;
    return rc;
}
