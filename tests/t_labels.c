/* No sentence about strategies without the label that says how far it may be trusted. */
#include "analysis/analysis.h"
#include "analysis/answer.h"
#include "analysis/plot_parts.h"
#include "tests/support_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool has_any(const char *line, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(line, words[i]) != NULL)
            return true;
    }
    return false;
}

/* A line that compares strategies says how far it may be trusted.  What defines the words, and the
 * command that repeats the study, compare nothing. */
static bool is_labelled(const char *line)
{
    static const char *const compares[] = {"dominated by", "the guardrail of",
                                           "faster",       "slower",
                                           "smaller",      "larger",
                                           "better",       "worse",
                                           "saves",        ": use ",
                                           ": keep ",      "undecided against",
                                           "stores",       "against the guardrail",
                                           "% bytes"};
    static const char *const labels[] = {"EXACT",     "CONFIRMED",   "REFUTED",
                                         "UNDECIDED", "DESCRIPTIVE", "ASSUMED"};
    static const char *const definitions[] = {"A strategy is dominated when another is confirmed",
                                              "one process and one fresh store", "Competing: "};
    return !has_any(line, compares, COUNT_OF(compares)) ||
           has_any(line, labels, COUNT_OF(labels)) ||
           has_any(line, definitions, COUNT_OF(definitions));
}

static void assert_labelled(const char *line)
{
    if (!is_labelled(line))
        fail_msg("no label: %s", line);
}

static void assert_report_labelled(char *report)
{
    for (char *line = report, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        assert_labelled(line);
    }
}

/* Lines that were wrapped are put together first: what follows is indented by four. */
static void assert_table_labelled(const char *table)
{
    char joined[8192] = "";
    for (const char *line = table; *line != '\0';) {
        size_t len = strcspn(line, "\n"), used = strlen(joined);
        bool more =
            strncmp(line, "    ", 4) == 0 || (strncmp(joined, "Recommendation", 14) == 0 &&
                                              line[0] == ' ' && strncmp(line, "  EXACT", 7) != 0);
        if (!more) {
            assert_labelled(joined);
            used = 0;
        }
        snprintf(joined + used, sizeof(joined) - used, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
    assert_labelled(joined);
}

static void every_sentence_carries_its_label(void **unused)
{
    (void)unused;
    static const uint32_t rounds[] = {1, 3, 9, 16};
    for (size_t i = 0; i < COUNT_OF(rounds); i++) {
        struct made made;
        struct analysis analysis;
        struct buf table = {0}, report = {0};
        struct err err = {0};
        made_study(&made, &(struct made_options){.rounds = rounds[i]});
        assert_int_equal(analysis_build(&analysis, &made.record, NULL, &err), RC_OK);
        assert_int_equal(table_study(&analysis.frontier, &analysis.diagnosis, &table, &err), RC_OK);
        assert_int_equal(
            report_markdown(&analysis.frontier, &analysis.diagnosis, NULL, &report, &err), RC_OK);
        (void)buf_str(&report);
        assert_table_labelled(buf_str(&table));
        assert_report_labelled((char *)report.ptr);
        const char *label = rounds[i] < 9 ? "Recommendation: DESCRIPTIVE: use dedup-zstd"
                                          : "Recommendation: CONFIRMED (95 %): use dedup-zstd";
        assert_non_null(strstr(buf_str(&table), label));
        buf_release(&report);
        buf_release(&table);
        analysis_release(&analysis);
        made_release(&made);
    }
}

/* The check itself can fail. */
static void a_sentence_without_a_label_is_found(void **unused)
{
    (void)unused;
    static const char *const bare[] = {"- dedup is 3 % faster", "naive is dominated by raw",
                                       "dedup holds the guardrail of 10 %"};
    for (size_t i = 0; i < COUNT_OF(bare); i++) {
        char line[256];
        snprintf(line, sizeof(line), "DESCRIPTIVE: %s", bare[i]);
        assert_true(is_labelled(line));
        assert_false(is_labelled(bare[i]));
    }
}

static void durations(void **unused)
{
    (void)unused;
    static const struct {
        double seconds;
        const char *expected;
    } cases[] = {{0.4, "0 s"},    {45, "45 s"},     {99, "99 s"},      {100, "2 min"},
                 {720, "12 min"}, {5940, "99 min"}, {12240, "3.40 h"}, {86400 * 3, "72.0 h"},
                 {NAN, "-"},      {INFINITY, "-"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char shown[FORMAT_SIZE];
        assert_string_equal(answer_duration(shown, cases[i].seconds), cases[i].expected);
    }
}

/* The CSV of a figure has what the figure shows: intervals, standings, labels. */
static void the_figure_shows_what_is_confirmed(void **unused)
{
    (void)unused;
    static const uint32_t rounds[] = {3, 16};
    for (size_t i = 0; i < COUNT_OF(rounds); i++) {
        struct made made;
        struct analysis analysis;
        struct buf csv = {0}, gp = {0};
        struct err err = {0};
        char why[160] = "";
        made_study(&made, &(struct made_options){.rounds = rounds[i]});
        assert_int_equal(analysis_build(&analysis, &made.record, NULL, &err), RC_OK);
        struct plot_draft draft = {text_to(&csv, &err), text_to(&gp, &err), why};
        assert_int_equal(plot_frontier_draft(&analysis.frontier, &draft), RC_OK);
        const char *text = buf_str(&csv);
        assert_non_null(strstr(text, rounds[i] == 3 ? "DESCRIPTIVE, medians" : "Bars: 95 %"));
        const char *row = strstr(text, ",\"naive\",dominated,");
        assert_non_null(row);
        double percent, low, high;
        char label[32];
        assert_int_equal(
            sscanf(row, ",\"naive\",dominated,%31[A-Z],%lf,%lf,%lf", label, &percent, &low, &high),
            4);
        assert_string_equal(label, rounds[i] == 3 ? "DESCRIPTIVE" : "CONFIRMED");
        if (rounds[i] == 3)
            assert_true(low == percent && high == percent);
        else
            assert_true(low < percent && percent < high && low > 100);
        buf_release(&gp);
        buf_release(&csv);
        analysis_release(&analysis);
        made_release(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sentence_carries_its_label),
        cmocka_unit_test(a_sentence_without_a_label_is_found),
        cmocka_unit_test(durations),
        cmocka_unit_test(the_figure_shows_what_is_confirmed),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
