/* A claim is printed with everything its label owes, or not at all. */
#include "analysis/claim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct claim paid = {.label = CLAIM_CONFIRMED,
                                  .sentence = "dedup is slower",
                                  .ratio = {1.05, 1.03, 1.08, 0.96, 24},
                                  .look = 2,
                                  .method = "signed-rank, Holm over 42 pairs",
                                  .alpha = 0.05,
                                  .rounds_needed = 60};

static void assert_printed(struct claim claim, bool markdown, const char *expected)
{
    struct buf out = {0};
    struct err err = {0};
    enum rc rc = claim_print(&claim, markdown, &out, &err);
    if (rc != RC_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(buf_str(&out), expected);
    buf_release(&out);
}

/* Refused, saying what is missing, and nothing was written. */
static void assert_refused(struct claim claim, const char *lacks)
{
    struct buf out = {0};
    struct err err = {0};
    assert_int_equal(claim_print(&claim, false, &out, &err), RC_BUG);
    if (strstr(err.msg, lacks) == NULL)
        fail_msg("\"%s\" does not name \"%s\"", err.msg, lacks);
    assert_int_equal(out.len, 0);
    buf_release(&out);
}

static void labels_print_what_they_owe(void **unused)
{
    (void)unused;
    struct claim claim = paid;
    assert_printed(claim, false,
                   "CONFIRMED (95 %): dedup is slower, x1.05 [x1.03, x1.08], n 24, look 2, "
                   "signed-rank, Holm over 42 pairs");
    claim.label = CLAIM_REFUTED;
    claim.alpha = 0.01;
    assert_printed(claim, false,
                   "REFUTED (99 %): dedup is slower, x1.05 [x1.03, x1.08], n 24, look 2, "
                   "signed-rank, Holm over 42 pairs");
    claim.label = CLAIM_UNDECIDED;
    assert_printed(claim, false,
                   "UNDECIDED: dedup is slower, x1.05 [x1.03, x1.08], n 24, about 60 rounds in "
                   "all would decide it");
    claim.rounds_needed = SIZE_MAX;
    claim.ratio = (struct interval){1.05, 0, INFINITY, 1, 3};
    assert_printed(claim, false,
                   "UNDECIDED: dedup is slower, x1.05 [x0, no bound], n 3, no number of rounds "
                   "would decide it");
    claim.label = CLAIM_EXACT;
    assert_printed(claim, false, "EXACT: dedup is slower, equal in 3 runs");
    claim.label = CLAIM_DESCRIPTIVE;
    assert_printed(claim, false, "DESCRIPTIVE: dedup is slower");
    claim.label = CLAIM_ASSUMED;
    assert_printed(claim, false, "ASSUMED: dedup is slower");
}

static void names_are_escaped_for_their_place(void **unused)
{
    (void)unused;
    struct claim claim = {.label = CLAIM_DESCRIPTIVE, .sentence = "a\x1b[31m *b*"};
    assert_printed(claim, false, "DESCRIPTIVE: a\\x1b[31m *b*");
    assert_printed(claim, true, "DESCRIPTIVE: a\\\\x1b\\[31m \\*b\\*");
    claim.sentence = "two\n# lines"; /* a name may hold anything */
    assert_printed(claim, false, "DESCRIPTIVE: two\\x0a# lines");
}

static void what_does_not_pay_is_refused(void **unused)
{
    (void)unused;
    static const enum claim_label tested[] = {CLAIM_CONFIRMED, CLAIM_REFUTED};
    for (size_t i = 0; i < COUNT_OF(tested); i++) {
        static const struct interval bad[] = {
            {NAN, 1.03, 1.08, 0.95, 24},  {1.05, NAN, 1.08, 0.95, 24},
            {1.05, 1.03, NAN, 0.95, 24},  {1.05, 1.03, INFINITY, 0.95, 24},
            {1.05, 0, 1.08, 0.95, 24},    {1.05, 1.06, 1.08, 0.95, 24},
            {1.05, 1.03, 1.04, 0.95, 24}, {1.05, 1.03, 1.08, 0.95, 0},
            {-1, -2, 1, 0.95, 24},
        };
        struct claim claim = paid;
        claim.label = tested[i];
        for (size_t b = 0; b < COUNT_OF(bad); b++) {
            claim.ratio = bad[b];
            assert_refused(claim, "closed interval");
        }
        claim = paid;
        claim.label = tested[i];
        claim.look = 0;
        assert_refused(claim, "the look");
        claim.look = 1;
        claim.method = "";
        assert_refused(claim, "the method");
        claim.method = NULL;
        assert_refused(claim, "the method");
        claim.method = "a test";
        claim.alpha = 0;
        assert_refused(claim, "its level");
        claim.alpha = 1;
        assert_refused(claim, "its level");
    }
    struct claim claim = paid;
    claim.label = CLAIM_NONE;
    assert_refused(claim, "a label");
    claim = paid;
    claim.sentence = NULL;
    assert_refused(claim, "a sentence");
    claim.sentence = "";
    assert_refused(claim, "a sentence");
    claim = paid;
    claim.label = CLAIM_EXACT;
    claim.ratio.n = 1;
    assert_refused(claim, "two equal runs");
    claim = paid;
    claim.label = CLAIM_UNDECIDED;
    claim.rounds_needed = 0;
    assert_refused(claim, "rounds needed");
    claim.rounds_needed = 30;
    claim.ratio.n = 0;
    assert_refused(claim, "interval");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_print_what_they_owe),
        cmocka_unit_test(names_are_escaped_for_their_place),
        cmocka_unit_test(what_does_not_pay_is_refused),
    };
    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
