#include "tests/support_media.h"

#include <stdlib.h>
#include <string.h>

/* What must hold, or the function returns the text. */
#define DEMAND(cond)      \
    do {                  \
        if (!(cond))      \
            return #cond; \
    } while (0)

static uint64_t be(const uint8_t *p, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | p[i];
    return value;
}

static uint64_t le(const uint8_t *p, size_t len)
{
    uint64_t value = 0;
    for (size_t i = len; i > 0; i--)
        value = value << 8 | p[i - 1];
    return value;
}

static bool text_at(struct span file, size_t at, const char *text)
{
    size_t len = strlen(text);
    return at <= file.len && len <= file.len - at && memcmp(file.ptr + at, text, len) == 0;
}

/* CRC-32 of ISO 3309, a nibble at a time. */
static uint32_t crc_of(const uint8_t *p, size_t len)
{
    static uint32_t table[16];
    for (uint32_t i = 0; i < 16 && table[15] == 0; i++) {
        table[i] = i;
        for (int bit = 0; bit < 4; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? UINT32_C(0xedb88320) : 0);
    }
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < len; i++) {
        crc = crc >> 4 ^ table[(crc ^ p[i]) & 15];
        crc = crc >> 4 ^ table[(crc ^ p[i] >> 4) & 15];
    }
    return ~crc;
}

/* ---- PNG ------------------------------------------------------------------------------------- */

struct png {
    struct span file, payload;
    size_t across, down;
    uint8_t *zlib; /* all IDATs together */
    size_t zlib_len;
    size_t chunks, data_chunks;
};

static const char *png_chunk(struct png *png, size_t *at, bool *end)
{
    const uint8_t *p = png->file.ptr + *at;
    DEMAND(png->file.len - *at >= 12);
    size_t len = (size_t)be(p, 4);
    DEMAND(len <= png->file.len - *at - 12);
    DEMAND(be(p + 8 + len, 4) == crc_of(p + 4, len + 4));
    bool data = memcmp(p + 4, "IDAT", 4) == 0;
    DEMAND((png->chunks == 0) == (memcmp(p + 4, "IHDR", 4) == 0));
    if (png->chunks == 0) {
        DEMAND(len == 13 && memcmp(p + 16, "\x08\x02\0\0", 5) == 0);
        png->across = (size_t)be(p + 8, 4);
        png->down = (size_t)be(p + 12, 4);
        DEMAND(png->across > 0 && png->across <= 1000000 && png->down > 0);
    }
    if (data) {
        DEMAND(png->data_chunks == png->chunks - 1); /* one after the other */
        memcpy(png->zlib + png->zlib_len, p + 8, len);
        png->zlib_len += len;
        png->data_chunks++;
    }
    *end = memcmp(p + 4, "IEND", 4) == 0;
    DEMAND(data || *end || png->chunks == 0 || (p[4] & p[5] & 0x20) != 0); /* private */
    png->chunks++;
    *at += 12 + len;
    return NULL;
}

/* Stored blocks only.  Rows are looked at as they come. */
static const char *png_rows(const struct png *png)
{
    const uint8_t *p = png->zlib;
    size_t stride = 1 + 3 * png->across, at = 2, row_at = 0, rows = 0, used = 0;
    uint32_t a = 1, b = 0;
    DEMAND(png->zlib_len >= 11 && (p[0] & 15) == 8 && be(p, 2) % 31 == 0 && (p[1] & 0x20) == 0);
    for (bool last = false; !last;) {
        DEMAND(png->zlib_len - at >= 9 && p[at] <= 1);
        last = p[at] == 1;
        size_t len = (size_t)le(p + at + 1, 2);
        DEMAND((le(p + at + 3, 2) ^ len) == 0xffff && len <= png->zlib_len - at - 9);
        for (size_t i = at + 5; i < at + 5 + len; i++) {
            a = (a + p[i]) % 65521;
            b = (b + a) % 65521;
            if (row_at == 0)
                DEMAND(p[i] == 0);
            else if (used < png->payload.len)
                DEMAND(p[i] == png->payload.ptr[used++]);
            row_at = (row_at + 1) % stride;
            rows += row_at == 0;
        }
        at += 5 + len;
    }
    DEMAND(rows == png->down && row_at == 0 && used == png->payload.len);
    DEMAND(at + 4 == png->zlib_len && be(p + at, 4) == (b << 16 | a));
    return NULL;
}

