/* tool_class CLASS SEED LEN FILE [AT NEW]: write a file of a class of content, for other programs
 * to open.
 *
 * Version 0 has LEN bytes.  With AT and NEW it is edited: after byte AT of the payload NEW bytes
 * are inserted; with a negative NEW so many are taken out.  The edited file is as long as it must
 * be, or 1,000 bytes longer when AT is odd.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/content_class.h"
#include "engine/rng.h"

#define SPARE ((size_t)1000)

struct request {
    const struct content_class *class;
    uint64_t seed, len, at;
    int64_t new;
    const char *path;
};

static bool parse(int argc, char **argv, struct request *request)
{
    struct err err = {0};
    if (argc != 5 && argc != 7)
        return false;
    request->class = content_class_by_name(argv[1]);
    request->path = argv[4];
    if (!request->class ||
        parse_u64(argv[2], 0, UINT64_MAX, "SEED", &request->seed, &err) != RC_OK ||
        parse_size(argv[3], request->class->len_min, BLOB_BYTES_MAX, "LEN", &request->len, &err) !=
            RC_OK)
        return false;
    if (argc == 5)
        return true;
    uint64_t count = 0;
    bool minus = argv[6][0] == '-';
    if (parse_size(argv[5], 0, request->len, "AT", &request->at, &err) != RC_OK ||
        parse_size(argv[6] + minus, 0, request->len, "NEW", &count, &err) != RC_OK)
        return false;
    request->new = minus ? -(int64_t)count : (int64_t)count;
    return true;
}

struct bytes {
    uint8_t *ptr;
    size_t len;
};

static struct bytes alloc_bytes(size_t len)
{
    struct bytes bytes = {malloc(len + 1), len};
    CHECK(bytes.ptr != NULL);
    return bytes;
}

static struct bytes edit(const struct request *request, struct bytes old)
{
    size_t at = request->at < old.len ? (size_t)request->at : old.len, gone = 0, come = 0;
    if (request->new < 0)
        gone = (size_t)-request->new < old.len - at ? (size_t)-request->new : old.len - at;
    else
        come = (size_t)request->new;
    struct bytes new = alloc_bytes(old.len - gone + come);
    struct rng rng = rng_stream(request->seed, "tool_class.edit", 0);
    memcpy(new.ptr, old.ptr, at);
    rng_fill(&rng, new.ptr + at, come);
    memcpy(new.ptr + at + come, old.ptr + at + gone, old.len - at - gone);
    free(old.ptr);
    return new;
}

static struct bytes make(const struct request *request, bool edited)
{
    const struct content_class *class = request->class;
    size_t len = (size_t)request->len;
    struct bytes payload = alloc_bytes(class->wrap ? class->payload_len(len) : len);
    class->fill(request->seed, SAVING_NATURAL, payload.ptr, payload.len);
    if (edited) {
        payload = edit(request, payload);
        len = class->wrap ? class->file_len(payload.len) : payload.len;
        len += class->wrap && request->at % 2 == 1 ? SPARE : 0;
    }
    if (!class->wrap)
        return payload;
    struct bytes file = alloc_bytes(len);
    class->wrap(request->seed, span_of(payload.ptr, payload.len), file.ptr, file.len);
    free(payload.ptr);
    return file;
}

int main(int argc, char **argv)
{
    struct request request = {0};
    if (!parse(argc, argv, &request)) {
        fprintf(stderr, "usage: tool_class CLASS SEED LEN FILE [AT NEW]\n");
        return 2;
    }
    struct bytes bytes = make(&request, argc == 7);
    FILE *file = fopen(request.path, "wb");
    bool ok = file != NULL && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    if (file != NULL && fclose(file) != 0)
        ok = false;
    free(bytes.ptr);
    if (!ok)
        fprintf(stderr, "tool_class: cannot write \"%s\"\n", request.path);
    return ok ? 0 : 1;
}
