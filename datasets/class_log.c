/* class_log.c: lines of a log: rising timestamps, levels, threads, messages, ids, durations.
 *
 * No line is a constant loop: timestamps rise and ids differ.  What is asked to compress less logs
 * long tokens; what is asked to compress more repeats messages, under timestamps of their own.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"

enum { LOG_MS, LOG_DAY, LOG_STAMP };
#define DAY_MS    UINT64_C(86400000)
#define STAMP_LEN 24u

static uint8_t *put_digits(const struct mixer *mixer, uint8_t *at, uint64_t value, unsigned count)
{
    uint32_t three = mixer->words->digits[value];
    for (unsigned i = 3 - count; i < 3; i++)
        *at++ = (uint8_t)(three >> (8 * i));
    return at;
}

/* Months of 28 days: dates that exist in every year, without a calendar. */
static uint8_t *put_stamp(struct mixer *mixer, uint8_t *at, uint64_t elapsed_ms)
{
    mixer->own[LOG_MS] += elapsed_ms;
    if (mixer->own[LOG_MS] >= DAY_MS) {
        mixer->own[LOG_MS] -= DAY_MS;
        mixer->own[LOG_DAY]++;
    }
    uint32_t ms = (uint32_t)mixer->own[LOG_MS];
    uint32_t day = (uint32_t)mixer->own[LOG_DAY];
    at = put_digits(mixer, PEN_TEXT(at, "2"), day / 336 % 1000, 3);
    at = put_digits(mixer, PEN_TEXT(at, "-"), day / 28 % 12 + 1, 2);
    at = put_digits(mixer, PEN_TEXT(at, "-"), day % 28 + 1, 2);
    at = put_digits(mixer, PEN_TEXT(at, "T"), ms / 3600000, 2);
    at = put_digits(mixer, PEN_TEXT(at, ":"), ms / 60000 % 60, 2);
    at = put_digits(mixer, PEN_TEXT(at, ":"), ms / 1000 % 60, 2);
    at = put_digits(mixer, PEN_TEXT(at, "."), ms % 1000, 3);
    return PEN_TEXT(at, "Z");
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

static uint8_t *log_natural(struct mixer *mixer, uint8_t *at)
{
    static const char levels[8][8] = {" INFO  ", " INFO  ", " INFO  ", " INFO  ",
                                      " DEBUG ", " DEBUG ", " WARN  ", " ERROR "};
    const struct words *words = mixer->words;
    uint64_t draw = pen_draw(&mixer->draw), more = pen_draw(&mixer->draw);
    at = put_stamp(mixer, at, more >> 57);
    at = pen_bytes(at, levels[draw >> 61], 8) - 1;
    at = PEN_TEXT(at, "[worker-");
    at = put_digits(mixer, at, draw >> 57 & 15, 2);
    at = PEN_TEXT(at, "] ");
    for (unsigned i = 0; i < 4; i++, draw >>= 12) {
        at = pen_piece(at, words->stems[draw & 0xfff]);
        at = PEN_TEXT(at, " ");
    }
    at = PEN_TEXT(at, "id=");
    at = put_hex(mixer, at, pen_draw(&mixer->draw));
    at = PEN_TEXT(at, " took=");
    at = put_digits(mixer, at, (more & 0xffff) * 1000 >> 16, 3);
    return PEN_TEXT(at, "us\n");
}

static uint8_t *log_raw(struct mixer *mixer, uint8_t *at)
{
    at = put_stamp(mixer, at, pen_draw(&mixer->draw) >> 57);
    at = PEN_TEXT(at, " DEBUG token=");
    at = mixer_symbols(mixer, at, 320);
    return PEN_TEXT(at, "\n");
}

static uint8_t *log_again(struct mixer *mixer, struct span unit, uint8_t *at)
{
    at = put_stamp(mixer, at, pen_draw(&mixer->draw) >> 57);
    return pen_bytes(at, unit.ptr + STAMP_LEN, unit.len - STAMP_LEN);
}

static void log_start(struct mixer *mixer)
{
    uint64_t draw = pen_draw(&mixer->draw);
    mixer->own[LOG_DAY] = 15 * 336 + draw % (12 * 336);
    mixer->own[LOG_MS] = (draw >> 32) % DAY_MS;
}

static void log_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    static const struct mixer_class units = {
        .stream = "class.log",
        .start = log_start,
        .natural = log_natural,
        .raw = log_raw,
        .again = log_again,
    };
    mixer_fill(&units, seed, mix, dst, len);
}

static void log_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    log_mix(seed, mixer_mix(&saving_curve_log, saving, len), dst, len);
}

const struct content_class class_log = {
    .name = "log",
    .extension = "log",
    .summary = "lines of a log: rising timestamps, levels, threads, messages, ids, durations",
    .knob = true,
    .natural = 0.66,
    .saving_min = 0.3,
    .saving_max = 0.9,
    .fill = log_fill,
    .mix = log_mix,
};
