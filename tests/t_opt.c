/* Option rows: defaults, parsing, printing, help and the check of the rows. */
#include "engine/opt.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- opt ------------------------------------------------------------------------------------ */

struct sample {
    uint64_t avg, files;
    double margin;
    int level, codec;
    bool verify;
    char path[OPT_TEXT_SIZE];
};

static const char *const codecs[] = {"none", "zstd", "brotli", NULL};
static const struct opt sample_rows[] = {
    {"avg", OPT_SIZE, offsetof(struct sample, avg), 256, 1048576, "64k", NULL, "mean length",
     false},
    {"files", OPT_COUNT, offsetof(struct sample, files), 1, 1000, "10", NULL, "how many files",
     false},
    {"level", OPT_INT, offsetof(struct sample, level), -5, 22, "3", NULL, "effort", false},
    {"verify", OPT_BOOL, offsetof(struct sample, verify), 0, 0, "on", NULL, "read back", false},
    {"margin", OPT_RATE, offsetof(struct sample, margin), 0, 1, "6.25%", NULL, "least saving",
     false},
    {"codec", OPT_CHOICE, offsetof(struct sample, codec), 0, 0, "zstd", codecs, "what packs",
     false},
    {"path", OPT_TEXT, offsetof(struct sample, path), 0, 0, "", NULL, "where", false},
    {0},
};

static const char owner[] = "strategy \"chunked\"";

static void options_start_at_their_defaults(void **unused)
{
    (void)unused;
    struct sample s;
    memset(&s, 0xff, sizeof(s));
    opt_defaults(sample_rows, &s);
    assert_int_equal(s.avg, 65536);
    assert_int_equal(s.files, 10);
    assert_int_equal(s.level, 3);
    assert_true(s.verify);
    assert_true(s.margin == 0.0625);
    assert_int_equal(s.codec, 1);
    assert_string_equal(s.path, "");
    assert_null(opt_defect(sample_rows, sizeof(struct sample)));
}

static void options_are_applied(void **unused)
{
    (void)unused;
    struct sample s;
    struct err err = {0};
    opt_defaults(sample_rows, &s);
    assert_int_equal(opt_apply(sample_rows, &s, NULL, owner, &err), RC_OK);
    assert_int_equal(opt_apply(sample_rows, &s, "", owner, &err), RC_OK);
    assert_int_equal(s.avg, 65536);
    assert_int_equal(opt_apply(sample_rows, &s,
                               "path=/a=b:c,codec=none,margin=0.5,verify=off,level=-5,files=1000,"
                               "avg=1MiB",
                               owner, &err),
                     RC_OK);
    assert_int_equal(s.avg, MIB);
    assert_int_equal(s.files, 1000);
    assert_int_equal(s.level, -5);
    assert_false(s.verify);
    assert_true(s.margin == 0.5);
    assert_int_equal(s.codec, 0);
    assert_string_equal(s.path, "/a=b:c");
    /* Twice is refused within one text only: a user's options follow a preset's. */
    assert_int_equal(opt_apply(sample_rows, &s, "avg=256,path=", owner, &err), RC_OK);
    assert_int_equal(s.avg, 256);
    assert_int_equal(s.files, 1000);
    assert_string_equal(s.path, "");
}

