/* handler.c: the handler table and the two kinds of evidence. */
#include "engine/handler.h"

#include <string.h>

/* A literal's size counts its terminator: 1 is the empty string, no magic. */
#define HANDLER(name_, precompressed_, offset_, magic_, extensions_) \
    {.name = #name_,                                                 \
     .extensions = extensions_,                                      \
     .magic = sizeof(magic_) > 1 ? magic_ : NULL,                    \
     .magic_len = sizeof(magic_) - 1,                                \
     .magic_offset = offset_,                                        \
     .precompressed = precompressed_},
static const struct handler rows[] = {
#include "engine/handlers.def"
};
#undef HANDLER

enum { FALLBACK = COUNT_OF(rows) - 1, EXTENSION_LEN_MAX = 15 };

/* ASCII only: the answer must not depend on the locale. */
static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static bool magic_matches(const struct handler *row, struct span head)
{
    return row->magic != NULL && head.len >= (size_t)row->magic_offset + row->magic_len &&
           memcmp(head.ptr + row->magic_offset, row->magic, row->magic_len) == 0;
}

/* `word` is one whole word of the list; an extension that contains a space never is. */
static bool list_has(const char *list, struct span word)
{
    while (*list != '\0') {
        size_t len = strcspn(list, " ");
        size_t i = 0;

        if (len == word.len) {
            while (i < len && lower(word.ptr[i]) == (uint8_t)list[i])
                i++;
            if (i == len)
                return true;
        }
        list += len;
        list += strspn(list, " ");
    }
    return false;
}

const struct handler *handler_match(struct span path, struct span head)
{
    struct span extension;

    for (size_t i = 0; i < FALLBACK; i++)
        if (magic_matches(&rows[i], head))
            return &rows[i];
    extension = path_extension(path);
    if (extension.len > 0)
        for (size_t i = 0; i < FALLBACK; i++)
            if (list_has(rows[i].extensions, extension))
                return &rows[i];
    return &rows[FALLBACK];
}

size_t handler_count(void)
{
    return COUNT_OF(rows);
}

const struct handler *handler_at(size_t index)
{
    CHECK(index < COUNT_OF(rows));
    return &rows[index];
}

size_t handler_index(const struct handler *handler)
{
    /* Through integers: a pointer that is not into the table must reach the check, not be UB. */
    uintptr_t offset = (uintptr_t)handler - (uintptr_t)rows;

    CHECK(offset < sizeof(rows) && offset % sizeof(rows[0]) == 0);
    return offset / sizeof(rows[0]);
}

struct span path_extension(struct span path)
{
    const struct span none = {0};
    size_t start = path.len;
    size_t dot = path.len;

    while (start > 0 && path.ptr[start - 1] != '/')
        start--;
    while (start < path.len && path.ptr[start] == '.')
        start++; /* ".bashrc", "..": leading dots begin a name, not an extension */
    while (dot > start && path.ptr[dot - 1] != '.')
        dot--;
    if (dot == start || dot == path.len || path.len - dot > EXTENSION_LEN_MAX)
        return none;
    return (struct span){path.ptr + dot, path.len - dot};
}
