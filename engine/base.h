/* base.h: the few types and habits every other file relies on.
 *
 * Byte spans, result codes with one message written where the failure happened, an always-on
 * invariant check, and the parsing and printing of the units people type (sizes, durations, rates).
 * Nothing here allocates, prints or exits, except CHECK, which aborts on a broken invariant.
 *
 * Error convention.  A function that can fail returns `enum rc` and takes `struct err *`.  The
 * first failure fills the err (FAIL); later FAILs on the same err keep the first message, so
 * cleanup may fail without hiding the cause.  RC_NOTFOUND is an ordinary answer and carries no
 * message.  Only cli/ prints messages and chooses exit codes.
 *
 * Threading: pure functions, and state owned by the caller.
 */
#ifndef ENGINE_BASE_H
#define ENGINE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK             __attribute__((warn_unused_result))
#else
#define PRINTF_LIKE(fmt, args)
#define MUST_CHECK
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define KIB             ((uint64_t)1 << 10)
#define MIB             ((uint64_t)1 << 20)
#define GIB             ((uint64_t)1 << 30)

#define BLOBFRONT_VERSION "0.1.0"

/* Largest blob any strategy is asked to hold: SQLite's own limit on a BLOB in Debian's build. */
#define BLOB_BYTES_MAX ((size_t)1000000000)

/* Borrowed bytes.  `ptr` may be NULL only when `len` is 0. */
struct span {
    const uint8_t *ptr;
    size_t len;
};

struct span span_of(const void *ptr, size_t len);
struct span span_of_str(const char *text);
bool span_equal(struct span a, struct span b);

enum rc {
    RC_OK = 0,
    RC_NOTFOUND,     /* an ordinary answer: no such key, no more rows; no message */
    RC_USAGE,        /* the user asked for something that does not exist or is out of range */
    RC_UNSUPPORTED,  /* this strategy or build does not offer it */
    RC_IO,           /* the operating system or SQLite refused; err.sys holds errno when known */
    RC_FULL,         /* no space, quota or file size limit */
    RC_NOMEM,        /* memory or descriptors exhausted */
    RC_CORRUPT,      /* stored bytes are not what was stored */
    RC_INVALID,      /* a run did not do what it claims: its numbers must not be used */
    RC_MISMATCH,     /* two records or settings that must agree differ */
    RC_INTERRUPTED,  /* a signal asked us to stop; what was recorded stands */
    RC_REGRESSION,   /* a gate saw what it must not let through; the measurement itself is sound */
    RC_INCONCLUSIVE, /* too few data to say anything either way */
    RC_BUG           /* an interface was broken by our own code */
};

const char *rc_name(enum rc rc);

struct err {
    enum rc rc;
    int sys;           /* errno at the failure, or 0 */
    const char *where; /* "file.c:123", for debugging; not part of the message */
    char msg[640];     /* one line, lower case, no final full stop, untrusted text escaped */
    char hint[240];    /* optional second line: what to do */
};

/* Record the failure unless one is recorded already.  Appends ": <errno text>" when sys != 0.
 * Maps from RC_IO: ENOSPC, EDQUOT and EFBIG to RC_FULL, ENOMEM, EMFILE and ENFILE to RC_NOMEM.
 * Returns the code now stored in err. */
enum rc err_set(struct err *err, const char *where, enum rc rc, int sys, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
/* Attach the hint line to the failure already recorded; the first hint wins. */
void err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_clear(struct err *err);

#define BASE_STR2(x) #x
#define BASE_STR(x)  BASE_STR2(x)
#define FAIL(err, rc, sys, ...) \
    err_set((err), __FILE__ ":" BASE_STR(__LINE__), (rc), (sys), __VA_ARGS__)

/* First error wins: run `call` for its effect during cleanup and keep an earlier failure. */
#define KEEP_FIRST(rc, call)          \
    do {                              \
        enum rc keep_first_ = (call); \
        if ((rc) == RC_OK)            \
            (rc) = keep_first_;       \
    } while (0)

/* Our own invariants, on in every build: a wrong number must never be published. */
#define CHECK(cond)                                  \
    do {                                             \
        if (!(cond))                                 \
            check_failed(__FILE__, __LINE__, #cond); \
    } while (0)
_Noreturn void check_failed(const char *file, int line, const char *expr);

/* ---- text that came from outside ------------------------------------------------------------ */

/* Copy `text` into dst escaped for a one-line message: control bytes, quotes, backslashes and
 * bytes >= 0x7f that are not valid UTF-8 become \xNN; cut at 200 bytes with "...".  Always
 * terminates dst; dst_size >= 4.  Returns dst. */
#define QUOTE_SIZE 216
char *quote_bytes(char *dst, size_t dst_size, struct span text);
char *quote_str(char *dst, size_t dst_size, const char *text);
/* For use inside one printf call: Q("...") is a quoted copy that lives to the end of the block. */
#define Q(text) quote_str((char[QUOTE_SIZE]){0}, QUOTE_SIZE, (text))

/* Length of the well-formed UTF-8 sequence that begins p[0..len), len >= 1; 0 when there is none
 * (Unicode 15, table 3-7). */
size_t utf8_sequence(const uint8_t *p, size_t len);

/* The candidate nearest to `word` by edit distance (insert, delete, substitute, swap), or NULL if
 * none is within a third of the word's length (at least 1).  For "did you mean". */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

/* ---- numbers people type -------------------------------------------------------------------- */

/* Whole number, decimal digits only, min..max inclusive.  `what` names the thing in the message. */
MUST_CHECK enum rc parse_u64(const char *text, uint64_t min, uint64_t max, const char *what,
                             uint64_t *out, struct err *err);
/* Bytes: 4096, 4k, 4KiB, 1M, 1MiB, 2G.  k/K, m/M, g/G and t/T are powers of 1024. */
MUST_CHECK enum rc parse_size(const char *text, uint64_t min, uint64_t max, const char *what,
                              uint64_t *out, struct err *err);
/* Nanoseconds: 250ms, 30s, 5m, 2h; a bare number is refused. */
MUST_CHECK enum rc parse_duration(const char *text, const char *what, uint64_t *out_ns,
                                  struct err *err);
/* A share: "10%" or "0.1" -> 0.1; finite, min..max inclusive. */
MUST_CHECK enum rc parse_rate(const char *text, double min, double max, const char *what,
                              double *out, struct err *err);

/* ---- numbers people read -------------------------------------------------------------------- */

#define FORMAT_SIZE 40
/* "1.23 ms": three significant digits; "-" for NaN. */
char *format_ns(char dst[FORMAT_SIZE], double ns);
/* "6,291,456": thousands separators; exact. */
char *format_count(char dst[FORMAT_SIZE], uint64_t value);
/* "6.00 MiB": three significant digits, IEC units; exact below 1 KiB ("512 B"). */
char *format_iec(char dst[FORMAT_SIZE], double bytes);
/* "64KiB": exact, in the largest unit that divides it; parse_size reads it back. */
char *format_size(char dst[FORMAT_SIZE], uint64_t bytes);
/* Three significant digits without exponent: "0.0123", "4.37", "12,300". */
char *format_sig3(char dst[FORMAT_SIZE], double value);

/* a + b and a * b; false (and *out untouched) on overflow. */
bool add_u64(uint64_t a, uint64_t b, uint64_t *out);
bool mul_u64(uint64_t a, uint64_t b, uint64_t *out);

#endif
