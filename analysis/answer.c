#include "analysis/answer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

char *answer_duration(char dst[FORMAT_SIZE], double seconds)
{
    char number[FORMAT_SIZE];
    if (!isfinite(seconds))
        snprintf(dst, FORMAT_SIZE, "-");
    else if (seconds < 99.5)
        snprintf(dst, FORMAT_SIZE, "%.0f s", seconds);
    else if (seconds < 99.5 * 60)
        snprintf(dst, FORMAT_SIZE, "%.0f min", seconds / 60);
    else
        snprintf(dst, FORMAT_SIZE, "%.30s h", format_sig3(number, seconds / 3600));
    return dst;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Lines are put together raw and escaped whole: names may be anything. */
static void put_escaped(struct answer *answer, const char *raw)
{
    if (answer->markdown)
        text_markdown(&answer->text, raw);
    else
        text_terminal(&answer->text, raw);
}

static void put_claim(struct answer *answer, const struct claim *claim, const char *after)
{
    struct text *text = &answer->text;
    text_put(text, answer->bullet);
    if (text->rc == RC_OK)
        text->rc = claim_print(claim, answer->markdown, text->out, text->err);
    put_escaped(answer, after);
    text_put(text, "\n");
}

static void put_raw_line(struct answer *answer, struct buf *line)
{
    text_put(&answer->text, answer->bullet);
    put_escaped(answer, buf_str(line));
    text_put(&answer->text, "\n");
}

/* ---- what the choice stands on -------------------------------------------------------------- */

static double bytes_of(const struct frontier *frontier, size_t arm)
{
    return summary_median(frontier->summary, arm, frontier->storage_place, M_TOTAL_BYTES);
}

static void put_bytes_claim(struct answer *answer)
{
    const struct frontier *frontier = answer->frontier;
    size_t control = frontier->summary->control;
    char mine[FORMAT_SIZE], base[FORMAT_SIZE];
    struct buf line = {0};
    struct text text = text_to(&line, answer->text.err);
    text_put(&text, frontier_label(frontier, frontier->choice));
    text_print(&text, " stores %s bytes ", text_value(mine, bytes_of(frontier, frontier->choice)));
    text_put(&text, frontier->summary->places[frontier->storage_place].name);
    text_put(&text, ", ");
    text_put(&text, frontier_label(frontier, control));
    text_print(&text, " %s", text_value(base, bytes_of(frontier, control)));
    struct claim claim = {.label = CLAIM_EXACT, .sentence = buf_str(&line)};
    claim.ratio.n = frontier->summary->arms[frontier->choice].valid_runs;
    if (claim.ratio.n < 2)
        claim.label = CLAIM_DESCRIPTIVE;
    if (text.rc == RC_OK)
        put_claim(answer, &claim, "");
    buf_release(&line);
}

void answer_grounds(struct answer *answer)
{
    const struct frontier *frontier = answer->frontier;
    if (frontier->choice == SUMMARY_NONE)
        return;
    put_bytes_claim(answer);
    if (frontier->descriptive)
        return;
    struct claim assumed = {
        .label = CLAIM_ASSUMED,
        .sentence = "that it stays so on other data, machines and file systems; confirm it once "
                    "with another --seed, because this study both picked it and tested it"};
    put_claim(answer, &assumed, "");
}

/* ---- what was not decided ------------------------------------------------------------------- */

/* " (~24 more, about 5 min at 12.3 s per round)" */
static void say_cost(const struct frontier *frontier, size_t rounds, struct text *text)
{
    if (rounds == SIZE_MAX || rounds <= frontier->rounds_tested)
        return;
    char time[FORMAT_SIZE], each[FORMAT_SIZE];
    size_t more = rounds - frontier->rounds_tested;
    text_print(text, " (~%zu more", more);
    if (isfinite(frontier->round_seconds))
        text_print(text, ", about %s at %s s per round",
                   answer_duration(time, (double)more * frontier->round_seconds),
                   format_sig3(each, frontier->round_seconds));
    text_put(text, ")");
}

/* "; at stake: 1,234,567 bytes more (12.3 % of raw's)" */
static void say_stake(const struct frontier *frontier, struct text *text)
{
    size_t control = frontier->summary->control;
    size_t now = frontier->choice == SUMMARY_NONE ? control : frontier->choice;
    double saved = bytes_of(frontier, now) - bytes_of(frontier, frontier->hopeful);
    char bytes[FORMAT_SIZE], percent[FORMAT_SIZE];
    text_print(text, "; at stake: %s bytes, %s of ", text_value(bytes, saved),
               text_percent(percent, 100 * saved / bytes_of(frontier, control)));
    text_put(text, frontier_label(frontier, control));
    text_put(text, "'s");
}

static void put_open_claim(struct answer *answer, const struct claim *claim, size_t rounds,
                           bool stake)
{
    struct buf after = {0};
    struct text text = text_to(&after, answer->text.err);
    say_cost(answer->frontier, rounds, &text);
    if (stake)
        say_stake(answer->frontier, &text);
    if (text.rc == RC_OK)
        put_claim(answer, claim, buf_str(&after));
    buf_release(&after);
}

static void put_too_few(struct answer *answer)
{
    const struct frontier *frontier = answer->frontier;
    struct buf line = {0};
    struct text text = text_to(&line, answer->text.err);
    bool looked_at = frontier->rounds_tested != 0 || frontier->look_next == 0;
    if (!looked_at)
        text_print(&text,
                   "everything: the study is not finished, it is looked at after %" PRIu32
                   " rounds and has %zu",
                   frontier->look_next, frontier->rounds.count);
    else
        text_print(
            &text,
            "everything: %zu rounds confirm nothing about %zu pairs of strategies at %.4g %%",
            frontier->rounds_tested, frontier->hypotheses, 100 * (1 - frontier->schedule.alpha));
    if (frontier->rounds_min == SIZE_MAX)
        text_print(&text, ", and the last look comes too early, after %u", frontier->schedule.last);
    else if (looked_at)
        text_print(&text, "; it takes at least %zu", frontier->rounds_min);
    if (looked_at)
        say_cost(frontier, frontier->rounds_min, &text);
    text_put(&text, ". What follows compares medians: DESCRIPTIVE");
    put_raw_line(answer, &line);
    buf_release(&line);
}

static bool guard_is_open(const struct frontier *frontier, size_t arm)
{
    return frontier_keeps(frontier, arm) && frontier->arms[arm].guardrail == GUARDRAIL_UNDECIDED;
}

/* The one whose guardrail decides about the choice first, then guardrails, then standings. */
void answer_open(struct answer *answer, size_t lines_max)
{
    const struct frontier *frontier = answer->frontier;
    size_t lines = 0;
    if (frontier->descriptive) {
        put_too_few(answer);
        return;
    }
    if (frontier->hopeful != SUMMARY_NONE) {
        put_open_claim(answer, &frontier->arms[frontier->hopeful].guard_claim,
                       frontier->hopeful_rounds, true);
        lines++;
    }
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t a = 0; a < frontier->arm_count; a++) {
            const struct frontier_arm *arm = &frontier->arms[a];
            bool open = pass == 0 ? a != frontier->hopeful && guard_is_open(frontier, a)
                                  : arm->standing == STANDING_UNDECIDED;
            if (!open || lines++ >= lines_max)
                continue;
            put_open_claim(answer, pass == 0 ? &arm->guard_claim : &arm->standing_claim,
                           pass == 0 ? arm->guard_rounds_needed : arm->rounds_needed, false);
        }
    }
    if (lines > lines_max)
        text_print(&answer->text, "%sand %zu more: see report.md\n", answer->bullet,
                   lines - lines_max);
    if (lines == 0)
        text_print(&answer->text, "%snothing: every standing and every guardrail is decided\n",
                   answer->bullet);
}

