#include "analysis/plot_labels.h"

#include <math.h>

static double overlap(struct plot_rect a, struct plot_rect b)
{
    double width = fmin(a.right, b.right) - fmax(a.left, b.left);
    double height = fmin(a.top, b.top) - fmax(a.bottom, b.bottom);
    return width > 0 && height > 0 ? width * height : 0;
}

static struct plot_rect marker_of(const struct plot_label *label)
{
    return (struct plot_rect){label->x - label->clear, label->x + label->clear,
                              label->y - label->clear, label->y + label->clear};
}

/* The text's box when it lies in direction (dx, dy) of the point, about `gap` pixels away. */
static struct plot_rect box_in(const struct plot_label *label, int dx, int dy, double gap)
{
    gap += label->clear;
    if (dx != 0 && dy != 0)
        gap *= 0.75;
    double x = label->x + dx * gap, y = label->y + dy * gap;
    struct plot_rect box;
    box.left = dx > 0 ? x : dx < 0 ? x - label->width : x - label->width / 2;
    box.bottom = dy > 0 ? y : dy < 0 ? y - label->height : y - label->height / 2;
    box.right = box.left + label->width;
    box.top = box.bottom + label->height;
    return box;
}

static double outside(struct plot_rect box, struct plot_rect frame)
{
    return fmax(0, frame.left - box.left) + fmax(0, box.right - frame.right) +
           fmax(0, frame.bottom - box.bottom) + fmax(0, box.top - frame.top);
}

struct field {
    const struct plot_label *labels;
    size_t count, placed;
    struct plot_rect frame;
    const struct plot_rect *obstacles;
    size_t obstacle_count;
};

/* How much a leader from the point to the box runs over other text. */
static double crossing(const struct field *field, const struct plot_label *label,
                       struct plot_rect box)
{
    double cost = 0, x = fmin(fmax(label->x, box.left), box.right);
    double y = fmin(fmax(label->y, box.bottom), box.top);
    for (int step = 1; step < 8; step++) {
        double at_x = label->x + (x - label->x) * step / 8;
        double at_y = label->y + (y - label->y) * step / 8;
        struct plot_rect dot = {at_x - 1, at_x + 1, at_y - 1, at_y + 1};
        for (size_t i = 0; i < field->placed; i++)
            cost += overlap(dot, field->labels[i].at) > 0 ? 1 : 0;
    }
    return cost;
}

static double cost_of(const struct field *field, size_t index, struct plot_rect box, double gap)
{
    const struct plot_label *label = &field->labels[index];
    double cost = 100 * outside(box, field->frame) + gap + 12 * crossing(field, label, box);
    for (size_t i = 0; i < field->placed; i++)
        cost += overlap(box, field->labels[i].at);
    for (size_t i = 0; i < field->count; i++)
        cost += overlap(box, marker_of(&field->labels[i]));
    for (size_t i = 0; i < field->obstacle_count; i++)
        cost += 2 * overlap(box, field->obstacles[i]);
    return cost;
}

static void place_one(struct field *field, struct plot_label *label)
{
    /* To the right first: that is where a reader looks for a name. */
    static const int directions[][2] = {{1, 0},  {1, 1},  {1, -1}, {0, 1},
                                        {0, -1}, {-1, 0}, {-1, 1}, {-1, -1}};
    static const double gaps[] = {2, 7, 15, 25, 41, 61, 86, 116, 151};
    double best = INFINITY;
    for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
        for (size_t d = 0; d < sizeof(directions) / sizeof(directions[0]); d++) {
            struct plot_rect box = box_in(label, directions[d][0], directions[d][1], gaps[g]);
            double cost = cost_of(field, field->placed, box, gaps[g]) + 0.5 * (double)d;
            if (cost < best) {
                best = cost;
                label->at = box;
                label->leader = gaps[g] > 11;
            }
        }
    }
    label->to_x = fmin(fmax(label->x, label->at.left), label->at.right);
    label->to_y = fmin(fmax(label->y, label->at.bottom), label->at.top);
}

void plot_labels_place(struct plot_label *labels, size_t count, struct plot_rect frame,
                       const struct plot_rect *obstacles, size_t obstacle_count)
{
    struct field field = {labels, count, 0, frame, obstacles, obstacle_count};
    for (field.placed = 0; field.placed < count; field.placed++)
        place_one(&field, &labels[field.placed]);
}
