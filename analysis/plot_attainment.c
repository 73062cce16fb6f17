/* plot_attainment.c: how the frontier moves from round to round, in the two metrics of the
 * frontier's figure, each round in % of its own control. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/bands.h"
#include "analysis/plot_plane.h"
#include "analysis/plot_stairs.h"

/* A strategy: its rounds are a cloud, its name stands at their medians. */
struct mark {
    size_t arm;
    double x, y;
    bool is_median; /* false: those lie outside the axes, this is a round that does not */
    struct plot_reach x_cloud, y_cloud;
};

struct figure {
    const struct bands *bands;
    struct plot_draft *draft;
    struct plot_plane plane;
    struct mark *marks; /* those within the axes */
    struct plot_label *labels;
    size_t count, outside;
    double *stairs[BAND_COUNT]; /* corners of the staircases: x,y pairs */
    size_t corners[BAND_COUNT];
};

/* Grey levels and dashes: colours belong to strategies. */
static const struct {
    const char *words, *color, *style; /* of the line, in gnuplot's words */
} lines[BAND_COUNT] = {
    [BAND_FEW] = {"5 % of the rounds", "#404040", "linewidth 1.5 dashtype 3"},
    [BAND_HALF] = {"half", "#000000", "linewidth 2.5"},
    [BAND_MOST] = {"95 %", "#404040", "linewidth 1.5 dashtype 2"},
};

static enum rc out_of_memory(struct figure *figure)
{
    return FAIL(figure->draft->csv.err, RC_NOMEM, 0, "no memory for a figure");
}

/* ---- what is drawn -------------------------------------------------------------------------- */

/* False without a round; x and y have room for one value a round. */
static bool find_mark(const struct bands *bands, size_t arm, double *x, double *y,
                      struct mark *mark)
{
    size_t n = 0;
    for (size_t i = 0; i < bands->start[bands->rounds]; i++) {
        if (bands->arm[i] != arm)
            continue;
        x[n] = bands->points[i].x;
        y[n++] = bands->points[i].y;
    }
    struct stats across = stats_of(x, n), up = stats_of(y, n);
    *mark = (struct mark){.arm = arm,
                          .x = across.median,
                          .y = up.median,
                          .is_median = true,
                          .x_cloud = {across.min, across.max},
                          .y_cloud = {up.min, up.max}};
    return n != 0;
}

static enum rc gather(struct figure *figure)
{
    size_t rounds = figure->bands->rounds;
    double *values = calloc(rounds, 2 * sizeof(*values));
    if (values == NULL)
        return out_of_memory(figure);
    for (size_t a = 0; a < figure->plane.frontier->arm_count; a++)
        figure->count +=
            find_mark(figure->bands, a, values, values + rounds, &figure->marks[figure->count]);
    free(values);
    return RC_OK;
}

/* The bands and the control must be readable; other strategies widen an axis by half at most. */
static struct plot_reach reach_of(const struct figure *figure, bool across)
{
    struct plot_reach core = {100, 100};
    for (enum band band = 0; band < BAND_COUNT; band++) {
        const struct band_curve *curve = &figure->bands->curves[band];
        for (size_t i = 0; i < curve->count; i++)
            plot_reach_include(&core, across ? curve->corners[i].x : curve->corners[i].y);
    }
    struct plot_reach reach = core;
    for (size_t i = 0; i < figure->count; i++) {
        double value = across ? figure->marks[i].x : figure->marks[i].y;
        if (value >= core.lo / 1.5 && value <= core.hi * 1.5)
            plot_reach_include(&reach, value);
    }
    return reach;
}

static bool is_inside(const struct plot_plane *plane, double x, double y)
{
    return x >= plane->x_axis.lo && x <= plane->x_axis.hi && y >= plane->y_axis.lo &&
           y <= plane->y_axis.hi;
}

/* No dot without a name: where the medians lie outside, the name stands at the first dot. */
static bool bring_inside(const struct figure *figure, struct mark *mark)
{
    const struct bands *bands = figure->bands;
    if (is_inside(&figure->plane, mark->x, mark->y))
        return true;
    mark->is_median = false;
    for (size_t i = 0; i < bands->start[bands->rounds]; i++) {
        struct attainment_point point = bands->points[i];
        if (bands->arm[i] != mark->arm || !is_inside(&figure->plane, point.x, point.y))
            continue;
        mark->x = point.x;
        mark->y = point.y;
        return true;
    }
    return false;
}

