/* The numbers people type and read: base.h's parsers and formats. */
#include "engine/base.h"
#include "engine/rng.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- numbers people type -------------------------------------------------------------------- */

/* What no parser of a number may take, whatever its unit. */
static const char *const never_numbers[] = {
    "",    " ",   " 1",  "1 ",  "-1", "+1",       "0x10",  "1e3",  "10x",
    "9E",  "nan", "inf", "NaN", "-0", "1_000",    "1,000", "1..2", "k",
    "KiB", "ms",  "%",   ".",   "1.", "\xd9\xa1", "1\n",   "--",   "1%%",
};

static void assert_refused(const struct err *err, const char *text)
{
    assert_int_equal(err->rc, RC_USAGE);
    char start[300];
    snprintf(start, sizeof(start), "--x: value \"%s\" is ", Q(text));
    if (!starts_with(err->msg, start))
        fail_msg("message is: %s", err->msg);
}

static void parsers_refuse_what_is_no_number(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(never_numbers); i++) {
        const char *text = never_numbers[i];
        uint64_t whole = 77;
        double rate = 77;
        struct err err = {0};
        assert_int_equal(parse_u64(text, 0, UINT64_MAX, "--x", &whole, &err), RC_USAGE);
        assert_refused(&err, text);
        err_clear(&err);
        assert_int_equal(parse_size(text, 0, UINT64_MAX, "--x", &whole, &err), RC_USAGE);
        assert_refused(&err, text);
        err_clear(&err);
        assert_int_equal(parse_duration(text, "--x", &whole, &err), RC_USAGE);
        assert_refused(&err, text);
        err_clear(&err);
        assert_int_equal(parse_rate(text, 0, 1e300, "--x", &rate, &err), RC_USAGE);
        assert_refused(&err, text);
        assert_true(whole == 77 && rate == 77);
    }
}

static void parse_u64_known_answers(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {
        {"0", 0},
        {"007", 7},
        {"1000", 1000},
        {"18446744073709551615", UINT64_MAX},
        {"000000000000000000000000018446744073709551615", UINT64_MAX},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        uint64_t value = 1;
        assert_int_equal(parse_u64(cases[i].text, 0, UINT64_MAX, "--x", &value, &err), RC_OK);
        assert_true(value == cases[i].value);
    }
}

static void parse_u64_says_what_it_expected(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"0", "--rounds: value \"0\" is out of range (expected 1..1000)"},
        {"1001", "--rounds: value \"1001\" is out of range (expected 1..1000)"},
        {"18446744073709551616",
         "--rounds: value \"18446744073709551616\" is out of range (expected 1..1000)"},
        {"99999999999999999999",
         "--rounds: value \"99999999999999999999\" is out of range (expected 1..1000)"},
        {"ten\n", "--rounds: value \"ten\\x0a\" is not a whole number (expected 1..1000)"},
        {"", "--rounds: value \"\" is not a whole number (expected 1..1000)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        uint64_t value = 7;
        assert_int_equal(parse_u64(cases[i].text, 1, 1000, "--rounds", &value, &err), RC_USAGE);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(value, 7);
    }
}

/* Whatever a careless product wraps to lies in the widest range: only a check tells. */
static void overflow_is_refused_in_the_widest_range(void **unused)
{
    (void)unused;
    static const char *const whole[] = {"18446744073709551616", "99999999999999999999",
                                        "184467440737095516150", "340282366920938463463"};
    static const char *const sizes[] = {"18446744073709551616", "99999999999999999999",
                                        "18014398509481984k", "16777216T", "16777217TiB"};
    uint64_t value = 7;
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        struct err err = {0};
        assert_int_equal(parse_u64(whole[i], 0, UINT64_MAX, "--x", &value, &err), RC_USAGE);
        assert_non_null(strstr(err.msg, "is out of range (expected 0..18446744073709551615)"));
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct err err = {0};
        assert_int_equal(parse_size(sizes[i], 0, UINT64_MAX, "--x", &value, &err), RC_USAGE);
        assert_non_null(strstr(err.msg, "is out of range (expected 0..18446744073709551615)"));
    }
    assert_int_equal(value, 7);
}

