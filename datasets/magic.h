/* magic.h: the four media types that generators imitate, in the order they cycle.
 *
 * gif (6 bytes), png (8), mp4 (12: an ftyp box of brand mp42), jpg (10: SOI and a JFIF APP0).
 * Pure functions over a constant table.
 */
#ifndef DATASETS_MAGIC_H
#define DATASETS_MAGIC_H

#include "engine/base.h"

struct magic {
    const char *extension;
    uint8_t bytes[12];
    size_t len;
};

/* Type number index mod 4; never NULL. */
const struct magic *magic_of(uint32_t index);
/* Overwrite the start of dst, as much of the magic as fits; returns the bytes written. */
size_t magic_write(const struct magic *magic, uint8_t *dst, size_t dst_len);

#endif
