/* main.c: the program: one command, one exit code, at most one error line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "datasets/content_class.h"
#include "datasets/dataset.h"
#include "engine/host.h"
#include "results/record.h"
#include "strategies/strategies.h"
#include "workloads/workload.h"

static int exit_code_of(enum rc rc)
{
    switch (rc) {
    case RC_OK: return EXIT_OK;
    case RC_USAGE:
    case RC_UNSUPPORTED: return EXIT_USAGE;
    case RC_REGRESSION: return EXIT_REGRESSION;
    case RC_INCONCLUSIVE: return EXIT_INCONCLUSIVE;
    case RC_MISMATCH: return EXIT_NOT_COMPARABLE;
    case RC_CORRUPT: return EXIT_CORRUPT;
    case RC_INTERRUPTED: return EXIT_SIGNAL + (stop_signal ? (int)stop_signal : SIGINT);
    case RC_NOTFOUND:
    case RC_IO:
    case RC_FULL:
    case RC_NOMEM:
    case RC_INVALID:
    case RC_BUG: break;
    }
    return EXIT_FAILED;
}

/* The error line and its hint, in one write. */
static int finish(enum rc rc, const struct err *err)
{
    if (rc == RC_OK)
        return EXIT_OK;
    (void)fprintf(stderr, "blobfront: error: %s\n", err->msg[0] ? err->msg : rc_name(rc));
    if (err->hint[0])
        (void)fprintf(stderr, "hint: %s\n", err->hint);
    return exit_code_of(rc);
}

static enum rc general_help(struct err *err)
{
    struct buf out = {0};
    enum rc rc = buf_printf(&out, err,
                            "usage: blobfront COMMAND [options]\n\n"
                            "Which way of storing binary blobs is best for this data and this "
                            "workload, and how sure are we?\n\ncommands:\n");
    for (size_t i = 0; rc == RC_OK && i < command_count(); i++)
        if (!command_at(i)->internal)
            rc = buf_printf(&out, err, "  %-10s %s\n", command_at(i)->name, command_at(i)->summary);
    if (rc == RC_OK)
        rc = buf_printf(&out, err,
                        "\n`blobfront COMMAND --help` explains one.  Exit codes: 0 ok, 1 failed or "
                        "a cell INVALID,\n2 usage or bad input, 3 a regression, 4 inconclusive "
                        "(too few data), 5 not comparable,\n6 corruption found, 128+n ended by "
                        "signal n.\n");
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

/* A name and its value per line: what `blobfront gate` asks a program before it starts runs. */
static enum rc show_version(struct err *err)
{
    struct buf out = {0};
    struct arena arena = {0};
    struct host_fact facts[HOST_FACTS_MAX];
    size_t count = 0;
    enum rc rc = buf_printf(&out, err,
                            "blobfront " BLOBFRONT_VERSION "\nmanifest " RECORD_MANIFEST_SCHEMA
                            "\nsample " RECORD_SAMPLE_SCHEMA "\nevent " RECORD_EVENT_SCHEMA "\n");
    if (rc == RC_OK)
        rc = host_libraries(&arena, facts, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = buf_printf(&out, err, "%s %s\n", facts[i].name, facts[i].value);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    arena_release(&arena);
    return rc;
}

static enum rc show_help(const struct command *command, struct err *err)
{
    struct buf out = {0};
    enum rc rc = command_help(command, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc unknown_command(const char *name, struct err *err)
{
    const char *names[32];
    size_t count = 0;
    for (size_t i = 0; i < command_count() && count < COUNT_OF(names); i++)
        if (!command_at(i)->internal)
            names[count++] = command_at(i)->name;
    const char *near = nearest_word(name, names, count);
    if (near)
        FAIL(err, RC_USAGE, 0, "unknown command \"%s\" (did you mean \"%s\"?)", Q(name), near);
    else
        FAIL(err, RC_USAGE, 0, "unknown command \"%s\"", Q(name));
    err_hint(err, "blobfront --help lists the commands");
    return RC_USAGE;
}

/* Before any command: our own tables must be sound. */
static enum rc validate_tables(struct err *err)
{
    enum rc rc = strategy_rows_validate(err);
    if (rc == RC_OK)
        rc = dataset_rows_validate(err);
    if (rc == RC_OK)
        rc = content_classes_validate(err);
    if (rc == RC_OK)
        rc = workload_rows_validate(err);
    return rc;
}

static bool asks_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0 || strcmp(text, "help") == 0;
}

static enum rc dispatch(int argc, char **argv, struct err *err)
{
    enum rc rc = validate_tables(err);
    if (rc != RC_OK)
        return rc;
    if (argc < 2) {
        FAIL(err, RC_USAGE, 0, "expected a command");
        err_hint(err, "blobfront --help lists the commands");
        return RC_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return show_version(err);
    if (asks_help(argv[1]) && argc == 2)
        return general_help(err);
    const char *name = asks_help(argv[1]) ? argv[2] : argv[1];
    const struct command *command = command_by_name(name);
    if (!command)
        return unknown_command(name, err);
    if (asks_help(argv[1]))
        return show_help(command, err);
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return show_help(command, err);
    return command->run(argc - 2, argv + 2, err);
}

/* Files opened later must not land on descriptors 0 to 2 and receive messages. */
static bool standard_descriptors_open(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    /* Whoever started us may have left it ignored: then nobody could wait for a run. */
    (void)signal(SIGCHLD, SIG_DFL);
    if (!standard_descriptors_open())
        return EXIT_FAILED;
    return finish(dispatch(argc, argv, &err), &err);
}
