/* content.h: reference-counted byte strings in SQL, each stored once, packed by a codec.
 *
 * What `dedup` (whole blobs) and `chunked` (pieces of blobs) share: identity, the codec with its
 * keep-if-smaller rule, reference counts, collection at zero, and the checks of all that.
 *
 * Tables, in the owner's database:
 *
 *   content(id INTEGER PRIMARY KEY, refs, hash)           INDEX content_hash(hash)
 *   body(id INTEGER PRIMARY KEY, codec, plain_len, data)  data: plain, or packed as codec says
 *   identity(kind, bits)                                  one row: how hashes were made
 *
 * Counts live apart from bytes because SQLite writes a row as a whole: with both in one row, a
 * second reference to 1 MiB would read and compare 1 MiB.  Readers touch body only.
 *
 * Identity.
 *   sha256  equal SHA-256 is equal content; the index is UNIQUE.
 *   xxh3    XXH3-128 finds candidates; the plain bytes are compared before one is accepted, and
 *           different content of equal hash lies side by side.  `hash_bits` below 128 keeps that
 *           many leading bits, to make collisions; for tests only.
 *
 * Messages name the blob that the owner is working on, once it has set `key`.
 *
 * Counters kept here: UNIQUE_BYTES, DUP_BYTES, STORED_BYTES, CODEC_*, COLLECTED, COLLECTED_BYTES.
 *
 * State after failure: that of the database after a failed statement; the store is poisoned.
 * Threading: one thread, the store's.
 */
#ifndef ENGINE_CONTENT_H
#define ENGINE_CONTENT_H

#include "engine/rows.h"

enum content_identity { IDENTITY_SHA256, IDENTITY_XXH3 };
enum { CONTENT_STMTS = 12 };

struct content {
    /* options, filled by the rows below */
    int identity; /* enum content_identity */
    int codec;    /* enum codec_id */
    int level;    /* 0: the codec's default */
    double margin;
    bool verify;
    uint64_t hash_bits;

    struct store *st;
    struct blob_key key; /* names the blob in messages; set by the owner before each call */
    struct codec_policy policy;
    struct sha256 sha;
    sqlite3_stmt *stmts[CONTENT_STMTS];
    struct rows_blob data;
    struct buf packed, plain;

    /* the content opened by content_open */
    int64_t id;
    unsigned open_codec;
    size_t plain_len, data_len;
};

/* Option rows for an owner whose member `member` of type struct content is in type `owner`. */
#define CONTENT_OPTS(owner, member, codec_default)                                           \
    {.name = "identity",                                                                     \
     .type = OPT_CHOICE,                                                                     \
     .offset = offsetof(owner, member.identity),                                             \
     .def = "sha256",                                                                        \
     .choices = content_identities,                                                          \
     .help = "how equal content is known: by sha256, or by xxh3 and comparing the bytes"},   \
        {.name = "codec",                                                                    \
         .type = OPT_CHOICE,                                                                 \
         .offset = offsetof(owner, member.codec),                                            \
         .def = (codec_default),                                                             \
         .choices = content_codecs,                                                          \
         .help = "how new content is compressed"},                                           \
        {.name = "level",                                                                    \
         .type = OPT_INT,                                                                    \
         .offset = offsetof(owner, member.level),                                            \
         .min = -7,                                                                          \
         .max = 19,                                                                          \
         .def = "0",                                                                         \
         .help = "codec level; 0 is the codec's default"},                                   \
        {.name = "margin",                                                                   \
         .type = OPT_RATE,                                                                   \
         .offset = offsetof(owner, member.margin),                                           \
         .min = 0,                                                                           \
         .max = 1,                                                                           \
         .def = "0.0625",                                                                    \
         .help = "least saving that is worth keeping compressed"},                           \
        {.name = "verify",                                                                   \
         .type = OPT_BOOL,                                                                   \
         .offset = offsetof(owner, member.verify),                                           \
         .def = "off",                                                                       \
         .help = "compare the content hash on every get and scan"},                          \
    {                                                                                        \
        .name = "hash_bits", .type = OPT_COUNT, .offset = offsetof(owner, member.hash_bits), \
        .min = 4, .max = 128, .def = "128",                                                  \
        .help = "bits of xxh3 kept, to make collisions: for tests, with identity=xxh3 only"  \
    }

extern const char *const content_identities[];
extern const char *const content_codecs[];

/* Create the tables when st->created, prepare the statements.  RC_USAGE for options that do not
 * go together, RC_MISMATCH when the store was made with another identity. */
MUST_CHECK enum rc content_init(struct content *content, struct store *st);
/* Accepts a zeroed or half-initialised content. */
void content_release(struct content *content);

/* Store one more reference to `plain`: *id names it; *fresh is false when it was there already. */
MUST_CHECK enum rc content_put(struct content *content, struct span plain, bool precompressed,
                               int64_t *id, bool *fresh);
/* Give up one reference; the last one removes the content. */
MUST_CHECK enum rc content_drop(struct content *content, int64_t id);

/* Find content `id`, of content->plain_len bytes, and keep it open for the two reads below.
 * RC_CORRUPT when there is none. */
MUST_CHECK enum rc content_open(struct content *content, int64_t id);
/* All plain_len bytes of the open content. */
MUST_CHECK enum rc content_read(struct content *content, uint8_t *dst);
/* Bytes [offset, offset + len) of the open content, which must be there. */
MUST_CHECK enum rc content_read_range(struct content *content, uint64_t offset, size_t len,
                                      uint8_t *dst);
/* Also after a failure; accepts no open content. */
void content_close(struct content *content);

/* Compare the bytes with the hash they are stored under. */
MUST_CHECK enum rc content_verify(struct content *content, int64_t id, struct span plain);

/* Every content is whole, has the hash it is stored under, and is referenced exactly as often as
 * `ids` (packed int64_t, in any order; sorted by this call) says. */
MUST_CHECK enum rc content_check(struct content *content, struct buf *ids);

/* State that the codec asked for was used, and no other (effect.h): a sample of the pieces put,
 * blobs or what `chunker` cuts, is packed again here.  `fresh` pieces were new to the store. */
MUST_CHECK enum rc content_probe(const struct content *content, const struct effect_facts *facts,
                                 const struct chunker *chunker, uint64_t fresh, struct effect *out);

#endif
