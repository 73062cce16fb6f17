#include "workloads/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "datasets/dataset.h"
#include "engine/clock.h"
#include "engine/host.h"
#include "results/kept.h"
#include "strategies/strategies.h"
#include "workloads/drawn.h"
#include "workloads/run.h"
#include "workloads/trace.h"

static const char *const plan_default_strategies[] = {
    "raw", "memory", "files", "naive", "dedup", "dedup-zstd", "dedup-brotli", "chunked",
};
#define PLAN_CONTROL "raw"

struct maker {
    const struct plan_request *request;
    struct arena *arena;
    struct record_manifest *manifest;
    struct trace *trace; /* or NULL: the workloads draw the operations */
    struct err *err;
};

static enum rc keep_text(struct maker *maker, const char *text, const char **out)
{
    *out = arena_strdup(maker->arena, text);
    return *out ? RC_OK : FAIL(maker->err, RC_NOMEM, 0, "no memory for the plan");
}

static enum rc keep_buf(struct maker *maker, struct buf *buf, const char **out)
{
    enum rc rc = keep_text(maker, buf_str(buf), out);
    buf_release(buf);
    return rc;
}

/* ---- arms ----------------------------------------------------------------------------------- */

static enum rc open_in(const char *folder, const struct strategy_spec *spec, struct err *err)
{
    struct io io = {0};
    struct store *store = NULL;
    struct buf data = {0};
    struct store_config config = {
        .io = &io,
        .durability = DURABILITY_NONE,
        .preset = spec->row->preset,
        .options = spec->options,
        .label = spec->label,
    };
    enum rc rc = buf_printf(&data, err, "%s/data", folder);
    if (rc == RC_OK && mkdir(buf_str(&data), 0700) != 0)
        rc = FAIL(err, RC_IO, errno, "cannot create the folder \"%s\"", Q(buf_str(&data)));
    if (rc == RC_OK)
        rc = io_open_posix(&io, buf_str(&data), err);
    if (rc == RC_OK)
        rc = store_open(&store, spec->row->ops, &config, err);
    KEEP_FIRST(rc, store_close(store, err));
    io_close(&io);
    buf_release(&data);
    return rc;
}

/* Options may be right one by one and wrong together (a smallest chunk above the average): only the
 * strategy knows, and says so when it is opened, here on a store that is thrown away.  Where there
 * is no place for one the first run tells. */
static enum rc try_open(struct maker *maker, const struct strategy_spec *spec)
{
    const char *places[] = {getenv("TMPDIR"), "/tmp"};
    struct buf folder = {0};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < COUNT_OF(places); i++) {
        if (!places[i] || !places[i][0])
            continue;
        buf_clear(&folder);
        rc = buf_printf(&folder, maker->err, "%s/blobfront-XXXXXX", places[i]);
        if (rc != RC_OK || !mkdtemp((char *)folder.ptr))
            continue;
        rc = open_in(buf_str(&folder), spec, maker->err);
        KEEP_FIRST(rc, kept_remove(buf_str(&folder), maker->err));
        break;
    }
    buf_release(&folder);
    return rc;
}

static enum rc add_arm(struct maker *maker, const char *text)
{
    struct record_manifest *manifest = maker->manifest;
    struct strategy_spec spec;
    struct buf options = {0}, caps = {0};
    enum rc rc = strategy_spec_parse(text, &spec, maker->err);
    if (rc != RC_OK)
        return rc;
    if (manifest->arm_count == PLAN_ARMS_MAX)
        return FAIL(maker->err, RC_USAGE, 0, "more than %d strategies", PLAN_ARMS_MAX);
    for (size_t i = 0; i < manifest->arm_count; i++)
        if (strcmp(manifest->arms[i].label, spec.label) == 0)
            return FAIL(maker->err, RC_USAGE, 0, "--strategy: \"%s\" is given twice", Q(text));
    struct record_arm *arm = &manifest->arms[manifest->arm_count++];
    const struct strategy *ops = spec.row->ops;
    *arm = (struct record_arm){
        .summary = spec.row->summary,
        .sql = (ops->caps & CAP_SQL) != 0,
        .volatile_floor = (ops->caps & CAP_VOLATILE) != 0,
    };
    rc = store_options_check(ops, spec.row->preset, spec.options, spec.label, &options, maker->err);
    if (rc == RC_OK)
        rc = try_open(maker, &spec);
    if (rc == RC_OK)
        rc = strategy_caps_print(ops->caps, &caps, maker->err);
    if (rc == RC_OK)
        rc = keep_text(maker, spec.label, &arm->label);
    if (rc == RC_OK)
        rc = keep_text(maker, text, &arm->spec);
    if (rc == RC_OK)
        rc = keep_buf(maker, &options, &arm->options);
    if (rc == RC_OK)
        rc = keep_buf(maker, &caps, &arm->caps);
    buf_release(&options);
    buf_release(&caps);
    return rc;
}

