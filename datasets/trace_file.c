#include "datasets/trace_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/namemap.h"
#include "engine/rng.h"
#include "engine/whole_file.h"

static const uint8_t magic[8] = "BFTRACE\n";

enum { VERSION_LEN = 4, HASH_LEN = 16, NAME_LEN_MAX = 31 };
#define HEAD_LEN (sizeof(magic) + VERSION_LEN)

/* ---- the whole file -------------------------------------------------------------------------- */

static struct hash128 hash_at_end(struct span file)
{
    struct hash128 hash;
    memcpy(hash.bytes, file.ptr + file.len - HASH_LEN, HASH_LEN);
    return hash;
}

static enum rc check_start(const char *path, struct span file, struct err *err)
{
    size_t seen = file.len < sizeof(magic) ? file.len : sizeof(magic);
    char got[QUOTE_SIZE];
    if (file.len == 0)
        return FAIL(err, RC_USAGE, 0, "\"%s\": byte 0: expected a trace, got an empty file",
                    Q(path));
    if (memcmp(file.ptr, magic, seen) != 0)
        return FAIL(err, RC_USAGE, 0,
                    "\"%s\": byte 0: expected \"BFTRACE\\x0a\", got \"%s\": not a trace", Q(path),
                    quote_bytes(got, sizeof(got), span_of(file.ptr, seen)));
    if (file.len < HEAD_LEN + HASH_LEN)
        return FAIL(err, RC_CORRUPT, 0,
                    "\"%s\": byte %zu: expected at least %zu bytes, got the end: the trace is cut "
                    "short",
                    Q(path), file.len, HEAD_LEN + HASH_LEN);
    return RC_OK;
}

static enum rc check_whole(const char *path, struct span file, struct hash128 *hash,
                           struct err *err)
{
    char expected[HEX_SIZE], got[HEX_SIZE];
    uint32_t version = 0;
    for (size_t i = 0; i < VERSION_LEN; i++)
        version |= (uint32_t)file.ptr[sizeof(magic) + i] << (8 * i);
    /* Said before the hash: who wrote a later version may hash otherwise. */
    if (version != TRACE_FILE_VERSION)
        return FAIL(err, RC_USAGE, 0, "\"%s\": byte %zu: expected version %u, got %" PRIu32 "%s",
                    Q(path), sizeof(magic), TRACE_FILE_VERSION, version,
                    version > TRACE_FILE_VERSION ? ": written by a newer blobfront" : "");
    *hash = hash_xxh128(span_of(file.ptr, file.len - HASH_LEN));
    struct hash128 stated = hash_at_end(file);
    if (hash128_equal(stated, *hash))
        return RC_OK;
    return FAIL(err, RC_CORRUPT, 0,
                "\"%s\": byte %zu: expected the hash %s of the bytes before, got %s: the trace is "
                "damaged or cut short",
                Q(path), file.len - HASH_LEN, hex_str(expected, span_of(hash->bytes, HASH_LEN)),
                hex_str(got, span_of(stated.bytes, HASH_LEN)));
}

enum rc trace_file_read(const char *path, struct buf *bytes, struct hash128 *hash,
                        struct unpack *body, struct err *err)
{
    enum rc rc = whole_file_read(path, TRACE_FILE_BYTES_MAX, bytes, err);
    struct span file = buf_span(bytes);
    if (rc == RC_OK)
        rc = check_start(path, file, err);
    if (rc == RC_OK)
        rc = check_whole(path, file, hash, err);
    if (rc == RC_OK)
        *body = (struct unpack){
            .bytes = span_of(file.ptr, file.len - HASH_LEN),
            .at = HEAD_LEN,
            .file = path,
            .err = err,
        };
    return rc;
}

void trace_file_begin(struct pack *pack)
{
    static const uint8_t version[VERSION_LEN] = {TRACE_FILE_VERSION};
    pack_bytes(pack, span_of(magic, sizeof(magic)));
    pack_bytes(pack, span_of(version, sizeof(version)));
}

void trace_file_end(struct pack *pack)
{
    if (pack->rc == RC_OK && pack->out->len > TRACE_FILE_BYTES_MAX - HASH_LEN)
        pack->rc = FAIL(pack->err, RC_USAGE, 0, "the trace needs more than %" PRIu64 " bytes",
                        TRACE_FILE_BYTES_MAX);
    struct hash128 hash = hash_xxh128(buf_span(pack->out));
    pack_bytes(pack, span_of(hash.bytes, HASH_LEN));
}

/* ---- blobs ----------------------------------------------------------------------------------- */

