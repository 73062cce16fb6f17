/* cli.h: what every command shares: the table of commands, argument rows, output, exit codes.
 *
 * cli/ is the only place that prints and exits.  Messages go to standard error, one line
 * `blobfront: error: ...` and at most one `hint: ...`; nothing is printed on standard output by a
 * command that fails.
 *
 * Exit codes: 0 ok; 1 failed at run time or a cell INVALID; 2 usage or bad input; 3 a regression
 * was found; 4 inconclusive: too few data to say; 5 not comparable; 6 corruption found; 128+n ended
 * by signal n.  A verdict (3, 4) never shares a code with a failure (1, 2).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <signal.h>

#include "engine/arena.h"
#include "engine/buf.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_REGRESSION = 3,
    EXIT_INCONCLUSIVE = 4,
    EXIT_NOT_COMPARABLE = 5,
    EXIT_CORRUPT = 6,
    EXIT_SIGNAL = 128
};

/* One option of a command.  `value` NULL: a switch. */
struct arg {
    int id;             /* the command's own enum, below 64 */
    const char *name;   /* "--rounds" */
    const char *value;  /* "N", NULL for switches */
    const char *value2; /* second value, as in --export FORMAT FILE; NULL as a rule */
    const char *help;
};

struct args {
    const struct arg *rows; /* ended by name NULL */
    uint64_t lists;         /* bit per id: may be given more than once */
    size_t operands_min, operands_max;
    const char *operands; /* "RUN..." for the usage line, "" for none */
    /* id >= 0: an option with its value(s); id == ARG_OPERAND: an operand in `value`. */
    enum rc (*take)(void *ctx, int id, const char *value, const char *value2, struct err *err);
    void *ctx;
};
enum { ARG_OPERAND = -1 };

struct command {
    const char *name, *summary;
    const char *examples; /* two worked examples, one per line */
    bool internal;        /* not shown in help */
    const struct arg *rows;
    const char *operands;
    /* argv without program and command; returns what main maps to an exit code */
    enum rc (*run)(int argc, char **argv, struct err *err);
};

/* Parse argv by rows: "--name value", "--name=value", "--" ends options.  Unknown options get a
 * "did you mean". */
MUST_CHECK enum rc args_parse(const struct args *args, int argc, char **argv, struct err *err);

size_t command_count(void);
const struct command *command_at(size_t index);
const struct command *command_by_name(const char *name);
MUST_CHECK enum rc command_help(const struct command *command, struct buf *out, struct err *err);

/* Write all of it to standard output and flush; RC_IO when it cannot be (closed, full). */
MUST_CHECK enum rc print_out(struct span bytes, struct err *err);
/* To a file, written whole or not at all; to standard output when `path` is "-"; through a device,
 * pipe or link that is there. */
MUST_CHECK enum rc print_to(const char *path, struct span bytes, struct err *err);
/* A note on standard error, prefixed; failures to write it are ignored. */
void print_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Number of the signal that asked us to stop, 0 when none did. */
extern volatile sig_atomic_t stop_signal;
void stop_on_signals(void);

#endif
