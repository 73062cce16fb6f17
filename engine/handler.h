/* handler.h: which handler owns a blob, by magic and by extension.
 *
 * The plugin model of the founding document: a table of specialised handlers; a specialised one
 * always takes precedence, and the built-in `binary_fallback` is used only when nothing else
 * matches.  Order of evidence: magic bytes (what the content is) before extension (what its name
 * claims); among rows of equal evidence the first in handlers.def wins.  A handler says whether
 * its content is compressed already, which codecs obey, and every byte stored is reported per
 * handler and per extension.
 */
#ifndef ENGINE_HANDLER_H
#define ENGINE_HANDLER_H

#include "engine/base.h"

struct handler {
    const char *name;       /* [a-z0-9_]+, appears in records */
    const char *extensions; /* space-separated, lower case, without dot; "" for none */
    const char *magic;      /* bytes to find, or NULL */
    uint8_t magic_len;
    uint8_t magic_offset;
    bool precompressed;
};

/* Never NULL.  `head` is the start of the content (64 bytes are enough), possibly empty. */
const struct handler *handler_match(struct span path, struct span head);
size_t handler_count(void);
const struct handler *handler_at(size_t index);
size_t handler_index(const struct handler *handler);

/* The extension of `path`, without its dot, as written; an empty span when there is none (no dot,
 * a leading dot only, or more than 15 bytes). */
struct span path_extension(struct span path);

#endif
