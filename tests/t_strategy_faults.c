/* t_strategy_faults: the n-th operation of the file layer fails, for every n, under every strategy.
 *
 * The call that meets the fault reports it and poisons the store; a store opened afterwards checks
 * and holds exactly what was acknowledged, with each key of the interrupted transaction as it was
 * before or after.  And in what order `files` makes things durable, from the trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/io_memory.h"
#include "tests/support_store.h"

/* ---- every operation fails once -------------------------------------------------------------- */

enum { TEXT_LEN = 90000, NOISE_LEN = 20000, KEYS = 4, POINTS_MAX = 4000 };

enum fate { ABSENT, PRESENT, EITHER };

struct script {
    struct rig rig;
    struct span text, noise, small;
    enum fate fates[KEYS];
};

static const struct blob_key keys[KEYS] = {{0, 0}, {1, 0}, {0, 1}, {700, 0}};

static struct span bytes_of(const struct script *script, size_t key)
{
    return key == 0   ? script->text
           : key == 1 ? script->small
           : key == 2 ? span_of(script->text.ptr, script->text.len - 3)
                      : script->noise;
}

struct change {
    size_t key;
    bool put;
};

static enum rc transaction(struct script *script, const struct change *changes, size_t count)
{
    struct store *st = script->rig.st;
    enum rc rc = store_begin(st);
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        size_t key = changes[i].key;
        struct put_request put =
            put_of(keys[key].file_id, keys[key].version, bytes_of(script, key));
        script->fates[key] = EITHER;
        rc = changes[i].put ? store_put(st, &put) : store_del(st, keys[key]);
    }
    if (rc == RC_OK)
        rc = store_commit(st);
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        script->fates[changes[i].key] = changes[i].put ? PRESENT : ABSENT;
    return rc;
}

static enum rc read_back(struct script *script)
{
    struct store *st = script->rig.st;
    enum rc rc = RC_OK;
    for (size_t key = 0; key < KEYS && rc == RC_OK; key++) {
        if (script->fates[key] != PRESENT)
            continue;
        rc = store_get(st, keys[key], &script->rig.out);
        if (rc == RC_OK && !span_equal(buf_span(&script->rig.out), bytes_of(script, key)))
            fail_msg("%s: wrong bytes of key %zu", script->rig.subject->name, key);
        CHECK(rc != RC_NOTFOUND);
    }
    return rc;
}

static enum rc scan(struct script *script)
{
    struct store *st = script->rig.st;
    struct blob_key key;
    enum rc rc = store_scan_begin(st, 0, UINT64_MAX);
    while (rc == RC_OK)
        rc = store_scan_next(st, &key, &script->rig.out);
    if (rc != RC_NOTFOUND)
        return rc;
    return store_scan_end(st);
}

/* The script itself; stops at the first failure. */
static enum rc play(struct script *script)
{
    static const struct change first[] = {{0, true}, {1, true}};
    static const struct change second[] = {{2, true}, {0, false}, {3, true}};
    static const struct change third[] = {{1, false}, {3, false}};
    enum rc rc = transaction(script, first, COUNT_OF(first));
    if (rc == RC_OK)
        rc = read_back(script);
    if (rc == RC_OK)
        rc = transaction(script, second, COUNT_OF(second));
    if (rc == RC_OK)
        rc = scan(script);
    if (rc == RC_OK)
        rc = store_settle(script->rig.st);
    if (rc == RC_OK)
        rc = transaction(script, third, COUNT_OF(third));
    return rc == RC_OK ? read_back(script) : rc;
}

static enum rc open_store(struct script *script, struct err *err)
{
    struct rig *rig = &script->rig;
    struct store_config config = {.io = &rig->tree.io,
                                  .durability = rig->subject->level,
                                  .preset = rig->spec.row->preset,
                                  .options = rig->spec.options,
                                  .label = rig->spec.label};
    return store_open(&rig->st, rig->spec.row->ops, &config, err);
}

