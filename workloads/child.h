/* child.h: one child process: this program again, quiet, watched, bounded.
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

/* Run `blobfront argv[1]...` (argv[0] is any name, NULL ends) to its end.  RC_OK however it ended;
 * RC_IO when it could not be started, waited for, or had to be killed. */
MUST_CHECK enum rc child_run(char *const argv[], const volatile sig_atomic_t *stop,
                             struct child_end *end, struct err *err);
/* Did it die by a signal of its own doing (SIGSEGV, SIGABRT, ...), not by one from outside? */
bool child_crashed(int status);

#endif
