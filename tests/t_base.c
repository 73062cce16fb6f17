/* Errors, quoting, "did you mean", and the counter table. */
#include "engine/counters.h"
#include "engine/rng.h"
#include "tests/support_abort.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- spans and codes ------------------------------------------------------------------------ */

static void spans_compare_by_content(void **unused)
{
    (void)unused;
    assert_true(span_equal(span_of(NULL, 0), span_of_str("")));
    assert_true(span_equal(span_of_str("abc"), span_of("abcd", 3)));
    assert_false(span_equal(span_of_str("abc"), span_of_str("abd")));
    assert_false(span_equal(span_of_str("abc"), span_of_str("ab")));
    assert_true(span_equal(span_of("a\0b", 3), span_of("a\0b", 3)));
    assert_false(span_equal(span_of("a\0b", 3), span_of("a\0c", 3)));
}

static void span_without_bytes(void)
{
    (void)span_of(NULL, 1);
}

static void broken_invariants_abort_with_their_place(void **unused)
{
    (void)unused;
    assert_aborts(span_without_bytes, "engine/base.c:");
    assert_aborts(span_without_bytes, "check failed: ptr != NULL || len == 0");
}

static void every_code_has_its_own_name(void **unused)
{
    (void)unused;
    for (int a = RC_OK; a <= RC_BUG; a++) {
        assert_string_not_equal(rc_name((enum rc)a), "unknown");
        for (int b = RC_OK; b < a; b++)
            assert_string_not_equal(rc_name((enum rc)a), rc_name((enum rc)b));
    }
    assert_string_equal(rc_name((enum rc)(RC_BUG + 1)), "unknown");
    assert_string_equal(rc_name((enum rc) - 1), "unknown");
}

/* ---- errors --------------------------------------------------------------------------------- */

static void first_failure_wins(void **unused)
{
    (void)unused;
    struct err err = {0};
    assert_int_equal(FAIL(&err, RC_CORRUPT, 0, "first %d", 1), RC_CORRUPT);
    assert_int_equal(FAIL(&err, RC_IO, EIO, "second"), RC_CORRUPT);
    assert_int_equal(err.rc, RC_CORRUPT);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.msg, "first 1");
    assert_non_null(strstr(err.where, "t_base.c:"));

    err_hint(&err, "try %s", "this");
    err_hint(&err, "or that");
    assert_string_equal(err.hint, "try this");

    err_clear(&err);
    assert_int_equal(err.rc, RC_OK);
    assert_string_equal(err.msg, "");
    assert_string_equal(err.hint, "");
    assert_int_equal(FAIL(&err, RC_IO, 0, "again"), RC_IO);
    assert_string_equal(err.msg, "again");
}

static void hints_need_a_failure(void **unused)
{
    (void)unused;
    struct err err = {0};
    err_hint(&err, "about nothing");
    assert_string_equal(err.hint, "");
}

