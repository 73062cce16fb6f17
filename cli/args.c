#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "results/record.h"

#define COMMAND(symbol) extern const struct command command_##symbol;
#include "cli/commands.def"
#undef COMMAND

static const struct command *const commands[] = {
#define COMMAND(symbol) &command_##symbol,
#include "cli/commands.def"
#undef COMMAND
};

size_t command_count(void)
{
    return COUNT_OF(commands);
}

const struct command *command_at(size_t index)
{
    CHECK(index < COUNT_OF(commands));
    return commands[index];
}

const struct command *command_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* ---- parsing -------------------------------------------------------------------------------- */

static const struct arg *find_row(const struct arg *rows, const char *text, size_t len)
{
    for (const struct arg *row = rows; row->name; row++)
        if (strlen(row->name) == len && strncmp(row->name, text, len) == 0)
            return row;
    return NULL;
}

static enum rc unknown_option(const struct arg *rows, const char *text, size_t len, struct err *err)
{
    const char *names[64];
    char word[QUOTE_SIZE];
    size_t count = 0;
    for (const struct arg *row = rows; row->name && count < COUNT_OF(names); row++)
        names[count++] = row->name;
    quote_bytes(word, sizeof(word), span_of(text, len));
    const char *near = nearest_word(word, names, count);
    if (near)
        return FAIL(err, RC_USAGE, 0, "unknown option \"%s\" (did you mean \"%s\"?)", word, near);
    return FAIL(err, RC_USAGE, 0, "unknown option \"%s\"", word);
}

struct cursor {
    const struct args *args;
    int argc, at;
    char **argv;
    uint64_t seen; /* bit per option id */
};

static enum rc next_value(struct cursor *cursor, const struct arg *row, const char *which,
                          const char *form, const char **value, struct err *err)
{
    if (cursor->at + 1 >= cursor->argc)
        return FAIL(err, RC_USAGE, 0, "%s: expected a %svalue (%s)", row->name, which, form);
    *value = cursor->argv[++cursor->at];
    return RC_OK;
}

/* Options take their values from "=..." or from the next arguments.  One that takes a value and is
 * given twice says two things, unless it makes a list. */
static enum rc parse_option(struct cursor *cursor, struct err *err)
{
    const struct args *args = cursor->args;
    const char *text = cursor->argv[cursor->at], *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    const struct arg *row = find_row(args->rows, text, len);
    const char *value = equals ? equals + 1 : NULL, *value2 = NULL;
    enum rc rc = RC_OK;
    if (!row)
        return unknown_option(args->rows, text, len, err);
    if (!row->value && value)
        return FAIL(err, RC_USAGE, 0, "%s takes no value, got \"%s\"", row->name, Q(value));
    if (row->value && !value)
        rc = next_value(cursor, row, "", row->value, &value, err);
    if (rc == RC_OK && row->value2)
        rc = next_value(cursor, row, "second ", row->value2, &value2, err);
    if (rc != RC_OK)
        return rc;
    uint64_t bit = (uint64_t)1 << row->id;
    if (row->value && (cursor->seen & bit & ~args->lists))
        return FAIL(err, RC_USAGE, 0, "%s: given twice", row->name);
    cursor->seen |= bit;
    return args->take(args->ctx, row->id, value, value2, err);
}

enum rc args_parse(const struct args *args, int argc, char **argv, struct err *err)
{
    struct cursor cursor = {.args = args, .argc = argc, .argv = argv};
    size_t operands = 0;
    bool only_operands = false;
    for (; cursor.at < argc; cursor.at++) {
        const char *text = argv[cursor.at];
        enum rc rc;
        if (!only_operands && strcmp(text, "--") == 0) {
            only_operands = true;
            continue;
        }
        if (!only_operands && text[0] == '-' && text[1] != '\0') {
            rc = parse_option(&cursor, err);
        } else if (operands == args->operands_max) {
            rc = FAIL(err, RC_USAGE, 0, "unexpected argument \"%s\"", Q(text));
        } else {
            operands++;
            rc = args->take(args->ctx, ARG_OPERAND, text, NULL, err);
        }
        if (rc != RC_OK)
            return rc;
    }
    if (operands < args->operands_min)
        return FAIL(err, RC_USAGE, 0, "expected %s", args->operands);
    return RC_OK;
}

enum rc command_help(const struct command *command, struct buf *out, struct err *err)
{
    enum rc rc = buf_printf(out, err, "usage: blobfront %s%s%s%s\n\n%s\n", command->name,
                            command->rows && command->rows->name ? " [options]" : "",
                            command->operands[0] ? " " : "", command->operands, command->summary);
    if (rc == RC_OK && command->rows && command->rows->name)
        rc = buf_printf(out, err, "\noptions:\n");
    for (const struct arg *row = command->rows; rc == RC_OK && row && row->name; row++) {
        char left[80];
        (void)snprintf(left, sizeof(left), "%s%s%s%s%s", row->name, row->value ? " " : "",
                       row->value ? row->value : "", row->value2 ? " " : "",
                       row->value2 ? row->value2 : "");
        rc = buf_printf(out, err, "  %-28s %s\n", left, row->help);
    }
    if (rc == RC_OK)
        rc = buf_printf(out, err, "\nexamples:\n%s", command->examples);
    return rc;
}

/* ---- output --------------------------------------------------------------------------------- */

enum rc print_out(struct span bytes, struct err *err)
{
    errno = 0;
    if (bytes.len && fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len)
        return FAIL(err, RC_IO, errno, "cannot write to standard output");
    if (fflush(stdout) != 0)
        return FAIL(err, RC_IO, errno, "cannot write to standard output");
    return RC_OK;
}

/* A device, pipe or link is written through: it must not be replaced by a file. */
static enum rc print_through(const char *path, struct span bytes, struct err *err)
{
    enum rc rc = RC_OK;
    int fd = open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, RC_IO, errno, "cannot write \"%s\"", Q(path));
    for (size_t done = 0; rc == RC_OK && done < bytes.len;) {
        ssize_t put = write(fd, bytes.ptr + done, bytes.len - done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            rc = FAIL(err, RC_IO, errno, "cannot write \"%s\"", Q(path));
    }
    if (close(fd) != 0 && rc == RC_OK)
        rc = FAIL(err, RC_IO, errno, "cannot write \"%s\"", Q(path));
    return rc;
}

enum rc print_to(const char *path, struct span bytes, struct err *err)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        return print_out(bytes, err);
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return print_through(path, bytes, err);
    const char *slash = strrchr(path, '/');
    struct buf dir = {0};
    enum rc rc = slash ? buf_append(&dir, span_of(path, (size_t)(slash - path) + 1), err)
                       : buf_append(&dir, span_of_str("."), err);
    if (rc == RC_OK)
        rc = record_write_file(buf_str(&dir), slash ? slash + 1 : path, bytes, err);
    buf_release(&dir);
    return rc;
}

void print_note(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fputs("blobfront: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
}
