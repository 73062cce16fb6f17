/* support_fixture.h: a small study on disk, written by results/ itself, and a folder to keep it in.
 *
 * Two arms, two phases, two rounds: FIXTURE_RUNS runs of FIXTURE_LINES lines each.  Every helper
 * fails the running cmocka test when it cannot do its work.
 */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include "results/record.h"

enum { FIXTURE_ARMS = 2, FIXTURE_RUNS = 4, FIXTURE_LINES = 5 };
extern const struct record_manifest fixture_manifest;

/* cmocka's setup and teardown: *state is the path of an empty folder, removed afterwards. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* "dir/name", in `path`. */
const char *fixture_join(struct buf *path, const char *dir, const char *name);
void fixture_write(const char *dir, const char *name, const void *bytes, size_t len);
void fixture_read(const char *dir, const char *name, struct buf *out);

/* The samples of one run: baseline, ingest, after_ingest, read_point, run line. */
void fixture_run(struct sample run[FIXTURE_LINES], uint32_t number);
void fixture_append(const char *dir, const struct sample *run);
/* A study below `parent` with the first `runs` runs in it; its folder, in `dir`. */
const char *fixture_make(struct buf *dir, const char *parent, uint32_t runs);
void fixture_load(struct record *record, const char *dir);
/* Loading fails with `rc` and a message that has every part in it (NULL-terminated). */
void fixture_expect_load(const char *dir, enum rc rc, const char *const *parts);
#define FIXTURE_EXPECT_LOAD(dir, rc, ...) \
    fixture_expect_load(dir, rc, (const char *const[]){__VA_ARGS__, NULL})

/* One change to a file, and what loading says then. */
struct fixture_edit {
    const char *find, *replace; /* the first occurrence */
    enum rc rc;
    const char *parts[3];
};
void fixture_replaced(struct buf *out, const struct buf *text, const struct fixture_edit *edit);
/* Each edit by itself; the file is as before in the end. */
void fixture_check_edits(const char *dir, const char *name, const struct fixture_edit *edits,
                         size_t count);

#endif
