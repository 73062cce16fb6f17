/* plot_gnuplot.c: running gnuplot: no shell, no rc files, empty environment, a time limit.
 *
 * gnuplot is not safe with foreign scripts, so it never sees any: only ours, which read only our
 * data files (see plot_parts.h).
 */
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analysis/plot_parts.h"

enum { WHY_SIZE = 160, NAME_SIZE = 64, LIMIT_MS = 60000, STEP_MS = 5 };

/* ---- where it is ---------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

bool plot_gnuplot_find(char *dst, size_t dst_size)
{
    const char *path = getenv("PATH");
    for (const char *at = path; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ":");
        /* Relative and empty entries would run whatever lies in the current folder. */
        if (*at == '/' && snprintf(dst, dst_size, "%.*s/gnuplot", (int)len, at) < (int)dst_size &&
            is_program(dst))
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}

/* ---- running it ----------------------------------------------------------------------------- */

static int add_actions(posix_spawn_file_actions_t *actions, const char *folder, int messages)
{
    int sys = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (sys == 0)
        sys = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (sys == 0)
        sys = posix_spawn_file_actions_adddup2(actions, messages, STDERR_FILENO);
    if (sys == 0)
        sys = posix_spawn_file_actions_addchdir_np(actions, folder);
    return sys;
}

/* 0 and *pid, or an errno. */
static int start(const char *gnuplot, const char *folder, const char *script, int messages,
                 pid_t *pid)
{
    char program[] = "gnuplot", no_rc[] = "-d", locale[] = "LC_ALL=C.UTF-8", name[NAME_SIZE + 4];
    snprintf(name, sizeof(name), "%s", script);
    char *const argv[] = {program, no_rc, name, NULL};
    char *const environment[] = {locale, NULL};
    posix_spawn_file_actions_t actions;
    int sys = posix_spawn_file_actions_init(&actions);
    if (sys != 0)
        return sys;
    sys = add_actions(&actions, folder, messages);
    if (sys == 0)
        sys = posix_spawn(pid, gnuplot, &actions, NULL, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return sys;
}

/* The child's status; kills it when the time is up (*late).  False when there is no child. */
static bool wait_for(pid_t pid, int *status, bool *late)
{
    *late = false;
    for (unsigned waited = 0;;) {
        pid_t got = waitpid(pid, status, *late ? 0 : WNOHANG);
        if (got == pid)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        if (got == 0 && waited >= LIMIT_MS) {
            *late = true;
            kill(pid, SIGKILL);
        } else if (got == 0) {
            struct timespec step = {0, STEP_MS * 1000000L};
            nanosleep(&step, NULL);
            waited += STEP_MS;
        }
    }
}

/* gnuplot's last words: the last line of its messages that says something, made harmless. */
static void last_words(FILE *messages, char dst[QUOTE_SIZE])
{
    char line[120], last[120] = "";
    rewind(messages);
    while (fgets(line, sizeof(line), messages) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        size_t blank = strspn(line, " \t^");
        if (line[blank] != '\0')
            snprintf(last, sizeof(last), "%s", line + blank);
    }
    quote_str(dst, QUOTE_SIZE, last);
}

static void judge(int status, bool late, FILE *messages, char why[WHY_SIZE])
{
    char words[QUOTE_SIZE];
    last_words(messages, words);
    if (late)
        snprintf(why, WHY_SIZE, "gnuplot did not finish within %d s", LIMIT_MS / 1000);
    else if (WIFSIGNALED(status))
        snprintf(why, WHY_SIZE, "gnuplot was ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        snprintf(why, WHY_SIZE, "gnuplot failed (%d): %.100s", WEXITSTATUS(status), words);
}

static void run(const char *gnuplot, const char *folder, const char *script, char why[WHY_SIZE])
{
    FILE *messages = tmpfile();
    if (messages == NULL) {
        snprintf(why, WHY_SIZE, "no temporary file for gnuplot's messages");
        return;
    }
    pid_t pid;
    int status = 0, sys = start(gnuplot, folder, script, fileno(messages), &pid);
    bool late = false;
    if (sys != 0)
        snprintf(why, WHY_SIZE, "gnuplot cannot be started: %.100s", strerror(sys));
    else if (!wait_for(pid, &status, &late))
        snprintf(why, WHY_SIZE, "gnuplot's end was not seen");
    else
        judge(status, late, messages, why);
    fclose(messages);
}

bool plot_gnuplot_run(const char *gnuplot, const char *folder, const char *name, char why[WHY_SIZE])
{
    static const char *const endings[] = {"svg", "png"};
    char script[NAME_SIZE], path[4096];
    CHECK(snprintf(script, sizeof(script), "%s.gp", name) < (int)sizeof(script));
    why[0] = '\0';
    run(gnuplot, folder, script, why);
    for (size_t i = 0; i < COUNT_OF(endings) && why[0] == '\0'; i++) {
        struct stat info;
        int len = snprintf(path, sizeof(path), "%s/%s.%s", folder, name, endings[i]);
        if (len >= (int)sizeof(path) || stat(path, &info) != 0 || info.st_size == 0)
            snprintf(why, WHY_SIZE, "gnuplot wrote no %.40s.%s", name, endings[i]);
    }
    return why[0] == '\0';
}
