/* Everything that is derived from a record: deterministic, escaped, honest about what is INVALID,
 * and complete without gnuplot. */
#include "analysis/analysis.h"
#include "analysis/text.h"
#include "tests/support_record.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a folder to write to ------------------------------------------------------------------- */

static const char *const derived[] = {
    "summary.json",
    "cells.csv",
    "report.md",
    "plots/frontier.csv",
    "plots/frontier.gp",
    "plots/frontier.svg",
    "plots/frontier.png",
    "plots/latency.csv",
    "plots/latency.gp",
    "plots/latency.svg",
    "plots/latency.png",
    "plots/distribution.csv",
    "plots/distribution.gp",
    "plots/distribution.svg",
    "plots/distribution.png",
    "plots/footprint.csv",
    "plots/footprint.gp",
    "plots/footprint.svg",
    "plots/footprint.png",
    "plots/attainment.csv",
    "plots/attainment.gp",
    "plots/attainment.svg",
    "plots/attainment.png",
    "plots/growth.csv",
    "plots/growth.gp",
    "plots/growth.svg",
    "plots/growth.png",
};

static void make_dir(char dir[64])
{
    snprintf(dir, 64, "/tmp/blobfront-report-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static void path_in(char path[256], const char *dir, const char *name)
{
    assert_true(snprintf(path, 256, "%s/%s", dir, name) < 256);
}

static void remove_dir(const char *dir)
{
    char path[256], name[128];
    static const char *const phases[] = {"ingest_binary_cold", "update_binary_hot",
                                         "read_point_binary", "read_scan_binary", "mixed"};
    for (size_t i = 0; i < COUNT_OF(derived); i++) {
        path_in(path, dir, derived[i]);
        unlink(path);
    }
    for (uint32_t run = 0; run < 100; run++) {
        for (size_t p = 0; p < COUNT_OF(phases); p++) {
            path_in(path, dir, latencies_name(name, run, phases[p]));
            unlink(path);
        }
    }
    path_in(path, dir, "plots");
    rmdir(path);
    path_in(path, dir, "raw");
    rmdir(path);
    assert_int_equal(rmdir(dir), 0);
}

/* NULL when there is no such file. */
static char *slurp(const char *dir, const char *name)
{
    char path[256];
    path_in(path, dir, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    struct buf out = {0};
    struct err err = {0};
    char part[4096];
    for (size_t got; (got = fread(part, 1, sizeof(part), file)) != 0;)
        assert_int_equal(buf_append(&out, span_of(part, got), &err), RC_OK);
    fclose(file);
    (void)buf_str(&out);
    return (char *)out.ptr;
}

static void analyse(const struct made *made, const char *dir, struct analysis_result *result)
{
    struct err err = {0};
    enum rc rc = analysis_write(&made->record, dir, NULL, result, &err);
    if (rc != RC_OK)
        fail_msg("%s", err.msg);
}

/* ---- determinism ---------------------------------------------------------------------------- */

static void the_same_record_gives_the_same_bytes(void **unused)
{
    (void)unused;
    char dirs[2][64];
    char *files[2][COUNT_OF(derived)];
    for (int i = 0; i < 2; i++) {
        struct made made;
        struct analysis_result result;
        make_dir(dirs[i]);
        made_study(&made, &(struct made_options){.rounds = 3, .dir = dirs[i], .raw = true});
        analyse(&made, dirs[i], &result);
        if (i == 1)
            analyse(&made, dirs[i], &result); /* over what is there already */
        for (size_t f = 0; f < COUNT_OF(derived); f++)
            files[i][f] = slurp(dirs[i], derived[f]);
        assert_int_equal(result.invalid_arms, 0);
        assert_true(result.replaces_control);
        made_release(&made);
    }
    for (size_t f = 0; f < COUNT_OF(derived); f++) {
        assert_true((files[0][f] == NULL) == (files[1][f] == NULL));
        if (files[0][f] != NULL && strstr(derived[f], ".png") == NULL)
            assert_string_equal(files[0][f], files[1][f]);
        free(files[0][f]);
        free(files[1][f]);
    }
    remove_dir(dirs[0]);
    remove_dir(dirs[1]);
}

static void a_study_says_what_it_must(void **unused)
{
    (void)unused;
    char dir[64];
    struct made made;
    struct analysis_result result;
    make_dir(dir);
    made_study(&made, &(struct made_options){.rounds = 3, .dir = dir, .raw = true});
    analyse(&made, dir, &result);
    char *report = slurp(dir, "report.md");
    static const char *const musts[] = {
        "# Study made-1",
        "**DESCRIPTIVE: use dedup-zstd",
        "### What was not decided",
        "### From round to round",
        "it takes at least 9 ",
        "ENVIRONMENT: UNKNOWN, 3 rounds are too few",
        "dominated by raw, dedup",
        "reference lane",
        "-: no p95 from 8 operations a run, it takes 400",
        "About this dataset:** no two files are identical",
        "storage_amp<br>/ live",
        "storage_amp<br>/ history",
        "storage_amp<br>/ written",
        "### Bytes written by reads",
        "### Chunk reuse",
        "### Codec mix",
        "## Did the options take effect?",
        "| dedup | chunks | 1234 | at least 384 | 96 blobs above max | yes |",
        "## Durability audit",
        "| cpu | AMD EPYC 7B13 |",
        "journal_mode=wal, synchronous=2",
        "not comparable in absolute time",
        "| document: naive plugin | 7.527 | 3.839 | 1.451 |",
        "111385.573",
        "28,647,424",
        "    blobfront run --rounds 3 --seed 1",
        "--strategy chunked:avg=16k",
    };
    for (size_t i = 0; i < COUNT_OF(musts); i++) {
        const char *must = musts[i][0] == '-' && musts[i][1] == ':' ? musts[i] + 1 : musts[i];
        if (strstr(report, must) == NULL)
            fail_msg("report.md does not say: %s", must);
    }
    assert_non_null(
        strstr(result.choice, "DESCRIPTIVE: use dedup-zstd: -34.6 % bytes after_update"));
    free(report);
    made_release(&made);
    remove_dir(dir);
}

/* ---- INVALID -------------------------------------------------------------------------------- */

static void an_invalid_arm_reaches_no_frontier_and_no_figure(void **unused)
{
    (void)unused;
    char dir[64];
    struct made made;
    struct analysis_result result;
    make_dir(dir);
    made_study(&made, &(struct made_options){
                          .rounds = 3, .dir = dir, .raw = true, .invalid_arm = "dedup-zstd"});
    analyse(&made, dir, &result);
    assert_int_equal(result.invalid_arms, 1);
    assert_null(strstr(result.choice, "dedup-zstd"));
    static const char *const figures[] = {"plots/frontier.csv", "plots/latency.csv",
                                          "plots/distribution.csv", "plots/footprint.csv",
                                          "plots/attainment.csv"};
    for (size_t i = 0; i < COUNT_OF(figures); i++) {
        char *csv = slurp(dir, figures[i]);
        assert_non_null(csv);
        assert_null(strstr(csv, "\"dedup-zstd\""));
        assert_non_null(strstr(csv, "\"dedup-brotli\""));
        free(csv);
    }
    char *report = slurp(dir, "report.md");
    assert_non_null(strstr(report, "INVALID: round 3: file 7 version 1: 3 bytes differ"));
    assert_non_null(strstr(report, "**INVALID** dedup-zstd (2 of 3 runs valid)"));
    free(report);
    char *json = slurp(dir, "summary.json");
    assert_non_null(strstr(json, "\"standing\": \"invalid\""));
    free(json);
    char *csv = slurp(dir, "cells.csv");
    assert_non_null(strstr(csv, "dedup-zstd,INVALID,phase,update_binary_hot,p95_ns,timing,ns,"));
    free(csv);
    made_release(&made);
    remove_dir(dir);
}

/* ---- hostile names -------------------------------------------------------------------------- */

/* Markup must not appear outside code (indented by four); within it everything is literal. */
static void check_markdown(char *report)
{
    static const char *const markup[] = {"<script", "<img",         "](javascript", "</td>",
                                         "\x1b",    "\xe2\x80\xae", "|ive"};
    bool heading = false;
    char *line = report;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        heading = heading || line[0] == '#';
        assert_true(strncmp(line, "# heading", 9) != 0);
        for (size_t i = 0; i < COUNT_OF(markup) && strncmp(line, "    ", 4) != 0; i++) {
            const char *found = strstr(line, markup[i]);
            assert_true(found == NULL || (strchr("|]", markup[i][0]) != NULL && found[-1] == '\\'));
        }
        *end = '\n';
    }
    assert_true(heading);
    assert_non_null(strstr(report, "na\\|ive\\\\x0a# heading"));
}

/* Every row of a table has the cells its header has. */
static void check_rows(const char *report)
{
    size_t expected = 0;
    for (const char *line = report; *line != '\0';) {
        size_t len = strcspn(line, "\n"), bars = 0;
        for (size_t i = 0; i < len; i++)
            bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
        if (line[0] != '|')
            expected = 0;
        else if (expected == 0)
            expected = bars;
        else
            assert_int_equal(bars, expected);
        line += len + (line[len] == '\n');
    }
}

/* Every field of every row: quotes balanced, nothing a spreadsheet would run, no control bytes. */
static void check_csv(const char *csv, size_t columns)
{
    size_t column = 1;
    bool quoted = false, start = true;
    for (const char *c = csv; *c != '\0'; c++) {
        assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
        if (start && *c != '"') {
            assert_null(strchr("=+@", *c));
            assert_true(*c != '-' || isdigit((unsigned char)c[1]));
            start = false;
        }
        if (*c == '"') {
            quoted = !quoted;
        } else if (!quoted && (*c == ',' || *c == '\n')) {
            if (*c == '\n')
                assert_int_equal(column, columns);
            column = *c == ',' ? column + 1 : 1;
            start = true;
        }
    }
    assert_false(quoted);
}

/* A script holds nothing that came from outside, and names no file but its own. */
static void check_script(const char *gp, const char *name)
{
    char own[64];
    snprintf(own, sizeof(own), "\"%s.csv\"", name);
    assert_null(strstr(gp, "pwned"));
    assert_null(strchr(gp, '`'));
    assert_null(strstr(gp, "system"));
    assert_null(strstr(gp, "ingest"));
    for (const char *at = gp; (at = strstr(at, ".csv\"")) != NULL; at++) {
        const char *start = at;
        while (*start != '"')
            start--;
        assert_memory_equal(start, own, strlen(own));
    }
}

static void hostile_names_are_only_names(void **unused)
{
    (void)unused;
    char dir[64], dir_plain[64];
    struct made made, plain;
    struct analysis_result result;
    make_dir(dir);
    make_dir(dir_plain);
    made_study(&made, &(struct made_options){
                          .rounds = 2, .dir = dir, .raw = true, .hostile = true, .series = true});
    made_study(&plain,
               &(struct made_options){.rounds = 2, .dir = dir_plain, .raw = true, .series = true});
    analyse(&made, dir, &result);
    analyse(&plain, dir_plain, &result);
    char *report = slurp(dir, "report.md"), *cells = slurp(dir, "cells.csv");
    check_markdown(report);
    check_rows(report);
    check_csv(cells, 15);
    assert_non_null(strstr(cells, "'=cmd|"));
    free(report);
    free(cells);
    for (size_t i = 0; i < PLOT_COUNT; i++) {
        char name[64];
        snprintf(name, sizeof(name), "plots/%s.gp", plot_table[i].name);
        char *gp = slurp(dir, name);
        check_script(gp, plot_table[i].name);
        free(gp);
    }
    struct stat info;
    assert_int_not_equal(stat("/tmp/blobfront-pwned", &info), 0);
    made_release(&made);
    made_release(&plain);
    remove_dir(dir);
    remove_dir(dir_plain);
}

static void assert_text(void (*put)(struct text *, const char *), const char *name,
                        const char *expected)
{
    struct buf out = {0};
    struct err err = {0};
    struct text text = text_to(&out, &err);
    put(&text, name);
    assert_int_equal(text.rc, RC_OK);
    assert_string_equal(buf_str(&out), expected);
    buf_release(&out);
}

static void escaping_by_place(void **unused)
{
    (void)unused;
    assert_text(text_terminal, "dedup-zstd:level=3", "dedup-zstd:level=3");
    assert_text(text_terminal, "a\x1b[31m\n\xe2\x80\xae\xff\xc2\x9b",
                "a\\x1b[31m\\x0a\\xe2\\x80\\xae"
                "\\xff\\xc2\\x9b");
    assert_text(text_terminal, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
    assert_text(text_terminal, "\xed\xa0\x80\xc0\xaf\xf5", "\\xed\\xa0\\x80\\xc0\\xaf\\xf5");
    assert_text(text_markdown, "read_point_binary", "read_point_binary");
    assert_text(text_markdown, "_a_ *b* `c` |d| [e](f)",
                "\\_a\\_ \\*b\\* \\`c\\` \\|d\\| \\[e\\](f)");
    assert_text(text_markdown, "<b>&amp;", "&#60;b&#62;&#38;amp;");
    assert_text(text_markdown, "http://x www.y a@b.c", "http&#58;//x www&#46;y a&#64;b.c");
    assert_text(text_markdown, "p95_ns@read", "p95_ns@read");
    assert_text(text_markdown_line, "# no heading", "\\# no heading");
    assert_text(text_markdown_line, "12. no list", "12\\. no list");
    assert_text(text_markdown_line, "- no list", "\\- no list");
    assert_text(text_csv, "plain", "plain");
    assert_text(text_csv, "a,\"b\"", "\"a,\"\"b\"\"\"");
    assert_text(text_csv, "=1+1", "'=1+1");
    assert_text(text_csv, " @x", "\"' @x\"");
    assert_text(text_csv,
                "\xef\xbc\x9d"
                "1",
                "'\xef\xbc\x9d"
                "1");
    assert_text(text_csv, "a\r\nb", "a\\x0d\\x0ab");
}

static void widths_and_cuts(void **unused)
{
    (void)unused;
    char cut[64];
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("gr\xc3\xbc"), 3);
    assert_int_equal(text_width("e\xcc\x81"), 1);                /* combining acute */
    assert_int_equal(text_width("\xe6\xbc\xa2\xe5\xad\x97"), 4); /* two wide characters */
    assert_string_equal(text_cut(cut, sizeof(cut), "short", 10), "short");
    assert_string_equal(text_cut(cut, sizeof(cut), "chunked:avg=256k", 10), "chun..256k");
    assert_string_equal(text_cut(cut, sizeof(cut), "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 5),
                        "\xe6\xbc\xa2..");
    for (size_t width = 3; width < 30; width++) {
        text_cut(cut, sizeof(cut),
                 "a\xe6\xbc\xa2"
                 "bc\xc3\xbc"
                 "d\xe5\xad\x97"
                 "efgh",
                 width);
        assert_true(text_width(cut) <= width);
    }
}

/* ---- tables --------------------------------------------------------------------------------- */

static void tables_fit_the_terminal(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < 3; kind++) {
        struct made made;
        struct analysis analysis;
        struct buf out = {0};
        struct err err = {0};
        made_study(&made, &(struct made_options){.rounds = 2,
                                                 .hostile = kind == 1,
                                                 .more_arms = kind == 2 ? 8 : 0,
                                                 .invalid_arm = kind == 0 ? "naive" : NULL});
        assert_int_equal(analysis_build(&analysis, &made.record, NULL, &err), RC_OK);
        assert_int_equal(table_study(&analysis.frontier, &analysis.diagnosis, &out, &err), RC_OK);
        const char *text = buf_str(&out);
        assert_null(strchr(text, '\x1b'));
        for (const char *line = text; *line != '\0';) {
            size_t len = strcspn(line, "\n");
            char copy[1024];
            assert_true(len < sizeof(copy));
            snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
            /* Tables are indented; sentences are the terminal's to wrap. */
            if (strncmp(copy, "  ", 2) == 0 && strncmp(copy, "  Competing", 11) != 0)
                assert_true(text_width(copy) <= TABLE_WIDTH);
            line += len + (line[len] == '\n');
        }
        buf_release(&out);
        analysis_release(&analysis);
        made_release(&made);
    }
}

/* ---- without gnuplot ------------------------------------------------------------------------ */

static void without_gnuplot_the_rest_works(void **unused)
{
    (void)unused;
    char dir[64];
    struct made made;
    struct analysis_result result;
    const char *path = getenv("PATH");
    char saved[4096];
    snprintf(saved, sizeof(saved), "%s", path == NULL ? "" : path);
    assert_int_equal(setenv("PATH", "", 1), 0);
    make_dir(dir);
    made_study(&made, &(struct made_options){.rounds = 2, .dir = dir});
    analyse(&made, dir, &result);
    assert_int_equal(setenv("PATH", saved, 1), 0);
    assert_false(result.plots_drawn);
    assert_string_equal(result.plots.note,
                        "plots skipped: gnuplot not found (apt-get install gnuplot-nox)");
    char *report = slurp(dir, "report.md"), *csv = slurp(dir, "plots/frontier.csv");
    assert_null(strstr(report, "!["));
    assert_non_null(csv);
    assert_null(slurp(dir, "plots/frontier.svg"));
    /* No raw latencies were kept: that figure has nothing to say, with or without gnuplot. */
    assert_string_equal(result.plots.why[PLOT_DISTRIBUTION], "the record keeps no raw latencies");
    assert_non_null(strstr(report, "### From round to round"));
    free(report);
    free(csv);
    made_release(&made);
    remove_dir(dir);
}

/* A gnuplot that fails leaves no figure, a reason, and everything else. */
static void a_failing_gnuplot_is_reported(void **unused)
{
    (void)unused;
    static const struct {
        const char *script, *why;
    } cases[] = {
        {"#!/bin/sh\necho 'line 3: no such terminal' >&2\necho half >\"${2%.gp}.svg\"\nexit 1\n",
         "gnuplot failed (1): line 3: no such terminal"},
        {"#!/bin/sh\nkill -9 $$\n", "gnuplot was ended by signal 9"},
        {"#!/bin/sh\n: >\"${2%.gp}.svg\"\n", "gnuplot wrote no frontier.svg"},
    };
    char dir[64], bin[64], program[256], saved[4096];
    const char *path = getenv("PATH");
    snprintf(saved, sizeof(saved), "%s", path == NULL ? "" : path);
    make_dir(bin);
    path_in(program, bin, "gnuplot");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct made made;
        struct analysis_result result;
        FILE *file = fopen(program, "w");
        assert_non_null(file);
        fputs(cases[i].script, file);
        fclose(file);
        assert_int_equal(chmod(program, 0755), 0);
        make_dir(dir);
        made_study(&made, &(struct made_options){.rounds = 1, .dir = dir});
        assert_int_equal(setenv("PATH", bin, 1), 0);
        analyse(&made, dir, &result);
        assert_int_equal(setenv("PATH", saved, 1), 0);
        assert_false(result.plots_drawn);
        assert_string_equal(result.plots.why[PLOT_FRONTIER], cases[i].why);
        assert_non_null(strstr(result.plots.why[PLOT_ATTAINMENT], "it takes two rounds"));
        assert_null(slurp(dir, "plots/frontier.svg"));
        made_release(&made);
        remove_dir(dir);
    }
    unlink(program);
    rmdir(bin);
}

static void figures_are_drawn_when_gnuplot_is_there(void **unused)
{
    (void)unused;
    char dir[64];
    struct made made;
    struct analysis_result result;
    if (access("/usr/bin/gnuplot", X_OK) != 0)
        skip();
    make_dir(dir);
    made_study(
        &made,
        &(struct made_options){
            .rounds = 2, .dir = dir, .raw = true, .hostile = true, .series = true, .more_arms = 8});
    analyse(&made, dir, &result);
    assert_string_equal(result.plots.note, "");
    assert_int_equal(result.plots.count, PLOT_COUNT);
    char *report = slurp(dir, "report.md"), *svg = slurp(dir, "plots/frontier.svg");
    assert_non_null(strstr(report, "](plots/frontier.svg)"));
    assert_non_null(strstr(report, "](plots/attainment.svg)"));
    assert_non_null(strstr(report, "[plots/frontier.csv](plots/frontier.csv)"));
    assert_null(strstr(svg, "<script"));
    assert_non_null(strstr(svg, "&lt;script>"));
    free(report);
    free(svg);
    made_release(&made);
    remove_dir(dir);
}

/* Most studies measure no growth: neither a section nor a word about a missing figure. */
static void growth_is_shown_where_it_was_measured(void **unused)
{
    (void)unused;
    for (int series = 0; series < 2; series++) {
        char dir[64];
        struct made made;
        struct analysis_result result;
        make_dir(dir);
        made_study(&made, &(struct made_options){
                              .rounds = 3, .dir = dir, .raw = true, .series = series != 0});
        analyse(&made, dir, &result);
        char *report = slurp(dir, "report.md"), *csv = slurp(dir, "plots/growth.csv");
        assert_null(strstr(result.plots.note, "growth"));
        assert_int_equal(strstr(report, "## How the stores grew") != NULL, series);
        assert_int_equal(csv != NULL, series);
        if (series) {
            /* raw: 1.04, so 1.04 to 4.16 MiB after 96..384 versions; reads after the first. */
            const char *section = strstr(report, "## How the stores grew");
            assert_non_null(strstr(section, "| 96 | 192 | 288 | 384 |"));
            assert_non_null(strstr(section, " 1,090,519 | 2,181,038 | 3,271,557 | 4,362,076 |"));
            assert_non_null(strstr(section, " - | 1.10 us | 2.10 us | 3.10 us |"));
            assert_non_null(strstr(csv, "96,1090519,"));
            assert_non_null(strstr(csv, "384,4362076,"));
            assert_null(strstr(csv, "\"memory\"")); /* a floor has no files */
        }
        free(report);
        free(csv);
        made_release(&made);
        remove_dir(dir);
    }
}

/* ---- nothing to say ------------------------------------------------------------------------- */

static void an_empty_record_is_no_disaster(void **unused)
{
    (void)unused;
    char dir[64];
    struct made made;
    struct analysis_result result;
    make_dir(dir);
    made_init(&made);
    made.record.dir = strdup(dir);
    made_arm(&made, "raw", MADE_SQL | MADE_CONTROL);
    made_phase(&made, "ingest_binary_cold", "ingest", "after_ingest");
    analyse(&made, dir, &result);
    assert_string_equal(result.choice, "no choice: the control raw is INVALID");
    assert_int_equal(result.plots.count, 0);
    /* It has not failed, it has not run. */
    assert_int_equal(result.invalid_arms, 0);
    made_release(&made);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_record_gives_the_same_bytes),
        cmocka_unit_test(a_study_says_what_it_must),
        cmocka_unit_test(an_invalid_arm_reaches_no_frontier_and_no_figure),
        cmocka_unit_test(hostile_names_are_only_names),
        cmocka_unit_test(escaping_by_place),
        cmocka_unit_test(widths_and_cuts),
        cmocka_unit_test(tables_fit_the_terminal),
        cmocka_unit_test(without_gnuplot_the_rest_works),
        cmocka_unit_test(a_failing_gnuplot_is_reported),
        cmocka_unit_test(figures_are_drawn_when_gnuplot_is_there),
        cmocka_unit_test(growth_is_shown_where_it_was_measured),
        cmocka_unit_test(an_empty_record_is_no_disaster),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