static void wrong_options_are_named(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"avgg=1", "strategy \"chunked\": unknown option \"avgg\" (did you mean \"avg\"?)"},
        {"zzzz=1", "strategy \"chunked\": unknown option \"zzzz\""},
        {"AVG=1", "strategy \"chunked\": unknown option \"AVG\""},
        {" avg=1k", "strategy \"chunked\": unknown option \" avg\" (did you mean \"avg\"?)"},
        {"a\x1b=1", "strategy \"chunked\": unknown option \"a\\x1b\""},
        {"avg", "strategy \"chunked\": option \"avg\" has no value (expected avg=VALUE)"},
        {"avg=1k,avg=2k", "strategy \"chunked\": option \"avg\" is given twice"},
        {"avg=1k,avg=1k", "strategy \"chunked\": option \"avg\" is given twice"},
        {",", "strategy \"chunked\": an option name is missing (expected name=value,...)"},
        {"avg=1k,", "strategy \"chunked\": an option name is missing (expected name=value,...)"},
        {"=1", "strategy \"chunked\": an option name is missing (expected name=value,...)"},
        {"avg=255", "strategy \"chunked\": option \"avg\": value \"255\" is out of range (expected "
                    "256..1MiB)"},
        {"avg=99999999999999999999",
         "strategy \"chunked\": option \"avg\": value \"99999999999999999999\" is out of range "
         "(expected 256..1MiB)"},
        {"files=0", "strategy \"chunked\": option \"files\": value \"0\" is out of range "
                    "(expected 1..1000)"},
        {"files=1k", "strategy \"chunked\": option \"files\": value \"1k\" is not a whole number "
                     "(expected 1..1000)"},
        {"level=-6", "strategy \"chunked\": option \"level\": value \"-6\" is out of range "
                     "(expected -5..22)"},
        {"level=23", "strategy \"chunked\": option \"level\": value \"23\" is out of range "
                     "(expected -5..22)"},
        {"level=99999999999999999999",
         "strategy \"chunked\": option \"level\": value \"99999999999999999999\" is out of range "
         "(expected -5..22)"},
        {"level=4294967299", "strategy \"chunked\": option \"level\": value \"4294967299\" is out "
                             "of range (expected -5..22)"},
        {"level=-", "strategy \"chunked\": option \"level\": value \"-\" is not a whole number "
                    "(expected -5..22)"},
        {"level=+3", "strategy \"chunked\": option \"level\": value \"+3\" is not a whole number "
                     "(expected -5..22)"},
        {"verify=yes",
         "strategy \"chunked\": option \"verify\": value \"yes\" is neither on nor off"},
        {"margin=nan", "strategy \"chunked\": option \"margin\": value \"nan\" is not a share "
                       "(expected 0..1, written as 0.1 or 10%)"},
        {"codec=zst", "strategy \"chunked\": option \"codec\": unknown value \"zst\" (expected "
                      "none, zstd or brotli; did you mean \"zstd\"?)"},
        {"codec=lzma", "strategy \"chunked\": option \"codec\": unknown value \"lzma\" (expected "
                       "none, zstd or brotli)"},
        {"codec=", "strategy \"chunked\": option \"codec\": unknown value \"\" (expected none, "
                   "zstd or brotli)"},
        {"path=a\nb",
         "strategy \"chunked\": option \"path\": value \"a\\x0ab\" holds a control byte"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sample s;
        struct err err = {0};
        opt_defaults(sample_rows, &s);
        assert_int_equal(opt_apply(sample_rows, &s, cases[i].text, owner, &err), RC_USAGE);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static void every_numeric_option_refuses_what_is_no_number(void **unused)
{
    (void)unused;
    static const char *const names[] = {"avg", "files", "level", "margin"};
    static const char *const bad[] = {"",    " 3", "3 ",  "0x3", "3e0", "nan",  "inf",
                                      "10x", "9E", "--3", "-",   "3=3", "three"};
    for (size_t n = 0; n < COUNT_OF(names); n++) {
        for (size_t b = 0; b < COUNT_OF(bad); b++) {
            struct sample s, untouched;
            opt_defaults(sample_rows, &s);
            memcpy(&untouched, &s, sizeof(s));
            char text[64];
            snprintf(text, sizeof(text), "%s=%s", names[n], bad[b]);
            struct err err = {0};
            assert_int_equal(opt_apply(sample_rows, &s, text, owner, &err), RC_USAGE);
            assert_memory_equal(&s, &untouched, sizeof(s));
        }
    }
}

static void unknown_options_list_the_known_ones(void **unused)
{
    (void)unused;
    struct sample s;
    struct err err = {0};
    opt_defaults(sample_rows, &s);
    assert_int_equal(opt_apply(sample_rows, &s, "zzzz=1", owner, &err), RC_USAGE);
    assert_string_equal(err.hint, "options: avg, files, level, verify, margin, codec, path");
    err_clear(&err);
    assert_int_equal(opt_apply(NULL, &s, "avg=1", "dataset \"text\"", &err), RC_USAGE);
    assert_string_equal(err.msg, "dataset \"text\": unknown option \"avg\" (there are none)");
}

static void long_values_are_refused_not_cut(void **unused)
{
    (void)unused;
    struct sample s;
    struct err err = {0};
    opt_defaults(sample_rows, &s);
    char text[1500];
    memset(text, '0', sizeof(text));

    memcpy(text, "path=", 5);
    text[5 + OPT_TEXT_SIZE - 1] = '\0';
    assert_int_equal(opt_apply(sample_rows, &s, text, owner, &err), RC_OK);
    assert_int_equal(strlen(s.path), OPT_TEXT_SIZE - 1);

    text[5 + OPT_TEXT_SIZE - 1] = '0';
    text[5 + OPT_TEXT_SIZE] = '\0';
    assert_int_equal(opt_apply(sample_rows, &s, text, owner, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "is longer than 1023 bytes"));
    assert_int_equal(strlen(s.path), OPT_TEXT_SIZE - 1);

    /* Cut after the zeros, this would read as another number. */
    memset(text, '0', sizeof(text));
    memcpy(text, "files=", 6);
    memcpy(text + sizeof(text) - 4, "500", 4);
    err_clear(&err);
    assert_int_equal(opt_apply(sample_rows, &s, text, owner, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "is longer than 1023 bytes"));
}

static void effective_options_read_back_as_themselves(void **unused)
{
    (void)unused;
    struct sample s, back;
    struct err err = {0};
    struct buf first = {0}, second = {0};
    opt_defaults(sample_rows, &s);
    assert_int_equal(opt_print(sample_rows, &s, &first, &err), RC_OK);
    assert_string_equal(buf_str(&first), "avg=65536,files=10,level=3,verify=on,margin=0.0625,"
                                         "codec=zstd,path=");
    static const double margins[] = {0, 1, 0.1, 1.0 / 3, 1e-7, 5e-324, 0.30000000000000004};
    for (size_t i = 0; i < COUNT_OF(margins); i++) {
        s.margin = margins[i];
        s.level = -5;
        buf_clear(&first);
        buf_clear(&second);
        assert_int_equal(opt_print(sample_rows, &s, &first, &err), RC_OK);
        opt_defaults(sample_rows, &back);
        assert_int_equal(opt_apply(sample_rows, &back, buf_str(&first), owner, &err), RC_OK);
        assert_int_equal(opt_print(sample_rows, &back, &second, &err), RC_OK);
        assert_string_equal(buf_str(&first), buf_str(&second));
        assert_true(i == 5 || back.margin == s.margin);
    }
    buf_clear(&first);
    assert_int_equal(opt_print(NULL, &s, &first, &err), RC_OK);
    assert_string_equal(buf_str(&first), "");
    buf_release(&first);
    buf_release(&second);
}

/* A late row is named only where it is not its default, whatever stands around it. */
static void late_rows_are_silent_at_their_defaults(void **unused)
{
    (void)unused;
    struct sample s;
    struct err err = {0};
    struct buf out = {0};
    struct opt rows[COUNT_OF(sample_rows)];
    memcpy(rows, sample_rows, sizeof(rows));
    for (size_t i = 0; rows[i].name != NULL; i++)
        rows[i].late = true;
    opt_defaults(rows, &s);
    assert_int_equal(opt_print(rows, &s, &out, &err), RC_OK);
    assert_string_equal(buf_str(&out), "");
    s.level = 4;
    s.margin = 0.5;
    (void)snprintf(s.path, sizeof(s.path), "x");
    buf_clear(&out);
    assert_int_equal(opt_print(rows, &s, &out, &err), RC_OK);
    assert_string_equal(buf_str(&out), "level=4,margin=0.5,path=x");
    rows[0].late = rows[5].late = false;
    buf_clear(&out);
    assert_int_equal(opt_print(rows, &s, &out, &err), RC_OK);
    assert_string_equal(buf_str(&out), "avg=65536,level=4,margin=0.5,codec=zstd,path=x");
    buf_release(&out);
}

static void help_is_written_from_the_rows(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf out = {0};
    assert_int_equal(opt_help(sample_rows, &out, &err), RC_OK);
    assert_string_equal(buf_str(&out),
                        "  avg=SIZE                mean length (256..1MiB; default 64k)\n"
                        "  files=N                 how many files (1..1000; default 10)\n"
                        "  level=N                 effort (-5..22; default 3)\n"
                        "  verify=on|off           read back (default on)\n"
                        "  margin=RATE             least saving (0..1; default 6.25%)\n"
                        "  codec=none|zstd|brotli  what packs (default zstd)\n"
                        "  path=TEXT               where (default empty)\n");
    buf_release(&out);
}

static void defects_of_rows_are_found(void **unused)
{
    (void)unused;
    static const char *const empty[] = {NULL};
    static const char *const comma[] = {"a,b", NULL};
    static const char *const twice[] = {"a", "b", "a", NULL};
    static const struct {
        struct opt row;
        const char *part;
    } cases[] = {
        {{"", OPT_BOOL, 0, 0, 0, "on", NULL, "h", false}, "name"},
        {{"Avg", OPT_BOOL, 0, 0, 0, "on", NULL, "h", false}, "name"},
        {{"1st", OPT_BOOL, 0, 0, 0, "on", NULL, "h", false}, "name"},
        {{"a b", OPT_BOOL, 0, 0, 0, "on", NULL, "h", false}, "name"},
        {{"a=", OPT_BOOL, 0, 0, 0, "on", NULL, "h", false}, "name"},
        {{"a2345678901234567890123456789012", OPT_BOOL, 0, 0, 0, "on", NULL, "h", false}, "name"},
        {{"a", (enum opt_type)99, 0, 0, 0, "on", NULL, "h", false}, "type"},
        {{"a", OPT_COUNT, 16, 0, 9, "1", NULL, "h", false}, "outside"},
        {{"a", OPT_COUNT, SIZE_MAX - 7, 0, 9, "1", NULL, "h", false}, "outside"},
        {{"a", OPT_TEXT, 0, 0, 0, "x", NULL, "h", false}, "outside"},
        {{"a", OPT_COUNT, 4, 0, 9, "1", NULL, "h", false}, "aligned"},
        {{"a", OPT_COUNT, 0, 2, 1, "1", NULL, "h", false}, "range"},
        {{"a", OPT_COUNT, 0, -1, 1, "1", NULL, "h", false}, "range"},
        {{"a", OPT_COUNT, 0, 0, 0x1p65, "1", NULL, "h", false}, "range"},
        {{"a", OPT_COUNT, 0, 0, NAN, "1", NULL, "h", false}, "range"},
        {{"a", OPT_COUNT, 0, NAN, 1, "1", NULL, "h", false}, "range"},
        {{"a", OPT_COUNT, 0, 0, 1.5, "1", NULL, "h", false}, "fractions"},
        {{"a", OPT_INT, 0, 0, 4e9, "1", NULL, "h", false}, "range"},
        {{"a", OPT_RATE, 0, -0.5, 1, "0.1", NULL, "h", false}, "range"},
        {{"a", OPT_BOOL, 0, 0, 1, "on", NULL, "h", false}, "range"},
        {{"a", OPT_COUNT, 0, 0, 9, NULL, NULL, "h", false}, "no default"},
        {{"a", OPT_COUNT, 0, 0, 9, "10", NULL, "h", false}, "default"},
        {{"a", OPT_COUNT, 0, 0, 9, "x", NULL, "h", false}, "default"},
        {{"a", OPT_BOOL, 0, 0, 0, "true", NULL, "h", false}, "default"},
        {{"a", OPT_CHOICE, 0, 0, 0, "lzma", codecs, "h", false}, "default"},
        {{"a", OPT_COUNT, 0, 0, 9, "1", NULL, NULL, false}, "help"},
        {{"a", OPT_COUNT, 0, 0, 9, "1", NULL, "", false}, "help"},
        {{"a", OPT_CHOICE, 0, 0, 0, "none", NULL, "h", false}, "choices"},
        {{"a", OPT_CHOICE, 0, 0, 0, "none", empty, "h", false}, "choices"},
        {{"a", OPT_CHOICE, 0, 0, 0, "a,b", comma, "h", false}, "comma"},
        {{"a", OPT_CHOICE, 0, 0, 0, "a", twice, "h", false}, "twice"},
        {{"a", OPT_BOOL, 0, 0, 0, "on", codecs, "h", false}, "choices"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct opt rows[] = {cases[i].row, {0}};
        const char *defect = opt_defect(rows, 16);
        if (defect == NULL || strstr(defect, cases[i].part) == NULL)
            fail_msg("case %zu: %s", i, defect == NULL ? "no defect" : defect);
    }
}

static void defects_between_rows_are_found(void **unused)
{
    (void)unused;
    struct opt same_name[] = {
        {"a", OPT_COUNT, 0, 0, 9, "1", NULL, "h", false},
        {"a", OPT_COUNT, 8, 0, 9, "1", NULL, "h", false},
        {0},
    };
    assert_string_equal(opt_defect(same_name, 16), "an option name is used twice");
    same_name[1].name = "b";
    assert_null(opt_defect(same_name, 16));
    struct opt same_field[] = {
        {"a", OPT_COUNT, 0, 0, 9, "1", NULL, "h", false},
        {"b", OPT_INT, 4, 0, 9, "1", NULL, "h", false},
        {0},
    };
    assert_string_equal(opt_defect(same_field, 16), "two options share a field");

    struct opt many[66] = {0};
    char names[65][8];
    for (size_t i = 0; i < 65; i++) {
        snprintf(names[i], sizeof(names[i]), "o%zu", i);
        many[i] = (struct opt){names[i], OPT_COUNT, 8 * i, 0, 9, "1", NULL, "h", false};
    }
    assert_string_equal(opt_defect(many, 8 * 65), "there are more than 64 options");
    many[64].name = NULL;
    assert_null(opt_defect(many, 8 * 65));
    /* The last of 64 rows is known to be given twice, too. */
    uint64_t state[65];
    struct err err = {0};
    assert_int_equal(opt_apply(many, state, "o63=2,o63=2", "x", &err), RC_USAGE);
    assert_string_equal(err.msg, "x: option \"o63\" is given twice");
    assert_null(opt_defect(NULL, 0));
}

static void apply_bad_default(void)
{
    static const struct opt rows[] = {
        {"a", OPT_COUNT, 0, 0, 9, "10", NULL, "h", false},
        {0},
    };
    uint64_t state;
    opt_defaults(rows, &state);
}

static void bad_defaults_are_our_own_mistake(void **unused)
{
    (void)unused;
    assert_aborts(apply_bad_default, "engine/opt.c:");
}

static void specs_are_split_at_the_first_colon(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec, *name, *options;
    } cases[] = {
        {"raw", "raw", ""},
        {"raw:", "raw", ""},
        {"chunked:avg=64k,codec=none", "chunked", "avg=64k,codec=none"},
        {"files:path=/a:b", "files", "path=/a:b"},
        {"a23456789012345678901234567890123456789012345678901234567890123:x",
         "a23456789012345678901234567890123456789012345678901234567890123", "x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char name[SPEC_NAME_SIZE];
        const char *options = NULL;
        struct err err = {0};
        assert_int_equal(spec_split(cases[i].spec, name, &options, &err), RC_OK);
        assert_string_equal(name, cases[i].name);
        assert_string_equal(options, cases[i].options);
    }
    static const char *const bad[] = {
        "",
        ":",
        ":avg=1",
        "a234567890123456789012345678901234567890123456789012345678901234",
        "a234567890123456789012345678901234567890123456789012345678901234:x",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char name[SPEC_NAME_SIZE];
        const char *options;
        struct err err = {0};
        assert_int_equal(spec_split(bad[i], name, &options, &err), RC_USAGE);
        assert_non_null(strstr(err.msg, bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_start_at_their_defaults),
        cmocka_unit_test(options_are_applied),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(every_numeric_option_refuses_what_is_no_number),
        cmocka_unit_test(unknown_options_list_the_known_ones),
        cmocka_unit_test(long_values_are_refused_not_cut),
        cmocka_unit_test(effective_options_read_back_as_themselves),
        cmocka_unit_test(late_rows_are_silent_at_their_defaults),
        cmocka_unit_test(help_is_written_from_the_rows),
        cmocka_unit_test(defects_of_rows_are_found),
        cmocka_unit_test(defects_between_rows_are_found),
        cmocka_unit_test(bad_defaults_are_our_own_mistake),
        cmocka_unit_test(specs_are_split_at_the_first_colon),
    };
    return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
