/* JSON, read strictly and written exactly.  The y_/n_ cases follow JSONTestSuite's habit: what must
 * be accepted and what must be refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/json.h"

struct text_case {
    const char *name;
    const char *text;
    size_t len; /* 0: strlen */
};
#define BYTES(text) (text), sizeof(text) - 1

static const struct text_case accepted[] = {
    {"y_object_empty", "{}", 0},
    {"y_array_empty", "[]", 0},
    {"y_array_spaces", " \t\r\n[ ]\n ", 0},
    {"y_array_nested", "[[[]],[]]", 0},
    {"y_array_null", "[null]", 0},
    {"y_array_mixed", "[null,1,\"1\",{},true,false]", 0},
    {"y_lonely_string", "\"asd\"", 0},
    {"y_lonely_number", "42", 0},
    {"y_lonely_true", "true", 0},
    {"y_lonely_null", "null", 0},
    {"y_object_empty_key", "{\"\":0}", 0},
    {"y_object_escaped_key", "{\"a\\n\\u0062\":1}", 0},
    {"y_object_members", "{\"a\":1,\"b\":2 , \"c\" : 3}", 0},
    {"y_object_case", "{\"a\":1,\"A\":2}", 0},
    {"y_number_zero", "[0]", 0},
    {"y_number_minus_zero", "[-0]", 0},
    {"y_number_minus_one", "[-1]", 0},
    {"y_number_fraction", "[123.456]", 0},
    {"y_number_exponent", "[1e2,1E2,1e+2,1E-2,1.5e1]", 0},
    {"y_number_zero_exponent", "[0e1,0e+1,0.0e0]", 0},
    {"y_number_underflow", "[1e-999]", 0},
    {"y_number_largest", "[1.7976931348623157e308]", 0},
    {"y_number_2_64", "[18446744073709551616]", 0},
    {"y_number_close_to_zero",
     "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000000001]", 0},
    {"y_number_many_digits",
     "[1.0000000000000000000000000000000000000000000000000000000000000000000000000000]", 0},
    {"y_string_escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", 0},
    {"y_string_unicode", "[\"\\u0041\\u00e9\\u20ac\"]", 0},
    {"y_string_pair", "[\"\\ud83d\\ude00\"]", 0},
    {"y_string_pair_upper", "[\"\\uDBFF\\uDFFF\"]", 0},
    {"y_string_utf8", "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]", 0},
    {"y_string_edges", "[\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"]",
     0},
    {"y_string_del", "[\"\x7f\"]", 0},
    {"y_string_comment", "[\"a/*b*/c//d\"]", 0},
    {"y_string_u2028", "[\"\xe2\x80\xa8\"]", 0},
    {"y_string_backslash_u", "[\"\\\\u0000\"]", 0},
    {"y_string_bom_inside", "[\"\xef\xbb\xbf\"]", 0},
};

