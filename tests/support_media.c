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

/* ---- GIF ------------------------------------------------------------------------------------- */

/* A block's bytes appended to dst; *len is what they were.  0 bytes end. */
static const char *gif_blocks(struct span file, size_t *at, uint8_t *dst, size_t *len)
{
    *len = 0;
    for (;;) {
        DEMAND(*at < file.len);
        size_t n = file.ptr[(*at)++];
        if (n == 0)
            return NULL;
        DEMAND(n <= file.len - *at);
        memcpy(dst + *len, file.ptr + *at, n);
        *len += n;
        *at += n;
    }
}

/* Decode as a viewer does, strings as chains of codes; count pixels. */
static const char *gif_pixels(struct span stream, uint64_t *pixels)
{
    static uint16_t before[4096];
    size_t next = 258, bits = 9;
    int last = -1;
    uint64_t word = 0;
    size_t have = 0, at = 0;
    for (bool first = true;; first = false) {
        for (; have < bits; have += 8) {
            DEMAND(at < stream.len);
            word |= (uint64_t)stream.ptr[at++] << have;
        }
        size_t code = (size_t)(word & ((UINT64_C(1) << bits) - 1));
        word >>= bits;
        have -= bits;
        DEMAND(first == (code == 256)); /* one clear code, at the start */
        if (code == 257)
            break;
        if (first)
            continue;
        DEMAND(code < next || (code == next && last >= 0 && next < 4096));
        if (last >= 0 && next < 4096) {
            before[next++] = (uint16_t)last;
            bits += next == (size_t)1 << bits && bits < 12;
        }
        last = (int)code;
        for (++*pixels; code >= 258; ++*pixels)
            code = before[code];
    }
    DEMAND(at == stream.len && word == 0);
    return NULL;
}

static const char *gif_parts(struct span file, uint8_t *room)
{
    const uint8_t *p = file.ptr;
    size_t across, down, at = 13 + 768, len = 0;
    uint64_t pixels = 0;
    DEMAND(file.len > 800 && text_at(file, 0, "GIF89a") && p[10] == 0xf7);
    across = (size_t)le(p + 6, 2);
    down = (size_t)le(p + 8, 2);
    DEMAND(p[at] == 0x2c && le(p + at + 1, 4) == 0 && le(p + at + 5, 2) == across);
    DEMAND(le(p + at + 7, 2) == down && p[at + 9] == 0 && p[at + 10] == 8);
    at += 11;
    const char *defect = gif_blocks(file, &at, room, &len);
    if (!defect)
        defect = gif_pixels(span_of(room, len), &pixels);
    if (defect)
        return defect;
    DEMAND(pixels == (uint64_t)across * down && pixels > 0);
    DEMAND(file.len - at > 2 && p[at] == 0x21 && p[at + 1] == 0xfe);
    at += 2;
    defect = gif_blocks(file, &at, room, &len);
    if (defect)
        return defect;
    DEMAND(len > 0 && at + 1 == file.len && p[at] == ';');
    return NULL;
}

/* The first bytes are masked while the dictionary grows; the others must be there, in order. */
static const char *gif_defect(struct span file, struct span payload)
{
    uint8_t *room = malloc(file.len);
    DEMAND(room != NULL);
    const char *defect = gif_parts(file, room);
    size_t at = 13 + 768 + 11, len = 0;
    if (!defect)
        defect = gif_blocks(file, &at, room, &len);
    for (size_t i = 5399; i < payload.len && !defect; i++) {
        uint8_t want = payload.ptr[i];
        if (want < 2 || want == 0x10 || want == 0x11)
            want += 2;
        if (9 + i >= len || room[9 + i] != want)
            defect = "the payload is in the stream";
    }
    free(room);
    return defect;
}

/* ---- MP4 and MOV ----------------------------------------------------------------------------- */

struct movie {
    struct span file;
    size_t boxes, mdat_at, mdat_len, chunk_at, frame_len, frames;
    uint64_t chunk_frames, lasting, duration;
};

static const char *movie_boxes(struct movie *movie, size_t at, size_t end);

static const char *movie_table(struct movie *movie, const uint8_t *type, const uint8_t *p,
                               size_t len)
{
    if (memcmp(type, "stts", 4) == 0) {
        DEMAND(len == 16 && be(p + 4, 4) == 1 && be(p + 12, 4) == 1);
        movie->lasting = be(p + 8, 4);
    } else if (memcmp(type, "stsc", 4) == 0) {
        DEMAND(len == 20 && be(p + 4, 4) == 1 && be(p + 8, 4) == 1 && be(p + 16, 4) == 1);
        movie->chunk_frames = be(p + 12, 4);
    } else if (memcmp(type, "stsz", 4) == 0) {
        DEMAND(len == 12);
        movie->frame_len = (size_t)be(p + 4, 4);
        movie->frames = (size_t)be(p + 8, 4);
    } else if (memcmp(type, "stco", 4) == 0) {
        DEMAND(len == 12 && be(p + 4, 4) == 1);
        movie->chunk_at = (size_t)be(p + 8, 4);
    } else if (memcmp(type, "mdhd", 4) == 0) {
        DEMAND(len == 24 && be(p + 12, 4) == 48000);
        movie->duration = be(p + 16, 4);
    }
    return NULL;
}

static bool is_one_of(const uint8_t *type, const char *types)
{
    for (; *types != '\0'; types += 4)
        if (memcmp(type, types, 4) == 0)
            return true;
    return false;
}

