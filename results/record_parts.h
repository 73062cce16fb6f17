/* record_parts.h: what the files of record.h share among themselves; private to results/.
 *
 * The JSON of a struct is described once, as rows of (key, type, offset); writing, reading and the
 * search for unknown keys all come from them, so a writer and its reader cannot drift apart.
 */
#ifndef RESULTS_RECORD_PARTS_H
#define RESULTS_RECORD_PARTS_H

#include "engine/json.h"
#include "results/record.h"

#define RECORD_SAMPLES_NAME  "samples.jsonl"
#define RECORD_EVENTS_NAME   "events.jsonl"
#define RECORD_MANIFEST_NAME "manifest.json"

/* ---- files (record_file.c) ------------------------------------------------------------------- */

/* Whole or not at all: temporary name in the same folder, write, fsync, rename, fsync the folder.
 * What is no regular file is not replaced. */
MUST_CHECK enum rc record_file_replace(const char *path, struct span bytes, struct err *err);
/* Make the folder the file `path` stands in; the one above it must exist. */
MUST_CHECK enum rc record_parent_make(const char *path, struct err *err);
/* Make the names in a folder durable. */
MUST_CHECK enum rc record_folder_sync(const char *path, struct err *err);
/* One write to the end of a file that is cut to its first `keep` bytes before, then sync.  After a
 * failure the file is those bytes. */
MUST_CHECK enum rc record_file_append(int fd, const char *path, size_t keep, struct span bytes,
                                      struct err *err);
/* All bytes to `fd`; errno-style result: 0, or what write(2) gave, or ENOSPC after a short write
 * that could not be continued. */
int record_file_write_all(int fd, struct span bytes);

/* Relative, and without a way out of the folder. */
bool record_is_inner_name(const char *name);

/* ---- fields (record_fields.c) ---------------------------------------------------------------- */

enum field_type {
    FIELD_TEXT, /* const char *; NULL is written as "" */
    FIELD_WORD, /* const char *, never empty */
    FIELD_BOOL,
    FIELD_U32,
    FIELD_U64,   /* below 2^53 */
    FIELD_SEED,  /* uint64_t of all 64 bits, as a string of decimal digits */
    FIELD_DOUBLE /* finite, not negative */
};
struct field {
    const char *key; /* NULL ends the rows */
    enum field_type type;
    size_t offset;
};

/* One JSON document being read.  The first failure stays in `rc`; later reads do nothing. */
struct record_reader {
    const struct json *json;
    const char *file; /* quoted */
    unsigned line;    /* 0: the document is a whole file */
    struct arena *arena;
    struct record *record; /* counts unknown keys; NULL: they are refused */
    struct err *err;
    enum rc rc;
};

void record_fields_write(struct json_writer *writer, const struct field *rows, const void *base);
void record_fields_read(struct record_reader *reader, const struct json_node *object,
                        const struct field *rows, void *base);
/* Note every member that is neither in `rows` nor in `others` (NULL-terminated). */
void record_fields_unknown(struct record_reader *reader, const struct json_node *object,
                           const struct field *rows, const char *const *others);
/* Text of unknown origin for JSON: `text`, "" for NULL, or an escaped copy in `scratch` when it is
 * not valid UTF-8 (a file's extension, a kernel's answer). */
const char *record_text(char scratch[QUOTE_SIZE], const char *text);
void record_facts_write(struct json_writer *writer, const char *key, const struct facts *facts);
void record_facts_read(struct record_reader *reader, const struct json_node *object,
                       const char *key, struct facts *facts);
/* The member `schema` must be `expected`; any other text is RC_MISMATCH. */
void record_schema_read(struct record_reader *reader, const struct json_node *object,
                        const char *expected);
/* Refuse a value that has its type and is still wrong, unless something failed before. */
void record_refuse(struct record_reader *reader, const struct json_node *node, const char *key,
                   const char *what);
/* A string member, borrowed from the document; "" after a failure. */
const char *record_word(struct record_reader *reader, const struct json_node *object,
                        const char *key);
/* Every object of the array `key` into zeroed items of `size` bytes each. */
void *record_items(struct record_reader *reader, const struct json_node *root, const char *key,
                   const struct field *rows, size_t size, size_t *count);
/* Members of the reader's document; NULL after a failure. */
const struct json_node *record_object(struct record_reader *reader, const struct json_node *object,
                                      const char *key);
const struct json_node *record_array(struct record_reader *reader, const struct json_node *object,
                                     const char *key, size_t *count);