static const struct text_case refused[] = {
    {"n_empty", "", 0},
    {"n_space_only", " \n", 0},
    {"n_nul", BYTES("\0")},
    {"n_bom", "\xef\xbb\xbf{}", 0},
    {"n_bom_only", "\xef\xbb\xbf", 0},
    {"n_utf16_le", BYTES("\xff\xfe[\0]\0")},
    {"n_utf16_be", BYTES("\0[\0]")},
    {"n_two_documents", "{}{}", 0},
    {"n_two_lines", "{}\n{}", 0},
    {"n_trailing_garbage", "{} x", 0},
    {"n_trailing_bracket", "[]]", 0},
    {"n_trailing_nul", BYTES("[]\0")},
    {"n_trailing_comment", "[]/**/", 0},
    {"n_line_comment", "// x\n[]", 0},
    {"n_hash_comment", "# x\n[]", 0},
    {"n_inner_comment", "[1/**/]", 0},
    {"n_array_open", "[", 0},
    {"n_array_trailing_comma", "[1,]", 0},
    {"n_array_only_comma", "[,]", 0},
    {"n_array_leading_comma", "[,1]", 0},
    {"n_array_double_comma", "[1,,2]", 0},
    {"n_array_no_comma", "[1 2]", 0},
    {"n_array_colon", "[1:2]", 0},
    {"n_array_star", "[*]", 0},
    {"n_array_wrong_close", "[1}", 0},
    {"n_array_formfeed", "[\f]", 0},
    {"n_array_vertical_tab", "[\v1]", 0},
    {"n_array_nbsp",
     "[\xc2\xa0"
     "1]",
     0},
    {"n_object_open", "{", 0},
    {"n_object_trailing_comma", "{\"a\":1,}", 0},
    {"n_object_no_colon", "{\"a\" 1}", 0},
    {"n_object_no_value", "{\"a\":}", 0},
    {"n_object_bare_key", "{a:1}", 0},
    {"n_object_single_quotes", "{'a':1}", 0},
    {"n_object_number_key", "{1:1}", 0},
    {"n_object_comma_for_colon", "{\"a\",1}", 0},
    {"n_object_double_colon", "{\"a\"::1}", 0},
    {"n_object_wrong_close", "{\"a\":1]", 0},
    {"n_object_duplicate", "{\"a\":1,\"a\":1}", 0},
    {"n_object_duplicate_escaped", "{\"a\":1,\"\\u0061\":2}", 0},
    {"n_object_duplicate_empty", "{\"\":1,\"\":2}", 0},
    {"n_object_duplicate_nested", "[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]", 0},
    {"n_literal_case", "[True]", 0},
    {"n_literal_short", "[tru]", 0},
    {"n_literal_long", "[nulls]", 0},
    {"n_literal_capitals", "[NULL]", 0},
    {"n_literal_undefined", "[undefined]", 0},
    {"n_number_leading_zero", "[01]", 0},
    {"n_number_minus_leading_zero", "[-01]", 0},
    {"n_number_plus", "[+1]", 0},
    {"n_number_double_minus", "[--1]", 0},
    {"n_number_minus", "[-]", 0},
    {"n_number_minus_space", "[- 1]", 0},
    {"n_number_dot", "[.5]", 0},
    {"n_number_minus_dot", "[-.5]", 0},
    {"n_number_point_end", "[1.]", 0},
    {"n_number_point_exponent", "[1.e1]", 0},
    {"n_number_exponent_end", "[1e]", 0},
    {"n_number_exponent_sign_end", "[1e+]", 0},
    {"n_number_exponent_fraction", "[1e1.5]", 0},
    {"n_number_hex", "[0x10]", 0},
    {"n_number_octal", "[0o7]", 0},
    {"n_number_nan", "[NaN]", 0},
    {"n_number_minus_nan", "[-NaN]", 0},
    {"n_number_nan_lower", "[nan]", 0},
    {"n_number_infinity", "[Infinity]", 0},
    {"n_number_minus_infinity", "[-Infinity]", 0},
    {"n_number_inf", "[inf]", 0},
    {"n_number_too_large", "[1e999]", 0},
    {"n_number_minus_too_large", "[-1e999]", 0},
    {"n_number_underscore", "[1_000]", 0},
    {"n_number_comma", "[1,5", 0},
    {"n_number_two_points", "[1.2.3]", 0},
    {"n_number_letters", "[1a]", 0},
    {"n_number_fullwidth", "[\xef\xbc\x91]", 0},
    {"n_string_open", "[\"a", 0},
    {"n_string_single_quotes", "['a']", 0},
    {"n_string_newline", "[\"a\nb\"]", 0},
    {"n_string_tab", "[\"a\tb\"]", 0},
    {"n_string_raw_nul", BYTES("[\"a\0b\"]")},
    {"n_string_raw_1f", "[\"\x1f\"]", 0},
    {"n_string_escaped_nul", "[\"\\u0000\"]", 0},
    {"n_string_bad_escape", "[\"\\x41\"]", 0},
    {"n_string_bad_escape_a", "[\"\\a\"]", 0},
    {"n_string_escape_nul", BYTES("[\"\\\0\"]")},
    {"n_string_escape_end", "[\"\\", 0},
    {"n_string_short_u", "[\"\\u00A\"]", 0},
    {"n_string_bad_u", "[\"\\u00G0\"]", 0},
    {"n_string_u_end", "[\"\\u", 0},
    {"n_string_upper_u", "[\"\\U0041\"]", 0},
    {"n_string_lone_high", "[\"\\ud800\"]", 0},
    {"n_string_lone_low", "[\"\\udc00\"]", 0},
    {"n_string_high_then_text", "[\"\\ud800abc\"]", 0},
    {"n_string_high_high", "[\"\\ud800\\ud800\"]", 0},
    {"n_string_high_then_plain", "[\"\\ud800\\u0041\"]", 0},
    {"n_string_high_end", "[\"\\ud800\\", 0},
    {"n_string_invalid_ff", "[\"\xff\"]", 0},
    {"n_string_continuation", "[\"\x80\"]", 0},
    {"n_string_cut_2", "[\"\xc3\"]", 0},
    {"n_string_cut_3", "[\"\xe2\x82\"]", 0},
    {"n_string_cut_4", "[\"\xf0\x9f\x98\"]", 0},
    {"n_string_overlong_2", "[\"\xc0\xaf\"]", 0},
    {"n_string_overlong_nul", "[\"\xc0\x80\"]", 0},
    {"n_string_overlong_3", "[\"\xe0\x80\xaf\"]", 0},
    {"n_string_overlong_4", "[\"\xf0\x80\x80\xaf\"]", 0},
    {"n_string_raw_surrogate", "[\"\xed\xa0\x80\"]", 0},
    {"n_string_beyond", "[\"\xf4\x90\x80\x80\"]", 0},
    {"n_string_five_bytes", "[\"\xf8\x88\x80\x80\x80\"]", 0},
    {"n_key_invalid_utf8", "{\"\xff\":1}", 0},
    {"n_key_control", "{\"a\nb\":1}", 0},
    {"n_utf8_outside", "[\xc3\xa9]", 0},
    {"n_latin1_outside", "[\xe9]", 0},
};

