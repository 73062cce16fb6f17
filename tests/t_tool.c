/* Other people's programs: found, started without a shell, bounded, ended with all they started. */
#include "workloads/tool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/clock.h"
#include "tests/support_fixture.h"

#define SECOND ((uint64_t)1000000000)

struct place {
    struct buf log, out;
};

static void place_make(struct place *place, const char *dir)
{
    memset(place, 0, sizeof(*place));
    fixture_join(&place->log, dir, "log");
    fixture_join(&place->out, dir, "out");
}

static void place_release(struct place *place)
{
    buf_release(&place->log);
    buf_release(&place->out);
}

/* /bin/sh -c SCRIPT, to say something and end somehow. */
static struct tool shell(struct place *place, char *argv[4], const char *script)
{
    static char sh[] = "/bin/sh", option[] = "-c";
    argv[0] = sh;
    argv[1] = option;
    argv[2] = (char *)(uintptr_t)script;
    argv[3] = NULL;
    return (struct tool){.argv = argv, .log = buf_str(&place->log), .limit_ns = 20 * SECOND};
}

static struct tool_end run(const struct tool *tool)
{
    struct tool_end end = {0};
    struct err err = {0};
    if (tool_run(tool, 1, 1, NULL, &end, &err) != RC_OK)
        fail_msg("%s", err.msg);
    return end;
}

static void assert_file(const char *dir, const char *name, const char *expected)
{
    struct buf text = {0};
    fixture_read(dir, name, &text);
    assert_string_equal(buf_str(&text), expected);
    buf_release(&text);
}

static void ends_are_told(void **state)
{
    struct place place;
    char *argv[4], text[64];
    place_make(&place, *state);
    struct tool tool = shell(&place, argv, "exit 0");
    struct tool_end end = run(&tool);
    assert_true(tool_succeeded(&end));
    tool = shell(&place, argv, "exit 7");
    end = run(&tool);
    assert_false(tool_succeeded(&end));
    assert_string_equal(tool_end_text(text, &tool, &end), "exit code 7");
    tool = shell(&place, argv, "kill -9 $$");
    end = run(&tool);
    assert_false(tool_succeeded(&end));
    assert_string_equal(tool_end_text(text, &tool, &end), "ended by signal 9");
    place_release(&place);
}

static void what_is_said_goes_to_files(void **state)
{
    struct place place;
    char *argv[4];
    place_make(&place, *state);
    struct tool tool = shell(&place, argv, "echo one; echo two >&2");
    (void)run(&tool);
    assert_file(*state, "log", "one\ntwo\n");
    tool.out = buf_str(&place.out);
    (void)run(&tool);
    assert_file(*state, "out", "one\n");
    assert_file(*state, "log", "one\ntwo\ntwo\n");
    (void)run(&tool); /* the log grows, the output is the last one's */
    assert_file(*state, "out", "one\n");
    place_release(&place);
}

static void place_and_environment_are_what_was_asked(void **state)
{
    static char only[] = "ONLY=this";
    char *const environment[] = {only, NULL};
    struct place place;
    char *argv[4];
    place_make(&place, *state);
    assert_int_equal(setenv("MAKEFLAGS", "-j7", 1), 0);
    assert_int_equal(setenv("KEPT", "yes", 1), 0);
    struct tool tool = shell(&place, argv, "pwd -P; echo \"$MAKEFLAGS,$KEPT,$ONLY\"");
    tool.out = buf_str(&place.out);
    tool.dir = *state;
    (void)run(&tool);
    struct buf text = {0};
    fixture_read(*state, "out", &text);
    assert_non_null(strstr(buf_str(&text), "\n,yes,\n"));
    assert_null(strstr(buf_str(&text), "-j7"));
    assert_non_null(strstr(buf_str(&text), strrchr(*state, '/')));
    buf_release(&text);
    tool.environ_ = environment;
    (void)run(&tool);
    fixture_read(*state, "out", &text);
    assert_non_null(strstr(buf_str(&text), "\n,,this\n"));
    buf_release(&text);
    assert_int_equal(unsetenv("MAKEFLAGS"), 0);
    assert_int_equal(unsetenv("KEPT"), 0);
    place_release(&place);
}

/* The whole group goes: a sleeping grandchild would hold the file open for minutes. */
static void what_hangs_is_ended_with_its_children(void **state)
{
    struct place place;
    char *argv[4], text[64];
    place_make(&place, *state);
    struct tool tool = shell(&place, argv, "sleep 300 & echo $! >child; wait");
    tool.dir = *state;
    tool.limit_ns = SECOND / 2;
    uint64_t start = clock_ns();
    struct tool_end end = run(&tool);
    assert_true(end.late);
    assert_false(tool_succeeded(&end));
    assert_true(clock_ns() - start < 10 * SECOND);
    tool.limit_ns = 60 * SECOND;
    assert_string_equal(tool_end_text(text, &tool, &end), "no end within 60 s");
    struct buf child = {0};
    fixture_read(*state, "child", &child);
    pid_t pid = (pid_t)strtol(buf_str(&child), NULL, 10);
    assert_true(pid > 1);
    bool gone = false;
    for (int i = 0; i < 200 && !gone; i++) {
        /* Orphaned, it may wait for somebody to collect it: a zombie is gone. */
        char path[64], state_text[256] = "";
        snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
        FILE *file = fopen(path, "r");
        if (file) {
            if (!fgets(state_text, sizeof(state_text), file))
                state_text[0] = '\0';
            fclose(file);
        }
        gone = !file || strstr(state_text, ") Z ") != NULL;
        usleep(10000);
    }
    assert_true(gone);
    buf_release(&child);
    place_release(&place);
}

