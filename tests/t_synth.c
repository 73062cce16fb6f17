/* Dataset synth: purity, what each edit does, sizes, independence of the factors, wrong input. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datasets/content_class.h"
#include "datasets/dataset.h"
#include "engine/rng.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

static struct dataset *opened(const char *spec, uint64_t seed, struct err *err)
{
    struct dataset *ds;
    if (dataset_open(&ds, spec, seed, err) != RC_OK)
        fail_msg("%s: %s", spec, err->msg);
    return ds;
}

static struct hash128 content_hash(struct dataset *ds, uint32_t file, uint32_t version)
{
    struct buf content = {0};
    if (dataset_content(ds, file, version, &content) != RC_OK)
        fail_msg("file %" PRIu32 " version %" PRIu32 ": %s", file, version, ds->err->msg);
    struct hash128 hash = hash_xxh128(buf_span(&content));
    buf_release(&content);
    return hash;
}

/* ---- wrong input ----------------------------------------------------------------------------- */

static void wrong_options_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec, *message;
    } bad[] = {
        {"synth:files=0", "option \"files\": value \"0\" is out of range"},
        {"synth:files=4000001", "out of range"},
        {"synth:dup=101%", "option \"dup\""},
        {"synth:dup=-1%", "option \"dup\""},
        {"synth:dup=nan", "option \"dup\""},
        {"synth:dup_kind=both", "option \"dup_kind\""},
        {"synth:sizes=zipf", "option \"sizes\""},
        {"synth:size_min=9,size_max=5", "size_min=9 is more than size_max=5"},
        {"synth:sizes=lognormal,size=2M,size_max=1M", "the mean size=2097152 is not within"},
        {"synth:sizes=lognormal,size=0", "the mean size=0 is not within"},
        {"synth:spread=4", "out of range"},
        {"synth:size=1000000001", "out of range"},
        {"synth:class=", "unknown class \"\""},
        {"synth:class=randon", "unknown class \"randon\""},
        {"synth:class=random+", "unknown class \"\""},
        {"synth:class=random+nosuch+random", "unknown class \"nosuch\""},
        {"synth:class=random+random", "class \"random\" is given twice"},
        {"synth:class=\x1b[31m", "holds a control byte"},
        {"synth:saving=much", "option \"saving\""},
        {"synth:saving=101%", "option \"saving\""},
        {"synth:saving=-1", "option \"saving\""},
        {"synth:edits=0", "out of range"},
        {"synth:edit_size=0", "out of range"},
        {"synth:edit=move", "option \"edit\""},
        {"synth:locality=middle", "option \"locality\""},
        {"synth:class=random,edit=copy,files=1", "edit=copy needs another file to copy"},
        {"synth:class=random,dup=50%,files=1",
         "dup=50% cannot be met within 2 points with files=1: the nearest is 0.0%"},
        {"synth:class=random,dup=25%,files=2", "cannot be met within 2 points with files=2"},
        {"synth:class=random,dup=99%,files=10", "the nearest is 90.0%"},
        {"synth:class=random,dup=10%,size=0", "cannot be met"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        struct dataset *ds;
        assert_int_equal(dataset_open(&ds, bad[i].spec, 1, &err), RC_USAGE);
        assert_null(ds);
        if (strstr(err.msg, bad[i].message) == NULL)
            fail_msg("%s: %s", bad[i].spec, err.msg);
    }
}

static void a_saving_is_for_classes_that_have_it(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        char spec[200], expected[200];
        double asked = class->knob ? (class->saving_max + 1) / 2 : 0.5;
        if (asked > 0.999)
            continue;
        snprintf(spec, sizeof(spec), "synth:class=%s,saving=%.6f", class->name, asked);
        snprintf(expected, sizeof(expected), "class \"%s\" %s", class->name,
                 class->knob ? "cannot have saving=" : "has no saving to choose");
        struct err err = {0};
        struct dataset *ds;
        assert_int_equal(dataset_open(&ds, spec, 1, &err), RC_USAGE);
        if (strstr(err.msg, expected) == NULL)
            fail_msg("%s: %s", spec, err.msg);
    }
}

