/* gate_build.c: a revision of the repository here, exported and built. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/gate_program.h"
#include "workloads/tool.h"

#define SECONDS ((uint64_t)1000000000)
enum { BUILD_LIMIT_S = 1800, GIT_LIMIT_S = 120, ARGUMENTS_MAX = 12 };

struct builder {
    const struct gate_program_request *request;
    struct err *err;
    char log[4096], out[4096], source[4096];
};

static bool set_path(char dst[4096], const char *folder, const char *name)
{
    return snprintf(dst, 4096, "%s/%s", folder, name) < 4096;
}

/* Run one program; *end says how it went. */
static enum rc run(struct builder *to, const char *const *words, const char *dir, unsigned limit_s,
                   bool keep_out, struct tool_end *end)
{
    char *argv[ARGUMENTS_MAX + 1] = {0};
    for (size_t i = 0; words[i]; i++) {
        CHECK(i < ARGUMENTS_MAX);
        argv[i] = (char *)(uintptr_t)words[i]; /* posix_spawn writes to none of them */
    }
    struct tool tool = {
        .argv = argv,
        .dir = dir,
        .log = to->log,
        .out = keep_out ? to->out : NULL,
        .limit_ns = limit_s * SECONDS,
    };
    return tool_run(&tool, 1, 1, to->request->stop, end, to->err);
}

/* First line of what the last program printed, without its newline. */
static enum rc first_line(struct builder *to, char *dst, size_t size)
{
    FILE *file = fopen(to->out, "re");
    if (!file)
        return FAIL(to->err, RC_IO, errno, "cannot read \"%s\"", Q(to->out));
    if (!fgets(dst, (int)size, file))
        dst[0] = '\0';
    dst[strcspn(dst, "\n")] = '\0';
    (void)fclose(file);
    return RC_OK;
}

static enum rc resolve(struct builder *to, char commit[GATE_TEXT_SIZE + 1], char top[4096])
{
    const char *asked = to->request->asked, *role = to->request->role;
    char spec[512], git[4096];
    struct tool_end end;
    if (!tool_find("git", git, sizeof(git)))
        return FAIL(to->err, RC_UNSUPPORTED, 0,
                    "%s \"%s\": there is no such file, and no git to look for a revision", role,
                    Q(asked));
    if (asked[0] == '-' || strpbrk(asked, "\n\r") ||
        snprintf(spec, sizeof(spec), "%s^{commit}", asked) >= (int)sizeof(spec))
        return FAIL(to->err, RC_USAGE, 0, "%s: expected a program or a revision, got \"%s\"", role,
                    Q(asked));
    const char *const parse[] = {"git", "rev-parse", "--verify", "--quiet", spec, NULL};
    const char *const where[] = {"git", "rev-parse", "--show-toplevel", NULL};
    enum rc rc = run(to, parse, NULL, GIT_LIMIT_S, true, &end);
    if (rc == RC_OK && !tool_succeeded(&end)) {
        FAIL(to->err, RC_USAGE, 0,
             "%s \"%s\" is neither a file nor a revision of the repository here", role, Q(asked));
        err_hint(to->err, "a clone of one commit has no others: git fetch --unshallow");
        return RC_USAGE;
    }
    if (rc == RC_OK)
        rc = first_line(to, commit, GATE_TEXT_SIZE + 1);
    if (rc == RC_OK)
        rc = run(to, where, NULL, GIT_LIMIT_S, true, &end);
    if (rc == RC_OK)
        rc = first_line(to, top, 4096);
    if (rc == RC_OK && (!tool_succeeded(&end) || strlen(commit) < 40 || top[0] != '/'))
        rc =
            FAIL(to->err, RC_IO, 0, "git does not say where the repository of \"%s\" is", Q(asked));
    return rc;
}

static enum rc failed(struct builder *to, const char *what, const char *commit,
                      const struct tool_end *end, unsigned limit_s)
{
    char said[420], how[64];
    struct tool tool = {.limit_ns = limit_s * SECONDS};
    tool_last_words(to->log, 3, said, sizeof(said));
    FAIL(to->err, RC_IO, 0, "%s \"%s\" (%.12s) %s: %s: %s", to->request->role,
         Q(to->request->asked), commit, what, tool_end_text(how, &tool, end), said);
    err_hint(to->err, "all that was said is in %s", Q(to->log));
    return to->err->rc;
}

