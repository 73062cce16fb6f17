/* Options that are parsed, checked, recorded, and never looked at again.  The probe states honestly
 * what they mean; every byte comes back, so nothing else could tell. */
#include <inttypes.h>

#include "tests/planted/planted_store.h"

struct no_effect {
    struct planted planted;
    uint64_t threshold;
    int codec;
    bool dedup;
};

static const char *const codecs[] = {"none", "zstd", NULL};
static const struct opt no_effect_opts[] = {
    {.name = "threshold",
     .type = OPT_SIZE,
     .offset = offsetof(struct no_effect, threshold),
     .min = 0,
     .max = 1 << 20,
     .def = "0",
     .help = "larger blobs are cut into pieces of this length; 0 cuts none"},
    {.name = "codec",
     .type = OPT_CHOICE,
     .offset = offsetof(struct no_effect, codec),
     .def = "none",
     .choices = codecs,
     .help = "how blobs are compressed"},
    {.name = "dedup",
     .type = OPT_BOOL,
     .offset = offsetof(struct no_effect, dedup),
     .def = "off",
     .help = "store equal blobs once"},
    {.name = NULL},
};

static enum rc no_effect_put(struct store *st, const struct put_request *put)
{
    st->counters[CTR_CHUNKS]++;
    st->counters[CTR_CODEC_NONE]++;
    return planted_put(st, put);
}

static enum rc no_effect_probe(struct store *st, const struct effect_facts *facts,
                               struct effect *out)
{
    const struct no_effect *self = (const struct no_effect *)st;
    uint64_t pieces = 0, above = 0, size = self->threshold != 0 ? self->threshold : UINT64_MAX;
    for (size_t i = 0; i < facts->blobs; i++) {
        pieces += facts->lens[i] / size + (facts->lens[i] % size != 0 || facts->lens[i] == 0);
        above += facts->lens[i] > size;
    }
    effect_expect(out, "chunks", facts->counters[CTR_CHUNKS], pieces, pieces,
                  "%" PRIu64 " of %zu blobs are above threshold=%" PRIu64
                  ", the largest has %" PRIu64 " bytes",
                  above, facts->blobs, self->threshold, facts->largest);
    struct effect_pieces packable = {0};
    const struct codec_policy policy = {.codec = CODEC_ZSTD, .level = 3, .margin = 0.0625};
    enum rc rc =
        self->codec != CODEC_NONE ? effect_pack(facts, &policy, NULL, &packable, st->err) : RC_OK;
    effect_expect(out, "codec_zstd", facts->counters[CTR_CODEC_ZSTD], packable.packed,
                  EFFECT_NO_LIMIT, "%zu of %zu sampled blobs shrink, codec=%s", packable.packed,
                  packable.count, codecs[self->codec]);
    uint64_t dup = self->dedup ? facts->repeat_bytes : 0;
    effect_expect(out, "dup_bytes", facts->counters[CTR_DUP_BYTES], dup, dup,
                  "%" PRIu64 " blobs repeat what was stored, dedup=%s", facts->repeats,
                  self->dedup ? "on" : "off");
    return rc;
}

const struct strategy strategy_planted_no_effect = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "planted-no-effect",
    .summary = "its options do nothing",
    .caps = CAP_SQL | CAP_DELETE | CAP_SCAN,
    .state_size = sizeof(struct no_effect),
    .opts = no_effect_opts,
    .init = planted_init,
    .deinit = planted_deinit,
    .put = no_effect_put,
    .get = planted_get,
    .flush = planted_flush,
    .check = planted_check,
    .probe = no_effect_probe,
    .del = planted_del,
    .scan_begin = planted_scan_begin,
    .scan_next = planted_scan_next,
    .scan_end = planted_scan_end,
};
