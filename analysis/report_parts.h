/* report_parts.h: the sections of report.md, one function each; for report*.c only. */
#ifndef ANALYSIS_REPORT_PARTS_H
#define ANALYSIS_REPORT_PARTS_H

#include "analysis/report.h"
#include "analysis/views.h"

struct report {
    const struct frontier *frontier;
    const struct summary *summary;
    const struct record_manifest *manifest;
    const struct plot_result *plots; /* or NULL */
    struct text text;
};

/* Paragraphs and parts of them. */
void report_heading(struct report *report, int level, const char *words);
void report_note(struct report *report, const char *words); /* ours */
void report_figure(struct report *report, enum plot_id id);
/* Prints and releases the grid; one without rows prints nothing. */
void report_grid(struct report *report, struct grid *grid);
/* A table of names and texts; nothing when there are none. */
void report_facts(struct report *report, const char *heading, const struct facts *facts);
/* An arm's label escaped. */
void report_label(struct report *report, size_t arm);

/* report_storage.c */
void report_storage(struct report *report);
void report_shares(struct report *report);
/* report_audit.c */
void report_twins(struct report *report);
void report_durability(struct report *report);
void report_environment(struct report *report);
void report_reference(struct report *report);
void report_repeat(struct report *report);

#endif
