/* Growable bytes and arenas. */
#include "engine/arena.h"
#include "engine/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- buf ------------------------------------------------------------------------------------ */

static void buf_starts_empty_and_usable(void **unused)
{
    (void)unused;
    struct buf buf = {0};
    assert_int_equal(buf_span(&buf).len, 0);
    assert_string_equal(buf_str(&buf), "");
    buf_clear(&buf);
    buf_release(&buf);
    struct err err = {0};
    assert_int_equal(buf_append(&buf, span_of(NULL, 0), &err), RC_OK);
    assert_int_equal(buf_set(&buf, span_of(NULL, 0), &err), RC_OK);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf_str(&buf), "");
    buf_release(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.cap, 0);
}

static void buf_grows_and_keeps_its_bytes(void **unused)
{
    (void)unused;
    struct buf buf = {0};
    struct err err = {0};
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)(i * 31);
        assert_int_equal(buf_append(&buf, span_of(&byte, 1), &err), RC_OK);
    }
    assert_int_equal(buf.len, 100000);
    assert_true(buf.cap >= buf.len && buf.cap < 2 * buf.len);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(buf.ptr[i], (uint8_t)(i * 31));
    buf_release(&buf);
}

static void buf_reserve_leaves_len(void **unused)
{
    (void)unused;
    struct buf buf = {0};
    struct err err = {0};
    assert_int_equal(buf_set(&buf, span_of_str("abc"), &err), RC_OK);
    assert_int_equal(buf_reserve(&buf, 5000, &err), RC_OK);
    assert_true(buf.cap >= 5000);
    assert_true(span_equal(buf_span(&buf), span_of_str("abc")));
    assert_int_equal(buf_resize(&buf, 5000, &err), RC_OK);
    assert_int_equal(buf.len, 5000);
    assert_memory_equal(buf.ptr, "abc", 3);
    memset(buf.ptr, 1, buf.cap);
    assert_int_equal(buf_resize(&buf, 2, &err), RC_OK);
    assert_int_equal(buf.len, 2);
    buf_release(&buf);
}

static void buf_at_its_working_size_does_not_move(void **unused)
{
    (void)unused;
    struct buf buf = {0};
    struct err err = {0};
    uint8_t bytes[1000] = {0};
    assert_int_equal(buf_set(&buf, span_of(bytes, sizeof(bytes)), &err), RC_OK);
    const uint8_t *ptr = buf.ptr;
    size_t cap = buf.cap;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        buf_clear(&buf);
        assert_int_equal(buf_append(&buf, span_of(bytes, len), &err), RC_OK);
        assert_int_equal(buf_set(&buf, span_of(bytes, len), &err), RC_OK);
        assert_int_equal(strlen(buf_str(&buf)), 0);
    }
    assert_ptr_equal(buf.ptr, ptr);
    assert_int_equal(buf.cap, cap);
    buf_release(&buf);
}

