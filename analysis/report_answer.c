/* report_answer.c: the first page: the answer, how sure it is, what was asked; and the frontier. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analysis/answer.h"
#include "analysis/report_parts.h"

void report_claim(struct report *report, const struct claim *claim)
{
    struct text *text = &report->text;
    if (claim->label == CLAIM_NONE)
        return;
    text_put(text, "- ");
    if (text->rc == RC_OK)
        text->rc = claim_print(claim, true, text->out, text->err);
    text_put(text, "\n");
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void put_invalid(struct report *report)
{
    for (size_t a = 0; a < report->summary->arm_count; a++) {
        const struct summary_arm *arm = &report->summary->arms[a];
        if (arm->valid)
            continue;
        text_put(&report->text, "- **INVALID** ");
        report_label(report, a);
        text_print(&report->text, " (%u of %u runs valid): ", arm->valid_runs, arm->runs);
        text_markdown(&report->text, arm->reason);
        text_put(&report->text, "\n");
    }
}

static void put_notes(struct report *report)
{
    for (size_t i = 0; i < report->frontier->note_count; i++) {
        text_put(&report->text, "- ");
        text_markdown_line(&report->text, report->frontier->notes[i]);
        text_put(&report->text, "\n");
    }
}

/* Too close to tell, by medians: where there is no test, modesty. */
static void put_close_calls(struct report *report)
{
    const struct frontier *frontier = report->frontier;
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        for (size_t g = 0; g < frontier->guard_count && frontier_keeps(frontier, a); g++) {
            char change[FORMAT_SIZE];
            if (arm->guardrail == GUARDRAIL_UNKNOWN || !arm->guard_close[g])
                continue;
            text_put(&report->text, "- DESCRIPTIVE: ");
            text_markdown(&report->text, views_label(report->summary, a));
            text_put(&report->text, " against the guardrail on ");
            if (report->text.rc == RC_OK) {
                struct buf name = {0};
                report->text.rc = frontier_guard_print(frontier, g, &name, report->text.err);
                text_markdown(&report->text, buf_str(&name));
                buf_release(&name);
            }
            text_print(&report->text,
                       ": %s, too close to the limit to tell from noise (rounds on both sides of "
                       "it, or nearer than the control to itself)\n",
                       text_change(change, arm->guard_percent[g] / 100 - 1));
        }
    }
}

void report_answer(struct report *report)
{
    struct text *text = &report->text;
    struct answer answer = {.frontier = report->frontier,
                            .diagnosis = report->diagnosis,
                            .markdown = true,
                            .bullet = "- "};
    text_put(text, "# Study ");
    text_markdown(text, report->manifest->id);
    text_put(text, "\n");
    report_heading(report, 2, "Answer");
    text_put(text, "**");
    if (text->rc == RC_OK)
        text->rc = frontier_choice_print(report->frontier, true, text->out, text->err);
    text_put(text, "**\n\n");
    answer.text = *text;
    answer_grounds(&answer);
    *text = answer.text;
    report_heading(report, 3, "What was not decided");
    answer.text = *text;
    answer_open(&answer, SIZE_MAX);
    *text = answer.text;
    if (report->frontier->descriptive)
        put_close_calls(report);
    put_notes(report);
    put_invalid(report);
    report_heading(report, 3, "How sure");
    answer.text = *text;
    answer_environment(&answer);
    answer_method(&answer);
    *text = answer.text;
    text_put(text,
             "- a label before a sentence says how far it may be trusted: CONFIRMED and REFUTED "
             "by a test at that level, EXACT counted, UNDECIDED neither, DESCRIPTIVE a number "
             "without a test, ASSUMED not measured here\n");
}

/* ---- what was asked ------------------------------------------------------------------------- */

static void put_item(struct report *report, const char *name, const char *value)
{
    text_print(&report->text, "- %s: ", name);
    text_markdown(&report->text, value);
    text_put(&report->text, "\n");
}

static void put_rounds(struct report *report)
{
    const struct diagnosis *diagnosis = report->diagnosis;
    text_print(&report->text, "- Rounds: %u done of %s%u asked for", report->summary->rounds,
               report->manifest->protocol.stopping == STOPPING_FIXED ? "" : "at most ",
               report->manifest->rounds);
    if (diagnosis->voided != 0)
        text_print(&report->text, ", %u more voided and used nowhere", diagnosis->voided);
    text_put(&report->text,
             "; every strategy once in each, the control twice, in random order; one "
             "process and one fresh store per run\n");
}

