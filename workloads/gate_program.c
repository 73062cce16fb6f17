#include "workloads/gate_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/tool.h"

struct getter {
    const struct gate_program_request *request;
    struct gate_program *program;
    struct err *err;
};

static enum rc keep(struct getter *to, const char *text, const char **out)
{
    *out = arena_strdup(&to->program->arena, text);
    return *out ? RC_OK : FAIL(to->err, RC_NOMEM, 0, "no memory for a program's description");
}

void gate_program_release(struct gate_program *program)
{
    arena_release(&program->arena);
    *program = (struct gate_program){0};
}

/* ---- files ---------------------------------------------------------------------------------- */

static enum rc copy_bytes(int from, int to, const char *path, struct err *err)
{
    char bytes[1 << 14];
    ssize_t got;
    while ((got = read(from, bytes, sizeof(bytes))) > 0)
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, bytes + done, (size_t)(got - done));
            if (put < 0 && errno != EINTR)
                return FAIL(err, RC_IO, errno, "cannot write \"%s\"", Q(path));
            done += put > 0 ? put : 0;
        }
    return got == 0 ? RC_OK : FAIL(err, RC_IO, errno, "cannot read a program");
}

/* A link where that can be: the same file stays the same bytes in memory. */
static enum rc place_file(const char *from, const char *to, struct err *err)
{
    if (link(from, to) == 0)
        return RC_OK;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return FAIL(err, RC_IO, errno, "cannot read \"%s\"", Q(from));
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    enum rc rc = out < 0 ? FAIL(err, RC_IO, errno, "cannot write \"%s\"", Q(to))
                         : copy_bytes(in, out, to, err);
    if (out >= 0 && close(out) != 0 && rc == RC_OK)
        rc = FAIL(err, RC_IO, errno, "cannot write \"%s\"", Q(to));
    (void)close(in);
    return rc;
}

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

static enum rc add_order(struct getter *to, const char *from, struct buf *list)
{
    struct buf path = {0};
    enum rc rc = buf_printf(&path, to->err, "%s/programs/%u/blobfront-%u", to->request->folder,
                            to->request->index, to->program->orders);
    if (rc == RC_OK)
        rc = place_file(from, buf_str(&path), to->err);
    if (rc == RC_OK)
        rc = buf_printf(list, to->err, "%s%s", list->len ? "\n" : "", buf_str(&path));
    to->program->orders++;
    buf_release(&path);
    return rc;
}

static enum rc make_folder(struct getter *to)
{
    struct buf path = {0};
    enum rc rc =
        buf_printf(&path, to->err, "%s/programs/%u", to->request->folder, to->request->index);
    if (rc == RC_OK)
        rc = record_folder_make(buf_str(&path), to->err);
    buf_release(&path);
    return rc;
}

/* blobfront-0, blobfront-1, ... as far as they go. */
static enum rc take_orders(struct getter *to, const char *folder, struct buf *list)
{
    struct buf path = {0};
    enum rc rc = RC_OK;
    for (unsigned i = 0; rc == RC_OK && i < GATE_ORDERS_MAX; i++) {
        buf_clear(&path);
        rc = buf_printf(&path, to->err, "%s/blobfront-%u", folder, i);
        if (rc != RC_OK || !is_program(buf_str(&path)))
            break;
        rc = add_order(to, buf_str(&path), list);
    }
    buf_release(&path);
    return rc;
}