/* ---- purity ---------------------------------------------------------------------------------- */

static const char *const specs[] = {
    "synth:class=random,files=6,size=3000,dup=50%,edits=2,edit_size=200",
    "synth:class=random,files=6,size=3000,dup=40%,dup_kind=shifted,locality=clustered",
    "synth:files=20,sizes=lognormal,size=5k,dup=40%,dup_kind=forks,locality=head",
    "synth:class=random,files=6,size=3000,edit=revert",
    "synth:class=random,files=6,size=3000,edit=copy",
    "synth:class=random,files=6,size=3000,edit=rename",
    "synth:class=random,files=6,size=3000,edit=truncate",
    "synth:class=random,files=6,size=0,edit=delete",
    "synth:class=random,files=1,size=1",
    "synth:class=random,files=9,sizes=ladder,size_min=1,size_max=1k,edit=prepend,edit_size=1",
};
enum { INSERTS = 5, VERSIONS = 20 };

static void content_is_a_pure_function(void **unused)
{
    (void)unused;
    for (size_t s = 0; s < COUNT_OF(specs); s++) {
        struct err err = {0};
        struct dataset *a = opened(specs[s], 7, &err), *b = opened(specs[s], 7, &err);
        uint32_t count = (a->file_count + INSERTS) * VERSIONS;
        struct hash128 *hashes = calloc(count, sizeof(*hashes));
        uint64_t *novels = calloc(count, sizeof(*novels));
        uint32_t *order = calloc(count, sizeof(*order));
        assert_true(hashes != NULL && order != NULL && novels != NULL);
        for (uint32_t i = 0; i < count; i++) {
            hashes[i] = content_hash(a, i / VERSIONS, i % VERSIONS);
            assert_ok(dataset_novel(a, i / VERSIONS, i % VERSIONS, &novels[i]));
        }
        struct rng rng = rng_stream(3, "test.order", s);
        rng_permutation(&rng, order, count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t file = order[i] / VERSIONS, version = order[i] % VERSIONS;
            uint64_t novel;
            assert_ok(dataset_novel(b, file, version, &novel));
            assert_int_equal(novel, novels[order[i]]);
            assert_true(hash128_equal(content_hash(b, file, version), hashes[order[i]]));
            assert_true(hash128_equal(content_hash(a, file, version), hashes[order[i]]));
        }
        free(hashes);
        free(novels);
        free(order);
        dataset_close(a);
        dataset_close(b);
    }
}

static void inserted_files_are_like_the_others(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf content = {0};
    struct dataset *ds =
        opened("synth:class=random,files=50,sizes=ladder,size_min=1k,size_max=8k,dup=60%", 3, &err);
    unsigned sizes[4] = {0}, copies = 0;
    for (uint32_t file = 50; file < 1050; file++) {
        uint64_t novel;
        assert_ok(dataset_content(ds, file, 0, &content));
        assert_ok(dataset_novel(ds, file, 0, &novel));
        size_t rung = 0;
        while (UINT64_C(1024) << rung < content.len)
            rung++;
        assert_int_equal(content.len, 1024u << rung);
        sizes[rung]++;
        copies += novel == 0;
        assert_true(novel == 0 || novel == content.len);
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        assert_in_range(sizes[i], 100, 450);
    /* 60 % are copies, and one in ten of the rest is a rename. */
    assert_in_range(copies, 550, 740);
    dataset_close(ds);
    buf_release(&content);
}

/* ---- edits ----------------------------------------------------------------------------------- */

/* a's length is la, b's lb: how many bytes at the beginning and at the end are equal. */
static size_t common_start(struct span a, struct span b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
        n++;
    return n;
}

static size_t common_end(struct span a, struct span b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && a.ptr[a.len - 1 - n] == b.ptr[b.len - 1 - n])
        n++;
    return n;
}

enum { SIZE = 20000, EDIT = 1000 };

