/* record_series.c: the points of a phase's series, written, read and checked. */
#include <math.h>
#include <stdio.h>

#include "results/record_parts.h"

static const struct field point_rows[] = {
    {"ops", FIELD_U64, offsetof(struct series_point, ops)},
    {"versions", FIELD_U64, offsetof(struct series_point, versions)},
    {"held", FIELD_U64, offsetof(struct series_point, held)},
    {"written_bytes", FIELD_U64, offsetof(struct series_point, written_bytes)},
    {"live_bytes", FIELD_U64, offsetof(struct series_point, live_bytes)},
    {"history_bytes", FIELD_U64, offsetof(struct series_point, history_bytes)},
    {"total_bytes", FIELD_U64, offsetof(struct series_point, total_bytes)},
    {NULL, FIELD_TEXT, 0},
};
static const char *const point_others[] = {"read_p50_ns", NULL};

void record_series_write(struct json_writer *writer, const struct series *series)
{
    if (series->count == 0)
        return;
    json_open(writer, "series", '[');
    for (size_t i = 0; i < series->count; i++) {
        const struct series_point *point = &series->items[i];
        json_open(writer, NULL, '{');
        record_fields_write(writer, point_rows, point);
        if (!isnan(point->read_p50_ns))
            json_double(writer, "read_p50_ns", point->read_p50_ns);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void read_point(struct record_reader *reader, const struct json_node *item,
                       struct series_point *point)
{
    record_fields_read(reader, item, point_rows, point);
    point->read_p50_ns = NAN;
    if (reader->rc == RC_OK && json_has(item, "read_p50_ns"))
        reader->rc =
            json_get_double(reader->json, item, "read_p50_ns", &point->read_p50_ns, reader->err);
    if (point->read_p50_ns < 0)
        record_refuse(reader, item, "read_p50_ns", "is negative");
    record_fields_unknown(reader, item, point_rows, point_others);
}

void record_series_read(struct record_reader *reader, const struct json_node *root,
                        struct series *series)
{
    if (reader->rc != RC_OK || !json_has(root, "series"))
        return;
    const struct json_node *array = record_array(reader, root, "series", &series->count);
    const struct json_node *item = NULL;
    if (reader->rc == RC_OK && (series->count == 0 || series->count > RECORD_SERIES_MAX))
        record_refuse(reader, root, "series", "has no points or more than 1000");
    series->items = record_alloc(reader, series->count, sizeof(*series->items));
    for (size_t i = 0; reader->rc == RC_OK && i < series->count; i++) {
        item = json_next(array, item);
        read_point(reader, item, &series->items[i]);
    }
    if (reader->rc != RC_OK)
        *series = (struct series){0};
}

const char *record_series_defect(const struct sample *sample)
{
    const struct series *series = &sample->series;
    if (series->count > RECORD_SERIES_MAX)
        return "has more than 1000 points";
    for (size_t i = 0; i < series->count; i++) {
        const struct series_point *point = &series->items[i];
        const struct series_point *before = i > 0 ? &series->items[i - 1] : point;
        if (point->ops < before->ops || point->versions < before->versions ||
            point->written_bytes < before->written_bytes)
            return "has a point that is before the one it follows";
        if (point->held > point->versions || point->live_bytes > point->history_bytes ||
            point->history_bytes > point->written_bytes)
            return "has a point that holds more than was written";
        if ((double)point->ops > sample->value[M_OPS])
            return "has a point after the last operation";
    }
    return NULL;
}
