#include "datasets/mixer.h"

#include "engine/rng.h"

enum unit_kind { UNIT_NATURAL, UNIT_RAW, UNIT_AGAIN };

struct unit {
    size_t start, len;
};

/* Shares are kept by what is owed to each kind, in bytes times SAVING_MIX_ONE. */
struct ledger {
    int64_t raw_share, again_share;
    int64_t raw_owed, again_owed;
};

static struct ledger ledger_of(uint32_t mix, uint64_t draw)
{
    struct ledger ledger = {.raw_share = 0};
    if (mix < MIXER_NATURAL)
        ledger.raw_share = 2 * ((int64_t)MIXER_NATURAL - mix);
    else
        ledger.again_share = 2 * ((int64_t)mix - MIXER_NATURAL);
    /* Not all files begin with the same kind. */
    ledger.raw_owed = ledger.again_owed = -1 - (int64_t)(draw & 0x3fffff);
    return ledger;
}

static enum unit_kind next_kind(const struct ledger *ledger, uint32_t recent)
{
    if (ledger->raw_owed >= 0)
        return UNIT_RAW;
    return ledger->again_owed >= 0 && recent > 0 ? UNIT_AGAIN : UNIT_NATURAL;
}

static void settle(struct ledger *ledger, enum unit_kind kind, size_t len)
{
    int64_t bytes = (int64_t)len, whole = bytes * (int64_t)SAVING_MIX_ONE;
    ledger->raw_owed += bytes * ledger->raw_share - (kind == UNIT_RAW ? whole : 0);
    ledger->again_owed += bytes * ledger->again_share - (kind == UNIT_AGAIN ? whole : 0);
}

static uint8_t *write_again(const struct mixer_class *class, struct mixer *mixer, struct span unit,
                            uint8_t *at)
{
    if (class->again)
        return class->again(mixer, unit, at);
    return pen_bytes(at, unit.ptr, unit.len);
}

static uint8_t *write_unit(const struct mixer_class *class, struct mixer *mixer,
                           enum unit_kind kind, struct span unit, uint8_t *at)
{
    switch (kind) {
    case UNIT_RAW: return class->raw(mixer, at);
    case UNIT_AGAIN: return write_again(class, mixer, unit, at);
    case UNIT_NATURAL: break;
    }
    return class->natural(mixer, at);
}

void mixer_fill(const struct mixer_class *class, uint64_t seed, uint32_t mix, uint8_t *dst,
                size_t len)
{
    uint8_t scratch[MIXER_UNIT_MAX + PEN_SLACK];
    struct unit recent[MIXER_RECENT];
    struct rng rng = rng_stream(seed, class->stream, 0);
    struct mixer mixer = {.draw = rng_u64(&rng), .words = words_get()};
    struct ledger ledger = ledger_of(mix, rng_u64(&rng));
    uint32_t count = 0;
    mixer.natural =
        len - (size_t)(len * ((uint64_t)ledger.raw_share + (uint64_t)ledger.again_share) /
                       SAVING_MIX_ONE);
    if (class->start)
        class->start(&mixer);
    for (size_t at = 0; at < len;) {
        size_t room = len - at;
        uint8_t *to = room >= sizeof(scratch) ? dst + at : scratch;
        uint32_t choices = count < MIXER_RECENT ? count : MIXER_RECENT;
        enum unit_kind kind = next_kind(&ledger, choices);
        struct span unit = {0};
        if (kind == UNIT_AGAIN) {
            const struct unit *old = &recent[(pen_draw(&mixer.draw) >> 32) * choices >> 32];
            unit = span_of(dst + old->start, old->len);
        }
        size_t made = (size_t)(write_unit(class, &mixer, kind, unit, to) - to);
        CHECK(made > 0 && made <= MIXER_UNIT_MAX);
        if (made > room && class->finish) {
            class->finish(&mixer, dst + at, room);
            return;
        }
        if (to == scratch)
            memcpy(dst + at, scratch, made < room ? made : room);
        recent[count++ % MIXER_RECENT] = (struct unit){at, made};
        settle(&ledger, kind, made);
        at += made;
    }
}

uint32_t mixer_mix(const struct saving_curve *curve, double saving, size_t len)
{
    return saving < 0 ? MIXER_NATURAL : saving_curve_mix(curve, saving, len);
}

uint8_t *mixer_symbols(struct mixer *mixer, uint8_t *at, size_t len)
{
    const uint16_t *symbols = mixer->words->symbols;
    for (size_t i = 0; i < len; i += 8) {
        uint64_t draw = pen_draw(&mixer->draw);
        uint64_t word = 0;
        for (unsigned k = 0; k < 4; k++)
            word |= (uint64_t)symbols[draw >> (12 * k) & 0xfff] << (16 * k);
        pen_word(at + i, word);
    }
    return at + len;
}

uint8_t *mixer_bytes(struct mixer *mixer, uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i += 8)
        pen_word(at + i, pen_draw(&mixer->draw));
    return at + len;
}