static void a_signal_leaves_nothing_running(void **state)
{
    volatile sig_atomic_t stop = 15;
    struct place place;
    struct tool_end ends[3];
    struct err err = {0};
    char *argv[4];
    place_make(&place, *state);
    struct tool tool = shell(&place, argv, "sleep 300");
    const struct tool tools[3] = {tool, tool, tool};
    uint64_t start = clock_ns();
    assert_int_equal(tool_run(tools, 3, 2, &stop, ends, &err), RC_INTERRUPTED);
    assert_true(clock_ns() - start < 10 * SECOND);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    place_release(&place);
}

static void all_of_many_are_run(void **state)
{
    enum { MANY = 7 };
    struct place place;
    struct tool tools[MANY];
    struct tool_end ends[MANY];
    struct err err = {0};
    char *argv[MANY][4], scripts[MANY][32], text[64];
    place_make(&place, *state);
    for (int i = 0; i < MANY; i++) {
        snprintf(scripts[i], sizeof(scripts[i]), "exit %d", i);
        tools[i] = shell(&place, argv[i], scripts[i]);
    }
    for (size_t at_once = 1; at_once <= 3; at_once++) {
        memset(ends, 0xff, sizeof(ends));
        assert_int_equal(tool_run(tools, MANY, at_once, NULL, ends, &err), RC_OK);
        for (int i = 0; i < MANY; i++) {
            char expected[32];
            snprintf(expected, sizeof(expected), "exit code %d", i);
            assert_string_equal(tool_end_text(text, &tools[i], &ends[i]), expected);
        }
    }
    assert_int_equal(tool_run(tools, 0, 1, NULL, ends, &err), RC_OK);
    place_release(&place);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    static char name[] = "no-such-program-anywhere", relative[] = "./nothing";
    struct place place;
    struct tool_end end;
    struct err err = {0};
    char *argv[] = {name, NULL}, found[4096];
    place_make(&place, *state);
    struct tool tool = {.argv = argv, .log = buf_str(&place.log), .limit_ns = SECOND};
    assert_int_equal(tool_run(&tool, 1, 1, NULL, &end, &err), RC_IO);
    assert_string_equal(err.msg, "cannot find the program \"no-such-program-anywhere\"");
    assert_false(tool_find(relative, found, sizeof(found)));
    assert_true(tool_find("sh", found, sizeof(found)));
    assert_int_equal(found[0], '/');
    assert_true(tool_find("/bin/sh", found, sizeof(found)));
    assert_false(tool_find("/bin", found, sizeof(found)));
    /* Only absolute folders of PATH. */
    char *path = strdup(getenv("PATH"));
    assert_int_equal(setenv("PATH", ":.:bin", 1), 0);
    assert_false(tool_find("sh", found, sizeof(found)));
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    place_release(&place);
}

static void last_words_are_one_harmless_line(void **state)
{
    static const struct {
        const char *log, *words;
        size_t lines;
    } rows[] = {
        {"", "", 3},
        {"one\n", "one", 3},
        {"one\ntwo\nthree\nfour\n", "two | three | four", 3},
        {"one\ntwo", "two", 1},
        {"one\n\n\n", "one", 2},
        {"a\x1b[31mred\xff\n", "a\\x1b[31mred\\xff", 1},
    };
    char words[200], small[12];
    struct buf path = {0};
    fixture_join(&path, *state, "log");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        fixture_write(*state, "log", rows[i].log, strlen(rows[i].log));
        tool_last_words(buf_str(&path), rows[i].lines, words, sizeof(words));
        assert_string_equal(words, rows[i].words);
        tool_last_words(buf_str(&path), rows[i].lines, small, sizeof(small));
        assert_int_equal(strncmp(small, rows[i].words, strlen(small)), 0);
    }
    tool_last_words("/nonexistent", 3, words, sizeof(words));
    assert_string_equal(words, "");
    buf_release(&path);
}

/* Links are removed and not followed. */
static void folders_are_removed_whole(void **state)
{
    struct place place;
    char *argv[4];
    place_make(&place, *state);
    struct tool tool = shell(&place, argv,
                             "mkdir -p gone/a/b kept && echo 1 >gone/a/b/c && echo 1 >kept/it && "
                             "ln -s ../kept gone/link && ln -s ../kept/it gone/a/file");
    tool.dir = *state;
    struct tool_end end = run(&tool);
    assert_true(tool_succeeded(&end));
    struct buf path = {0};
    tool_remove(fixture_join(&path, *state, "gone"));
    assert_int_not_equal(access(buf_str(&path), F_OK), 0);
    assert_int_equal(access(fixture_join(&path, *state, "kept/it"), F_OK), 0);
    tool_remove(fixture_join(&path, *state, "never-there"));
    buf_release(&path);
    place_release(&place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ends_are_told),
        TEST(what_is_said_goes_to_files),
        TEST(place_and_environment_are_what_was_asked),
        TEST(what_hangs_is_ended_with_its_children),
        TEST(a_signal_leaves_nothing_running),
        TEST(all_of_many_are_run),
        TEST(a_program_that_is_not_there_is_an_error),
        TEST(last_words_are_one_harmless_line),
        TEST(folders_are_removed_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
