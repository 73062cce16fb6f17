#include "datasets/saving_curve.h"

#define SCALE_BITS 20u

/* Where a length lies: above column `column` by `fraction` / 256 of the way to the next one. */
struct place {
    unsigned column, fraction;
};

static struct place place_of(size_t len)
{
    unsigned column = 0;
    if (len >> SAVING_LEN_FIRST_BITS == 0)
        return (struct place){0, 0};
    while (len >> (SAVING_LEN_FIRST_BITS + 2 * column) >= 4)
        if (++column == SAVING_LENS - 1)
            return (struct place){SAVING_LENS - 2, 256};
    /* One to four times the column's length, in 1/256: its logarithm by two straight lines. */
    unsigned times = (unsigned)(((uint64_t)len << 8) >> (SAVING_LEN_FIRST_BITS + 2 * column));
    return (struct place){column, times < 512 ? (times - 256) / 2 : 128 + (times - 512) / 4};
}

/* Savings in 1/2^20: doubles times a power of two are exact on every machine. */
static uint64_t scaled(double saving)
{
    if (!(saving > 0))
        return 0;
    return saving < 1 ? (uint64_t)(saving * (double)(1u << SCALE_BITS)) : 1u << SCALE_BITS;
}

static uint64_t saved_at(const struct saving_curve *curve, struct place place, unsigned point)
{
    uint64_t low = curve->saved[place.column][point], high = curve->saved[place.column + 1][point];
    return ((low * (256 - place.fraction) + high * place.fraction) << SCALE_BITS) / (256 * 10000);
}

uint32_t saving_curve_mix(const struct saving_curve *curve, double saving, size_t len)
{
    struct place place = place_of(len);
    uint64_t wanted = scaled(saving), before = saved_at(curve, place, 0);
    uint64_t step = SAVING_MIX_ONE / (SAVING_POINTS - 1);
    if (before >= wanted)
        return 0;
    for (unsigned point = 1; point < SAVING_POINTS; point++) {
        uint64_t saved = saved_at(curve, place, point);
        if (saved >= wanted)
            return (uint32_t)((point - 1) * step + (wanted - before) * step / (saved - before));
        before = saved;
    }
    return SAVING_MIX_ONE;
}
