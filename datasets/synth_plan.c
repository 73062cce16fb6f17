/* synth_plan.c: sizes, classes and copies of the base files, by bookkeeping, not by chance. */
#include "datasets/synth.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/edit.h"

/* A fork's edit is at most this part of it, so that it does not spoil the asked share. */
#define FORK_PART       128
#define BIMODAL_ONE_IN  10
#define RENAMED_ONE_IN  10
#define LOG2_OF_E       1.4426950408889634
#define NORMAL_UNIFORMS 12

/* ---- memory --------------------------------------------------------------------------------- */

void synth_plan_release(struct synth *synth)
{
    free(synth->content_of);
    free(synth->original_of);
    free(synth->size_of);
    free(synth->class_of);
    synth->content_of = synth->original_of = synth->size_of = NULL;
    synth->class_of = NULL;
}

static enum rc no_memory(struct synth *synth)
{
    return FAIL(synth->base.err, RC_NOMEM, 0, "no memory for the plan of %" PRIu64 " files",
                synth->files);
}

static enum rc plan_allocate(struct synth *synth)
{
    size_t files = (size_t)synth->files;
    synth->content_of = calloc(files, sizeof(*synth->content_of));
    synth->original_of = calloc(files, sizeof(*synth->original_of));
    synth->size_of = calloc(files, sizeof(*synth->size_of));
    synth->class_of = calloc(files, sizeof(*synth->class_of));
    bool ok = synth->content_of != NULL && synth->original_of != NULL && synth->size_of != NULL &&
              synth->class_of != NULL;
    return ok ? RC_OK : no_memory(synth);
}

/* ---- sizes and classes ----------------------------------------------------------------------- */

/* 2^x by square roots and products only, which IEEE 754 rounds the same everywhere: the C library's
 * exponentials may differ between machines. */
static double power_of_two(double x)
{
    double whole = floor(x), rest = x - whole, root = 2, power = 1;
    for (int bit = 0; bit < 40; bit++) {
        root = sqrt(root);
        rest *= 2;
        if (rest >= 1) {
            rest -= 1;
            power *= root;
        }
    }
    return ldexp(power, (int)whole);
}

/* Normal for our purpose: the sum of twelve uniforms less six; exact up to about 3 deviations. */
static double normal(struct rng *rng)
{
    double sum = 0;
    for (int i = 0; i < NORMAL_UNIFORMS; i++)
        sum += rng_unit(rng);
    return sum - NORMAL_UNIFORMS / 2;
}

static uint32_t cut(double size, uint64_t low, uint64_t high)
{
    if (size < (double)low)
        return (uint32_t)low;
    return size > (double)high ? (uint32_t)high : (uint32_t)size;
}

/* Scaled so that the mean is `size` before sizes are cut to size_min..size_max. */
static enum rc draw_lognormal(struct synth *synth, struct rng *rng)
{
    double *weights = calloc(synth->contents, sizeof(*weights)), sum = 0;
    if (weights == NULL)
        return no_memory(synth);
    for (uint32_t i = 0; i < synth->contents; i++) {
        double exponent = normal(rng) * synth->spread;
        exponent *= LOG2_OF_E;
        weights[i] = power_of_two(exponent);
        sum += weights[i];
    }
    double scale = (double)synth->size * (double)synth->contents;
    scale /= sum;
    for (uint32_t i = 0; i < synth->contents; i++)
        synth->size_of[i] = cut(weights[i] * scale + 0.5, synth->size_min, synth->size_max);
    free(weights);
    return RC_OK;
}

/* Size number `turn` of a shuffled sequence: counts are exact, order is chance. */
static uint32_t size_of_turn(const struct synth *synth, uint32_t turn)
{
    if (synth->sizes == SIZES_BIMODAL) {
        uint32_t large = (synth->contents + BIMODAL_ONE_IN / 2) / BIMODAL_ONE_IN;
        return (uint32_t)(turn < large ? synth->size_max : synth->size_min);
    }
    if (synth->sizes == SIZES_LADDER) {
        unsigned rungs = 1;
        while (synth->size_min << rungs <= synth->size_max)
            rungs++;
        return (uint32_t)(synth->size_min << turn % rungs);
    }
    return (uint32_t)synth->size;
}

/* `turns` has room for one number per content. */
static enum rc draw_sizes(struct synth *synth, uint32_t *turns)
{
    struct rng rng = rng_stream(synth->base.seed, "synth.size", synth->contents);
    if (synth->sizes == SIZES_LOGNORMAL)
        return draw_lognormal(synth, &rng);
    rng_permutation(&rng, turns, synth->contents);
    for (uint32_t i = 0; i < synth->contents; i++)
        synth->size_of[i] = size_of_turn(synth, turns[i]);
    return RC_OK;
}