const char *trace_file_key_defect(struct span key)
{
    if (key.len == 0)
        return "is empty";
    if (key.len > TRACE_FILE_KEY_MAX)
        return "has more than 1024 bytes";
    for (size_t at = 0, len; at < key.len; at += len) {
        len = utf8_sequence(key.ptr + at, key.len - at);
        if (len == 0)
            return "is not valid UTF-8";
        if (key.ptr[at] == '\0')
            return "holds a NUL";
    }
    return NULL;
}

static void read_look(struct unpack *body, struct trace_file_blobs *blobs)
{
    size_t start = body->at;
    struct span name = unpack_text(body, NAME_LEN_MAX, "content class");
    char text[NAME_LEN_MAX + 1] = "", quoted[QUOTE_SIZE];
    if (body->rc != RC_OK)
        return;
    if (name.len)
        memcpy(text, name.ptr, name.len);
    blobs->look = content_class_by_name(text);
    if (!blobs->look)
        unpack_refuse(body, start, "content class: expected one of this build, got \"%s\"",
                      quote_bytes(quoted, sizeof(quoted), name));
}

static void read_key(struct unpack *body, struct trace_file_blobs *blobs, struct namemap *names,
                     uint32_t file)
{
    size_t start = body->at;
    struct span key = unpack_text(body, TRACE_FILE_KEY_MAX, "key");
    const char *defect = body->rc == RC_OK ? trace_file_key_defect(key) : NULL;
    uint32_t number;
    bool added = true;
    if (defect)
        unpack_refuse(body, start, "key of file %" PRIu32 " %s", file, defect);
    if (body->rc == RC_OK)
        body->rc = namemap_number(names, key, &number, &added, body->err);
    if (!added)
        unpack_refuse(body, start, "key of file %" PRIu32 " is the one of file %" PRIu32, file,
                      number);
    blobs->keys[file] = key;
}

/* Room for `need` sizes.  Every one takes a byte of the file, so its length bounds them. */
static void reserve_sizes(struct unpack *body, struct trace_file_blobs *blobs, size_t need,
                          size_t *cap)
{
    size_t next = *cap ? 2 * *cap : 256;
    if (body->rc != RC_OK || need <= *cap)
        return;
    while (next < need)
        next *= 2;
    uint32_t *sizes = realloc(blobs->sizes, next * sizeof(*sizes));
    if (!sizes) {
        body->rc = FAIL(body->err, RC_NOMEM, 0, "no memory for the sizes of %zu puts", next);
        return;
    }
    blobs->sizes = sizes;
    *cap = next;
}

static void read_file(struct unpack *body, struct trace_file_blobs *blobs, struct namemap *names,
                      uint32_t file, size_t *cap)
{
    size_t at = blobs->first[file];
    read_key(body, blobs, names, file);
    size_t start = body->at;
    uint64_t versions = unpack_number(body, 1, DATASET_VERSIONS_MAX, "versions of a file");
    if (versions > body->bytes.len - body->at)
        unpack_refuse(body, start, "versions of a file: expected as many sizes, got the end");
    reserve_sizes(body, blobs, at + versions, cap);
    for (uint64_t v = 0; v < versions && body->rc == RC_OK; v++)
        blobs->sizes[at++] = (uint32_t)unpack_number(body, 0, BLOB_BYTES_MAX, "size");
    blobs->first[file + 1] = at;
}

enum rc trace_file_blobs_read(struct unpack *body, struct trace_file_blobs *blobs)
{
    struct namemap names = {0};
    size_t start = body->at, cap = 0;
    *blobs = (struct trace_file_blobs){0};
    uint32_t count = (uint32_t)unpack_number(body, 0, DATASET_FILES_MAX, "keys");
    if (body->rc != RC_OK || count == 0)
        return body->rc;
    if (count > body->bytes.len - body->at)
        unpack_refuse(body, start, "keys: expected %" PRIu32 " of them, got the end", count);
    read_look(body, blobs);
    if (body->rc != RC_OK)
        return body->rc;
    blobs->keys = malloc(count * sizeof(*blobs->keys));
    blobs->first = calloc((size_t)count + 1, sizeof(*blobs->first));
    if (!blobs->keys || !blobs->first)
        return body->rc = FAIL(body->err, RC_NOMEM, 0, "no memory for %" PRIu32 " keys", count);
    for (uint32_t file = 0; file < count && body->rc == RC_OK; file++)
        read_file(body, blobs, &names, file, &cap);
    blobs->file_count = count;
    namemap_release(&names);
    return body->rc;
}

void trace_file_blobs_write(struct pack *pack, const struct trace_file_blobs *blobs)
{
    pack_number(pack, blobs->file_count);
    if (blobs->file_count == 0)
        return;
    pack_text(pack, span_of_str(blobs->look->name));
    for (uint32_t file = 0; file < blobs->file_count; file++) {
        pack_text(pack, blobs->keys[file]);
        pack_number(pack, blobs->first[file + 1] - blobs->first[file]);
        for (size_t at = blobs->first[file]; at < blobs->first[file + 1]; at++)
            pack_number(pack, blobs->sizes[at]);
    }
}

