/* class_jpeg.c: JPEG pictures (ITU-T T.81, baseline, grey) whose scan is the payload itself.
 *
 *   SOI, APP0 (JFIF), DQT, SOF0, DHT (DC), DHT (AC), SOS, scan, COM..., EOI
 *
 * In both Huffman tables every byte but 0xFF is a code: 255 codes of eight bits (all ones is not
 * allowed).  All codes of one table mean the same: DC "as in the block before", AC "six zeros, then
 * a coefficient of eight bits", which follow as one more byte.  So every block is 19 bytes, 1 + 9
 * * (1 + 1), whatever their values, and any bytes without 0xFF are a valid scan that needs no
 * stuffing.  0xFF in the payload becomes 0xFE.  What a decoder sees is nine coefficients of noise a
 * block, around middle grey: 2.4 bits a pixel, about what a good camera writes.
 *
 * The payload stands in one piece at a fixed place.  A picture has as many rows of blocks as it
 * takes, the last filled up with noise.  An edit changes its own bytes and at most the four
 * of the picture's sides before them; what is inserted moves the bytes behind it and changes none.
 */
#include <string.h>

#include "datasets/container.h"
#include "datasets/content_class.h"

#define BLOCK_LEN      ((size_t)19)
#define BLOCK_SIDE     ((size_t)8)
#define DOWN_MAX       ((size_t)8187) /* blocks: readers take 65,500 pixels */
#define CODES          ((size_t)255)
#define DHT_LEN        (2 + 2 + 1 + 16 + CODES)
#define HEAD_LEN       (2 + 18 + 69 + 13 + 2 * DHT_LEN + 10)
#define END_LEN        ((size_t)2)
#define COMMENT_OUT    ((size_t)4) /* marker and length */
#define COMMENT_MAX    ((size_t)65533)
#define ZEROS_AND_BITS 0x68 /* AC: run 6, size 8 */
#define ONES           UINT64_C(0x0101010101010101)

static struct container_sides sides_for(size_t payload_len)
{
    size_t blocks = (payload_len + BLOCK_LEN - 1) / BLOCK_LEN;
    struct container_sides sides = container_sides_above(blocks > 0 ? blocks : 1);
    CHECK(sides.down <= DOWN_MAX);
    return sides;
}

static size_t scan_len(struct container_sides sides)
{
    return sides.across * sides.down * BLOCK_LEN;
}

static size_t jpeg_file_len(size_t payload_len)
{
    return HEAD_LEN + scan_len(sides_for(payload_len)) + COMMENT_OUT + END_LEN;
}

static size_t jpeg_payload_len(size_t file_len)
{
    CHECK(file_len >= jpeg_file_len(0));
    size_t room = file_len - HEAD_LEN - COMMENT_OUT - END_LEN;
    struct container_sides sides = container_sides_below(room / BLOCK_LEN);
    if (sides.down > DOWN_MAX) /* 637 MB: the rest is comments */
        sides.down = DOWN_MAX;
    return scan_len(sides);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_codes(struct container_out *out, unsigned table, uint8_t symbol)
{
    container_be(out, 0xffc4, 2);
    container_be(out, DHT_LEN - 2, 2);
    container_be(out, table, 1);
    for (unsigned bits = 1; bits <= 16; bits++)
        container_be(out, bits == 8 ? CODES : 0, 1);
    container_fill(out, symbol, CODES);
}

static void write_head(struct container_out *out, struct container_sides sides)
{
    container_be(out, 0xffd8, 2);
    container_be(out, 0xffe0, 2);
    container_be(out, 16, 2);
    container_bytes(out, "JFIF\0\1\1\1\0\110\0\110\0", 14); /* 1.1, 72 dots an inch, no thumbnail */
    container_be(out, 0xffdb, 2);
    container_be(out, 67, 2);
    container_be(out, 0, 1);
    container_fill(out, 1, 64); /* coefficients as they stand */
    container_be(out, 0xffc0, 2);
    container_be(out, 11, 2);
    container_be(out, 8, 1); /* bits of a sample */
    container_be(out, sides.down * BLOCK_SIDE, 2);
    container_be(out, sides.across * BLOCK_SIDE, 2);
    container_bytes(out, "\1\1\x11\0", 4); /* one component: 1, not subsampled, table 0 */
    write_codes(out, 0x00, 0);
    write_codes(out, 0x10, ZEROS_AND_BITS);
    container_be(out, 0xffda, 2);
    container_be(out, 8, 2);
    container_bytes(out, "\1\1\0\0\x3f\0", 6); /* component 1, tables 0, all coefficients */
}

/* Bytes of 0xFF become 0xFE: adding 1 to the low seven bits carries into the top one. */
static uint64_t without_ff(uint64_t word)
{
    uint64_t ff = ((word & ~(ONES << 7)) + ONES) & word & (ONES << 7);
    return word ^ ff >> 7;
}

static void write_scan(struct container_out *out, struct span bytes)
{
    uint8_t *at = container_take(out, bytes.len);
    size_t i = 0;
    for (; i + 8 <= bytes.len; i += 8)
        container_store(at + i, without_ff(container_load(bytes.ptr + i)));
    for (; i < bytes.len; i++)
        at[i] = bytes.ptr[i] == 0xff ? 0xfe : bytes.ptr[i];
}

/* Without 0xFF in comments, too: some readers look for markers in them. */
static void write_noise(struct container_out *out, struct container_noise *noise, size_t len)
{
    uint8_t bytes[256];
    while (len > 0) {
        size_t part = len < sizeof(bytes) ? len : sizeof(bytes);
        container_noise_fill(noise, bytes, part);
        write_scan(out, span_of(bytes, part));
        len -= part;
    }
}

/* Comments of together `len` bytes with their headers: all full but the last two, which share what
 * is left so that the last is no shorter than a header. */
static void write_comments(struct container_out *out, struct container_noise *noise, size_t len)
{
    while (len > 0) {
        size_t part = len < COMMENT_OUT + COMMENT_MAX ? len : COMMENT_OUT + COMMENT_MAX;
        if (len > part && len - part < COMMENT_OUT)
            part -= COMMENT_OUT;
        container_be(out, 0xfffe, 2);
        container_be(out, part - 2, 2);
        write_noise(out, noise, part - COMMENT_OUT);
        len -= part;
    }
}

static void jpeg_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    struct container_sides sides = sides_for(payload.len);
    size_t len = scan_len(sides);
    CHECK(HEAD_LEN + len + COMMENT_OUT + END_LEN <= file_len);
    struct container_out out = {dst, dst + file_len};
    struct container_noise noise = container_noise(seed, "class.jpeg.pad");
    write_head(&out, sides);
    write_scan(&out, payload);
    write_noise(&out, &noise, len - payload.len);
    write_comments(&out, &noise, file_len - HEAD_LEN - len - END_LEN);
    container_be(&out, 0xffd9, 2);
    CHECK(out.at == out.end);
}

static void jpeg_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.jpeg");
    (void)saving;
    container_noise_fill(&noise, dst, len);
}

const struct content_class class_jpeg = {
    .name = "jpeg",
    .extension = "jpg",
    .summary = "JPEG pictures whose every scan byte is a code",
    .len_min = HEAD_LEN + BLOCK_LEN + COMMENT_OUT + END_LEN,
    .fill = jpeg_fill,
    .payload_len = jpeg_payload_len,
    .file_len = jpeg_file_len,
    .wrap = jpeg_wrap,
};
