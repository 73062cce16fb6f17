/* gate_junit.c: a gate as a JUnit report: what CI servers show as tests.
 *
 * One test suite per layer.  A red item is a <failure>, what could not be decided or checked is
 * <skipped> with its reason, so that a green server never hides it.
 */
#include <stdio.h>
#include <string.h>

#include "analysis/gate_parts.h"

/* Text of any origin inside an XML 1.0 attribute or element. */
static void xml(struct text *text, const char *raw)
{
    size_t len = strlen(raw);
    char one[8];
    for (size_t at = 0; at < len;) {
        const uint8_t *p = (const uint8_t *)raw + at;
        size_t width = utf8_sequence(p, len - at);
        const char *entity = width != 1   ? NULL
                             : *p == '&'  ? "&amp;"
                             : *p == '<'  ? "&lt;"
                             : *p == '>'  ? "&gt;"
                             : *p == '"'  ? "&quot;"
                             : *p == '\'' ? "&apos;"
                             : *p == '\n' ? "&#10;"
                             : *p == '\t' ? "&#9;"
                             : *p == 0x7f ? "?"
                             : *p < 0x20  ? "?"
                                          : NULL;
        /* Bytes that are no UTF-8, and the two characters XML has no place for. */
        if (width == 0 || (width == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
            entity = "?";
        if (entity) {
            text_put(text, entity);
        } else {
            memcpy(one, p, width);
            one[width] = '\0';
            text_put(text, one);
        }
        at += width ? width : 1;
    }
}

static void begin_case(struct text *text, const char *suite, const char *name)
{
    text_put(text, "    <testcase classname=\"blobfront.gate.");
    xml(text, suite);
    text_put(text, "\" name=\"");
    xml(text, name);
    text_put(text, "\" time=\"0\"");
}

/* `tag` NULL: it passed. */
static void test_case(struct text *text, const char *suite, const char *name, const char *tag,
                      const char *message)
{
    begin_case(text, suite, name);
    if (!tag) {
        text_put(text, "/>\n");
        return;
    }
    text_print(text, "><%s message=\"", tag);
    xml(text, message);
    text_print(text, "\"/></testcase>\n");
}

static void begin_suite(struct text *text, const char *name, size_t tests, size_t failures,
                        size_t skipped)
{
    text_put(text, "  <testsuite name=\"blobfront gate: ");
    xml(text, name);
    text_print(text, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", tests,
               failures, skipped);
}

static void timing(struct text *text, const struct gate *gate)
{
    char name[GATE_LINE_SIZE], story[GATE_LINE_SIZE];
    size_t skipped = 0, failed = 0;
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        failed += cell->verdict == GATE_FAIL && !gate->unstable;
        skipped +=
            cell->verdict == GATE_UNDECIDED || (cell->verdict == GATE_FAIL && gate->unstable);
    }
    begin_suite(text, "timing", gate->timing.cell_count, failed, skipped);
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        const char *tag = cell->verdict == GATE_PASS                      ? NULL
                          : cell->verdict == GATE_FAIL && !gate->unstable ? "failure"
                                                                          : "skipped";
        test_case(text, "timing", gate_cell_name(name, cell), tag, gate_cell_story(story, cell));
    }
    text_put(text, "  </testsuite>\n");
}

/* One case per kind of comparison, one failure per difference beside it. */
static void comparison(struct text *text, const char *name, const struct golden_comparison *from,
                       bool red)
{
    char words[GATE_LINE_SIZE];
    test_case(text, "exact", name, from->compared || from->count ? NULL : "skipped",
              "there was nothing to compare");
    for (size_t i = 0; red && i < from->count; i++) {
        (void)snprintf(words, sizeof(words), "%.60s: %.60s %.60s %.60s", name,
                       from->items[i].strategy, from->items[i].place, from->items[i].metric);
        begin_case(text, "exact", words);
        text_put(text, "><failure message=\"");
        xml(text, gate_difference(words, &from->items[i]));
        text_put(text, "\"/></testcase>\n");
    }
}

static void exact(struct text *text, const struct gate *gate)
{
    const struct gate_exact *from = &gate->exact;
    bool golden = from->golden_path[0] != '\0';
    bool golden_red = golden && !from->golden_updated && from->golden.count > 0;
    bool baseline_red = from->against_baseline && from->baseline.count > gate->exact_agreed;
    size_t red = (golden_red ? from->golden.count : 0) + (baseline_red ? from->baseline.count : 0);
    size_t skipped =
        (golden && from->golden.compared + from->golden.count == 0) +
        (from->against_baseline && from->baseline.compared + from->baseline.count == 0);
    if (!from->done) {
        begin_suite(text, "exact", 1, 0, 1);
        test_case(text, "exact", "counters", "skipped", "not checked");
    } else {
        begin_suite(text, "exact", (size_t)golden + from->against_baseline + red, red, skipped);
        if (golden)
            comparison(text, "golden file", &from->golden, golden_red);
        if (from->against_baseline)
            comparison(text, "baseline", &from->baseline, baseline_red);
    }
    text_put(text, "  </testsuite>\n");
}

static void counts(struct text *text, const struct gate *gate)
{
    const struct gate_counts *from = &gate->counts;
    char name[GATE_LINE_SIZE], words[GATE_LINE_SIZE];
    if (from->count == 0) {
        begin_suite(text, "instructions", 1, 0, 1);
        test_case(text, "instructions", "all", "skipped",
                  from->why_not[0] ? from->why_not : "not asked for");
    } else {
        begin_suite(text, "instructions", from->count, gate->counts_fail, 0);
    }
    for (size_t i = 0; i < from->count; i++) {
        const struct gate_count *count = &from->items[i];
        (void)snprintf(name, sizeof(name), "%.200s %.200s", count->strategy, count->phase);
        test_case(text, "instructions", name, count->verdict == GATE_FAIL ? "failure" : NULL,
                  gate_count_line(words, gate, count));
    }
    text_put(text, "  </testsuite>\n");
}

enum rc gate_junit(const struct gate *gate, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    char doubt[GATE_LINE_SIZE];
    bool inconclusive = gate->end == GATE_INCONCLUSIVE;
    text_put(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    exact(&text, gate);
    counts(&text, gate);
    timing(&text, gate);
    begin_suite(&text, "verdict", 1, inconclusive, 0);
    test_case(&text, "verdict", "the timing can be judged", inconclusive ? "failure" : NULL,
              gate_doubt(doubt, gate));
    text_put(&text, "  </testsuite>\n</testsuites>\n");
    return text.rc;
}
