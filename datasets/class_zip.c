/* class_zip.c: ZIP archives (APPNOTE 6.3): a short text, the payload, and what fills the file up.
 *
 *   README.txt (deflated), content.bin (stored: the payload), filler.bin (stored: noise),
 *   central directory, its end
 *
 * The payload stands in one piece at a fixed place, byte for byte.  An edit changes its own bytes
 * and what follows from them: CRC-32 and lengths before the payload (12 bytes), the central
 * directory behind it.  What is inserted moves the bytes behind it and changes none of them.
 */
#include <libdeflate.h>

#include <string.h>

#include "datasets/container.h"
#include "datasets/content_class.h"

/* 1 January 2024, 12:00:00, as MS-DOS has it. */
#define DOS_TIME (12u << 11)
#define DOS_DATE (44u << 9 | 1u << 5 | 1u)

#define LOCAL_LEN   ((size_t)30) /* and the name */
#define CENTRAL_LEN ((size_t)46) /* and the name */
#define END_LEN     ((size_t)22)

static const char readme[] =
    "This archive was made by blobfront.  The file content.bin holds bytes "
    "that are packed already; the file filler.bin holds what makes the "
    "archive as long as it was asked to be.\n";

/* readme as zlib's deflate (level 9, raw) packed it. */
static const uint8_t readme_packed[] = {
    0x4d, 0x8e, 0xdb, 0x0d, 0x83, 0x30, 0x0c, 0x45, 0xff, 0x3b, 0xc5, 0x9d, 0x80, 0x05, 0xba,
    0x06, 0x0b, 0x38, 0xc9, 0xa5, 0x89, 0x30, 0x49, 0x95, 0x58, 0x45, 0x6c, 0x5f, 0x83, 0x2a,
    0xd4, 0x1f, 0x5b, 0x7e, 0x9c, 0xab, 0x33, 0xe7, 0x32, 0x20, 0x3d, 0xe6, 0xf2, 0x21, 0x76,
    0x19, 0xd8, 0x24, 0x11, 0xe1, 0x40, 0xd0, 0x16, 0x96, 0xde, 0xaa, 0x4d, 0xc0, 0x9c, 0x89,
    0xa5, 0x28, 0x11, 0x7d, 0xa6, 0xaf, 0x42, 0xa9, 0xc8, 0x4d, 0xd3, 0xf0, 0x4f, 0xe3, 0x80,
    0x65, 0x31, 0x4f, 0x21, 0xde, 0x12, 0x57, 0x26, 0x88, 0x76, 0x4a, 0x3a, 0x9e, 0x7e, 0xf8,
    0x91, 0x5e, 0x94, 0xfd, 0x0f, 0xdc, 0x4f, 0x64, 0x93, 0xf5, 0xa2, 0x79, 0x2b, 0xb8, 0x81,
    0xb6, 0xfa, 0x3a, 0x7b, 0xb1, 0x4b, 0x48, 0xc6, 0x99, 0x68, 0x0d, 0x81, 0xd3, 0xe3, 0x0b,
};

enum method { STORED = 0, DEFLATED = 8 };

struct entry {
    const char *name;
    enum method method;
    size_t packed_len, plain_len;
    uint32_t crc;
    size_t offset;
};
enum { README, CONTENT, FILLER, ENTRIES };
static const char *const names[ENTRIES] = {"README.txt", "content.bin", "filler.bin"};

static size_t zip_file_len(size_t payload_len)
{
    size_t names_len = strlen(names[README]) + strlen(names[CONTENT]) + strlen(names[FILLER]);
    return ENTRIES * (LOCAL_LEN + CENTRAL_LEN) + 2 * names_len + sizeof(readme_packed) +
           payload_len + END_LEN;
}

static size_t zip_payload_len(size_t file_len)
{
    CHECK(file_len >= zip_file_len(0));
    return file_len - zip_file_len(0);
}