static void verify(struct script *script)
{
    struct rig *rig = &script->rig;
    for (size_t key = 0; key < KEYS; key++) {
        enum rc rc = store_get(rig->st, keys[key], &rig->out);
        if (rc != RC_NOTFOUND)
            MUST(rig, rc);
        if (script->fates[key] != EITHER)
            assert_int_equal(rc, script->fates[key] == PRESENT ? RC_OK : RC_NOTFOUND);
        if (rc == RC_OK)
            assert_true(span_equal(buf_span(&rig->out), bytes_of(script, key)));
    }
    rig_check(rig);
    rig_store(rig, 5000, 0, script->text);
    rig_expect(rig, 5000, 0, script->text);
    rig_check(rig);
}

/* false: the fault was beyond the end of the script. */
static bool fail_at(struct script *script, uint64_t point, int sys)
{
    struct rig *rig = &script->rig;
    struct fault fault = {.skip = point, .verdict = IO_FAIL, .sys = sys};
    struct err err = {0}, ignored = {0};
    memset(script->fates, 0, sizeof(script->fates));
    tree_open(&rig->tree, false, false);
    fault_arm(&fault, &rig->tree.io);
    enum rc rc = open_store(script, &err);
    if (rc == RC_OK) {
        rc = play(script);
        if (rc != RC_OK) {
            assert_true(store_poisoned(rig->st));
            assert_true(store_error(rig->st)->msg[0] != '\0');
        }
        KEEP_FIRST(rc, store_close(rig->st, &ignored));
    } else {
        assert_true(err.msg[0] != '\0');
    }
    fault_disarm(&rig->tree.io);
    rig->st = NULL;
    err_clear(&err);
    if (open_store(script, &err) != RC_OK)
        fail_msg("%s: fault %llu: cannot be opened again: %s", rig->subject->name,
                 (unsigned long long)point, err.msg);
    verify(script);
    rig_close(rig);
    rig->out = (struct buf){0};
    return fault.fired > 0;
}

static void test_faults(void **state)
{
    const struct subject *subject = *state;
    struct script script = {.rig = {.subject = subject}};
    struct err err = {0};
    uint8_t *text = bytes_new(BYTES_TEXT, 1, TEXT_LEN),
            *noise = bytes_new(BYTES_RANDOM, 2, NOISE_LEN);
    script.text = span_of(text, TEXT_LEN);
    script.noise = span_of(noise, NOISE_LEN);
    script.small = span_of(text + 5, 300);
    assert_int_equal(strategy_spec_parse(subject->spec, &script.rig.spec, &err), RC_OK);
    uint64_t point = 0;
    while (point < POINTS_MAX && fail_at(&script, point, point % 2 == 0 ? EIO : ENOSPC))
        point++;
    assert_in_range(point, script.rig.spec.row->ops->caps & CAP_VOLATILE ? 0 : 20, POINTS_MAX - 1);
    free(text);
    free(noise);
}

/* ---- the order of `files` -------------------------------------------------------------------- */

static void expect_trace(const struct io *io, const char *const *wanted, size_t count)
{
    size_t got;
    const struct io_trace_op *ops = io_memory_trace(io, &got);
    for (size_t i = 0; i < got && i < count; i++) {
        char text[600];
        snprintf(text, sizeof(text), "%s %s", io_trace_kind_name(ops[i].kind),
                 ops[i].name != NULL ? ops[i].name : "-");
        assert_string_equal(text, wanted[i]);
    }
    assert_int_equal(got, count);
}

#define NAME(dir, file, version) dir "/00000000000000" file "-0000000" version

/* Two neighbours in one directory, one blob elsewhere: synced, renamed, made durable, and only
 * then is the old version unlinked. */
