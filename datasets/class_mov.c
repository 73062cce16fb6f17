/* class_mov.c: MOV files whose track of sound is the payload (isobmff.h). */
#include "datasets/container.h"
#include "datasets/content_class.h"
#include "datasets/isobmff.h"

static size_t mov_payload_len(size_t file_len)
{
    return isobmff_payload_len(ISOBMFF_MOV, file_len);
}

static size_t mov_file_len(size_t payload_len)
{
    return isobmff_file_len(ISOBMFF_MOV, payload_len);
}

static void mov_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    isobmff_wrap(ISOBMFF_MOV, seed, payload, dst, file_len);
}

static void mov_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.mov");
    (void)saving;
    container_noise_fill(&noise, dst, len);
}

const struct content_class class_mov = {
    .name = "mov",
    .extension = "mov",
    .summary = "MOV files with one track of uncompressed sound",
    .len_min = 1024,
    .fill = mov_fill,
    .payload_len = mov_payload_len,
    .file_len = mov_file_len,
    .wrap = mov_wrap,
};
