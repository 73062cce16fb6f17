/* golden.c: exact counters taken from a record, and two sets of them compared. */
#include "results/golden.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for exact counters");
}

void golden_release(struct golden *golden)
{
    arena_release(&golden->arena);
    *golden = (struct golden){0};
}

enum rc golden_set(struct golden *golden, const char **field, const char *value, struct err *err)
{
    *field = arena_strdup(&golden->arena, value);
    return *field ? RC_OK : out_of_memory(err);
}

/* Room for one more at the end of a list: a copy of twice the size whenever it is full, which is
 * when its length is a power of two.  What was there stays in the arena: lists are short. */
static void *grow(struct arena *arena, void *items, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return items;
    void *more = arena_zalloc(arena, count ? 2 * count : 1, size);
    if (more && count)
        memcpy(more, items, count * size);
    return more;
}

enum rc golden_set_version(struct golden *golden, const char *name, const char *value,
                           struct err *err)
{
    struct facts *versions = &golden->versions;
    struct fact *items =
        grow(&golden->arena, versions->items, versions->count, sizeof(*versions->items));
    if (!items)
        return out_of_memory(err);
    versions->items = items;
    struct fact *fact = &items[versions->count++];
    enum rc rc = golden_set(golden, &fact->name, name, err);
    return rc == RC_OK ? golden_set(golden, &fact->value, value, err) : rc;
}

const char *golden_version(const struct golden *golden, const char *name)
{
    for (size_t i = 0; i < golden->versions.count; i++)
        if (strcmp(golden->versions.items[i].name, name) == 0)
            return golden->versions.items[i].value;
    return "";
}

enum rc golden_add_count(struct golden *golden, const char *strategy, const char *phase,
                         uint64_t instructions, struct err *err)
{
    struct golden_count *counts =
        grow(&golden->arena, golden->counts, golden->count_count, sizeof(*counts));
    if (!counts)
        return out_of_memory(err);
    golden->counts = counts;
    struct golden_count *count = &counts[golden->count_count++];
    count->instructions = instructions;
    enum rc rc = golden_set(golden, &count->strategy, strategy, err);
    return rc == RC_OK ? golden_set(golden, &count->phase, phase, err) : rc;
}

enum rc golden_reason_check(const char *reason, struct err *err)
{
    size_t len = strlen(reason);
    bool plain = len > 0 && len <= GOLDEN_REASON_MAX && strspn(reason, " ") < len;
    for (const char *p = reason; *p; p++)
        plain = plain && (unsigned char)*p >= 0x20 && (unsigned char)*p != 0x7f;
    for (size_t at = 0; plain && at < len;) {
        size_t width = utf8_sequence((const uint8_t *)reason + at, len - at);
        plain = width > 0;
        at += width;
    }
    if (plain)
        return RC_OK;
    return FAIL(err, RC_USAGE, 0,
                "--update-golden: expected why, in one line of 1 to %d bytes, got \"%s\"",
                GOLDEN_REASON_MAX, Q(reason));
}

/* ---- from a record --------------------------------------------------------------------------- */

