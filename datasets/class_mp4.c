/* class_mp4.c: MP4 files whose track of sound is the payload (isobmff.h). */
#include "datasets/container.h"
#include "datasets/content_class.h"
#include "datasets/isobmff.h"

static size_t mp4_payload_len(size_t file_len)
{
    return isobmff_payload_len(ISOBMFF_MP4, file_len);
}

static size_t mp4_file_len(size_t payload_len)
{
    return isobmff_file_len(ISOBMFF_MP4, payload_len);
}

static void mp4_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    isobmff_wrap(ISOBMFF_MP4, seed, payload, dst, file_len);
}

static void mp4_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.mp4");
    (void)saving;
    container_noise_fill(&noise, dst, len);
}

const struct content_class class_mp4 = {
    .name = "mp4",
    .extension = "mp4",
    .summary = "MP4 files with one track of uncompressed sound",
    .len_min = 1024,
    .fill = mp4_fill,
    .payload_len = mp4_payload_len,
    .file_len = mp4_file_len,
    .wrap = mp4_wrap,
};