static const char *png_parts(struct png *png)
{
    size_t at = 8;
    DEMAND(text_at(png->file, 0, "\x89PNG\r\n\x1a\n"));
    for (bool end = false; !end;) {
        const char *defect = png_chunk(png, &at, &end);
        if (defect)
            return defect;
    }
    DEMAND(at == png->file.len && png->data_chunks > 0);
    return png_rows(png);
}

static const char *png_defect(struct span file, struct span payload)
{
    struct png png = {.file = file, .payload = payload, .zlib = malloc(file.len)};
    DEMAND(png.zlib != NULL);
    const char *defect = png_parts(&png);
    free(png.zlib);
    return defect;
}

/* ---- ZIP ------------------------------------------------------------------------------------- */

static const char *zip_entry(struct span file, struct span payload, size_t *central, size_t *local)
{
    const uint8_t *c = file.ptr + *central, *l = file.ptr + *local;
    DEMAND(file.len - *central >= 46 && memcmp(c, "PK\1\2", 4) == 0);
    DEMAND(le(c + 42, 4) == *local && file.len - *local >= 30 && memcmp(l, "PK\3\4", 4) == 0);
    DEMAND(memcmp(c + 6, l + 4, 26) == 0); /* version needed to extra field's length */
    size_t packed = (size_t)le(c + 20, 4), name_len = (size_t)le(c + 28, 2);
    DEMAND(le(c + 30, 2) == 0 && le(c + 32, 2) == 0);
    DEMAND(memcmp(c + 46, l + 30, name_len) == 0);
    const uint8_t *bytes = l + 30 + name_len;
    DEMAND(packed <= file.len && *local + 30 + name_len + packed <= *central);
    if (le(c + 10, 2) == 0)
        DEMAND(packed == le(c + 24, 4) && le(c + 16, 4) == crc_of(bytes, packed));
    else
        DEMAND(le(c + 10, 2) == 8);
    if (name_len == 11 && memcmp(c + 46, "content.bin", 11) == 0)
        DEMAND(span_equal(span_of(bytes, packed), payload));
    *central += 46 + name_len;
    *local += 30 + name_len + packed;
    return NULL;
}