/* What stands at `path`: a program or a folder of link orders. */
static enum rc take_path(struct getter *to, const char *path)
{
    struct stat info;
    struct buf list = {0};
    const char *role = to->request->role;
    enum rc rc = make_folder(to);
    if (rc == RC_OK && stat(path, &info) != 0)
        rc = FAIL(to->err, RC_IO, errno, "%s: cannot read \"%s\"", role, Q(path));
    if (rc == RC_OK && S_ISDIR(info.st_mode)) {
        rc = take_orders(to, path, &list);
        if (rc == RC_OK && to->program->orders == 0) {
            rc = FAIL(to->err, RC_USAGE, 0, "%s: the folder \"%s\" has no program blobfront-0",
                      role, Q(path));
            err_hint(to->err, "a branch of that name is refs/heads/NAME");
        }
    } else if (rc == RC_OK && !is_program(path)) {
        rc = FAIL(to->err, RC_USAGE, 0, "%s: \"%s\" is no program that can be started", role,
                  Q(path));
    } else if (rc == RC_OK) {
        rc = add_order(to, path, &list);
    }
    if (rc == RC_OK)
        rc = keep(to, buf_str(&list), &to->program->programs);
    buf_release(&list);
    return rc;
}

/* ---- this program --------------------------------------------------------------------------- */

/* The link orders beside this program, when all of them are at least as new. */
static bool own_orders(const char *self, char dst[PATH_MAX])
{
    struct stat own, order;
    const char *slash = strrchr(self, '/');
    char path[PATH_MAX];
    if (!slash || stat(self, &own) != 0 ||
        snprintf(dst, PATH_MAX, "%.*s/orders", (int)(slash - self), self) >= PATH_MAX)
        return false;
    for (unsigned i = 0; i < GATE_ORDERS_MAX; i++) {
        if (snprintf(path, sizeof(path), "%s/blobfront-%u", dst, i) >= (int)sizeof(path) ||
            !is_program(path) || stat(path, &order) != 0)
            return false;
        bool older = order.st_mtim.tv_sec != own.st_mtim.tv_sec
                         ? order.st_mtim.tv_sec < own.st_mtim.tv_sec
                         : order.st_mtim.tv_nsec < own.st_mtim.tv_nsec;
        if (older)
            return false;
    }
    return true;
}

static enum rc take_self(struct getter *to)
{
    char self[PATH_MAX], orders[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0)
        return FAIL(to->err, RC_IO, errno, "cannot find this program's file");
    self[len] = '\0';
    enum rc rc = keep(to, self, &to->program->asked);
    if (rc != RC_OK)
        return rc;
    if (own_orders(self, orders))
        return take_path(to, orders);
    return take_path(to, is_program(self) ? self : "/proc/self/exe");
}

/* ---- what it says of itself ----------------------------------------------------------------- */

/* "name value" per line. */
static enum rc parse_versions(struct getter *to, char *text)
{
    struct facts *versions = &to->program->versions;
    enum { VERSIONS_MAX = 32 };
    enum rc rc = RC_OK;
    versions->items = arena_zalloc(&to->program->arena, VERSIONS_MAX, sizeof(*versions->items));
    if (!versions->items)
        return FAIL(to->err, RC_NOMEM, 0, "no memory for a program's versions");
    for (char *line = text; rc == RC_OK && *line && versions->count < VERSIONS_MAX;) {
        size_t len = strcspn(line, "\n"), name = strcspn(line, " \n");
        char *next = line + len + (line[len] == '\n');
        line[len] = '\0';
        if (name < len) {
            struct fact *fact = &versions->items[versions->count++];
            char value[QUOTE_SIZE];
            line[name] = '\0';
            rc = keep(to, line, &fact->name);
            if (rc == RC_OK)
                rc = keep(to, quote_str(value, sizeof(value), line + name + 1), &fact->value);
        }
        line = next;
    }
    return rc;
}

