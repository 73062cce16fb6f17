/* io_backend.h: the table a back end of the file layer fills.  For io*.c and tests only.
 *
 * The layer above (io.c) validates names, consults the hook, counts, and writes messages with the
 * file's name; a back end only acts, and reports an errno (0 is success).  Every slot is required
 * except map/unmap (NULL: no mmap) and drop_cache (NULL: nothing to drop).  Semantics are those of
 * io.h.
 */
#ifndef ENGINE_IO_BACKEND_H
#define ENGINE_IO_BACKEND_H

#include "engine/io.h"

struct io_backend {
    const char *name;
    void (*release)(void *state);
    int (*open)(void *state, const char *name, unsigned flags, void **handle, bool *created);
    int (*close)(void *state, void *handle);
    int (*read)(void *state, void *handle, void *dst, size_t len, uint64_t offset, size_t *got);
    int (*write)(void *state, void *handle, const void *src, size_t len, uint64_t offset);
    int (*truncate)(void *state, void *handle, uint64_t size);
    int (*sync)(void *state, void *handle, bool data_only);
    int (*size)(void *state, void *handle, uint64_t *size);
    int (*map)(void *state, void *handle, uint64_t len, const uint8_t **ptr);
    void (*unmap)(void *state, const uint8_t *ptr, uint64_t len);
    int (*rename)(void *state, const char *from, const char *to);
    int (*link)(void *state, const char *from, const char *to);
    int (*unlink)(void *state, const char *name);
    int (*mkdir)(void *state, const char *name);
    int (*sync_dir)(void *state, const char *name);
    int (*drop_cache)(void *state, const char *name);
    /* EISDIR for anything that is not a regular file. */
    int (*stat)(void *state, const char *name, uint64_t *size);
    /* Any order; names relative to the root; the layer sorts. */
    int (*list)(void *state, const char *dir,
                int (*visit)(void *ctx, const char *name, uint64_t size), void *ctx);
};

#endif
