/* json_scan.h: the JSON grammar (RFC 8259) checked before cJSON sees the text.
 *
 * cJSON accepts more than JSON ("01", "+1", control bytes in strings, bytes that are not UTF-8) and
 * stops reading a number after 63 characters.  The scan refuses the former and rewrites longer
 * numbers in place, so what passes is parsed the same by both.  Private to json*.c.
 */
#ifndef ENGINE_JSON_SCAN_H
#define ENGINE_JSON_SCAN_H

#include "engine/buf.h"

#define JSON_BYTES_MAX  ((size_t)64 * 1024 * 1024)
#define JSON_DEPTH_MAX  64
#define JSON_VALUES_MAX ((size_t)1000000)

/* `text` is one copy of the document.  Appends the line of every value, as uint32_t in document
 * order, to `lines`, counting from `first_line`; `file` is for messages and already quoted. */
MUST_CHECK enum rc json_scan(struct buf *text, const char *file, unsigned first_line,
                             struct buf *lines, struct err *err);

#endif
