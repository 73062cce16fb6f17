/* support_store.h: a store under test: any strategy, any level, either back end. */
#ifndef TESTS_SUPPORT_STORE_H
#define TESTS_SUPPORT_STORE_H

#include "strategies/strategies.h"
#include "tests/support_tree.h"

struct subject {
    char spec[96]; /* "name:opt=value" */
    enum durability level;
    bool posix;
    char name[128]; /* "spec/level/back end" */
};

/* Fills in the name.  Returns `out`. */
struct subject *subject_set(struct subject *out, const char *spec, enum durability level,
                            bool posix);
/* Every available row of the registry, at each level that makes a difference to it, on both back
 * ends; *count of them.  The caller frees the array. */
struct subject *subjects_all(size_t *count);

struct rig {
    const struct subject *subject;
    struct strategy_spec spec;
    struct tree tree;
    struct store *st;
    struct buf out; /* for reads */
};

/* All of these fail the running cmocka test when something goes wrong. */
void rig_open(struct rig *rig, const struct subject *subject);
void rig_reopen(struct rig *rig);
/* Settles, closes, and deletes everything. */
void rig_close(struct rig *rig);
void rig_begin(struct rig *rig);
/* Commits, and holds the counters to what must be conserved. */
void rig_commit(struct rig *rig);
void rig_put(struct rig *rig, uint64_t file_id, uint32_t version, struct span bytes);
/* begin, put, commit. */
void rig_store(struct rig *rig, uint64_t file_id, uint32_t version, struct span bytes);
void rig_del(struct rig *rig, uint64_t file_id, uint32_t version);
void rig_expect(struct rig *rig, uint64_t file_id, uint32_t version, struct span bytes);
void rig_expect_absent(struct rig *rig, uint64_t file_id, uint32_t version);
void rig_expect_part(struct rig *rig, uint64_t file_id, uint32_t version, uint64_t offset,
                     size_t len, struct span whole);
void rig_check(struct rig *rig);
bool rig_volatile(const struct rig *rig);

/* The request of a put, with its handler. */
struct put_request put_of(uint64_t file_id, uint32_t version, struct span bytes);

enum bytes_kind { BYTES_RANDOM, BYTES_TEXT, BYTES_REPEAT, BYTES_KIND_COUNT };
/* `len` bytes, a function of kind and seed; the caller frees them. */
uint8_t *bytes_new(enum bytes_kind kind, uint64_t seed, size_t len);

#define MUST(rig, call)                                                             \
    do {                                                                            \
        enum rc must_ = (call);                                                     \
        if (must_ != RC_OK)                                                         \
            fail_msg("%s: %s: %s: %s", (rig)->subject->name, #call, rc_name(must_), \
                     (rig)->st != NULL ? store_error((rig)->st)->msg : "no store"); \
    } while (0)

#endif
