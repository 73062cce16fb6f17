#include "engine/vfs_shared.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/io.h"

/* Regions of the WAL index are 32 KiB and describe 4096 frames each. */
enum { REGIONS_MAX = 4096 };

struct vfs_shared {
    struct vfs_shared *next;
    const void *family;
    char name[IO_NAME_MAX];
    unsigned seats, readers; /* connections; those with a SHARED lock or more */
    /* At most one connection has more than SHARED; PENDING keeps new readers out. */
    struct vfs_seat *writer;
    int shm_locks[SQLITE_SHM_NLOCK]; /* how many share it; -1: one has it alone */
    unsigned shm_users;
    size_t region_count, region_bytes;
    void *regions[REGIONS_MAX];
};

/* Guards every entry: what is done under it is a few comparisons. */
static pthread_mutex_t table_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct vfs_shared *table;

static void table_lock(void)
{
    CHECK(pthread_mutex_lock(&table_mutex) == 0);
}

static void table_unlock(void)
{
    CHECK(pthread_mutex_unlock(&table_mutex) == 0);
}

/* ---- entries --------------------------------------------------------------------------------- */

static struct vfs_shared *table_find(const void *family, const char *name)
{
    for (struct vfs_shared *shared = table; shared; shared = shared->next)
        if (shared->family == family && strcmp(shared->name, name) == 0)
            return shared;
    return NULL;
}

static struct vfs_shared *table_add(const void *family, const char *name)
{
    size_t len = strlen(name);
    CHECK(len < IO_NAME_MAX);
    struct vfs_shared *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return NULL;
    shared->family = family;
    memcpy(shared->name, name, len + 1);
    shared->next = table;
    table = shared;
    return shared;
}

static void drop_regions(struct vfs_shared *shared)
{
    for (size_t i = 0; i < shared->region_count; i++)
        free(shared->regions[i]);
    shared->region_count = 0;
}

static void table_remove(struct vfs_shared *shared)
{
    struct vfs_shared **link = &table;
    while (*link != shared)
        link = &(*link)->next;
    *link = shared->next;
    drop_regions(shared);
    free(shared);
}

bool vfs_seat_take(struct vfs_seat *seat, const void *family, const char *name)
{
    *seat = (struct vfs_seat){.lock = SQLITE_LOCK_NONE};
    table_lock();
    struct vfs_shared *shared = table_find(family, name);
    if (!shared)
        shared = table_add(family, name);
    if (shared)
        shared->seats++;
    seat->shared = shared;
    table_unlock();
    return shared != NULL;
}

static void unlock_held(struct vfs_seat *seat, int level)
{
    struct vfs_shared *shared = seat->shared;
    if (level >= seat->lock)
        return;
    if (shared->writer == seat && level <= SQLITE_LOCK_SHARED)
        shared->writer = NULL;
    if (level == SQLITE_LOCK_NONE)
        shared->readers--;
    seat->lock = level;
}

static void unmap_held(struct vfs_seat *seat)
{
    struct vfs_shared *shared = seat->shared;
    CHECK(seat->shm_shared == 0 && seat->shm_exclusive == 0);
    if (!seat->shm_mapped)
        return;
    seat->shm_mapped = false;
    /* The next to use it finds zeros, and recovers the index from the WAL. */
    if (--shared->shm_users == 0)
        drop_regions(shared);
}

void vfs_seat_leave(struct vfs_seat *seat)
{
    struct vfs_shared *shared = seat->shared;
    if (!shared)
        return;
    table_lock();
    unlock_held(seat, SQLITE_LOCK_NONE);
    unmap_held(seat);
    if (--shared->seats == 0)
        table_remove(shared);
    table_unlock();
    seat->shared = NULL;
}

/* ---- locks of the file ----------------------------------------------------------------------- */

static int lock_shared(struct vfs_seat *seat)
{
    const struct vfs_seat *writer = seat->shared->writer;
    if (writer && writer->lock >= SQLITE_LOCK_PENDING)
        return SQLITE_BUSY;
    seat->shared->readers++;
    seat->lock = SQLITE_LOCK_SHARED;
    return SQLITE_OK;
}

/* Who waits for readers to leave keeps PENDING, so that no new ones come. */
static int lock_exclusive(struct vfs_seat *seat)
{
    struct vfs_shared *shared = seat->shared;
    if (shared->writer && shared->writer != seat)
        return SQLITE_BUSY;
    shared->writer = seat;
    seat->lock = shared->readers == 1 ? SQLITE_LOCK_EXCLUSIVE : SQLITE_LOCK_PENDING;
    return seat->lock == SQLITE_LOCK_EXCLUSIVE ? SQLITE_OK : SQLITE_BUSY;
}