static void put_dropped(struct report *report)
{
    const struct record *record = report->summary->record;
    for (size_t i = 0; i < record->event_count; i++) {
        const struct record_event *event = &record->events[i];
        for (size_t d = 0; event->kind == EVENT_LOOK && d < event->dropped_count; d++) {
            text_put(&report->text, "- Left after look ");
            text_print(&report->text, "%u (%u rounds): ", event->look, event->rounds);
            report_label(report, event->dropped[d]);
            text_put(&report->text, "\n");
        }
    }
}

static void put_warnings(struct report *report)
{
    const struct record_manifest *manifest = report->manifest;
    struct text *text = &report->text;
    if (manifest->dataset_warning[0] != '\0') {
        text_put(text, "\n> **About this dataset:** ");
        text_markdown(text, manifest->dataset_warning);
        text_put(text, "\n");
    }
    if (report->summary->record->warnings != 0) {
        text_print(text, "\n> **The record has %u warnings**, the first: ",
                   report->summary->record->warnings);
        text_markdown(text, report->summary->record->warning);
        text_put(text, "\n");
    }
}

void report_asked(struct report *report)
{
    const struct record_manifest *manifest = report->manifest;
    struct text *text = &report->text;
    char files[FORMAT_SIZE], bytes[FORMAT_SIZE], count[FORMAT_SIZE];
    report_heading(report, 2, "What was asked");
    put_item(report, "Plan", manifest->plan_name);
    text_put(text, "- Dataset: ");
    text_markdown(text, manifest->dataset_spec);
    text_print(text, ", %s files, %s bytes, content hash ",
               format_count(files, manifest->dataset_files),
               format_count(bytes, manifest->dataset_bytes));
    text_markdown(text, manifest->dataset_hash);
    text_print(text, ", seed %" PRIu64 "\n", manifest->seed);
    put_rounds(report);
    put_dropped(report);
    put_item(report, "Durability", manifest->durability);
    text_print(text,
               "- Writes per transaction: %s; retention: ", format_count(count, manifest->batch));
    text_markdown(text, manifest->retention);
    text_print(text,
               "\n- Guardrail: p95 of point reads and updates at most %.4g %% above the "
               "control's\n",
               100 * report->frontier->guardrail);
    text_put(text, "- Made by blobfront ");
    text_markdown(text, manifest->tool_version);
    text_put(text, ", begun ");
    text_markdown(text, manifest->created);
    text_put(text, "\n");
    put_warnings(report);
}

/* ---- the frontier --------------------------------------------------------------------------- */

static void put_claims(struct report *report)
{
    const struct frontier *frontier = report->frontier;
    report_heading(report, 3, "Each of them as a claim");
    for (size_t a = 0; a < frontier->arm_count; a++) {
        report_claim(report, &frontier->arms[a].standing_claim);
        report_claim(report, &frontier->arms[a].guard_claim);
    }
    if (frontier->knee != SUMMARY_NONE) {
        struct buf line = {0};
        struct text text = text_to(&line, report->text.err);
        text_put(&text, "bytes against the p95 of point reads bends most at ");
        text_put(&text, views_label(report->summary, frontier->knee));
        struct claim knee = {.label = CLAIM_DESCRIPTIVE, .sentence = buf_str(&line)};
        if (text.rc == RC_OK)
            report_claim(report, &knee);
        buf_release(&line);
    }
    text_put(&report->text, "\n");
}

static void put_classes(struct report *report)
{
    struct grid classes = {0};
    views_classes(report->frontier, &classes);
    if (grid_rows(&classes) != 0)
        report_note(report, "Guarded classes of sizes, % of the control's with 95 % intervals:");
    report_grid(report, &classes);
}

void report_frontier(struct report *report)
{
    const struct frontier *frontier = report->frontier;
    struct grid keys = {0}, standing = {0};
    report_heading(report, 2, "Frontier");
    report_figure(report, PLOT_FRONTIER);
    report_note(report,
                frontier->descriptive
                    ? "DESCRIPTIVE: a strategy is dominated when another is no worse in every "
                      "key metric and better in at least one. Medians over rounds, and % of "
                      "the control."
                    : "A strategy is dominated when another is confirmed to be no worse in "
                      "every key metric, but for the margin, and better than the margin in "
                      "at least one. Medians over rounds; % of the control with its 95 % "
                      "interval over paired rounds.");
    views_keys(frontier, &keys);
    report_grid(report, &keys);
    report_note(report, frontier->anywhere
                            ? "Every lane competes except floors."
                            : "Only strategies that keep everything in the SQL database compete; "
                              "other lanes are measured as references and dominate nobody.");
    views_standing(frontier, 1000, true, &standing);
    report_grid(report, &standing);
    report_note(report,
                "Stability: share of resampled studies in which the strategy is on the "
                "frontier of medians. Hypervolume: share of what the frontier covers, up to "
                "the guardrail, that only this strategy covers. Neither is a test.");
    put_classes(report);
    put_claims(report);
}
