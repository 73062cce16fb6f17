/* class_png.c: PNG pictures (RFC 2083): RGB noise, 8 bits a channel, in stored deflate blocks.
 *
 *   signature, IHDR, IDAT..., npAD, IEND
 *
 * A picture is a stream of rows, one filter byte (none) and a payload of stride - 1 bytes each; the
 * last is filled up with noise.  Each IDAT holds one stored block of 32 KiB of rows, so that an
 * overwritten byte changes its own, the checksum of its IDAT and, at the end, the Adler-32 of all
 * with the checksum of the last IDAT.  What is left of the file is noise in the private chunk npAD
 * ("ancillary, private, safe to copy").
 *
 * Rows grow with pictures, in five steps: versions on both sides of a step share nothing.  Bytes
 * behind an insertion move through the rows: at every row one byte of the payload stands where the
 * other version has its filter byte, so that only stretches shorter than a row are shared.  As in
 * any PNG, where all behind an edit is encoded anew.
 */
#include <libdeflate.h>

#include <string.h>

#include "datasets/container.h"
#include "datasets/content_class.h"

#define BLOCK_LEN     ((size_t)32768) /* of rows in one IDAT */
#define CHUNK_OUT     ((size_t)12)    /* length, type, CRC-32 */
#define BLOCK_HEAD    ((size_t)5)
#define ZLIB_HEAD     ((size_t)2)
#define ZLIB_TAIL     ((size_t)4)
#define IHDR_LEN      ((size_t)13)
#define SIGNATURE     "\x89PNG\r\n\x1a\n"
#define SIGNATURE_LEN ((size_t)8)
/* All but rows and IDATs: signature, IHDR, npAD, IEND. */
#define FRAME_LEN (SIGNATURE_LEN + CHUNK_OUT + IHDR_LEN + CHUNK_OUT + CHUNK_OUT)
#define STEPS     5

/* Powers of two that are 1 (the filter byte) more than a multiple of 3 (a pixel), and divide
 * BLOCK_LEN; each holds for pictures of at most `rows` rows, whose bytes are a whole number of rows
 * of the next: so a longer payload never makes a shorter file. */
static const struct step {
    size_t stride, rows;
} steps[STEPS] = {{64, 96}, {256, 384}, {1024, 1536}, {4096, 6144}, {16384, SIZE_MAX / 32768}};

struct picture {
    size_t stride, rows;
};

static struct picture picture_of(size_t payload_len)
{
    const struct step *step = steps;
    while (payload_len > step->rows * (step->stride - 1))
        step++;
    size_t per_row = step->stride - 1, rows = (payload_len + per_row - 1) / per_row;
    return (struct picture){step->stride, rows > 0 ? rows : 1};
}

static size_t len_of(struct picture picture)
{
    size_t bytes = picture.stride * picture.rows, blocks = (bytes + BLOCK_LEN - 1) / BLOCK_LEN;
    return FRAME_LEN + ZLIB_HEAD + ZLIB_TAIL + bytes + blocks * (CHUNK_OUT + BLOCK_HEAD);
}

static size_t png_file_len(size_t payload_len)
{
    return len_of(picture_of(payload_len));
}

static size_t png_payload_len(size_t file_len)
{
    return container_payload_len(png_file_len, file_len);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Returns the chunk's type, where its checksum begins. */
static uint8_t *chunk_begin(struct container_out *out, const char *type, size_t len)
{
    container_be(out, len, 4);
    uint8_t *start = out->at;
    container_text(out, type);
    return start;
}

static void chunk_end(struct container_out *out, const uint8_t *start)
{
    container_be(out, libdeflate_crc32(0, start, (size_t)(out->at - start)), 4);
}

static void write_header(struct container_out *out, struct picture picture)
{
    container_bytes(out, SIGNATURE, SIGNATURE_LEN);
    uint8_t *start = chunk_begin(out, "IHDR", IHDR_LEN);
    container_be(out, (picture.stride - 1) / 3, 4);
    container_be(out, picture.rows, 4);
    container_bytes(out, "\x08\x02\0\0", 5); /* 8 bits, RGB, deflate, filters, not interlaced */
    chunk_end(out, start);
}

/* `len` bytes of rows from the payload's next bytes, and noise when they are used up. */
static void write_rows(struct container_out *out, size_t stride, size_t len, struct span *payload,
                       struct container_noise *noise)
{
    for (; len > 0; len -= stride) {
        uint8_t *row = container_take(out, stride);
        size_t used = payload->len < stride - 1 ? payload->len : stride - 1;
        row[0] = 0;
        if (used > 0) {
            memcpy(row + 1, payload->ptr, used);
            *payload = span_of(payload->ptr + used, payload->len - used);
        }
        container_noise_fill(noise, row + 1 + used, stride - 1 - used);
    }
}

static void write_picture(struct container_out *out, struct picture picture, struct span payload,
                          struct container_noise *noise)
{
    size_t left = picture.stride * picture.rows;
    uint32_t adler = libdeflate_adler32(0, NULL, 0);
    for (bool first = true; left > 0; first = false) {
        size_t len = left < BLOCK_LEN ? left : BLOCK_LEN;
        bool last = len == left;
        uint8_t *start = chunk_begin(
            out, "IDAT", (first ? ZLIB_HEAD : 0) + BLOCK_HEAD + len + (last ? ZLIB_TAIL : 0));
        if (first)
            container_be(out, 0x7801, ZLIB_HEAD); /* 32 KiB window, fastest; a multiple of 31 */
        container_le(out, last, 1);
        container_le(out, len, 2);
        container_le(out, ~len, 2);
        const uint8_t *rows = out->at;
        write_rows(out, picture.stride, len, &payload, noise);
        adler = libdeflate_adler32(adler, rows, len);
        if (last)
            container_be(out, adler, ZLIB_TAIL);
        chunk_end(out, start);
        left -= len;
    }
}

static void png_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    struct picture picture = picture_of(payload.len);
    CHECK(len_of(picture) <= file_len);
    size_t pad = file_len - len_of(picture);
    struct container_out out = {dst, dst + file_len};
    struct container_noise noise = container_noise(seed, "class.png.pad");
    write_header(&out, picture);
    write_picture(&out, picture, payload, &noise);
    uint8_t *start = chunk_begin(&out, "npAD", pad);
    container_noise_fill(&noise, container_take(&out, pad), pad);
    chunk_end(&out, start);
    chunk_end(&out, chunk_begin(&out, "IEND", 0));
    CHECK(out.at == out.end);
}

static void png_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.png");
    (void)saving;
    container_noise_fill(&noise, dst, len);
}

const struct content_class class_png = {
    .name = "png",
    .extension = "png",
    .summary = "PNG pictures of noise in stored blocks",
    .len_min = FRAME_LEN + CHUNK_OUT + ZLIB_HEAD + BLOCK_HEAD + 64 + ZLIB_TAIL,
    .fill = png_fill,
    .payload_len = png_payload_len,
    .file_len = png_file_len,
    .wrap = png_wrap,
};
