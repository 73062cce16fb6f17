#include "datasets/git_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "engine/program.h"

enum { WORDS_MAX = 32 };

extern char **environ;

static const char *const general[] = {
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-C",
};

/* Messages in English, nothing asked on a terminal, nothing fetched, were objects to be missing. */
static char fixed[][40] = {
    "LC_ALL=C",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_ALLOW_PROTOCOL=none",
    "GIT_NO_LAZY_FETCH=1",
};

static bool is_dropped(const char *variable)
{
    static const char *const dropped[] = {"GIT_", "LC_ALL=", "LANGUAGE="};
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        if (strncmp(variable, dropped[i], strlen(dropped[i])) == 0)
            return true;
    return false;
}

enum rc git_command_open(struct git_command *git, const char *dir, struct err *err)
{
    size_t count = 0, used = 0;
    git->dir = dir;
    if (!program_find("git", git->program, sizeof(git->program))) {
        enum rc rc = FAIL(err, RC_UNSUPPORTED, 0,
                          "cannot read the history of \"%s\": there is no "
                          "program \"git\" in PATH",
                          Q(dir));
        err_hint(err, "install it: apt-get install git");
        return rc;
    }
    while (environ[count])
        count++;
    git->environ_ = calloc(count + COUNT_OF(fixed) + 1, sizeof(*git->environ_));
    if (!git->environ_)
        return FAIL(err, RC_NOMEM, 0, "no memory to start git");
    for (size_t i = 0; i < count; i++)
        if (!is_dropped(environ[i]))
            git->environ_[used++] = environ[i];
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        git->environ_[used++] = fixed[i];
    return RC_OK;
}

void git_command_release(struct git_command *git)
{
    free(git->environ_);
    git->environ_ = NULL;
}

enum rc git_command_start(const struct git_command *git, const char *name, const char *const *words,
                          struct coprocess *co, struct err *err)
{
    const char *argv[WORDS_MAX] = {git->program};
    size_t count = 1;
    for (size_t i = 0; i < COUNT_OF(general); i++)
        argv[count++] = general[i];
    argv[count++] = git->dir;
    for (size_t i = 0; words[i]; i++) {
        CHECK(count + 1 < WORDS_MAX);
        argv[count++] = words[i];
    }
    return coprocess_start(co, name, argv, git->environ_, err);
}

enum rc git_command_ask(const struct git_command *git, const char *const *words, struct span input,
                        struct buf *out, bool *good, char said[QUOTE_SIZE], struct err *err)
{
    struct coprocess co = {0};
    char name[32];
    int status = 0;
    (void)snprintf(name, sizeof(name), "git %s", words[0]);
    enum rc rc = git_command_start(git, name, words, &co, err);
    if (rc == RC_OK)
        rc = coprocess_talk(&co, input, out, GIT_ANSWER_MAX, &status, err);
    *good = rc == RC_OK && status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    coprocess_words(&co, said);
    coprocess_end(&co);
    return rc;
}
