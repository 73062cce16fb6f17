/* class_sqlite.c: SQLite database files: one table whose rows hold the payload.
 *
 * Source: "Database File Format", sqlite.org/fileformat2.html, sections 1.3 (header), 1.5 (b-tree
 * pages), 2.1 (records).  Written by hand, since what the library writes changes with its version.
 *
 *   page 1    header, schema: CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB)
 *   page 2    the table's root: a leaf, or the interior page above all others
 *   page 3..  leaves, two rows of 496 bytes of payload each, full to the last byte
 *   then      interior pages, lowest level first
 *
 * Ids begin between 2^21 and 2^27, so that each takes four bytes, where the seed says.  Leaf k
 * holds the same bytes of the payload whatever its length: an edit in place changes the pages it
 * touches.  Bytes beyond the last page that the header counts are random; SQLite takes no notice.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"
#include "engine/rng.h"

#define PAGE      ((size_t)1024)
#define ROW_LEN   ((size_t)496) /* of payload */
#define LEAF_ROWS ((size_t)2)
#define LEAF_LEN  (LEAF_ROWS * ROW_LEN)
#define FANOUT    ((size_t)100) /* at most 102 children fit */
#define FIRST_ID  ((uint64_t)1 << 21)
#define IDS_APART ((uint64_t)1 << 27)
#define LEVELS    4u

/* How many pages of which kind a payload takes. */
struct layout {
    size_t leaves;
    size_t level_pages[LEVELS]; /* of interior pages, lowest first, without the root */
    unsigned levels;
    size_t pages;
};

static struct layout layout_of(size_t payload_len)
{
    struct layout layout = {.leaves = (payload_len + LEAF_LEN - 1) / LEAF_LEN};
    if (layout.leaves <= 1) {
        layout.pages = 2;
        return layout;
    }
    layout.pages = 2 + layout.leaves;
    for (size_t below = layout.leaves; below > FANOUT;
         below = layout.level_pages[layout.levels++]) {
        CHECK(layout.levels < LEVELS);
        layout.level_pages[layout.levels] = (below + FANOUT - 1) / FANOUT;
        layout.pages += layout.level_pages[layout.levels];
    }
    return layout;
}

static size_t sqlite_file_len(size_t payload_len)
{
    return layout_of(payload_len).pages * PAGE;
}

static size_t sqlite_payload_len(size_t file_len)
{
    size_t low = 0, high = file_len / PAGE; /* in leaves */
    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        if (sqlite_file_len(middle * LEAF_LEN) <= file_len)
            low = middle;
        else
            high = middle - 1;
    }
    return low * LEAF_LEN;
}

