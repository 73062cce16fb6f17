/* t_handler: precedence of evidence, extensions, and every row of the table reachable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/handler.h"

#define NO_HEAD ((struct span){0})

static const char *match(const char *path, struct span head)
{
    return handler_match(span_of_str(path), head)->name;
}

#define assert_match(path, head, expected) assert_string_equal(match((path), (head)), (expected))
#define HEAD(literal)                      span_of((literal), sizeof(literal) - 1)

static void test_magic_before_extension(void **state)
{
    (void)state;
    assert_match("notes.txt", HEAD("\x89PNG\r\n\x1a\n...."), "media_png");
    assert_match("photo.png", HEAD("%PDF-1.7"), "document_pdf");
    assert_match("archive", HEAD("PK\x03\x04rest"), "archive_zip");
    assert_match("data.json", HEAD("SQLite format 3\0\x10"), "database_sqlite");
    /* content that says nothing leaves it to the name */
    assert_match("photo.png", HEAD("plain words"), "media_png");
    assert_match("a/b.c", HEAD("int main"), "text_source");
}

static void test_fallback_only_when_nothing_matches(void **state)
{
    (void)state;
    assert_match("", NO_HEAD, "binary_fallback");
    assert_match("blob.unknownext", HEAD("\0\1\2\3"), "binary_fallback");
    assert_match("no_extension", HEAD("text without a name"), "binary_fallback");
    assert_match("x.bin", HEAD("\xff\xd8\xff\xe0"), "media_jpeg");
    assert_match("x.gz", HEAD("\0\0\0\0"), "archive_gzip");
    assert_string_equal(handler_at(handler_count() - 1)->name, "binary_fallback");
    assert_false(handler_at(handler_count() - 1)->precompressed);
}

/* The media classes of lix's benchmark data: random bytes with the start overwritten. */
static void test_lix_media_heads(void **state)
{
    (void)state;
    assert_match("f.bin", HEAD("GIF89a\x93\x12"), "media_gif");
    assert_match("f.bin", HEAD("\x89PNG\r\n\x1a\n\x93"), "media_png");
    assert_match("f.bin",
                 HEAD("\0\0\0\x18"
                      "ftypisom\x93"),
                 "media_mp4");
    assert_match("f.bin",
                 HEAD("\0\0\0\x20"
                      "ftypmp42\x93"),
                 "media_mp4");
    assert_match("f.bin", HEAD("\xff\xd8\xff\xe0\0\x10JFIF\x93"), "media_jpeg");
}

static void test_magic_needs_all_its_bytes_at_its_offset(void **state)
{
    (void)state;
    assert_match("x", HEAD("\x89PNG\r\n\x1a"), "binary_fallback");
    assert_match("x", HEAD("RIFF\x10\0\0\0WEBPVP8 "), "media_webp");
    assert_match("x", HEAD("RIFF\x10\0\0\0WEB"), "binary_fallback");
    assert_match("x", HEAD("WEBP"), "binary_fallback");
    assert_match("x", HEAD("RIFF\x10\0\0\0WAVEfmt "), "binary_fallback");
    assert_match("x", HEAD("ftypisom"), "binary_fallback");
    assert_match("x", HEAD("SQLite format 3 "), "binary_fallback"); /* the NUL counts */
}

static void test_extension_forms(void **state)
{
    (void)state;
    assert_match("IMG_0001.JPG", NO_HEAD, "media_jpeg");
    assert_match("Movie.Mp4", NO_HEAD, "media_mp4");
    assert_match("release.tar.gz", NO_HEAD, "archive_gzip");
    assert_match("dir.png/file", NO_HEAD, "binary_fallback");
    assert_match(".gitignore", NO_HEAD, "binary_fallback");
    assert_match("a/.png", NO_HEAD, "binary_fallback"); /* a name, not an extension */
    assert_match("a/.config.json", NO_HEAD, "text_source");
    assert_match("x.pn", NO_HEAD, "binary_fallback"); /* whole words only */
    assert_match("x.pngs", NO_HEAD, "binary_fallback");
    assert_match("x.png apng", NO_HEAD, "binary_fallback"); /* two words of one row */
    assert_match("x. ", NO_HEAD, "binary_fallback");
    /* a span ends where it ends, whatever follows in memory */
    assert_string_equal(handler_match(span_of("x.png", 4), NO_HEAD)->name, "binary_fallback");
    assert_string_equal(handler_match(span_of("x.pngs", 5), NO_HEAD)->name, "media_png");
}