static struct span case_span(const struct text_case *one)
{
    return span_of(one->text, one->len != 0 ? one->len : strlen(one->text));
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct err err = {0};
        struct json *json;
        if (json_parse(&json, case_span(&accepted[i]), "case", 0, &err) != RC_OK)
            fail_msg("%s: %s", accepted[i].name, err.msg);
        json_free(json);
    }
}

/* Every refusal is one line that names the place. */
static void check_refused(const char *name, struct span text)
{
    struct err err = {0};
    struct json *json;
    enum rc rc = json_parse(&json, text, "case", 0, &err);
    if (rc != RC_USAGE || json != NULL)
        fail_msg("%s was not refused", name);
    if (strncmp(err.msg, "case:", 5) != 0 || strchr(err.msg, '\n') != NULL)
        fail_msg("%s: bad message: %s", name, err.msg);
}

static void test_refused(void **state)
{
    (void)state;
    assert_true(COUNT_OF(accepted) + COUNT_OF(refused) >= 80);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        check_refused(refused[i].name, case_span(&refused[i]));
}

/* The text stands in memory of exactly its length, so that a read past the end is seen by ASan. */
static enum rc parse_exact(struct json **json, const char *text, size_t len, struct err *err)
{
    char *copy = malloc(len != 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    enum rc rc = json_parse(json, span_of(copy, len), "case", 0, err);
    free(copy);
    return rc;
}

static void test_truncated_everywhere(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\": [1, -2.5e+3, true, false, null, \"\\u00e9\\ud83d\\ude00\xe2\x82\xac\\n\"],\n"
        " \"b\": {\"c\": {\"d\": [[], {}]}}, \"e\": 0.125}";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        struct err err = {0};
        struct json *json;
        assert_int_equal(parse_exact(&json, text, len, &err), RC_USAGE);
        assert_null(json);
    }
    struct err err = {0};
    struct json *json;
    assert_int_equal(parse_exact(&json, text, sizeof(text) - 1, &err), RC_OK);
    json_free(json);
}

