/* buf.h: growable bytes owned by one holder, whose capacity survives buf_clear.
 *
 * Zero-initialised is empty and valid.  A buf that has reached its working size never allocates
 * again, which is how reads stay free of malloc between clock start and stop.
 * After a failed grow the contents are unchanged.
 */
#ifndef ENGINE_BUF_H
#define ENGINE_BUF_H

#include "engine/base.h"

struct buf {
    uint8_t *ptr;
    size_t len, cap;
};

/* Room for at least `cap` bytes in total; len is unchanged. */
MUST_CHECK enum rc buf_reserve(struct buf *buf, size_t cap, struct err *err);
/* Set len to `len` (<= 4 GiB), growing if needed; new bytes are not initialised. */
MUST_CHECK enum rc buf_resize(struct buf *buf, size_t len, struct err *err);
MUST_CHECK enum rc buf_set(struct buf *buf, struct span bytes, struct err *err);
MUST_CHECK enum rc buf_append(struct buf *buf, struct span bytes, struct err *err);
MUST_CHECK enum rc buf_printf(struct buf *buf, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
struct span buf_span(const struct buf *buf);
/* len = 0, capacity kept. */
void buf_clear(struct buf *buf);
/* Give the memory back; the buf is empty and usable. */
void buf_release(struct buf *buf);
/* The text with a terminating NUL that is not counted in len; "" for an empty buf without room. */
const char *buf_str(struct buf *buf);

#endif
