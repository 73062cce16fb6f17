/* Plan files that are cut or damaged anywhere: read as something, or refused with file and line. */
#include "cli/plan_file.h"
#include "engine/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char whole[] = "# a plan\n"
                            "[global]\n"
                            "name = story\n"
                            "strategy = dedup\n"
                            "strategy = chunked:avg=8k\n"
                            "no-racing = on\n"
                            "\n"
                            "[first]\n"
                            "dataset = random:files=3\n"
                            "rounds = 2\n"
                            "; the other\n"
                            "[second-1]\n"
                            "data = /some/w\xc3\xa4y\n"
                            "looks = 2,4\n";

struct folder {
    char dir[64], path[96];
};

static int folder_make(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    if (!folder)
        return -1;
    (void)snprintf(folder->dir, sizeof(folder->dir), "/tmp/blobfront-plan-XXXXXX");
    if (!mkdtemp(folder->dir))
        return -1;
    (void)snprintf(folder->path, sizeof(folder->path), "%s/a.ini", folder->dir);
    *state = folder;
    return 0;
}

static int folder_remove(void **state)
{
    struct folder *folder = *state;
    (void)unlink(folder->path);
    (void)rmdir(folder->dir);
    free(folder);
    return 0;
}

static void put_file(const struct folder *folder, const char *text, size_t len)
{
    FILE *file = fopen(folder->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Read the text; a refusal names a place that is there. */
static enum rc read_text(const struct folder *folder, const char *text, size_t len,
                         struct plan_file *plan)
{
    struct err err = {0};
    unsigned line = 0, lines = 1;
    char name[96];
    put_file(folder, text, len);
    *plan = (struct plan_file){0};
    enum rc rc = plan_file_read(plan, folder->path, &err);
    if (rc == RC_OK)
        return rc;
    assert_int_equal(rc, RC_USAGE);
    for (size_t i = 0; i + 1 < len; i++)
        lines += text[i] == '\n';
    assert_int_equal(sscanf(err.msg, "%95[^:]:%u: ", name, &line), 2);
    assert_string_equal(name, folder->path);
    assert_in_range(line, 1, lines);
    return rc;
}

static const struct plan_entry *find(const struct plan_section *section, int id)
{
    for (size_t i = 0; i < section->count; i++)
        if (section->entries[i].id == id)
            return &section->entries[i];
    return NULL;
}

static void reads_keys_and_places(void **state)
{
    struct plan_file plan;
    assert_int_equal(read_text(*state, whole, sizeof(whole) - 1, &plan), RC_OK);
    assert_string_equal(plan.name, "story");
    assert_string_equal(plan.stem, "a");
    assert_int_equal(plan.global.count, 3);
    assert_int_equal(plan.section_count, 2);
    assert_string_equal(plan.sections[1].name, "second-1");
    assert_int_equal(plan.sections[1].line, 12);
    const struct plan_entry *entry = find(&plan.sections[1], PLAN_ARG_DATA);
    assert_non_null(entry);
    assert_string_equal(entry->value, "/some/w\xc3\xa4y");
    assert_int_equal(entry->line, 13);
    assert_null(find(&plan.sections[1], PLAN_ARG_STRATEGY));
    assert_string_equal(plan.global.entries[1].value, "chunked:avg=8k");
    plan_file_release(&plan);
}

/* A prefix has no section yet, or ends within a key, a value or a character. */
static void every_prefix_is_read_or_refused(void **state)
{
    unsigned ok = 0;
    for (size_t len = 0; len < sizeof(whole); len++) {
        struct plan_file plan;
        ok += read_text(*state, whole, len, &plan) == RC_OK;
        plan_file_release(&plan);
    }
    assert_in_range(ok, 20, sizeof(whole) - 60);
}

static void damage_is_read_or_refused(void **state)
{
    static const char bytes[] = "[]=#;\n\r\t \"\\.-/\xc3\xff\x1b";
    struct rng rng = rng_stream(11, "damage", 0);
    unsigned refused = 0;
    for (int turn = 0; turn < 3000; turn++) {
        char text[sizeof(whole)];
        struct plan_file plan;
        memcpy(text, whole, sizeof(whole));
        for (uint64_t n = 1 + rng_below(&rng, 3); n > 0; n--)
            text[rng_below(&rng, sizeof(whole) - 1)] = bytes[rng_below(&rng, sizeof(bytes))];
        refused += read_text(*state, text, sizeof(whole) - 1, &plan) != RC_OK;
        plan_file_release(&plan);
    }
    assert_in_range(refused, 1000, 2999);
}

/* Every option of `run` is a key, and what is no option is none. */
static void keys_are_the_options(void **state)
{
    for (int id = 0; id < PLAN_ARG_COUNT; id++) {
        char text[128];
        struct plan_file plan;
        (void)snprintf(text, sizeof(text), "[global]\n%s = on\n[a]\n", plan_key_name(id));
        assert_int_equal(read_text(*state, text, strlen(text), &plan), RC_OK);
        plan_file_release(&plan);
        (void)snprintf(text, sizeof(text), "[a]\nx%s = on\n", plan_key_name(id));
        assert_int_equal(read_text(*state, text, strlen(text), &plan), RC_USAGE);
        plan_file_release(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_keys_and_places, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(every_prefix_is_read_or_refused, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(damage_is_read_or_refused, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(keys_are_the_options, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