static void every_edit_does_what_its_name_says(void **unused)
{
    (void)unused;
    static const struct {
        const char *edit;
        int grows; /* in EDIT bytes */
        bool keeps_start, keeps_end;
    } cases[] = {
        {"overwrite", 0, false, false}, {"insert", 1, false, false}, {"delete", -1, false, false},
        {"prepend", 1, false, true},    {"append", 1, true, false},  {"truncate", -1, true, false},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        char spec[200];
        snprintf(spec, sizeof(spec), "synth:class=random,files=5,size=%d,edit=%s,edit_size=%d",
                 SIZE, cases[c].edit, EDIT);
        struct err err = {0};
        struct buf old = {0}, new = {0};
        struct dataset *ds = opened(spec, 9, &err);
        for (uint32_t i = 0; i < 5 * 7; i++) {
            uint32_t file = i / 7, version = 1 + i % 7;
            uint64_t novel;
            assert_ok(dataset_content(ds, file, version - 1, &old));
            assert_ok(dataset_content(ds, file, version, &new));
            assert_ok(dataset_novel(ds, file, version, &novel));
            struct span a = buf_span(&old), b = buf_span(&new);
            size_t start = common_start(a, b), end = common_end(a, b);
            size_t shorter = a.len < b.len ? a.len : b.len;
            assert_int_equal((int)b.len - (int)a.len, cases[c].grows * EDIT);
            assert_int_equal(novel, cases[c].grows < 0 ? 0 : EDIT);
            /* All but the edited bytes are there still. */
            assert_true(start + end + (cases[c].grows == 0 ? EDIT : 0) >= shorter);
            if (cases[c].keeps_start)
                assert_true(start >= shorter);
            if (cases[c].keeps_end)
                assert_true(end >= shorter);
            if (cases[c].grows >= 0)
                assert_true(start < b.len);
        }
        dataset_close(ds);
        buf_release(&old);
        buf_release(&new);
    }
}

static void some_versions_are_old_bytes(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct dataset *rewrite = opened("synth:class=random,files=4,edit=rewrite", 9, &err);
    struct dataset *revert = opened("synth:class=random,files=4,edit=revert", 9, &err);
    struct dataset *copy = opened("synth:class=random,files=4,edit=copy", 9, &err);
    for (uint32_t file = 0; file < 4; file++) {
        for (uint32_t v = 1; v <= 12; v++) {
            uint64_t novel[3];
            struct hash128 now = content_hash(rewrite, file, v);
            assert_true(hash128_equal(now, content_hash(rewrite, file, 0)));
            assert_ok(dataset_novel(rewrite, file, v, &novel[0]));
            /* Every second version of `revert` is one of an earlier one's content. */
            now = content_hash(revert, file, v);
            bool old = false;
            for (uint32_t u = 0; u + 1 < v; u++)
                old = old || hash128_equal(now, content_hash(revert, file, u));
            assert_int_equal(old, v % 2 == 0);
            assert_false(hash128_equal(now, content_hash(revert, file, v - 1)));
            assert_ok(dataset_novel(revert, file, v, &novel[1]));
            assert_int_equal(novel[1], old ? 0 : 4096);
            now = content_hash(copy, file, v);
            bool other = false;
            for (uint32_t g = 0; g < 4; g++)
                other = other || (g != file && hash128_equal(now, content_hash(copy, g, 0)));
            assert_true(other);
            assert_ok(dataset_novel(copy, file, v, &novel[2]));
            assert_int_equal(novel[0] + novel[2], 0);
        }
    }
    dataset_close(rewrite);
    dataset_close(revert);
    dataset_close(copy);
}

static void a_rename_is_a_history(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf a = {0}, b = {0};
    struct dataset *ds =
        opened("synth:class=random,files=7,dup=30%,dup_kind=forks,edit=rename", 9, &err);
    assert_int_equal(ds->event_count, 14);
    for (uint64_t i = 0; i < ds->event_count; i += 2) {
        struct history_event create, delete;
        uint64_t novel;
        assert_ok(dataset_event(ds, i, &create));
        assert_ok(dataset_event(ds, i + 1, &delete));
        assert_int_equal(create.kind, HISTORY_CREATE);
        assert_int_equal(delete.kind, HISTORY_DELETE);
        assert_int_equal(create.group, delete.group);
        assert_int_equal(create.group, i / 2);
        assert_int_equal(create.file, ds->file_count + i / 2);
        assert_int_equal(create.version, 0);
        assert_true(
            hash128_equal(content_hash(ds, create.file, 0), content_hash(ds, delete.file, 0)));
        assert_ok(dataset_novel(ds, create.file, 0, &novel));
        assert_int_equal(novel, 0);
        assert_ok(dataset_path(ds, create.file, &a));
        assert_ok(dataset_path(ds, delete.file, &b));
        assert_string_not_equal(buf_str(&a), buf_str(&b));
    }
    dataset_close(ds);
    buf_release(&a);
    buf_release(&b);
}

