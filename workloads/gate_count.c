#include "workloads/gate_count.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/plan.h"
#include "workloads/tool.h"

enum { COUNT_LIMIT_S = 300, WORDS_MAX = 14, WORD_SIZE = 4300, DUMP_BYTES_MAX = 64 << 20 };

/* ---- what the tools write ------------------------------------------------------------------- */

static bool read_digits(const char *text, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (text[i] < '0' || text[i] > '9' || !mul_u64(value, 10, &value) ||
            !add_u64(value, digit, &value))
            return false;
    }
    *out = value;
    return len > 0;
}

/* "totals: 4547554"; older versions write "summary: ..." only. */
bool gate_callgrind_total(struct span dump, uint64_t *out)
{
    static const char *const keys[] = {"totals: ", "summary: "};
    const char *text = (const char *)dump.ptr, *end = text + dump.len;
    bool found = false;
    for (size_t k = 0; k < COUNT_OF(keys) && !found; k++) {
        size_t key = strlen(keys[k]);
        for (const char *line = text; line && line < end && !found;) {
            const char *newline = memchr(line, '\n', (size_t)(end - line));
            size_t len = newline ? (size_t)(newline - line) : (size_t)(end - line);
            if (newline && len > key && memcmp(line, keys[k], key) == 0)
                found = read_digits(line + key, len - key, out);
            line = newline ? newline + 1 : NULL;
        }
    }
    return found;
}

/* "123456,,instructions:u,..." of perf stat -x; "<not supported>" may stand for the number. */
bool gate_perf_total(struct span text, uint64_t *out)
{
    const char *line = (const char *)text.ptr, *end = line + text.len;
    while (line && line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        const char *comma = memchr(line, ',', (size_t)(stop - line));
        const char *unit = comma ? memchr(comma + 1, ',', (size_t)(stop - comma - 1)) : NULL;
        if (unit && stop - unit > 12 && memcmp(unit + 1, "instructions", 12) == 0)
            return read_digits(line, (size_t)(comma - line), out);
        line = newline ? newline + 1 : NULL;
    }
    return false;
}

static bool read_total(const char *folder, const char *name, enum gate_counter counter,
                       uint64_t *out)
{
    struct buf text = {0};
    struct err ignored = {0};
    bool found = record_read_file(folder, name, DUMP_BYTES_MAX, &text, &ignored) == RC_OK &&
                 text.len > 0 &&
                 (counter == GATE_COUNTER_PERF ? gate_perf_total(buf_span(&text), out)
                                               : gate_callgrind_total(buf_span(&text), out));
    buf_release(&text);
    return found;
}

/* ---- which ---------------------------------------------------------------------------------- */

const char *gate_counter_name(enum gate_counter counter)
{
    switch (counter) {
    case GATE_COUNTER_NONE: return "";
    case GATE_COUNTER_PERF: return "perf";
    case GATE_COUNTER_CALLGRIND: return "callgrind";
    }
    return "";
}

/* perf may be there and count nothing: no counters in this virtual machine, or none for us. */
static enum rc perf_counts(const char *folder, const char *log, const volatile sig_atomic_t *stop,
                           bool *counts, struct err *err)
{
    char perf[] = "perf", stat[] = "stat", comma[] = "-x,", event[] = "-e",
         name[] = "instructions:u", out[] = "-o", file[] = "perf.probe", dashes[] = "--",
         program[] = "/bin/true", found[4096];
    char *argv[] = {perf, stat, comma, event, name, out, file, dashes, program, NULL};
    struct tool tool = {
        .argv = argv, .dir = folder, .log = log, .limit_ns = (uint64_t)20 * 1000000000};
    struct tool_end end;
    uint64_t total = 0;
    *counts = false;
    if (!tool_find("perf", found, sizeof(found)))
        return RC_OK;
    enum rc rc = tool_run(&tool, 1, 1, stop, &end, err);
    if (rc == RC_OK && tool_succeeded(&end))
        *counts = read_total(folder, file, GATE_COUNTER_PERF, &total) && total > 0;
    return rc;
}

