/* vfs_shared.h: what connections of one process to one database share: file locks and the memory of
 * the WAL index.
 *
 * SQLite's own unix VFS keeps both in the kernel, between processes.  Here the io's lock file keeps
 * other processes out, so a table in the heap is enough, as in the library's "unix-excl" VFS: one
 * entry per database file, found by the tree it lies in and its name, held while a connection is
 * open.  Semantics are those of sqlite3.h for xLock, xUnlock, xCheckReservedLock and xShm*.
 *
 * Nothing here waits: who does not get a lock is told SQLITE_BUSY, and SQLite's busy handler, which
 * is bounded, tries again.
 * Threading: any; each connection by one thread at a time.
 */
#ifndef ENGINE_VFS_SHARED_H
#define ENGINE_VFS_SHARED_H

#include "engine/base.h"

struct vfs_shared; /* one database file */

/* One connection's part. */
struct vfs_seat {
    struct vfs_shared *shared;
    int lock;                           /* SQLITE_LOCK_* */
    uint16_t shm_shared, shm_exclusive; /* locks held, by bit */
    bool shm_mapped;                    /* counts among those who use the memory */
};

/* Take a seat at the database `name` of the tree `family`; false when memory is exhausted. */
bool vfs_seat_take(struct vfs_seat *seat, const void *family, const char *name);
/* Gives up every lock.  Accepts a zeroed seat. */
void vfs_seat_leave(struct vfs_seat *seat);

int vfs_seat_lock(struct vfs_seat *seat, int level);
void vfs_seat_unlock(struct vfs_seat *seat, int level);
bool vfs_seat_reserved(struct vfs_seat *seat); /* by anyone */

/* *out is NULL when the region does not exist and `extend` is false. */
int vfs_seat_shm_map(struct vfs_seat *seat, int region, int size, bool extend, volatile void **out);
int vfs_seat_shm_lock(struct vfs_seat *seat, int first, int count, int flags);
void vfs_seat_shm_barrier(struct vfs_seat *seat);
void vfs_seat_shm_unmap(struct vfs_seat *seat);

#endif
