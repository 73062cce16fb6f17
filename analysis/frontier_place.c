/* frontier_place.c: who is on the frontier: by test, or by medians with too few rounds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/frontier_build.h"
#include "analysis/kernel.h"
#include "analysis/pareto.h"

/* The arms that compete, as rows. */
struct field {
    uint32_t *arm_of; /* row -> arm */
    size_t count;
    double *values; /* as dominance_input, [row][key][round] */
    struct dominance_dim dim[FRONTIER_KEYS_MAX];
    struct dominance_input input;
    struct dominance dominance;
    bool *kept;
    uint32_t *dominator;
};

static bool field_alloc(struct field *field, const struct frontier *frontier, size_t rounds)
{
    size_t arms = frontier->arm_count + 1; /* never an allocation of nothing */
    field->arm_of = calloc(arms, sizeof(*field->arm_of));
    field->kept = calloc(arms, sizeof(*field->kept));
    field->dominator = calloc(arms, sizeof(*field->dominator));
    field->values = calloc(arms * (frontier->key_count + 1), rounds * sizeof(*field->values));
    return field->arm_of != NULL && field->kept != NULL && field->dominator != NULL &&
           field->values != NULL;
}

static void field_release(struct field *field)
{
    dominance_release(&field->dominance);
    free(field->values);
    free(field->dominator);
    free(field->kept);
    free(field->arm_of);
}

static double field_value(const struct frontier *frontier, size_t arm, size_t k, size_t round)
{
    const struct frontier_key *key = &frontier->keys[k];
    if (key->exact)
        return frontier->arms[arm].value[k];
    if (round >= frontier->rounds.count)
        return NAN;
    return rounds_value(&frontier->rounds, arm, key->place, key->metric, round);
}

static enum rc field_make(struct field *field, const struct frontier *frontier, struct err *err)
{
    size_t keys = frontier->key_count;
    size_t rounds = frontier->rounds_tested == 0 ? 1 : frontier->rounds_tested;
    if (!field_alloc(field, frontier, rounds))
        return frontier_no_memory(err);
    for (size_t k = 0; k < keys; k++)
        field->dim[k] = (struct dominance_dim){
            .exact = frontier->keys[k].exact,
            .higher = metric_table[frontier->keys[k].metric].better == HIGHER,
            .margin = frontier->keys[k].margin};
    for (size_t a = 0; a < frontier->arm_count; a++) {
        if (!frontier->arms[a].eligible)
            continue;
        double *row = &field->values[field->count * keys * rounds];
        for (size_t i = 0; i < keys * rounds; i++)
            row[i] = field_value(frontier, a, i / rounds, i % rounds);
        field->arm_of[field->count++] = (uint32_t)a;
    }
    field->input = (struct dominance_input){.values = field->values,
                                            .arms = field->count,
                                            .dims = keys,
                                            .rounds = rounds,
                                            .dim = field->dim,
                                            .schedule = frontier->schedule};
    return dominance_find(&field->dominance, &field->input, err);
}

/* ---- claims --------------------------------------------------------------------------------- */

/* What is said of an arm and the one that may dominate it. */
enum saying { SAY_OUT, SAY_ON, SAY_OPEN };

/* "LABEL is dominated by OTHER, least certain in KEY (OTHER / LABEL)" */
static enum rc say_pair(struct frontier *frontier, size_t arm, size_t other, enum saying saying,
                        size_t key, const char **out, struct err *err)
{
    static const char *const words[][3] = {
        [SAY_OUT] = {"", " is dominated by ", ", least certain in "},
        [SAY_ON] = {"", " is on the frontier; nearest to dominating it is ", ", by "},
        [SAY_OPEN] = {"whether ", " is dominated by ", "; what decides is "},
    };
    struct buf line = {0};
    struct text text = text_to(&line, err);
    text_put(&text, words[saying][0]);
    text_put(&text, frontier_label(frontier, arm));
    text_put(&text, words[saying][1]);
    text_put(&text, frontier_label(frontier, other));
    text_put(&text, words[saying][2]);
    text_put(&text, frontier->keys[key].name);
    text_put(&text, " (");
    text_put(&text, frontier_label(frontier, other));
    text_put(&text, " / ");
    text_put(&text, frontier_label(frontier, arm));
    text_put(&text, ")");
    enum rc rc = text.rc;
    if (rc == RC_OK)
        rc = frontier_keep_text(frontier, &line, out, err);
    buf_release(&line);
    return rc;
}

