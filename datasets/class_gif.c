/* class_gif.c: GIF pictures (version 89a) of 256 colours whose LZW codes are the payload itself.
 *
 *   header, palette (noise), image: LZW stream in blocks of 255 bytes, comment (noise), trailer
 *
 * The stream begins with a clear code; codes grow from 9 to 12 bits while the dictionary fills, and
 * from code 3,840 on, 5,408 bytes into the stream, all 4,096 entries exist and stay: every twelve
 * bits but the codes clear and end are a valid code.  The payload's bytes are these codes:
 *
 *   - the first 5,399 bytes are taken while the dictionary grows.  Of every code the highest bit is
 *     cleared, so that it names what exists already, and a string of the dictionary has at most
 *     one pixel more than those of the codes that are a bit shorter: at most five;
 *   - behind that, bytes 0x00, 0x01, 0x10 and 0x11 become 0x02, 0x03, 0x12 and 0x13.  Neither clear
 *     (0x100) nor end (0x101) can be put together from the others, however the codes lie.
 *
 * A code is one to five pixels, so how many there are depends on the payload, and rows must come
 * out even.  The picture is as wide as the root of the greatest possible number; the tail, one code
 * less than that, is as many literals and pairs of pixels as it takes to fill the last row.
 *
 * An overwritten byte behind the first 5,399 changes itself and, when the number of pixels is
 * another one, some of the tail and the picture's height.  Bytes behind an insertion move through
 * the blocks: the lengths of blocks stand at other places between them, so that only stretches of
 * less than 255 bytes are shared.  As in any GIF, where all behind an edit is encoded anew.
 */
#include <string.h>

#include "datasets/container.h"
#include "datasets/content_class.h"

#define ONES        UINT64_C(0x0101010101010101)
#define BLOCK_LEN   ((size_t)255)
#define LEAD_LEN    ((size_t)9)    /* of the stream before the payload: clear, seven literals */
#define GROWTH_LEN  ((size_t)5408) /* of the stream until the dictionary is full */
#define GROWTH      3840u          /* codes in it */
#define PALETTE_LEN ((size_t)768)
#define PIXELS_MAX  5u /* of a code */
/* Header with its screen, palette, image with the size of literals and the end of its blocks. */
#define HEAD_LEN (13 + PALETTE_LEN + 10 + 1)
/* Introducer of the comment and the end of its blocks; the shortest block; trailer. */
#define COMMENT_OUT ((size_t)3)
#define COMMENT_MIN ((size_t)2)
#define TAIL_LEN    (1 + COMMENT_OUT + COMMENT_MIN + 1)

enum { CLEAR = 256, END = 257, FIRST = 258, ENTRIES = 4096 };
/* FIRST..FIRST + PAIRS - 1 are made by the lead: two literals each. */
enum { PAIRS = 6 };

/* Codes of one width, and the bytes of the stream they fill. */
static const struct width {
    unsigned bits;
    size_t codes, len;
} widths[] = {{9, 256, 288}, {10, 512, 640}, {11, 1024, 1408}, {12, SIZE_MAX, SIZE_MAX}};

/* How many codes it takes to use that many bytes of the stream. */
static size_t codes_of(size_t len)
{
    const struct width *width = widths;
    size_t codes = 0;
    for (; len > width->len; width++) {
        codes += width->codes;
        len -= width->len;
    }
    return codes + (8 * len + width->bits - 1) / width->bits;
}

static uint64_t bits_of(size_t codes)
{
    const struct width *width = widths;
    uint64_t bits = 0;
    for (; codes > width->codes; width++) {
        bits += (uint64_t)width->codes * width->bits;
        codes -= width->codes;
    }
    return bits + (uint64_t)codes * width->bits;
}

static unsigned bits_at(size_t index)
{
    const struct width *width = widths;
    for (; index >= width->codes; width++)
        index -= width->codes;
    return width->bits;
}

/* What follows from the payload's length alone. */
struct shape {
    size_t codes; /* lead and payload */
    size_t across, tail;
    size_t stream_len;
};