enum rc gate_counter_choose(const char *asked, const char *folder, const char *log,
                            const volatile sig_atomic_t *stop, enum gate_counter *counter,
                            char why[GATE_WHY_SIZE], struct err *err)
{
    static const char *const words[] = {"auto", "perf", "callgrind", "none"};
    size_t word = 0;
    bool perf = false;
    char valgrind[4096];
    *counter = GATE_COUNTER_NONE;
    why[0] = '\0';
    while (word < COUNT_OF(words) && strcmp(words[word], asked) != 0)
        word++;
    if (word == COUNT_OF(words))
        return FAIL(err, RC_USAGE, 0,
                    "--instructions: expected auto, perf, callgrind or none, got \"%s\"", Q(asked));
    bool may_perf = word <= 1, may_callgrind = word == 0 || word == 2;
    enum rc rc = may_perf ? perf_counts(folder, log, stop, &perf, err) : RC_OK;
    if (rc != RC_OK)
        return rc;
    if (perf)
        *counter = GATE_COUNTER_PERF;
    else if (may_callgrind && tool_find("valgrind", valgrind, sizeof(valgrind)))
        *counter = GATE_COUNTER_CALLGRIND;
    else if (word == 0)
        (void)snprintf(why, GATE_WHY_SIZE,
                       "perf counts nothing here and valgrind is not installed");
    else if (word == 1)
        (void)snprintf(why, GATE_WHY_SIZE, "perf counts nothing here");
    else if (word == 2)
        (void)snprintf(why, GATE_WHY_SIZE, "valgrind is not installed");
    return RC_OK;
}

size_t gate_count_phases(const struct gate_count_request *request)
{
    return request->counter == GATE_COUNTER_PERF ? 1 : request->manifest->phase_count;
}

const char *gate_count_phase_name(const struct gate_count_request *request, size_t phase)
{
    return request->counter == GATE_COUNTER_PERF ? "run" : request->manifest->phases[phase].name;
}

/* ---- counting ------------------------------------------------------------------------------- */

/* One process to start: its words, and where they stand. */
struct job {
    char words[WORDS_MAX][WORD_SIZE];
    char *argv[WORDS_MAX + 1];
    size_t word_count, program, arm;
    char name[32]; /* of what the tool writes, in the study's folder */
};

static void add_word(struct job *job, const char *word)
{
    CHECK(job->word_count < WORDS_MAX && strlen(word) < WORD_SIZE);
    char *copy = job->words[job->word_count];
    (void)snprintf(copy, WORD_SIZE, "%s", word);
    job->argv[job->word_count++] = copy;
    job->argv[job->word_count] = NULL;
}

static void fill_job(const struct gate_count_request *request, size_t program, size_t arm,
                     struct job *job)
{
    static const char *const perf[] = {"perf", "stat", "-x,", "-e", "instructions:u", "-o"};
    static const char *const callgrind[] = {"valgrind", "--tool=callgrind",
                                            "--toggle-collect=window_run*",
                                            "--dump-after=phase_execute", "--quiet"};
    char text[64];
    uint32_t run = plan_run_of(request->manifest, 0, (uint32_t)arm);
    *job = (struct job){.program = program, .arm = arm};
    (void)snprintf(job->name, sizeof(job->name), "count-%04zu", arm);
    if (request->counter == GATE_COUNTER_PERF) {
        for (size_t i = 0; i < COUNT_OF(perf); i++)
            add_word(job, perf[i]);
        add_word(job, job->name);
        add_word(job, "--");
    } else {
        for (size_t i = 0; i < COUNT_OF(callgrind); i++)
            add_word(job, callgrind[i]);
        (void)snprintf(text, sizeof(text), "--callgrind-out-file=%s", job->name);
        add_word(job, text);
    }
    add_word(job, request->programs[program]);
    add_word(job, "run-one");
    add_word(job, "--");
    add_word(job, ".");
    (void)snprintf(text, sizeof(text), "%" PRIu32, run);
    add_word(job, text);
}

/* Why the run is INVALID, into `why`; unchanged when it is valid. */
static enum rc check_run(const struct gate_count_request *request, const struct job *job,
                         char why[GATE_WHY_SIZE], struct err *err)
{
    struct buf path = {0};
    struct arena arena = {0};
    struct sample *samples = NULL;
    size_t count = 0;
    uint32_t run = plan_run_of(request->manifest, 0, (uint32_t)job->arm);
    enum rc rc =
        buf_printf(&path, err, "%s/work/run-%04u.jsonl", request->studies[job->program], run);
    if (rc == RC_OK)
        rc = record_run_read(buf_str(&path), request->manifest, &arena, &samples, &count, err);
    if (rc == RC_OK && !samples[count - 1].valid && why[0] == '\0')
        (void)snprintf(why, GATE_WHY_SIZE, "%s: the run of %s to be counted is INVALID: %.250s",
                       job->program == 0 ? "baseline" : "candidate",
                       request->manifest->arms[job->arm].label, samples[count - 1].reason);
    arena_release(&arena);
    buf_release(&path);
    return rc;
}