static void parse_size_known_answers(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {
        {"0", 0},
        {"4096", 4096},
        {"4k", 4096},
        {"4K", 4096},
        {"4KiB", 4096},
        {"4kiB", 4096},
        {"1M", MIB},
        {"1m", MIB},
        {"1MiB", MIB},
        {"2G", 2 * GIB},
        {"2g", 2 * GIB},
        {"3T", 3072 * GIB},
        {"3tiB", 3072 * GIB},
        {"18446744073709551615", UINT64_MAX},
        {"18014398509481983k", UINT64_MAX - 1023},
        {"16777215T", UINT64_MAX - 1024 * GIB + 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        uint64_t value = 1;
        assert_int_equal(parse_size(cases[i].text, 0, UINT64_MAX, "--x", &value, &err), RC_OK);
        assert_true(value == cases[i].value);
    }
}

static void parse_size_says_what_it_expected(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"1k", "--x: value \"1k\" is out of range (expected 4KiB..1MiB)"},
        {"1048577", "--x: value \"1048577\" is out of range (expected 4KiB..1MiB)"},
        /* 2^64 exactly: wraps to 0 when multiplied carelessly */
        {"16777216T", "--x: value \"16777216T\" is out of range (expected 4KiB..1MiB)"},
        {"18014398509481984k",
         "--x: value \"18014398509481984k\" is out of range (expected 4KiB..1MiB)"},
        {"99999999999999999999",
         "--x: value \"99999999999999999999\" is out of range (expected 4KiB..1MiB)"},
        {"9E", "--x: value \"9E\" is not a size (expected 4KiB..1MiB, written as 4096, 64k or "
               "1MiB)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        uint64_t value = 7;
        assert_int_equal(parse_size(cases[i].text, 4096, MIB, "--x", &value, &err), RC_USAGE);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(value, 7);
    }
    static const char *const bad[] = {"1KB", "1kb", "1Ki", "1kk", "1KiBx", "1.5M", "1B", "1MIB"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        uint64_t value;
        assert_int_equal(parse_size(bad[i], 0, UINT64_MAX, "--x", &value, &err), RC_USAGE);
        assert_refused(&err, bad[i]);
    }
}

static void parse_duration_known_answers(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"0s", 0},
        {"250ms", 250000000},
        {"30s", 30000000000},
        {"5m", 300000000000},
        {"2h", 7200000000000},
        {"5124095h", UINT64_C(18446742000000000000)},
        {"18446744073709ms", UINT64_C(18446744073709000000)},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        uint64_t ns = 1;
        assert_int_equal(parse_duration(cases[i].text, "--x", &ns, &err), RC_OK);
        assert_true(ns == cases[i].ns);
    }
    static const char *const bad[] = {"30",
                                      "0",
                                      "30S",
                                      "30 s",
                                      "1.5s",
                                      "1d",
                                      "1h30m",
                                      "5124096h",
                                      "18446744073710ms",
                                      "30sx",
                                      "99999999999999999999s",
                                      "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        uint64_t ns = 7;
        assert_int_equal(parse_duration(bad[i], "--x", &ns, &err), RC_USAGE);
        assert_refused(&err, bad[i]);
        assert_int_equal(ns, 7);
    }
    struct err err = {0};
    uint64_t ns;
    assert_int_equal(parse_duration("5124096h", "--x", &ns, &err), RC_USAGE);
    assert_string_equal(err.msg,
                        "--x: value \"5124096h\" is out of range (expected at most 5124095h)");
    err_clear(&err);
    assert_int_equal(parse_duration("30", "--x", &ns, &err), RC_USAGE);
    assert_string_equal(err.msg, "--x: value \"30\" is not a duration (expected a whole number "
                                 "with ms, s, m or h, such as 250ms)");
}

