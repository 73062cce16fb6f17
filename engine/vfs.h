/* vfs.h: SQLite on the metered file layer.
 *
 * A sqlite3_vfs whose files are io.h files, so database, WAL, journal and temporary files are
 * metered, can live in memory and can be made to fail, with no help from the code above.
 *
 * Exclusion between processes is the io's own lock file, held while it is open; therefore the
 * connection runs in locking_mode=EXCLUSIVE (set by db.h before the first access) and the VFS
 * offers no shared memory (iVersion 3 methods with xShm absent: WAL keeps its index in the heap).
 * Directory entries of new database, WAL and journal files are synced at their first sync, as the
 * library's own unix VFS does.  mmap (PRAGMA mmap_size) maps through xFetch and is counted; where
 * the back end cannot map (memory) the PRAGMA reads back as 0.
 * Registrations that share a database are the exception: see vfs_register.
 * A database file that is open already on the same registration is refused (SQLITE_CANTOPEN).
 * Device characteristics: POWERSAFE_OVERWRITE, as the unix VFS declares.
 */
#ifndef ENGINE_VFS_H
#define ENGINE_VFS_H

#include "engine/io.h"

struct vfs; /* one registration, bound to one io */

/* Register a VFS for `io`; *out is freed by vfs_unregister, after every connection is closed.
 * `shared`: connections through other shared registrations of the same tree (io_open_shared), each
 * in its own thread, may have the same database open: locks and the WAL index are then kept in the
 * heap of the process, and the connection runs in locking_mode=NORMAL (vfs_shared.h). */
MUST_CHECK enum rc vfs_register(struct io *io, bool shared, struct vfs **out, struct err *err);
/* The name to give sqlite3_open_v2.  Lives as long as the registration. */
const char *vfs_name(const struct vfs *vfs);
/* Accepts NULL. */
void vfs_unregister(struct vfs *vfs);
/* The message of the last failed operation, to explain SQLITE_IOERR; "" when there is none. */
const struct err *vfs_last_error(const struct vfs *vfs);

#endif