/* The control stands first, and once more as raw': what differs between the two is noise. */
static void add_control_again(struct record_manifest *manifest)
{
    manifest->arms[0].control = true;
    struct record_arm again = manifest->arms[0];
    again.label = PLAN_CONTROL "'";
    again.control = false;
    again.control_again = true;
    memmove(&manifest->arms[2], &manifest->arms[1],
            (manifest->arm_count - 1) * sizeof(*manifest->arms));
    manifest->arms[1] = again;
    manifest->arm_count++;
}

static enum rc make_arms(struct maker *maker)
{
    const struct plan_request *request = maker->request;
    struct record_manifest *manifest = maker->manifest;
    const char *const *specs = request->strategies;
    size_t count = request->strategy_count;
    if (count == 0) {
        specs = plan_default_strategies;
        count = COUNT_OF(plan_default_strategies);
    }
    manifest->arms = arena_zalloc(maker->arena, PLAN_ARMS_MAX + 1, sizeof(*manifest->arms));
    if (!manifest->arms)
        return FAIL(maker->err, RC_NOMEM, 0, "no memory for the plan");
    /* With programs to compare each strategy has its own control (plan_builds.c). */
    bool builds = request->build_count > 0;
    enum rc rc = builds ? RC_OK : add_arm(maker, PLAN_CONTROL);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        if (builds || strcmp(specs[i], PLAN_CONTROL) != 0)
            rc = add_arm(maker, specs[i]);
    if (rc == RC_OK && builds)
        return plan_builds_apply(manifest, request->builds, request->build_count, maker->arena,
                                 maker->err);
    if (rc == RC_OK)
        add_control_again(manifest);
    return rc;
}

/* ---- phases --------------------------------------------------------------------------------- */

static enum rc unknown_workload(struct maker *maker, const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (; count < workload_count() && count < COUNT_OF(names); count++)
        names[count] = workload_at(count)->name;
    const char *near = nearest_word(name, names, count);
    if (near)
        return FAIL(maker->err, RC_USAGE, 0, "unknown workload \"%s\" (did you mean \"%s\"?)",
                    Q(name), near);
    FAIL(maker->err, RC_USAGE, 0, "unknown workload \"%s\"", Q(name));
    err_hint(maker->err, "blobfront list workloads");
    return RC_USAGE;
}

static bool is_standard(const char *name)
{
    for (size_t i = 0; i < suite_count(); i++)
        if (strcmp(suite_at(i)->workload, name) == 0)
            return suite_at(i)->standard;
    return false;
}

static bool workload_wanted(const struct plan_request *request, const char *name)
{
    if (strcmp(name, "ingest") == 0)
        return true;
    if (request->workload_count == 0)
        return is_standard(name);
    for (size_t i = 0; i < request->workload_count; i++)
        if (strcmp(request->workloads[i], name) == 0)
            return true;
    return false;
}

/* The options given for a workload; "" when none. */
static enum rc workload_options(struct maker *maker, const char *workload, const char **out)
{
    const struct plan_request *request = maker->request;
    char name[SPEC_NAME_SIZE];
    *out = "";
    for (size_t i = 0; i < request->workload_option_count; i++) {
        const char *options;
        enum rc rc = spec_split(request->workload_options[i], name, &options, maker->err);
        if (rc != RC_OK)
            return rc;
        if (strcmp(name, workload) == 0)
            *out = options;
    }
    return RC_OK;
}

