/* trend: a folder of records as a history. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/trend.h"
#include "cli/cli.h"

enum { TREND_METRIC, TREND_ARM, TREND_MAX_P, TREND_WINDOW, TREND_JSON };

static const struct arg rows[] = {
    {TREND_METRIC, "--metric", "METRIC@PLACE", NULL,
     "what to follow, repeatable (default: the frontier's key metrics)"},
    {TREND_ARM, "--arm", "STRATEGY", NULL, "only this one, as the last record names it"},
    {TREND_MAX_P, "--max-p", "RATE", NULL,
     "a change must look at least so unlikely (default 0.001)"},
    {TREND_WINDOW, "--window", "N", NULL, "records looked at together (default 50)"},
    {TREND_JSON, "--json", NULL, NULL, "print series and alarms as JSON (blobfront/trend/1)"},
    {.name = NULL},
};

struct trend_arguments {
    const char *folder, *metrics[TREND_METRICS_MAX];
    struct trend_options options;
    bool json;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct trend_arguments *to = ctx;
    uint64_t number = 0;
    enum rc rc = RC_OK;
    (void)value2;
    switch (id) {
    case TREND_METRIC:
        if (to->options.metric_count == TREND_METRICS_MAX)
            return FAIL(err, RC_USAGE, 0, "--metric: given more than %d times", TREND_METRICS_MAX);
        to->metrics[to->options.metric_count++] = value;
        return RC_OK;
    case TREND_ARM: to->options.arm = value; return RC_OK;
    case TREND_MAX_P:
        return parse_rate(value, 1e-12, 0.5, "--max-p", &to->options.edivisive.max_p, err);
    case TREND_WINDOW:
        rc = parse_u64(value, 6, EDIVISIVE_WINDOW_MAX, "--window", &number, err);
        to->options.edivisive.window = (size_t)number;
        return rc;
    case TREND_JSON: to->json = true; return RC_OK;
    default: to->folder = value; return RC_OK;
    }
}

/* ---- the folder ----------------------------------------------------------------------------- */

struct entry {
    char *dir;           /* folder of the record */
    char *created, *why; /* `why`: it cannot be read */
};

struct folder {
    struct entry *entries;
    size_t count, cap;
    struct arena arena;
};

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for the list of records");
}

static bool has_manifest(const char *dir, struct buf *path, struct err *err, enum rc *rc)
{
    struct stat st;
    buf_clear(path);
    *rc = buf_printf(path, err, "%s/manifest.json", dir);
    return *rc == RC_OK && stat(buf_str(path), &st) == 0;
}

/* Time of the record, or why there is none. */
static enum rc read_entry(struct folder *folder, struct entry *entry, struct err *err)
{
    struct record plan = {0};
    struct err failure = {0};
    enum rc rc = record_load_plan(&plan, entry->dir, &failure);
    if (rc == RC_NOMEM)
        return FAIL(err, rc, 0, "%s", failure.msg);
    entry->created = arena_strdup(&folder->arena, rc == RC_OK ? plan.manifest.created : "");
    if (rc != RC_OK)
        entry->why = arena_strdup(&folder->arena, failure.msg);
    record_release(&plan);
    return entry->created == NULL || (rc != RC_OK && entry->why == NULL) ? out_of_memory(err)
                                                                         : RC_OK;
}

static enum rc add_entry(struct folder *folder, const char *dir, struct err *err)
{
    if (folder->count == TREND_RECORDS_MAX)
        return FAIL(err, RC_USAGE, 0, "more than %d records", TREND_RECORDS_MAX);
    if (folder->count == folder->cap) {
        size_t cap = folder->cap ? 2 * folder->cap : 64;
        struct entry *grown = realloc(folder->entries, cap * sizeof(*grown));
        if (grown == NULL)
            return out_of_memory(err);
        folder->entries = grown;
        folder->cap = cap;
    }
    struct entry *entry = &folder->entries[folder->count];
    *entry = (struct entry){.dir = arena_strdup(&folder->arena, dir)};
    if (entry->dir == NULL)
        return out_of_memory(err);
    folder->count++;
    return read_entry(folder, entry, err);
}

static enum rc scan(struct folder *folder, const char *path, DIR *dir, struct err *err)
{
    struct buf name = {0}, manifest = {0};
    enum rc rc = RC_OK;
    const struct dirent *item;
    while (rc == RC_OK && (item = readdir(dir)) != NULL) {
        if (item->d_name[0] == '.')
            continue;
        buf_clear(&name);
        rc = buf_printf(&name, err, "%s/%s", path, item->d_name);
        if (rc == RC_OK && has_manifest(buf_str(&name), &manifest, err, &rc))
            rc = add_entry(folder, buf_str(&name), err);
    }
    buf_release(&name);
    buf_release(&manifest);
    return rc;
}

/* Oldest first; records of one second by name; what cannot be read comes first. */
static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->created, y->created);
    return order ? order : strcmp(x->dir, y->dir);
}

