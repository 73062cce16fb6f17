#include "cli/plan_studies.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what was typed -------------------------------------------------------------------------- */

enum rc plan_asked_take(struct plan_asked *asked, int id, const char *value, struct err *err)
{
    if (asked->count == PLAN_ENTRIES_MAX)
        return FAIL(err, RC_USAGE, 0, "more than %d options", PLAN_ENTRIES_MAX);
    /* A switch that was given is on; off it can be in a plan only. */
    asked->options[asked->count++] =
        (struct plan_entry){.id = id, .value = plan_key_is_switch(id) ? "on" : value};
    return RC_OK;
}

enum rc plan_asked_section(struct plan_asked *asked, const char *name, struct err *err)
{
    if (asked->section_count == PLAN_LIST_MAX)
        return FAIL(err, RC_USAGE, 0, "--section: given more than %d times", PLAN_LIST_MAX);
    for (size_t i = 0; i < asked->section_count; i++)
        if (strcmp(asked->sections[i], name) == 0)
            return FAIL(err, RC_USAGE, 0, "--section: \"%s\" is given twice", Q(name));
    asked->sections[asked->section_count++] = name;
    return RC_OK;
}

/* ---- levels ---------------------------------------------------------------------------------- */

/* Options that answer the same question as `id`, itself among them. */
static uint64_t question_of(int id)
{
    static const uint64_t data = (uint64_t)1 << PLAN_ARG_DATASET | (uint64_t)1 << PLAN_ARG_DATA;
    static const uint64_t stop = (uint64_t)1 << PLAN_ARG_ROUNDS | (uint64_t)1 << PLAN_ARG_LOOKS |
                                 (uint64_t)1 << PLAN_ARG_UNTIL_DECIDED;
    uint64_t bit = (uint64_t)1 << id;
    return data & bit ? data : stop & bit ? stop : bit;
}

struct level {
    const struct plan_entry *entries;
    size_t count;
};

static uint64_t questions_of(const struct level *level)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < level->count; i++)
        mask |= question_of(level->entries[i].id);
    return mask;
}

/* Of every level what no later one answers. */
static enum rc choose_entries(struct plan_study *study, const struct level *levels, size_t count,
                              struct arena *arena, struct err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most += levels[i].count;
    study->entries = arena_zalloc(arena, most + 1, sizeof(*study->entries));
    if (!study->entries)
        return FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    for (size_t i = 0; i < count; i++) {
        uint64_t later = 0;
        for (size_t j = i + 1; j < count; j++)
            later |= questions_of(&levels[j]);
        for (size_t k = 0; k < levels[i].count; k++)
            if (!(later & (uint64_t)1 << levels[i].entries[k].id))
                study->entries[study->count++] = levels[i].entries[k];
    }
    return RC_OK;
}