/* One --set: of a workload that exists and will run, and the only one for it. */
static enum rc check_workload_option(struct maker *maker, size_t index)
{
    const struct plan_request *request = maker->request;
    const char *text = request->workload_options[index], *options;
    char name[SPEC_NAME_SIZE], other[SPEC_NAME_SIZE];
    enum rc rc = spec_split(text, name, &options, maker->err);
    if (rc != RC_OK)
        return rc;
    if (!workload_by_name(name))
        return unknown_workload(maker, name);
    if (!options[0])
        return FAIL(maker->err, RC_USAGE, 0, "--set: expected W:opt=value, got \"%s\"", Q(text));
    if (!workload_wanted(request, name))
        return FAIL(maker->err, RC_USAGE, 0, "--set: \"%s\" is not among the chosen workloads",
                    name);
    for (size_t i = 0; rc == RC_OK && i < index; i++) {
        rc = spec_split(request->workload_options[i], other, &options, maker->err);
        if (rc == RC_OK && strcmp(name, other) == 0)
            return FAIL(maker->err, RC_USAGE, 0,
                        "--set: options of \"%s\" are given twice "
                        "(expected one W:a=1,b=2)",
                        name);
    }
    return rc;
}

static enum rc check_workload_names(struct maker *maker)
{
    const struct plan_request *request = maker->request;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < request->workload_count; i++)
        if (!workload_by_name(request->workloads[i]))
            return unknown_workload(maker, request->workloads[i]);
    for (size_t i = 0; rc == RC_OK && i < request->workload_option_count; i++)
        rc = check_workload_option(maker, i);
    return rc;
}

static enum rc add_phase(struct maker *maker, const struct suite_phase *suite)
{
    struct record_manifest *manifest = maker->manifest;
    const struct workload *workload = workload_by_name(suite->workload);
    struct record_phase *phase = &manifest->phases[manifest->phase_count++];
    const char *options;
    struct buf effective = {0};
    *phase = (struct record_phase){
        .name = suite->phase,
        .workload = suite->workload,
        .snapshot = suite->snapshot,
        .reads_only = workload->reads_only,
    };
    enum rc rc = workload_options(maker, suite->workload, &options);
    if (rc == RC_OK)
        rc = workload_options_check(workload, options, &effective, maker->err);
    if (rc == RC_OK)
        rc = keep_buf(maker, &effective, &phase->options);
    buf_release(&effective);
    return rc;
}

static enum rc make_phases(struct maker *maker)
{
    struct record_manifest *manifest = maker->manifest;
    if (maker->trace)
        return plan_trace_phases(maker->trace, manifest, maker->arena, maker->err);
    enum rc rc = check_workload_names(maker);
    manifest->phases = arena_zalloc(maker->arena, suite_count(), sizeof(*manifest->phases));
    if (rc == RC_OK && !manifest->phases)
        rc = FAIL(maker->err, RC_NOMEM, 0, "no memory for the plan");
    for (size_t i = 0; rc == RC_OK && i < suite_count(); i++)
        if (workload_wanted(maker->request, suite_at(i)->workload))
            rc = add_phase(maker, suite_at(i));
    return rc;
}

/* ---- settings ------------------------------------------------------------------------------- */

static enum rc choose(struct maker *maker, const char *what, const char *value,
                      const char *const *choices, size_t count, const char **out)
{
    *out = value ? value : choices[0];
    for (size_t i = 0; i < count; i++)
        if (strcmp(*out, choices[i]) == 0)
            return RC_OK;
    const char *near = nearest_word(*out, choices, count);
    FAIL(maker->err, RC_USAGE, 0, "%s: expected %s or %s, got \"%s\"", what, choices[0], choices[1],
         Q(*out));
    if (near)
        err_hint(maker->err, "did you mean \"%s\"?", near);
    return RC_USAGE;
}

