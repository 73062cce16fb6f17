/* saving_curve.h: which mix of a class's content saves what is asked for, by measured tables.
 *
 * A class with the knob mixes three kinds of units (mixer.h) by one number, the mix: 0 is all
 * unpackable, SAVING_MIX_ONE nearly all repeated.  A table holds what zstd level 3 saved at
 * SAVING_POINTS mixes and SAVING_LENS lengths; it was measured once (tests/tool_saving.c made
 * saving_tables.c), so that no codec is called here and content is the same for ever.
 */
#ifndef DATASETS_SAVING_CURVE_H
#define DATASETS_SAVING_CURVE_H

#include "engine/base.h"

#define SAVING_MIX_ONE UINT32_C(65536)
#define SAVING_POINTS  33u
#define SAVING_LENS    7u
/* Lengths of the columns: 1 KiB and fourfold from there, up to 4 MiB. */
#define SAVING_LEN_FIRST_BITS 10u

struct saving_curve {
    /* In 1/10,000, by length, then by mix 0, 1/32, ... 1; rising in the mix. */
    uint16_t saved[SAVING_LENS][SAVING_POINTS];
};

/* The mix for `saving`, by interpolation between lengths and mixes; what the table does not reach
 * gives the nearest end. */
uint32_t saving_curve_mix(const struct saving_curve *curve, double saving, size_t len);

#define CURVE(symbol) extern const struct saving_curve saving_curve_##symbol;
CURVE(random)
CURVE(text)
CURVE(source)
CURVE(json)
CURVE(log)
CURVE(exe)
CURVE(sparse)
CURVE(sqlite)
#undef CURVE

#endif
