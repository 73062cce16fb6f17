/* plan_file.h: a plan in a file: what would be typed, written down, one study per section.
 *
 *   [global]                       what every study below begins with; first, or not there
 *   name = story                   of the plan; without it the file's name without ".ini"
 *   include = common.ini           as if its lines stood here
 *   strategy = dedup               keys are the options of `run` without "--", values the same
 *   strategy = chunked:avg=8k      lists repeat their key
 *
 *   [lix-v1]                       a study
 *   dataset = lix-v1
 *   no-racing = on                 switches are on or off
 *
 * Comments are lines that begin with "#" or ";".  White space around keys and values does not
 * count.  What a section says for a key replaces what [global] says, lists as a whole; the command
 * line replaces both (plan_studies.h).  Nothing means anything else than on the command line: also
 * paths are relative to the folder the program is started in.  Only `include` names files below the
 * folder of the plan; it may stand anywhere, and after it the section it stands in goes on.
 *
 * Every failure is RC_USAGE and begins with FILE:LINE, but for files that cannot be read.
 * Ownership: all texts live until plan_file_release.
 */
#ifndef CLI_PLAN_FILE_H
#define CLI_PLAN_FILE_H

#include "cli/plan_args.h"

enum { PLAN_SECTIONS_MAX = 256, PLAN_SECTION_NAME_MAX = 40, PLAN_ENTRIES_MAX = 256 };
enum { PLAN_INCLUDE_DEPTH_MAX = 8, PLAN_INCLUDES_MAX = 64 };

/* A key and its value, or an option of the command line (file NULL). */
struct plan_entry {
    int id;            /* PLAN_ARG_... */
    const char *value; /* of a switch "on" or "off" */
    const char *file;
    unsigned line;
};

struct plan_section {
    const char *name; /* "global" for what all begin with */
    const char *file; /* where its header stands */
    unsigned line;
    struct plan_entry *entries;
    size_t count, cap;
};

struct plan_file {
    struct arena arena;
    const char *path, *folder;
    const char *name; /* as given, or NULL */
    const char *stem; /* the file's name without folder and ".ini" */
    struct plan_section global, *sections;
    size_t section_count;
};

/* Begin with a zeroed struct. */
MUST_CHECK enum rc plan_file_read(struct plan_file *plan, const char *path, struct err *err);
void plan_file_release(struct plan_file *plan);

/* Prefix the message with where the entry stands: "FILE:LINE: rounds: ...".  Entries of the command
 * line leave it as it is. */
enum rc plan_entry_fail(const struct plan_entry *entry, const struct err *cause, struct err *err);
/* The option as plans write it: "rounds". */
const char *plan_key_name(int id);
/* Options without a value: on or off in plans. */
bool plan_key_is_switch(int id);

#endif
