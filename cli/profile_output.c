#include "cli/profile_output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "analysis/grid.h"
#include "engine/quantile.h"

enum { WIDTH = 100, BAR = 40 };
static const double quantiles[] = {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99};

static double share(uint64_t part, uint64_t whole)
{
    return whole != 0 ? (double)part / (double)whole : 0;
}

static double saving_of(const struct profile_type *type)
{
    return type->bytes != 0 ? 1 - (double)type->packed_bytes / (double)type->bytes : 0;
}

static double entropy_of(const struct profile_type *type)
{
    return type->bytes != 0 ? type->entropy_bits / (double)type->bytes : 0;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void put_sizes(struct text *text, const struct profile *profile)
{
    char size[FORMAT_SIZE], most[FORMAT_SIZE];
    uint64_t highest = 0;
    text_print(text, "sizes:  smallest %s", format_iec(size, (double)profile->smallest));
    for (size_t i = 0; i < COUNT_OF(quantiles); i++)
        text_print(
            text, ", %g %% %s", 100 * quantiles[i],
            format_iec(size, quantile_type7(profile->sizes, profile->base_count, quantiles[i])));
    text_print(text, ", largest %s\n", format_iec(size, (double)profile->largest));
    for (size_t b = 0; b < PROFILE_SIZE_BITS; b++)
        highest = profile->histogram[b] > highest ? profile->histogram[b] : highest;
    for (size_t b = 0; b < PROFILE_SIZE_BITS; b++) {
        uint64_t count = profile->histogram[b];
        if (count == 0)
            continue;
        int bar = (int)((count * BAR + highest - 1) / highest);
        if (b == 0)
            text_print(text, "  %22s", "empty");
        else
            text_print(text, "  %9s .. < %8s", format_size(size, (uint64_t)1 << (b - 1)),
                       format_size(most, (uint64_t)1 << b));
        text_print(text, " %9" PRIu64 " %.*s\n", count, bar,
                   "########################################");
    }
}

static void type_columns(struct grid *grid, const char *first)
{
    grid_column(grid, GRID_LEFT, first, "");
    grid_column(grid, GRID_RIGHT, "files", "");
    grid_column(grid, GRID_RIGHT, "bytes", "");
    grid_column(grid, GRID_RIGHT, "share", "");
    grid_column(grid, GRID_RIGHT, "bits/byte", "");
    grid_column(grid, GRID_RIGHT, "zstd saves", "");
}

static void type_cells(struct grid *grid, const char *name, const struct profile_type *type,
                       uint64_t whole)
{
    char count[FORMAT_SIZE], bytes[FORMAT_SIZE];
    grid_cell(grid, "%s", name);
    grid_cell(grid, "%s", format_count(count, type->files));
    grid_cell(grid, "%s", format_count(bytes, type->bytes));
    grid_cell(grid, "%.1f %%", 100 * share(type->bytes, whole));
    grid_cell(grid, "%.2f", entropy_of(type));
    grid_cell(grid, "%.1f %%", 100 * saving_of(type));
}

static enum rc put_types(struct text *text, const struct profile *profile)
{
    struct grid handlers = {0}, extensions = {0};
    text_put(text, "\ntypes, by content and name:\n");
    type_columns(&handlers, "type");
    for (size_t i = 0; i < handler_count(); i++)
        if (profile->handlers[i].files != 0)
            type_cells(&handlers, handler_at(i)->name, &profile->handlers[i], profile->bytes);
    type_cells(&handlers, "all", &profile->all, profile->bytes);
    enum rc rc = text->rc == RC_OK ? grid_text(&handlers, WIDTH, text->out, text->err) : text->rc;
    text_put(text, "\nextensions:\n");
    type_columns(&extensions, "extension");
    for (size_t i = 0; i < profile->extension_count; i++) {
        const char *name = profile->extensions[i].extension;
        char quoted[QUOTE_SIZE];
        type_cells(&extensions, name[0] ? quote_str(quoted, sizeof(quoted), name) : "(none)",
                   &profile->extensions[i], profile->bytes);
    }
    if (profile->other_extensions.files != 0)
        type_cells(&extensions, "(others)", &profile->other_extensions, profile->bytes);
    if (rc == RC_OK)
        rc = text->rc == RC_OK ? grid_text(&extensions, WIDTH, text->out, text->err) : text->rc;
    grid_release(&handlers);
    grid_release(&extensions);
    return rc;
}

static void put_sharing(struct text *text, const struct profile *profile)
{
    char count[FORMAT_SIZE], size[FORMAT_SIZE];
    text_print(text, "\ncopies: %s files equal an earlier one: %.1f %% of the files",
               format_count(count, profile->copy_files),
               100 * share(profile->copy_files, profile->base_count));
    text_print(text, ", %.1f %% of the bytes\n", 100 * share(profile->copy_bytes, profile->bytes));
    for (size_t i = 0; i < PROFILE_LEVELS; i++) {
        const struct profile_chunks *level = &profile->levels[i];
        text_print(text, "chunks: of about %s, copies aside: %s", format_size(size, level->average),
                   format_count(count, level->chunks));
        text_print(text, ", %s of them repeated", format_count(count, level->repeated_chunks));
        text_print(text, " (%.1f %% of the bytes)\n",
                   100 * share(level->repeated_bytes, level->bytes));
    }
    text_print(text, "zstd:   saves %.1f %% of all files, %.1f %% of those that are no copies\n",
               100 * saving_of(&profile->all), 100 * saving_of(&profile->distinct));
}

static void put_quantiles(struct text *text, const char *what, const double *values, size_t count,
                          bool bytes)
{
    char size[FORMAT_SIZE];
    text_print(text, "        %s:", what);
    for (size_t i = 1; i + 1 < COUNT_OF(quantiles); i++) {
        double value = quantile_type7(values, count, quantiles[i]);
        text_print(text, "%s %g %% ", i > 1 ? "," : "", 100 * quantiles[i]);
        if (bytes)
            text_print(text, "%s", format_iec(size, value));
        else
            text_print(text, "%.2f", value);
    }
    text_put(text, "\n");
}

static void put_history(struct text *text, const struct profile *profile)
{
    const struct profile_history *history = &profile->history;
    if (profile->ds->event_count == 0) {
        text_put(text, "edits:  no versions: the data have one of each file\n");
        return;
    }
    text_print(text,
               "edits:  %" PRIu64 " steps: %" PRIu64 " files created, %" PRIu64 " changes, %" PRIu64
               " deleted\n",
               history->commits, history->created, history->changed, history->deleted);
    text_print(text,
               "        %.1f %% of the first files change; %.1f %% of changed bytes are new\n",
               100 * share(history->changed_files, profile->base_count),
               100 * share(history->new_bytes, history->written_bytes));
    if (history->count == 0)
        return;
    text_put(text, "        kinds:");
    for (int kind = 0; kind < PROFILE_EDIT_KINDS; kind++)
        if (history->kinds[kind] != 0)
            text_print(text, " %s %" PRIu64, profile_edit_name((enum profile_edit)kind),
                       history->kinds[kind]);
    text_put(text, "\n");
    put_quantiles(text, "bytes between common prefix and suffix", history->windows, history->count,
                  true);
    put_quantiles(text, "where it begins, as a share of the file", history->positions,
                  history->count, false);
}

static enum rc put_check(struct text *text, const struct profile_check *check)
{
    struct grid grid = {0};
    char real[FORMAT_SIZE], twin[FORMAT_SIZE], change[FORMAT_SIZE];
    text_put(text, "\nthe twin against the data, one run of each strategy:\n");
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_LEFT, "metric", "");
    grid_column(&grid, GRID_RIGHT, "data", "");
    grid_column(&grid, GRID_RIGHT, "twin", "");
    grid_column(&grid, GRID_RIGHT, "twin vs data", "");
    for (size_t i = 0; i < check->count; i++) {
        const struct profile_figure *figure = &check->figures[i];
        grid_cell(&grid, "%s", figure->strategy);
        grid_cell(&grid, "%s@%s", figure->metric, figure->place);
        grid_cell(&grid, "%s", text_value(real, figure->real));
        grid_cell(&grid, "%s", text_value(twin, figure->twin));
        grid_cell(&grid, "%s", text_change(change, figure->change));
    }
    enum rc rc = text->rc == RC_OK ? grid_text(&grid, WIDTH, text->out, text->err) : text->rc;
    grid_release(&grid);
    const struct profile_figure *worst = &check->figures[check->worst_index];
    text_print(text, "\nworst:  %s (%s %s@%s): %s the goal of %.0f %%\n",
               text_change(change, worst->change), worst->strategy, worst->metric, worst->place,
               check->worst <= PROFILE_TWIN_GOAL ? "within" : "NOT within",
               100 * PROFILE_TWIN_GOAL);
    text_print(text, "        shares below %.2f are compared with it\n", PROFILE_SHARE_FLOOR);
    return rc;
}

