/* effect.h: did the configuration take effect?  What a strategy states about itself after a run.
 *
 * A strategy whose option does nothing still stores every byte and passes every other check, and
 * its numbers are those of another configuration: a threshold that no blob reaches, a codec that
 * is never called, a cache that nobody asks.  So each strategy states, in its `probe` slot, what
 * must be true if its options were in effect on these very data, and the driver refuses the run
 * (RC_INVALID) when it is not.
 *
 * What is expected follows from facts the driver knows without the strategy: the sizes of what was
 * put, which of it was there already (by the driver's own hashes), what was read, and a sample of
 * the contents, which the probe may cut and compress itself.  Where the data cannot show it, random
 * bytes no codec makes smaller, the probe is stated all the same and expects anything.
 *
 * Threading: one thread.
 */
#ifndef ENGINE_EFFECT_H
#define ENGINE_EFFECT_H

#include "engine/chunker.h"
#include "engine/codec.h"

/* One blob of the sample: when it was put the store held none of the same bytes. */
struct effect_blob {
    struct span bytes;
    bool precompressed; /* says its handler */
    bool kept;          /* the store must hold it now, under: */
    uint64_t file_id;
    uint32_t version;
};

struct effect_facts {
    const uint64_t *lens; /* of every blob put, in the order they were put */
    size_t blobs;
    uint64_t bytes, largest;          /* of them */
    uint64_t repeats, repeat_bytes;   /* of them: put while the store held the same bytes */
    uint64_t kept;                    /* blobs the store must hold now */
    uint64_t newest_reads;            /* whole reads of newest versions, rows of scans included */
    uint64_t newest_rereads;          /* of them: of a version that was read before */
    uint64_t files;                   /* that lie in the store */
    uint64_t depth_least, depth_most; /* folders above them; 0 without files */
    uint64_t peak_rss_bytes;          /* of the process; 0: not known */
    const uint64_t *counters;         /* [CTR_COUNT], over the whole run */
    const struct effect_blob *sample; /* may be empty */
    size_t sample_count;
};

/* `value` must lie in least..most. */
struct effect_probe {
    const char *name; /* static; a counter's name where it is one */
    uint64_t value, least, most;
    char because[160]; /* why that is expected, in numbers of this run */
};
#define EFFECT_NO_LIMIT   UINT64_MAX
#define EFFECT_PROBES_MAX 12

struct effect {
    struct effect_probe probes[EFFECT_PROBES_MAX];
    size_t count;
};

/* State one probe; at most EFFECT_PROBES_MAX. */
void effect_expect(struct effect *effect, const char *name, uint64_t value, uint64_t least,
                   uint64_t most, const char *because, ...) PRINTF_LIKE(6, 7);
bool effect_holds(const struct effect_probe *probe);
/* What is expected as text: "96", "at least 1", "at most 7", "2 to 9", "anything". */
#define EFFECT_TEXT_SIZE 64
char *effect_expected(char dst[EFFECT_TEXT_SIZE], const struct effect_probe *probe);
/* RC_INVALID with the first probe that does not hold. */
MUST_CHECK enum rc effect_verdict(const struct effect *effect, struct err *err);

/* Distinct pieces of the sample, whole blobs where `chunker` is NULL, and how many of them `policy`
 * makes small enough to be kept.  At most EFFECT_PIECES_MAX are looked at. */
#define EFFECT_PIECES_MAX 256
struct effect_pieces {
    size_t count, packed;
};
MUST_CHECK enum rc effect_pack(const struct effect_facts *facts, const struct codec_policy *policy,
                               const struct chunker *chunker, struct effect_pieces *out,
                               struct err *err);

#endif
