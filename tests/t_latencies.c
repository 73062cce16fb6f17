/* Raw latencies on disk, every damage to them found; and the table of metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support_fixture.h"

static void test_latencies(void **state)
{
    struct buf path = {0}, bytes = {0};
    struct err err = {0};
    const struct latency items[] = {
        {0, 0, LATENCY_INSERT},
        {36, 1, LATENCY_UPDATE},
        {UINT64_MAX, UINT32_MAX, LATENCY_READ},
        {1234567, 4096, LATENCY_SCAN},
        {5, 6, LATENCY_OTHER},
    };
    struct latency *back = NULL;
    size_t count = 0;
    char name[128];
    assert_string_equal(latencies_name(name, 7, "update_binary_hot"),
                        "raw/0007-update_binary_hot.lat");
    fixture_join(&path, *state, name);
    assert_int_equal(latencies_write(buf_str(&path), items, 0, &err), RC_OK);
    assert_int_equal(latencies_read(buf_str(&path), &back, &count, &err), RC_OK);
    assert_int_equal(count, 0);
    free(back);
    assert_int_equal(latencies_write(buf_str(&path), items, COUNT_OF(items), &err), RC_OK);
    assert_int_equal(latencies_read(buf_str(&path), &back, &count, &err), RC_OK);
    assert_int_equal(count, COUNT_OF(items));
    assert_memory_equal(back, items, sizeof(items));
    free(back);
    fixture_read(*state, name, &bytes);
    assert_int_equal(bytes.len, 16 + 16 * COUNT_OF(items) + 16);
    static const uint8_t start[] = {'B', 'F', 'L', 'A', 'T', 0, 0, 1, 5, 0, 0, 0, 0, 0, 0, 0};
    assert_memory_equal(bytes.ptr, start, sizeof(start));
    assert_int_equal(bytes.ptr[16 + 16], 36);

    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
            fixture_write(*state, name, bytes.ptr, bytes.len);
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
            err_clear(&err);
            assert_int_equal(latencies_read(buf_str(&path), &back, &count, &err), RC_CORRUPT);
            assert_null(back);
        }
    }
    for (size_t len = 0; len < bytes.len; len++) {
        fixture_write(*state, name, bytes.ptr, len);
        err_clear(&err);
        assert_int_equal(latencies_read(buf_str(&path), &back, &count, &err), RC_CORRUPT);
    }
    err_clear(&err);
    assert_int_equal(buf_append(&bytes, span_of("", 1), &err), RC_OK);
    fixture_write(*state, name, bytes.ptr, bytes.len);
    err_clear(&err);
    assert_int_equal(latencies_read(buf_str(&path), &back, &count, &err), RC_CORRUPT);
    buf_release(&path);
    buf_release(&bytes);
}

static void test_metrics(void **state)
{
    (void)state;
    for (int i = 0; i < METRIC_COUNT; i++) {
        assert_int_equal(metric_by_name(metric_table[i].name), i);
        assert_true(metric_table[i].unit[0] != '\0' && metric_table[i].formula[0] != '\0');
    }
    assert_int_equal(metric_by_name("p50"), METRIC_COUNT);
    assert_int_equal(metric_by_name(""), METRIC_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_latencies, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