static void put_be(uint8_t *at, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

/* A varint of exactly `len` bytes: the value has as many times seven bits. */
static uint8_t *put_varint(uint8_t *at, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        *at++ = (uint8_t)((value >> (7 * (len - 1 - i)) & 0x7f) | (i + 1 < len ? 0x80 : 0));
    return at;
}

static void put_schema(uint8_t *page, size_t pages)
{
    static const char sql[] = "CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB)";
    size_t sql_len = sizeof(sql) - 1;
    size_t cell_len = 2 + 6 + 5 + 4 + 4 + 1 + sql_len;
    memset(page, 0, PAGE);
    memcpy(page, "SQLite format 3", 16);
    put_be(page + 16, PAGE, 2);
    page[18] = page[19] = 1;              /* rollback journal */
    memcpy(page + 21, "\x40\x20\x20", 3); /* payload fractions: constants of the format */
    put_be(page + 24, 1, 4);              /* change counter */
    put_be(page + 28, pages, 4);
    put_be(page + 40, 1, 4);       /* schema cookie */
    put_be(page + 44, 4, 4);       /* schema format */
    put_be(page + 56, 1, 4);       /* UTF-8 */
    put_be(page + 92, 1, 4);       /* version-valid-for: the change counter */
    put_be(page + 96, 3040001, 4); /* SQLite version that wrote it, as far as it matters */
    page[100] = 0x0d;
    put_be(page + 103, 1, 2);
    put_be(page + 105, PAGE - cell_len, 2);
    put_be(page + 108, PAGE - cell_len, 2);
    uint8_t *at = page + PAGE - cell_len;
    *at++ = (uint8_t)(cell_len - 2);
    *at++ = 1; /* rowid */
    *at++ = 6; /* record header: itself and five serial types, of which the last takes one byte */
    *at++ = 13 + 2 * 5;
    *at++ = 13 + 2 * 4;
    *at++ = 13 + 2 * 4;
    *at++ = 1;
    *at++ = (uint8_t)(13 + 2 * sql_len);
    at = PEN_TEXT(at, "table");
    at = PEN_TEXT(at, "item");
    at = PEN_TEXT(at, "item");
    *at++ = 2; /* the root */
    (void)pen_bytes(at, sql, sql_len);
}

/* The cell of a row: length of the record, id, the record's header (its length, NULL for the id,
 * the type of a blob), the bytes. */
static uint8_t *put_row(uint8_t *at, uint64_t id, struct span body)
{
    unsigned type_len = body.len * 2 + 12 < 128 ? 1 : 2;
    unsigned header = 2 + type_len;
    size_t record = header + body.len;
    at = put_varint(at, record, record < 128 ? 1 : 2);
    at = put_varint(at, id, 4);
    *at++ = (uint8_t)header;
    *at++ = 0;
    at = put_varint(at, body.len * 2 + 12, type_len);
    return pen_bytes(at, body.ptr, body.len);
}

static size_t row_size(size_t len)
{
    size_t header = len * 2 + 12 < 128 ? 3 : 4;
    return header + len + (header + len < 128 ? 1 : 2) + 4;
}

static void put_leaf(uint8_t *page, uint64_t first_id, struct span payload)
{
    size_t rows = (payload.len + ROW_LEN - 1) / ROW_LEN;
    size_t at = PAGE;
    memset(page, 0, 8);
    page[0] = 0x0d;
    put_be(page + 3, rows, 2);
    for (size_t i = 0; i < rows; i++) {
        size_t left = payload.len - i * ROW_LEN;
        struct span body = span_of(payload.ptr + i * ROW_LEN, left < ROW_LEN ? left : ROW_LEN);
        at -= row_size(body.len);
        put_be(page + 8 + 2 * i, at, 2);
        (void)put_row(page + at, first_id + i, body);
    }
    memset(page + 8 + 2 * rows, 0, at - (8 + 2 * rows));
    put_be(page + 5, at, 2);
}

/* The last id of page `index` of a level, whose pages divide `count` pages below among `pages`. */
static size_t child_end(size_t index, size_t pages, size_t count)
{
    return (size_t)((uint64_t)(index + 1) * count / pages);
}

/* Where a level lies, and the last leaf below each of its pages. */
struct level {
    size_t first, count; /* page number of the first; how many pages */
    const struct layout *layout;
    uint64_t first_id;
    unsigned depth; /* 0: the leaves */
};

static size_t last_leaf(const struct level *level, size_t index)
{
    for (unsigned depth = level->depth; depth > 0; depth--) {
        size_t pages = level->layout->level_pages[depth - 1];
        size_t below = depth == 1 ? level->layout->leaves : level->layout->level_pages[depth - 2];
        index = child_end(index, pages, below) - 1;
    }
    return index;
}

/* An interior page over children from..to-1 of the level below. */
static void put_interior(uint8_t *page, const struct level *below, size_t from, size_t to)
{
    size_t cells = to - from - 1, at = PAGE;
    memset(page, 0, PAGE);
    page[0] = 0x05;
    put_be(page + 3, cells, 2);
    for (size_t i = 0; i < cells; i++) {
        at -= 8;
        put_be(page + 12 + 2 * i, at, 2);
        put_be(page + at, below->first + from + i, 4);
        (void)put_varint(page + at + 4,
                         below->first_id + (last_leaf(below, from + i) + 1) * LEAF_ROWS - 1, 4);
    }
    put_be(page + 5, at, 2);
    put_be(page + 8, below->first + to - 1, 4);
}

static void sqlite_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    struct layout layout = layout_of(payload.len);
    size_t used = layout.pages * PAGE;
    CHECK(used <= file_len);
    struct rng rng = rng_stream(seed, "class.sqlite.wrap", 0);
    uint64_t first_id = FIRST_ID + rng_below(&rng, IDS_APART - FIRST_ID);
    put_schema(dst, layout.pages);
    if (layout.leaves <= 1) {
        put_leaf(dst + PAGE, first_id, payload);
    } else {
        struct level below = {
            .first = 3, .count = layout.leaves, .layout = &layout, .first_id = first_id};
        for (size_t leaf = 0; leaf < layout.leaves; leaf++) {
            size_t left = payload.len - leaf * LEAF_LEN;
            put_leaf(dst + (2 + leaf) * PAGE, first_id + leaf * LEAF_ROWS,
                     span_of(payload.ptr + leaf * LEAF_LEN, left < LEAF_LEN ? left : LEAF_LEN));
        }
        for (unsigned depth = 0; depth < layout.levels; depth++) {
            size_t pages = layout.level_pages[depth], first = below.first + below.count;
            for (size_t i = 0, from = 0; i < pages; i++) {
                size_t to = child_end(i, pages, below.count);
                put_interior(dst + (first + i - 1) * PAGE, &below, from, to);
                from = to;
            }
            below = (struct level){first, pages, &layout, first_id, depth + 1};
        }
        put_interior(dst + PAGE, &below, 0, below.count);
    }
    rng_fill(&rng, dst + used, file_len - used);
}