static const char *movie_box(struct movie *movie, size_t at, size_t len)
{
    const uint8_t *type = movie->file.ptr + at + 4, *p = type + 4;
    movie->boxes++;
    if (is_one_of(type, "moovtrakmdiaminfstbldinf"))
        return movie_boxes(movie, at + 8, at + len);
    if (is_one_of(type, "dref") || is_one_of(type, "stsd")) {
        DEMAND(len > 16 && be(p + 4, 4) == 1);
        return movie_boxes(movie, at + 16, at + len);
    }
    if (is_one_of(type, "sowtipcm")) {
        DEMAND(len > 36 && be(p + 16, 2) == 2 && be(p + 18, 2) == 16);
        DEMAND(be(p + 24, 4) == (uint64_t)48000 << 16);
        return movie_boxes(movie, at + 36, at + len);
    }
    if (is_one_of(type, "mdat")) {
        DEMAND(movie->mdat_at == 0);
        movie->mdat_at = at + 8;
        movie->mdat_len = len - 8;
        return NULL;
    }
    DEMAND(is_one_of(type, "ftypmvhdtkhdmdhdhdlrsmhdurl sttsstscstszstcopcmCchanfree"));
    return movie_table(movie, type, p, len - 8);
}

static const char *movie_boxes(struct movie *movie, size_t at, size_t end)
{
    while (at < end) {
        DEMAND(end - at >= 8);
        size_t len = (size_t)be(movie->file.ptr + at, 4);
        DEMAND(len >= 8 && len <= end - at);
        const char *defect = movie_box(movie, at, len);
        if (defect)
            return defect;
        at += len;
    }
    return NULL;
}

static const char *movie_defect(struct span file, struct span payload)
{
    struct movie movie = {.file = file};
    DEMAND(text_at(file, 4, "ftyp"));
    const char *defect = movie_boxes(&movie, 0, file.len);
    if (defect)
        return defect;
    DEMAND(movie.boxes >= 23 && movie.mdat_at > 0 && movie.chunk_at == movie.mdat_at);
    DEMAND(movie.frame_len == 4 && movie.frames * 4 == movie.mdat_len);
    DEMAND(movie.chunk_frames == movie.frames && movie.lasting == movie.frames);
    DEMAND(movie.duration == movie.frames && movie.mdat_len >= payload.len);
    DEMAND(span_equal(span_of(file.ptr + movie.mdat_at, payload.len), payload));
    return NULL;
}

/* ---- PDF ------------------------------------------------------------------------------------- */

static size_t digits_at(struct span file, size_t at)
{
    size_t value = 0;
    for (; at < file.len && file.ptr[at] >= '0' && file.ptr[at] <= '9'; at++)
        value = 10 * value + (size_t)(file.ptr[at] - '0');
    return value;
}

/* The number behind a name in the dictionary that begins at `at`. */
static size_t pdf_number(struct span file, size_t at, const char *name)
{
    for (; at < file.len && !text_at(file, at, "stream"); at++)
        if (text_at(file, at, name))
            return digits_at(file, at + strlen(name));
    return SIZE_MAX;
}

static const char *pdf_stream(struct span file, size_t object, struct span *stream)
{
    size_t len = pdf_number(file, object, "/Length "), at = object;
    while (at < file.len && !text_at(file, at, ">>\nstream\n"))
        at++;
    at += strlen(">>\nstream\n");
    DEMAND(at < file.len && len <= file.len - at);
    DEMAND(text_at(file, at + len, "\nendstream\nendobj\n"));
    *stream = span_of(file.ptr + at, len);
    return NULL;
}

static const char *pdf_defect(struct span file, struct span payload)
{
    size_t tail = 17 + strlen("startxref\n"), objects[7] = {0};
    DEMAND(file.len > 500 && text_at(file, 0, "%PDF-1.4\n"));
    DEMAND(text_at(file, file.len - tail, "startxref\n"));
    DEMAND(text_at(file, file.len - 7, "\n%%EOF\n"));
    size_t at = digits_at(file, file.len - 17);
    DEMAND(text_at(file, at, "xref\n0 7\n0000000000 65535 f \n"));
    at += 29;
    for (size_t i = 1; i <= 6; i++, at += 20) {
        char begin[16] = {(char)('0' + i), ' ', '0', ' ', 'o', 'b', 'j', '\n', 0};
        objects[i] = digits_at(file, at);
        DEMAND(text_at(file, at + 10, " 00000 n \n") && text_at(file, objects[i], begin));
    }
    DEMAND(text_at(file, at, "trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n"));
    struct span stream = {0};
    for (size_t i = 4; i <= 6; i++) {
        const char *defect = pdf_stream(file, objects[i], &stream);
        if (defect)
            return defect;
        if (i != 5)
            continue;
        DEMAND(pdf_number(file, objects[i], "/Width ") * pdf_number(file, objects[i], "/Height ") ==
               stream.len);
        DEMAND(stream.len >= payload.len);
        DEMAND(span_equal(span_of(stream.ptr, payload.len), payload));
    }
    DEMAND(file.ptr + digits_at(file, file.len - 17) ==
           stream.ptr + stream.len + strlen("\nendstream\nendobj\n"));
    return NULL;
}

/* ---- all of them ----------------------------------------------------------------------------- */

const char *media_defect(const char *class_name, struct span file, struct span payload)
{
    static const struct {
        const char *name;
        const char *(*defect)(struct span file, struct span payload);
    } readers[] = {{"png", png_defect}, {"zip", zip_defect},   {"jpeg", jpeg_defect},
                   {"gif", gif_defect}, {"mp4", movie_defect}, {"mov", movie_defect},
                   {"pdf", pdf_defect}};
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        if (strcmp(readers[i].name, class_name) == 0)
            return readers[i].defect(file, payload);
    return "no reader of that class";
}