static void draw_classes(struct synth *synth, uint32_t *turns)
{
    struct rng rng = rng_stream(synth->base.seed, "synth.class", synth->contents);
    rng_permutation(&rng, turns, synth->contents);
    for (uint32_t i = 0; i < synth->contents; i++)
        synth->class_of[i] = (uint8_t)(turns[i] % synth->class_count);
}

/* ---- copies ---------------------------------------------------------------------------------- */

struct by_size {
    uint32_t size, content;
};

static int compare_by_size(const void *a, const void *b)
{
    const struct by_size *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->content < y->content ? -1 : x->content > y->content;
}

/* The content whose size is nearest to `size`. */
static uint32_t nearest_size(const struct by_size *sorted, uint32_t count, double size)
{
    uint32_t low = 0, high = count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle].size < size)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && size - sorted[low - 1].size < sorted[low].size - size)
        low--;
    return sorted[low].content;
}

/* What the copies are copies of: drawn at random, then some exchanged until they have `target`
 * bytes together, as nearly as single exchanges bring them there.  Returns their bytes. */
static double choose_sources(struct synth *synth, const struct by_size *sorted, double target)
{
    struct rng rng = rng_stream(synth->base.seed, "synth.source", synth->contents);
    double sum = 0;
    for (uint64_t i = synth->contents; i < synth->files; i++) {
        synth->content_of[i] = (uint32_t)rng_below(&rng, synth->contents);
        sum += synth->size_of[synth->content_of[i]];
    }
    for (uint64_t i = synth->contents; i < synth->files && sum != target; i++) {
        double own = synth->size_of[synth->content_of[i]];
        uint32_t other = nearest_size(sorted, synth->contents, own + (target - sum));
        double changed = sum - own + synth->size_of[other];
        if (fabs(target - changed) < fabs(target - sum)) {
            synth->content_of[i] = other;
            sum = changed;
        }
    }
    return sum;
}

/* Copies are anywhere among the files; the first file of a content is its original. */
static void place_files(struct synth *synth, uint32_t *turns)
{
    struct rng rng = rng_stream(synth->base.seed, "synth.place", synth->contents);
    uint32_t files = (uint32_t)synth->files;
    for (uint32_t i = 0; i < synth->contents; i++) {
        synth->content_of[i] = i;
        synth->original_of[i] = files;
    }
    rng_permutation(&rng, turns, files);
    for (uint32_t i = 0; i < files; i++)
        turns[i] = synth->content_of[turns[i]];
    memcpy(synth->content_of, turns, files * sizeof(*turns));
    for (uint32_t i = files; i-- > 0;)
        synth->original_of[synth->content_of[i]] = i;
}

/* ---- what a file is made of ------------------------------------------------------------------ */

static struct synth_origin origin_of_content(const struct synth *synth, uint64_t seed, size_t size,
                                             size_t class)
{
    struct synth_origin origin = {.class = synth->classes[class], .seed = seed, .size = size};
    if (size < origin.class->len_min)
        origin.class = synth->plain;
    origin.payload = origin.class->payload_len ? origin.class->payload_len(size) : size;
    return origin;
}

static struct synth_origin origin_of_copy(const struct synth *synth, uint32_t content,
                                          uint32_t file)
{
    struct rng rng = rng_stream(synth->base.seed, "synth.bytes", content);
    struct synth_origin origin =
        origin_of_content(synth, rng_u64(&rng), synth->size_of[content], synth->class_of[content]);
    if (synth->original_of[content] == file)
        return origin;
    static const enum synth_origin_kind kinds[] = {
        [DUP_EXACT] = ORIGIN_FILL, [DUP_SHIFTED] = ORIGIN_SHIFTED, [DUP_FORKS] = ORIGIN_FORK};
    origin.kind = kinds[synth->dup_kind];
    origin.known = synth->dup_kind == DUP_EXACT;
    origin.file = file;
    return origin;
}

struct synth_origin synth_origin(const struct synth *synth, uint32_t file)
{
    uint32_t files = (uint32_t)synth->files;
    if (file < files)
        return origin_of_copy(synth, synth->content_of[file], file);
    struct rng rng = rng_stream(synth->base.seed, "synth.insert", file);
    uint32_t other = (uint32_t)rng_below(&rng, files);
    bool renamed = synth->edit == EDIT_MIX && rng_below(&rng, RENAMED_ONE_IN) == 0;
    if (synth->edit == EDIT_RENAME || renamed) {
        if (!renamed)
            other = (file - files) % files;
        struct synth_origin origin = origin_of_copy(synth, synth->content_of[other], other);
        origin.known = true;
        return origin;
    }
    if (rng_below(&rng, files) < files - synth->contents)
        return origin_of_copy(synth, synth->content_of[other], file);
    uint32_t size = synth->size_of[rng_below(&rng, synth->contents)];
    uint8_t class = synth->class_of[rng_below(&rng, synth->contents)];
    return origin_of_content(synth, rng_u64(&rng), size, class);
}

