/* class_text.c: prose: words of a Zipf vocabulary, sentences, paragraphs.
 *
 * What is asked to compress less holds lines of base64, as mails with attachments do; what is asked
 * to compress more repeats sentences.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"

enum { TEXT_CAPITAL };

/* About 190 bytes: 30 words, three to a draw (12 bits of stem and 8 of ending each). */
static uint8_t *text_natural(struct mixer *mixer, uint8_t *at)
{
    /* Copies: what is written might be the mixer itself, for all the compiler knows. */
    const uint64_t *stems = mixer->words->stems, *endings = mixer->words->endings;
    uint64_t capital = mixer->own[TEXT_CAPITAL], state = mixer->draw;
    for (unsigned i = 0; i < 10; i++) {
        uint64_t draw = pen_draw(&state);
        for (unsigned k = 0; k < 3; k++, draw >>= 20) {
            uint64_t ending = endings[draw >> 12 & 0xff];
            at = pen_piece(at, stems[draw & 0xfff] ^ capital);
            capital = ending >> 40 & WORDS_CAPITAL;
            at = pen_piece(at, ending);
        }
    }
    mixer->own[TEXT_CAPITAL] = capital;
    mixer->draw = state;
    return at;
}

static uint8_t *text_raw(struct mixer *mixer, uint8_t *at)
{
    at = mixer_symbols(mixer, at, 76);
    at = PEN_TEXT(at, "\n");
    at = mixer_symbols(mixer, at, 76);
    return PEN_TEXT(at, "\n");
}

static void text_start(struct mixer *mixer)
{
    mixer->own[TEXT_CAPITAL] = WORDS_CAPITAL;
}

static void text_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    static const struct mixer_class units = {
        .stream = "class.text",
        .start = text_start,
        .natural = text_natural,
        .raw = text_raw,
    };
    mixer_fill(&units, seed, mix, dst, len);
}

static void text_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    text_mix(seed, mixer_mix(&saving_curve_text, saving, len), dst, len);
}

const struct content_class class_text = {
    .name = "text",
    .extension = "txt",
    .summary = "prose: words of a Zipf vocabulary, sentences, paragraphs",
    .knob = true,
    .natural = 0.57,
    .saving_min = 0.3,
    .saving_max = 0.9,
    .fill = text_fill,
    .mix = text_mix,
};