static enum rc read_folder(struct folder *folder, const char *path, struct err *err)
{
    struct buf manifest = {0};
    enum rc rc;
    bool record = has_manifest(path, &manifest, err, &rc);
    buf_release(&manifest);
    if (rc == RC_OK && record) {
        FAIL(err, RC_USAGE, 0, "\"%s\" is a record: expected the folder that holds records",
             Q(path));
        err_hint(err, "blobfront trend %s/..", Q(path));
        return err->rc;
    }
    DIR *dir = rc == RC_OK ? opendir(path) : NULL;
    if (rc == RC_OK && dir == NULL)
        return FAIL(err, RC_USAGE, errno, "cannot read the folder \"%s\"", Q(path));
    if (rc == RC_OK)
        rc = scan(folder, path, dir, err);
    if (dir)
        (void)closedir(dir);
    if (rc == RC_OK && folder->count == 0)
        rc = FAIL(err, RC_USAGE, 0, "\"%s\" holds no records", Q(path));
    if (folder->count > 1)
        qsort(folder->entries, folder->count, sizeof(*folder->entries), by_time);
    return rc;
}

static void folder_release(struct folder *folder)
{
    free(folder->entries);
    arena_release(&folder->arena);
}

/* ---- the history ---------------------------------------------------------------------------- */

struct loaded {
    struct record record;
    struct summary summary;
};

static void loaded_release(struct loaded *loaded)
{
    summary_release(&loaded->summary);
    record_release(&loaded->record);
    *loaded = (struct loaded){.record.dir = NULL};
}

/* *entry->why says why it cannot be read; only a lack of memory is a failure. */
static enum rc load(struct folder *folder, struct entry *entry, struct loaded *loaded,
                    struct err *err)
{
    struct err failure = {0};
    enum rc rc = record_load(&loaded->record, entry->dir, &failure);
    if (rc == RC_OK)
        rc = summary_build(&loaded->summary, &loaded->record, &failure);
    if (rc == RC_OK)
        return RC_OK;
    loaded_release(loaded);
    entry->why = arena_strdup(&folder->arena, failure.msg);
    if (rc == RC_NOMEM || entry->why == NULL)
        return FAIL(err, RC_NOMEM, 0, "%s", failure.msg);
    return RC_OK;
}

/* The newest record that can be read; folder->count when there is none. */
static enum rc load_last(struct folder *folder, struct loaded *last, size_t *at, struct err *err)
{
    for (size_t i = folder->count; i-- > 0;) {
        struct entry *entry = &folder->entries[i];
        enum rc rc = entry->why ? RC_OK : load(folder, entry, last, err);
        *at = i;
        if (rc != RC_OK || !entry->why)
            return rc;
    }
    const struct entry *newest = &folder->entries[folder->count - 1];
    FAIL(err, RC_USAGE, 0, "none of the %zu records can be read: %.400s", folder->count,
         newest->why);
    return err->rc;
}

static enum rc add_others(struct folder *folder, struct trend_history *trend,
                          const struct loaded *last, size_t at, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < folder->count && rc == RC_OK; i++) {
        struct entry *entry = &folder->entries[i];
        struct loaded other = {.record.dir = NULL};
        if (i == at) {
            rc = trend_add(trend, &last->summary, err);
            continue;
        }
        if (!entry->why)
            rc = load(folder, entry, &other, err);
        if (rc == RC_OK)
            rc = entry->why ? trend_note(trend, err, "left out: %s", entry->why)
                            : trend_add(trend, &other.summary, err);
        loaded_release(&other);
    }
    return rc;
}

static enum rc build(struct trend_arguments *to, struct folder *folder, struct trend_history *trend,
                     struct err *err)
{
    struct loaded last = {.record.dir = NULL};
    size_t at = 0;
    enum rc rc = load_last(folder, &last, &at, err);
    to->options.metrics = to->metrics;
    to->options.records = folder->count;
    if (rc == RC_OK)
        rc = trend_begin(trend, &last.summary, &to->options, err);
    if (rc == RC_OK)
        rc = add_others(folder, trend, &last, at, err);
    if (rc == RC_OK)
        rc = trend_finish(trend, err);
    loaded_release(&last);
    return rc;
}

static enum rc trend(int argc, char **argv, struct err *err)
{
    struct trend_arguments to = {.folder = NULL};
    struct args args = {
        .rows = rows,
        .lists = 1u << TREND_METRIC,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "FOLDER",
        .take = take,
        .ctx = &to,
    };
    struct folder folder = {.count = 0};
    struct trend_history history = {.last = NULL};
    struct buf out = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = read_folder(&folder, to.folder, err);
    if (rc == RC_OK)
        rc = build(&to, &folder, &history, err);
    if (rc == RC_OK)
        rc = to.json ? trend_json(&history, &out, err) : trend_text(&history, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    trend_release(&history);
    folder_release(&folder);
    return rc;
}

const struct command command_trend = {
    .name = "trend",
    .summary = "a folder of records as a history: what changed, and with which record",
    .examples = "  blobfront trend results/runs\n"
                "  blobfront trend --metric p95_ns@read_point_binary --arm dedup nightly\n",
    .rows = rows,
    .operands = "FOLDER",
    .run = trend,
};
