/* mixer.h: content put together from units, of which a share is unpackable or a repetition.
 *
 * A class gives three kinds of units of at most MIXER_UNIT_MAX bytes: natural ones, raw ones that
 * hardly compress, and copies of one of the last 64 units of the same content.  The mix says how
 * many bytes come of which: from 0 (all raw) by MIXER_NATURAL (all natural) to SAVING_MIX_ONE (all
 * but the beginning copies).  Shares are kept to within a unit at every place of the content, not
 * left to chance, so that short files save what long ones do.
 *
 * Copies are of single units, of a few hundred bytes: no chunker with chunks of 2 KiB or more finds
 * one in two places.
 */
#ifndef DATASETS_MIXER_H
#define DATASETS_MIXER_H

#include "datasets/pen.h"
#include "datasets/saving_curve.h"
#include "datasets/words.h"

#define MIXER_UNIT_MAX 1024u
#define MIXER_NATURAL  (SAVING_MIX_ONE / 2)
#define MIXER_RECENT   64u

struct mixer {
    uint64_t draw;   /* of pen_draw: units draw from it freely */
    size_t natural;  /* about how many bytes of natural units there will be */
    uint64_t own[8]; /* the class's: what it needs from one unit to the next; zero at the start */
    const struct words *words;
};

struct mixer_class {
    const char *stream; /* of the seed */
    /* Before the first unit; NULL when there is nothing to do. */
    void (*start)(struct mixer *mixer);
    /* Write a unit at `at`, where there is room for MIXER_UNIT_MAX bytes, and return its end;
     * PEN_SLACK bytes behind it may be written too. */
    uint8_t *(*natural)(struct mixer *mixer, uint8_t *at);
    uint8_t *(*raw)(struct mixer *mixer, uint8_t *at);
    /* The unit again, as far as the class repeats itself; NULL: byte for byte. */
    uint8_t *(*again)(struct mixer *mixer, struct span unit, uint8_t *at);
    /* The last `len` bytes, fewer than the unit that would follow; NULL: that unit, cut. */
    void (*finish)(struct mixer *mixer, uint8_t *at, size_t len);
};

void mixer_fill(const struct mixer_class *class, uint64_t seed, uint32_t mix, uint8_t *dst,
                size_t len);
/* `saving` by the curve, SAVING_NATURAL as it comes. */
uint32_t mixer_mix(const struct saving_curve *curve, double saving, size_t len);

/* Raw units for anyone: `len` symbols of base64 (len even, 10 at a time), random bytes. */
uint8_t *mixer_symbols(struct mixer *mixer, uint8_t *at, size_t len);
uint8_t *mixer_bytes(struct mixer *mixer, uint8_t *at, size_t len);

#endif