int vfs_seat_lock(struct vfs_seat *seat, int level)
{
    int code = SQLITE_OK;
    table_lock();
    if (level > seat->lock && level == SQLITE_LOCK_SHARED) {
        code = lock_shared(seat);
    } else if (level > seat->lock && level == SQLITE_LOCK_RESERVED) {
        CHECK(seat->lock == SQLITE_LOCK_SHARED);
        if (seat->shared->writer) {
            code = SQLITE_BUSY;
        } else {
            seat->shared->writer = seat;
            seat->lock = SQLITE_LOCK_RESERVED;
        }
    } else if (level > seat->lock) {
        CHECK(seat->lock >= SQLITE_LOCK_SHARED);
        code = lock_exclusive(seat);
    }
    table_unlock();
    return code;
}

void vfs_seat_unlock(struct vfs_seat *seat, int level)
{
    CHECK(level == SQLITE_LOCK_NONE || level == SQLITE_LOCK_SHARED);
    table_lock();
    unlock_held(seat, level);
    table_unlock();
}

bool vfs_seat_reserved(struct vfs_seat *seat)
{
    table_lock();
    bool reserved = seat->shared->writer != NULL;
    table_unlock();
    return reserved;
}

/* ---- the WAL index --------------------------------------------------------------------------- */

static int extend_regions(struct vfs_shared *shared, size_t count, size_t bytes)
{
    if (shared->region_count == 0)
        shared->region_bytes = bytes;
    CHECK(shared->region_bytes == bytes);
    if (count > REGIONS_MAX)
        return SQLITE_FULL;
    while (shared->region_count < count) {
        void *region = calloc(1, bytes);
        if (!region)
            return SQLITE_IOERR_NOMEM;
        shared->regions[shared->region_count++] = region;
    }
    return SQLITE_OK;
}

int vfs_seat_shm_map(struct vfs_seat *seat, int region, int size, bool extend, volatile void **out)
{
    struct vfs_shared *shared = seat->shared;
    size_t index = (size_t)region;
    int code = SQLITE_OK;
    table_lock();
    shared->shm_users += !seat->shm_mapped;
    seat->shm_mapped = true;
    if (index >= shared->region_count && extend)
        code = extend_regions(shared, index + 1, (size_t)size);
    *out = code == SQLITE_OK && index < shared->region_count ? shared->regions[index] : NULL;
    table_unlock();
    return code;
}

static void release_shm(struct vfs_seat *seat, int first, int count)
{
    for (int slot = first; slot < first + count; slot++) {
        uint16_t bit = (uint16_t)(1u << slot);
        int *held = &seat->shared->shm_locks[slot];
        if (seat->shm_exclusive & bit)
            *held = 0;
        else if (seat->shm_shared & bit)
            --*held;
        seat->shm_exclusive &= (uint16_t)~bit;
        seat->shm_shared &= (uint16_t)~bit;
    }
}

static int share_shm(struct vfs_seat *seat, int slot)
{
    uint16_t bit = (uint16_t)(1u << slot);
    int *held = &seat->shared->shm_locks[slot];
    if (seat->shm_shared & bit)
        return SQLITE_OK;
    if (*held < 0)
        return SQLITE_BUSY;
    ++*held;
    seat->shm_shared |= bit;
    return SQLITE_OK;
}

/* All of them or none. */
static int own_shm(struct vfs_seat *seat, int first, int count)
{
    for (int slot = first; slot < first + count; slot++)
        if (!(seat->shm_exclusive & (1u << slot)) && seat->shared->shm_locks[slot] != 0)
            return SQLITE_BUSY;
    for (int slot = first; slot < first + count; slot++) {
        CHECK(!(seat->shm_shared & (1u << slot)));
        seat->shared->shm_locks[slot] = -1;
        seat->shm_exclusive |= (uint16_t)(1u << slot);
    }
    return SQLITE_OK;
}

int vfs_seat_shm_lock(struct vfs_seat *seat, int first, int count, int flags)
{
    int code = SQLITE_OK;
    CHECK(first >= 0 && count >= 1 && first + count <= SQLITE_SHM_NLOCK);
    table_lock();
    if (flags & SQLITE_SHM_UNLOCK) {
        release_shm(seat, first, count);
    } else if (flags & SQLITE_SHM_SHARED) {
        CHECK(count == 1);
        code = share_shm(seat, first);
    } else {
        code = own_shm(seat, first, count);
    }
    table_unlock();
    return code;
}

/* The lock and its release order what was written before with what is read after. */
void vfs_seat_shm_barrier(struct vfs_seat *seat)
{
    (void)seat;
    atomic_thread_fence(memory_order_seq_cst);
    table_lock();
    table_unlock();
}

void vfs_seat_shm_unmap(struct vfs_seat *seat)
{
    table_lock();
    unmap_held(seat);
    table_unlock();
}
