#include "workloads/workload.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#define WORKLOAD(symbol) extern const struct workload workload_##symbol;
#include "workloads/workloads.def"
#undef WORKLOAD

static const struct workload *const rows[] = {
#define WORKLOAD(symbol) &workload_##symbol,
#include "workloads/workloads.def"
#undef WORKLOAD
};

static const struct suite_phase suite[] = {
#define SUITE(phase, workload, snapshot, standard) {phase, workload, snapshot, standard},
#include "workloads/suite.def"
#undef SUITE
};

size_t workload_count(void)
{
    return COUNT_OF(rows);
}

const struct workload *workload_at(size_t index)
{
    CHECK(index < COUNT_OF(rows));
    return rows[index];
}

const struct workload *workload_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}

size_t suite_count(void)
{
    return COUNT_OF(suite);
}

const struct suite_phase *suite_at(size_t index)
{
    CHECK(index < COUNT_OF(suite));
    return &suite[index];
}

static const char *workload_defect(const struct workload *row)
{
    if (row->abi != WORKLOAD_ABI || row->size != sizeof(*row))
        return "is built for another interface";
    if (!row->name || !row->summary || !row->plan)
        return "lacks a name, a summary or plan";
    if (row->options_size > WORKLOAD_OPTIONS_MAX)
        return "has too many options";
    return row->opts ? opt_defect(row->opts, row->options_size) : NULL;
}

enum rc workload_rows_validate(struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *defect = workload_defect(rows[i]);
        if (defect)
            return FAIL(err, RC_BUG, 0, "workload row %zu (%s) %s", i,
                        rows[i]->name ? rows[i]->name : "?", defect);
        if (workload_by_name(rows[i]->name) != rows[i])
            return FAIL(err, RC_BUG, 0, "two workloads are named %s", rows[i]->name);
    }
    for (size_t i = 0; i < COUNT_OF(suite); i++)
        if (!workload_by_name(suite[i].workload))
            return FAIL(err, RC_BUG, 0, "phase %s names no workload", suite[i].phase);
    return RC_OK;
}

struct options_memory {
    alignas(16) unsigned char bytes[WORKLOAD_OPTIONS_MAX];
};

static enum rc options_parse(const struct workload *workload, const char *text,
                             struct options_memory *memory, struct err *err)
{
    static const struct opt none[] = {{.name = NULL}};
    const struct opt *opts = workload->opts ? workload->opts : none;
    char owner[80];
    *memory = (struct options_memory){0};
    opt_defaults(opts, memory->bytes);
    (void)snprintf(owner, sizeof(owner), "workload \"%s\"", workload->name);
    return opt_apply(opts, memory->bytes, text, owner, err);
}

enum rc workload_options_check(const struct workload *workload, const char *options,
                               struct buf *effective, struct err *err)
{
    struct options_memory memory;
    enum rc rc = options_parse(workload, options, &memory, err);
    if (rc == RC_OK && workload->opts && effective)
        rc = opt_print(workload->opts, memory.bytes, effective, err);
    return rc;
}

enum rc workload_suits(const struct workload *workload, const struct dataset *dataset,
                       struct err *err)
{
    char names[120] = "";
    if (!workload->needs_history || (dataset && dataset->event_count > 0))
        return RC_OK;
    for (size_t i = 0; i < dataset_count(); i++) {
        size_t used = strlen(names);
        if (dataset_at(i)->event)
            (void)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
                           dataset_at(i)->name);
    }
    FAIL(err, RC_USAGE, 0, "workload \"%s\": dataset \"%s\" has no history of its own%s",
         workload->name, dataset ? dataset->ops->name : "none",
         dataset && dataset->ops->event ? ": nothing happens in it" : "");
    err_hint(err, "datasets that have one: %s", names);
    return RC_USAGE;
}

enum rc workload_plan(const struct workload *workload, const char *phase, const char *options,
                      uint64_t seed, const struct workload_env *env, struct schedule *schedule)
{
    struct options_memory memory;
    enum rc rc = options_parse(workload, options, &memory, schedule->err);
    if (rc == RC_OK)
        rc = workload_suits(workload, env->dataset, schedule->err);
    if (rc != RC_OK)
        return rc;
    struct rng rng = rng_stream(seed, phase, 0);
    schedule_begin_phase(schedule);
    return workload->plan(memory.bytes, env, &rng, schedule);
}