static enum rc ask_versions(struct getter *to)
{
    struct buf first = {0}, out = {0}, log = {0}, text = {0};
    const char *folder = to->request->folder, *programs = to->program->programs;
    char option[] = "--version", how[64];
    struct tool_end end = {0};
    enum rc rc = buf_append(&first, span_of(programs, strcspn(programs, "\n")), to->err);
    if (rc == RC_OK)
        rc = buf_printf(&log, to->err, "%s/version-%u.log", folder, to->request->index);
    if (rc == RC_OK)
        rc = buf_printf(&out, to->err, "%s/version-%u.txt", folder, to->request->index);
    if (rc == RC_OK) {
        char *argv[] = {(char *)(uintptr_t)buf_str(&first), option, NULL};
        struct tool tool = {.argv = argv,
                            .log = buf_str(&log),
                            .out = buf_str(&out),
                            .limit_ns = (uint64_t)30 * 1000000000};
        rc = tool_run(&tool, 1, 1, to->request->stop, &end, to->err);
        if (rc == RC_OK && !tool_succeeded(&end))
            rc = FAIL(to->err, RC_IO, 0, "%s \"%s\" does not tell its version: %s",
                      to->request->role, Q(to->program->asked), tool_end_text(how, &tool, &end));
    }
    if (rc == RC_OK)
        rc = record_read_file(folder, strrchr(buf_str(&out), '/') + 1, 1 << 16, &text, to->err);
    if (rc == RC_OK)
        rc = parse_versions(to, (char *)(uintptr_t)buf_str(&text));
    if (rc == RC_OK)
        (void)unlink(buf_str(&out)), (void)unlink(buf_str(&log));
    buf_release(&first);
    buf_release(&out);
    buf_release(&log);
    buf_release(&text);
    return rc;
}

const char *gate_program_version(const struct gate_program *program, const char *name)
{
    for (size_t i = 0; i < program->versions.count; i++)
        if (strcmp(program->versions.items[i].name, name) == 0)
            return program->versions.items[i].value;
    return "";
}

static enum rc check_schema(const struct gate_program *program, const char *name,
                            const char *expected, struct err *err)
{
    const char *got = gate_program_version(program, name);
    if (strcmp(got, expected) == 0)
        return RC_OK;
    return FAIL(err, RC_MISMATCH, 0,
                "%s \"%s\" is not comparable: its %s schema is %s%s%s, this gate's is %s",
                program->role, Q(program->asked), name, got[0] ? "\"" : "",
                got[0] ? got : "unknown", got[0] ? "\"" : "", expected);
}

enum rc gate_programs_check(const struct gate_program *base, const struct gate_program *next,
                            struct err *err)
{
    const struct gate_program *const both[] = {base, next};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < COUNT_OF(both); i++) {
        if (!both[i])
            continue;
        rc = check_schema(both[i], "manifest", RECORD_MANIFEST_SCHEMA, err);
        if (rc == RC_OK)
            rc = check_schema(both[i], "sample", RECORD_SAMPLE_SCHEMA, err);
    }
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static enum rc take_revision(struct getter *to)
{
    char commit[GATE_TEXT_SIZE + 1] = "";
    struct buf built = {0};
    enum rc rc = gate_build(to->request, commit, &built, to->err);
    if (rc == RC_OK)
        rc = keep(to, commit, &to->program->revision);
    if (rc == RC_OK)
        rc = take_path(to, buf_str(&built));
    if (rc == RC_OK)
        gate_build_remove(to->request);
    buf_release(&built);
    return rc;
}

enum rc gate_program_get(const struct gate_program_request *request, struct gate_program *program,
                         struct err *err)
{
    struct getter to = {.request = request, .program = program, .err = err};
    struct stat info;
    *program = (struct gate_program){.role = request->role, .revision = "", .note = ""};
    enum rc rc = RC_OK;
    if (!request->asked) {
        rc = take_self(&to);
    } else {
        rc = keep(&to, request->asked, &program->asked);
        if (rc == RC_OK && request->asked[0] == '\0')
            rc = FAIL(err, RC_USAGE, 0, "%s: expected a program or a revision, got \"\"",
                      request->role);
        if (rc == RC_OK)
            rc = stat(request->asked, &info) == 0 ? take_path(&to, request->asked)
                                                  : take_revision(&to);
    }
    if (rc == RC_OK)
        rc = ask_versions(&to);
    if (rc == RC_OK && program->orders == 1)
        program->note =
            "one link order (make link-orders gives eight): layout may pass for a change";
    return rc;
}
