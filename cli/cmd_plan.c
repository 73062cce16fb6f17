/* plan: what a study would take and could show, without running it. */
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/estimate.h"
#include "cli/cli.h"
#include "cli/plan_args.h"
#include "workloads/study.h"

enum { PLAN_FROM = PLAN_ARG_COUNT, PLAN_PILOT, PLAN_JSON };
enum { PILOT_ROUNDS = 3 };

static const struct arg rows[] = {
    {PLAN_FROM, "--from", "RECORD", NULL, "take time, bytes and noise from an earlier study"},
    {PLAN_PILOT, "--pilot", NULL, NULL, "measure them in three rounds that are not kept"},
    {PLAN_JSON, "--json", NULL, NULL, "print JSON (blobfront/plan/1)"},
#define PLAN_ARG(id, name, value, help) {PLAN_ARG_##id, name, value, NULL, help},
#include "cli/plan_args.def"
#undef PLAN_ARG
    {.name = NULL},
};

struct plan_arguments {
    struct plan_args plan;
    const char *from;
    bool pilot, json;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct plan_arguments *to = ctx;
    (void)value2;
    switch (id) {
    case PLAN_FROM: to->from = value; return RC_OK;
    case PLAN_PILOT: to->pilot = true; return RC_OK;
    case PLAN_JSON: to->json = true; return RC_OK;
    default: return plan_args_take(&to->plan, id, value, err);
    }
}

/* ---- where ----------------------------------------------------------------------------------- */

/* The folder itself or the nearest one above it that is there: a plan makes none. */
static enum rc nearest_folder(const char *path, struct buf *out, struct err *err)
{
    struct stat st;
    enum rc rc = buf_set(out, span_of_str(path), err);
    while (rc == RC_OK && stat(buf_str(out), &st) != 0) {
        while (out->len > 0 && out->ptr[out->len - 1] == '/')
            out->len--;
        while (out->len > 0 && out->ptr[out->len - 1] != '/')
            out->len--;
        if (out->len == 0)
            return buf_set(out, span_of_str("."), err);
    }
    if (rc == RC_OK && !S_ISDIR(st.st_mode))
        rc = FAIL(err, RC_IO, ENOTDIR, "cannot use the folder \"%s\"", Q(buf_str(out)));
    return rc;
}

/* ---- the pilot ------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

/* The same study in three rounds, in a folder of its own below `out`: on the file system that is
 * going to be used. */
static enum rc run_pilot(const struct plan_args *asked, const char *folder, struct record *record,
                         struct err *err)
{
    struct plan_args plan = *asked;
    struct plan_request *request = &plan.request;
    struct arena arena = {0};
    struct record_manifest manifest;
    struct study_callbacks callbacks = {.ctx = NULL};
    struct study_outcome outcome;
    struct buf dir = {0};
    request->rounds = PILOT_ROUNDS;
    request->look_count = 0;
    request->until_decided = false;
    request->budget_ns = 0;
    request->keep = "none";
    request->name = "pilot";
    request->out = folder;
    enum rc rc = plan_args_make(&plan, &arena, &manifest, err);
    if (rc == RC_OK)
        rc = record_create(folder, &manifest, &dir, err);
    if (rc == RC_OK) {
        print_note("pilot: %d rounds of %zu runs", PILOT_ROUNDS, manifest.arm_count);
        rc = study_run(buf_str(&dir), &callbacks, &stop_signal, &outcome, err);
    }
    if (rc == RC_OK)
        rc = record_load(record, buf_str(&dir), err);
    buf_release(&dir);
    arena_release(&arena);
    return rc;
}

static enum rc pilot(const struct plan_args *asked, const char *out, struct record *record,
                     struct err *err)
{
    struct buf folder = {0};
    stop_on_signals(); /* before there is a folder to leave behind */
    enum rc rc = buf_printf(&folder, err, "%s/.blobfront-pilot-XXXXXX", out);
    if (rc == RC_OK && mkdtemp((char *)folder.ptr) == NULL)
        rc = FAIL(err, RC_IO, errno, "cannot make a folder in \"%s\"", Q(out));
    if (rc == RC_OK) {
        rc = run_pilot(asked, buf_str(&folder), record, err);
        (void)nftw(buf_str(&folder), remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    buf_release(&folder);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static enum rc print_estimate(const struct plan_arguments *to, const struct record_manifest *plan,
                              const struct record *record, struct err *err)
{
    struct summary summary = {.record = NULL};
    struct estimate estimate = {.plan = NULL};
    struct buf out = {0};
    enum rc rc = record ? summary_build(&summary, record, err) : RC_OK;
    if (rc == RC_OK && record && record->run_count == 0)
        rc = FAIL(err, RC_USAGE, 0, "\"%s\": the record holds no finished run", Q(record->dir));
    if (rc == RC_OK)
        rc = estimate_build(&estimate, plan, record ? &summary : NULL, err);
    if (rc == RC_OK)
        rc = to->json ? estimate_json(&estimate, &out, err) : estimate_text(&estimate, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    estimate_release(&estimate);
    summary_release(&summary);
    return rc;
}

static enum rc plan(int argc, char **argv, struct err *err)
{
    struct plan_arguments to = {.plan = PLAN_ARGS_EMPTY};
    struct args args = {
        .rows = rows,
        .lists = PLAN_ARG_LISTS,
        .operands = "",
        .take = take,
        .ctx = &to,
    };
    struct arena arena = {0};
    struct record_manifest manifest;
    struct record record = {.dir = NULL};
    struct buf out = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK && to.from && to.pilot)
        rc = FAIL(err, RC_USAGE, 0, "--from and --pilot: expected one of them");
    const char *asked = to.plan.request.out ? to.plan.request.out : PLAN_DEFAULT_OUT;
    if (rc == RC_OK)
        rc = nearest_folder(asked, &out, err);
    if (rc == RC_OK) {
        to.plan.request.out = buf_str(&out);
        rc = plan_args_make(&to.plan, &arena, &manifest, err);
    }
    if (rc == RC_OK && to.from)
        rc = record_load(&record, to.from, err);
    if (rc == RC_OK && to.pilot)
        rc = pilot(&to.plan, buf_str(&out), &record, err);
    if (rc == RC_OK)
        rc = print_estimate(&to, &manifest, record.dir ? &record : NULL, err);
    record_release(&record);
    buf_release(&out);
    plan_args_release(&to.plan);
    arena_release(&arena);
    return rc;
}

const struct command command_plan = {
    .name = "plan",
    .summary = "what a study would take and could show: cells, time, disk, smallest change",
    .examples = "  blobfront plan --profile full --pilot\n"
                "  blobfront plan --looks 16,24,40 --budget 10m --from results/runs/mine\n",
    .rows = rows,
    .operands = "",
    .run = plan,
};
