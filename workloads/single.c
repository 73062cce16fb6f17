#include "workloads/single.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum rc single_open(struct single *single, const struct record_manifest *manifest, const char *dir,
                    struct err *err)
{
    *single = (struct single){.manifest = manifest, .err = err};
    enum rc rc = drawn_dataset_open(manifest, dir, &single->dataset, err);
    if (rc == RC_OK)
        rc = drawn_make(&single->drawn, manifest, dir, single->dataset, err);
    if (rc == RC_OK)
        rc = ranks_init(&single->ranks, single->dataset, single->drawn.schedule.file_count, err);
    return rc;
}

void single_close(struct single *single)
{
    ranks_release(&single->ranks);
    drawn_release(&single->drawn);
    dataset_close(single->dataset);
    *single = (struct single){0};
}

/* ---- which one ------------------------------------------------------------------------------- */

static enum rc unknown_phase(struct single *single, const char *name)
{
    const char *names[DRAWN_PHASES_MAX];
    size_t count = single->manifest->phase_count;
    for (size_t i = 0; i < count; i++)
        names[i] = single->manifest->phases[i].name;
    const char *near = nearest_word(name, names, count);
    FAIL(single->err, RC_USAGE, 0, "--op: the study has no phase \"%s\"", Q(name));
    if (near)
        err_hint(single->err, "did you mean \"%s\"?", near);
    else
        err_hint(single->err, "the first one is \"%s\"", names[0]);
    return RC_USAGE;
}

enum rc single_find(struct single *single, const char *text)
{
    const struct drawn *drawn = &single->drawn;
    const char *colon = strrchr(text, ':');
    size_t first = 0, end = drawn->schedule.count, phase = 0;
    uint64_t index = 0;
    if (colon) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%.*s", (int)(colon - text < 120 ? colon - text : 120),
                       text);
        while (phase < drawn->phase_count &&
               strcmp(single->manifest->phases[phase].name, name) != 0)
            phase++;
        if (phase == drawn->phase_count)
            return unknown_phase(single, name);
        first = drawn->phase_start[phase];
        end = drawn->phase_start[phase + 1];
    }
    if (first == end)
        return FAIL(single->err, RC_USAGE, 0, "--op: the phase has no operations");
    enum rc rc =
        parse_u64(colon ? colon + 1 : text, 0, end - first - 1, "--op", &index, single->err);
    if (rc != RC_OK)
        return rc;
    single->number = first + (size_t)index;
    while (single->number >= drawn->phase_start[phase + 1])
        phase++;
    single->phase = phase;
    return RC_OK;
}

/* ---- what it is ------------------------------------------------------------------------------ */

bool single_writes(const struct op *op)
{
    return op->kind == OP_INSERT || op->kind == OP_UPDATE || op->kind == OP_DELETE;
}

bool single_commits(const struct single *single, size_t phase, size_t number, uint32_t in_batch)
{
    const struct drawn *drawn = &single->drawn;
    bool last = number + 1 == drawn->phase_start[phase + 1] ||
                !single_writes(&drawn->schedule.ops[number + 1]);
    return last || in_batch + 1 == drawn->phase_batch[phase];
}

/* What exists before the operation: into an initialised schedule that keeps no operations. */
static enum rc state_before(struct single *single, struct schedule *state)
{
    const struct drawn *drawn = &single->drawn;
    enum rc rc = RC_OK;
    const char *defect = NULL;
    for (size_t i = 0, phase = 0; i < single->number && rc == RC_OK; i++) {
        for (; phase < drawn->phase_count && i == drawn->phase_start[phase]; phase++)
            state->lanes = drawn->phase_lanes[phase];
        rc = schedule_take(state, &drawn->schedule.ops[i], &defect);
        CHECK(!defect); /* it was drawn */
        state->count = 0;
    }
    return rc;
}

/* The dataset's version that an older version of a file holds. */
static uint32_t older_content(const struct single *single, uint32_t file, uint32_t version)
{
    for (size_t i = single->number; i-- > 0;) {
        const struct op *op = &single->drawn.schedule.ops[i];
        if ((op->kind == OP_INSERT || op->kind == OP_UPDATE) && op->file == file &&
            op->version == version)
            return op->content;
    }
    CHECK(false); /* a version that exists was put */
    return 0;
}

/* The place of the operation in its transaction. */
static void describe_batch(const struct single *single, struct single_fact *fact)
{
    uint32_t in_batch = 0;
    for (size_t i = single->drawn.phase_start[single->phase]; i < single->number; i++)
        if (single_writes(&single->drawn.schedule.ops[i]))
            in_batch = single_commits(single, single->phase, i, in_batch) ? 0 : in_batch + 1;
    fact->begins = in_batch == 0;
    fact->commits = single_commits(single, single->phase, single->number, in_batch);
}

static enum rc describe_bytes(struct single *single, struct single_fact *fact)
{
    const struct op *op = fact->op;
    struct buf bytes = {0};
    enum rc rc = dataset_content(single->dataset, op->file, fact->content, &bytes);
    struct span part = buf_span(&bytes);
    if (rc == RC_OK && op->kind == OP_READ_AT) {
        fact->offset = op_offset(op, bytes.len);
        part.ptr += fact->offset;
        part.len = op->len < bytes.len - fact->offset ? op->len : bytes.len - fact->offset;
    }
    fact->len = part.len;
    if (rc == RC_OK)
        fact->hash = hash_xxh128(part);
    buf_release(&bytes);
    return rc;
}

/* An operation of one file. */
static enum rc describe_file(struct single *single, const struct schedule *state,
                             struct single_fact *fact)
{
    const struct op *op = fact->op;
    bool keep_history = single->drawn.env.keep_history;
    const struct schedule_file *file = op->kind != OP_INSERT ? &state->files[op->file] : NULL;
    bool exists = file && file->place != SCHEDULE_DELETED;
    fact->path = ranks_path(&single->ranks, op->file);
    fact->key = single->ranks.rank_of[op->file];
    fact->version = op->version;
    if (op->kind == OP_DELETE) {
        fact->deletes = keep_history ? file->newest - file->oldest + 1 : 1;
        return RC_OK;
    }
    if (op->kind == OP_INSERT || op->kind == OP_UPDATE) {
        fact->content = op->content;
        fact->deletes = exists && !keep_history;
    } else {
        /* Under retention `latest` an older version is the newest. */
        fact->version = keep_history ? op->version : file->newest;
        fact->content = fact->version == file->newest
                            ? file->content
                            : older_content(single, op->file, fact->version);
    }
    return describe_bytes(single, fact);
}

enum rc single_describe(struct single *single, struct single_fact *fact)
{
    const struct op *op = &single->drawn.schedule.ops[single->number];
    struct schedule state;
    *fact = (struct single_fact){
        .op = op,
        .phase = single->manifest->phases[single->phase].name,
        .index = single->number - single->drawn.phase_start[single->phase],
        .path = "",
    };
    if (single_writes(op))
        describe_batch(single, fact);
    if (!single_writes(op) && op->kind != OP_READ && op->kind != OP_READ_AT)
        return RC_OK;
    schedule_init(&state, single->err);
    enum rc rc = state_before(single, &state);
    if (rc == RC_OK)
        rc = describe_file(single, &state, fact);
    schedule_release(&state);
    return rc;
}
