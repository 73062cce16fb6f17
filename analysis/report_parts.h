/* report_parts.h: the sections of report.md, one function each; for report*.c only. */
#ifndef ANALYSIS_REPORT_PARTS_H
#define ANALYSIS_REPORT_PARTS_H

#include "analysis/report.h"
#include "analysis/views.h"

struct report {
    const struct frontier *frontier;
    const struct diagnosis *diagnosis;
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

/* A claim as a list item. */
void report_claim(struct report *report, const struct claim *claim);

/* report_answer.c */
void report_answer(struct report *report);
void report_asked(struct report *report);
void report_frontier(struct report *report);
/* report_bands.c */
void report_bands(struct report *report);
/* report_diagnosis.c */
void report_work(struct report *report);
void report_diagnosis(struct report *report);
/* report_storage.c */
void report_storage(struct report *report);
void report_shares(struct report *report);
/* report_lanes.c */
void report_lanes(struct report *report);
/* report_growth.c */
void report_growth(struct report *report);
/* What strategies do not offer, and what stood in for it: after the phases. */
void report_unsupported(struct report *report);
/* report_effects.c */
void report_effects(struct report *report);
/* report_audit.c */
void report_twins(struct report *report);
void report_durability(struct report *report);
void report_environment(struct report *report);
void report_reference(struct report *report);
void report_repeat(struct report *report);

#endif