void trace_file_blobs_release(struct trace_file_blobs *blobs)
{
    free(blobs->keys);
    free(blobs->first);
    free(blobs->sizes);
    buf_release(&blobs->payload);
    *blobs = (struct trace_file_blobs){0};
}

/* ---- what they are --------------------------------------------------------------------------- */

/* A slash that divides two names. */
static bool divides(struct span key, size_t at)
{
    return key.ptr[at] == '/' && at > 0 && key.ptr[at - 1] != '/' && at + 1 < key.len &&
           key.ptr[at + 1] != '/';
}

/* key[at..end) holds no slash that divides: one name of the path. */
static enum rc add_name(struct span key, size_t at, size_t end, struct buf *out, struct err *err)
{
    struct span name = span_of(key.ptr + at, end - at);
    bool dots = span_equal(name, span_of_str(".")) || span_equal(name, span_of_str(".."));
    enum rc rc = RC_OK;
    for (; at < end && rc == RC_OK; at++) {
        uint8_t byte = key.ptr[at];
        if (byte == '/' || byte == '%' || dots)
            rc = buf_printf(out, err, "%%%02X", byte);
        else
            rc = buf_append(out, span_of(&key.ptr[at], 1), err);
    }
    return rc;
}

enum rc trace_file_path(const struct trace_file_blobs *blobs, uint32_t file, struct buf *out,
                        struct err *err)
{
    buf_clear(out);
    if (file >= blobs->file_count)
        return buf_printf(out, err, "%%new/%05" PRIu32, file - blobs->file_count + 1);
    struct span key = blobs->keys[file];
    enum rc rc = RC_OK;
    for (size_t at = 0, end; at < key.len && rc == RC_OK; at = end) {
        if (at > 0)
            rc = buf_append(out, span_of(&key.ptr[at++], 1), err);
        for (end = at; end < key.len && !divides(key, end);)
            end++;
        if (rc == RC_OK)
            rc = add_name(key, at, end, out, err);
    }
    return rc;
}

size_t trace_file_size(const struct trace_file_blobs *blobs, uint32_t file, uint32_t version)
{
    uint32_t like = file % blobs->file_count;
    size_t first = blobs->first[like], versions = blobs->first[like + 1] - first;
    return blobs->sizes[first + version % versions];
}

enum rc trace_file_content(struct trace_file_blobs *blobs, uint64_t seed, uint32_t file,
                           uint32_t version, struct buf *out, struct err *err)
{
    const struct content_class *look = blobs->look;
    struct rng rng = rng_stream(seed, "trace.content", (uint64_t)file << 32 | version);
    uint64_t draw = rng_u64(&rng);
    size_t len = trace_file_size(blobs, file, version);
    enum rc rc = buf_resize(out, len, err);
    if (rc != RC_OK || len == 0)
        return rc;
    if (len < look->len_min) {
        rng_fill(&rng, out->ptr, len);
        return RC_OK;
    }
    if (!look->wrap) {
        look->fill(draw, SAVING_NATURAL, out->ptr, len);
        return RC_OK;
    }
    rc = buf_resize(&blobs->payload, look->payload_len(len), err);
    if (rc != RC_OK)
        return rc;
    look->fill(draw, SAVING_NATURAL, blobs->payload.ptr, blobs->payload.len);
    look->wrap(draw, buf_span(&blobs->payload), out->ptr, len);
    return RC_OK;
}

enum rc trace_file_summarise(struct trace_file_blobs *blobs, uint64_t seed,
                             struct dataset_summary *out, struct err *err)
{
    struct dataset_summary sum = {.file_count = blobs->file_count, .smallest = UINT64_MAX};
    struct buf work = {0};
    enum rc rc = RC_OK;
    for (uint32_t file = 0; file < blobs->file_count && rc == RC_OK; file++) {
        rc = trace_file_path(blobs, file, &work, err);
        sum.hash = hash128_fold(sum.hash, hash_xxh128(buf_span(&work)));
        if (rc == RC_OK)
            rc = trace_file_content(blobs, seed, file, 0, &work, err);
        sum.hash = hash128_fold(sum.hash, hash_xxh128(buf_span(&work)));
        sum.bytes += work.len;
        sum.smallest = work.len < sum.smallest ? work.len : sum.smallest;
        sum.largest = work.len > sum.largest ? work.len : sum.largest;
    }
    buf_release(&work);
    *out = sum;
    return rc;
}