/* Each byte replaced by each value: refused or accepted, never a crash, and what is accepted has a
 * document. */
static void test_every_byte_changed(void **state)
{
    (void)state;
    char text[] = "{\"k\":[-1.5e2,\"\\u00e9\\\\\xc3\xa9\",{\"x\":null}]}";
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        char saved = text[i];
        for (int byte = 0; byte < 256; byte++) {
            struct err err = {0};
            struct json *json;
            text[i] = (char)byte;
            enum rc rc = parse_exact(&json, text, sizeof(text) - 1, &err);
            assert_true(rc == RC_OK ? json != NULL : rc == RC_USAGE && err.msg[0] != '\0');
            json_free(json);
        }
        text[i] = saved;
    }
}

static struct span nested(char *text, size_t depth, const char *open, const char *close,
                          const char *inner)
{
    size_t at = 0;
    for (size_t i = 0; i < depth; i++, at += strlen(open))
        memcpy(text + at, open, strlen(open));
    memcpy(text + at, inner, strlen(inner));
    at += strlen(inner);
    for (size_t i = 0; i < depth; i++, at += strlen(close))
        memcpy(text + at, close, strlen(close));
    return span_of(text, at);
}

static void test_depth(void **state)
{
    (void)state;
    static char text[2000000];
    struct err err = {0};
    struct json *json;
    assert_int_equal(json_parse(&json, nested(text, 64, "[", "]", "1"), "case", 0, &err), RC_OK);
    json_free(json);
    assert_int_equal(json_parse(&json, nested(text, 64, "{\"a\":", "}", "1"), "case", 0, &err),
                     RC_OK);
    json_free(json);
    check_refused("65 arrays", nested(text, 65, "[", "]", "1"));
    check_refused("65 objects", nested(text, 65, "{\"a\":", "}", "[1]"));
    check_refused("100000 arrays", nested(text, 100000, "[", "]", ""));
    assert_int_equal(json_parse(&json, nested(text, 65, "[", "]", ""), "case", 0, &err), RC_USAGE);
    assert_string_equal(err.msg, "case:1:65: nesting deeper than 64 levels");
}

static void test_limits(void **state)
{
    (void)state;
    struct buf text = {0};
    struct err err = {0};
    struct json *json;
    /* 10^6 keys: one value more than allowed, found in bounded time. */
    assert_int_equal(buf_printf(&text, &err, "{"), RC_OK);
    for (unsigned i = 0; i < 1000000; i++)
        assert_int_equal(buf_printf(&text, &err, "%s\"k%u\":0", i ? "," : "", i), RC_OK);
    assert_int_equal(buf_printf(&text, &err, "}"), RC_OK);
    check_refused("a million members", buf_span(&text));
    /* 10^5 keys with a duplicate far away. */
    buf_clear(&text);
    assert_int_equal(buf_printf(&text, &err, "{"), RC_OK);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(buf_printf(&text, &err, "\"k%u\":0,", i), RC_OK);
    assert_int_equal(buf_printf(&text, &err, "\n\"k5\":1}"), RC_OK);
    assert_int_equal(json_parse(&json, buf_span(&text), "case", 0, &err), RC_USAGE);
    assert_string_equal(err.msg, "case:2: key \"k5\" is given twice");
    err_clear(&err);
    /* 10^5 digits: a fraction is a number, an integer is too large. */
    buf_clear(&text);
    assert_int_equal(buf_printf(&text, &err, "[0."), RC_OK);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(buf_append(&text, span_of("3", 1), &err), RC_OK);
    assert_int_equal(buf_append(&text, span_of("]", 1), &err), RC_OK);
    assert_int_equal(json_parse(&json, buf_span(&text), "case", 0, &err), RC_OK);
    double value = 0;
    assert_int_equal(json_as_double(json, json_next(json_root(json), NULL), NULL, &value, &err),
                     RC_OK);
    assert_true(value == 1.0 / 3);
    json_free(json);
    text.ptr[1] = '3';
    text.ptr[2] = '3';
    check_refused("100001 digits", buf_span(&text));
    /* More than 64 MiB are not looked at. */
    static uint8_t one;
    assert_int_equal(json_parse(&json, span_of(&one, 64 * MIB + 1), "case", 0, &err), RC_USAGE);
    buf_release(&text);
}

