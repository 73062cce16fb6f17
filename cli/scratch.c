#include "cli/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "workloads/study.h"

enum rc scratch_make(struct buf *folder, const char *parent, const char *purpose, struct err *err)
{
    stop_on_signals(); /* before there is a folder to leave behind */
    enum rc rc = buf_printf(folder, err, "%s/.blobfront-%s-XXXXXX", parent, purpose);
    if (rc == RC_OK && mkdtemp((char *)folder->ptr) == NULL) {
        rc = FAIL(err, RC_IO, errno, "cannot make a folder in \"%s\"", Q(parent));
        buf_clear(folder);
    }
    return rc;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void scratch_remove(struct buf *folder)
{
    if (folder->len > 0)
        (void)nftw(buf_str(folder), remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    buf_release(folder);
}

enum rc scratch_study(const char *folder, const struct record_manifest *manifest,
                      struct record *record, struct err *err)
{
    struct study_callbacks callbacks = {.ctx = NULL};
    struct study_outcome outcome;
    struct buf dir = {0};
    enum rc rc = record_create(folder, manifest, &dir, err);
    if (rc == RC_OK)
        rc = study_run(buf_str(&dir), &callbacks, &stop_signal, &outcome, err);
    if (rc == RC_OK)
        rc = record_load(record, buf_str(&dir), err);
    buf_release(&dir);
    return rc;
}
