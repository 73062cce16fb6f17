/* scratch.h: a study in a folder that is removed afterwards. */
#ifndef CLI_SCRATCH_H
#define CLI_SCRATCH_H

#include "results/record.h"

/* A new folder ".blobfront-<purpose>-..." below `parent`; from now on signals are caught, so that
 * it is not left behind.  Remove it also when making it failed. */
MUST_CHECK enum rc scratch_make(struct buf *folder, const char *parent, const char *purpose,
                                struct err *err);
/* The folder with all that is in it; releases the buf. */
void scratch_remove(struct buf *folder);
/* Run the planned study below `folder` and load its record. */
MUST_CHECK enum rc scratch_study(const char *folder, const struct record_manifest *manifest,
                                 struct record *record, struct err *err);

#endif
