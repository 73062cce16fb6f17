#include "datasets/words.h"

#include <pthread.h>
#include <string.h>

#include "engine/rng.h"

enum { VOCABULARY = 1800 };

static struct words table;

/* The commonest words of English prose, commonest first. */
static const char *const common[] = {
    "the",   "of",    "and",   "to",   "a",    "in",    "that",  "is",    "was",   "he",
    "for",   "it",    "with",  "as",   "his",  "on",    "be",    "at",    "by",    "i",
    "this",  "had",   "not",   "are",  "but",  "from",  "or",    "have",  "an",    "they",
    "which", "one",   "you",   "were", "her",  "all",   "she",   "there", "would", "their",
    "we",    "him",   "been",  "has",  "when", "who",   "will",  "more",  "no",    "if",
    "out",   "so",    "said",  "what", "up",   "its",   "about", "into",  "than",  "them",
    "can",   "only",  "other", "new",  "some", "could", "time",  "these", "two",   "may",
    "then",  "do",    "first", "any",  "my",   "now",   "such",  "like",  "our",   "over",
    "man",   "me",    "even",  "most", "made", "after", "also",  "did",   "many",  "before",
    "must",  "years", "back",  "see",  "much", "way",   "where", "get",   "down",  "work",
};

static uint64_t piece_of(const char *text, size_t len)
{
    uint64_t piece = (uint64_t)len << 56;
    for (size_t i = 0; i < len; i++)
        piece |= (uint64_t)(uint8_t)text[i] << (8 * i);
    return piece;
}

/* One to three syllables, at most seven letters. */
static uint64_t made_word(uint32_t rank)
{
    static const char *const onsets[] = {"b",  "c",  "d",  "f",  "g",  "h",  "l",  "m",
                                         "n",  "p",  "r",  "s",  "t",  "v",  "w",  "st",
                                         "tr", "pr", "ch", "sh", "br", "cl", "gr", "pl"};
    static const char *const vowels[] = {"a", "e", "i", "o", "u", "ea", "ou", "io"};
    static const char *const codas[] = {"", "n", "r", "s", "t", "l", "m", "nd"};
    char text[32] = "";
    size_t len = 0;
    uint64_t draw = mix64(UINT64_C(0x776f7264) << 32 | rank);
    size_t syllables = 1 + (draw & 3) % 3 + (rank > 400 ? 1 : 0);
    for (size_t i = 0; i < syllables && len < 7; i++) {
        const char *parts[3];
        draw = mix64(draw);
        parts[0] = onsets[draw % COUNT_OF(onsets)];
        parts[1] = vowels[(draw >> 16) % COUNT_OF(vowels)];
        parts[2] = codas[(draw >> 32) % COUNT_OF(codas)];
        for (size_t p = 0; p < COUNT_OF(parts); p++) {
            memcpy(text + len, parts[p], strlen(parts[p]));
            len += strlen(parts[p]);
        }
    }
    return piece_of(text, len < 7 ? len : 7);
}

/* Slots in proportion to 1 / (rank + 3): integers only, so that every machine agrees. */
static void make_stems(void)
{
    uint64_t total = 0, sum = 0;
    for (uint32_t rank = 0; rank < VOCABULARY; rank++)
        total += (UINT64_C(1) << 40) / (rank + 3);
    uint32_t slot = 0;
    for (uint32_t rank = 0; rank < VOCABULARY; rank++) {
        uint64_t word = rank < COUNT_OF(common) ? piece_of(common[rank], strlen(common[rank]))
                                                : made_word(rank);
        sum += (UINT64_C(1) << 40) / (rank + 3);
        for (; slot < WORDS_STEMS && slot * total < sum * WORDS_STEMS; slot++)
            table.stems[slot] = word;
    }
    CHECK(slot == WORDS_STEMS);
}

static void make_endings(void)
{
    static const struct {
        const char *text;
        uint32_t slots;
        bool capital;
    } rows[] = {
        {" ", 150, false},   {"s ", 24, false}, {", ", 18, false}, {"ed ", 12, false},
        {"ing ", 11, false}, {". ", 13, true},  {"ly ", 6, false}, {"er ", 6, false},
        {"s, ", 4, false},   {"ed. ", 3, true}, {".\n", 3, true},  {"; ", 2, false},
        {"? ", 2, true},     {"'s ", 2, false},
    };
    uint32_t slot = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (uint32_t k = 0; k < rows[i].slots; k++) {
            CHECK(slot < WORDS_ENDINGS);
            table.endings[slot++] = piece_of(rows[i].text, strlen(rows[i].text)) |
                                    (rows[i].capital ? WORDS_CAPITAL << 40 : 0);
        }
    CHECK(slot == WORDS_ENDINGS);
}

static void make_table(void)
{
    static const char symbols[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char hex[] = "0123456789abcdef";
    make_stems();
    make_endings();
    for (uint32_t i = 0; i < WORDS_DIGITS; i++)
        table.digits[i] = ('0' + i / 100) | ('0' + i / 10 % 10) << 8 | ('0' + i % 10) << 16;
    for (uint32_t i = 0; i < WORDS_SYMBOLS; i++)
        table.symbols[i] = (uint16_t)(symbols[i & 63] | symbols[i >> 6] << 8);
    for (uint32_t i = 0; i < 256; i++)
        table.hex[i] = (uint16_t)(hex[i >> 4] | hex[i & 15] << 8);
}

const struct words *words_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CHECK(pthread_once(&once, make_table) == 0);
    return &table;
}