static void expect_parse(const char *text, unsigned line, const char *message)
{
    struct err err = {0};
    struct json *json;
    assert_int_equal(json_parse(&json, span_of_str(text), "f.json", line, &err), RC_USAGE);
    assert_string_equal(err.msg, message);
}

static void test_parse_messages(void **state)
{
    (void)state;
    expect_parse("", 0, "f.json:1:1: expected a JSON document, got nothing");
    expect_parse("{\n  \"a\": 01\n}", 0,
                 "f.json:2:9: a number must not begin with a superfluous 0");
    expect_parse("[1,\n2,\n x]", 0, "f.json:3:2: expected a value, got \"x\"");
    expect_parse("[1", 14, "f.json:14:3: expected \",\" or \"]\", got end of text");
    expect_parse("{\"a\":1} {", 14,
                 "f.json:14:9: expected end of text after the document, got \"{\"");
    expect_parse("{'a':1}", 0, "f.json:1:2: expected a key in double quotes, got \"'\"");
    expect_parse("{\"a\":1,\n\"b\":{\"c\":1,\n\"c\":2}}", 0,
                 "f.json:3: key \"b.c\" is given twice");
    expect_parse("[\"\x01\"]", 0, "f.json:1:3: control byte in a string");
    expect_parse("[\x1b]", 0, "f.json:1:2: expected a value, got \"\\x1b\"");
}

static struct json *parse(const char *text, unsigned line)
{
    struct err err = {0};
    struct json *json;
    if (json_parse(&json, span_of_str(text), "f.json", line, &err) != RC_OK)
        fail_msg("%s", err.msg);
    return json;
}

static void test_getters(void **state)
{
    (void)state;
    struct json *json = parse("{\"o\":{\"s\":\"t\\u00e9\"},\"a\":[1,\"x\"],\"b\":true,\"c\":false,"
                              "\"d\":-2.5,\"n\":9007199254740991,\"z\":null}",
                              0);
    const struct json_node *root = json_root(json), *node;
    struct err err = {0};
    const char *text;
    bool flag;
    double number;
    uint64_t whole;
    assert_true(json_is_object(root));
    assert_int_equal(json_get_object(json, root, "o", &node, &err), RC_OK);
    assert_int_equal(json_get_string(json, node, "s", &text, &err), RC_OK);
    assert_string_equal(text, "t\xc3\xa9");
    assert_int_equal(json_get_bool(json, root, "b", &flag, &err), RC_OK);
    assert_true(flag);
    assert_int_equal(json_get_bool(json, root, "c", &flag, &err), RC_OK);
    assert_false(flag);
    assert_int_equal(json_get_double(json, root, "d", &number, &err), RC_OK);
    assert_true(number == -2.5);
    assert_int_equal(json_get_u64(json, root, "n", &whole, &err), RC_OK);
    assert_true(whole == 9007199254740991);
    assert_true(json_has(root, "z") && !json_has(root, "Z") && !json_has(root, "s"));
    assert_int_equal(json_get_array(json, root, "a", &node, &err), RC_OK);
    assert_false(json_is_object(node));
    const struct json_node *item = json_next(node, NULL);
    assert_int_equal(json_as_double(json, item, "a[0]", &number, &err), RC_OK);
    item = json_next(node, item);
    assert_int_equal(json_as_string(json, item, "a[1]", &text, &err), RC_OK);
    assert_string_equal(text, "x");
    assert_null(json_next(node, item));
    static const char *const keys[] = {"o", "a", "b", "c", "d", "n", "z"};
    size_t i = 0;
    for (node = NULL; (node = json_next(root, node)) != NULL; i++)
        assert_string_equal(json_key(node), keys[i]);
    assert_int_equal(i, COUNT_OF(keys));
    json_free(json);
    json_free(NULL);
}