static enum rc say_arm(struct frontier *frontier, size_t arm, const char *words, const char *other,
                       const char **out, struct err *err)
{
    struct buf line = {0};
    struct text text = text_to(&line, err);
    text_put(&text, frontier_label(frontier, arm));
    text_put(&text, words);
    text_put(&text, other);
    enum rc rc = text.rc;
    if (rc == RC_OK)
        rc = frontier_keep_text(frontier, &line, out, err);
    buf_release(&line);
    return rc;
}

/* What a pair's test owes: the ratio other / arm in the metric that decided, or is to. */
static enum rc claim_pair(struct frontier *frontier, size_t arm, size_t other,
                          const struct dominance_pair *pair, enum claim_label label,
                          struct err *err)
{
    struct claim *claim = &frontier->arms[arm].standing_claim;
    const struct frontier_key *key = &frontier->keys[pair->dim];
    size_t limit = frontier->rounds_tested;
    if (pair->look != 0)
        limit = frontier->schedule.looks[pair->look - 1].rounds;
    *claim = (struct claim){.label = label,
                            .look = pair->look,
                            .method = frontier->method,
                            .alpha = frontier->schedule.alpha,
                            .rounds_needed = frontier->arms[arm].rounds_needed};
    enum rc rc =
        frontier_ratio(frontier, other, arm, key->place, key->metric, limit, &claim->ratio, err);
    if (rc != RC_OK)
        return rc;
    frontier_claim_fit(claim);
    enum saying saying = label == CLAIM_UNDECIDED       ? SAY_OPEN
                         : pair->state == DOMINANCE_YES ? SAY_OUT
                                                        : SAY_ON;
    return say_pair(frontier, arm, other, saying, pair->dim, &claim->sentence, err);
}

/* ---- standings by test ---------------------------------------------------------------------- */

static enum rc find_kernel(struct field *field, struct err *err)
{
    size_t count = field->count;
    bool *dominates = calloc(count * count + 1, sizeof(*dominates));
    if (dominates == NULL)
        return frontier_no_memory(err);
    for (size_t i = 0; i < count * count; i++)
        dominates[i] = field->dominance.pairs[i].state == DOMINANCE_YES;
    enum rc rc = count == 0
                     ? RC_OK
                     : kernel_find(dominates, count, field->kept, field->dominator, NULL, err);
    free(dominates);
    return rc;
}

