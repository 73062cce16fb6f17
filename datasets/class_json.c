/* class_json.c: records with keys, numbers, ids and timestamps, one JSON object a line.
 *
 * Every file is lines of valid JSON: the last record is as long as what is left.  What is asked to
 * compress less carries base64 in its records; what is asked to compress more repeats records.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"

enum { JSON_ID, JSON_TIME };

static uint8_t *put_digits(const struct mixer *mixer, uint8_t *at, uint64_t draw, unsigned threes)
{
    for (unsigned i = 0; i < threes; i++, draw >>= 10) {
        uint32_t three = mixer->words->digits[(draw & 0x3ff) * WORDS_DIGITS >> 10];
        at[0] = (uint8_t)three;
        at[1] = (uint8_t)(three >> 8);
        at[2] = (uint8_t)(three >> 16);
        at += 3;
    }
    return at;
}

/* Nine decimal digits of a number that rises. */
static uint8_t *put_rising(const struct mixer *mixer, uint8_t *at, uint64_t value)
{
    const uint32_t *digits = mixer->words->digits;
    uint32_t rest = (uint32_t)(value % 1000000000u);
    uint32_t parts[3] = {digits[rest / 1000000], digits[rest / 1000 % 1000], digits[rest % 1000]};
    for (unsigned i = 0; i < 3; i++, at += 3) {
        at[0] = (uint8_t)parts[i];
        at[1] = (uint8_t)(parts[i] >> 8);
        at[2] = (uint8_t)(parts[i] >> 16);
    }
    return at;
}

static uint8_t *put_hex(const struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    for (unsigned i = 0; i < 8; i++, draw >>= 8, at += 2) {
        uint16_t two = mixer->words->hex[draw & 0xff];
        at[0] = (uint8_t)two;
        at[1] = (uint8_t)(two >> 8);
    }
    return at;
}

static uint8_t *put_word(const struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    return pen_piece(at, mixer->words->stems[draw & 0xfff]);
}

static uint8_t *json_natural(struct mixer *mixer, uint8_t *at)
{
    uint64_t draw = pen_draw(&mixer->draw), more = pen_draw(&mixer->draw);
    mixer->own[JSON_ID] += 1 + (draw >> 62);
    mixer->own[JSON_TIME] += more >> 55;
    at = PEN_TEXT(at, "{\"id\":");
    at = PEN_TEXT(at, "1");
    at = put_rising(mixer, at, mixer->own[JSON_ID]);
    at = PEN_TEXT(at, ",\"time\":17");
    at = put_rising(mixer, at, mixer->own[JSON_TIME]);
    at = PEN_TEXT(at, ",\"name\":\"");
    at = put_word(mixer, at, draw);
    at = PEN_TEXT(at, " ");
    at = put_word(mixer, at, draw >> 12);
    at = PEN_TEXT(at, "\",\"tags\":[\"");
    at = put_word(mixer, at, draw >> 24);
    at = PEN_TEXT(at, "\",\"");
    at = put_word(mixer, at, draw >> 36);
    at = (draw >> 60 & 1) ? PEN_TEXT(at, "\"],\"active\":true,\"count\":1")
                          : PEN_TEXT(at, "\"],\"active\":false,\"count\":2");
    at = put_digits(mixer, at, more, 1);
    at = PEN_TEXT(at, ",\"price\":1");
    at = put_digits(mixer, at, more >> 10, 1);
    at = PEN_TEXT(at, ".");
    at = put_digits(mixer, at, more >> 20, 1) - 1;
    at = PEN_TEXT(at, ",\"session\":\"");
    at = put_hex(mixer, at, pen_draw(&mixer->draw));
    return PEN_TEXT(at, "\"}\n");
}

static uint8_t *json_raw(struct mixer *mixer, uint8_t *at)
{
    at = PEN_TEXT(at, "{\"data\":\"");
    at = mixer_symbols(mixer, at, 180);
    return PEN_TEXT(at, "\"}\n");
}

/* One record of exactly `len` bytes; what is too short for one is blank. */
static void json_finish(struct mixer *mixer, uint8_t *at, size_t len)
{
    uint8_t symbols[MIXER_UNIT_MAX + PEN_SLACK];
    size_t around = sizeof("{\"data\":\"") - 1 + sizeof("\"}\n") - 1;
    if (len < around) {
        memset(at, ' ', len - 1);
        at[len - 1] = '\n';
        return;
    }
    (void)mixer_symbols(mixer, symbols, len - around);
    at = PEN_TEXT(at, "{\"data\":\"");
    at = pen_bytes(at, symbols, len - around);
    (void)PEN_TEXT(at, "\"}\n");
}

static void json_start(struct mixer *mixer)
{
    mixer->own[JSON_ID] = pen_draw(&mixer->draw) >> 36;
    mixer->own[JSON_TIME] = pen_draw(&mixer->draw) >> 36;
}

static void json_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    static const struct mixer_class units = {
        .stream = "class.json",
        .start = json_start,
        .natural = json_natural,
        .raw = json_raw,
        .finish = json_finish,
    };
    mixer_fill(&units, seed, mix, dst, len);
}

static void json_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    json_mix(seed, mixer_mix(&saving_curve_json, saving, len), dst, len);
}

const struct content_class class_json = {
    .name = "json",
    .extension = "jsonl",
    .summary = "records with keys, numbers, ids and timestamps, one JSON object a line",
    .knob = true,
    .natural = 0.73,
    .saving_min = 0.3,
    .saving_max = 0.9,
    .fill = json_fill,
    .mix = json_mix,
};