static void take_counts(const struct gate_count_request *request, const struct job *job,
                        uint64_t *counts, char why[GATE_WHY_SIZE])
{
    size_t phases = gate_count_phases(request);
    const char *folder = request->studies[job->program];
    const char *label = request->manifest->arms[job->arm].label;
    for (size_t p = 0; p < phases; p++) {
        char name[48];
        uint64_t total = 0;
        /* Callgrind numbers its dumps from 1; perf writes one file. */
        if (request->counter == GATE_COUNTER_PERF)
            (void)snprintf(name, sizeof(name), "%s", job->name);
        else
            (void)snprintf(name, sizeof(name), "%s.%zu", job->name, p + 1);
        bool found = read_total(folder, name, request->counter, &total);
        if ((!found || total == 0) && why[0] == '\0')
            (void)snprintf(why, GATE_WHY_SIZE, "%s: %s counted nothing in %s (%s)",
                           job->program == 0 ? "baseline" : "candidate",
                           gate_counter_name(request->counter), gate_count_phase_name(request, p),
                           label);
        counts[p] = total;
    }
}

static enum rc make_folders(const struct gate_count_request *request, struct err *err)
{
    static const char *const names[] = {"work", "stores", "raw"};
    struct buf path = {0};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < 2 * COUNT_OF(names); i++) {
        if (!request->programs[i % 2])
            continue;
        buf_clear(&path);
        rc = buf_printf(&path, err, "%s/%s", request->studies[i % 2], names[i / 2]);
        if (rc == RC_OK) {
            tool_remove(buf_str(&path)); /* an earlier count's stores: a run begins with none */
            rc = record_folder_make(buf_str(&path), err);
        }
    }
    buf_release(&path);
    return rc;
}

static void say_failed(const struct gate_count_request *request, const struct job *job,
                       const struct tool *tool, const struct tool_end *end, char why[GATE_WHY_SIZE])
{
    char how[64], said[QUOTE_SIZE];
    tool_last_words(request->log, 1, said, sizeof(said));
    if (why[0] == '\0')
        (void)snprintf(why, GATE_WHY_SIZE, "%s: %s of %s: %s: %.200s",
                       job->program == 0 ? "baseline" : "candidate",
                       gate_counter_name(request->counter), request->manifest->arms[job->arm].label,
                       tool_end_text(how, tool, end), said);
}

enum rc gate_count_run(const struct gate_count_request *request, const bool *arms, uint64_t *counts,
                       char why[GATE_WHY_SIZE], struct err *err)
{
    static char *const nothing[] = {NULL};
    size_t arm_count = request->manifest->arm_count, most = 2 * arm_count, count = 0;
    size_t phases = gate_count_phases(request);
    struct job *jobs = calloc(most, sizeof(*jobs));
    struct tool *tools = calloc(most, sizeof(*tools));
    struct tool_end *ends = calloc(most, sizeof(*ends));
    enum rc rc = RC_OK;
    why[0] = '\0';
    if (!jobs || !tools || !ends)
        rc = FAIL(err, RC_NOMEM, 0, "no memory to count instructions");
    if (rc == RC_OK)
        rc = make_folders(request, err);
    for (size_t i = 0; rc == RC_OK && i < most; i++) {
        size_t program = i % 2, arm = i / 2;
        if (!arms[arm] || !request->programs[program])
            continue;
        fill_job(request, program, arm, &jobs[count]);
        tools[count] = (struct tool){.argv = jobs[count].argv,
                                     .dir = request->studies[program],
                                     .log = request->log,
                                     .environ_ = nothing,
                                     .limit_ns = (uint64_t)COUNT_LIMIT_S * 1000000000};
        count++;
    }
    if (rc == RC_OK)
        rc = tool_run(tools, count, 2, request->stop, ends, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        if (!tool_succeeded(&ends[i])) {
            say_failed(request, &jobs[i], &tools[i], &ends[i], why);
            continue;
        }
        rc = check_run(request, &jobs[i], why, err);
        take_counts(request, &jobs[i],
                    counts + (jobs[i].program * arm_count + jobs[i].arm) * phases, why);
    }
    free(jobs);
    free(tools);
    free(ends);
    return rc;
}