static void fit_axes(struct figure *figure)
{
    size_t kept = 0;
    plot_plane_fit(&figure->plane, reach_of(figure, true), reach_of(figure, false));
    for (size_t i = 0; i < figure->count; i++) {
        if (bring_inside(figure, &figure->marks[i]))
            figure->marks[kept++] = figure->marks[i];
    }
    figure->outside = figure->count - kept;
    figure->count = kept;
}

static enum rc make_stairs(struct figure *figure, enum band band)
{
    const struct band_curve *curve = &figure->bands->curves[band];
    double *points = calloc(curve->count + 1, 2 * sizeof(*points));
    figure->stairs[band] = calloc(2 * curve->count + 2, 2 * sizeof(**figure->stairs));
    enum rc rc = RC_OK;
    if (points == NULL || figure->stairs[band] == NULL)
        rc = out_of_memory(figure);
    for (size_t i = 0; i < curve->count && rc == RC_OK; i++) {
        points[2 * i] = curve->corners[i].x;
        points[2 * i + 1] = curve->corners[i].y;
    }
    if (rc == RC_OK)
        rc =
            plot_stairs_find(points, curve->count, figure->plane.x_axis.hi, figure->plane.y_axis.hi,
                             figure->stairs[band], &figure->corners[band], figure->draft->csv.err);
    free(points);
    return rc;
}

static struct plot_rect cloud_of(const struct figure *figure, const struct mark *mark)
{
    const struct plot_plane *plane = &figure->plane;
    return (struct plot_rect){
        plot_plane_x(plane, mark->x_cloud.lo) - 4, plot_plane_x(plane, mark->x_cloud.hi) + 4,
        plot_plane_y(plane, mark->y_cloud.lo) - 4, plot_plane_y(plane, mark->y_cloud.hi) + 4};
}

static enum rc place_labels(struct figure *figure)
{
    size_t count = 0, most = figure->count;
    for (enum band band = 0; band < BAND_COUNT; band++)
        most += figure->corners[band];
    struct plot_rect *rects = calloc(most + 1, sizeof(*rects));
    if (rects == NULL)
        return out_of_memory(figure);
    for (enum band band = 0; band < BAND_COUNT; band++)
        count += plot_plane_steps(&figure->plane, figure->stairs[band], figure->corners[band],
                                  rects + count);
    for (size_t i = 0; i < figure->count; i++) {
        const struct mark *mark = &figure->marks[i];
        const char *label = frontier_label(figure->plane.frontier, mark->arm);
        rects[count++] = cloud_of(figure, mark);
        figure->labels[i] = (struct plot_label){.x = plot_plane_x(&figure->plane, mark->x),
                                                .y = plot_plane_y(&figure->plane, mark->y),
                                                .clear = 9,
                                                .width = plot_text_pixels(label),
                                                .height = PLOT_FONT + 3};
    }
    plot_labels_place(figure->labels, figure->count, plot_plane_frame(), rects, count);
    free(rects);
    return RC_OK;
}

/* ---- texts and their line samples ----------------------------------------------------------- */

enum { LEGEND_DOWN = 76, LEGEND_SAMPLE = 34, LEGEND_AIR = 8, LEGEND_GAP = 18, LEGEND_LEFT = 18 };

static void legend_words(const struct figure *figure, enum band band, char words[160])
{
    snprintf(words, 160, "%s (%zu of %zu)", lines[band].words, figure->bands->curves[band].level,
             figure->bands->rounds);
}

/* Pixels from the left at which the band's sample begins; BAND_COUNT: where all of them end. */
static double legend_left(const struct figure *figure, enum band band)
{
    double left = LEGEND_LEFT;
    for (enum band b = 0; b < band; b++) {
        char words[160];
        legend_words(figure, b, words);
        left += LEGEND_SAMPLE + LEGEND_AIR + plot_text_pixels(words) + LEGEND_GAP;
    }
    return left;
}

