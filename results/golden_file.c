/* golden_file.c: golden and baseline files: written, read back, and found out when changed by hand.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/hash.h"
#include "engine/whole_file.h"
#include "results/golden.h"
#include "results/record_parts.h"

enum { GOLDEN_FILE_MAX = 16 << 20 };

/* ---- writing --------------------------------------------------------------------------------- */

static void write_place(struct json_writer *json, const struct golden_place *place)
{
    json_open(json, NULL, '{');
    json_string(json, "kind", sample_kind_name(place->kind));
    json_string(json, "name", golden_place_name(place));
    json_open(json, "values", '{');
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        if (metric_table[m].kind == COUNTER && !place->noisy[m] && !isnan(place->value[m]))
            json_double(json, metric_table[m].name, place->value[m]);
    json_close(json, '}');
    json_close(json, '}');
}

static void write_run(struct json_writer *json, const struct golden_run *run)
{
    json_open(json, NULL, '{');
    json_string(json, "data", run->data);
    json_string(json, "strategy", run->strategy);
    json_string(json, "verification", run->verification);
    json_open(json, "places", '[');
    for (size_t i = 0; i < run->place_count; i++)
        write_place(json, &run->places[i]);
    json_close(json, ']');
    json_close(json, '}');
}

static void write_counts(struct json_writer *json, const struct golden *golden)
{
    json_string(json, "counter", golden->counter ? golden->counter : "");
    json_open(json, "instructions", '[');
    for (size_t i = 0; i < golden->count_count; i++) {
        json_open(json, NULL, '{');
        json_string(json, "strategy", golden->counts[i].strategy);
        json_string(json, "phase", golden->counts[i].phase);
        json_u64(json, "count", golden->counts[i].instructions);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static enum rc print_with(const struct golden *golden, const char *checksum, bool compact,
                          struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, compact, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", golden->baseline ? GOLDEN_BASELINE_SCHEMA : GOLDEN_SCHEMA);
    json_string(&json, "reason", golden->reason);
    json_string(&json, "suite", golden->suite);
    record_facts_write(&json, "versions", &golden->versions);
    json_open(&json, "runs", '[');
    for (size_t i = 0; i < golden->run_count; i++)
        write_run(&json, &golden->runs[i]);
    json_close(&json, ']');
    if (golden->baseline)
        write_counts(&json, golden);
    json_string(&json, "checksum", checksum);
    json_close(&json, '}');
    return json_finish(&json);
}

/* Of the content: how the file is laid out does not matter. */
static enum rc checksum_of(const struct golden *golden, char hex[HEX_SIZE], struct err *err)
{
    struct buf text = {0};
    enum rc rc = print_with(golden, "", true, &text, err);
    struct hash128 hash = hash_xxh128(buf_span(&text));
    hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes)));
    buf_release(&text);
    return rc;
}

enum rc golden_print(const struct golden *golden, struct buf *out, struct err *err)
{
    char hex[HEX_SIZE];
    enum rc rc = checksum_of(golden, hex, err);
    return rc == RC_OK ? print_with(golden, hex, false, out, err) : rc;
}