static enum rc make_settings(struct maker *maker)
{
    static const char *const retentions[] = {"history", "latest"};
    static const char *const keeps[] = {"last", "none"};
    const struct plan_request *request = maker->request;
    struct record_manifest *manifest = maker->manifest;
    const struct trace *trace = maker->trace;
    enum durability durability;
    manifest->seed = request->seed_given ? request->seed : trace ? trace->seed : 1;
    manifest->budget_ns = request->budget_ns;
    manifest->batch = request->batch ? request->batch : trace ? trace->batch : 1;
    manifest->anywhere = request->anywhere;
    manifest->guardrail = isnan(request->guardrail) ? 0.10 : request->guardrail;
    manifest->durability = request->durability ? request->durability
                           : trace             ? trace->durability
                                               : "durable";
    manifest->plan_name = request->plan_name ? request->plan_name : trace ? "replay" : "suite";
    record_protocol_default(&manifest->protocol);
    const char *retention = request->retention;
    if (trace && !retention)
        retention = retentions[trace->keep_history ? 0 : 1];
    enum rc rc = durability_parse(manifest->durability, &durability, maker->err);
    if (rc == RC_OK)
        rc = choose(maker, "--retention", retention, retentions, COUNT_OF(retentions),
                    &manifest->retention);
    if (rc == RC_OK)
        rc = choose(maker, "--keep", request->keep, keeps, COUNT_OF(keeps), &manifest->keep);
    return rc;
}

/* The folder that holds `path`, as far as it exists, resolved.  free() it; NULL: errno. */
static char *resolve_existing(const char *path)
{
    char *part = strdup(path[0] == '\0' ? "." : path), *found = NULL;
    while (part && !(found = realpath(part, NULL)) && errno == ENOENT) {
        char *slash = strrchr(part, '/');
        if (slash == part || (!slash && strcmp(part, ".") == 0))
            break;
        if (slash)
            *slash = '\0';
        else
            (void)memcpy(part, ".", 2);
    }
    free(part);
    return found;
}

/* Where a study writes below its own data the data changes with every run. */
static enum rc check_apart(struct maker *maker, const char *source)
{
    const char *out = maker->request->out ? maker->request->out : PLAN_DEFAULT_OUT;
    char *data = realpath(source, NULL), *place = resolve_existing(out);
    size_t len = data ? strlen(data) : 0;
    bool inside = data && place && strncmp(place, data, len) == 0 &&
                  (len == 1 || place[len] == '/' || place[len] == '\0');
    free(data);
    free(place);
    if (!inside)
        return RC_OK;
    FAIL(maker->err, RC_USAGE, 0,
         "the study would be written to \"%s\", inside the data it "
         "measures",
         Q(out));
    err_hint(maker->err, "name a folder outside \"%s\" with --out", Q(source));
    return maker->err->rc;
}

/* As asked for, the trace's, or the first one. */
static enum rc choose_dataset(struct maker *maker, const char **spec)
{
    const struct trace *trace = maker->trace;
    struct buf own = {0};
    *spec = maker->request->dataset ? maker->request->dataset
            : trace                 ? trace->dataset_spec
                                    : "lix-v1";
    if (maker->request->dataset || !trace || !trace->blobs.look)
        return RC_OK;
    enum rc rc = buf_printf(&own, maker->err, TRACE_DATASET ":%s", trace->path);
    if (rc == RC_OK)
        rc = keep_buf(maker, &own, spec);
    buf_release(&own);
    return rc;
}

/* What cannot be drawn (shares that do not add up, more operations than there may be) is refused
 * before there is a study's folder, not by its first run. */
static enum rc try_draw(struct maker *maker, struct dataset *ds)
{
    struct drawn drawn;
    if (maker->trace)
        return RC_OK;
    enum rc rc = drawn_make(&drawn, maker->manifest, NULL, ds, maker->err);
    drawn_release(&drawn);
    return rc;
}