/* Zeroed arena memory, or NULL and reader->rc set. */
void *record_alloc(struct record_reader *reader, size_t count, size_t size);
void record_note_unknown(struct record_reader *reader, const struct json_node *member);
/* Count a warning; the first one's text is kept. */
void record_warn(struct record *record, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* First fact whose name came before, or NULL: it could not be read back. */
const char *record_facts_duplicate(const struct facts *facts);

/* ---- manifest (record_manifest.c) ------------------------------------------------------------ */

/* RC_USAGE when it could not be read back. */
MUST_CHECK enum rc record_manifest_print(const struct record_manifest *manifest, struct buf *out,
                                         struct err *err);
/* `record` counts warnings; the manifest and its strings go into record->arena. */
MUST_CHECK enum rc record_manifest_parse(struct record *record, struct span text, const char *file,
                                         struct err *err);

/* What a manifest must be beyond its types, and is not: "group[index].inner.key" `what`. */
#define NO_INDEX ((size_t)-1)
struct manifest_defect {
    const char *group; /* NULL: the manifest itself */
    size_t index;      /* in an array, or NO_INDEX */
    const char *inner; /* an object within the group, or NULL */
    const char *key;
    const char *what; /* NULL: there is nothing to say against it */
};

/* ---- protocol, trace, builds (record_protocol.c) ------------------------------------------- */

void record_protocol_write(struct json_writer *writer, const struct record_protocol *protocol);
void record_protocol_read(struct record_reader *reader, const struct json_node *root,
                          struct record_protocol *protocol);
/* True when there is nothing to say against it. */
bool record_protocol_check(const struct record_protocol *protocol, struct manifest_defect *defect);
/* Nothing is written when there are no builds. */
void record_builds_write(struct json_writer *writer, const struct record_manifest *manifest);
void record_builds_read(struct record_reader *reader, const struct json_node *root,
                        struct record_manifest *manifest);
bool record_builds_check(const struct record_manifest *manifest, struct manifest_defect *defect);
/* Nothing is written when the operations were drawn. */
void record_trace_write(struct json_writer *writer, const struct record_manifest *manifest);
void record_trace_read(struct record_reader *reader, const struct json_node *root,
                       struct record_manifest *manifest);
bool record_trace_check(const struct record_manifest *manifest, struct manifest_defect *defect);
/* How many programs the arm's build has: 1 when the study has no builds. */
size_t record_link_orders(const struct record_manifest *manifest, uint32_t arm);

/* ---- bounds (bounds.c) ----------------------------------------------------------------------- */

/* Read the study's bounds when there are any, and give its samples the distances to them. */
MUST_CHECK enum rc record_bounds_load(struct record *record, struct err *err);
void record_bounds_release(struct record *record);

/* ---- samples (record_sample.c, record_values.c) ---------------------------------------------- */

/* Append one line, its newline included.  RC_INVALID when the sample could not be read back. */
MUST_CHECK enum rc record_sample_print(const struct record_manifest *manifest,
                                       const struct sample *sample, struct buf *out,
                                       struct err *err);
/* Where the lines being parsed come from. */
struct line_source {
    const char *path;
    const struct record_manifest *manifest;
    struct arena *arena;
    struct record *record; /* counts unknown keys; NULL: they are refused */
};
MUST_CHECK enum rc record_sample_parse(const struct line_source *source, struct span line,
                                       unsigned number, struct sample *out, struct err *err);
/* The index of the arm whose label the member `arm` of a line is, or the string `node` itself. */
uint32_t record_arm_index(struct record_reader *reader, const struct json_node *node,
                          const char *key, const struct record_manifest *manifest);
/* Runs are numbered through: run = round x arms + slot. */
bool record_is_placed(const struct record_manifest *manifest, const struct sample *sample);
/* The values' names as they stand in lines and schemas: "phase", "snapshot", "run". */
const char *sample_kind_name(enum sample_kind kind);

/* What makes a sample's values impossible.  `key` is NULL when there is nothing. */
struct value_defect {
    const char *group; /* "values", or NULL: the line itself */
    const char *key;
    char what[160];
};
void record_values_check(const struct record_manifest *manifest, const struct sample *sample,
                         struct value_defect *defect);

/* ---- series (record_series.c) ---------------------------------------------------------------- */

/* Nothing is written when there are no points. */
void record_series_write(struct json_writer *writer, const struct series *series);
void record_series_read(struct record_reader *reader, const struct json_node *root,
                        struct series *series);
/* NULL, or what is wrong with a sample's series. */
const char *record_series_defect(const struct sample *sample);

/* ---- events (record_event.c) ----------------------------------------------------------------- */

/* events.jsonl of record->dir into the record; without the file nothing happened. */
MUST_CHECK enum rc record_events_load(struct record *record, struct err *err);
/* Events against the samples: looks were taken at rounds that are there, none was added after the
 * one that ended the study, and no round was voided before it was begun. */
MUST_CHECK enum rc record_events_check(const struct record *record, struct err *err);

/* ---- lines ----------------------------------------------------------------------------------- */

/* Cut the next line, without its newline, from *rest.  False at the end, and for a last line
 * without its newline, which stays in *rest. */
bool record_next_line(struct span *rest, struct span *line);
/* The lines of one run agree on round, slot and arm, and none is there twice: NULL, or what is
 * wrong with `sample`, which came after `before`. */
const char *record_sample_conflict(const struct sample *before, const struct sample *sample);
/* The first phase or snapshot of the plan that run `run` is without, or NULL. */
const char *record_run_lacks(const struct record_manifest *manifest, const struct sample *samples,
                             size_t count, uint32_t run, enum sample_kind *kind);

#endif