static struct shape shape_of(size_t payload_len)
{
    struct shape shape = {.codes = codes_of(LEAD_LEN + payload_len)};
    shape.across = container_root(PIXELS_MAX * shape.codes) + 1;
    shape.tail = shape.across - 1;
    shape.stream_len = (size_t)((bits_of(shape.codes + shape.tail + 1) + 7) / 8);
    return shape;
}

static size_t len_of(const struct shape *shape)
{
    size_t blocks = (shape->stream_len + BLOCK_LEN - 1) / BLOCK_LEN;
    return HEAD_LEN + shape->stream_len + blocks + TAIL_LEN;
}

static size_t gif_file_len(size_t payload_len)
{
    struct shape shape = shape_of(payload_len);
    return len_of(&shape);
}

static size_t gif_payload_len(size_t file_len)
{
    return container_payload_len(gif_file_len, file_len);
}

/* ---- codes ----------------------------------------------------------------------------------- */

/* Bytes of 0x00, 0x01, 0x10 and 0x11, those without any bit of 0xEE, get the bit 0x02: adding 0x7F
 * to the low seven bits carries into the top one unless they are zero. */
static uint64_t without_controls(uint64_t word)
{
    uint64_t some = word & 0xee * ONES;
    uint64_t set = ((some & 0x7f * ONES) + 0x7f * ONES) | some;
    return word | (~set & 0x80 * ONES) >> 6;
}

static uint8_t byte_without_controls(uint8_t byte)
{
    return (uint8_t)without_controls(byte);
}

/* What a decoder knows: how many pixels each code is. */
struct dictionary {
    uint8_t pixels[ENTRIES];
    uint64_t total;
};

/* The stream's first codes, made of `raw`: lead and payload, and noise for what the last code
 * lacks.  Eight bytes behind them can be read, and written in `stream`.  What was just written is
 * never read: that would wait for the store. */
static void make_growth(struct dictionary *dictionary, const uint8_t *raw, uint8_t *stream,
                        size_t codes)
{
    uint8_t *pixels = dictionary->pixels;
    size_t at = 0, next = CLEAR; /* `next`: what the code before it makes; none before FIRST */
    unsigned before = 0, held = 0;
    uint64_t bits = 0, total = 0;
    memset(pixels, 1, FIRST);
    pixels[CLEAR] = 0;
    for (const struct width *width = widths; codes > 0; width++) {
        size_t count = codes < width->codes ? codes : width->codes;
        unsigned mask = (1u << (width->bits - 1)) - 1;
        codes -= count;
        for (; count > 0; count--, at += width->bits) {
            unsigned code = (unsigned)(container_load(raw + at / 8) >> at % 8) & mask;
            if ((code | 1) == END)
                code |= 2;
            if (next == CLEAR)
                code = CLEAR;
            unsigned of_code = pixels[code];
            total += of_code;
            pixels[next++] = (uint8_t)(before + 1);
            before = of_code;
            bits |= (uint64_t)code << held;
            held += width->bits;
            container_store(stream, bits);
            stream += held / 8;
            bits >>= held & ~7u;
            held %= 8;
        }
    }
    dictionary->total = total;
}

/* Three bytes are two codes. */
static uint64_t pixels_of(const struct dictionary *dictionary, struct span bytes)
{
    const uint8_t *pixels = dictionary->pixels;
    uint64_t total = 0;
    size_t i = 0;
    for (; i + 8 <= bytes.len; i += 6) {
        uint64_t word = without_controls(container_load(bytes.ptr + i));
        total += pixels[word & 0xfff] + pixels[word >> 12 & 0xfff];
        total += pixels[word >> 24 & 0xfff] + pixels[word >> 36 & 0xfff];
    }
    for (; i + 3 <= bytes.len; i += 3) {
        uint64_t word = (uint64_t)bytes.ptr[i] | (uint64_t)bytes.ptr[i + 1] << 8 |
                        (uint64_t)bytes.ptr[i + 2] << 16;
        word = without_controls(word);
        total += pixels[word & 0xfff] + pixels[word >> 12 & 0xfff];
    }
    return total;
}

