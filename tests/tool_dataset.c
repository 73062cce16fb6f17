/* tool_dataset SPEC SEED VERSION FOLDER: write that version of all files of a dataset into a
 * folder, for other programs to open, as 0.EXT, 1.EXT, ...: EXT is what the dataset's path ends
 * with. */
#include <stdio.h>
#include <string.h>

#include "datasets/dataset.h"

struct request {
    const char *spec, *folder;
    uint64_t seed, version;
};

static enum rc write_file(const char *path, struct span bytes, struct err *err)
{
    FILE *file = fopen(path, "wb");
    bool ok = file != NULL && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    if (file != NULL && fclose(file) != 0)
        ok = false;
    return ok ? RC_OK : FAIL(err, RC_IO, 0, "cannot write \"%s\"", Q(path));
}

static enum rc write_all(struct dataset *ds, const struct request *request, struct err *err)
{
    struct buf path = {0}, content = {0};
    enum rc rc = RC_OK;
    for (uint32_t file = 0; rc == RC_OK && file < ds->file_count; file++) {
        rc = dataset_path(ds, file, &path);
        if (rc == RC_OK)
            rc = dataset_content(ds, file, (uint32_t)request->version, &content);
        if (rc != RC_OK)
            break;
        const char *name = buf_str(&path), *dot = strrchr(name, '.');
        char to[4096];
        int len = snprintf(to, sizeof(to), "%s/%u%s", request->folder, file, dot ? dot : "");
        CHECK(len > 0 && (size_t)len < sizeof(to));
        rc = write_file(to, buf_span(&content), err);
    }
    buf_release(&path);
    buf_release(&content);
    return rc;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct request request;
    struct dataset *ds;
    if (argc != 5 || parse_u64(argv[2], 0, UINT64_MAX, "SEED", &request.seed, &err) != RC_OK ||
        parse_u64(argv[3], 0, 1000000, "VERSION", &request.version, &err) != RC_OK) {
        fprintf(stderr, "usage: tool_dataset SPEC SEED VERSION FOLDER\n");
        return 2;
    }
    request.spec = argv[1];
    request.folder = argv[4];
    enum rc rc = dataset_open(&ds, request.spec, request.seed, &err);
    if (rc == RC_OK) {
        rc = write_all(ds, &request, &err);
        dataset_close(ds);
    }
    if (rc != RC_OK)
        fprintf(stderr, "tool_dataset: %s\n", err.msg);
    return rc == RC_OK ? 0 : 1;
}
