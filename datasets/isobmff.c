#include "datasets/isobmff.h"

#include "datasets/container.h"

#define FRAME_LEN    ((size_t)4)
#define FRAME_RATE   48000u
#define BOX_OUT      ((size_t)8)          /* size and type */
#define WRITTEN_S    UINT32_C(3786912000) /* 1 January 2024, in seconds since 1904 */
#define LANGUAGE_UND 0x55c4u

/* What the two kinds differ in.  The box moov has the same fields whatever the payload is. */
static const struct kind {
    const char *brands; /* of ftyp: brand, version, compatible ones */
    size_t ftyp_len, moov_len;
    bool moov_first;
    const char *sample_type, *detail_type, *detail; /* `detail`: a box within the sample's */
    size_t detail_len;
    const char *media_handler, *data_handler, *sound_name;
} kinds[] = {
    [ISOBMFF_MP4] = {.brands = "isom\0\0\2\0isomiso2mp41",
                     .ftyp_len = 28,
                     .moov_len = 520,
                     .moov_first = true,
                     .sample_type = "ipcm",
                     .detail_type = "pcmC",
                     .detail = "\0\0\0\0\1\x10", /* little-endian, 16 bits */
                     .detail_len = 6,
                     .media_handler = "\0\0\0\0",
                     .sound_name = "Sound\0"},
    [ISOBMFF_MOV] = {.brands = "qt  \0\0\2\0qt  ",
                     .ftyp_len = 20,
                     .moov_len = 563,
                     .moov_first = false,
                     .sample_type = "sowt",
                     .detail_type = "chan",
                     .detail = "\0\0\0\0\0\x65\0\2\0\0\0\0\0\0\0\0", /* left, right */
                     .detail_len = 16,
                     .media_handler = "mhlr",
                     .data_handler = "dhlr",
                     .sound_name = "\5Sound"},
};
#define SOUND_NAME_LEN ((size_t)6) /* ends with a zero, or begins with its length */

static size_t frames_of(size_t payload_len)
{
    size_t frames = (payload_len + FRAME_LEN - 1) / FRAME_LEN;
    return frames > ISOBMFF_FRAMES_MIN ? frames : ISOBMFF_FRAMES_MIN;
}

/* All but the frames. */
static size_t frame_of(const struct kind *kind)
{
    return kind->ftyp_len + kind->moov_len + BOX_OUT + BOX_OUT;
}

size_t isobmff_file_len(enum isobmff_kind kind, size_t payload_len)
{
    return frame_of(&kinds[kind]) + frames_of(payload_len) * FRAME_LEN;
}

size_t isobmff_payload_len(enum isobmff_kind kind, size_t file_len)
{
    CHECK(file_len >= isobmff_file_len(kind, 0));
    return (file_len - frame_of(&kinds[kind])) / FRAME_LEN * FRAME_LEN;
}

/* ---- boxes ----------------------------------------------------------------------------------- */

static uint8_t *box_begin(struct container_out *out, const char *type)
{
    uint8_t *start = out->at;
    container_be(out, 0, 4); /* box_end knows */
    container_text(out, type);
    return start;
}

/* With a version and flags. */
static uint8_t *full_box_begin(struct container_out *out, const char *type, uint32_t flags)
{
    uint8_t *start = box_begin(out, type);
    container_be(out, flags, 4);
    return start;
}

static void box_end(struct container_out *out, uint8_t *start)
{
    struct container_out size = {start, start + 4};
    container_be(&size, (size_t)(out->at - start), 4);
}