/* ---- the stream in its blocks ---------------------------------------------------------------- */

struct blocks {
    struct container_out *out;
    size_t left;    /* of the stream */
    size_t open;    /* bytes the current block still takes */
    uint64_t bits;  /* those that do not make a byte yet */
    unsigned count; /* of them */
};

/* Room for up to `len` bytes in the current block or a new one. */
static uint8_t *blocks_take(struct blocks *blocks, size_t *len)
{
    if (blocks->open == 0) {
        blocks->open = blocks->left < BLOCK_LEN ? blocks->left : BLOCK_LEN;
        CHECK(blocks->open > 0);
        container_le(blocks->out, blocks->open, 1);
    }
    if (*len > blocks->open)
        *len = blocks->open;
    blocks->open -= *len;
    blocks->left -= *len;
    return container_take(blocks->out, *len);
}

static void write_bytes(struct blocks *blocks, struct span bytes)
{
    while (bytes.len > 0) {
        size_t len = bytes.len;
        memcpy(blocks_take(blocks, &len), bytes.ptr, len);
        bytes = span_of(bytes.ptr + len, bytes.len - len);
    }
}

static void write_payload(struct blocks *blocks, struct span bytes)
{
    while (bytes.len > 0) {
        size_t len = bytes.len, i = 0;
        uint8_t *at = blocks_take(blocks, &len);
        for (; i + 8 <= len; i += 8)
            container_store(at + i, without_controls(container_load(bytes.ptr + i)));
        for (; i < len; i++)
            at[i] = byte_without_controls(bytes.ptr[i]);
        bytes = span_of(bytes.ptr + len, bytes.len - len);
    }
}

static void write_bits(struct blocks *blocks, uint64_t value, unsigned count)
{
    blocks->bits |= value << blocks->count;
    blocks->count += count;
    while (blocks->count >= 8) {
        size_t len = 1;
        *blocks_take(blocks, &len) = (uint8_t)blocks->bits;
        blocks->bits >>= 8;
        blocks->count -= 8;
    }
}

/* The payload as far as the dictionary grows.  Returns how much of it that is. */
static size_t write_growth(struct blocks *blocks, struct dictionary *dictionary,
                           struct container_noise *noise, struct span payload)
{
    uint8_t raw[GROWTH_LEN + 16], stream[GROWTH_LEN + 16];
    size_t used = payload.len < GROWTH_LEN - LEAD_LEN ? payload.len : GROWTH_LEN - LEAD_LEN;
    size_t len = LEAD_LEN + used, codes = codes_of(len);
    container_noise_fill(noise, raw, LEAD_LEN);
    if (used > 0)
        memcpy(raw + LEAD_LEN, payload.ptr, used);
    container_noise_fill(noise, raw + len, 16);
    make_growth(dictionary, raw, stream, codes);
    uint64_t bits = bits_of(codes);
    write_bytes(blocks, span_of(stream, (size_t)(bits / 8)));
    if (bits % 8 > 0)
        write_bits(blocks, stream[bits / 8] & ((1u << bits % 8) - 1), (unsigned)(bits % 8));
    return used;
}

/* The payload from there on: codes of 12 bits, the last of them filled up with noise. */
static void write_codes(struct blocks *blocks, struct dictionary *dictionary,
                        struct container_noise *noise, struct span payload)
{
    size_t rest = payload.len % 3;
    struct span whole = span_of(payload.ptr, payload.len - rest);
    dictionary->total += pixels_of(dictionary, whole);
    write_payload(blocks, whole);
    if (rest == 0)
        return;
    uint8_t last[3];
    container_noise_fill(noise, last, sizeof(last));
    memcpy(last, payload.ptr + whole.len, rest);
    for (size_t i = 0; i < sizeof(last); i++)
        last[i] = byte_without_controls(last[i]);
    unsigned word = last[0] | (unsigned)last[1] << 8 | (unsigned)last[2] << 16;
    for (size_t i = 0; i < rest; i++, word >>= 12) {
        dictionary->total += dictionary->pixels[word & 0xfff];
        write_bits(blocks, word & 0xfff, 12);
    }
}