static bool is_exact(enum metric metric)
{
    return metric_table[metric].kind == COUNTER;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static const struct golden_place *find_place(const struct golden_run *run, enum sample_kind kind,
                                             const char *name)
{
    for (size_t i = 0; run && i < run->place_count; i++)
        if (run->places[i].kind == kind && strcmp(run->places[i].name, name) == 0)
            return &run->places[i];
    return NULL;
}

static enum rc add_place(struct golden *golden, struct golden_run *run, const struct sample *sample,
                         struct err *err)
{
    struct golden_place *places =
        grow(&golden->arena, run->places, run->place_count, sizeof(*places));
    if (!places)
        return out_of_memory(err);
    run->places = places;
    struct golden_place *place = &places[run->place_count++];
    *place = (struct golden_place){.kind = sample->kind};
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        place->value[m] = is_exact(m) ? sample->value[m] : NAN;
    return golden_set(golden, &place->name, sample->kind == SAMPLE_RUN ? "" : sample->name, err);
}

/* A repeat: what is not as before is noisy. */
static void hold_against(struct golden_place *place, const struct sample *sample)
{
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        if (is_exact(m) && !same(place->value[m], sample->value[m]))
            place->noisy[m] = true;
}

static enum rc take_run(struct golden *golden, struct golden_run *run, const struct record *record,
                        const struct sample *line, struct err *err)
{
    const char *label = record->manifest.arms[line->arm].label;
    enum rc rc = RC_OK;
    if (!line->valid)
        return FAIL(err, RC_INVALID, 0, "%s on \"%s\" is INVALID: %s", Q(label), Q(run->data),
                    Q(line->reason));
    if (run->repeats == 0)
        rc = golden_set(golden, &run->verification, line->verification, err);
    else if (strcmp(run->verification, line->verification) != 0)
        rc = FAIL(err, RC_INVALID, 0, "two runs of %s on \"%s\" read other bytes: %s and %s",
                  Q(label), Q(run->data), Q(run->verification), Q(line->verification));
    for (size_t i = 0; rc == RC_OK && i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->run != line->run)
            continue;
        const char *name = sample->kind == SAMPLE_RUN ? "" : sample->name;
        const struct golden_place *place = find_place(run, sample->kind, name);
        if (place)
            hold_against(&run->places[place - run->places], sample);
        else if (run->repeats == 0)
            rc = add_place(golden, run, sample, err);
        else
            rc = FAIL(err, RC_INVALID, 0, "one run of %s on \"%s\" has a place \"%s\", another not",
                      Q(label), Q(run->data), Q(sample->name));
    }
    run->repeats++;
    return rc;
}

static enum rc add_run(struct golden *golden, const char *data, struct span strategy,
                       struct golden_run **out, struct err *err)
{
    struct golden_run *runs = grow(&golden->arena, golden->runs, golden->run_count, sizeof(*runs));
    if (!runs)
        return out_of_memory(err);
    golden->runs = runs;
    *out = &runs[golden->run_count++];
    char name[QUOTE_SIZE];
    snprintf(name, sizeof(name), "%.*s", (int)strategy.len, (const char *)strategy.ptr);
    (*out)->verification = "";
    enum rc rc = golden_set(golden, &(*out)->data, data, err);
    return rc == RC_OK ? golden_set(golden, &(*out)->strategy, name, err) : rc;
}

static struct golden_run *run_of(struct golden *golden, const char *data, struct span strategy)
{
    for (size_t i = 0; i < golden->run_count; i++) {
        struct golden_run *run = &golden->runs[i];
        if (strcmp(run->data, data) == 0 && span_equal(span_of_str(run->strategy), strategy))
            return run;
    }
    return NULL;
}

enum rc golden_take(struct golden *golden, const struct record *record, uint32_t build,
                    const char *data, struct err *err)
{
    const struct record_manifest *manifest = &record->manifest;
    enum rc rc = RC_OK;
    for (size_t a = 0; rc == RC_OK && a < manifest->arm_count; a++) {
        const struct record_arm *arm = &manifest->arms[a];
        if (arm->build != build)
            continue;
        struct span strategy = span_of(arm->label, strcspn(arm->label, "@"));
        struct golden_run *run = run_of(golden, data, strategy);
        if (!run)
            rc = add_run(golden, data, strategy, &run, err);
        for (size_t i = 0; rc == RC_OK && i < record->sample_count; i++)
            if (record->samples[i].kind == SAMPLE_RUN && record->samples[i].arm == a)
                rc = take_run(golden, run, record, &record->samples[i], err);
    }
    return rc;
}

/* ---- comparing ------------------------------------------------------------------------------- */

const char *golden_place_name(const struct golden_place *place)
{
    return place->kind == SAMPLE_RUN ? "run" : place->name;
}

