/* pack.h: compact binary text: numbers of one to ten bytes, signed differences, counted strings.
 *
 *   number   LEB128: seven bits a byte, the lowest first, the eighth bit set on all but the last;
 *            in its shortest form, at most 2^64 - 1
 *   signed   zigzag: 0, -1, 1, -2, ... are the numbers 0, 1, 2, 3, ...
 *   text     its length, a number, then its bytes
 *
 * A writer appends to a buf.  A reader is given all bytes and never leaves them.  Both keep the
 * first failure and do nothing from then on, so that a whole record can be read before rc is asked.
 * What a reader refuses is RC_USAGE: `"FILE": byte N: WHAT: expected ..., got ...`.
 */
#ifndef ENGINE_PACK_H
#define ENGINE_PACK_H

#include "engine/buf.h"

struct pack {
    struct buf *out;
    struct err *err;
    enum rc rc;
};
void pack_number(struct pack *pack, uint64_t value);
void pack_signed(struct pack *pack, int64_t value);
void pack_bytes(struct pack *pack, struct span bytes);
void pack_text(struct pack *pack, struct span text);

struct unpack {
    struct span bytes; /* borrowed */
    size_t at;         /* the next one */
    const char *file;  /* for messages; quoted where it is shown */
    struct err *err;
    enum rc rc;
};
/* min..max inclusive; 0 after a failure. */
uint64_t unpack_number(struct unpack *unpack, uint64_t min, uint64_t max, const char *what);
int64_t unpack_signed(struct unpack *unpack, const char *what);
/* Empty after a failure. */
struct span unpack_bytes(struct unpack *unpack, size_t len, const char *what);
struct span unpack_text(struct unpack *unpack, size_t max, const char *what);
/* Refuse what began at byte `at`; for rules beyond these. */
void unpack_refuse(struct unpack *unpack, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