/* `pairs` pairs of pixels, then literals. */
static void write_tail(struct blocks *blocks, const struct shape *shape, uint64_t pairs,
                       struct container_noise *noise)
{
    CHECK(pairs <= shape->tail);
    for (size_t i = 0; i < shape->tail; i++) {
        uint64_t draw = container_noise_u64(noise) >> 32;
        uint64_t code = i < pairs ? FIRST + (draw * PAIRS >> 32) : draw >> 24;
        write_bits(blocks, code, bits_at(shape->codes + i));
    }
    write_bits(blocks, END, bits_at(shape->codes + shape->tail));
    if (blocks->count > 0)
        write_bits(blocks, 0, 8 - blocks->count);
    CHECK(blocks->left == 0 && blocks->open == 0 && blocks->count == 0);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void write_head(struct container_out *out, size_t across, size_t down, uint64_t seed)
{
    struct container_noise palette = container_noise(seed, "class.gif.palette");
    CHECK(across <= UINT16_MAX && down <= UINT16_MAX);
    container_text(out, "GIF89a");
    container_le(out, across, 2);
    container_le(out, down, 2);
    container_bytes(out, "\xf7\0\0", 3); /* 256 colours of 8 bits a channel; background 0 */
    container_noise_fill(&palette, container_take(out, PALETTE_LEN), PALETTE_LEN);
    container_bytes(out, "\x2c\0\0\0\0", 5); /* an image at 0, 0 */
    container_le(out, across, 2);
    container_le(out, down, 2);
    container_le(out, 0, 1); /* with the palette of all, not interlaced */
    container_le(out, 8, 1); /* literals of 8 bits */
}

/* Blocks of together `len` bytes with their lengths; none is empty, which would end the comment. */
static void write_comment(struct container_out *out, size_t len, struct container_noise *noise)
{
    container_text(out, "\x21\xfe");
    while (len > 0) {
        size_t block = len < BLOCK_LEN + 1 ? len : BLOCK_LEN + 1;
        if (len - block == 1)
            block--;
        container_le(out, block - 1, 1);
        container_noise_fill(noise, container_take(out, block - 1), block - 1);
        len -= block;
    }
    container_le(out, 0, 1);
}

static void gif_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    struct shape shape = shape_of(payload.len);
    size_t len = len_of(&shape);
    CHECK(len <= file_len);
    struct container_out head = {dst, dst + HEAD_LEN}, out = {dst + HEAD_LEN, dst + file_len};
    struct container_noise noise = container_noise(seed, "class.gif.pad");
    struct blocks blocks = {.out = &out, .left = shape.stream_len};
    struct dictionary dictionary = {.total = 0};

    size_t used = write_growth(&blocks, &dictionary, &noise, payload);
    if (used < payload.len)
        write_codes(&blocks, &dictionary, &noise, span_of(payload.ptr + used, payload.len - used));
    uint64_t least = dictionary.total + shape.tail;
    uint64_t down = (least + shape.across - 1) / shape.across;
    write_tail(&blocks, &shape, down * shape.across - least, &noise);
    write_head(&head, shape.across, (size_t)down, seed);

    container_le(&out, 0, 1);
    write_comment(&out, COMMENT_MIN + file_len - len, &noise);
    container_text(&out, ";");
    CHECK(out.at == out.end && head.at == head.end);
}

static void gif_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.gif");
    (void)saving;
    container_noise_fill(&noise, dst, len);
}

const struct content_class class_gif = {
    .name = "gif",
    .extension = "gif",
    .summary = "GIF pictures whose every twelve bits are a code",
    .len_min = 1024,
    .fill = gif_fill,
    .payload_len = gif_payload_len,
    .file_len = gif_file_len,
    .wrap = gif_wrap,
};
