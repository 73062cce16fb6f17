/* class_exe.c: executables: code with the byte statistics of x86-64, strings, relocations, padding.
 *
 * An ELF header stands first (System V ABI, chapter 4): `file` takes it for an executable without
 * sections; nobody could run it.  What is asked to compress less has sections of random bytes, as
 * packed resources; what is asked to compress more repeats pieces of code, as templates do.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"

enum { EXE_SECTION, EXE_LEFT, EXE_RELOC };
#define SECTION_LEN_MAX ((size_t)8192)
#define ELF_HEADER_LEN  ((size_t)64)

/* Instructions as compilers write them: opcode bytes, lowest first; how many bytes of operand vary
 * behind them; the length, with the operand's high bytes, which are zeros.  A row stands as often
 * as the instruction is met, roughly. */
static const struct instruction {
    uint32_t code;
    uint8_t fixed, varying, len;
} instructions[32] = {
    {0xe58948, 3, 0, 3},   {0x458b48, 3, 1, 4},   {0x58b48, 3, 2, 6},    {0x3d8d48, 3, 2, 6},
    {0xe8, 1, 3, 5},       {0xe8, 1, 3, 5},       {0xc085, 2, 0, 2},     {0x74, 1, 1, 2},
    {0x75, 1, 1, 2},       {0x840f, 2, 1, 3},     {0xc031, 2, 0, 2},     {0xc48348, 3, 1, 4},
    {0xec8348, 3, 1, 4},   {0xc35d, 2, 0, 2},     {0x55, 1, 0, 1},       {0x5441, 2, 0, 2},
    {0x5c41, 2, 0, 2},     {0x247c8b48, 4, 1, 5}, {0x24448948, 4, 1, 5}, {0x438b, 2, 1, 3},
    {0x4389, 2, 1, 3},     {0xba, 1, 1, 2},       {0xbe, 1, 2, 4},       {0xdf8948, 3, 0, 3},
    {0xc38948, 3, 0, 3},   {0xeb, 1, 1, 2},       {0x43b60f, 3, 1, 4},   {0xd03948, 3, 0, 3},
    {0x441f0f66, 4, 0, 4}, {0xe6894c, 3, 0, 3},   {0xfa1e0ff3, 4, 0, 4}, {0xf883, 2, 1, 3},
};

static inline uint8_t *put_instruction(uint8_t *at, uint64_t draw)
{
    const struct instruction *row = &instructions[draw & 31];
    uint64_t operand = draw >> 5 & ((UINT64_C(1) << (8 * row->varying)) - 1);
    pen_word(at, row->code | operand << (8 * row->fixed));
    return at + row->len;
}

static uint8_t *put_code(struct mixer *mixer, uint8_t *at)
{
    uint64_t state = mixer->draw;
    for (unsigned i = 0; i < 20; i++) {
        uint64_t draw = pen_draw(&state);
        at = put_instruction(at, draw);
        at = put_instruction(at, draw >> 32);
    }
    mixer->draw = state;
    return at;
}

/* A string table: names of two stems, each ended by a NUL. */
static uint8_t *put_names(struct mixer *mixer, uint8_t *at)
{
    for (unsigned i = 0; i < 12; i++) {
        uint64_t draw = pen_draw(&mixer->draw);
        at = pen_piece(at, mixer->words->stems[draw & 0xfff]);
        *at++ = '_';
        at = pen_piece(at, mixer->words->stems[draw >> 12 & 0xfff]);
        *at++ = 0;
    }
    return at;
}

/* Elf64_Rela: an address that rises, type R_X86_64_RELATIVE, an addend. */
static uint8_t *put_relocations(struct mixer *mixer, uint8_t *at)
{
    for (unsigned i = 0; i < 8; i++, at += 24) {
        uint64_t draw = pen_draw(&mixer->draw);
        mixer->own[EXE_RELOC] += 8 + (draw & 8);
        pen_word(at, 0x200000 + (mixer->own[EXE_RELOC] & 0xffffff));
        pen_word(at + 8, 8);
        pen_word(at + 16, draw >> 44);
    }
    return at;
}

static uint8_t *put_zeros(uint8_t *at)
{
    memset(at, 0, 128);
    return at + 128;
}

/* Of 16 sections nine are code, three strings, two relocations, two padding; taken in turn from a
 * random one on, and so long that short files have all of them too. */
static uint8_t *exe_natural(struct mixer *mixer, uint8_t *at)
{
    static const uint8_t kinds[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3};
    uint8_t *end;
    if (mixer->own[EXE_LEFT] == 0) {
        size_t section = mixer->natural / 256;
        section = section < 128 ? 128 : section < SECTION_LEN_MAX ? section : SECTION_LEN_MAX;
        mixer->own[EXE_SECTION] = (mixer->own[EXE_SECTION] + 5) & 15;
        mixer->own[EXE_LEFT] =
            section / 2 + (pen_draw(&mixer->draw) >> 32) * section / 2 / UINT32_MAX;
    }
    switch (kinds[mixer->own[EXE_SECTION]]) {
    case 0: end = put_code(mixer, at); break;
    case 1: end = put_names(mixer, at); break;
    case 2: end = put_relocations(mixer, at); break;
    default: end = put_zeros(at); break;
    }
    uint64_t made = (uint64_t)(end - at);
    mixer->own[EXE_LEFT] -= made < mixer->own[EXE_LEFT] ? made : mixer->own[EXE_LEFT];
    return end;
}

static uint8_t *exe_raw(struct mixer *mixer, uint8_t *at)
{
    return mixer_bytes(mixer, at, 256);
}

static void exe_start(struct mixer *mixer)
{
    mixer->own[EXE_SECTION] = pen_draw(&mixer->draw) & 15;
}

static void put_header(uint8_t *dst, size_t len)
{
    static const uint8_t header[ELF_HEADER_LEN] = {
        0x7f, 'E',  'L',  'F', 2,  1, 1,  0, 0, 0, 0,  0, 0, 0, 0, 0,
        2,    0,    0x3e, 0,   1,  0, 0,  0, /* executable, x86-64 */
        0,    0x10, 0x40, 0,   0,  0, 0,  0, /* entry */
        0,    0,    0,    0,   0,  0, 0,  0, /* no program headers */
        0,    0,    0,    0,   0,  0, 0,  0, /* no sections */
        0,    0,    0,    0,   64, 0, 56, 0, 0, 0, 64, 0, 0, 0, 0, 0,
    };
    memcpy(dst, header, len < ELF_HEADER_LEN ? len : ELF_HEADER_LEN);
}

static void exe_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    static const struct mixer_class units = {
        .stream = "class.exe",
        .start = exe_start,
        .natural = exe_natural,
        .raw = exe_raw,
    };
    size_t first = len < ELF_HEADER_LEN ? len : ELF_HEADER_LEN;
    if (len == 0)
        return;
    put_header(dst, first);
    mixer_fill(&units, seed, mix, dst + first, len - first);
}

static void exe_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    exe_mix(seed, mixer_mix(&saving_curve_exe, saving, len), dst, len);
}

const struct content_class class_exe = {
    .name = "exe",
    .extension = "elf",
    .summary = "executables: code with x86-64's byte statistics, strings, relocations, padding",
    .knob = true,
    .natural = 0.45,
    .saving_min = 0.1,
    .saving_max = 0.9,
    .fill = exe_fill,
    .mix = exe_mix,
};
