/* plan_studies.h: the studies a command is asked for: one by its options, or those of a plan file.
 *
 * Three levels say what a study is: [global], its section, and the command line; the last one that
 * mentions an option decides, lists as a whole.  Options that answer one question count as one:
 * dataset and data; rounds, looks and until-decided.  Everything of a plan is checked, and every
 * study planned, before the first one runs.
 *
 *   struct plan_asked asked = {0};
 *   plan_asked_take(&asked, id, value, err) ...      while arguments are parsed
 *   plan_studies_choose(&studies, &asked, err);      what each study is asked
 *   plan_studies_make(&studies, err);                its manifest
 *   plan_studies_describe(&studies, err);            and the machine, for those that will run
 */
#ifndef CLI_PLAN_STUDIES_H
#define CLI_PLAN_STUDIES_H

#include "cli/plan_file.h"

/* What was typed. */
struct plan_asked {
    const char *path; /* of the plan, or NULL */
    struct plan_entry options[PLAN_ENTRIES_MAX];
    size_t count;
    const char *sections[PLAN_LIST_MAX]; /* only these; none: all */
    size_t section_count;
};

struct plan_study {
    const struct plan_section *section; /* NULL without a plan */
    struct plan_entry *entries;         /* that decided, in order */
    size_t count;
    struct plan_args args; /* what they ask */
    struct record_manifest manifest;
    struct buf name, title;
};

struct plan_studies {
    struct plan_file file;
    struct arena arena;
    struct plan_study *items;
    size_t count;
};

MUST_CHECK enum rc plan_asked_take(struct plan_asked *asked, int id, const char *value,
                                   struct err *err);
MUST_CHECK enum rc plan_asked_section(struct plan_asked *asked, const char *name, struct err *err);

/* Begin with a zeroed struct, whose items must not move.  RC_USAGE for what the plan or the command
 * line say wrongly. */
MUST_CHECK enum rc plan_studies_choose(struct plan_studies *studies, const struct plan_asked *asked,
                                       struct err *err);
/* Fill in profiles and plan all of them, dry (plan_args_make): nothing is written anywhere. */
MUST_CHECK enum rc plan_studies_make(struct plan_studies *studies, struct err *err);
/* No folder of theirs is there already. */
MUST_CHECK enum rc plan_studies_check_folders(const struct plan_studies *studies, struct err *err);
/* Then make the folders they go to and describe the machine (plan_describe). */
MUST_CHECK enum rc plan_studies_describe(struct plan_studies *studies, struct err *err);
/* Where the study's folder is made. */
const char *plan_study_out(const struct plan_study *study);
/* The message of what failed in a study, with its section's place and name. */
enum rc plan_study_fail(const struct plan_study *study, const struct err *cause, struct err *err);
void plan_studies_release(struct plan_studies *studies);

/* The effective plan, which read as a plan file gives the same again; appended. */
MUST_CHECK enum rc plan_studies_print(const struct plan_studies *studies, struct buf *out,
                                      struct err *err);
/* To standard output. */
MUST_CHECK enum rc plan_studies_show(const struct plan_studies *studies, struct err *err);

#endif