/* 1, 0, 0; 0, 1, 0; 0, 0, 1: the picture as it is; of no use to sound, but every track has it. */
static void write_matrix(struct container_out *out)
{
    static const uint32_t cells[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (size_t i = 0; i < COUNT_OF(cells); i++)
        container_be(out, cells[i], 4);
}

static void write_mvhd(struct container_out *out, size_t frames)
{
    uint8_t *box = full_box_begin(out, "mvhd", 0);
    container_be(out, WRITTEN_S, 4);
    container_be(out, WRITTEN_S, 4);
    container_be(out, FRAME_RATE, 4);
    container_be(out, frames, 4);
    container_be(out, 0x10000, 4); /* speed 1 */
    container_be(out, 0x100, 2);   /* volume 1 */
    container_fill(out, 0, 10);
    write_matrix(out);
    container_fill(out, 0, 24);
    container_be(out, 2, 4); /* next track */
    box_end(out, box);
}

static void write_tkhd(struct container_out *out, size_t frames)
{
    uint8_t *box = full_box_begin(out, "tkhd", 7); /* enabled, in the movie, in its preview */
    container_be(out, WRITTEN_S, 4);
    container_be(out, WRITTEN_S, 4);
    container_be(out, 1, 4); /* track */
    container_fill(out, 0, 4);
    container_be(out, frames, 4);
    container_fill(out, 0, 12);
    container_be(out, 0x100, 2); /* volume 1 */
    container_fill(out, 0, 2);
    write_matrix(out);
    container_fill(out, 0, 8); /* no picture */
    box_end(out, box);
}

static void write_mdhd(struct container_out *out, size_t frames)
{
    uint8_t *box = full_box_begin(out, "mdhd", 0);
    container_be(out, WRITTEN_S, 4);
    container_be(out, WRITTEN_S, 4);
    container_be(out, FRAME_RATE, 4);
    container_be(out, frames, 4);
    container_be(out, LANGUAGE_UND, 2);
    container_be(out, 0, 2);
    box_end(out, box);
}

static void write_hdlr(struct container_out *out, const char *handler, const char *type,
                       const char *name, size_t name_len)
{
    uint8_t *box = full_box_begin(out, "hdlr", 0);
    container_bytes(out, handler, 4);
    container_text(out, type);
    container_fill(out, 0, 12);
    container_bytes(out, name, name_len);
    box_end(out, box);
}

static void write_dinf(struct container_out *out)
{
    uint8_t *dinf = box_begin(out, "dinf"), *dref = full_box_begin(out, "dref", 0);
    container_be(out, 1, 4);
    box_end(out, full_box_begin(out, "url ", 1)); /* this file */
    box_end(out, dref);
    box_end(out, dinf);
}

static void write_stsd(struct container_out *out, const struct kind *kind)
{
    uint8_t *stsd = full_box_begin(out, "stsd", 0);
    container_be(out, 1, 4);
    uint8_t *entry = box_begin(out, kind->sample_type);
    container_fill(out, 0, 6);
    container_be(out, 1, 2); /* of the data references */
    container_fill(out, 0, 8);
    container_be(out, 2, 2);  /* channels */
    container_be(out, 16, 2); /* bits */
    container_fill(out, 0, 4);
    container_be(out, (uint64_t)FRAME_RATE << 16, 4);
    uint8_t *detail = box_begin(out, kind->detail_type);
    container_bytes(out, kind->detail, kind->detail_len);
    box_end(out, detail);
    box_end(out, entry);
    box_end(out, stsd);
}

/* A table of `count` fields after its number of entries or a size. */
static void write_table(struct container_out *out, const char *type, const uint64_t *fields,
                        size_t count)
{
    uint8_t *box = full_box_begin(out, type, 0);
    for (size_t i = 0; i < count; i++)
        container_be(out, fields[i], 4);
    box_end(out, box);
}

static void write_stbl(struct container_out *out, const struct kind *kind, size_t frames,
                       size_t mdat_at)
{
    uint8_t *box = box_begin(out, "stbl");
    write_stsd(out, kind);
    write_table(out, "stts", (const uint64_t[]){1, frames, 1}, 3);    /* each lasts 1 */
    write_table(out, "stsc", (const uint64_t[]){1, 1, frames, 1}, 4); /* all in one chunk */
    write_table(out, "stsz", (const uint64_t[]){FRAME_LEN, frames}, 2);
    write_table(out, "stco", (const uint64_t[]){1, mdat_at + BOX_OUT}, 2);
    box_end(out, box);
}

static void write_moov(struct container_out *out, const struct kind *kind, size_t frames,
                       size_t mdat_at)
{
    const uint8_t *start = out->at;
    uint8_t *moov = box_begin(out, "moov");
    write_mvhd(out, frames);
    uint8_t *trak = box_begin(out, "trak");
    write_tkhd(out, frames);
    uint8_t *mdia = box_begin(out, "mdia");
    write_mdhd(out, frames);
    write_hdlr(out, kind->media_handler, "soun", kind->sound_name, SOUND_NAME_LEN);
    uint8_t *minf = box_begin(out, "minf");
    write_table(out, "smhd", (const uint64_t[]){0}, 1);
    if (kind->data_handler)
        write_hdlr(out, kind->data_handler, "url ", "", 1);
    write_dinf(out);
    write_stbl(out, kind, frames, mdat_at);
    box_end(out, minf);
    box_end(out, mdia);
    box_end(out, trak);
    box_end(out, moov);
    CHECK((size_t)(out->at - start) == kind->moov_len);
}

void isobmff_wrap(enum isobmff_kind which, uint64_t seed, struct span payload, uint8_t *dst,
                  size_t file_len)
{
    const struct kind *kind = &kinds[which];
    size_t frames = frames_of(payload.len), len = frames * FRAME_LEN;
    CHECK(frame_of(kind) + len <= file_len && file_len <= UINT32_MAX);
    struct container_out out = {dst, dst + file_len};
    struct container_noise noise = container_noise(seed, "isobmff.pad");
    uint8_t *box = box_begin(&out, "ftyp");
    container_bytes(&out, kind->brands, kind->ftyp_len - BOX_OUT);
    box_end(&out, box);
    if (kind->moov_first)
        write_moov(&out, kind, frames, kind->ftyp_len + kind->moov_len);
    box = box_begin(&out, "mdat");
    container_bytes(&out, payload.ptr, payload.len);
    container_noise_fill(&noise, container_take(&out, len - payload.len), len - payload.len);
    box_end(&out, box);
    if (!kind->moov_first)
        write_moov(&out, kind, frames, kind->ftyp_len);
    box = box_begin(&out, "free");
    size_t rest = (size_t)(out.end - out.at);
    container_noise_fill(&noise, container_take(&out, rest), rest);
    box_end(&out, box);
}