/* ---- the machine ---------------------------------------------------------------------------- */

static void put_resolution(struct answer *answer)
{
    const struct frontier *frontier = answer->frontier;
    struct buf line = {0};
    struct text text = text_to(&line, answer->text.err);
    bool any = false, resolved = false;
    for (size_t k = 0; k < answer->diagnosis->key_count; k++) {
        const struct diagnosis_key *key = &answer->diagnosis->keys[k];
        char change[FORMAT_SIZE], half[FORMAT_SIZE];
        if (key->again.n == 0)
            continue;
        if (!any) {
            text_put(&text, "the control against itself, ");
            text_put(&text, frontier_label(frontier, frontier->summary->control_again));
            text_put(&text, " / ");
            text_put(&text, frontier_label(frontier, frontier->summary->control));
            text_put(&text, ": ");
        }
        text_put(&text, any ? ", " : "");
        text_put(&text, frontier->keys[key->key].name);
        text_print(&text, " %s", text_change(change, key->again.estimate - 1));
        if (isfinite(key->resolution))
            text_print(&text, " +-%s", text_percent(half, 100 * key->resolution));
        any = true;
        resolved = resolved || isfinite(key->resolution);
    }
    text_put(&text,
             resolved ? "; what differs by less cannot be told apart on this machine today" : "");
    if (any)
        put_raw_line(answer, &line);
    buf_release(&line);
}

