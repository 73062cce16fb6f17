#include "analysis/plot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/plot_parts.h"

const struct plot_info plot_table[PLOT_COUNT] = {
    [PLOT_FRONTIER] = {"frontier",
                       "Storage against read latency, in % of the control's, with 95 % intervals "
                       "where there are rounds for them; the line is the frontier in these two "
                       "metrics alone",
                       false},
    [PLOT_LATENCY] = {"latency",
                      "DESCRIPTIVE: median and 95th percentile of operation latency, by phase",
                      false},
    [PLOT_DISTRIBUTION] = {"distribution",
                           "DESCRIPTIVE: share of operations that took at most so long, by "
                           "phase, over all operations of all valid runs",
                           false},
    [PLOT_FOOTPRINT] = {"footprint",
                        "Bytes at rest after each snapshot: tables, indexes, free "
                        "pages, everything else",
                        false},
    [PLOT_ATTAINMENT] = {"attainment",
                         "DESCRIPTIVE: the frontier from round to round, each in % of its own "
                         "control; the lines bound what some competing strategy attained in 5 %, "
                         "50 % and 95 % of the rounds",
                         false},
    [PLOT_GROWTH] = {"growth",
                     "Bytes of all files, settled, over the versions put in the run, in phases "
                     "that measure the store on their way",
                     true},
};

typedef enum rc draft_figure(const struct frontier *frontier, struct plot_draft *draft);
static draft_figure *const figures[PLOT_COUNT] = {
    [PLOT_FRONTIER] = plot_frontier_draft,         [PLOT_LATENCY] = plot_latency_draft,
    [PLOT_DISTRIBUTION] = plot_distribution_draft, [PLOT_FOOTPRINT] = plot_footprint_draft,
    [PLOT_ATTAINMENT] = plot_attainment_draft,     [PLOT_GROWTH] = plot_growth_draft,
};

static enum rc make_folder(const char *dir, struct buf *folder, struct err *err)
{
    enum rc rc = buf_printf(folder, err, "%s/plots", dir);
    if (rc != RC_OK)
        return rc;
    const char *path = buf_str(folder);
    struct stat info;
    if (mkdir(path, 0777) != 0 && (errno != EEXIST || stat(path, &info) != 0))
        return FAIL(err, RC_IO, errno, "cannot make folder \"%s\"", Q(path));
    return RC_OK;
}

/* What an earlier analysis drew must not stand beside new numbers. */
static enum rc remove_old(const char *folder, const char *name, struct err *err)
{
    static const char *const endings[] = {"csv", "gp", "svg", "png"};
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        struct buf path = {0};
        enum rc rc = buf_printf(&path, err, "%s/%s.%s", folder, name, endings[i]);
        if (rc == RC_OK && unlink(buf_str(&path)) != 0 && errno != ENOENT)
            rc = FAIL(err, RC_IO, errno, "cannot remove \"%s\"", Q(buf_str(&path)));
        buf_release(&path);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc write_sources(const char *folder, const char *name, struct buf *csv, struct buf *gp,
                             struct err *err)
{
    char file[64];
    snprintf(file, sizeof(file), "%.40s.csv", name);
    enum rc rc = record_write_file(folder, file, buf_span(csv), err);
    snprintf(file, sizeof(file), "%.40s.gp", name);
    return rc == RC_OK ? record_write_file(folder, file, buf_span(gp), err) : rc;
}

/* One figure; `gnuplot` NULL: its sources only. */
static enum rc write_one(const struct frontier *frontier, enum plot_id id, const char *folder,
                         const char *gnuplot, struct plot_result *result, struct err *err)
{
    struct buf csv = {0}, gp = {0};
    const char *name = plot_table[id].name;
    struct plot_draft draft = {text_to(&csv, err), text_to(&gp, err), result->why[id]};
    enum rc rc = remove_old(folder, name, err);
    if (rc == RC_OK)
        rc = figures[id](frontier, &draft);
    KEEP_FIRST(rc, draft.csv.rc);
    KEEP_FIRST(rc, draft.gp.rc);
    if (rc == RC_OK && result->why[id][0] == '\0') {
        rc = write_sources(folder, name, &csv, &gp, err);
        if (rc == RC_OK && gnuplot != NULL)
            result->drawn[id] = plot_gnuplot_run(gnuplot, folder, name, result->why[id]);
    }
    buf_release(&gp);
    buf_release(&csv);
    return rc;
}

/* A figure that failed half-way must not look like one that is there. */
static void remove_partial(const char *folder, enum plot_id id)
{
    static const char *const endings[] = {"svg", "png"};
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        char path[4096];
        int len = snprintf(path, sizeof(path), "%s/%s.%s", folder, plot_table[id].name, endings[i]);
        if (len < (int)sizeof(path))
            unlink(path);
    }
}

static void sum_up(struct plot_result *result, bool found)
{
    for (enum plot_id id = 0; id < PLOT_COUNT; id++)
        result->count += result->drawn[id];
    if (!found) {
        snprintf(result->note, sizeof(result->note),
                 "plots skipped: gnuplot not found (apt-get install gnuplot-nox)");
        return;
    }
    for (enum plot_id id = PLOT_COUNT; id-- > 0;) {
        bool told = !plot_table[id].special || strcmp(result->why[id], PLOT_NOT_MEASURED) != 0;
        if (!result->drawn[id] && told)
            snprintf(result->note, sizeof(result->note), "plot %s skipped: %s", plot_table[id].name,
                     result->why[id]);
    }
}

enum rc plot_write(const struct frontier *frontier, const char *dir, struct plot_result *result,
                   struct err *err)
{
    char gnuplot[1024];
    struct buf folder = {0};
    *result = (struct plot_result){0};
    bool found = plot_gnuplot_find(gnuplot, sizeof(gnuplot));
    enum rc rc = make_folder(dir, &folder, err);
    for (enum plot_id id = 0; id < PLOT_COUNT && rc == RC_OK; id++) {
        rc = write_one(frontier, id, buf_str(&folder), found ? gnuplot : NULL, result, err);
        if (!result->drawn[id])
            remove_partial(buf_str(&folder), id);
    }
    sum_up(result, found);
    buf_release(&folder);
    return rc;
}