/* Zeros and fillers are no new bytes. */
static void filler_is_not_new(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec;
        double share;
    } cases[] = {
        {"synth:class=random,files=3,size=64k", 1},
        {"synth:class=random,files=3,size=64k,saving=60%", 0.4},
        {"synth:class=sparse,files=3,size=64k,saving=70%", 0.3},
        {"synth:class=text,files=3,size=64k", 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        struct dataset *ds = opened(cases[i].spec, 9, &err);
        for (uint32_t file = 0; file < 3; file++) {
            uint64_t novel;
            assert_ok(dataset_novel(ds, file, 0, &novel));
            if (fabs((double)novel / 65536 - cases[i].share) > 0.03)
                fail_msg("%s: %" PRIu64 " bytes are new", cases[i].spec, novel);
        }
        dataset_close(ds);
    }
}

/* The shares of `mix`, by looking at lengths and equality only. */
static void a_mix_has_everything(void **unused)
{
    (void)unused;
    enum { FILES = 300, ROUNDS = 10, ALL = FILES * ROUNDS };
    struct err err = {0};
    struct buf old = {0}, new = {0};
    struct dataset *ds = opened("synth:class=random,files=300,size=3000,edit_size=100", 2, &err);
    unsigned same = 0, overwritten = 0, longer = 0, shorter = 0, others = 0;
    for (uint32_t i = 0; i < ALL; i++) {
        uint32_t file = i / ROUNDS, v = 1 + i % ROUNDS;
        uint64_t novel;
        assert_ok(dataset_content(ds, file, v - 1, &old));
        assert_ok(dataset_content(ds, file, v, &new));
        assert_ok(dataset_novel(ds, file, v, &novel));
        if (span_equal(buf_span(&old), buf_span(&new)))
            same++;
        else if (novel == 100 && new.len == old.len)
            overwritten++;
        else if (novel == 100 && new.len == old.len + 100)
            longer++;
        else if (novel == 0 && new.len + 100 == old.len &&
                 common_start(buf_span(&old), buf_span(&new)) +
                         common_end(buf_span(&old), buf_span(&new)) >=
                     new.len)
            shorter++;
        else
            others++;
    }
    /* Five standard deviations of 3,000 draws are at most 4.5 points. */
    assert_in_range(overwritten, ALL * 26 / 100, ALL * 36 / 100);
    assert_in_range(longer, ALL * 31 / 100, ALL * 39 / 100);
    assert_in_range(shorter, ALL * 12 / 100, ALL * 19 / 100);
    assert_in_range(same, ALL * 5 / 100, ALL * 12 / 100);
    assert_in_range(others, ALL * 6 / 100, ALL * 15 / 100);
    dataset_close(ds);
    buf_release(&old);
    buf_release(&new);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static double *sizes_of(const char *spec, uint32_t *count)
{
    struct err err = {0};
    struct buf content = {0};
    struct dataset *ds = opened(spec, 4, &err);
    double *sizes = calloc(ds->file_count, sizeof(*sizes));
    assert_non_null(sizes);
    for (uint32_t file = 0; file < ds->file_count; file++) {
        assert_ok(dataset_content(ds, file, 0, &content));
        sizes[file] = (double)content.len;
    }
    *count = ds->file_count;
    dataset_close(ds);
    buf_release(&content);
    return sizes;
}

static void sizes_are_distributed_as_asked(void **unused)
{
    (void)unused;
    uint32_t n;
    double *sizes = sizes_of("synth:class=random,files=4000,sizes=lognormal,size=8k,spread=0.7,"
                             "size_min=1,size_max=4M",
                             &n);
    double sum = 0, logs = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += sizes[i];
        logs += log(sizes[i]);
        squares += log(sizes[i]) * log(sizes[i]);
    }
    double deviation = sqrt(squares / n - logs / n * (logs / n));
    assert_true(fabs(sum / n - 8192) < 1);
    assert_true(fabs(deviation - 0.7) < 0.03);
    assert_true(fabs(logs / n - (log(8192) - 0.245)) < 0.03);
    free(sizes);

    unsigned large = 0, rungs[7] = {0};
    sizes = sizes_of("synth:class=random,files=200,sizes=bimodal,size_min=100,size_max=9k", &n);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(sizes[i] == 100 || sizes[i] == 9216);
        large += sizes[i] == 9216;
    }
    assert_int_equal(large, 20);
    free(sizes);

    sizes = sizes_of("synth:class=random,files=70,sizes=ladder,size_min=100,size_max=6500", &n);
    for (uint32_t i = 0; i < n; i++) {
        size_t rung = (size_t)(log2(sizes[i] / 100) + 0.5);
        assert_true(rung < COUNT_OF(rungs) && sizes[i] == 100 * pow(2, (double)rung));
        rungs[rung]++;
    }
    for (size_t i = 0; i < COUNT_OF(rungs); i++)
        assert_int_equal(rungs[i], 10);
    free(sizes);
}

