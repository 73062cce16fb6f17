/* tool.h: other people's programs: git, make, tar, perf, valgrind, another build of this one.
 *
 * Started without a shell, found in absolute folders of PATH only, standard input empty, output in
 * files, each in a process group of its own that is ended as a whole when its time is up or when a
 * signal asked us to stop.
 */
#ifndef WORKLOADS_TOOL_H
#define WORKLOADS_TOOL_H

#include <signal.h>

#include "engine/buf.h"

struct tool {
    char *const *argv;     /* NULL ends; argv[0] is a path, or a name looked up in PATH */
    const char *dir;       /* where it works; NULL: here */
    const char *log;       /* what it says is appended to this file */
    const char *out;       /* its standard output alone, a new file; NULL: into the log, too */
    char *const *environ_; /* NULL: ours, without what `make` hands down */
    uint64_t limit_ns;
};

struct tool_end {
    int status; /* as waitpid gives it */
    bool late;  /* was ended because its time was up */
};

/* Run all of them, `at_once` at a time, to their ends, however they end.  RC_IO: one could not be
 * started.  RC_INTERRUPTED: *stop was set (may be NULL); none is left running. */
MUST_CHECK enum rc tool_run(const struct tool *tools, size_t count, size_t at_once,
                            const volatile sig_atomic_t *stop, struct tool_end *ends,
                            struct err *err);
bool tool_succeeded(const struct tool_end *end);
/* "exit code 2", "signal 9", "no end within 60 s". */
char *tool_end_text(char dst[64], const struct tool *tool, const struct tool_end *end);
/* The program's path; false when there is none. */
bool tool_find(const char *name, char *dst, size_t dst_size);
/* Remove a file or a folder with all below it; links are removed, not followed.  What cannot be
 * removed stays. */
void tool_remove(const char *path);
/* The last lines (at most `lines`) of a log, joined by " | ", escaped for a message. */
void tool_last_words(const char *log, size_t lines, char *dst, size_t dst_size);

#endif
