/* Edit geometry: known small cases, bounds, and splices against bytes edited one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datasets/geometry.h"

enum { KINDS = GEOMETRY_TRUNCATE + 1, LOCALITIES = GEOMETRY_CLUSTERED + 1 };

static struct geometry_splice drawn(enum geometry_kind kind, size_t size, size_t len, size_t max)
{
    struct rng rng = rng_stream(1, "test.geometry", len);
    struct geometry geometry = {.kind = kind, .size = size, .len_max = max};
    return geometry_draw(&geometry, &rng, len);
}

static void small_cases_are_known(void **unused)
{
    (void)unused;
    static const struct {
        enum geometry_kind kind;
        size_t size, len, max;
        struct geometry_splice expected;
    } cases[] = {
        /* Content of the edit's own size leaves no choice of place. */
        {GEOMETRY_OVERWRITE, 5, 5, 100, {0, 5, 5}},
        {GEOMETRY_OVERWRITE, 9, 5, 100, {0, 5, 5}},
        {GEOMETRY_OVERWRITE, 9, 0, 100, {0, 0, 9}},
        {GEOMETRY_OVERWRITE, 9, 0, 4, {0, 0, 4}},
        {GEOMETRY_INSERT, 3, 0, 100, {0, 0, 3}},
        {GEOMETRY_PREPEND, 3, 7, 100, {0, 0, 3}},
        {GEOMETRY_APPEND, 3, 7, 100, {7, 0, 3}},
        {GEOMETRY_APPEND, 3, 7, 10, {7, 0, 3}},
        {GEOMETRY_APPEND, 7, 7, 13, {0, 7, 7}},
        {GEOMETRY_TRUNCATE, 3, 7, 100, {4, 3, 0}},
        {GEOMETRY_TRUNCATE, 30, 7, 100, {4, 3, 0}},
        {GEOMETRY_TRUNCATE, 3, 1, 100, {1, 0, 3}},
        {GEOMETRY_TRUNCATE, 3, 0, 100, {0, 0, 3}},
        {GEOMETRY_DELETE, 9, 1, 100, {1, 0, 9}},
        {GEOMETRY_PREPEND, 1, BLOB_BYTES_MAX - 1, BLOB_BYTES_MAX, {0, 0, 1}},
        {GEOMETRY_APPEND,
         BLOB_BYTES_MAX,
         BLOB_BYTES_MAX,
         BLOB_BYTES_MAX,
         {0, BLOB_BYTES_MAX, BLOB_BYTES_MAX}},
        {GEOMETRY_TRUNCATE,
         BLOB_BYTES_MAX,
         BLOB_BYTES_MAX,
         BLOB_BYTES_MAX,
         {BLOB_BYTES_MAX / 2, BLOB_BYTES_MAX / 2, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct geometry_splice got =
            drawn(cases[i].kind, cases[i].size, cases[i].len, cases[i].max);
        assert_int_equal(got.at, cases[i].expected.at);
        assert_int_equal(got.removed, cases[i].expected.removed);
        assert_int_equal(got.added, cases[i].expected.added);
    }
}

/* Whatever is drawn: inside the content, of the size asked, and never beyond the limit. */
static void splices_keep_their_bounds(void **unused)
{
    (void)unused;
    static const size_t lens[] = {0, 1, 2, 3, 15, 16, 17, 4096, 70000, BLOB_BYTES_MAX};
    static const size_t sizes[] = {1, 2, 16, 4096, 100000, BLOB_BYTES_MAX};
    struct rng rng = rng_stream(2, "test.geometry", 0);
    for (int k = 0; k < KINDS * LOCALITIES * 50; k++) {
        struct geometry geometry = {.kind = (enum geometry_kind)(k % KINDS),
                                    .locality = (enum geometry_locality)(k / KINDS % LOCALITIES),
                                    .centre = (uint32_t)rng_u64(&rng),
                                    .len_max = BLOB_BYTES_MAX};
        for (size_t i = 0; i < COUNT_OF(lens) * COUNT_OF(sizes); i++) {
            size_t len = lens[i % COUNT_OF(lens)];
            geometry.size = sizes[i / COUNT_OF(lens)];
            struct geometry_splice s = geometry_draw(&geometry, &rng, len);
            assert_true(s.removed <= len && s.at <= len - s.removed);
            assert_true(s.removed <= geometry.size && s.added <= geometry.size);
            assert_true(geometry_len(s, len) <= BLOB_BYTES_MAX);
            assert_true(s.removed + s.added > 0);
            if (geometry.kind == GEOMETRY_OVERWRITE && len > 0)
                assert_int_equal(geometry_len(s, len), len);
            if (s.removed > s.added)
                assert_true(s.removed <= len / 2);
        }
    }
}