enum rc golden_write(const char *path, const struct golden *golden, struct err *err)
{
    struct buf text = {0};
    const char *slash = strrchr(path, '/');
    enum rc rc = golden_print(golden, &text, err);
    if (rc == RC_OK && slash && slash != path) {
        struct buf folder = {0};
        rc = buf_append(&folder, span_of(path, (size_t)(slash - path)), err);
        if (rc == RC_OK)
            rc = record_folder_make(buf_str(&folder), err);
        buf_release(&folder);
    }
    if (rc == RC_OK)
        rc = record_file_replace(path, buf_span(&text), err);
    buf_release(&text);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *read_word(struct record_reader *reader, const struct json_node *object,
                             const char *key)
{
    const struct field rows[] = {{key, FIELD_WORD, 0}, {.key = NULL}};
    const char *text = "";
    record_fields_read(reader, object, rows, &text);
    return text;
}

static void read_value(struct record_reader *reader, const struct json_node *member,
                       struct golden_place *place)
{
    enum metric metric = metric_by_name(json_key(member));
    if (metric == METRIC_COUNT || metric_table[metric].kind != COUNTER) {
        reader->rc = json_refuse(reader->json, member, NULL, "is no exact metric", reader->err);
        return;
    }
    double value = NAN;
    reader->rc = json_as_double(reader->json, member, NULL, &value, reader->err);
    place->value[metric] = value;
}

static void read_kind(struct record_reader *reader, const struct json_node *object,
                      struct golden_place *place)
{
    static const enum sample_kind kinds[] = {SAMPLE_PHASE, SAMPLE_SNAPSHOT, SAMPLE_RUN};
    const char *text = read_word(reader, object, "kind");
    for (size_t i = 0; reader->rc == RC_OK && i < COUNT_OF(kinds); i++) {
        if (strcmp(text, sample_kind_name(kinds[i])) == 0) {
            place->kind = kinds[i];
            return;
        }
    }
    if (reader->rc == RC_OK)
        reader->rc =
            json_refuse(reader->json, object, "kind", "is not phase, snapshot or run", reader->err);
}

static void refuse_others(struct record_reader *reader, const struct json_node *object,
                          const char *const *known)
{
    static const struct field none[] = {{.key = NULL}};
    record_fields_unknown(reader, object, none, known);
}

static void read_place(struct record_reader *reader, const struct json_node *object,
                       struct golden_place *place)
{
    static const char *const known[] = {"kind", "name", "values", NULL};
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        place->value[m] = NAN;
    refuse_others(reader, object, known);
    read_kind(reader, object, place);
    place->name = read_word(reader, object, "name");
    if (reader->rc == RC_OK && place->kind == SAMPLE_RUN) {
        if (strcmp(place->name, "run") != 0)
            reader->rc = json_refuse(reader->json, object, "name", "is not \"run\"", reader->err);
        place->name = "";
    }
    const struct json_node *values = record_object(reader, object, "values"), *member = NULL;
    while (reader->rc == RC_OK && (member = json_next(values, member)) != NULL)
        read_value(reader, member, place);
}

static bool has_place(const struct golden_run *run, const struct golden_place *place)
{
    for (size_t i = 0; i < run->place_count; i++)
        if (run->places[i].kind == place->kind && strcmp(run->places[i].name, place->name) == 0)
            return true;
    return false;
}

static void read_run(struct record_reader *reader, const struct json_node *object,
                     struct golden_run *run)
{
    static const char *const known[] = {"data", "strategy", "verification", "places", NULL};
    size_t count = 0;
    refuse_others(reader, object, known);
    run->data = read_word(reader, object, "data");
    run->strategy = read_word(reader, object, "strategy");
    run->verification = read_word(reader, object, "verification");
    const struct json_node *places = record_array(reader, object, "places", &count), *place = NULL;
    if (reader->rc == RC_OK && count == 0)
        reader->rc = json_refuse(reader->json, object, "places", "is empty", reader->err);
    run->places = record_alloc(reader, count, sizeof(*run->places));
    while (reader->rc == RC_OK && (place = json_next(places, place)) != NULL) {
        struct golden_place *to = &run->places[run->place_count];
        read_place(reader, place, to);
        if (reader->rc == RC_OK && has_place(run, to))
            reader->rc = json_refuse(reader->json, place, "name", "is there twice", reader->err);
        run->place_count++;
    }
}

static void read_runs(struct record_reader *reader, const struct json_node *root,
                      struct golden *golden)
{
    size_t count = 0;
    const struct json_node *runs = record_array(reader, root, "runs", &count), *run = NULL;
    if (reader->rc == RC_OK && count == 0)
        reader->rc = json_refuse(reader->json, root, "runs", "is empty", reader->err);
    golden->runs = record_alloc(reader, count, sizeof(*golden->runs));
    while (reader->rc == RC_OK && (run = json_next(runs, run)) != NULL) {
        struct golden_run *to = &golden->runs[golden->run_count];
        read_run(reader, run, to);
        for (size_t i = 0; reader->rc == RC_OK && i < golden->run_count; i++)
            if (strcmp(golden->runs[i].data, to->data) == 0 &&
                strcmp(golden->runs[i].strategy, to->strategy) == 0)
                reader->rc =
                    json_refuse(reader->json, run, "strategy", "is there twice", reader->err);
        golden->run_count++;
    }
}

static void read_counts(struct record_reader *reader, const struct json_node *root,
                        struct golden *golden)
{
    static const char *const known[] = {"strategy", "phase", "count", NULL};
    const struct field rows[] = {{"counter", FIELD_TEXT, 0}, {.key = NULL}};
    size_t count = 0;
    record_fields_read(reader, root, rows, &golden->counter);
    const struct json_node *list = record_array(reader, root, "instructions", &count);
    const struct json_node *item = NULL;
    golden->counts = record_alloc(reader, count, sizeof(*golden->counts));
    while (reader->rc == RC_OK && (item = json_next(list, item)) != NULL) {
        struct golden_count *to = &golden->counts[golden->count_count++];
        refuse_others(reader, item, known);
        to->strategy = read_word(reader, item, "strategy");
        to->phase = read_word(reader, item, "phase");
        if (reader->rc == RC_OK)
            reader->rc = json_get_u64(reader->json, item, "count", &to->instructions, reader->err);
    }
}

static void read_root(struct record_reader *reader, bool baseline, struct golden *golden,
                      const char **checksum)
{
    static const char *const known[] = {"schema",   "reason",  "suite",        "versions", "runs",
                                        "checksum", "counter", "instructions", NULL};
    static const char *const of_golden[] = {"schema", "reason",   "suite", "versions",
                                            "runs",   "checksum", NULL};
    const struct json_node *root = json_root(reader->json);
    golden->baseline = baseline;
    record_schema_read(reader, root, baseline ? GOLDEN_BASELINE_SCHEMA : GOLDEN_SCHEMA);
    refuse_others(reader, root, baseline ? known : of_golden);
    golden->reason = read_word(reader, root, "reason");
    golden->suite = read_word(reader, root, "suite");
    *checksum = read_word(reader, root, "checksum");
    record_facts_read(reader, root, "versions", &golden->versions);
    read_runs(reader, root, golden);
    if (baseline)
        read_counts(reader, root, golden);
}

static enum rc check_checksum(const char *path, const struct golden *golden, const char *checksum,
                              struct err *err)
{
    char hex[HEX_SIZE];
    enum rc rc = checksum_of(golden, hex, err);
    if (rc != RC_OK || strcmp(hex, checksum) == 0)
        return rc;
    FAIL(err, RC_USAGE, 0, "%s: its content is not what was written: checksum %s, the file says %s",
         Q(path), hex, Q(checksum));
    err_hint(err, "it is written by a gate, not by hand: --update-golden \"reason\" or "
                  "--save-baseline");
    return RC_USAGE;
}

enum rc golden_read(const char *path, bool baseline, struct golden *golden, struct err *err)
{
    struct buf text = {0};
    struct json *json = NULL;
    const char *checksum = "";
    char name[QUOTE_SIZE];
    *golden = (struct golden){0};
    enum rc rc = whole_file_read(path, GOLDEN_FILE_MAX, &text, err);
    if (rc == RC_OK)
        rc = json_parse(&json, buf_span(&text), quote_str(name, sizeof(name), path), 0, err);
    if (rc == RC_OK && !json_is_object(json_root(json)))
        rc = FAIL(err, RC_USAGE, 0, "%s: expected a JSON object", name);
    if (rc == RC_OK) {
        struct record_reader reader = {
            .json = json, .file = name, .arena = &golden->arena, .err = err};
        read_root(&reader, baseline, golden, &checksum);
        rc = reader.rc;
    }
    if (rc == RC_OK)
        rc = check_checksum(path, golden, checksum, err);
    json_free(json);
    buf_release(&text);
    if (rc != RC_OK)
        golden_release(golden);
    return rc;
}
