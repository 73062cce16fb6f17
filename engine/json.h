/* json.h: the only file that sees cJSON.
 *
 * Reading is strict: one document, at most 64 MiB, a million values and 64 levels deep, no
 * duplicate keys, no trailing garbage, no byte-order mark, only finite numbers, strings of valid
 * UTF-8 without NUL.  Every getter checks the type and names the place and the key's path:
 * `file:line: expected a number for "values.p99_ns", got string "fast"`.
 * Writing is a stream into a buf: keys in the order given, integers below 2^53, doubles with 15, 16
 * or 17 digits, whichever reads back equal first, strings escaped; the same calls give the same
 * bytes.
 */
#ifndef ENGINE_JSON_H
#define ENGINE_JSON_H

#include "engine/arena.h"
#include "engine/buf.h"

/* Version of the library underneath, at run time. */
const char *json_version(void);

struct json;      /* a parsed document */
struct json_node; /* borrowed from it */

/* `file` and `line` name the place in messages: `line` is where the text stands in its file when it
 * is one line of many (JSONL), or 0 for a whole file, whose lines are then counted. */
MUST_CHECK enum rc json_parse(struct json **out, struct span text, const char *file, unsigned line,
                              struct err *err);
void json_free(struct json *json); /* accepts NULL */
const struct json_node *json_root(const struct json *json);

/* Required members; RC_USAGE when missing or of another type.  Strings are borrowed. */
MUST_CHECK enum rc json_get_object(const struct json *json, const struct json_node *object,
                                   const char *key, const struct json_node **out, struct err *err);
MUST_CHECK enum rc json_get_array(const struct json *json, const struct json_node *object,
                                  const char *key, const struct json_node **out, struct err *err);
MUST_CHECK enum rc json_get_string(const struct json *json, const struct json_node *object,
                                   const char *key, const char **out, struct err *err);
MUST_CHECK enum rc json_get_bool(const struct json *json, const struct json_node *object,
                                 const char *key, bool *out, struct err *err);
MUST_CHECK enum rc json_get_double(const struct json *json, const struct json_node *object,
                                   const char *key, double *out, struct err *err);
/* A whole number below 2^53: every such number is exact. */
MUST_CHECK enum rc json_get_u64(const struct json *json, const struct json_node *object,
                                const char *key, uint64_t *out, struct err *err);
bool json_has(const struct json_node *object, const char *key);
/* Children of an object or array in order: NULL first, then the previous one; NULL at the end. */
const struct json_node *json_next(const struct json_node *parent, const struct json_node *previous);
const char *json_key(const struct json_node *member);
bool json_is_object(const struct json_node *node);
/* The node itself as a value, for array elements and iteration; `what` names it in messages, NULL
 * stands for its key path. */
MUST_CHECK enum rc json_as_string(const struct json *json, const struct json_node *node,
                                  const char *what, const char **out, struct err *err);
MUST_CHECK enum rc json_as_double(const struct json *json, const struct json_node *node,
                                  const char *what, double *out, struct err *err);
/* Refuse a value that has its type and is still wrong: RC_USAGE `file:line: "path" <what>`.  `key`
 * is a member of `node`, or NULL for the node itself. */
MUST_CHECK enum rc json_refuse(const struct json *json, const struct json_node *node,
                               const char *key, const char *what, struct err *err);

/* Writer.  Errors (memory, text that is not UTF-8, integers from 2^53) are remembered and returned
 * by json_finish, which also ends a document that is not compact with a newline. */
struct json_writer {
    struct buf *out;
    struct err *err;
    unsigned depth;
    bool compact; /* one line; else two-space indentation */
    bool need_comma;
    enum rc rc;
};
struct json_writer json_begin(struct buf *out, bool compact, struct err *err);
/* '{' or '['; key NULL in arrays, here and below. */
void json_open(struct json_writer *writer, const char *key, char bracket);
void json_close(struct json_writer *writer, char bracket); /* '}' or ']' */
void json_string(struct json_writer *writer, const char *key, const char *value);
void json_u64(struct json_writer *writer, const char *key, uint64_t value);
void json_double(struct json_writer *writer, const char *key, double value); /* NaN/inf: CHECK */
void json_bool(struct json_writer *writer, const char *key, bool value);
/* True when json_string can write it: valid UTF-8. */
bool json_is_text(const char *text);
MUST_CHECK enum rc json_finish(struct json_writer *writer);

#endif