enum rc golden_check_key(const struct golden *want, const struct golden *got, const char *what,
                         struct err *err)
{
    static const char *const names[] = {"sqlite", "zstd", "brotli"};
    if (strcmp(want->suite, got->suite) != 0) {
        FAIL(err, RC_MISMATCH, 0, "%s is not comparable: suite is %s there, %s here", what,
             Q(want->suite), Q(got->suite));
        err_hint(err, "the gate asks other work of a program than it did then: write it anew");
        return RC_MISMATCH;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *there = golden_version(want, names[i]), *here = golden_version(got, names[i]);
        if (strcmp(there, here) != 0)
            return FAIL(err, RC_MISMATCH, 0,
                        "%s is not comparable: %s is \"%s\" there, \"%s\" here", what, names[i],
                        Q(there), Q(here));
    }
    return RC_OK;
}

struct comparer {
    struct arena *arena;
    struct golden_comparison *out;
    struct err *err;
    enum rc rc;
};

static void differ(struct comparer *to, struct golden_difference difference)
{
    struct golden_difference *items =
        to->rc == RC_OK ? grow(to->arena, to->out->items, to->out->count, sizeof(*items)) : NULL;
    if (!items) {
        to->rc = to->rc == RC_OK ? out_of_memory(to->err) : to->rc;
        return;
    }
    to->out->items = items;
    items[to->out->count++] = difference;
}

/* Either side may lack the place. */
static void compare_place(struct comparer *to, const struct golden_run *run,
                          const struct golden_place *want, const struct golden_place *got)
{
    for (enum metric m = 0; m < METRIC_COUNT; m++) {
        struct golden_difference difference = {
            .data = run->data,
            .strategy = run->strategy,
            .place = golden_place_name(want ? want : got),
            .metric = metric_table[m].name,
            .want = want ? want->value[m] : NAN,
            .got = got ? got->value[m] : NAN,
        };
        bool noisy_now = got && got->noisy[m];
        if (!is_exact(m))
            continue;
        if (want && want->noisy[m]) {
            to->out->noisy++;
            continue;
        }
        if (noisy_now && isnan(difference.want)) {
            to->out->noisy++; /* a file does not hold what was noisy when it was written */
            continue;
        }
        to->out->compared += !isnan(difference.want) && !isnan(difference.got) && !noisy_now;
        if (!noisy_now && same(difference.want, difference.got))
            continue;
        difference.change = noisy_now                ? GOLDEN_NOISY
                            : isnan(difference.want) ? GOLDEN_ADDED
                            : isnan(difference.got)  ? GOLDEN_MISSING
                                                     : GOLDEN_CHANGED;
        differ(to, difference);
    }
}

static void compare_verification(struct comparer *to, const struct golden_run *want,
                                 const struct golden_run *got)
{
    to->out->compared++;
    if (strcmp(want->verification, got->verification) != 0)
        differ(to, (struct golden_difference){GOLDEN_CHANGED, want->data, want->strategy, "run",
                                              "verification", NAN, NAN});
}

static void compare_runs(struct comparer *to, const struct golden_run *want,
                         const struct golden_run *got)
{
    const struct golden_run *run = want ? want : got;
    if (want && got)
        compare_verification(to, want, got);
    for (size_t i = 0; want && i < want->place_count; i++)
        compare_place(to, run, &want->places[i],
                      find_place(got, want->places[i].kind, want->places[i].name));
    for (size_t i = 0; got && i < got->place_count; i++)
        if (!find_place(want, got->places[i].kind, got->places[i].name))
            compare_place(to, run, NULL, &got->places[i]);
}

static const struct golden_run *same_run(const struct golden *in, const struct golden_run *run)
{
    for (size_t i = 0; i < in->run_count; i++)
        if (strcmp(in->runs[i].data, run->data) == 0 &&
            strcmp(in->runs[i].strategy, run->strategy) == 0)
            return &in->runs[i];
    return NULL;
}

enum rc golden_compare(const struct golden *want, const struct golden *got, struct arena *arena,
                       struct golden_comparison *out, struct err *err)
{
    struct comparer to = {.arena = arena, .out = out, .err = err};
    *out = (struct golden_comparison){0};
    for (size_t i = 0; i < want->run_count; i++)
        compare_runs(&to, &want->runs[i], same_run(got, &want->runs[i]));
    for (size_t i = 0; i < got->run_count; i++)
        if (!same_run(want, &got->runs[i]))
            compare_runs(&to, NULL, &got->runs[i]);
    return to.rc;
}
