#include "engine/json.h"
#include "engine/json_scan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* From here on neighbouring integers read as the same double. */
#define WHOLE_LIMIT ((double)((uint64_t)1 << 53))
/* file:line, quoted file name included */
#define PLACE_SIZE (QUOTE_SIZE + 16)

struct json {
    cJSON *root;
    char file[QUOTE_SIZE];
    unsigned line;    /* of the whole text when it is one line of a file, else 0 */
    struct buf lines; /* uint32_t per value in document order */
};

static const cJSON *node_of(const struct json_node *node)
{
    return (const cJSON *)(const void *)node;
}

static const struct json_node *wrap(const cJSON *node)
{
    return (const struct json_node *)(const void *)node;
}

/* ---- where a value stands, found only when a message needs it -------------------------------- */

struct location {
    size_t index; /* in document order */
    size_t depth;
    const cJSON *chain[JSON_DEPTH_MAX + 2]; /* root .. the value */
};

static bool locate(struct location *at, size_t depth, const cJSON *node, const cJSON *wanted)
{
    at->chain[depth] = node;
    at->depth = depth;
    if (node == wanted)
        return true;
    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        at->index++;
        if (locate(at, depth + 1, child, wanted))
            return true;
    }
    return false;
}

/* "arms[2].label"; the root is "". */
static void print_path(char dst[QUOTE_SIZE], const struct location *at)
{
    size_t used = 0;
    dst[0] = '\0';
    for (size_t i = 1; i <= at->depth && used < QUOTE_SIZE - 1; i++) {
        const cJSON *parent = at->chain[i - 1];
        int len;
        if (cJSON_IsArray(parent)) {
            size_t index = 0;
            for (const cJSON *child = parent->child; child != at->chain[i]; child = child->next)
                index++;
            len = snprintf(dst + used, QUOTE_SIZE - used, "[%zu]", index);
        } else {
            len = snprintf(dst + used, QUOTE_SIZE - used, "%s%s", used == 0 ? "" : ".",
                           at->chain[i]->string);
        }
        used += len > 0 ? (size_t)len : 0;
    }
}

/* "file:line"; `path` receives the key path of the node. */
static void describe(const struct json *json, const cJSON *node, char place[PLACE_SIZE],
                     char path[QUOTE_SIZE])
{
    struct location at = {0};
    bool found = locate(&at, 0, json->root, node);
    CHECK(found && at.index < json->lines.len / sizeof(uint32_t));
    print_path(path, &at);
    uint32_t line;
    memcpy(&line, json->lines.ptr + at.index * sizeof(line), sizeof(line));
    snprintf(place, PLACE_SIZE, "%s:%" PRIu32, json->file, line);
}

static const char *type_name(const cJSON *node)
{
    if (cJSON_IsObject(node))
        return "object";
    if (cJSON_IsArray(node))
        return "array";
    if (cJSON_IsString(node))
        return "string";
    if (cJSON_IsNumber(node))
        return "number";
    return cJSON_IsNull(node) ? "null" : "boolean";
}

/* "string "fast"", "number -1", "array": short enough for any message. */
static void print_got(char dst[QUOTE_SIZE], const cJSON *node)
{
    char quoted[64];
    if (cJSON_IsString(node))
        snprintf(dst, QUOTE_SIZE, "string \"%s\"",
                 quote_str(quoted, sizeof(quoted), node->valuestring));
    else if (cJSON_IsNumber(node))
        snprintf(dst, QUOTE_SIZE, "number %.17g", node->valuedouble);
    else
        snprintf(dst, QUOTE_SIZE, "%s", type_name(node));
}

/* `name` is NULL or what to call the node instead of its path. */
static enum rc unexpected(const struct json *json, const cJSON *node, const char *name,
                          const char *expected, struct err *err)
{
    char place[PLACE_SIZE], path[QUOTE_SIZE], got[QUOTE_SIZE];
    describe(json, node, place, path);
    print_got(got, node);
    if (name == NULL)
        name = path[0] != '\0' ? path : "the document";
    return FAIL(err, RC_USAGE, 0, "%s: expected %s for \"%s\", got %s", place, expected, Q(name),
                got);
}

static enum rc missing(const struct json *json, const cJSON *object, const char *key,
                       struct err *err)
{
    char place[PLACE_SIZE], path[QUOTE_SIZE];
    describe(json, object, place, path);
    if (path[0] == '\0')
        return FAIL(err, RC_USAGE, 0, "%s: missing \"%s\"", place, Q(key));
    return FAIL(err, RC_USAGE, 0, "%s: missing \"%s\" in \"%s\"", place, Q(key), Q(path));
}