/* ---- the payload: what rows of an application hold ------------------------------------------- */

enum { ITEM_ID, ITEM_TIME };

static uint8_t *item_natural(struct mixer *mixer, uint8_t *at)
{
    uint64_t draw = pen_draw(&mixer->draw);
    mixer->own[ITEM_ID] += 1 + (draw >> 62);
    mixer->own[ITEM_TIME] += draw >> 52;
    pen_word(at, mixer->own[ITEM_ID]);
    pen_word(at + 8, mixer->own[ITEM_TIME]);
    at = mixer_bytes(mixer, at + 16, 16);
    /* Copies: what is written might be the mixer itself, for all the compiler knows. */
    const uint64_t *stems = mixer->words->stems, *endings = mixer->words->endings;
    uint64_t state = mixer->draw;
    for (unsigned i = 0; i < 5; i++) {
        draw = pen_draw(&state);
        for (unsigned k = 0; k < 3; k++, draw >>= 20) {
            at = pen_piece(at, stems[draw & 0xfff]);
            at = pen_piece(at, endings[draw >> 12 & 0xff]);
        }
    }
    mixer->draw = state;
    return at;
}

static uint8_t *item_raw(struct mixer *mixer, uint8_t *at)
{
    return mixer_bytes(mixer, at, 192);
}

static void item_start(struct mixer *mixer)
{
    mixer->own[ITEM_ID] = pen_draw(&mixer->draw) >> 44;
    mixer->own[ITEM_TIME] = pen_draw(&mixer->draw) >> 24;
}

static void sqlite_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    static const struct mixer_class units = {
        .stream = "class.sqlite",
        .start = item_start,
        .natural = item_natural,
        .raw = item_raw,
    };
    mixer_fill(&units, seed, mix, dst, len);
}

/* What a codec leaves of the head of a page of rows, in bytes, by the saving in 1/2^20: where much
 * is saved heads interrupt what could have been one match. */
static uint64_t packed_head(uint64_t saving)
{
    uint64_t middle = (UINT64_C(1) << 20) * 45 / 100;
    return saving < middle ? 20 : 20 + (saving - middle) * 32 / (1 << 20);
}

/* The curve is of payloads: what they may save so that the file does, whose other pages and heads
 * leave little.  In integers, but for two exact conversions. */
static double payload_saving(double saving, size_t len)
{
    const double one = 1 << 20;
    uint64_t scaled = saving < 1 ? (uint64_t)(saving * one) : (uint64_t)one;
    uint64_t packed = ((UINT64_C(1) << 20) - scaled) * sqlite_file_len(len) >> 20;
    uint64_t heads = layout_of(len).leaves * packed_head(scaled);
    packed = packed < heads ? 0 : packed - heads;
    return packed < len ? (double)(((uint64_t)len - packed) * (1 << 20) / len) / one : 0;
}

static void sqlite_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    if (saving >= 0 && len > 0)
        saving = payload_saving(saving, len);
    sqlite_mix(seed, mixer_mix(&saving_curve_sqlite, saving, len), dst, len);
}

const struct content_class class_sqlite = {
    .name = "sqlite",
    .extension = "sqlite",
    .summary = "SQLite database files: one table, rows of words, numbers and ids",
    .len_min = 2 * PAGE,
    .knob = true,
    .natural = 0.46,
    .saving_min = 0.2,
    .saving_max = 0.9,
    .fill = sqlite_fill,
    .payload_len = sqlite_payload_len,
    .file_len = sqlite_file_len,
    .wrap = sqlite_wrap,
    .mix = sqlite_mix,
};
