#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np, FTW_DEPTH */

#include "workloads/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/program.h"

enum { TOOL_STEP_NS = 5 * 1000 * 1000, TOOL_GRACE_STEPS = 400, TOOL_AT_ONCE_MAX = 16 };

bool tool_find(const char *name, char *dst, size_t dst_size)
{
    return program_find(name, dst, dst_size);
}

/* ---- starting ------------------------------------------------------------------------------- */

extern char **environ;

/* What an outer `make` hands down would change what an inner one builds; Git's would change which
 * repository is meant only by accident of a hook, and that is what its user wants. */
static char **own_environment(void)
{
    static const char *const dropped[] = {"MAKEFLAGS=", "MFLAGS=", "MAKELEVEL=", "MAKEOVERRIDES="};
    size_t count = 0, used = 0;
    while (environ[count])
        count++;
    char **list = calloc(count + 1, sizeof(*list));
    for (size_t i = 0; list && i < count; i++) {
        bool keep = true;
        for (size_t d = 0; d < COUNT_OF(dropped); d++)
            keep = keep && strncmp(environ[i], dropped[d], strlen(dropped[d])) != 0;
        if (keep)
            list[used++] = environ[i];
    }
    return list;
}

static int add_streams(posix_spawn_file_actions_t *actions, const struct tool *tool)
{
    int append = O_WRONLY | O_CREAT | O_APPEND;
    int sys = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (sys == 0)
        sys = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, tool->log, append, 0666);
    if (sys == 0 && tool->out)
        sys = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, tool->out,
                                               O_WRONLY | O_CREAT | O_TRUNC, 0666);
    else if (sys == 0)
        sys = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
    if (sys == 0 && tool->dir)
        sys = posix_spawn_file_actions_addchdir_np(actions, tool->dir);
    return sys;
}

static int spawn_with(const char *path, const struct tool *tool,
                      posix_spawn_file_actions_t *actions, char *const environment[], pid_t *pid)
{
    posix_spawnattr_t attr;
    sigset_t none;
    int sys = posix_spawnattr_init(&attr);
    if (sys != 0)
        return sys;
    (void)sigemptyset(&none);
    sys = posix_spawnattr_setpgroup(&attr, 0);
    if (sys == 0)
        sys = posix_spawnattr_setsigmask(&attr, &none);
    if (sys == 0)
        sys = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    if (sys == 0)
        sys = posix_spawn(pid, path, actions, &attr, tool->argv, environment);
    (void)posix_spawnattr_destroy(&attr);
    return sys;
}