static enum rc take_entries(struct plan_study *study, struct err *err)
{
    for (size_t i = 0; i < study->count; i++) {
        const struct plan_entry *entry = &study->entries[i];
        struct err cause = {0};
        if (plan_key_is_switch(entry->id) && strcmp(entry->value, "off") == 0)
            continue;
        enum rc rc = plan_args_take(&study->args, entry->id, entry->value, &cause);
        if (rc != RC_OK)
            return plan_entry_fail(entry, &cause, err);
    }
    return RC_OK;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A study of a plan is called by plan and section: "story-lix-v1", after the time unless the plan's
 * name was given. */
static enum rc name_study(struct plan_study *study, const struct plan_file *file, struct err *err)
{
    struct plan_request *request = &study->args.request;
    const char *given = request->name ? request->name : file->name;
    const char *plan = given ? given : file->stem, *section = study->section->name;
    enum rc rc = buf_printf(&study->name, err, "%s-%s", plan, section);
    if (rc == RC_OK)
        rc = buf_printf(&study->title, err, "%s [%s]", plan, section);
    if (rc != RC_OK)
        return rc;
    request->plan_name = buf_str(&study->title);
    request->name = given ? buf_str(&study->name) : NULL;
    request->stem = buf_str(&study->name);
    return RC_OK;
}

static enum rc choose_section(struct plan_studies *studies, const struct plan_asked *asked,
                              const struct plan_section *section, struct err *err)
{
    const struct plan_file *file = &studies->file;
    struct plan_study *study = &studies->items[studies->count++];
    struct level levels[] = {
        {file->global.entries, file->global.count},
        {section->entries, section->count},
        {asked->options, asked->count},
    };
    study->section = section;
    study->args = (struct plan_args)PLAN_ARGS_EMPTY;
    enum rc rc = choose_entries(study, levels, COUNT_OF(levels), &studies->arena, err);
    if (rc == RC_OK)
        rc = take_entries(study, err);
    return rc == RC_OK ? name_study(study, file, err) : rc;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static enum rc check_sections(const struct plan_studies *studies, const struct plan_asked *asked,
                              struct err *err)
{
    const struct plan_file *file = &studies->file;
    const char *names[PLAN_SECTIONS_MAX];
    for (size_t i = 0; i < file->section_count; i++)
        names[i] = file->sections[i].name;
    for (size_t i = 0; i < asked->section_count; i++) {
        size_t at = 0;
        while (at < file->section_count && strcmp(names[at], asked->sections[i]) != 0)
            at++;
        if (at < file->section_count)
            continue;
        const char *near = nearest_word(asked->sections[i], names, file->section_count);
        FAIL(err, RC_USAGE, 0, "--section: the plan \"%s\" has no section \"%s\"", Q(file->path),
             Q(asked->sections[i]));
        if (near)
            err_hint(err, "did you mean \"%s\"?", near);
        return RC_USAGE;
    }
    return RC_OK;
}

static bool is_wanted(const struct plan_asked *asked, const char *name)
{
    for (size_t i = 0; i < asked->section_count; i++)
        if (strcmp(asked->sections[i], name) == 0)
            return true;
    return asked->section_count == 0;
}

static enum rc choose_from_file(struct plan_studies *studies, const struct plan_asked *asked,
                                struct err *err)
{
    struct plan_file *file = &studies->file;
    enum rc rc = plan_file_read(file, asked->path, err);
    if (rc == RC_OK)
        rc = check_sections(studies, asked, err);
    if (rc != RC_OK)
        return rc;
    studies->items = calloc(file->section_count, sizeof(*studies->items));
    if (!studies->items)
        return FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    for (size_t i = 0; rc == RC_OK && i < file->section_count; i++)
        if (is_wanted(asked, file->sections[i].name))
            rc = choose_section(studies, asked, &file->sections[i], err);
    return rc;
}

enum rc plan_studies_choose(struct plan_studies *studies, const struct plan_asked *asked,
                            struct err *err)
{
    if (asked->path)
        return choose_from_file(studies, asked, err);
    if (asked->section_count)
        return FAIL(err, RC_USAGE, 0, "--section: expected a plan file to take it from");
    studies->items = calloc(1, sizeof(*studies->items));
    if (!studies->items)
        return FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    struct plan_study *study = &studies->items[studies->count++];
    struct level typed = {asked->options, asked->count};
    study->args = (struct plan_args)PLAN_ARGS_EMPTY;
    enum rc rc = choose_entries(study, &typed, 1, &studies->arena, err);
    return rc == RC_OK ? take_entries(study, err) : rc;
}

/* ---- planning -------------------------------------------------------------------------------- */

enum rc plan_study_fail(const struct plan_study *study, const struct err *cause, struct err *err)
{
    if (!study->section) {
        *err = *cause;
        return cause->rc;
    }
    enum rc rc = FAIL(err, cause->rc, 0, "%s:%u: [%s]: %.480s", Q(study->section->file),
                      study->section->line, study->section->name, cause->msg);
    if (cause->hint[0])
        err_hint(err, "%s", cause->hint);
    return rc;
}

const char *plan_study_out(const struct plan_study *study)
{
    return study->args.request.out ? study->args.request.out : PLAN_DEFAULT_OUT;
}

enum rc plan_studies_make(struct plan_studies *studies, struct err *err)
{
    for (size_t i = 0; i < studies->count; i++) {
        struct plan_study *study = &studies->items[i];
        struct err cause = {0};
        study->args.request.dry = true;
        enum rc rc = plan_args_make(&study->args, &studies->arena, &study->manifest, &cause);
        if (rc != RC_OK)
            return plan_study_fail(study, &cause, err);
    }
    return RC_OK;
}

enum rc plan_studies_check_folders(const struct plan_studies *studies, struct err *err)
{
    struct buf path = {0};
    struct stat st;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < studies->count; i++) {
        const struct plan_study *study = &studies->items[i];
        struct err cause = {0};
        buf_clear(&path);
        rc = buf_printf(&path, err, "%s/%s", plan_study_out(study), study->manifest.id);
        if (rc == RC_OK && study->section && lstat(buf_str(&path), &st) == 0) {
            FAIL(&cause, RC_USAGE, 0, "\"%s\" is there already", Q(buf_str(&path)));
            err_hint(&cause, "choose another --name or --out, or finish it: blobfront resume");
            rc = plan_study_fail(study, &cause, err);
        }
    }
    buf_release(&path);
    return rc;
}

enum rc plan_studies_describe(struct plan_studies *studies, struct err *err)
{
    for (size_t i = 0; i < studies->count; i++) {
        struct plan_study *study = &studies->items[i];
        struct err cause = {0};
        enum rc rc = plan_describe(&study->args.request, &studies->arena, &study->manifest, &cause);
        if (rc != RC_OK)
            return plan_study_fail(study, &cause, err);
    }
    return RC_OK;
}

void plan_studies_release(struct plan_studies *studies)
{
    for (size_t i = 0; i < studies->count; i++) {
        plan_args_release(&studies->items[i].args);
        buf_release(&studies->items[i].name);
        buf_release(&studies->items[i].title);
    }
    free(studies->items);
    arena_release(&studies->arena);
    plan_file_release(&studies->file);
    *studies = (struct plan_studies){0};
}