static void expect_message(struct err *err, const char *message)
{
    assert_int_equal(err->rc, RC_USAGE);
    assert_string_equal(err->msg, message);
    err_clear(err);
}

static void test_type_messages(void **state)
{
    (void)state;
    struct json *json = parse("{\"v\":{\n\"p95_ns\":\"fast\"},\n\"list\":[{},{\"n\":\n-1}],"
                              "\"x\":1.5,\"big\":9007199254740993,\"z\":null,\"t\":true}",
                              0);
    const struct json_node *root = json_root(json), *node;
    struct err err = {0};
    double number;
    uint64_t whole;
    const char *text;
    bool flag;
    assert_int_equal(json_get_object(json, root, "v", &node, &err), RC_OK);
    assert_int_equal(json_get_double(json, node, "p95_ns", &number, &err), RC_USAGE);
    expect_message(&err, "f.json:2: expected a number for \"v.p95_ns\", got string \"fast\"");
    assert_int_equal(json_get_double(json, node, "p99_ns", &number, &err), RC_USAGE);
    expect_message(&err, "f.json:1: missing \"p99_ns\" in \"v\"");
    assert_int_equal(json_get_double(json, root, "nope", &number, &err), RC_USAGE);
    expect_message(&err, "f.json:1: missing \"nope\"");
    assert_int_equal(json_get_array(json, root, "list", &node, &err), RC_OK);
    node = json_next(node, json_next(node, NULL));
    assert_int_equal(json_get_u64(json, node, "n", &whole, &err), RC_USAGE);
    expect_message(&err,
                   "f.json:4: expected a whole number below 2^53 for \"list[1].n\", got number -1");
    assert_int_equal(json_refuse(json, node, "n", "must not be negative", &err), RC_USAGE);
    expect_message(&err, "f.json:4: \"list[1].n\" must not be negative");
    assert_int_equal(json_get_u64(json, root, "x", &whole, &err), RC_USAGE);
    expect_message(&err, "f.json:4: expected a whole number below 2^53 for \"x\", got number 1.5");
    assert_int_equal(json_get_u64(json, root, "big", &whole, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(json_get_string(json, root, "z", &text, &err), RC_USAGE);
    expect_message(&err, "f.json:4: expected a string for \"z\", got null");
    assert_int_equal(json_get_object(json, root, "t", &node, &err), RC_USAGE);
    expect_message(&err, "f.json:4: expected an object for \"t\", got boolean");
    assert_int_equal(json_get_array(json, root, "v", &node, &err), RC_USAGE);
    expect_message(&err, "f.json:1: expected an array for \"v\", got object");
    assert_int_equal(json_get_bool(json, root, "x", &flag, &err), RC_USAGE);
    expect_message(&err, "f.json:4: expected true or false for \"x\", got number 1.5");
    assert_int_equal(json_as_string(json, root, "line", &text, &err), RC_USAGE);
    expect_message(&err, "f.json:1: expected a string for \"line\", got object");
    json_free(json);
    json = parse("[1]", 14);
    assert_int_equal(json_get_double(json, json_root(json), "a", &number, &err), RC_USAGE);
    expect_message(&err, "f.json:14: expected an object for \"the document\", got array");
    json_free(json);
}

/* ---- writer ---------------------------------------------------------------------------------- */

static void write_sample(struct json_writer *writer)
{
    json_open(writer, NULL, '{');
    json_string(writer, "s", "a\"b\\c/\n\r\t\b\f\x01\x1f\x7f<&>\xc3\xa9\xf0\x9f\x98\x80");
    json_u64(writer, "u", 9007199254740991);
    json_open(writer, "a", '[');
    json_double(writer, NULL, 0.1);
    json_bool(writer, NULL, true);
    json_open(writer, NULL, '{');
    json_close(writer, '}');
    json_close(writer, ']');
    json_open(writer, "e", '[');
    json_close(writer, ']');
    json_bool(writer, "\n", false);
    json_close(writer, '}');
}

static void test_writer_bytes(void **state)
{
    (void)state;
    struct buf out = {0};
    struct err err = {0};
    struct json_writer writer = json_begin(&out, true, &err);
    write_sample(&writer);
    assert_int_equal(json_finish(&writer), RC_OK);
    assert_string_equal(buf_str(&out),
                        "{\"s\":\"a\\\"b\\\\c/\\n\\r\\t\\b\\f\\u0001\\u001f\\u007f<&>"
                        "\xc3\xa9\xf0\x9f\x98\x80\",\"u\":9007199254740991,"
                        "\"a\":[0.1,true,{}],\"e\":[],\"\\n\":false}");
    buf_clear(&out);
    writer = json_begin(&out, false, &err);
    write_sample(&writer);
    assert_int_equal(json_finish(&writer), RC_OK);
    assert_string_equal(buf_str(&out),
                        "{\n  \"s\": \"a\\\"b\\\\c/\\n\\r\\t\\b\\f\\u0001\\u001f\\u007f<&>"
                        "\xc3\xa9\xf0\x9f\x98\x80\",\n  \"u\": 9007199254740991,\n"
                        "  \"a\": [\n    0.1,\n    true,\n    {}\n  ],\n  \"e\": [],\n"
                        "  \"\\n\": false\n}\n");
    struct json *json = parse(buf_str(&out), 0);
    const char *text;
    assert_int_equal(json_get_string(json, json_root(json), "s", &text, &err), RC_OK);
    assert_string_equal(text, "a\"b\\c/\n\r\t\b\f\x01\x1f\x7f<&>\xc3\xa9\xf0\x9f\x98\x80");
    json_free(json);
    buf_release(&out);
}

static void print_number(struct buf *out, double value)
{
    struct err err = {0};
    buf_clear(out);
    struct json_writer writer = json_begin(out, true, &err);
    json_double(&writer, NULL, value);
    assert_int_equal(json_finish(&writer), RC_OK);
}

static void test_writer_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-17, "-17"},
        {1e15, "1000000000000000"},
        {9007199254740991, "9007199254740991"},
        {9007199254740992, "9007199254740992"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {2.5, "2.5"},
        {1e300, "1e+300"},
        {5e-324, "4.94065645841247e-324"},
        {1.0 / 3, "0.3333333333333333"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {123456.789, "123456.789"},
    };
    struct buf out = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_number(&out, cases[i].value);
        assert_string_equal(buf_str(&out), cases[i].text);
    }
    /* Any finite double reads back bit for bit. */
    uint64_t bits = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < 20000; i++) {
        bits = bits * 6364136223846793005 + 1442695040888963407;
        double value, back = 0;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        print_number(&out, value);
        struct json *json = parse(buf_str(&out), 0);
        struct err err = {0};
        assert_int_equal(json_as_double(json, json_root(json), NULL, &back, &err), RC_OK);
        assert_memory_equal(&value, &back, sizeof(value));
        json_free(json);
    }
    buf_release(&out);
}

static void test_writer_errors(void **state)
{
    (void)state;
    struct buf out = {0};
    struct err err = {0};
    struct json_writer writer = json_begin(&out, true, &err);
    json_open(&writer, NULL, '{');
    json_u64(&writer, "seed", (uint64_t)1 << 53);
    json_close(&writer, '}');
    assert_int_equal(json_finish(&writer), RC_USAGE);
    assert_non_null(strstr(err.msg, "\"seed\""));
    err_clear(&err);
    buf_clear(&out);
    writer = json_begin(&out, true, &err);
    json_string(&writer, NULL, "caf\xe9");
    assert_int_equal(json_finish(&writer), RC_USAGE);
    expect_message(&err, "\"caf\\xe9\" is not valid UTF-8 and cannot be written as JSON");
    assert_true(json_is_text("") && json_is_text("caf\xc3\xa9") && !json_is_text("caf\xe9"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_parse_messages),
        cmocka_unit_test(test_getters),
        cmocka_unit_test(test_type_messages),
        cmocka_unit_test(test_writer_bytes),
        cmocka_unit_test(test_writer_numbers),
        cmocka_unit_test(test_writer_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