enum rc profile_text(const struct profile *profile, const char *spec,
                     const struct profile_check *check, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    char hash[HEX_SIZE], count[FORMAT_SIZE], bytes[FORMAT_SIZE];
    text_put(&text, "data:   ");
    text_terminal(&text, spec);
    text_print(&text, "\n        hash %s\n",
               hex_str(hash, span_of(profile->hash.bytes, sizeof(profile->hash.bytes))));
    text_print(&text, "files:  %s, %s bytes\n", format_count(count, profile->base_count),
               format_count(bytes, profile->bytes));
    put_sizes(&text, profile);
    enum rc rc = put_types(&text, profile);
    put_sharing(&text, profile);
    put_history(&text, profile);
    if (rc == RC_OK && check)
        rc = put_check(&text, check);
    return rc == RC_OK ? text.rc : rc;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_type(struct json_writer *json, const char *key, const char *name,
                      const struct profile_type *type)
{
    json_open(json, NULL, '{');
    json_string(json, key, name);
    json_u64(json, "files", type->files);
    json_u64(json, "bytes", type->bytes);
    json_double(json, "entropy_bits_per_byte", entropy_of(type));
    json_double(json, "saving", saving_of(type));
    json_close(json, '}');
}

static void json_quantiles(struct json_writer *json, const char *key, const double *values,
                           size_t count)
{
    json_open(json, key, '[');
    for (size_t i = 0; count > 0 && i < COUNT_OF(quantiles); i++) {
        json_open(json, NULL, '{');
        json_double(json, "quantile", quantiles[i]);
        json_double(json, "value", quantile_type7(values, count, quantiles[i]));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void json_sizes(struct json_writer *json, const struct profile *profile)
{
    json_u64(json, "smallest", profile->smallest);
    json_u64(json, "largest", profile->largest);
    json_quantiles(json, "sizes", profile->sizes, profile->base_count);
    json_open(json, "histogram", '[');
    for (size_t b = 0; b < PROFILE_SIZE_BITS; b++) {
        if (profile->histogram[b] == 0)
            continue;
        json_open(json, NULL, '{');
        json_u64(json, "from", b == 0 ? 0 : (uint64_t)1 << (b - 1));
        json_u64(json, "below", (uint64_t)1 << b);
        json_u64(json, "files", profile->histogram[b]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* An extension is bytes from outside: what is no text is shown as in messages. */
static void json_types(struct json_writer *json, const struct profile *profile)
{
    json_open(json, "types", '[');
    for (size_t i = 0; i < handler_count(); i++)
        if (profile->handlers[i].files != 0)
            json_type(json, "type", handler_at(i)->name, &profile->handlers[i]);
    json_close(json, ']');
    json_open(json, "extensions", '[');
    for (size_t i = 0; i < profile->extension_count; i++) {
        char quoted[QUOTE_SIZE];
        json_type(json, "extension",
                  quote_str(quoted, sizeof(quoted), profile->extensions[i].extension),
                  &profile->extensions[i]);
    }
    json_close(json, ']');
    json_u64(json, "other_extension_files", profile->other_extensions.files);
}

static void json_sharing(struct json_writer *json, const struct profile *profile)
{
    json_u64(json, "copy_files", profile->copy_files);
    json_u64(json, "copy_bytes", profile->copy_bytes);
    json_open(json, "chunks", '[');
    for (size_t i = 0; i < PROFILE_LEVELS; i++) {
        const struct profile_chunks *level = &profile->levels[i];
        json_open(json, NULL, '{');
        json_u64(json, "average", level->average);
        json_u64(json, "chunks", level->chunks);
        json_u64(json, "bytes", level->bytes);
        json_u64(json, "repeated_chunks", level->repeated_chunks);
        json_u64(json, "repeated_bytes", level->repeated_bytes);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_double(json, "saving", saving_of(&profile->all));
    json_double(json, "distinct_saving", saving_of(&profile->distinct));
}

static void json_history(struct json_writer *json, const struct profile *profile)
{
    const struct profile_history *history = &profile->history;
    if (profile->ds->event_count == 0)
        return;
    json_open(json, "edits", '{');
    json_u64(json, "steps", history->commits);
    json_u64(json, "created", history->created);
    json_u64(json, "changed", history->changed);
    json_u64(json, "deleted", history->deleted);
    json_u64(json, "changed_files", history->changed_files);
    json_u64(json, "new_bytes", history->new_bytes);
    json_u64(json, "written_bytes", history->written_bytes);
    json_open(json, "kinds", '{');
    for (int kind = 0; kind < PROFILE_EDIT_KINDS; kind++)
        json_u64(json, profile_edit_name((enum profile_edit)kind), history->kinds[kind]);
    json_close(json, '}');
    json_quantiles(json, "windows", history->windows, history->count);
    json_quantiles(json, "positions", history->positions, history->count);
    json_close(json, '}');
}

static void json_check(struct json_writer *json, const struct profile_check *check)
{
    json_open(json, "twin", '{');
    json_double(json, "goal", PROFILE_TWIN_GOAL);
    json_bool(json, "within", check->worst <= PROFILE_TWIN_GOAL);
    if (isfinite(check->worst))
        json_double(json, "worst", check->worst);
    json_open(json, "figures", '[');
    for (size_t i = 0; i < check->count; i++) {
        const struct profile_figure *figure = &check->figures[i];
        json_open(json, NULL, '{');
        json_string(json, "strategy", figure->strategy);
        json_string(json, "place", figure->place);
        json_string(json, "metric", figure->metric);
        if (isfinite(figure->real))
            json_double(json, "data", figure->real);
        if (isfinite(figure->twin))
            json_double(json, "twin", figure->twin);
        if (isfinite(figure->change))
            json_double(json, "change", figure->change);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

enum rc profile_json(const struct profile *profile, const char *spec,
                     const struct profile_check *check, struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, false, err);
    char hash[HEX_SIZE];
    json_open(&json, NULL, '{');
    json_string(&json, "schema", PROFILE_SCHEMA);
    json_string(&json, "dataset", json_is_text(spec) ? spec : Q(spec));
    json_string(&json, "hash",
                hex_str(hash, span_of(profile->hash.bytes, sizeof(profile->hash.bytes))));
    json_u64(&json, "files", profile->base_count);
    json_u64(&json, "bytes", profile->bytes);
    json_sizes(&json, profile);
    json_types(&json, profile);
    json_sharing(&json, profile);
    json_history(&json, profile);
    if (check)
        json_check(&json, check);
    json_close(&json, '}');
    return json_finish(&json);
}
