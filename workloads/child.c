#include "workloads/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/clock.h"

extern char **environ;

/* The child's standard error: a strategy under development may say a lot. */
struct pipe_end {
    int fd;
    bool open;
    size_t len;
    struct child_end *to;
};

static void read_text(struct pipe_end *from)
{
    char dropped[4096];
    char *text = from->to->text;
    while (from->open) {
        /* What comes late is dropped, or the child would wait for ever. */
        size_t room = sizeof(from->to->text) - 1 - from->len;
        ssize_t got = room ? read(from->fd, text + from->len, room)
                           : read(from->fd, dropped, sizeof(dropped));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            break;
        from->open = got > 0;
        from->len += room && got > 0 ? (size_t)got : 0;
    }
    text[from->len] = '\0';
}

/* The line that is an error of ours, without its beginning, or else the first line. */
static const char *error_line(char *text)
{
    static const char prefix[] = "blobfront: error: ";
    char *line = text, *found = text;
    while (line && strncmp(line, prefix, sizeof(prefix) - 1) != 0) {
        line = strchr(line, '\n');
        line += line != NULL;
    }
    if (line)
        found = line + sizeof(prefix) - 1;
    found[strcspn(found, "\n")] = '\0';
    return found;
}

static int set_streams(posix_spawn_file_actions_t *actions, int error_fd)
{
    int sys = posix_spawn_file_actions_adddup2(actions, error_fd, STDERR_FILENO);
    if (sys == 0)
        sys = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (sys == 0)
        sys = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    return sys;
}

/* The parent's environment with `addition` in place of any variable of its name.  The strings are
 * borrowed; free() the list. */
static char **make_environment(const char *addition)
{
    size_t count = 0, used = 0, name = addition ? strcspn(addition, "=") + 1 : 0;
    while (environ[count])
        count++;
    char **list = calloc(count + 2, sizeof(*list));
    for (size_t i = 0; list && i < count; i++)
        if (!addition || strncmp(environ[i], addition, name) != 0)
            list[used++] = environ[i];
    if (list && addition)
        list[used] = (char *)(uintptr_t)addition; /* posix_spawn writes to none of them */
    return list;
}

static enum rc spawn(const struct child_start *start, int error_fd, pid_t *pid, struct err *err)
{
    const char *program = start->program ? start->program : "/proc/self/exe";
    char **environment = make_environment(start->environment);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int sys = environment ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (sys != 0) {
        free(environment);
        return FAIL(err, RC_IO, sys, "cannot start a run");
    }
    sys = posix_spawnattr_init(&attr);
    if (sys == 0) {
        sys = set_streams(&actions, error_fd);
        if (sys == 0)
            sys = posix_spawnattr_setpgroup(&attr, 0);
        if (sys == 0)
            sys = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
        if (sys == 0)
            sys = posix_spawn(pid, program, &actions, &attr, start->argv, environment);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    free(environment);
    if (sys != 0 && start->program)
        return FAIL(err, RC_IO, sys, "cannot start a run with \"%s\"", Q(program));
    return sys == 0 ? RC_OK : FAIL(err, RC_IO, sys, "cannot start a run");
}

/* Wait for the child, reading what it says, passing a stop request on once and killing it when it
 * hangs.  Sleeps until its end closes the pipe: waking up often would take time from what is being
 * measured. */
static enum rc wait_for(pid_t pid, const volatile sig_atomic_t *stop, struct pipe_end *said,
                        struct err *err)
{
    uint64_t deadline = clock_ns() + CHILD_LIMIT_NS;
    bool told = false;
    for (;;) {
        struct pollfd end = {.fd = said->open ? said->fd : -1, .events = POLLIN};
        (void)poll(&end, 1, said->open ? 100 : 5);
        read_text(said);
        pid_t done = waitpid(pid, &said->to->status, WNOHANG);
        if (done == pid) {
            read_text(said);
            return RC_OK;
        }
        if (done < 0 && errno != EINTR)
            return FAIL(err, RC_IO, errno, "cannot wait for a run");
        if (!told && stop && *stop) {
            (void)kill(pid, SIGINT);
            told = true;
        }
        if (clock_ns() > deadline) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &said->to->status, 0);
            return FAIL(err, RC_IO, 0, "a run took longer than two hours and was ended");
        }
    }
}

enum rc child_run(const struct child_start *start, const volatile sig_atomic_t *stop,
                  struct child_end *end, struct err *err)
{
    int fds[2];
    pid_t pid = -1;
    *end = (struct child_end){.message = ""};
    if (pipe(fds) != 0)
        return FAIL(err, RC_IO, errno, "cannot start a run");
    (void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    struct pipe_end said = {.fd = fds[0], .open = true, .to = end};
    enum rc rc = spawn(start, fds[1], &pid, err);
    (void)close(fds[1]);
    if (rc == RC_OK)
        rc = wait_for(pid, stop, &said, err);
    (void)close(fds[0]);
    end->message = error_line(end->text);
    return rc;
}

bool child_crashed(int status)
{
    static const int numbers[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (WIFSIGNALED(status) && WTERMSIG(status) == numbers[i])
            return true;
    return false;
}

int child_ended_by(int status)
{
    if (WIFSIGNALED(status) && !child_crashed(status))
        return WTERMSIG(status);
    if (WIFEXITED(status) && WEXITSTATUS(status) > CHILD_SIGNALLED)
        return WEXITSTATUS(status) - CHILD_SIGNALLED;
    return 0;
}