static void put_texts(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    double legend = 1 - (double)LEGEND_DOWN / PLANE_HEIGHT;
    char words[160];
    plot_texts_begin(csv);
    snprintf(words, sizeof(words),
             "DESCRIPTIVE: the frontier over %zu rounds; lower left is better",
             figure->bands->rounds);
    plot_text(csv, 0.02, 1 - 26.0 / PLANE_HEIGHT, words, 80);
    plot_text(csv, 0.02, 1 - 54.0 / PLANE_HEIGHT,
              "Lines: what some competing strategy attains in so many rounds.  Dots: a strategy's "
              "rounds; large: its medians.",
              120);
    for (enum band band = 0; band < BAND_COUNT; band++) {
        double left = legend_left(figure, band) + LEGEND_SAMPLE + LEGEND_AIR;
        legend_words(figure, band, words);
        plot_text(csv, left / PLOT_WIDTH, legend, words, 60);
    }
    if (figure->outside != 0) {
        snprintf(words, sizeof(words), "Off the scale: %zu.", figure->outside);
        plot_text(csv, legend_left(figure, BAND_COUNT) / PLOT_WIDTH, legend, words, 60);
    }
    plot_block_end(csv);
}

static void put_samples(const struct figure *figure, struct text *gp)
{
    double y = 1 - (double)LEGEND_DOWN / PLANE_HEIGHT;
    for (enum band band = 0; band < BAND_COUNT; band++) {
        double left = legend_left(figure, band);
        text_print(gp,
                   "  set arrow %d from screen %.5f,%.5f to screen %.5f,%.5f nohead linecolor rgb "
                   "\"%s\" %s\n",
                   (int)band + 1, left / PLOT_WIDTH, y, (left + LEGEND_SAMPLE) / PLOT_WIDTH, y,
                   lines[band].color, lines[band].style);
    }
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void put_corner(struct figure *figure, enum band band, size_t i)
{
    text_print(&figure->draft->csv, "%.9g,%.9g", figure->stairs[band][2 * i],
               figure->stairs[band][2 * i + 1]);
}

/* Between what few and what most rounds attain: down the one staircase, up the other. */
static void put_area(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y\n");
    for (size_t i = 0; i < figure->corners[BAND_FEW]; i++) {
        put_corner(figure, BAND_FEW, i);
        text_put(csv, "\n");
    }
    for (size_t i = figure->corners[BAND_MOST]; i-- > 0;) {
        put_corner(figure, BAND_MOST, i);
        text_put(csv, "\n");
    }
    plot_block_end(csv);
}

/* Of the corners of a staircase, the odd ones are the level's own: the others join them. */
static void put_stairs(struct figure *figure, enum band band)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x_percent,y_percent,corner,percent_of_rounds,rounds\n");
    for (size_t i = 0; i < figure->corners[band]; i++) {
        put_corner(figure, band, i);
        text_print(csv, ",%d,%u,%zu\n", (int)(i % 2), band_percent[band],
                   figure->bands->curves[band].level);
    }
    plot_block_end(csv);
}

static void put_row(struct figure *figure, size_t arm, double x, double y, double tint)
{
    const struct frontier *frontier = figure->plane.frontier;
    struct text *csv = &figure->draft->csv;
    struct plot_style style = plot_style_of(frontier->summary, arm);
    text_print(csv, "%.9g,%.9g,%d,%u,", x, y, style.filled, plot_tint(style.color, tint));
    text_plot(csv, frontier_label(frontier, arm), 60);
}

/* Every point of every round; gnuplot leaves out those outside the axes. */
static void put_dots(struct figure *figure)
{
    const struct bands *bands = figure->bands;
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x_percent,y_percent,point_type,color,arm,round\n");
    for (size_t r = 0; r < bands->rounds; r++) {
        for (size_t i = bands->start[r]; i < bands->start[r + 1]; i++) {
            put_row(figure, bands->arm[i], bands->points[i].x, bands->points[i].y, 0.55);
            text_print(csv, ",%u\n", bands->number[r]);
        }
    }
    plot_block_end(csv);
}

static void put_marks(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x_percent,y_percent,point_type,color,arm\n");
    for (size_t i = 0; i < figure->count; i++) {
        if (!figure->marks[i].is_median)
            continue;
        put_row(figure, figure->marks[i].arm, figure->marks[i].x, figure->marks[i].y, 1);
        text_put(csv, "\n");
    }
    plot_block_end(csv);
}

