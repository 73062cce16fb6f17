/* coprocess.h: another program that is asked and answers, over its standard input and output.
 *
 * Started without a shell, in a process group of its own; the first of what it complains about is
 * kept (what follows is advice, as a rule).  Nothing here blocks for ever: all three streams are
 * served together, so neither side can wait for the other, and a program that neither takes nor
 * gives a byte for `idle_ms` is given up.  Every early end is an error that names the program, how
 * it ended and what it said.
 *
 * State after failure: coprocess_end it.
 * Threading: one owner.
 */
#ifndef DATASETS_COPROCESS_H
#define DATASETS_COPROCESS_H

#include <sys/types.h>

#include "engine/buf.h"

#define COPROCESS_IDLE_MS 60000

struct coprocess {
    const char *name; /* in messages: "git cat-file" */
    int idle_ms;
    pid_t pid;         /* 0: not running */
    int in, out, said; /* ours; -1: closed */
    uint8_t ahead[16384];
    size_t ahead_at, ahead_len; /* what has been read and not been taken */
    char words[400];            /* what it said first */
    size_t word_len;
};

/* argv[0] is the path of the program. */
MUST_CHECK enum rc coprocess_start(struct coprocess *co, const char *name, const char *const argv[],
                                   char *const environ_[], struct err *err);
MUST_CHECK enum rc coprocess_send(struct coprocess *co, struct span bytes, struct err *err);
/* Up to a newline, which is not kept; terminated.  RC_CORRUPT when it is longer. */
MUST_CHECK enum rc coprocess_line(struct coprocess *co, char *dst, size_t size, struct err *err);
/* Exactly len bytes. */
MUST_CHECK enum rc coprocess_take(struct coprocess *co, uint8_t *dst, size_t len, struct err *err);
/* Send everything, then read to the end and wait for it.  *status as waitpid gives it; output of
 * more than `limit` bytes is RC_USAGE. */
MUST_CHECK enum rc coprocess_talk(struct coprocess *co, struct span bytes, struct buf *out,
                                  size_t limit, int *status, struct err *err);
/* The first line it said, escaped for a message; "" when it said nothing. */
char *coprocess_words(const struct coprocess *co, char dst[QUOTE_SIZE]);
/* Kill it and all it started, if it runs.  Accepts a zeroed one. */
void coprocess_end(struct coprocess *co);

#endif