static enum rc start(const struct tool *tool, pid_t *pid, struct err *err)
{
    char path[4096];
    posix_spawn_file_actions_t actions;
    if (!tool_find(tool->argv[0], path, sizeof(path)))
        return FAIL(err, RC_IO, 0, "cannot find the program \"%s\"", Q(tool->argv[0]));
    char **own = tool->environ_ ? NULL : own_environment();
    if (!tool->environ_ && !own)
        return FAIL(err, RC_NOMEM, 0, "no memory to start \"%s\"", Q(tool->argv[0]));
    int sys = posix_spawn_file_actions_init(&actions);
    if (sys == 0) {
        sys = add_streams(&actions, tool);
        if (sys == 0)
            sys = spawn_with(path, tool, &actions, tool->environ_ ? tool->environ_ : own, pid);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    free(own);
    if (sys != 0)
        *pid = 0;
    return sys == 0 ? RC_OK : FAIL(err, RC_IO, sys, "cannot start \"%s\"", Q(tool->argv[0]));
}

/* ---- waiting -------------------------------------------------------------------------------- */

struct running {
    pid_t pid; /* 0: the place is free */
    size_t tool;
    uint64_t deadline;
};

static void nap(void)
{
    struct timespec step = {.tv_nsec = TOOL_STEP_NS};
    (void)nanosleep(&step, NULL);
}

/* The whole group: make's compilers as well as make. */
static void end_group(struct running *one, int *status)
{
    (void)kill(-one->pid, SIGTERM);
    for (int i = 0; i < TOOL_GRACE_STEPS && waitpid(one->pid, status, WNOHANG) == 0; i++)
        nap();
    (void)kill(-one->pid, SIGKILL);
    while (waitpid(one->pid, status, 0) < 0 && errno == EINTR)
        ;
    one->pid = 0;
}

static void reap(struct running *one, struct tool_end *ends)
{
    int status = 0;
    pid_t done = waitpid(one->pid, &status, WNOHANG);
    if (done == 0 && clock_ns() > one->deadline) {
        end_group(one, &status);
        ends[one->tool] = (struct tool_end){.status = status, .late = true};
    } else if (done == one->pid || (done < 0 && errno != EINTR)) {
        ends[one->tool] = (struct tool_end){.status = done < 0 ? 1 << 8 : status};
        one->pid = 0;
    }
}

enum rc tool_run(const struct tool *tools, size_t count, size_t at_once,
                 const volatile sig_atomic_t *stop, struct tool_end *ends, struct err *err)
{
    struct running running[TOOL_AT_ONCE_MAX] = {0};
    size_t next = 0, left = count;
    enum rc rc = RC_OK;
    CHECK(at_once >= 1 && at_once <= TOOL_AT_ONCE_MAX);
    while (rc == RC_OK && left > 0) {
        if (stop && *stop)
            rc = FAIL(err, RC_INTERRUPTED, 0, "interrupted");
        for (size_t i = 0; rc == RC_OK && i < at_once && next < count; i++) {
            if (running[i].pid != 0)
                continue;
            rc = start(&tools[next], &running[i].pid, err);
            running[i].tool = next;
            running[i].deadline = clock_ns() + tools[next].limit_ns;
            next++;
        }
        for (size_t i = 0; rc == RC_OK && i < at_once; i++) {
            if (running[i].pid == 0)
                continue;
            reap(&running[i], ends);
            left -= running[i].pid == 0;
        }
        if (rc == RC_OK && left > 0)
            nap();
    }
    for (size_t i = 0; i < at_once; i++) {
        int ignored;
        if (running[i].pid > 0)
            end_group(&running[i], &ignored);
    }
    return rc;
}

/* ---- what came of it ------------------------------------------------------------------------ */

bool tool_succeeded(const struct tool_end *end)
{
    return !end->late && WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0;
}

char *tool_end_text(char dst[64], const struct tool *tool, const struct tool_end *end)
{
    if (end->late)
        (void)snprintf(dst, 64, "no end within %" PRIu64 " s", tool->limit_ns / 1000000000);
    else if (WIFSIGNALED(end->status))
        (void)snprintf(dst, 64, "ended by signal %d", WTERMSIG(end->status));
    else
        (void)snprintf(dst, 64, "exit code %d", WEXITSTATUS(end->status));
    return dst;
}

void tool_last_words(const char *log, size_t lines, char *dst, size_t dst_size)
{
    char tail[2048];
    dst[0] = '\0';
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0;
    ssize_t got = pread(fd, tail, sizeof(tail), from);
    (void)close(fd);
    size_t len = got > 0 ? (size_t)got : 0;
    while (len > 0 && tail[len - 1] == '\n')
        len--;
    size_t begin = len;
    for (size_t found = 0; begin > 0; begin--)
        if (tail[begin - 1] == '\n' && ++found == lines)
            break;
    for (size_t at = begin; at < len;) {
        const char *newline = memchr(tail + at, '\n', len - at);
        size_t width = newline ? (size_t)(newline - tail) - at : len - at;
        char quoted[QUOTE_SIZE];
        quote_bytes(quoted, sizeof(quoted), span_of(tail + at, width));
        size_t used = strlen(dst);
        (void)snprintf(dst + used, dst_size - used, "%s%s", used ? " | " : "", quoted);
        at += width + 1;
    }
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)at;
    if (type == FTW_DP || type == FTW_D)
        (void)rmdir(path);
    else
        (void)unlink(path);
    return 0;
}

void tool_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
