#define _GNU_SOURCE /* pipe2 */

#include "datasets/coprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAP_MS = 5, READ_STEP = 1 << 16 };

static void shut(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* ---- starting ------------------------------------------------------------------------------- */

/* Ours and theirs.  Input is a socket: writing to a dead program is EPIPE there, without the
 * signal that a pipe would send. */
struct streams {
    int in[2], out[2], said[2];
};

static bool open_streams(struct streams *streams)
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, streams->in) == 0 &&
           pipe2(streams->out, O_CLOEXEC) == 0 && pipe2(streams->said, O_CLOEXEC) == 0 &&
           fcntl(streams->in[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(streams->out[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(streams->said[0], F_SETFL, O_NONBLOCK) == 0;
}

static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, piped;
    (void)sigemptyset(&none);
    (void)sigemptyset(&piped);
    (void)sigaddset(&piped, SIGPIPE);
    int sys = posix_spawnattr_setpgroup(attr, 0);
    if (sys == 0)
        sys = posix_spawnattr_setsigmask(attr, &none);
    if (sys == 0)
        sys = posix_spawnattr_setsigdefault(attr, &piped);
    if (sys == 0)
        sys = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF);
    return sys;
}

static int spawn(pid_t *pid, const struct streams *streams, const char *const argv[],
                 char *const environ_[])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int sys = posix_spawn_file_actions_init(&actions);
    if (sys != 0)
        return sys;
    sys = posix_spawnattr_init(&attr);
    if (sys == 0) {
        sys = set_attributes(&attr);
        if (sys == 0)
            sys = posix_spawn_file_actions_adddup2(&actions, streams->in[1], STDIN_FILENO);
        if (sys == 0)
            sys = posix_spawn_file_actions_adddup2(&actions, streams->out[1], STDOUT_FILENO);
        if (sys == 0)
            sys = posix_spawn_file_actions_adddup2(&actions, streams->said[1], STDERR_FILENO);
        if (sys == 0)
            /* It writes to none of the words. */
            sys = posix_spawn(pid, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv,
                              environ_);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return sys;
}

enum rc coprocess_start(struct coprocess *co, const char *name, const char *const argv[],
                        char *const environ_[], struct err *err)
{
    struct streams streams = {{-1, -1}, {-1, -1}, {-1, -1}};
    *co = (struct coprocess){
        .name = name, .idle_ms = COPROCESS_IDLE_MS, .in = -1, .out = -1, .said = -1};
    int sys = open_streams(&streams) ? spawn(&co->pid, &streams, argv, environ_) : errno;
    shut(&streams.in[1]);
    shut(&streams.out[1]);
    shut(&streams.said[1]);
    co->in = streams.in[0];
    co->out = streams.out[0];
    co->said = streams.said[0];
    if (sys == 0)
        return RC_OK;
    co->pid = 0;
    coprocess_end(co);
    return FAIL(err, RC_IO, sys, "cannot start %s", name);
}

/* ---- its end -------------------------------------------------------------------------------- */

char *coprocess_words(const struct coprocess *co, char dst[QUOTE_SIZE])
{
    const char *newline = memchr(co->words, '\n', co->word_len);
    size_t len = newline ? (size_t)(newline - co->words) : co->word_len;
    return quote_bytes(dst, QUOTE_SIZE, span_of(co->words, len));
}

/* Wait until it has ended by itself, or end it. */
static int reap(struct coprocess *co)
{
    int status = 0;
    for (int waited = 0; waited < co->idle_ms; waited += NAP_MS) {
        pid_t done = waitpid(co->pid, &status, WNOHANG);
        if (done == co->pid || (done < 0 && errno != EINTR)) {
            co->pid = 0;
            return done < 0 ? -1 : status;
        }
        (void)poll(NULL, 0, NAP_MS);
    }
    (void)kill(-co->pid, SIGKILL);
    while (waitpid(co->pid, &status, 0) < 0 && errno == EINTR)
        ;
    co->pid = 0;
    return status;
}

void coprocess_end(struct coprocess *co)
{
    if (!co->name)
        return;
    shut(&co->in);
    shut(&co->out);
    shut(&co->said);
    if (co->pid > 0) {
        (void)kill(-co->pid, SIGKILL);
        while (waitpid(co->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    co->pid = 0;
}

static enum rc fail_ended(struct coprocess *co, struct err *err)
{
    char quoted[QUOTE_SIZE], how[64];
    int status = co->pid > 0 ? reap(co) : 0;
    if (status != -1 && WIFSIGNALED(status))
        (void)snprintf(how, sizeof(how), "by signal %d", WTERMSIG(status));
    else
        (void)snprintf(how, sizeof(how), "with exit code %d",
                       status == -1 ? 255 : WEXITSTATUS(status));
    coprocess_words(co, quoted);
    return FAIL(err, RC_IO, 0, "%s ended %s before it was done%s%s", co->name, how,
                quoted[0] ? ": " : "", quoted);
}

/* ---- serving the streams -------------------------------------------------------------------- */

static void listen_to(struct coprocess *co)
{
    char bytes[1024];
    ssize_t got = read(co->said, bytes, sizeof(bytes));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        shut(&co->said);
    size_t room = sizeof(co->words) - co->word_len;
    if (got > 0) {
        size_t keep = (size_t)got < room ? (size_t)got : room;
        memcpy(co->words + co->word_len, bytes, keep);
        co->word_len += keep;
    }
}

static void hear_the_rest(struct coprocess *co)
{
    for (int i = 0; i < 64 && co->said >= 0; i++) {
        struct pollfd poll_said = {.fd = co->said, .events = POLLIN};
        if (poll(&poll_said, 1, 10 * NAP_MS) <= 0)
            break;
        listen_to(co);
    }
}

/* One step of whatever can go on: *src_len bytes to write, up to dst_len to read.  *got is what
 * was read; *ended, that there will be no more. */
static enum rc serve(struct coprocess *co, struct span *src, uint8_t *dst, size_t dst_len,
                     size_t *got, bool *ended, struct err *err)
{
    struct pollfd fds[3] = {
        {.fd = src->len ? co->in : -1, .events = POLLOUT},
        {.fd = dst_len ? co->out : -1, .events = POLLIN},
        {.fd = co->said, .events = POLLIN},
    };
    *got = 0;
    int ready = poll(fds, 3, co->idle_ms);
    if (ready < 0 && errno != EINTR)
        return FAIL(err, RC_IO, errno, "cannot wait for %s", co->name);
    if (ready == 0)
        return FAIL(err, RC_IO, 0, "%s gave no sign of life for %d ms: given up", co->name,
                    co->idle_ms);
    if (ready > 0 && fds[2].revents)
        listen_to(co);
    if (ready > 0 && fds[0].revents) {
        ssize_t sent = send(co->in, src->ptr, src->len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            *ended = true;
        if (sent > 0)
            *src = span_of(src->ptr + sent, src->len - (size_t)sent);
    }
    if (ready > 0 && fds[1].revents) {
        ssize_t n = read(co->out, dst, dst_len);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            *ended = true;
        *got = n > 0 ? (size_t)n : 0;
    }
    return RC_OK;
}

enum rc coprocess_send(struct coprocess *co, struct span bytes, struct err *err)
{
    bool ended = false;
    size_t got;
    enum rc rc = RC_OK;
    while (rc == RC_OK && bytes.len > 0 && !ended)
        rc = serve(co, &bytes, NULL, 0, &got, &ended, err);
    if (rc == RC_OK && ended) {
        hear_the_rest(co);
        rc = fail_ended(co, err);
    }
    return rc;
}

/* At least one byte more in `ahead`, which is empty. */
static enum rc read_ahead(struct coprocess *co, struct err *err)
{
    struct span nothing = {0};
    bool ended = false;
    enum rc rc = RC_OK;
    co->ahead_at = co->ahead_len = 0;
    while (rc == RC_OK && co->ahead_len == 0 && !ended)
        rc = serve(co, &nothing, co->ahead, sizeof(co->ahead), &co->ahead_len, &ended, err);
    if (rc == RC_OK && co->ahead_len == 0) {
        hear_the_rest(co);
        rc = fail_ended(co, err);
    }
    return rc;
}

enum rc coprocess_line(struct coprocess *co, char *dst, size_t size, struct err *err)
{
    for (size_t len = 0; len < size; len++) {
        enum rc rc = co->ahead_at < co->ahead_len ? RC_OK : read_ahead(co, err);
        if (rc != RC_OK)
            return rc;
        dst[len] = (char)co->ahead[co->ahead_at++];
        if (dst[len] == '\n') {
            dst[len] = '\0';
            return RC_OK;
        }
    }
    return FAIL(err, RC_CORRUPT, 0, "%s answered with a line of more than %zu bytes", co->name,
                size - 1);
}

enum rc coprocess_take(struct coprocess *co, uint8_t *dst, size_t len, struct err *err)
{
    struct span nothing = {0};
    size_t at = co->ahead_len - co->ahead_at;
    bool ended = false;
    at = at < len ? at : len;
    if (at > 0)
        memcpy(dst, co->ahead + co->ahead_at, at);
    co->ahead_at += at;
    while (at < len && !ended) {
        size_t got;
        enum rc rc = serve(co, &nothing, dst + at, len - at, &got, &ended, err);
        if (rc != RC_OK)
            return rc;
        at += got;
    }
    if (at == len)
        return RC_OK;
    hear_the_rest(co);
    return fail_ended(co, err);
}

enum rc coprocess_talk(struct coprocess *co, struct span bytes, struct buf *out, size_t limit,
                       int *status, struct err *err)
{
    bool ended = false;
    enum rc rc = RC_OK;
    buf_clear(out);
    while (rc == RC_OK && !ended) {
        size_t got = 0;
        if (bytes.len == 0)
            shut(&co->in);
        rc = buf_reserve(out, out->len + READ_STEP, err);
        if (rc == RC_OK)
            rc = serve(co, &bytes, out->ptr + out->len, READ_STEP, &got, &ended, err);
        out->len += got;
        if (rc == RC_OK && out->len > limit)
            rc = FAIL(err, RC_USAGE, 0, "%s answered with more than %zu bytes", co->name, limit);
    }
    if (rc != RC_OK)
        return rc;
    shut(&co->in);
    hear_the_rest(co);
    *status = reap(co);
    return RC_OK;
}
