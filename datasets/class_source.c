/* class_source.c: source code in the manner of C: functions, indentation, braces, comments.
 *
 * What is asked to compress less holds string literals of base64, as embedded files do; what is
 * asked to compress more repeats lines.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"

enum { SOURCE_DEPTH, SOURCE_LINE, SOURCE_ORDER };
#define DEPTH_MAX 4u

static uint64_t stem(const struct mixer *mixer, uint64_t draw)
{
    return mixer->words->stems[draw & 0xfff];
}

/* Two stems; 24 bits of the draw.  Names of one file come from a part of the vocabulary that its
 * draws choose, as a file speaks of few things. */
static uint8_t *put_name(const struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    at = pen_piece(at, stem(mixer, draw));
    at = PEN_TEXT(at, "_");
    return pen_piece(at, stem(mixer, draw >> 12));
}

static uint8_t *put_number(const struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    uint32_t three = mixer->words->digits[(draw & 0xffff) * WORDS_DIGITS >> 16];
    memcpy(at, (const uint8_t[]){(uint8_t)three, (uint8_t)(three >> 8), (uint8_t)(three >> 16)}, 3);
    return at + 1 + (draw >> 16 & 1);
}

static uint8_t *put_indent(const struct mixer *mixer, uint8_t *at)
{
    memset(at, ' ', 4 * DEPTH_MAX);
    return at + 4 * mixer->own[SOURCE_DEPTH];
}

static uint8_t *put_function(struct mixer *mixer, uint8_t *at, uint64_t draw, uint64_t more)
{
    at = (draw >> 60 & 1) ? PEN_TEXT(at, "\nstatic int ") : PEN_TEXT(at, "\nstatic void ");
    at = put_name(mixer, at, draw);
    at = PEN_TEXT(at, "(struct ");
    at = pen_piece(at, stem(mixer, draw >> 24));
    at = PEN_TEXT(at, " *");
    at = pen_piece(at, stem(mixer, draw >> 24));
    at = PEN_TEXT(at, ", size_t ");
    at = pen_piece(at, stem(mixer, more));
    mixer->own[SOURCE_DEPTH] = 1;
    return PEN_TEXT(at, ")\n{\n");
}

static uint8_t *put_comment(struct mixer *mixer, uint8_t *at, uint64_t draw, uint64_t more)
{
    at = PEN_TEXT(put_indent(mixer, at), "/* ");
    for (unsigned i = 0; i < 5; i++, draw >>= 12) {
        at = pen_piece(at, stem(mixer, draw));
        at = pen_piece(at, mixer->words->endings[more >> (8 * i) & 0x7f]);
    }
    return PEN_TEXT(at, "*/\n");
}

static uint8_t *put_if(struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    at = PEN_TEXT(put_indent(mixer, at), "if (");
    at = put_name(mixer, at, draw);
    at = (draw >> 59 & 1) ? PEN_TEXT(at, " == ") : PEN_TEXT(at, " < ");
    at = put_number(mixer, at, draw >> 24);
    mixer->own[SOURCE_DEPTH]++;
    return PEN_TEXT(at, ") {\n");
}

static uint8_t *put_call(struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    at = put_indent(mixer, at);
    at = put_name(mixer, at, draw);
    at = PEN_TEXT(at, "(");
    at = pen_piece(at, stem(mixer, draw >> 24));
    at = PEN_TEXT(at, "->");
    at = pen_piece(at, stem(mixer, draw >> 36));
    return PEN_TEXT(at, ");\n");
}

static uint8_t *put_assignment(struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    at = put_indent(mixer, at);
    at = pen_piece(at, stem(mixer, draw));
    at = PEN_TEXT(at, " = ");
    at = pen_piece(at, stem(mixer, draw >> 12));
    at = (draw >> 58 & 1) ? PEN_TEXT(at, " + ") : PEN_TEXT(at, " * ");
    at = put_number(mixer, at, draw >> 24);
    return PEN_TEXT(at, ";\n");
}

static uint8_t *put_close(struct mixer *mixer, uint8_t *at, uint64_t draw)
{
    if (draw >> 57 & 1) {
        at = PEN_TEXT(put_indent(mixer, at), "return ");
        at = pen_piece(at, stem(mixer, draw));
        at = PEN_TEXT(at, ";\n");
    }
    mixer->own[SOURCE_DEPTH]--;
    return PEN_TEXT(put_indent(mixer, at), "}\n");
}

/* Of eight lines every kind is one, in an order of their own: short files are like long ones. */
static unsigned next_kind(struct mixer *mixer)
{
    uint64_t line = mixer->own[SOURCE_LINE]++;
    if ((line & 7) == 0)
        mixer->own[SOURCE_ORDER] = pen_draw(&mixer->draw);
    uint64_t order = mixer->own[SOURCE_ORDER];
    return (unsigned)((order >> 8) + line * (order | 1)) & 7;
}

/* Four lines. */
static uint8_t *source_natural(struct mixer *mixer, uint8_t *at)
{
    for (unsigned line = 0; line < 4; line++) {
        uint64_t draw = pen_draw(&mixer->draw);
        uint64_t depth = mixer->own[SOURCE_DEPTH];
        unsigned kind = next_kind(mixer);
        if (depth == 0)
            at = put_function(mixer, at, draw, pen_draw(&mixer->draw));
        else if (kind == 0)
            at = put_comment(mixer, at, draw, pen_draw(&mixer->draw));
        else if (kind == 1 && depth < DEPTH_MAX)
            at = put_if(mixer, at, draw);
        else if (kind == 2)
            at = put_close(mixer, at, draw);
        else
            at = kind < 5 ? put_call(mixer, at, draw) : put_assignment(mixer, at, draw);
    }
    return at;
}

static uint8_t *source_raw(struct mixer *mixer, uint8_t *at)
{
    for (unsigned line = 0; line < 2; line++) {
        at = PEN_TEXT(at, "    \"");
        at = mixer_symbols(mixer, at, 88);
        at = PEN_TEXT(at, "\"\n");
    }
    return at;
}

static void source_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    static const struct mixer_class units = {
        .stream = "class.source",
        .natural = source_natural,
        .raw = source_raw,
    };
    mixer_fill(&units, seed, mix, dst, len);
}

static void source_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    source_mix(seed, mixer_mix(&saving_curve_source, saving, len), dst, len);
}

const struct content_class class_source = {
    .name = "source",
    .extension = "c",
    .summary = "source code in the manner of C: functions, indentation, braces, comments",
    .knob = true,
    .natural = 0.66,
    .saving_min = 0.3,
    .saving_max = 0.9,
    .fill = source_fill,
    .mix = source_mix,
};
