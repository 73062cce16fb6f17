/* content_class.h: what the bytes of a made-up file look like: text, PNG, a log, random bytes.
 *
 * A class makes a *payload*: a pure function of (seed, len, saving), the same bytes for ever, on
 * every machine and with every version of every library; nothing here calls a codec.  Edits change
 * the payload, whatever the class, so sharing between versions is what the edit left.
 *
 * Containers (PNG, JPEG, ZIP, ...) wrap the payload in a file that ordinary tools open without
 * complaint: headers, checksums, lengths and padding right, for every payload and every length from
 * len_min on.  Bytes of the payload may be masked on the way (JPEG, GIF), by their values and
 * places alone, so that equal payloads give equal files; each class says what an edit does to the
 * bytes around it.  Other classes have no wrap: the payload is the file.
 *
 * Speed: fill and wrap together run at 1 GB/s per core or better, and never while a clock runs.
 * Adding one: datasets/class_<name>.c defines `const struct content_class class_<name>`; one line
 * in classes.def.
 */
#ifndef DATASETS_CONTENT_CLASS_H
#define DATASETS_CONTENT_CLASS_H

#include "engine/base.h"

/* fill's `saving` for "as it comes". */
#define SAVING_NATURAL (-1.0)

struct content_class {
    const char *name;      /* "png", "text": [a-z][a-z0-9]* */
    const char *extension; /* of its files, without the dot */
    const char *summary;   /* one line */
    size_t len_min;        /* of a file; what is asked to be shorter gets plain random bytes */
    /* The saving (1 - compressed / plain, zstd level 3, 64 KiB files) can be asked for: fill meets
     * it within 0.02 for files of 16 KiB and more.  `natural` is what SAVING_NATURAL gives. */
    bool knob;
    double natural, saving_min, saving_max;
    void (*fill)(uint64_t seed, double saving, uint8_t *dst, size_t len);
    /* Containers only, all three or none.  payload_len: the longest payload of a file of exactly
     * file_len bytes.  file_len: the shortest file that holds it.  wrap fills all of dst. */
    size_t (*payload_len)(size_t file_len);
    size_t (*file_len)(size_t payload_len);
    void (*wrap)(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len);
    /* fill by the number that saving_curve.h finds for a saving, 0..65,536: what tool_saving
     * measures.  NULL when the knob is made in another way. */
    void (*mix)(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len);
};

size_t content_class_count(void);
const struct content_class *content_class_at(size_t index);
/* NULL when there is no such name. */
const struct content_class *content_class_by_name(const char *name);
/* Every row is sound and names are unique; RC_BUG names row and defect. */
MUST_CHECK enum rc content_classes_validate(struct err *err);

#endif