static void test_order(void **state)
{
    static const char *const wanted[] = {
        "mkdir 00",
        "create " NAME("00", "01", "0") ".tmp",
        "write -",
        "create " NAME("00", "02", "1") ".tmp",
        "write -",
        "mkdir 03",
        "create 03/0000000000000301-00000000.tmp",
        "write -",
        "sync -",
        "sync -",
        "sync -",
        "rename " NAME("00", "01", "0") ".tmp",
        "rename " NAME("00", "02", "1") ".tmp",
        "rename 03/0000000000000301-00000000.tmp",
        "sync_dir 00",
        "sync_dir ",
        "sync_dir 03",
        "create " NAME("00", "02", "2") ".tmp",
        "write -",
        "sync -",
        "rename " NAME("00", "02", "2") ".tmp",
        "sync_dir 00",
        "unlink " NAME("00", "02", "1"),
        "sync_dir 00",
    };
    struct subject subject;
    struct rig rig = {0};
    struct err err = {0};
    (void)state;
    rig.subject = subject_set(&subject, "files", DURABILITY_DURABLE, false);
    assert_int_equal(strategy_spec_parse(subject.spec, &rig.spec, &err), RC_OK);
    tree_open(&rig.tree, false, true);
    struct store_config config = {
        .io = &rig.tree.io, .durability = DURABILITY_DURABLE, .options = "", .label = "files"};
    assert_int_equal(store_open(&rig.st, rig.spec.row->ops, &config, &err), RC_OK);
    rig_begin(&rig);
    rig_put(&rig, 1, 0, span_of("abc", 3));
    rig_put(&rig, 2, 1, span_of("abc", 3));
    rig_put(&rig, 0x301, 0, span_of("abc", 3));
    rig_commit(&rig);
    rig_begin(&rig);
    rig_put(&rig, 2, 2, span_of("de", 2));
    rig_del(&rig, 2, 1);
    rig_commit(&rig);
    expect_trace(&rig.tree.io, wanted, COUNT_OF(wanted));
    rig_close(&rig);
}

/* A directory whose making was rolled back is there, but nobody made it durable. */
static void test_order_after_rollback(void **state)
{
    static const char *const wanted[] = {
        "create " NAME("00", "01", "0") ".tmp", "write -",     "sync -",
        "rename " NAME("00", "01", "0") ".tmp", "sync_dir 00", "sync_dir ",
    };
    struct subject subject;
    struct rig rig = {0};
    struct err err = {0};
    (void)state;
    rig.subject = subject_set(&subject, "files", DURABILITY_CONSISTENT, false);
    assert_int_equal(strategy_spec_parse(subject.spec, &rig.spec, &err), RC_OK);
    tree_open(&rig.tree, false, true);
    struct store_config config = {
        .io = &rig.tree.io, .durability = DURABILITY_CONSISTENT, .options = "", .label = "files"};
    assert_int_equal(store_open(&rig.st, rig.spec.row->ops, &config, &err), RC_OK);
    rig_begin(&rig);
    rig_put(&rig, 1, 0, span_of("abc", 3));
    MUST(&rig, store_rollback(rig.st));
    io_memory_trace_clear(&rig.tree.io);
    rig_store(&rig, 1, 0, span_of("abc", 3));
    expect_trace(&rig.tree.io, wanted, COUNT_OF(wanted));
    rig_close(&rig);
}

int main(void)
{
    static const char *const variants[] = {
        "files:fanout=2",
        "naive:read_cache=off",
        "raw:checkpoint=10",
        "chunked:codec=none,avg=1k",
    };
    size_t count = 0, room = 2 * strategy_row_count() + COUNT_OF(variants);
    struct subject *subjects = calloc(room, sizeof(*subjects));
    struct CMUnitTest *tests = calloc(room + 2, sizeof(*tests));
    if (subjects == NULL || tests == NULL)
        return 1;
    for (size_t i = 0; i < strategy_row_count(); i++) {
        const struct strategy_row *row = strategy_row_at(i);
        if (row->ops == NULL || (row->ops->caps & CAP_VOLATILE))
            continue;
        subject_set(&subjects[count++], row->name, DURABILITY_DURABLE, false);
        subject_set(&subjects[count++], row->name, DURABILITY_DURABLE_ROLLBACK, false);
    }
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        subject_set(&subjects[count++], variants[i], DURABILITY_DURABLE, false);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){
            .name = subjects[i].name, .test_func = test_faults, .initial_state = &subjects[i]};
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_order);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_order_after_rollback);
    int failed = _cmocka_run_group_tests("strategy faults", tests, count, NULL, NULL);
    free(tests);
    free(subjects);
    return failed;
}