static void locality_says_where(void **unused)
{
    (void)unused;
    enum { LEN = 80000, SIZE = 100, DRAWS = 4000, EIGHTH = LEN / 8 };
    struct rng rng = rng_stream(3, "test.geometry", 0);
    for (int l = 0; l < LOCALITIES; l++) {
        struct geometry geometry = {.kind = GEOMETRY_DELETE,
                                    .locality = (enum geometry_locality)l,
                                    .centre = UINT32_MAX / 2,
                                    .size = SIZE,
                                    .len_max = BLOB_BYTES_MAX};
        size_t low = LEN, high = 0, eighths[8] = {0};
        for (int k = 0; k < DRAWS; k++) {
            struct geometry_splice s = geometry_draw(&geometry, &rng, LEN);
            low = s.at < low ? s.at : low;
            high = s.at + s.removed > high ? s.at + s.removed : high;
            eighths[s.at / EIGHTH]++;
        }
        switch (geometry.locality) {
        case GEOMETRY_UNIFORM:
            for (size_t i = 0; i < COUNT_OF(eighths); i++)
                assert_in_range(eighths[i], DRAWS / 8 - 150, DRAWS / 8 + 150);
            break;
        case GEOMETRY_HEAD:
            assert_true(low < 100 && high > EIGHTH - 100 && high <= EIGHTH + SIZE);
            break;
        case GEOMETRY_TAIL:
            assert_true(low > LEN - EIGHTH - SIZE && low < LEN - EIGHTH + 100);
            assert_true(high <= LEN && high > LEN - 100);
            break;
        case GEOMETRY_CLUSTERED:
            assert_true(high - low <= EIGHTH + SIZE && high - low > EIGHTH - 100);
            assert_in_range(low, LEN / 2 - EIGHTH, LEN / 2);
            break;
        }
    }
}

/* The oracle: one byte after the other, each with a mark that says whether it is new. */
struct oracle {
    uint8_t bytes[4096];
    bool fresh[4096];
    size_t len;
};

static void oracle_splice(struct oracle *oracle, struct geometry_splice s, uint8_t value)
{
    static struct oracle next;
    next.len = 0;
    for (size_t i = 0; i <= oracle->len; i++) {
        for (size_t k = 0; i == s.at && k < s.added; k++) {
            next.bytes[next.len] = value;
            next.fresh[next.len++] = true;
        }
        if (i < oracle->len && (i < s.at || i >= s.at + s.removed)) {
            next.bytes[next.len] = oracle->bytes[i];
            next.fresh[next.len++] = oracle->fresh[i];
        }
    }
    *oracle = next;
}

static void expect_oracle(const struct oracle *oracle, const struct buf *content,
                          const struct geometry_ranges *ranges)
{
    assert_int_equal(content->len, oracle->len);
    if (oracle->len > 0)
        assert_memory_equal(content->ptr, oracle->bytes, oracle->len);
    size_t range = 0, last = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        assert_true(ranges->at[i].start < ranges->at[i].end && ranges->at[i].start >= last);
        last = ranges->at[i].end;
    }
    assert_true(last <= oracle->len);
    for (size_t i = 0; i < oracle->len; i++) {
        while (range < ranges->count && ranges->at[range].end <= i)
            range++;
        bool fresh = range < ranges->count && ranges->at[range].start <= i;
        assert_int_equal(fresh, oracle->fresh[i]);
    }
}

static void splices_are_what_a_list_of_bytes_gives(void **unused)
{
    (void)unused;
    static struct oracle oracle;
    for (uint64_t round = 0; round < 300; round++) {
        struct err err = {0};
        struct buf content = {0};
        struct geometry_ranges ranges = {0};
        struct rng rng = rng_stream(4, "test.geometry", round);
        oracle = (struct oracle){.len = (size_t)rng_below(&rng, 300)};
        for (size_t i = 0; i < oracle.len; i++)
            oracle.bytes[i] = (uint8_t)i;
        assert_int_equal(buf_set(&content, span_of(oracle.bytes, oracle.len), &err), RC_OK);
        for (unsigned edit = 0; edit < 25; edit++) {
            struct geometry geometry = {.kind = (enum geometry_kind)rng_below(&rng, KINDS),
                                        .locality =
                                            (enum geometry_locality)rng_below(&rng, LOCALITIES),
                                        .centre = (uint32_t)rng_u64(&rng),
                                        .size = 1 + (size_t)rng_below(&rng, 60),
                                        .len_max = 400};
            struct geometry_splice s = geometry_draw(&geometry, &rng, content.len);
            assert_int_equal(geometry_apply(s, &content, &err), RC_OK);
            assert_int_equal(geometry_mark(s, &ranges, &err), RC_OK);
            if (s.added > 0)
                memset(content.ptr + s.at, 200 + (int)edit, s.added);
            oracle_splice(&oracle, s, (uint8_t)(200 + edit));
            expect_oracle(&oracle, &content, &ranges);
            assert_true(content.len <= 400);
        }
        buf_release(&content);
        geometry_ranges_release(&ranges);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_cases_are_known),
        cmocka_unit_test(splices_keep_their_bounds),
        cmocka_unit_test(locality_says_where),
        cmocka_unit_test(splices_are_what_a_list_of_bytes_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