static enum rc make_dataset(struct maker *maker)
{
    struct record_manifest *manifest = maker->manifest;
    const char *spec;
    struct dataset *ds = NULL;
    struct dataset_summary summary;
    char hex[HEX_SIZE];
    enum rc rc = choose_dataset(maker, &spec);
    if (rc == RC_OK)
        rc = dataset_open(&ds, spec, manifest->seed, maker->err);
    for (size_t i = 0; rc == RC_OK && i < COUNT_OF(ds->folders); i++)
        if (ds->folders[i])
            rc = check_apart(maker, ds->folders[i]);
    /* What a trace needed it has already. */
    for (size_t i = 0; rc == RC_OK && !maker->trace && i < manifest->phase_count; i++)
        rc = workload_suits(workload_by_name(manifest->phases[i].workload), ds, maker->err);
    if (rc == RC_OK)
        rc = dataset_summarise(ds, &summary);
    if (rc != RC_OK)
        goto out;
    manifest->dataset_files = summary.file_count;
    manifest->dataset_bytes = summary.bytes;
    manifest->dataset_name = ds->ops->name;
    manifest->dataset_warning = ds->ops->warning ? ds->ops->warning : "";
    rc = keep_text(maker, ds->pinned ? ds->pinned : spec, &manifest->dataset_spec);
    if (rc == RC_OK)
        rc = keep_text(maker, dataset_options(ds), &manifest->dataset_options);
    if (rc == RC_OK)
        rc = keep_text(maker, hex_str(hex, span_of(summary.hash.bytes, sizeof(summary.hash.bytes))),
                       &manifest->dataset_hash);
    if (rc == RC_OK)
        rc = try_draw(maker, ds);
out:
    dataset_close(ds);
    return rc;
}

/* ---- where and when ------------------------------------------------------------------------- */

/* A name that every shell, report and file system takes as it is. */
static bool is_plain_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p < 0x20 || *p > 0x7e || *p == '/')
            return false;
    return name[0] && name[0] != '.' && name[0] != '-' && strlen(name) <= 100;
}

static enum rc make_names(struct maker *maker)
{
    const struct plan_request *request = maker->request;
    struct record_manifest *manifest = maker->manifest;
    char created[32], stamp[32];
    time_t now = (time_t)clock_epoch_s();
    struct tm utc;
    struct buf id = {0};
    CHECK(gmtime_r(&now, &utc) && strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &utc) &&
          strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &utc));
    enum rc rc = keep_text(maker, created, &manifest->created);
    if (rc != RC_OK)
        return rc;
    const char *name = request->name ? request->name : request->stem;
    if (name && !is_plain_name(name))
        return FAIL(maker->err, RC_USAGE, 0,
                    "--name: expected at most 100 printable ASCII characters without \"/\", the "
                    "first not \".\" or \"-\", got \"%s\"",
                    Q(name));
    if (request->name)
        rc = buf_append(&id, span_of_str(request->name), maker->err);
    else
        rc = buf_printf(&id, maker->err, "%s-%s", stamp,
                        request->stem ? request->stem : manifest->dataset_name);
    if (rc == RC_OK)
        rc = keep_buf(maker, &id, &manifest->id);
    buf_release(&id);
    return rc;
}

static enum rc copy_facts(struct maker *maker, const struct host_fact *facts, size_t count,
                          struct facts *out)
{
    out->items = arena_zalloc(maker->arena, count + 1, sizeof(*out->items));
    out->count = count;
    if (!out->items)
        return FAIL(maker->err, RC_NOMEM, 0, "no memory for the plan");
    for (size_t i = 0; i < count; i++)
        out->items[i] = (struct fact){facts[i].name, facts[i].value};
    return RC_OK;
}

static enum rc make_sqlite_options(struct maker *maker)
{
    struct facts *out = &maker->manifest->sqlite_options;
    size_t count = 0;
    while (sqlite3_compileoption_get((int)count))
        count++;
    out->items = arena_zalloc(maker->arena, count + 1, sizeof(*out->items));
    out->count = count;
    if (!out->items)
        return FAIL(maker->err, RC_NOMEM, 0, "no memory for the plan");
    for (size_t i = 0; i < count; i++) {
        const char *option = sqlite3_compileoption_get((int)i);
        const char *equals = strchr(option, '=');
        char *name = arena_strdup(maker->arena, option);
        if (!name)
            return FAIL(maker->err, RC_NOMEM, 0, "no memory for the plan");
        if (equals)
            name[equals - option] = '\0';
        out->items[i] = (struct fact){name, equals ? name + (equals - option) + 1 : ""};
    }
    return RC_OK;
}

