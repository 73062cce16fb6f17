#include <math.h>
#include <string.h>

#include "results/record_parts.h"

static const struct field place_rows[] = {
    {"run", FIELD_U32, offsetof(struct sample, run)},
    {"round", FIELD_U32, offsetof(struct sample, round)},
    {"slot", FIELD_U32, offsetof(struct sample, slot)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field unsupported_rows[] = {
    {"unsupported", FIELD_WORD, offsetof(struct sample, unsupported)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field run_rows[] = {
    {"env_padding", FIELD_U32, offsetof(struct sample, env_padding)},
    {"link_order", FIELD_U32, offsetof(struct sample, link_order)},
    {"valid", FIELD_BOOL, offsetof(struct sample, valid)},
    {"reason", FIELD_TEXT, offsetof(struct sample, reason)},
    {"verification", FIELD_TEXT, offsetof(struct sample, verification)},
    {"dataset_hash", FIELD_TEXT, offsetof(struct sample, dataset_hash)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field share_rows[] = {
    {"name", FIELD_TEXT, offsetof(struct record_share, name)},
    {"blobs", FIELD_U64, offsetof(struct record_share, blobs)},
    {"logical_bytes", FIELD_U64, offsetof(struct record_share, logical_bytes)},
    {"stored_bytes", FIELD_U64, offsetof(struct record_share, stored_bytes)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field probe_rows[] = {
    {"name", FIELD_WORD, offsetof(struct record_probe, name)},
    {"value", FIELD_U64, offsetof(struct record_probe, value)},
    {"expected", FIELD_WORD, offsetof(struct record_probe, expected)},
    {"because", FIELD_TEXT, offsetof(struct record_probe, because)},
    {"ok", FIELD_BOOL, offsetof(struct record_probe, ok)},
    {NULL, FIELD_TEXT, 0},
};
static const char *const phase_others[] = {"schema", "kind",   "arm",         "name",
                                           "values", "series", "unsupported", NULL};
static const char *const snapshot_others[] = {"schema", "kind",        "arm", "name",
                                              "values", "unsupported", NULL};
static const char *const run_others[] = {
    "schema",     "kind",         "arm",        "values",       "env_padding",
    "link_order", "valid",        "reason",     "verification", "dataset_hash",
    "pragmas",    "by_extension", "by_handler", "probes",       NULL,
};
static const char *const no_others[] = {NULL};

const char *sample_kind_name(enum sample_kind kind)
{
    static const char *const names[] = {
        [SAMPLE_PHASE] = "phase",
        [SAMPLE_SNAPSHOT] = "snapshot",
        [SAMPLE_RUN] = "run",
    };
    return names[kind];
}

void sample_init(struct sample *sample, enum sample_kind kind)
{
    *sample = (struct sample){
        .kind = kind,
        .name = "",
        .unsupported = "",
        .reason = "",
        .verification = "",
        .dataset_hash = "",
    };
    for (size_t i = 0; i < METRIC_COUNT; i++)
        sample->value[i] = NAN;
}

/* The manifest's own string for the name of a phase or snapshot, or NULL. */
static const char *known_name(const struct record_manifest *manifest, enum sample_kind kind,
                              const char *name)
{
    if (kind == SAMPLE_SNAPSHOT && strcmp(name, RECORD_BASELINE) == 0)
        return RECORD_BASELINE;
    for (size_t i = 0; i < manifest->phase_count; i++) {
        const struct record_phase *phase = &manifest->phases[i];
        const char *own = kind == SAMPLE_PHASE ? phase->name : phase->snapshot;
        if (own != NULL && own[0] != '\0' && strcmp(own, name) == 0)
            return own;
    }
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_shares(struct json_writer *writer, const char *key,
                         const struct record_shares *shares)
{
    json_open(writer, key, '[');
    for (size_t i = 0; i < shares->count; i++) {
        json_open(writer, NULL, '{');
        struct record_share share = shares->items[i];
        share.name = record_text((char[QUOTE_SIZE]){0}, share.name);
        record_fields_write(writer, share_rows, &share);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void write_probes(struct json_writer *writer, const struct record_probes *probes)
{
    json_open(writer, "probes", '[');
    for (size_t i = 0; i < probes->count; i++) {
        json_open(writer, NULL, '{');
        struct record_probe probe = probes->items[i];
        probe.because = record_text((char[QUOTE_SIZE]){0}, probe.because);
        record_fields_write(writer, probe_rows, &probe);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void write_values(struct json_writer *writer, const struct sample *sample)
{
    json_open(writer, "values", '{');
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (!isnan(sample->value[i]))
            json_double(writer, metric_table[i].name, sample->value[i]);
    }
    json_close(writer, '}');
}

bool record_is_placed(const struct record_manifest *manifest, const struct sample *sample)
{
    return sample->run == (uint64_t)sample->round * manifest->arm_count + sample->slot;
}

/* What would be refused when it is read back must not be written. */
static enum rc refuse_to_print(const struct record_manifest *manifest, const struct sample *sample,
                               struct err *err)
{
    const char *kind = sample_kind_name(sample->kind);
    const char *name = sample->name != NULL ? sample->name : "";
    if (sample->arm >= manifest->arm_count || sample->slot >= manifest->arm_count)
        return FAIL(err, RC_BUG, 0, "run %u is of an arm or slot the study does not have",
                    (unsigned)sample->run);
    if (!record_is_placed(manifest, sample))
        return FAIL(err, RC_BUG, 0, "run %u is not that of slot %u of round %u",
                    (unsigned)sample->run, (unsigned)sample->slot, (unsigned)sample->round);
    if (sample->kind != SAMPLE_RUN && known_name(manifest, sample->kind, name) == NULL)
        return FAIL(err, RC_BUG, 0, "run %u has a %s \"%s\" the study does not have",
                    (unsigned)sample->run, kind, Q(name));
    if (sample->kind == SAMPLE_RUN &&
        sample->link_order >= record_link_orders(manifest, sample->arm))
        return FAIL(err, RC_BUG, 0, "run %u is of a link order its build does not have",
                    (unsigned)sample->run);
    const char *pragma = record_facts_duplicate(&sample->pragmas);
    if (pragma != NULL)
        return FAIL(err, RC_BUG, 0, "run %u has the pragma \"%s\" twice", (unsigned)sample->run,
                    Q(pragma));
    struct value_defect defect;
    record_values_check(manifest, sample, &defect);
    if (defect.key != NULL)
        return FAIL(err, RC_INVALID, 0, "run %u (%s), %s%s%s: \"%s\" %s", (unsigned)sample->run,
                    Q(manifest->arms[sample->arm].label), kind, name[0] != '\0' ? " " : "", Q(name),
                    defect.key, defect.what);
    return RC_OK;
}

enum rc record_sample_print(const struct record_manifest *manifest, const struct sample *sample,
                            struct buf *out, struct err *err)
{
    enum rc rc = refuse_to_print(manifest, sample, err);
    if (rc != RC_OK)
        return rc;
    struct json_writer writer = json_begin(out, true, err);
    json_open(&writer, NULL, '{');
    json_string(&writer, "schema", RECORD_SAMPLE_SCHEMA);
    json_string(&writer, "kind", sample_kind_name(sample->kind));
    record_fields_write(&writer, place_rows, sample);
    json_string(&writer, "arm", manifest->arms[sample->arm].label);
    if (sample->kind != SAMPLE_RUN)
        json_string(&writer, "name", sample->name);
    write_values(&writer, sample);
    if (sample->kind == SAMPLE_PHASE)
        record_series_write(&writer, &sample->series);
    if (sample->kind != SAMPLE_RUN && sample->unsupported && sample->unsupported[0])
        json_string(&writer, "unsupported", sample->unsupported);
    if (sample->kind == SAMPLE_RUN) {
        struct sample run = *sample;
        run.reason = record_text((char[QUOTE_SIZE]){0}, sample->reason);
        record_fields_write(&writer, run_rows, &run);
        record_facts_write(&writer, "pragmas", &sample->pragmas);
        write_shares(&writer, "by_extension", &sample->by_extension);
        write_shares(&writer, "by_handler", &sample->by_handler);
        write_probes(&writer, &sample->probes);
    }
    json_close(&writer, '}');
    rc = json_finish(&writer);
    return rc == RC_OK ? buf_append(out, span_of("\n", 1), err) : rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_kind(struct record_reader *reader, const struct json_node *root,
                      enum sample_kind *kind)
{
    const char *name = record_word(reader, root, "kind");
    for (int i = SAMPLE_PHASE; i <= SAMPLE_RUN; i++) {
        if (strcmp(name, sample_kind_name((enum sample_kind)i)) == 0) {
            *kind = (enum sample_kind)i;
            return;
        }
    }
    record_refuse(reader, root, "kind", "is not phase, snapshot or run");
}

uint32_t record_arm_index(struct record_reader *reader, const struct json_node *node,
                          const char *key, const struct record_manifest *manifest)
{
    const char *label = "";
    if (reader->rc == RC_OK && key != NULL)
        reader->rc = json_get_string(reader->json, node, key, &label, reader->err);
    else if (reader->rc == RC_OK)
        reader->rc = json_as_string(reader->json, node, NULL, &label, reader->err);
    for (size_t i = 0; reader->rc == RC_OK && i < manifest->arm_count; i++) {
        if (strcmp(manifest->arms[i].label, label) == 0)
            return (uint32_t)i;
    }
    record_refuse(reader, node, key, "is not an arm of this study");
    return 0;
}

static void read_name(struct record_reader *reader, const struct json_node *root,
                      const struct record_manifest *manifest, struct sample *sample)
{
    const char *name = known_name(manifest, sample->kind, record_word(reader, root, "name"));
    if (name != NULL)
        sample->name = name;
    else
        record_refuse(reader, root, "name",
                      sample->kind == SAMPLE_PHASE ? "is not a phase of this study"
                                                   : "is not a snapshot of this study");
}

static void read_values(struct record_reader *reader, const struct json_node *root,
                        struct sample *sample)
{
    const struct json_node *values = record_object(reader, root, "values"), *member = NULL;
    while (reader->rc == RC_OK && (member = json_next(values, member)) != NULL) {
        enum metric metric = metric_by_name(json_key(member));
        if (metric == METRIC_COUNT)
            record_note_unknown(reader, member);
        else
            reader->rc =
                json_as_double(reader->json, member, NULL, &sample->value[metric], reader->err);
    }
}

static void read_shares(struct record_reader *reader, const struct json_node *root, const char *key,
                        struct record_shares *shares)
{
    const struct json_node *array = record_array(reader, root, key, &shares->count), *item = NULL;
    if (array == NULL)
        return;
    shares->items = record_alloc(reader, shares->count, sizeof(*shares->items));
    for (size_t i = 0; reader->rc == RC_OK && i < shares->count; i++) {
        item = json_next(array, item);
        record_fields_read(reader, item, share_rows, &shares->items[i]);
        record_fields_unknown(reader, item, share_rows, no_others);
    }
}

/* Absent in records of programs that asked nothing. */
static void read_probes(struct record_reader *reader, const struct json_node *root,
                        struct record_probes *probes)
{
    if (reader->rc != RC_OK || !json_has(root, "probes"))
        return;
    probes->items =
        record_items(reader, root, "probes", probe_rows, sizeof(*probes->items), &probes->count);
}

static void read_run(struct record_reader *reader, const struct json_node *root,
                     struct sample *sample)
{
    record_fields_read(reader, root, run_rows, sample);
    record_facts_read(reader, root, "pragmas", &sample->pragmas);
    read_shares(reader, root, "by_extension", &sample->by_extension);
    read_shares(reader, root, "by_handler", &sample->by_handler);
    read_probes(reader, root, &sample->probes);
}

static void read_sample(struct record_reader *reader, const struct json_node *root,
                        const struct record_manifest *manifest, struct sample *sample)
{
    enum sample_kind kind = SAMPLE_PHASE;
    record_schema_read(reader, root, RECORD_SAMPLE_SCHEMA);
    read_kind(reader, root, &kind);
    sample_init(sample, kind);
    record_fields_read(reader, root, place_rows, sample);
    sample->arm = record_arm_index(reader, root, "arm", manifest);
    if (kind != SAMPLE_RUN)
        read_name(reader, root, manifest, sample);
    if (sample->slot >= manifest->arm_count)
        record_refuse(reader, root, "slot", "is not below the number of arms");
    if (!record_is_placed(manifest, sample))
        record_refuse(reader, root, "run", "is not \"round\" x the number of arms + \"slot\"");
    read_values(reader, root, sample);
    if (kind == SAMPLE_PHASE)
        record_series_read(reader, root, &sample->series);
    if (kind != SAMPLE_RUN && reader->rc == RC_OK && json_has(root, "unsupported"))
        record_fields_read(reader, root, unsupported_rows, sample);
    if (kind == SAMPLE_RUN)
        read_run(reader, root, sample);
    if (kind == SAMPLE_RUN && reader->rc == RC_OK &&
        sample->link_order >= record_link_orders(manifest, sample->arm))
        record_refuse(reader, root, "link_order", "is not a program of the arm's build");
    static const char *const *const others[] = {[SAMPLE_PHASE] = phase_others,
                                                [SAMPLE_SNAPSHOT] = snapshot_others,
                                                [SAMPLE_RUN] = run_others};
    record_fields_unknown(reader, root, place_rows, others[kind]);
    struct value_defect defect;
    record_values_check(manifest, sample, &defect);
    if (reader->rc != RC_OK || defect.key == NULL)
        return;
    const struct json_node *node = root;
    if (defect.group != NULL)
        node = record_object(reader, root, defect.group);
    record_refuse(reader, node, defect.key, defect.what);
}

enum rc record_sample_parse(const struct line_source *source, struct span line, unsigned number,
                            struct sample *out, struct err *err)
{
    struct json *json;
    enum rc rc = json_parse(&json, line, source->path, number, err);
    if (rc != RC_OK)
        return rc;
    struct record_reader reader = {.json = json,
                                   .file = Q(source->path),
                                   .line = number,
                                   .arena = source->arena,
                                   .record = source->record,
                                   .err = err};
    read_sample(&reader, json_root(json), source->manifest, out);
    json_free(json);
    return reader.rc;
}