struct geometry_splice synth_fork(const struct synth *synth, const struct synth_origin *origin,
                                  struct rng *rng)
{
    static const enum geometry_kind kinds[] = {GEOMETRY_OVERWRITE, GEOMETRY_INSERT,
                                               GEOMETRY_DELETE};
    size_t most = origin->payload / FORK_PART > 0 ? origin->payload / FORK_PART : 1;
    struct geometry geometry = {
        .kind = kinds[rng_below(rng, COUNT_OF(kinds))],
        .locality = (enum geometry_locality)synth->locality,
        .centre = (uint32_t)rng_u64(rng),
        .size = synth->edit_size < most ? (size_t)synth->edit_size : most,
        /* Of the file: a fork never outgrows what its original may have. */
        .len_max = origin->class->payload_len ? origin->class->payload_len(BLOB_BYTES_MAX)
                                              : BLOB_BYTES_MAX,
    };
    return geometry_draw(&geometry, rng, origin->payload);
}

/* ---- the asked share ------------------------------------------------------------------------- */

/* The share of all base bytes that copies repeat; for shifted copies, also how much of each. */
static double measure_share(struct synth *synth)
{
    double all = 0, copies = 0, lost = 0;
    for (uint32_t file = 0; file < synth->files; file++) {
        struct synth_origin origin = synth_origin(synth, file);
        double size = (double)origin.size;
        if (synth->original_of[synth->content_of[file]] != file) {
            copies += size;
            if (origin.kind == ORIGIN_FORK) {
                struct rng rng = edit_stream(synth->base.seed, "synth.fork", file, 0);
                struct geometry_splice fork = synth_fork(synth, &origin, &rng);
                lost += (double)fork.removed;
                size += (double)fork.added - (double)fork.removed;
            }
        }
        all += size;
    }
    if (all == 0)
        return 0;
    synth->copied = 1;
    if (synth->dup_kind == DUP_SHIFTED && copies > synth->dup * all)
        synth->copied = synth->dup * all / copies;
    return (copies - lost) * synth->copied / all;
}

/* A plan with this many contents; how far it is from the asked share. */
static enum rc plan_with(struct synth *synth, uint32_t contents, double rate, double *share)
{
    uint32_t *turns = calloc((size_t)synth->files, sizeof(*turns));
    struct by_size *sorted = calloc(contents, sizeof(*sorted));
    enum rc rc = turns != NULL && sorted != NULL ? RC_OK : no_memory(synth);
    synth->contents = contents;
    if (rc == RC_OK)
        rc = draw_sizes(synth, turns);
    if (rc == RC_OK) {
        double all = 0;
        for (uint32_t i = 0; i < contents; i++) {
            sorted[i] = (struct by_size){synth->size_of[i], i};
            all += synth->size_of[i];
        }
        qsort(sorted, contents, sizeof(*sorted), compare_by_size);
        draw_classes(synth, turns);
        /* rate = copies / (all + copies); everything a duplicate: as much as there can be. */
        double most = (double)(synth->files - contents) * sorted[contents - 1].size;
        double target = rate < 1 ? all * rate / (1 - rate) : most;
        choose_sources(synth, sorted, target);
        place_files(synth, turns);
        *share = measure_share(synth);
    }
    free(turns);
    free(sorted);
    return rc;
}

/* Shifted copies are not copied whole: sqrt(dup) of the bytes are in copies of which sqrt(dup) is
 * copied, so that few duplicates are pieces and many are whole files. */
enum rc synth_plan(struct synth *synth)
{
    synth_plan_release(synth);
    enum rc rc = plan_allocate(synth);
    if (rc != RC_OK)
        return rc;
    double rate = synth->dup_kind == DUP_SHIFTED ? sqrt(synth->dup) : synth->dup;
    int64_t files = (int64_t)synth->files;
    int64_t middle = (int64_t)((double)files * (1 - rate) + 0.5), best = 0;
    double best_share = 0, best_error = INFINITY;
    static const int steps[] = {0, 1, -1, 2, -2};
    for (size_t i = 0; i < COUNT_OF(steps) && best_error > SYNTH_TOLERANCE / 10; i++) {
        int64_t contents = middle + steps[i];
        contents = contents < 1 ? 1 : contents > files ? files : contents;
        double share;
        rc = plan_with(synth, (uint32_t)contents, rate, &share);
        if (rc != RC_OK)
            return rc;
        if (fabs(share - synth->dup) < best_error) {
            best = contents;
            best_share = share;
            best_error = fabs(share - synth->dup);
        }
    }
    if (best_error > SYNTH_TOLERANCE)
        return FAIL(synth->base.err, RC_USAGE, 0,
                    "synth: dup=%.4g%% cannot be met within 2 points with files=%" PRIu64
                    ": the nearest is %.1f%%",
                    synth->dup * 100, synth->files, best_share * 100);
    return synth->contents == best ? RC_OK : plan_with(synth, (uint32_t)best, rate, &best_share);
}