static void assert_extension(const char *path, const char *expected)
{
    assert_true(span_equal(path_extension(span_of_str(path)), span_of_str(expected)));
}

static void test_path_extension(void **state)
{
    (void)state;
    assert_extension("", "");
    assert_extension("file", "");
    assert_extension("file.", "");
    assert_extension("file.c", "c");
    assert_extension("a.b/file", "");
    assert_extension("a.b/file.C", "C"); /* as written */
    assert_extension("x.tar.gz", "gz");
    assert_extension(".bashrc", "");
    assert_extension("..", "");
    assert_extension("...", "");
    assert_extension("a/..b", "");
    assert_extension("a/.b.c", "c");
    assert_extension("dir/", "");
    assert_extension("x.123456789012345", "123456789012345");
    assert_extension("x.1234567890123456", "");
    assert_extension("x.y.1234567890123456", "");
    assert_int_equal(path_extension((struct span){0}).len, 0);
}

static void check_extensions_reach(const struct handler *row)
{
    char path[64];
    const char *word = row->extensions;

    while (*word != '\0') {
        size_t len = strcspn(word, " ");

        assert_in_range(len, 1, 15);
        memcpy(path, "dir/name.", 9);
        memcpy(path + 9, word, len);
        path[9 + len] = '\0';
        for (size_t i = 9; path[i] != '\0'; i++)
            assert_false(path[i] >= 'A' && path[i] <= 'Z');
        assert_ptr_equal(handler_match(span_of_str(path), NO_HEAD), row);
        word += len + (word[len] == ' ');
        assert_int_not_equal(*word, ' ');
    }
}

static void test_every_row_reachable(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < handler_count(); i++) {
        const struct handler *row = handler_at(i);

        assert_true(row->magic != NULL || row->extensions[0] != '\0');
        if (row->magic != NULL) {
            uint8_t head[64] = {0};

            assert_true((size_t)row->magic_offset + row->magic_len <= sizeof(head));
            memcpy(head + row->magic_offset, row->magic, row->magic_len);
            assert_ptr_equal(handler_match(span_of_str("x"), span_of(head, sizeof(head))), row);
            assert_ptr_equal(
                handler_match(span_of_str("x.txt"), /* just long enough */
                              span_of(head, (size_t)row->magic_offset + row->magic_len)),
                row);
        }
        check_extensions_reach(row);
    }
}

static void test_names_and_indexes(void **state)
{
    (void)state;
    assert_true(handler_count() >= 20);
    for (size_t i = 0; i < handler_count(); i++) {
        const char *name = handler_at(i)->name;

        assert_int_equal(handler_index(handler_at(i)), i);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
        assert_true(strlen(name) > 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(name, handler_at(j)->name);
    }
}

static void test_precompressed(void **state)
{
    static const char *const compressible[] = {"database_sqlite", "executable_elf", "text_source",
                                               "binary_fallback"};

    (void)state;
    for (size_t i = 0; i < handler_count(); i++) {
        bool expected = true;

        for (size_t j = 0; j < COUNT_OF(compressible); j++)
            if (strcmp(handler_at(i)->name, compressible[j]) == 0)
                expected = false;
        assert_int_equal(handler_at(i)->precompressed, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_magic_before_extension),
        cmocka_unit_test(test_fallback_only_when_nothing_matches),
        cmocka_unit_test(test_lix_media_heads),
        cmocka_unit_test(test_magic_needs_all_its_bytes_at_its_offset),
        cmocka_unit_test(test_extension_forms),
        cmocka_unit_test(test_path_extension),
        cmocka_unit_test(test_every_row_reachable),
        cmocka_unit_test(test_names_and_indexes),
        cmocka_unit_test(test_precompressed),
    };

    return cmocka_run_group_tests_name("handler", tests, NULL, NULL);
}