static void parse_rate_known_answers(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0},          {"1", 1},           {"0.1", 0.1}, {"10%", 0.1},
        {"6.25%", 0.0625}, {"0.0625", 0.0625}, {"100%", 1},  {".5", 0.5},
        {"000.5", 0.5},    {"0%", 0},          {"0.3", 0.3}, {"30%", 0.3},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        double value = 7;
        assert_int_equal(parse_rate(cases[i].text, 0, 1, "--x", &value, &err), RC_OK);
        assert_true(value == cases[i].value);
    }
    static const char *const bad[] = {
        "1.01", "101%", "99999999999999999999", "10 %", "%10", "1e-3", "0x1p-3", "infinity", "0,5",
        "-0.1", "5.%"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        double value = 7;
        assert_int_equal(parse_rate(bad[i], 0, 1, "--x", &value, &err), RC_USAGE);
        assert_refused(&err, bad[i]);
        assert_true(value == 7);
    }
    struct err err = {0};
    double value;
    assert_int_equal(parse_rate("2", 0.25, 1, "--x", &value, &err), RC_USAGE);
    assert_string_equal(err.msg, "--x: value \"2\" is out of range (expected 0.25..1)");
}

static void parse_rate_refuses_what_overflows(void **unused)
{
    (void)unused;
    char text[400];
    memset(text, '9', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err err = {0};
    double value = 7;
    assert_int_equal(parse_rate(text, 0, HUGE_VAL, "--x", &value, &err), RC_USAGE);
    err_clear(&err);
    /* A bound that is not a number admits nothing. */
    assert_int_equal(parse_rate("0.5", 0, (double)NAN, "--x", &value, &err), RC_USAGE);
    assert_true(value == 7);
}

/* ---- numbers people read -------------------------------------------------------------------- */

static void format_count_known_answers(void **unused)
{
    (void)unused;
    char dst[FORMAT_SIZE];
    assert_string_equal(format_count(dst, 0), "0");
    assert_string_equal(format_count(dst, 999), "999");
    assert_string_equal(format_count(dst, 1000), "1,000");
    assert_string_equal(format_count(dst, 999999), "999,999");
    assert_string_equal(format_count(dst, 6291456), "6,291,456");
    assert_string_equal(format_count(dst, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void format_sig3_known_answers(void **unused)
{
    (void)unused;
    static const struct {
        double value;
        const char *expected;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {0.0123, "0.0123"},
        {4.37, "4.37"},
        {12345, "12,300"},
        {1, "1.00"},
        {12, "12.0"},
        {123, "123"},
        {1234, "1,230"},
        {0.1, "0.100"},
        {0.5, "0.500"},
        {9.994, "9.99"},
        {9.996, "10.0"},
        {99.96, "100"},
        {999.6, "1,000"},
        {0.9996, "1.00"},
        {0.09996, "0.100"},
        {1234567, "1,230,000"},
        {-1234567, "-1,230,000"},
        {-0.00456, "-0.00456"},
        {1e-18, "0.00000000000000000100"},
        {-1e20, "-100,000,000,000,000,000,000"},
        /* beyond what fits: an exponent after all */
        {1e-19, "1.00e-19"},
        {DBL_MAX, "1.80e+308"},
        {-DBL_MIN, "-2.23e-308"},
        {NAN, "-"},
        {HUGE_VAL, "inf"},
        {-HUGE_VAL, "-inf"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char dst[FORMAT_SIZE];
        assert_string_equal(format_sig3(dst, cases[i].value), cases[i].expected);
    }
}

static void format_ns_known_answers(void **unused)
{
    (void)unused;
    static const struct {
        double ns;
        const char *expected;
    } cases[] = {
        {0, "0 ns"},
        {0.25, "0.250 ns"},
        {19, "19.0 ns"},
        {999.4, "999 ns"},
        {999.5, "1.00 us"},
        {1000, "1.00 us"},
        {1230000, "1.23 ms"},
        {999499, "999 us"},
        {999500, "1.00 ms"},
        {1e9, "1.00 s"},
        {60e9, "60.0 s"},
        {12345e9, "12,300 s"},
        {-1230000, "-1.23 ms"},
        {NAN, "-"},
        {HUGE_VAL, "inf"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char dst[FORMAT_SIZE];
        assert_string_equal(format_ns(dst, cases[i].ns), cases[i].expected);
    }
}

static void format_iec_known_answers(void **unused)
{
    (void)unused;
    static const struct {
        double bytes;
        const char *expected;
    } cases[] = {
        {0, "0 B"},
        {512, "512 B"},
        {1023, "1023 B"},
        {0.5, "0.500 B"},
        {1024, "1.00 KiB"},
        {1536, "1.50 KiB"},
        {1023.0 * 1024, "1,020 KiB"},
        {6291456, "6.00 MiB"},
        {1073741824, "1.00 GiB"},
        {0x1p60, "1.00 EiB"},
        {-2048, "-2.00 KiB"},
        {NAN, "-"},
        {-HUGE_VAL, "-inf"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char dst[FORMAT_SIZE];
        assert_string_equal(format_iec(dst, cases[i].bytes), cases[i].expected);
    }
}

static void extreme_numbers_fit_their_text(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "format", 0);
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = rng_u64(&rng);
        double value;
        memcpy(&value, &bits, sizeof(value));
        char dst[FORMAT_SIZE + 1];
        dst[FORMAT_SIZE] = '#';
        assert_true(strlen(format_sig3(dst, value)) < FORMAT_SIZE);
        if (isfinite(value) && fabs(value) > 1e-300) {
            /* Three digits: within half a unit of the third, once the commas are gone. */
            char plain[FORMAT_SIZE];
            size_t len = 0;
            for (const char *p = dst; *p != '\0'; p++) {
                if (*p != ',')
                    plain[len++] = *p;
            }
            plain[len] = '\0';
            assert_true(fabs(strtod(plain, NULL) - value) <= fabs(value) * 0.005001);
        }
        assert_true(strlen(format_ns(dst, value)) < FORMAT_SIZE);
        assert_true(strlen(format_iec(dst, value)) < FORMAT_SIZE);
        assert_int_equal(dst[FORMAT_SIZE], '#');
    }
}

static void format_size_is_read_back(void **unused)
{
    (void)unused;
    char dst[FORMAT_SIZE];
    assert_string_equal(format_size(dst, 0), "0");
    assert_string_equal(format_size(dst, 1000), "1000");
    assert_string_equal(format_size(dst, 65536), "64KiB");
    assert_string_equal(format_size(dst, 1025 * KIB), "1025KiB");
    assert_string_equal(format_size(dst, MIB), "1MiB");
    assert_string_equal(format_size(dst, UINT64_MAX), "18446744073709551615");
    struct rng rng = rng_stream(1, "size", 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t bytes = rng_u64(&rng) >> rng_below(&rng, 64) << rng_below(&rng, 64), back;
        struct err err = {0};
        format_size(dst, bytes);
        assert_int_equal(parse_size(dst, 0, UINT64_MAX, "--x", &back, &err), RC_OK);
        assert_true(back == bytes);
    }
}

static void sums_and_products_tell_overflow(void **unused)
{
    (void)unused;
    uint64_t out = 7;
    assert_true(add_u64(UINT64_MAX - 1, 1, &out) && out == UINT64_MAX);
    assert_true(add_u64(0, 0, &out) && out == 0);
    out = 7;
    assert_false(add_u64(UINT64_MAX, 1, &out));
    assert_false(add_u64(1, UINT64_MAX, &out));
    assert_false(mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &out));
    assert_false(mul_u64(UINT64_MAX, 2, &out));
    assert_true(out == 7);
    assert_true(mul_u64(UINT64_MAX, 1, &out) && out == UINT64_MAX);
    assert_true(mul_u64(UINT64_MAX, 0, &out) && out == 0);
    assert_true(mul_u64(0, UINT64_MAX, &out) && out == 0);
    assert_true(mul_u64(0xffffffff, 0x100000001, &out) && out == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsers_refuse_what_is_no_number),
        cmocka_unit_test(parse_u64_known_answers),
        cmocka_unit_test(parse_u64_says_what_it_expected),
        cmocka_unit_test(overflow_is_refused_in_the_widest_range),
        cmocka_unit_test(parse_size_known_answers),
        cmocka_unit_test(parse_size_says_what_it_expected),
        cmocka_unit_test(parse_duration_known_answers),
        cmocka_unit_test(parse_rate_known_answers),
        cmocka_unit_test(parse_rate_refuses_what_overflows),
        cmocka_unit_test(format_count_known_answers),
        cmocka_unit_test(format_sig3_known_answers),
        cmocka_unit_test(format_ns_known_answers),
        cmocka_unit_test(format_iec_known_answers),
        cmocka_unit_test(extreme_numbers_fit_their_text),
        cmocka_unit_test(format_size_is_read_back),
        cmocka_unit_test(sums_and_products_tell_overflow),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