/* The kernel's dominator first, then whoever else is kept and confirmed. */
static enum rc place_out(struct frontier *frontier, const struct field *field, size_t row,
                         struct err *err)
{
    struct frontier_arm *arm = &frontier->arms[field->arm_of[row]];
    size_t named = field->dominator[row];
    arm->standing = STANDING_OUT;
    arm->dominators = arena_zalloc(&frontier->arena, field->count, sizeof(*arm->dominators));
    if (arm->dominators == NULL)
        return frontier_no_memory(err);
    arm->dominators[arm->dominator_count++] = field->arm_of[named];
    for (size_t other = 0; other < field->count; other++) {
        if (other != named && field->kept[other] &&
            dominance_at(&field->dominance, other, row)->state == DOMINANCE_YES)
            arm->dominators[arm->dominator_count++] = field->arm_of[other];
    }
    const struct dominance_pair *pair = dominance_at(&field->dominance, named, row);
    if (!pair->exact)
        return claim_pair(frontier, field->arm_of[row], field->arm_of[named], pair, CLAIM_CONFIRMED,
                          err);
    arm->standing_claim = (struct claim){
        .label = CLAIM_EXACT, .ratio.n = frontier->summary->arms[field->arm_of[row]].valid_runs};
    return say_arm(frontier, field->arm_of[row], " is dominated by ",
                   frontier_label(frontier, field->arm_of[named]), &arm->standing_claim.sentence,
                   err);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many rounds until it is out (the first pair that says so) or on (the last that says not). */
static enum rc place_undecided(struct frontier *frontier, const struct field *field, size_t row,
                               struct err *err)
{
    size_t out = SIZE_MAX, on = 0, nearest = SUMMARY_NONE, nearest_rounds = SIZE_MAX;
    for (size_t other = 0; other < field->count; other++) {
        const struct dominance_pair *pair = dominance_at(&field->dominance, other, row);
        struct dominance_need need;
        if (other == row || !field->kept[other] || pair->state == DOMINANCE_NOT)
            continue;
        enum rc rc = dominance_need(&field->dominance, &field->input, other, row, &need, err);
        if (rc != RC_OK)
            return rc;
        out = least(out, need.yes);
        on = on > need.no ? on : need.no;
        size_t either = least(need.yes, need.no);
        if (nearest == SUMMARY_NONE || either < nearest_rounds) {
            nearest = other;
            nearest_rounds = either;
        }
    }
    CHECK(nearest != SUMMARY_NONE);
    struct frontier_arm *arm = &frontier->arms[field->arm_of[row]];
    arm->standing = STANDING_UNDECIDED;
    arm->rounds_needed = least(out, on);
    return claim_pair(frontier, field->arm_of[row], field->arm_of[nearest],
                      dominance_at(&field->dominance, nearest, row), CLAIM_UNDECIDED, err);
}

static enum rc place_on(struct frontier *frontier, const struct field *field, size_t row,
                        struct err *err)
{
    struct frontier_arm *arm = &frontier->arms[field->arm_of[row]];
    size_t weakest = SUMMARY_NONE;
    bool alone = true;
    for (size_t other = 0; other < field->count; other++) {
        if (other == row || !field->kept[other])
            continue;
        alone = false;
        const struct dominance_pair *pair = dominance_at(&field->dominance, other, row);
        if (!pair->exact && (weakest == SUMMARY_NONE ||
                             pair->p_not > dominance_at(&field->dominance, weakest, row)->p_not))
            weakest = other;
    }
    arm->standing = STANDING_ON;
    if (weakest != SUMMARY_NONE)
        return claim_pair(frontier, field->arm_of[row], field->arm_of[weakest],
                          dominance_at(&field->dominance, weakest, row), CLAIM_CONFIRMED, err);
    arm->standing_claim = (struct claim){
        .label = CLAIM_EXACT, .ratio.n = frontier->summary->arms[field->arm_of[row]].valid_runs};
    return say_arm(frontier, field->arm_of[row],
                   alone ? " is on the frontier, nothing else kept competes"
                         : " is on the frontier, every other is worse in an exact metric",
                   "", &arm->standing_claim.sentence, err);
}

static bool all_not(const struct field *field, size_t row)
{
    for (size_t other = 0; other < field->count; other++) {
        if (other != row && field->kept[other] &&
            dominance_at(&field->dominance, other, row)->state != DOMINANCE_NOT)
            return false;
    }
    return true;
}

/* An arm that left at a look keeps its decision, even when what it was dominated by left later and
 * the kernel would take it back: there are no more rounds of it to tell. */
static void keep_dropped_out(const struct frontier *frontier, struct field *field)
{
    for (size_t row = 0; row < field->count; row++) {
        if (!field->kept[row] || !frontier->arms[field->arm_of[row]].dropped)
            continue;
        for (uint32_t other = 0; other < field->count && field->kept[row]; other++) {
            if (dominance_at(&field->dominance, other, row)->state != DOMINANCE_YES)
                continue;
            field->kept[row] = false;
            field->dominator[row] = other;
        }
    }
}

static size_t count_open(const struct field *field)
{
    size_t open = 0;
    for (size_t i = 0; i < field->count * field->count; i++)
        open += field->kept[i / field->count] && field->kept[i % field->count] &&
                field->dominance.pairs[i].state == DOMINANCE_UNDECIDED;
    return open;
}

static enum rc place_tested(struct frontier *frontier, struct field *field, struct err *err)
{
    enum rc rc = find_kernel(field, err);
    if (rc == RC_OK) {
        keep_dropped_out(frontier, field);
        frontier->open_pairs = count_open(field);
    }
    for (size_t row = 0; row < field->count && rc == RC_OK; row++) {
        if (!field->kept[row])
            rc = place_out(frontier, field, row, err);
        else if (all_not(field, row))
            rc = place_on(frontier, field, row, err);
        else
            rc = place_undecided(frontier, field, row, err);
    }
    for (size_t k = 0; k < frontier->key_count && rc == RC_OK; k++) {
        frontier->keys[k].coarse = field->dominance.coarse[k];
        if (frontier->keys[k].coarse)
            rc = frontier_note(frontier, err,
                               "%s: in more than a fifth of the rounds two strategies have equal "
                               "values; too coarse to test, no claim is made of it",
                               frontier->keys[k].name);
    }
    return rc;
}

/* ---- standings by medians ------------------------------------------------------------------- */

static enum rc place_dominated(struct frontier *frontier, const struct field *field,
                               const double *points, size_t row, struct err *err)
{
    struct frontier_arm *arm = &frontier->arms[field->arm_of[row]];
    uint32_t *found = arena_zalloc(&frontier->arena, field->count, sizeof(*found));
    if (found == NULL)
        return frontier_no_memory(err);
    arm->standing = STANDING_OUT;
    arm->dominators = found;
    arm->dominator_count =
        pareto_dominators(points, field->count, frontier->key_count, field->kept, row, found);
    CHECK(arm->dominator_count != 0);
    for (size_t i = 0; i < arm->dominator_count; i++)
        found[i] = field->arm_of[found[i]];
    arm->standing_claim = (struct claim){.label = CLAIM_DESCRIPTIVE};
    return say_arm(frontier, field->arm_of[row], ", by medians, is dominated by ",
                   frontier_label(frontier, found[0]), &arm->standing_claim.sentence, err);
}

static enum rc place_medians(struct frontier *frontier, struct field *field, struct err *err)
{
    size_t keys = frontier->key_count;
    double *points = calloc(field->count + 1, (keys + 1) * sizeof(*points));
    if (points == NULL)
        return frontier_no_memory(err);
    for (size_t row = 0; row < field->count; row++) {
        for (size_t k = 0; k < keys; k++) {
            double value = frontier->arms[field->arm_of[row]].value[k];
            points[row * keys + k] = field->dim[k].higher ? -value : value;
        }
    }
    enum rc rc = pareto_frontier(points, field->count, keys, field->kept, err);
    for (size_t row = 0; row < field->count && rc == RC_OK; row++) {
        struct frontier_arm *arm = &frontier->arms[field->arm_of[row]];
        if (!field->kept[row]) {
            rc = place_dominated(frontier, field, points, row, err);
            continue;
        }
        arm->standing_claim = (struct claim){.label = CLAIM_DESCRIPTIVE};
        rc = say_arm(frontier, field->arm_of[row], ", by medians, is on the frontier", "",
                     &arm->standing_claim.sentence, err);
    }
    free(points);
    return rc;
}

/* ---- which of the two ----------------------------------------------------------------------- */

/* Intervals of 95 % close from six rounds on: before that no claim could be paid for. */
enum { INTERVAL_ROUNDS_MIN = 6 };

static enum rc set_methods(struct frontier *frontier, struct err *err)
{
    struct buf line = {0};
    const char *test = frontier->schedule.anytime ? "e-process" : "signed-rank test";
    struct text text = text_to(&line, err);
    text_print(&text, "UI-IU %s, Holm over %zu pairs", test, frontier->hypotheses);
    enum rc rc = text.rc;
    if (rc == RC_OK)
        rc = frontier_keep_text(frontier, &line, &frontier->method, err);
    buf_clear(&line);
    text_print(&text, "%s, alpha / %zu strategies", test, frontier->judged);
    if (rc == RC_OK)
        rc = text.rc;
    if (rc == RC_OK)
        rc = frontier_keep_text(frontier, &line, &frontier->guard_method, err);
    buf_release(&line);
    return rc;
}

enum rc frontier_place(struct frontier *frontier, struct err *err)
{
    const struct record_protocol *protocol = &frontier->summary->record->manifest.protocol;
    struct field field = {0};
    enum rc rc = field_make(&field, frontier, err);
    if (rc == RC_OK) {
        size_t control = frontier->summary->control;
        frontier->hypotheses = field.dominance.hypotheses;
        frontier->judged = field.count;
        if (control != SUMMARY_NONE && frontier->arms[control].eligible)
            frontier->judged--;
        size_t most =
            frontier->hypotheses > frontier->judged ? frontier->hypotheses : frontier->judged;
        frontier->rounds_min = dominance_rounds_min(protocol, most);
        if (frontier->rounds_min < INTERVAL_ROUNDS_MIN)
            frontier->rounds_min = INTERVAL_ROUNDS_MIN;
        frontier->descriptive = frontier->rounds_tested < frontier->rounds_min;
        rc = set_methods(frontier, err);
    }
    if (rc == RC_OK)
        rc = frontier->descriptive ? place_medians(frontier, &field, err)
                                   : place_tested(frontier, &field, err);
    field_release(&field);
    return rc;
}