static void full_disks_and_memory_have_their_own_codes(void **unused)
{
    (void)unused;
    static const struct {
        enum rc rc;
        int sys;
        enum rc expected;
    } cases[] = {
        {RC_IO, ENOSPC, RC_FULL},     {RC_IO, EDQUOT, RC_FULL},
        {RC_IO, EFBIG, RC_FULL},      {RC_IO, ENOMEM, RC_NOMEM},
        {RC_IO, EIO, RC_IO},          {RC_IO, 0, RC_IO},
        {RC_USAGE, ENOSPC, RC_USAGE}, {RC_CORRUPT, ENOMEM, RC_CORRUPT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        assert_int_equal(FAIL(&err, cases[i].rc, cases[i].sys, "x"), cases[i].expected);
        assert_int_equal(err.rc, cases[i].expected);
        assert_int_equal(err.sys, cases[i].sys);
    }
}

static void cause_comes_last(void **unused)
{
    (void)unused;
    struct err err = {0};
    errno = EINTR;
    assert_int_equal(FAIL(&err, RC_IO, ENOENT, "cannot open \"%s\"", "a"), RC_IO);
    assert_string_equal(err.msg, "cannot open \"a\": No such file or directory");
    assert_int_equal(errno, EINTR);

    err_clear(&err);
    assert_int_equal(FAIL(&err, RC_IO, 99999, "x"), RC_IO);
    assert_non_null(strstr(err.msg, "99999"));
}

static void long_messages_keep_their_cause(void **unused)
{
    (void)unused;
    char text[2000];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err err = {0};
    assert_int_equal(FAIL(&err, RC_IO, EIO, "%s", text), RC_IO);
    const char *tail = "aaa...: Input/output error";
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_string_equal(err.msg + strlen(err.msg) - strlen(tail), tail);
}

static void messages_are_cut_between_characters(void **unused)
{
    (void)unused;
    /* Every alignment of a run of three-byte characters to the cut. */
    for (size_t shift = 0; shift < 3; shift++) {
        char text[1000];
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        struct err err = {0};
        assert_int_equal(FAIL(&err, RC_USAGE, 0, "%s", text), RC_USAGE);
        size_t len = strlen(err.msg);
        assert_true(len < sizeof(err.msg) && len >= sizeof(err.msg) - 4);
        assert_string_equal(err.msg + len - 6, "\xe2\x82\xac...");
    }
}

static void messages_are_one_line(void **unused)
{
    (void)unused;
    struct err err = {0};
    assert_int_equal(FAIL(&err, RC_USAGE, 0, "a\nb\x1b[31m\x7f%s", "\r\t"), RC_USAGE);
    assert_string_equal(err.msg, "a?b?[31m???");
    err_hint(&err, "one\ntwo");
    assert_string_equal(err.hint, "one?two");
}

static enum rc failing_cleanup(struct err *err)
{
    return FAIL(err, RC_IO, 0, "cleanup");
}

static void keep_first_runs_the_call_and_keeps_the_cause(void **unused)
{
    (void)unused;
    struct err err = {0};
    enum rc rc = RC_OK;
    KEEP_FIRST(rc, RC_OK);
    assert_int_equal(rc, RC_OK);
    KEEP_FIRST(rc, failing_cleanup(&err));
    assert_int_equal(rc, RC_IO);
    KEEP_FIRST(rc, RC_CORRUPT);
    assert_int_equal(rc, RC_IO);
}

static void record_success(void)
{
    struct err err = {0};
    (void)FAIL(&err, RC_OK, 0, "nothing failed");
}

static void record_absence(void)
{
    struct err err = {0};
    (void)FAIL(&err, RC_NOTFOUND, 0, "an ordinary answer");
}

static void ordinary_answers_are_not_recorded(void **unused)
{
    (void)unused;
    assert_aborts(record_success, "check failed: rc > RC_NOTFOUND");
    assert_aborts(record_absence, "check failed: rc > RC_NOTFOUND");
}

/* ---- quoting -------------------------------------------------------------------------------- */

static void quoting_escapes_what_could_mislead(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"plain text/1.0 it's", "plain text/1.0 it's"},
        {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
        {"\x1b[31m", "\\x1b[31m"},
        {"\x7f", "\\x7f"},
        {"say \"hi\"", "say \\x22hi\\x22"},
        {"a\\b", "a\\x5cb"},
        /* well-formed UTF-8 of every length stays */
        {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
        /* malformed: stray, truncated, overlong, surrogate, beyond U+10FFFF, never used */
        {"\x80", "\\x80"},
        {"\xc3", "\\xc3"},
        {"\xe2\x82", "\\xe2\\x82"},
        {"\xe2\x82z", "\\xe2\\x82z"},
        {"\xc0\xaf", "\\xc0\\xaf"},
        {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
        {"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
        {"\xff\xfe", "\\xff\\xfe"},
        /* well-formed, yet drives a terminal (CSI), breaks the line or reorders it */
        {"\xc2\x9b", "\\xc2\\x9b"},
        {"\xc2\xa0", "\xc2\xa0"},
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"},
        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(Q(cases[i].text), cases[i].expected);
    char dst[QUOTE_SIZE];
    assert_string_equal(quote_bytes(dst, sizeof(dst), span_of("a\0b", 3)), "a\\x00b");
    assert_string_equal(quote_bytes(dst, sizeof(dst), span_of(NULL, 0)), "");
}

static void quoting_cuts_long_text(void **unused)
{
    (void)unused;
    char text[401], dst[QUOTE_SIZE];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';

    quote_str(dst, sizeof(dst), text);
    assert_int_equal(strlen(dst), 203);
    assert_string_equal(dst + 199, "a...");

    text[200] = '\0';
    assert_string_equal(quote_str(dst, sizeof(dst), text), text);
    /* An escape or a character is never cut in half. */
    text[198] = '\n';
    text[199] = '\0';
    quote_str(dst, sizeof(dst), text);
    assert_string_equal(dst + 197, "a...");
    memcpy(text + 198, "\xe2\x82\xac", 4);
    quote_str(dst, sizeof(dst), text);
    assert_string_equal(dst + 197, "a...");
}

static void quoting_fits_small_destinations(void **unused)
{
    (void)unused;
    char dst[8];
    assert_string_equal(quote_str(dst, 4, "abc"), "abc");
    assert_string_equal(quote_str(dst, 4, "abcd"), "...");
    assert_string_equal(quote_str(dst, 8, "abcdefg"), "abcdefg");
    assert_string_equal(quote_str(dst, 8, "abcdefgh"), "abcd...");
    assert_string_equal(quote_str(dst, 8, "a\nb\nc"), "a...");
    assert_string_equal(quote_str(dst, 8, "\n\n"), "\\x0a...");
}

static void quoting_any_bytes_stays_in_bounds(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "quote", 0);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[300];
        char dst[QUOTE_SIZE + 1];
        size_t len = rng_below(&rng, sizeof(bytes) + 1);
        size_t size = 4 + rng_below(&rng, QUOTE_SIZE - 3);
        rng_fill(&rng, bytes, len);
        memset(dst, '#', sizeof(dst));
        assert_ptr_equal(quote_bytes(dst, size, span_of(bytes, len)), dst);
        size_t out = strlen(dst);
        assert_true(out < size && out <= 203);
        assert_int_equal(dst[size], '#');
        for (size_t i = 0; i < out; i++)
            assert_true((uint8_t)dst[i] >= 0x20 && dst[i] != 0x7f && dst[i] != '"');
    }
}

/* ---- did you mean --------------------------------------------------------------------------- */

static void nearest_word_finds_likely_slips(void **unused)
{
    (void)unused;
    static const char *const words[] = {"avg", "codec", "level", "history", "chunked", "chunk"};
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"avgg", "avg"},                                /* insert */
        {"av", "avg"},                                  /* delete */
        {"coden", "codec"},                             /* substitute */
        {"cdoec", "codec"},                             /* swap */
        {"histroy", "history"}, {"hsitroy", "history"}, /* two swaps in seven letters */
        {"hsitroi", NULL},                              /* three slips are too many */
        {"level", "level"},     {"cxyec", NULL},        {"zzz", NULL}, {"", NULL},
        {"chunke", "chunked"}, /* as near as "chunk": the first listed */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *near = nearest_word(cases[i].word, words, COUNT_OF(words));
        if (cases[i].expected == NULL)
            assert_null(near);
        else
            assert_string_equal(near, cases[i].expected);
    }
    assert_null(nearest_word("avg", words, 0));
}

