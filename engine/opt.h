/* opt.h: typed option rows from which parsing, range checks, defaults and help all come.
 *
 * A row names a field by offset into the owner's state.  The same rows serve strategies
 * ("chunked:avg=64k,codec=none"), datasets and workloads.
 */
#ifndef ENGINE_OPT_H
#define ENGINE_OPT_H

#include "engine/buf.h"

enum opt_type {
    OPT_SIZE,   /* uint64_t bytes; accepts 64k, 1MiB */
    OPT_COUNT,  /* uint64_t */
    OPT_INT,    /* int */
    OPT_BOOL,   /* bool; on|off */
    OPT_RATE,   /* double; 0.0625 or 6.25% */
    OPT_CHOICE, /* int: index into `choices` */
    OPT_TEXT    /* char[OPT_TEXT_SIZE] */
};
#define OPT_TEXT_SIZE 1024

struct opt {
    const char *name; /* NULL ends the rows */
    enum opt_type type;
    size_t offset;
    double min, max;            /* inclusive; numeric types only */
    const char *def;            /* default, in the syntax a user types */
    const char *const *choices; /* OPT_CHOICE: NULL-terminated */
    const char *help;           /* one line, lower case */
    /* Added to an owner that records and agreed counters know without it: the effective text names
     * it only where it differs from its default, so that what is the same as before reads so. */
    bool late;
};

/* Fill every row's field with its default.  A default that does not parse is a CHECK failure. */
void opt_defaults(const struct opt *rows, void *state);
/* Apply "a=1,b=2" (may be empty or NULL).  `owner` names the strategy or dataset in messages.
 * Unknown names get a "did you mean"; a name given twice is refused.  State after failure: some
 * fields may have been set. */
MUST_CHECK enum rc opt_apply(const struct opt *rows, void *state, const char *text,
                             const char *owner, struct err *err);
/* Append every row (a late one only where it is not its default) as "name=value", comma separated,
 * in row order: the effective configuration. */
MUST_CHECK enum rc opt_print(const struct opt *rows, const void *state, struct buf *out,
                             struct err *err);
/* Append help: one line per row with type, range, default and help text, indented by two. */
MUST_CHECK enum rc opt_help(const struct opt *rows, struct buf *out, struct err *err);
/* NULL, or what is wrong with the rows themselves (bad name, duplicate, range, default). */
const char *opt_defect(const struct opt *rows, size_t state_size);

/* Split "name:options" at the first colon; options is "" when absent.  RC_USAGE when the name is
 * empty or longer than 63 bytes. */
#define SPEC_NAME_SIZE 64
MUST_CHECK enum rc spec_split(const char *spec, char name[SPEC_NAME_SIZE], const char **options,
                              struct err *err);

#endif