static enum rc make_host(struct maker *maker)
{
    struct record_manifest *manifest = maker->manifest;
    struct host_fact facts[HOST_FACTS_MAX];
    size_t count;
    char hash[HEX_SIZE];
    const char *out = maker->request->out ? maker->request->out : PLAN_DEFAULT_OUT;
    struct clock_cost clock = clock_measure();
    manifest->clock_read_ns = clock.read_ns;
    manifest->clock_tick_ns = clock.tick_ns;
    manifest->tool_version = BLOBFRONT_VERSION;
    enum rc rc = record_folder_make(out, maker->err);
    if (rc == RC_OK)
        rc = host_program_hash(hash, maker->err);
    if (rc == RC_OK)
        rc = keep_text(maker, hash, &manifest->tool_hash);
    if (rc == RC_OK)
        rc = host_facts(out, maker->arena, facts, &count, maker->err);
    if (rc == RC_OK)
        rc = copy_facts(maker, facts, count, &manifest->host);
    if (rc == RC_OK)
        rc = host_libraries(maker->arena, facts, &count, maker->err);
    if (rc == RC_OK)
        rc = copy_facts(maker, facts, count, &manifest->libraries);
    return rc == RC_OK ? make_sqlite_options(maker) : rc;
}

/* All of it, the trace being read. */
static enum rc make_plan(struct maker *maker)
{
    const struct plan_request *request = maker->request;
    struct record_manifest *manifest = maker->manifest;
    enum rc rc = make_settings(maker);
    if (rc == RC_OK)
        rc = plan_protocol_make(request, manifest, maker->err);
    if (rc == RC_OK)
        rc = make_arms(maker);
    if (rc == RC_OK)
        rc = make_phases(maker);
    if (rc == RC_OK)
        rc = make_dataset(maker);
    if (rc == RC_OK && maker->trace)
        rc = plan_trace_apply(request, maker->trace, manifest, maker->arena, maker->err);
    if (rc == RC_OK)
        rc = make_names(maker);
    return rc == RC_OK && !request->dry ? make_host(maker) : rc;
}

enum rc plan_make(const struct plan_request *request, struct arena *arena,
                  struct record_manifest *manifest, struct err *err)
{
    struct trace trace = {0};
    struct maker maker = {.request = request, .arena = arena, .manifest = manifest, .err = err};
    enum rc rc = RC_OK;
    *manifest = (struct record_manifest){0};
    if (request->trace) {
        maker.trace = &trace;
        rc = plan_trace_request_check(request, err);
        if (rc == RC_OK)
            rc = trace_read(&trace, request->trace, err);
    }
    if (rc == RC_OK)
        rc = make_plan(&maker);
    trace_release(&trace);
    return rc;
}

enum rc plan_describe(const struct plan_request *request, struct arena *arena,
                      struct record_manifest *manifest, struct err *err)
{
    struct maker maker = {.request = request, .arena = arena, .manifest = manifest, .err = err};
    return make_host(&maker);
}

enum rc plan_check(const struct record_manifest *manifest, struct err *err)
{
    if (manifest->arm_count > PLAN_ARMS_MAX + 1)
        return FAIL(err, RC_USAGE, 0, "manifest.json: %zu arms (expected at most %d)",
                    manifest->arm_count, PLAN_ARMS_MAX + 1);
    if (manifest->phase_count > RUN_PHASES_MAX)
        return FAIL(err, RC_USAGE, 0, "manifest.json: %zu phases (expected at most %d)",
                    manifest->phase_count, RUN_PHASES_MAX);
    if (manifest->rounds > PLAN_ROUNDS_MAX)
        return FAIL(err, RC_USAGE, 0, "manifest.json: %" PRIu32 " rounds (expected at most %d)",
                    manifest->rounds, PLAN_ROUNDS_MAX);
    const struct record_protocol *protocol = &manifest->protocol;
    size_t looks = protocol->look_count;
    if (protocol->stopping == STOPPING_LOOKS &&
        (looks == 0 || looks > RECORD_LOOKS_MAX || protocol->looks[looks - 1] != manifest->rounds))
        return FAIL(err, RC_USAGE, 0, "manifest.json: the last look is not after the last round");
    return RC_OK;
}