static void nearest_word_prefers_the_nearer(void **unused)
{
    (void)unused;
    static const char *const words[] = {"abcdxx", "abcdex", "abcdef"};
    assert_string_equal(nearest_word("abcdef", words, 3), "abcdef");
    assert_string_equal(nearest_word("abcdeg", words, 3), "abcdex");
    assert_string_equal(nearest_word("abcdefg", words, 3), "abcdef");
}

static void nearest_word_survives_any_length(void **unused)
{
    (void)unused;
    char text[66];
    memset(text, 'a', sizeof(text));
    text[65] = '\0';
    const char *words[] = {text};
    assert_null(nearest_word(text, words, 1));
    assert_null(nearest_word("aaa", words, 1));
    text[64] = '\0';
    assert_ptr_equal(nearest_word(text, words, 1), text);
    char shorter[64];
    memset(shorter, 'a', sizeof(shorter));
    shorter[63] = '\0';
    assert_ptr_equal(nearest_word(shorter, words, 1), text);
}

/* ---- counters ------------------------------------------------------------------------------- */

static void counters_have_distinct_plain_names(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CTR_COUNT; i++) {
        const struct counter_info *info = &counter_table[i];
        assert_int_equal(info->name[strspn(info->name, "abcdefghijklmnopqrstuvwxyz_")], '\0');
        assert_true(info->name[0] != '\0' && info->unit[0] != '\0' && info->meaning[0] != '\0');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(info->name, counter_table[j].name);
    }
    assert_string_equal(counter_table[CTR_PUTS].name, "puts");
    assert_string_equal(counter_table[CTR_CACHE_MISSES].name, "cache_misses");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_compare_by_content),
        cmocka_unit_test(broken_invariants_abort_with_their_place),
        cmocka_unit_test(every_code_has_its_own_name),
        cmocka_unit_test(first_failure_wins),
        cmocka_unit_test(hints_need_a_failure),
        cmocka_unit_test(full_disks_and_memory_have_their_own_codes),
        cmocka_unit_test(cause_comes_last),
        cmocka_unit_test(long_messages_keep_their_cause),
        cmocka_unit_test(messages_are_cut_between_characters),
        cmocka_unit_test(messages_are_one_line),
        cmocka_unit_test(keep_first_runs_the_call_and_keeps_the_cause),
        cmocka_unit_test(ordinary_answers_are_not_recorded),
        cmocka_unit_test(quoting_escapes_what_could_mislead),
        cmocka_unit_test(quoting_cuts_long_text),
        cmocka_unit_test(quoting_fits_small_destinations),
        cmocka_unit_test(quoting_any_bytes_stays_in_bounds),
        cmocka_unit_test(nearest_word_finds_likely_slips),
        cmocka_unit_test(nearest_word_prefers_the_nearer),
        cmocka_unit_test(nearest_word_survives_any_length),
        cmocka_unit_test(counters_have_distinct_plain_names),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
