/* child.h: one child process: this program or another build of it, quiet, watched, bounded.
 *
 * Its standard input and output are /dev/null, its standard error is kept (the first 16 KiB;
 * more is read and dropped, so that it never waits).  It has a process group of its own: a ^C at
 * the terminal reaches the parent, which passes the request on once and then waits for the child
 * to end by itself. / */
#ifndef WORKLOADS_CHILD_H
#define WORKLOADS_CHILD_H

#include <signal.h>

#include "engine/base.h"

/* A child that takes longer is killed: something hangs. */
#define CHILD_LIMIT_NS ((uint64_t)2 * 3600 * 1000000000)

struct child_end {
    int status;          /* as waitpid gives it */
    char text[16384];    /* what it said */
    const char *message; /* into text: its error line without "blobfront: error: ", or its first */
};

struct child_start {
    const char *program;     /* a path; NULL: this program again */
    char *const *argv;       /* argv[0] is any name, NULL ends */
    const char *environment; /* "NAME=value", in place of what is inherited by that name, or NULL */
};

/* Run a program to its end.  RC_OK however it ended; RC_IO when it could not be started, waited
 * for, or had to be killed. */
MUST_CHECK enum rc child_run(const struct child_start *start, const volatile sig_atomic_t *stop,
                             struct child_end *end, struct err *err);
/* Did it die by a signal of its own doing (SIGSEGV, SIGABRT, ...), not by one from outside? */
bool child_crashed(int status);
/* The signal from outside that ended it (the OOM killer's SIGKILL, a SIGTERM it obeyed), or 0. */
int child_ended_by(int status);

/* Exit codes of `blobfront run-one` the parent tells apart; above CHILD_SIGNALLED: signals
 * obeyed. */
enum { CHILD_USAGE = 2, CHILD_MISMATCH = 5, CHILD_SIGNALLED = 128 };

#endif