/* ---- parsing --------------------------------------------------------------------------------- */

struct member {
    const cJSON *node;
    size_t order;
};

static int member_compare(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    int order = strcmp(a->node->string, b->node->string);
    if (order != 0)
        return order;
    return a->order < b->order ? -1 : a->order > b->order;
}

static enum rc refuse_duplicate(const struct json *json, const cJSON *node, struct err *err)
{
    char place[PLACE_SIZE], path[QUOTE_SIZE];
    describe(json, node, place, path);
    return FAIL(err, RC_USAGE, 0, "%s: key \"%s\" is given twice", place, Q(path));
}

/* Keys are compared as decoded: "a" and "\u0061" are the same.  `members` is scratch space. */
static enum rc check_keys(const struct json *json, const cJSON *object, struct buf *members,
                          struct err *err)
{
    buf_clear(members);
    size_t count = 0;
    for (const cJSON *child = object->child; child != NULL; child = child->next) {
        struct member member = {.node = child, .order = count++};
        enum rc rc = buf_append(members, span_of(&member, sizeof(member)), err);
        if (rc != RC_OK)
            return rc;
    }
    if (count < 2)
        return RC_OK;
    struct member *sorted = (struct member *)(void *)members->ptr;
    qsort(sorted, count, sizeof(*sorted), member_compare);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[i - 1].node->string, sorted[i].node->string) == 0)
            return refuse_duplicate(json, sorted[i].node, err);
    }
    return RC_OK;
}

static enum rc check_duplicates(const struct json *json, const cJSON *node, struct buf *members,
                                struct err *err)
{
    enum rc rc = cJSON_IsObject(node) ? check_keys(json, node, members, err) : RC_OK;
    for (const cJSON *child = node->child; rc == RC_OK && child != NULL; child = child->next) {
        if (child->child != NULL)
            rc = check_duplicates(json, child, members, err);
    }
    return rc;
}

/* `copy` is the text to scan, which may rewrite it; it is not needed afterwards. */
static enum rc parse_copy(struct json *json, struct buf *copy, struct err *err)
{
    unsigned first_line = json->line != 0 ? json->line : 1;
    enum rc rc = json_scan(copy, json->file, first_line, &json->lines, err);
    if (rc != RC_OK)
        return rc;
    const char *end = NULL;
    json->root = cJSON_ParseWithLengthOpts((const char *)copy->ptr, copy->len, &end, false);
    if (json->root == NULL)
        return FAIL(err, RC_NOMEM, 0, "%s: no memory for a JSON text of %zu bytes", json->file,
                    copy->len);
    /* Scan and library must have read the same document. */
    size_t used = (size_t)(end - (const char *)copy->ptr);
    CHECK(used <= copy->len);
    CHECK(strspn(end, " \t\r\n") == copy->len - used);
    struct buf members = {0};
    rc = check_duplicates(json, json->root, &members, err);
    buf_release(&members);
    return rc;
}

enum rc json_parse(struct json **out, struct span text, const char *file, unsigned line,
                   struct err *err)
{
    *out = NULL;
    if (text.len > JSON_BYTES_MAX)
        return FAIL(err, RC_USAGE, 0, "%s: JSON text of %zu bytes (expected at most %zu)", Q(file),
                    text.len, JSON_BYTES_MAX);
    struct json *json = calloc(1, sizeof(*json));
    if (json == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory to read \"%s\"", Q(file));
    quote_str(json->file, sizeof(json->file), file);
    json->line = line;
    struct buf copy = {0};
    enum rc rc = buf_set(&copy, text, err);
    if (rc == RC_OK)
        rc = parse_copy(json, &copy, err);
    buf_release(&copy);
    if (rc == RC_OK)
        *out = json;
    else
        json_free(json);
    return rc;
}

void json_free(struct json *json)
{
    if (json == NULL)
        return;
    cJSON_Delete(json->root);
    buf_release(&json->lines);
    free(json);
}

const struct json_node *json_root(const struct json *json)
{
    return wrap(json->root);
}

/* ---- members --------------------------------------------------------------------------------- */

