/* tool_saving: what zstd level 3 saves on every class of content, and how fast classes are made.
 *
 *   tool_saving --tables >datasets/saving_tables.c    the tables behind the knob, measured anew:
 *                                                     changes what classes make of a saving
 *   tool_saving --check       the knob: asked against measured, the worst per class and length
 *   tool_saving --speed       GB/s of fill and wrap, per class
 *   tool_saving --write CLASS SEED LEN SAVING         a file, on standard output; "natural" too
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "datasets/content_class.h"
#include "datasets/saving_curve.h"
#include "engine/clock.h"

enum { LEVEL = 3 };
#define LEN_MAX ((size_t)4 << 20)

/* What one measurement needs: plain file, payload, packed file. */
struct bench {
    uint8_t *file, *payload, *packed;
    size_t packed_cap;
    ZSTD_CCtx *zstd;
};

static struct bench bench_new(void)
{
    struct bench bench = {.packed_cap = ZSTD_compressBound(LEN_MAX)};
    bench.file = malloc(LEN_MAX);
    bench.payload = malloc(LEN_MAX);
    bench.packed = malloc(bench.packed_cap);
    bench.zstd = ZSTD_createCCtx();
    CHECK(bench.file && bench.payload && bench.packed && bench.zstd);
    return bench;
}

static void bench_free(struct bench *bench)
{
    free(bench->file);
    free(bench->payload);
    free(bench->packed);
    ZSTD_freeCCtx(bench->zstd);
}

/* By the mix when `saving` is NAN: then the payload alone. */
static void make(struct bench *bench, const struct content_class *class, uint64_t seed,
                 uint32_t mix, double saving, size_t len)
{
    bool wrapped = class->wrap && len >= class->len_min && !isnan(saving);
    size_t plain = wrapped ? class->payload_len(len) : len;
    uint8_t *to = wrapped ? bench->payload : bench->file;
    if (isnan(saving))
        class->mix(seed, mix, to, plain);
    else
        class->fill(seed, saving, to, plain);
    if (wrapped)
        class->wrap(seed, span_of(to, plain), bench->file, len);
}

static double saving_of(struct bench *bench, size_t len)
{
    size_t packed =
        ZSTD_compressCCtx(bench->zstd, bench->packed, bench->packed_cap, bench->file, len, LEVEL);
    CHECK(!ZSTD_isError(packed));
    return 1.0 - (double)packed / (double)len;
}

static size_t column_len(unsigned column)
{
    return (size_t)1 << (SAVING_LEN_FIRST_BITS + 2 * column);
}

static double mean_saving(struct bench *bench, const struct content_class *class, uint32_t mix,
                          size_t len)
{
    unsigned seeds = len <= 64 * KIB ? 64 : 4;
    double sum = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        make(bench, class, 1000003 * (uint64_t)seed + len, mix, NAN, len);
        sum += saving_of(bench, len);
    }
    return sum / seeds;
}

static void print_table(struct bench *bench, const struct content_class *class)
{
    printf("\nconst struct saving_curve saving_curve_%s = {{\n", class->name);
    for (unsigned column = 0; column < SAVING_LENS; column++) {
        long before = 0;
        printf("    {");
        for (unsigned point = 0; point < SAVING_POINTS; point++) {
            uint32_t mix = point * (SAVING_MIX_ONE / (SAVING_POINTS - 1));
            long saved = lround(10000 * mean_saving(bench, class, mix, column_len(column)));
            before = saved > before ? saved : before;
            printf("%s%ld", point ? ", " : "", before);
        }
        printf("},\n");
    }
    printf("}};\n");
}

static void tables(struct bench *bench)
{
    printf(
        "/* saving_tables.c: measured by `build/release/tests/tool_saving --tables` with zstd %s, "
        "then\n * formatted; do not edit. */\n"
        "#include \"datasets/saving_curve.h\"\n",
        ZSTD_versionString());
    for (size_t i = 0; i < content_class_count(); i++)
        if (content_class_at(i)->mix)
            print_table(bench, content_class_at(i));
}

static void check_class(struct bench *bench, const struct content_class *class)
{
    static const size_t lens[] = {4 << 10,   16 << 10, 40000,   64 << 10, 150000,
                                  256 << 10, 1 << 20,  2500000, 4 << 20};
    printf("%-8s natural %.3f:", class->name, class->natural);
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        make(bench, class, 1, 0, SAVING_NATURAL, lens[i]);
        printf(" %.3f", saving_of(bench, lens[i]));
    }
    printf("\n         worst difference %.2f..%.2f:", class->saving_min, class->saving_max);
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        double worst = 0, where = 0;
        for (unsigned step = 0; step <= 20; step++)
            for (unsigned seed = 0; seed < (lens[i] > MIB / 4 ? 2u : 8u); seed++) {
                double asked =
                    class->saving_min + (class->saving_max - class->saving_min) * step / 20;
                make(bench, class, 77 * seed + step, 0, asked, lens[i]);
                double off = saving_of(bench, lens[i]) - asked;
                if (fabs(off) > fabs(worst)) {
                    worst = off;
                    where = asked;
                }
            }
        printf(" %+.3f(%.2f)", worst, where);
    }
    printf("\n");
}

static double speed_of(struct bench *bench, const struct content_class *class, double saving,
                       size_t len)
{
    uint64_t bytes = 0, elapsed;
    make(bench, class, 1, 0, saving, len);
    uint64_t start = clock_cpu().total_ns;
    do {
        make(bench, class, bytes, 0, saving, len);
        bytes += len;
        elapsed = clock_cpu().total_ns - start;
    } while (elapsed < 100000000);
    return (double)bytes / (double)elapsed;
}

static void speed(struct bench *bench)
{
    printf("%-8s %9s %9s %9s %9s  GB/s\n", "class", "natural", "least", "most", "16 KiB");
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        printf("%-8s %9.2f", class->name, speed_of(bench, class, SAVING_NATURAL, 1 << 20));
        printf(" %9.2f", speed_of(bench, class, class->saving_min, 1 << 20));
        printf(" %9.2f", speed_of(bench, class, class->saving_max, 1 << 20));
        printf(" %9.2f\n", speed_of(bench, class, SAVING_NATURAL, 16 << 10));
    }
}

static int write_file(struct bench *bench, char **argv)
{
    const struct content_class *class = content_class_by_name(argv[0]);
    size_t len = (size_t)strtoull(argv[2], NULL, 10);
    double saving = strcmp(argv[3], "natural") == 0 ? SAVING_NATURAL : strtod(argv[3], NULL);
    if (!class || len > LEN_MAX)
        return 2;
    make(bench, class, strtoull(argv[1], NULL, 10), 0, saving, len);
    return fwrite(bench->file, 1, len, stdout) == len ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_new();
    int code = 0;
    if (argc == 2 && strcmp(argv[1], "--tables") == 0)
        tables(&bench);
    else if (argc == 2 && strcmp(argv[1], "--check") == 0)
        for (size_t i = 0; i < content_class_count(); i++) {
            if (content_class_at(i)->knob)
                check_class(&bench, content_class_at(i));
        }
    else if (argc == 2 && strcmp(argv[1], "--speed") == 0)
        speed(&bench);
    else if (argc == 6 && strcmp(argv[1], "--write") == 0)
        code = write_file(&bench, argv + 2);
    else
        code = 2;
    if (code == 2)
        fprintf(stderr, "usage: tool_saving --tables | --check | --speed | --write CLASS SEED LEN "
                        "SAVING\n");
    bench_free(&bench);
    return code;
}