/* What the founding dataset got wrong: large files were of one class. */
static void size_does_not_follow_class(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf path = {0}, content = {0};
    struct dataset *ds = opened("synth:files=2000,sizes=lognormal,size=16k", 6, &err);
    size_t classes = content_class_count();
    double *sum = calloc(classes, sizeof(*sum)), *count = calloc(classes, sizeof(*count)), all = 0;
    assert_true(sum != NULL && count != NULL);
    for (uint32_t file = 0; file < ds->file_count; file++) {
        assert_ok(dataset_path(ds, file, &path));
        assert_ok(dataset_content(ds, file, 0, &content));
        const char *extension = strrchr(buf_str(&path), '.') + 1;
        double size = log((double)content.len);
        all += size;
        for (size_t i = 0; i < classes; i++) {
            if (strcmp(content_class_at(i)->extension, extension) != 0)
                continue;
            sum[i] += size;
            count[i]++;
        }
    }
    for (size_t i = 0; i < classes; i++) {
        assert_true(count[i] > 0);
        /* The logarithm's standard deviation is 1; five of the mean's. */
        assert_true(fabs(sum[i] / count[i] - all / ds->file_count) < 5 / sqrt(count[i]));
    }
    free(sum);
    free(count);
    dataset_close(ds);
    buf_release(&path);
    buf_release(&content);
}

/* ---- cost ------------------------------------------------------------------------------------ */

/* A step forward costs one step, also far from the first version. */
static void versions_in_order_are_steps(void **unused)
{
    (void)unused;
    enum { LAST = 20000 };
    struct err err = {0};
    struct buf content = {0};
    struct dataset *ds = opened("synth:class=random,files=2,size=2k,edit=overwrite", 1, &err);
    /* Squared, this would be 200 million edits. */
    for (uint32_t v = 0; v <= LAST; v++)
        assert_ok(dataset_content(ds, 1, v, &content));
    struct hash128 hash = hash_xxh128(buf_span(&content));
    assert_ok(dataset_content(ds, 0, 3, &content));
    assert_true(hash128_equal(content_hash(ds, 1, LAST), hash));
    dataset_close(ds);
    buf_release(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(a_saving_is_for_classes_that_have_it),
        cmocka_unit_test(content_is_a_pure_function),
        cmocka_unit_test(inserted_files_are_like_the_others),
        cmocka_unit_test(every_edit_does_what_its_name_says),
        cmocka_unit_test(some_versions_are_old_bytes),
        cmocka_unit_test(a_rename_is_a_history),
        cmocka_unit_test(filler_is_not_new),
        cmocka_unit_test(a_mix_has_everything),
        cmocka_unit_test(sizes_are_distributed_as_asked),
        cmocka_unit_test(size_does_not_follow_class),
        cmocka_unit_test(versions_in_order_are_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