/* What local header and central directory have in common. */
static void write_common(struct container_out *out, const struct entry *entry)
{
    container_le(out, entry->method == DEFLATED ? 20 : 10, 2); /* version needed */
    container_le(out, 0, 2);                                   /* flags */
    container_le(out, entry->method, 2);
    container_le(out, DOS_TIME, 2);
    container_le(out, DOS_DATE, 2);
    container_le(out, entry->crc, 4);
    container_le(out, entry->packed_len, 4);
    container_le(out, entry->plain_len, 4);
    container_le(out, strlen(entry->name), 2);
    container_le(out, 0, 2); /* extra field */
}

static void write_local(struct container_out *out, const struct entry *entry)
{
    container_text(out, "PK\x03\x04");
    write_common(out, entry);
    container_text(out, entry->name);
}

static void write_central(struct container_out *out, const struct entry *entry)
{
    container_text(out, "PK\x01\x02");
    container_le(out, 3 << 8 | 20, 2); /* made by: Unix, version 2.0 */
    write_common(out, entry);
    container_le(out, 0, 2);                         /* comment */
    container_le(out, 0, 2);                         /* disk */
    container_le(out, entry->method == DEFLATED, 2); /* a text? */
    container_le(out, (uint32_t)0100644 << 16, 4);   /* Unix mode */
    container_le(out, entry->offset, 4);
    container_text(out, entry->name);
}

static void write_end(struct container_out *out, size_t directory, size_t directory_len)
{
    container_text(out, "PK\x05\x06");
    container_fill(out, 0, 4); /* disks */
    container_le(out, ENTRIES, 2);
    container_le(out, ENTRIES, 2);
    container_le(out, directory_len, 4);
    container_le(out, directory, 4);
    container_le(out, 0, 2); /* comment */
}

static struct entry entry_of(struct container_out *out, const uint8_t *start, int index)
{
    return (struct entry){.name = names[index], .offset = (size_t)(out->at - start)};
}

static void write_stored(struct container_out *out, struct entry *entry, struct span bytes)
{
    entry->packed_len = entry->plain_len = bytes.len;
    entry->crc = libdeflate_crc32(0, bytes.ptr, bytes.len);
    write_local(out, entry);
    container_bytes(out, bytes.ptr, bytes.len);
}

/* Noise is written where it belongs before its checksum is known. */
static void write_filler(struct container_out *out, struct entry *entry, uint64_t seed, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.zip.pad");
    uint8_t *bytes = out->at + LOCAL_LEN + strlen(entry->name);
    CHECK(len <= (size_t)(out->end - bytes));
    container_noise_fill(&noise, bytes, len);
    entry->packed_len = entry->plain_len = len;
    entry->crc = libdeflate_crc32(0, bytes, len);
    write_local(out, entry);
    (void)container_take(out, len);
}

static void zip_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    struct container_out out = {dst, dst + file_len};
    struct entry entries[ENTRIES];
    CHECK(zip_file_len(payload.len) <= file_len && file_len <= UINT32_MAX);

    entries[README] = entry_of(&out, dst, README);
    entries[README].method = DEFLATED;
    entries[README].packed_len = sizeof(readme_packed);
    entries[README].plain_len = sizeof(readme) - 1;
    entries[README].crc = libdeflate_crc32(0, readme, sizeof(readme) - 1);
    write_local(&out, &entries[README]);
    container_bytes(&out, readme_packed, sizeof(readme_packed));

    entries[CONTENT] = entry_of(&out, dst, CONTENT);
    write_stored(&out, &entries[CONTENT], payload);
    entries[FILLER] = entry_of(&out, dst, FILLER);
    write_filler(&out, &entries[FILLER], seed, file_len - zip_file_len(payload.len));

    size_t directory = (size_t)(out.at - dst);
    for (int i = 0; i < ENTRIES; i++)
        write_central(&out, &entries[i]);
    write_end(&out, directory, (size_t)(out.at - dst) - directory);
    CHECK(out.at == out.end);
}

static void zip_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.zip");
    (void)saving;
    container_noise_fill(&noise, dst, len);
}

const struct content_class class_zip = {
    .name = "zip",
    .extension = "zip",
    .summary = "ZIP archives of a stored file and a deflated one",
    .len_min = 512,
    .fill = zip_fill,
    .payload_len = zip_payload_len,
    .file_len = zip_file_len,
    .wrap = zip_wrap,
};