static enum rc export(struct builder *to, const char *commit, const char *top) {
    char archive[4096], option[4200]; struct tool_end end;
    if (!set_path(archive, to->request->folder,
                  "source.tar")) return FAIL(to->err, RC_USAGE, 0,
                                             "the gate's folder has too long a path");
    (void)snprintf(option, sizeof(option), "--output=%s", archive);
    const char *const pack[] = {"git", "archive", "--format=tar", option, commit, NULL};
    const char *const unpack[] = {"tar", "-xf", archive, "-C", to->source, NULL};
    if (mkdir(to->source, 0777) != 0) return FAIL(to->err, RC_IO, errno,
                                                  "cannot create the folder \"%s\"", Q(to->source));
    enum rc rc = run(to, pack, top, GIT_LIMIT_S, false, &end);
    if (rc == RC_OK && !tool_succeeded(&end))
        rc = failed(to, "cannot be exported", commit, &end, GIT_LIMIT_S);
    if (rc == RC_OK) rc = run(to, unpack, NULL, GIT_LIMIT_S, false, &end);
    if (rc == RC_OK && !tool_succeeded(&end))
        rc = failed(to, "cannot be unpacked", commit, &end, GIT_LIMIT_S);
    (void)unlink(archive);
    return rc;
}

/* Does the exported Makefile know the target? */
static bool has_link_orders(const struct builder *to)
{
    char path[4200], line[512];
    bool found = false;
    (void)snprintf(path, sizeof(path), "%s/Makefile", to->source);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof(line), file))
        found = strncmp(line, "link-orders:", 12) == 0;
    if (file)
        (void)fclose(file);
    return found;
}

static enum rc make(struct builder *to, const char *commit, struct buf *built)
{
    char jobs[32];
    struct tool_end end;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    bool orders = has_link_orders(to);
    (void)snprintf(jobs, sizeof(jobs), "-j%ld", cpus > 0 ? cpus : 1);
    const char *const words[] = {"make", jobs, "CONFIG=release", orders ? "link-orders" : "all",
                                 NULL};
    enum rc rc = run(to, words, to->source, BUILD_LIMIT_S, false, &end);
    if (rc == RC_OK && !tool_succeeded(&end))
        rc = failed(to, "does not build", commit, &end, BUILD_LIMIT_S);
    if (rc == RC_OK)
        rc = buf_printf(built, to->err, "%s/build/release/%s", to->source,
                        orders ? "orders" : "blobfront");
    return rc;
}

enum rc gate_build(const struct gate_program_request *request, char commit[GATE_TEXT_SIZE + 1],
                   struct buf *built, struct err *err)
{
    struct builder to = {.request = request, .err = err};
    char top[4096], name[32], what[128];
    (void)snprintf(name, sizeof(name), "source-%u", request->index);
    bool fits = set_path(to.source, request->folder, name);
    (void)snprintf(name, sizeof(name), "build-%u.log", request->index);
    fits = fits && set_path(to.log, request->folder, name);
    fits = fits && set_path(to.out, request->folder, "git.out");
    if (!fits)
        return FAIL(err, RC_USAGE, 0, "the gate's folder has too long a path");
    enum rc rc = resolve(&to, commit, top);
    (void)snprintf(what, sizeof(what), "building %s %.12s", request->role, commit);
    if (rc == RC_OK && request->say)
        request->say(request->ctx, what);
    if (rc == RC_OK)
        rc = export(&to, commit, top);
    if (rc == RC_OK)
        rc = make(&to, commit, built);
    (void)unlink(to.out);
    return rc;
}

void gate_build_remove(const struct gate_program_request *request)
{
    char path[4096], name[32];
    (void)snprintf(name, sizeof(name), "source-%u", request->index);
    if (set_path(path, request->folder, name))
        tool_remove(path);
}