void answer_environment(struct answer *answer)
{
    const struct diagnosis *diagnosis = answer->diagnosis;
    struct text *text = &answer->text;
    text_print(text, "%sENVIRONMENT: %s", answer->bullet, diagnosis_state_name(diagnosis->state));
    if (diagnosis->state == DIAGNOSIS_UNKNOWN)
        text_print(text, ", %zu rounds are too few to judge the machine, it takes %d",
                   diagnosis->rounds, DIAGNOSIS_ROUNDS_MIN);
    else
        text_print(text, ", %zu rounds", diagnosis->rounds);
    text_print(text, ", %u voided", diagnosis->voided);
    if (diagnosis->partial != 0)
        text_print(text, ", %u not complete", diagnosis->partial);
    text_put(text, "\n");
    put_resolution(answer);
    for (size_t i = 0; i < diagnosis->reason_count; i++) {
        text_print(text, "%sunstable: ", answer->bullet);
        put_escaped(answer, diagnosis->reasons[i]);
        text_put(text, "\n");
    }
}

/* ---- the method ----------------------------------------------------------------------------- */

static const char *fact_of(const struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].name, name) == 0)
            return facts->items[i].value;
    }
    return "unknown";
}

static void say_looks(const struct frontier *frontier, struct text *text)
{
    const struct dominance_schedule *schedule = &frontier->schedule;
    if (schedule->anytime) {
        text_put(text, "may be looked at after any round");
        return;
    }
    text_put(text, schedule->count == 0 ? "no look" : "looks after ");
    for (size_t k = 0; k < schedule->count; k++)
        text_print(text, "%s%u rounds (alpha %.4g)", k == 0 ? "" : ", ", schedule->looks[k].rounds,
                   schedule->looks[k].alpha);
}

static void say_margins(const struct record_protocol *protocol, struct text *text)
{
    text_print(text, "margins p50 %.4g %%, p95 %.4g %%, ops/s %.4g %%, CPU %.4g %%, exact %.4g %%",
               100 * protocol->margin_p50, 100 * protocol->margin_p95, 100 * protocol->margin_rate,
               100 * protocol->margin_cpu, 100 * protocol->margin_exact);
}

void answer_method(struct answer *answer)
{
    const struct frontier *frontier = answer->frontier;
    const struct record_manifest *manifest = &frontier->summary->record->manifest;
    struct buf line = {0};
    struct text text = text_to(&line, answer->text.err);
    text_put(&text, "method: ");
    text_put(&text, frontier->descriptive ? "medians only; with enough rounds " : "");
    text_put(&text, frontier->method);
    text_put(&text, "; guardrails ");
    text_put(&text, frontier->guard_method);
    text_print(&text, "; alpha %.4g, ", frontier->schedule.alpha);
    say_looks(frontier, &text);
    text_print(&text, "; n %zu; intervals 95 %%, Hodges-Lehmann, paired rounds; ",
               frontier->rounds_tested);
    say_margins(&manifest->protocol, &text);
    text_print(&text, "; seed %" PRIu64 "; data ", manifest->seed);
    text_put(&text, manifest->dataset_hash);
    text_put(&text, "; machine ");
    text_put(&text, fact_of(&manifest->host, "cpu"));
    text_put(&text, "; blobfront ");
    text_put(&text, manifest->tool_version);
    text_put(&text, " ");
    text_put(&text, manifest->tool_hash);
    put_raw_line(answer, &line);
    buf_release(&line);
}
