/* frontier_keys.c: what strategies are compared by, and their values. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/eprocess.h"
#include "analysis/frontier_build.h"

/* ---- ratios --------------------------------------------------------------------------------- */

/* Of every interval that is shown. */
#define CONFIDENCE 0.95

static enum rc noisy_ratio(const struct frontier *frontier, size_t a, size_t b, size_t place,
                           enum metric metric, size_t limit, struct interval *out, struct err *err)
{
    double *d = calloc(limit + 1, sizeof(*d));
    if (d == NULL)
        return frontier_no_memory(err);
    size_t n = rounds_pair(&frontier->rounds, a, b, place, metric, limit, d);
    enum rc rc = RC_OK;
    if (n != 0)
        rc = frontier->schedule.anytime ? eprocess_interval(d, n, CONFIDENCE, out, err)
                                        : signrank_interval(d, n, CONFIDENCE, out, err);
    free(d);
    if (rc != RC_OK || n == 0)
        return rc;
    struct interval log = *out;
    bool turned = metric_table[metric].better == HIGHER;
    out->n = n;
    out->estimate = exp(turned ? -log.estimate : log.estimate);
    out->low = exp(turned ? -log.high : log.low);
    out->high = exp(turned ? -log.low : log.high);
    return RC_OK;
}

enum rc frontier_ratio(const struct frontier *frontier, size_t a, size_t b, size_t place,
                       enum metric metric, size_t limit, struct interval *out, struct err *err)
{
    const struct summary *summary = frontier->summary;
    *out = (struct interval){.estimate = NAN, .low = NAN, .high = NAN};
    if (metric_table[metric].kind == TIMING) {
        size_t most = frontier->rounds.count < SIGNRANK_MAX ? frontier->rounds.count : SIGNRANK_MAX;
        return noisy_ratio(frontier, a, b, place, metric, limit < most ? limit : most, out, err);
    }
    double ratio =
        summary_median(summary, a, place, metric) / summary_median(summary, b, place, metric);
    const struct stats *mine = summary_cell(summary, a, place, metric);
    if (isfinite(ratio))
        *out = (struct interval){ratio, ratio, ratio, 1, mine->n};
    return RC_OK;
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* The control's second median against its first: what this study calls a difference of nothing. */
static double noise_of(const struct summary *summary, size_t place, enum metric metric)
{
    if (summary->control == SUMMARY_NONE || summary->control_again == SUMMARY_NONE)
        return NAN;
    double first = summary_median(summary, summary->control, place, metric);
    double again = summary_median(summary, summary->control_again, place, metric);
    return first != 0 ? again / first - 1 : NAN;
}

static bool anyone_has(const struct frontier *frontier, size_t place, enum metric metric)
{
    for (size_t a = 0; a < frontier->arm_count; a++) {
        if (frontier->arms[a].eligible &&
            isfinite(summary_median(frontier->summary, a, place, metric)))
            return true;
    }
    return false;
}

/* Split "metric@place" and refuse what cannot be compared. */
static enum rc parse_key(const struct frontier *frontier, const char *name, enum metric *metric,
                         const char **place, struct err *err)
{
    const char *at = strchr(name, '@');
    char metric_name[64];
    if (at == NULL || at == name || at[1] == '\0' || (size_t)(at - name) >= sizeof(metric_name))
        return FAIL(err, RC_USAGE, 0,
                    "key metric: expected METRIC@PHASE or METRIC@SNAPSHOT, got \"%s\"", Q(name));
    snprintf(metric_name, sizeof(metric_name), "%.*s", (int)(at - name), name);
    *metric = metric_by_name(metric_name);
    *place = at + 1;
    if (*metric == METRIC_COUNT) {
        FAIL(err, RC_USAGE, 0, "key metric: there is no metric \"%s\"", Q(metric_name));
        err_hint(err, "see: blobfront list metrics");
        return err->rc;
    }
    for (size_t k = 0; k < frontier->key_count; k++) {
        if (strcmp(frontier->keys[k].name, name) == 0)
            return FAIL(err, RC_USAGE, 0, "key metric \"%s\" is given twice", Q(name));
    }
    if (metric_table[*metric].better == NEITHER)
        return FAIL(err, RC_USAGE, 0, "key metric \"%s\": neither more nor less of it is better",
                    Q(name));
    return RC_OK;
}

/* A key somebody typed must exist; one of the default keys is left out where it does not. */
static enum rc add_key(struct frontier *frontier, const char *name, bool typed, struct err *err)
{
    const struct summary *summary = frontier->summary;
    enum metric metric = METRIC_COUNT;
    const char *at = "";
    enum rc rc = parse_key(frontier, name, &metric, &at, err);
    if (rc != RC_OK)
        return rc;
    size_t place = summary_place(summary, metric_table[metric].scope, at);
    if (place == SUMMARY_NONE && typed)
        return FAIL(err, RC_USAGE, 0, "key metric \"%s\": the study has no %s \"%s\"", Q(name),
                    metric_table[metric].scope == PHASE ? "phase" : "snapshot", Q(at));
    if (place == SUMMARY_NONE)
        return frontier_note(frontier, err, "key metric %s left out: the study has no %s", name,
                             at);
    if (!anyone_has(frontier, place, metric))
        return frontier_note(frontier, err, "key metric %s left out: no competing arm has a value",
                             name);
    if (frontier->key_count == FRONTIER_KEYS_MAX)
        return FAIL(err, RC_USAGE, 0, "more than %d key metrics", FRONTIER_KEYS_MAX);
    const char *copy = arena_strdup(&frontier->arena, name);
    if (copy == NULL)
        return frontier_no_memory(err);
    frontier->keys[frontier->key_count++] = (struct frontier_key){
        .metric = metric,
        .place = place,
        .name = copy,
        .exact = metric_table[metric].kind == COUNTER,
        .margin = rounds_margin(&summary->record->manifest.protocol, metric),
        .noise = noise_of(summary, place, metric),
    };
    return RC_OK;
}

/* What stands in for a default key whose place the study has not: the size at the end for the size
 * after the updates; and studies made before there was a phase of single updates have one of
 * updates of every size.  The key itself where there is nothing better. */
static enum rc key_for(struct frontier *frontier, const char *name, const char **out,
                       struct err *err)
{
    const struct summary *summary = frontier->summary;
    struct buf text = {0};
    *out = name;
    if (strcmp(name, FRONTIER_KEY_UPDATE) == 0 &&
        summary_place(summary, PHASE, strchr(name, '@') + 1) == SUMMARY_NONE)
        *out = FRONTIER_KEY_UPDATE_OLD;
    size_t size = summary_main_snapshot(summary);
    if (strcmp(name, FRONTIER_KEY_SIZE) != 0 || size == SUMMARY_NONE)
        return RC_OK;
    enum rc rc = buf_printf(&text, err, "total_bytes@%s", summary->places[size].name);
    if (rc == RC_OK && (*out = arena_strdup(&frontier->arena, buf_str(&text))) == NULL)
        rc = frontier_no_memory(err);
    buf_release(&text);
    return rc;
}

enum rc frontier_keys(struct frontier *frontier, const char *list, struct err *err)
{
    bool typed = list != NULL;
    char *names = arena_strdup(&frontier->arena, typed ? list : FRONTIER_KEYS_DEFAULT);
    if (names == NULL)
        return frontier_no_memory(err);
    enum rc rc = RC_OK;
    for (char *name = names; rc == RC_OK && name != NULL;) {
        char *comma = strchr(name, ',');
        if (comma != NULL)
            *comma = '\0';
        const char *key = name;
        if (!typed)
            rc = key_for(frontier, name, &key, err);
        if (rc == RC_OK)
            rc = add_key(frontier, key, typed, err);
        name = comma == NULL ? NULL : comma + 1;
    }
    if (rc == RC_OK && frontier->key_count == 0)
        rc = frontier_note(frontier, err,
                           "no key metric is left: every competing arm stands on "
                           "the frontier");
    return rc;
}

/* ---- values --------------------------------------------------------------------------------- */

static enum rc fill_key(struct frontier *frontier, size_t k, struct err *err)
{
    const struct summary *summary = frontier->summary;
    struct frontier_key *key = &frontier->keys[k];
    size_t control = summary->control, again = summary->control_again;
    bool against = control != SUMMARY_NONE && summary->arms[control].valid;
    double base = against ? summary_median(summary, control, key->place, key->metric) : NAN;
    enum rc rc = RC_OK;
    for (size_t a = 0; a < frontier->arm_count && rc == RC_OK; a++) {
        struct frontier_arm *arm = &frontier->arms[a];
        arm->value[k] = summary_median(summary, a, key->place, key->metric);
        arm->percent[k] = base > 0 ? 100 * arm->value[k] / base : NAN;
        if (against && summary->arms[a].valid && a != control)
            rc = frontier_ratio(frontier, a, control, key->place, key->metric, SIZE_MAX,
                                &arm->versus[k], err);
    }
    if (again != SUMMARY_NONE)
        key->again = frontier->arms[again].versus[k];
    return rc;
}

enum rc frontier_values(struct frontier *frontier, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t k = 0; k < frontier->key_count && rc == RC_OK; k++)
        rc = fill_key(frontier, k, err);
    return rc;
}
