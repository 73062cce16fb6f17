/* git_command.h: the git program, asked in a way that neither the caller's environment nor hooks,
 * pagers, filters or replaced objects can change the answer, and that takes no lock and fetches
 * nothing.
 */
#ifndef DATASETS_GIT_COMMAND_H
#define DATASETS_GIT_COMMAND_H

#include "datasets/coprocess.h"

/* Of one answer: every path of a tree of DATASET_FILES_MAX files, say. */
#define GIT_ANSWER_MAX ((size_t)1 << 30)

struct git_command {
    char program[4096];
    const char *dir; /* the caller's */
    char **environ_; /* ours: the list and, in it, what begins at `own` */
};

/* RC_UNSUPPORTED when there is no git. */
MUST_CHECK enum rc git_command_open(struct git_command *git, const char *dir, struct err *err);
void git_command_release(struct git_command *git); /* accepts a zeroed one */

/* `words` (NULL ends them) follow the general options. */
MUST_CHECK enum rc git_command_start(const struct git_command *git, const char *name,
                                     const char *const *words, struct coprocess *co,
                                     struct err *err);
/* Run one to its end; *good: exit code 0.  `said` has its first words. */
MUST_CHECK enum rc git_command_ask(const struct git_command *git, const char *const *words,
                                   struct span input, struct buf *out, bool *good,
                                   char said[QUOTE_SIZE], struct err *err);

#endif