static void buf_accepts_its_own_bytes(void **unused)
{
    (void)unused;
    struct buf buf = {0};
    struct err err = {0};
    assert_int_equal(buf_set(&buf, span_of_str("abcd"), &err), RC_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(buf_append(&buf, buf_span(&buf), &err), RC_OK);
    assert_int_equal(buf.len, 4096);
    for (size_t i = 0; i < buf.len; i++)
        assert_int_equal(buf.ptr[i], "abcd"[i % 4]);
    assert_int_equal(buf_set(&buf, span_of(buf.ptr + 1, 4000), &err), RC_OK);
    assert_int_equal(buf.len, 4000);
    assert_memory_equal(buf.ptr, "bcda", 4);
    buf_release(&buf);
}

static void buf_refuses_more_than_4_gib_unchanged(void **unused)
{
    (void)unused;
    struct buf buf = {0};
    struct err err = {0};
    assert_int_equal(buf_set(&buf, span_of_str("kept"), &err), RC_OK);
    assert_int_equal(buf_reserve(&buf, 4 * GIB + 1, &err), RC_NOMEM);
    assert_string_equal(err.msg, "a buffer of 4294967297 bytes was asked for (at most 4294967296)");
    err_clear(&err);
    assert_int_equal(buf_resize(&buf, SIZE_MAX, &err), RC_NOMEM);
    err_clear(&err);
    assert_int_equal(buf_append(&buf, span_of("x", SIZE_MAX - 3), &err), RC_NOMEM);
    err_clear(&err);
    assert_int_equal(buf_append(&buf, span_of("x", 4 * GIB), &err), RC_NOMEM);
    assert_string_equal(buf_str(&buf), "kept");
    buf_release(&buf);
}

#if defined(__has_feature)
#define HAS_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

/* In a child whose address space is limited: 0 when a failed grow left the buf as it was. */
static int grow_beyond_memory(void)
{
    struct buf buf = {0};
    struct err err = {0};
    if (buf_set(&buf, span_of_str("kept"), &err) != RC_OK)
        return 1;
    size_t cap = buf.cap;
    const struct rlimit limit = {256 * MIB, 256 * MIB};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 2;
    if (buf_reserve(&buf, GIB, &err) != RC_NOMEM)
        return 3;
    if (strcmp(err.msg, "no memory for a buffer of 1073741824 bytes") != 0)
        return 4;
    err_clear(&err);
    if (buf_resize(&buf, GIB, &err) != RC_NOMEM)
        return 5;
    if (buf.cap != cap || strcmp(buf_str(&buf), "kept") != 0)
        return 6;
    /* Half as much again is not to be had, what is needed is. */
    err_clear(&err);
    if (buf_resize(&buf, 100 * MIB, &err) != RC_OK || buf_reserve(&buf, 110 * MIB, &err) != RC_OK)
        return 7;
    buf_release(&buf);
    return 0;
}

static void buf_survives_a_failed_grow(void **unused)
{
    (void)unused;
    if (HAS_SANITIZER)
        skip(); /* their shadow memory needs the whole address space */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(grow_beyond_memory());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void buf_printf_appends_text(void **unused)
{
    (void)unused;
    struct buf buf = {0};
    struct err err = {0};
    assert_int_equal(buf_printf(&buf, &err, "%s", ""), RC_OK);
    assert_string_equal(buf_str(&buf), "");
    assert_int_equal(buf_printf(&buf, &err, "%d-%s", 42, "x"), RC_OK);
    assert_int_equal(buf_printf(&buf, &err, ",%05.1f", 2.5), RC_OK);
    assert_string_equal(buf_str(&buf), "42-x,002.5");
    assert_int_equal(buf.len, 10);
    /* across several growths, and exactly to the capacity */
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_printf(&buf, &err, "%08d", i), RC_OK);
    assert_int_equal(buf.len, 8010);
    assert_string_equal(buf_str(&buf) + 8002, "00000999");
    int room = (int)(buf.cap - buf.len);
    size_t cap = buf.cap;
    assert_int_equal(buf_printf(&buf, &err, "%*s", room, "z"), RC_OK);
    assert_int_equal(buf.len, cap);
    assert_int_equal(buf.cap, cap);
    assert_int_equal(strlen(buf_str(&buf)), cap);
    buf_release(&buf);
}

/* ---- arena ---------------------------------------------------------------------------------- */

static void arena_memory_is_aligned_and_apart(void **unused)
{
    (void)unused;
    enum { COUNT = 300 };
    struct arena arena = {.block_len = 100};
    uint8_t *parts[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        parts[i] = arena_alloc(&arena, i);
        assert_non_null(parts[i]);
        assert_int_equal((uintptr_t)parts[i] % 16, 0);
        if (i > 0)
            memset(parts[i], (int)i & 0xff, i);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(parts[i][j], i & 0xff);
        assert_true(i == 0 || parts[i] != parts[i - 1]);
    }
    arena_release(&arena);
    assert_null(arena.head);
}

static void arena_serves_large_and_zeroed_memory(void **unused)
{
    (void)unused;
    struct arena arena = {0};
    uint8_t *dirty = arena_alloc(&arena, 4096);
    assert_non_null(dirty);
    memset(dirty, 0xff, 4096);
    arena_reset(&arena);
    uint8_t *zeroed = arena_zalloc(&arena, 64, 64);
    assert_ptr_equal(zeroed, dirty);
    for (size_t i = 0; i < 4096; i++)
        assert_int_equal(zeroed[i], 0);
    uint8_t *large = arena_alloc(&arena, 3 * MIB);
    assert_non_null(large);
    memset(large, 1, 3 * MIB);
    assert_non_null(arena_zalloc(&arena, 0, 8));
    assert_non_null(arena_zalloc(&arena, 8, 0));
    arena_release(&arena);
    arena_release(&arena);
}

static void arena_refuses_sizes_that_overflow(void **unused)
{
    (void)unused;
    struct arena arena = {0};
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(arena_alloc(&arena, SIZE_MAX - 16));
    assert_null(arena_zalloc(&arena, SIZE_MAX / 2 + 1, 2));
    assert_null(arena_zalloc(&arena, SIZE_MAX / 16 + 1, 16));
    assert_non_null(arena_alloc(&arena, 1));
    arena_release(&arena);
}

static void arena_copies_text(void **unused)
{
    (void)unused;
    struct arena arena = {0};
    char text[] = "text";
    char *copy = arena_strdup(&arena, text);
    text[0] = 'n';
    assert_string_equal(copy, "text");
    assert_string_equal(arena_strdup(&arena, ""), "");
    arena_release(&arena);
}

static void arena_reset_reuses_memory(void **unused)
{
    (void)unused;
    struct arena arena = {0};
    arena_reset(&arena);
    void *first = arena_alloc(&arena, 10);
    void *second = arena_alloc(&arena, 10);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 10), first);
    assert_ptr_equal(arena_alloc(&arena, 10), second);
    arena_release(&arena);
}

static void arena_repeated_work_stops_allocating(void **unused)
{
    (void)unused;
    struct arena arena = {.block_len = 64};
    struct arena_block *head = NULL;
    for (int round = 0; round < 20; round++) {
        arena_reset(&arena);
        head = arena.head;
        for (int i = 0; i < 1000; i++)
            assert_non_null(arena_alloc(&arena, 48));
        assert_non_null(arena_alloc(&arena, 70000));
    }
    assert_ptr_equal(arena.head, head);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_starts_empty_and_usable),
        cmocka_unit_test(buf_grows_and_keeps_its_bytes),
        cmocka_unit_test(buf_reserve_leaves_len),
        cmocka_unit_test(buf_at_its_working_size_does_not_move),
        cmocka_unit_test(buf_accepts_its_own_bytes),
        cmocka_unit_test(buf_refuses_more_than_4_gib_unchanged),
        cmocka_unit_test(buf_survives_a_failed_grow),
        cmocka_unit_test(buf_printf_appends_text),
        cmocka_unit_test(arena_memory_is_aligned_and_apart),
        cmocka_unit_test(arena_serves_large_and_zeroed_memory),
        cmocka_unit_test(arena_refuses_sizes_that_overflow),
        cmocka_unit_test(arena_copies_text),
        cmocka_unit_test(arena_reset_reuses_memory),
        cmocka_unit_test(arena_repeated_work_stops_allocating),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