static const char *zip_defect(struct span file, struct span payload)
{
    DEMAND(file.len >= 22);
    size_t end = file.len - 22, local = 0;
    const uint8_t *p = file.ptr + end;
    DEMAND(memcmp(p, "PK\5\6", 4) == 0 && le(p + 4, 4) == 0 && le(p + 20, 2) == 0);
    size_t count = (size_t)le(p + 8, 2), start = (size_t)le(p + 16, 4), central = start;
    DEMAND(count == le(p + 10, 2) && count >= 2 && start + le(p + 12, 4) == end);
    for (size_t i = 0; i < count; i++) {
        const char *defect = zip_entry(file, payload, &central, &local);
        if (defect)
            return defect;
    }
    DEMAND(central == end && local == start);
    return NULL;
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

struct jpeg {
    size_t across, down; /* pixels */
    size_t eights[2];    /* codes of eight bits in the tables DC and AC; there are no others */
    uint8_t symbols[2];  /* what all of them mean */
};

static const char *jpeg_table(struct jpeg *jpeg, const uint8_t *p, size_t len)
{
    DEMAND(len >= 17 && (p[0] == 0 || p[0] == 0x10));
    size_t total = 0, table = p[0] >> 4;
    for (size_t bits = 1; bits <= 16; bits++)
        total += p[bits];
    jpeg->eights[table] = p[8];
    DEMAND(total == p[8] && total == len - 17 && total > 0);
    jpeg->symbols[table] = p[17];
    for (size_t i = 17; i < len; i++)
        DEMAND(p[i] == p[17]);
    return NULL;
}

static const char *jpeg_segment(struct jpeg *jpeg, uint8_t marker, const uint8_t *p, size_t len)
{
    switch (marker) {
    case 0xe0: DEMAND(len == 14 && memcmp(p, "JFIF", 5) == 0); break;
    case 0xdb:
        DEMAND(len == 65 && p[0] == 0);
        for (size_t i = 1; i < 65; i++)
            DEMAND(p[i] > 0);
        break;
    case 0xc0:
        DEMAND(len == 9 && p[0] == 8 && p[5] == 1 && p[7] == 0x11);
        jpeg->down = (size_t)be(p + 1, 2);
        jpeg->across = (size_t)be(p + 3, 2);
        break;
    case 0xc4: return jpeg_table(jpeg, p, len);
    case 0xfe: break;
    case 0xda: DEMAND(len == 6 && memcmp(p, "\1\1\0\0\x3f", 6) == 0); break;
    default: return "an unknown marker";
    }
    return NULL;
}

/* How many bytes of scan the picture needs: whole blocks, whatever the bytes are. */
static const char *jpeg_scan_len(const struct jpeg *jpeg, size_t *len)
{
    size_t zeros = jpeg->symbols[1] >> 4, bits = jpeg->symbols[1] & 15;
    DEMAND(jpeg->eights[0] == 255 && jpeg->eights[1] == 255); /* of 256 only all ones is none */
    DEMAND(jpeg->symbols[0] == 0 && bits == 8 && 63 % (zeros + 1) == 0);
    DEMAND(jpeg->across % 8 == 0 && jpeg->down % 8 == 0);
    DEMAND(jpeg->across > 0 && jpeg->down > 0);
    *len = jpeg->across / 8 * (jpeg->down / 8) * (1 + 63 / (zeros + 1) * 2);
    return NULL;
}

static const char *jpeg_defect(struct span file, struct span payload)
{
    struct jpeg jpeg = {.across = 0};
    const uint8_t *p = file.ptr;
    const char *defect = NULL;
    DEMAND(file.len > 4 && be(p, 2) == 0xffd8 && be(p + file.len - 2, 2) == 0xffd9);
    for (size_t at = 2; at < file.len - 2;) {
        DEMAND(file.len - at >= 6 && p[at] == 0xff);
        uint8_t marker = p[at + 1];
        size_t len = (size_t)be(p + at + 2, 2), scan_len = 0;
        DEMAND(len >= 2 && len <= file.len - 4 - at);
        defect = jpeg_segment(&jpeg, marker, p + at + 4, len - 2);
        at += 2 + len;
        if (!defect && marker == 0xda)
            defect = jpeg_scan_len(&jpeg, &scan_len);
        if (defect)
            return defect;
        DEMAND(scan_len <= file.len - 2 - at && (scan_len == 0 || scan_len >= payload.len));
        for (size_t i = 0; i < scan_len; i++)
            DEMAND(p[at + i] != 0xff);
        for (size_t i = 0; i < payload.len && scan_len > 0; i++)
            DEMAND(p[at + i] == (payload.ptr[i] < 0xff ? payload.ptr[i] : 0xfe));
        at += scan_len;
    }
    return jpeg.across > 0 ? NULL : "no picture";
}

/* ---- all of them ----------------------------------------------------------------------------- */

const char *media_defect(const char *class_name, struct span file, struct span payload)
{
    static const struct {
        const char *name;
        const char *(*defect)(struct span file, struct span payload);
    } readers[] = {{"png", png_defect}, {"zip", zip_defect}, {"jpeg", jpeg_defect}};
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        if (strcmp(readers[i].name, class_name) == 0)
            return readers[i].defect(file, payload);
    return "no reader of that class";
}