/* The member, or NULL with the error set. */
static const cJSON *member(const struct json *json, const struct json_node *object, const char *key,
                           struct err *err)
{
    const cJSON *parent = node_of(object);
    if (!cJSON_IsObject(parent)) {
        (void)unexpected(json, parent, NULL, "an object", err);
        return NULL;
    }
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(parent, key);
    if (node == NULL)
        (void)missing(json, parent, key, err);
    return node;
}

enum rc json_get_object(const struct json *json, const struct json_node *object, const char *key,
                        const struct json_node **out, struct err *err)
{
    const cJSON *node = member(json, object, key, err);
    if (node == NULL)
        return err->rc;
    if (!cJSON_IsObject(node))
        return unexpected(json, node, NULL, "an object", err);
    *out = wrap(node);
    return RC_OK;
}

enum rc json_get_array(const struct json *json, const struct json_node *object, const char *key,
                       const struct json_node **out, struct err *err)
{
    const cJSON *node = member(json, object, key, err);
    if (node == NULL)
        return err->rc;
    if (!cJSON_IsArray(node))
        return unexpected(json, node, NULL, "an array", err);
    *out = wrap(node);
    return RC_OK;
}

enum rc json_get_string(const struct json *json, const struct json_node *object, const char *key,
                        const char **out, struct err *err)
{
    const cJSON *node = member(json, object, key, err);
    return node == NULL ? err->rc : json_as_string(json, wrap(node), NULL, out, err);
}

enum rc json_get_bool(const struct json *json, const struct json_node *object, const char *key,
                      bool *out, struct err *err)
{
    const cJSON *node = member(json, object, key, err);
    if (node == NULL)
        return err->rc;
    if (!cJSON_IsBool(node))
        return unexpected(json, node, NULL, "true or false", err);
    *out = cJSON_IsTrue(node);
    return RC_OK;
}

enum rc json_get_double(const struct json *json, const struct json_node *object, const char *key,
                        double *out, struct err *err)
{
    const cJSON *node = member(json, object, key, err);
    return node == NULL ? err->rc : json_as_double(json, wrap(node), NULL, out, err);
}

enum rc json_get_u64(const struct json *json, const struct json_node *object, const char *key,
                     uint64_t *out, struct err *err)
{
    const cJSON *node = member(json, object, key, err);
    if (node == NULL)
        return err->rc;
    double value = cJSON_IsNumber(node) ? node->valuedouble : -1;
    if (!(value >= 0 && value < WHOLE_LIMIT) || value != floor(value))
        return unexpected(json, node, NULL, "a whole number below 2^53", err);
    *out = (uint64_t)value;
    return RC_OK;
}

bool json_has(const struct json_node *object, const char *key)
{
    return cJSON_IsObject(node_of(object)) &&
           cJSON_GetObjectItemCaseSensitive(node_of(object), key) != NULL;
}

const struct json_node *json_next(const struct json_node *parent, const struct json_node *previous)
{
    return previous == NULL ? wrap(node_of(parent)->child) : wrap(node_of(previous)->next);
}

const char *json_key(const struct json_node *member_node)
{
    return node_of(member_node)->string;
}

bool json_is_object(const struct json_node *node)
{
    return cJSON_IsObject(node_of(node));
}

enum rc json_as_string(const struct json *json, const struct json_node *node, const char *what,
                       const char **out, struct err *err)
{
    if (!cJSON_IsString(node_of(node)))
        return unexpected(json, node_of(node), what, "a string", err);
    *out = node_of(node)->valuestring;
    return RC_OK;
}

enum rc json_as_double(const struct json *json, const struct json_node *node, const char *what,
                       double *out, struct err *err)
{
    if (!cJSON_IsNumber(node_of(node)))
        return unexpected(json, node_of(node), what, "a number", err);
    *out = node_of(node)->valuedouble;
    return RC_OK;
}

enum rc json_refuse(const struct json *json, const struct json_node *node, const char *key,
                    const char *what, struct err *err)
{
    const cJSON *at = node_of(node);
    if (key != NULL && cJSON_IsObject(at)) {
        const cJSON *child = cJSON_GetObjectItemCaseSensitive(at, key);
        if (child != NULL)
            at = child;
    }
    char place[PLACE_SIZE], path[QUOTE_SIZE];
    describe(json, at, place, path);
    return FAIL(err, RC_USAGE, 0, "%s: \"%s\" %s", place,
                Q(path[0] != '\0' ? path : "the document"), what);
}

const char *json_version(void)
{
    return cJSON_Version();
}