static void put_names(struct figure *figure)
{
    const struct frontier *frontier = figure->plane.frontier;
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y,text\n");
    for (size_t i = 0; i < figure->count; i++)
        plot_plane_put_label(&figure->plane, &figure->labels[i],
                             frontier_label(frontier, figure->marks[i].arm), csv);
    plot_block_end(csv);
    text_put(csv, "x,y,dx,dy\n");
    for (size_t i = 0; i < figure->count; i++)
        plot_plane_put_leader(&figure->plane, &figure->labels[i], figure->marks[i].x,
                              figure->marks[i].y, csv);
    /* gnuplot must find a row in every block: a line of no length is invisible. */
    text_print(csv, "%.9g,%.9g,0,0\n", figure->marks[0].x, figure->marks[0].y);
}

/* ---- script --------------------------------------------------------------------------------- */

static void put_script(struct figure *figure)
{
    /* The median lies on top where lines coincide, the rounds on top of all lines. */
    static const enum band order[] = {BAND_FEW, BAND_MOST, BAND_HALF};
    struct text *gp = &figure->draft->gp;
    plot_begin(gp, "attainment", PLANE_HEIGHT);
    plot_plane_put(&figure->plane, gp);
    put_samples(figure, gp);
    text_put(gp, "  plot \"attainment.csv\" index 1 every ::1 using 1:2 with filledcurves closed "
                 "fillcolor rgb \"#ececec\", \\\n"
                 "    \"attainment.csv\" index 8 every ::1 using 1:2:3:4 with vectors "
                 "nohead linecolor rgb \"#b0b0b0\" linewidth 1, \\\n");
    for (size_t i = 0; i < COUNT_OF(order); i++)
        text_print(gp,
                   "    \"attainment.csv\" index %d every ::1 using 1:2 with lines "
                   "linecolor rgb \"%s\" %s, \\\n",
                   (int)order[i] + 2, lines[order[i]].color, lines[order[i]].style);
    text_put(gp, "    \"attainment.csv\" index 5 every ::1 using 1:2:3:4 with points "
                 "pointtype variable pointsize 0.7*marker linecolor rgb variable, \\\n"
                 "    \"attainment.csv\" index 6 every ::1 using 1:2:3:4 with points "
                 "pointtype variable pointsize 1.5*marker linecolor rgb variable, \\\n"
                 "    \"attainment.csv\" index 7 every ::1 using 1:2:3 with labels left, \\\n"
                 "    \"attainment.csv\" index 7 every ::1 using 1:2:4 with labels right\n");
    plot_end(gp);
}

static enum rc draw(struct figure *figure)
{
    enum rc rc = gather(figure);
    if (rc == RC_OK)
        fit_axes(figure);
    for (enum band band = 0; band < BAND_COUNT && rc == RC_OK; band++)
        rc = make_stairs(figure, band);
    if (rc == RC_OK)
        rc = place_labels(figure);
    if (rc != RC_OK)
        return rc;
    /* The control is in every round, at 100 %. */
    CHECK(figure->count != 0);
    put_texts(figure);
    put_area(figure);
    for (enum band band = 0; band < BAND_COUNT; band++)
        put_stairs(figure, band);
    put_dots(figure);
    put_marks(figure);
    put_names(figure);
    put_script(figure);
    return RC_OK;
}

enum rc plot_attainment_draft(const struct frontier *frontier, struct plot_draft *draft)
{
    struct bands bands;
    enum rc rc = bands_build(&bands, frontier, draft->csv.err);
    if (rc != RC_OK)
        return rc;
    struct figure figure = {
        .bands = &bands,
        .draft = draft,
        .plane = {.frontier = frontier, .x_key = bands.x_key, .y_key = bands.y_key}};
    figure.marks = calloc(frontier->arm_count + 1, sizeof(*figure.marks));
    figure.labels = calloc(frontier->arm_count + 1, sizeof(*figure.labels));
    if (figure.marks == NULL || figure.labels == NULL)
        rc = out_of_memory(&figure);
    else if (bands.why != NULL)
        plot_refuse(draft, bands.why);
    else
        rc = draw(&figure);
    for (enum band band = 0; band < BAND_COUNT; band++)
        free(figure.stairs[band]);
    free(figure.labels);
    free(figure.marks);
    bands_release(&bands);
    return rc;
}
