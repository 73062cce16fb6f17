#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/record_parts.h"

#define AT(member) offsetof(struct record_manifest, member)

static const struct field top_rows[] = {
    {"id", FIELD_WORD, AT(id)},
    {"created", FIELD_TEXT, AT(created)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field tool_rows[] = {
    {"version", FIELD_TEXT, AT(tool_version)},
    {"hash", FIELD_TEXT, AT(tool_hash)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field plan_rows[] = {
    {"name", FIELD_TEXT, AT(plan_name)},
    {"seed", FIELD_SEED, AT(seed)},
    {"rounds", FIELD_U32, AT(rounds)},
    {"budget_ns", FIELD_U64, AT(budget_ns)},
    {"durability", FIELD_TEXT, AT(durability)},
    {"retention", FIELD_TEXT, AT(retention)},
    {"batch", FIELD_U32, AT(batch)},
    {"keep", FIELD_TEXT, AT(keep)},
    {"anywhere", FIELD_BOOL, AT(anywhere)},
    {"guardrail", FIELD_DOUBLE, AT(guardrail)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field dataset_rows[] = {
    {"spec", FIELD_TEXT, AT(dataset_spec)},       {"name", FIELD_TEXT, AT(dataset_name)},
    {"options", FIELD_TEXT, AT(dataset_options)}, {"hash", FIELD_TEXT, AT(dataset_hash)},
    {"warning", FIELD_TEXT, AT(dataset_warning)}, {"files", FIELD_U64, AT(dataset_files)},
    {"bytes", FIELD_U64, AT(dataset_bytes)},      {NULL, FIELD_TEXT, 0},
};
static const struct field clock_rows[] = {
    {"read_ns", FIELD_U64, AT(clock_read_ns)},
    {"tick_ns", FIELD_U64, AT(clock_tick_ns)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field arm_rows[] = {
    {"label", FIELD_WORD, offsetof(struct record_arm, label)},
    {"spec", FIELD_WORD, offsetof(struct record_arm, spec)},
    {"options", FIELD_TEXT, offsetof(struct record_arm, options)},
    {"summary", FIELD_TEXT, offsetof(struct record_arm, summary)},
    {"caps", FIELD_TEXT, offsetof(struct record_arm, caps)},
    {"sql", FIELD_BOOL, offsetof(struct record_arm, sql)},
    {"volatile_floor", FIELD_BOOL, offsetof(struct record_arm, volatile_floor)},
    {"control", FIELD_BOOL, offsetof(struct record_arm, control)},
    {"control_again", FIELD_BOOL, offsetof(struct record_arm, control_again)},
    {"build", FIELD_U32, offsetof(struct record_arm, build)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field phase_rows[] = {
    {"name", FIELD_WORD, offsetof(struct record_phase, name)},
    {"workload", FIELD_TEXT, offsetof(struct record_phase, workload)},
    {"snapshot", FIELD_TEXT, offsetof(struct record_phase, snapshot)},
    {"options", FIELD_TEXT, offsetof(struct record_phase, options)},
    {"reads_only", FIELD_BOOL, offsetof(struct record_phase, reads_only)},
    {NULL, FIELD_TEXT, 0},
};

static const struct {
    const char *key;
    const struct field *rows;
} groups[] = {
    {"tool", tool_rows},
    {"plan", plan_rows},
    {"dataset", dataset_rows},
    {"clock", clock_rows},
};
static const struct {
    const char *key;
    size_t offset;
} fact_groups[] = {
    {"host", AT(host)},
    {"libraries", AT(libraries)},
    {"sqlite_options", AT(sqlite_options)},
};
static const char *const top_others[] = {
    "schema", "tool",   "plan",   "dataset", "clock",     "protocol",       "arms",
    "trace",  "builds", "phases", "host",    "libraries", "sqlite_options", NULL,
};
static const char *const no_others[] = {NULL};

/* ---- what a manifest must be beyond its types ------------------------------------------------ */

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* It names a folder and stands in messages. */
static bool is_folder_name(const char *id)
{
    if (id == NULL || id[0] == '\0' || id[0] == '.' || strlen(id) > 200)
        return false;
    for (const char *p = id; *p != '\0'; p++) {
        if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    }
    return true;
}

/* Phase names become file names (latencies_name). */
static bool is_phase_name(const char *name)
{
    return is_folder_name(name) && strlen(name) <= 100;
}

/* What is wrong with arm `i`, beside those before it. */
static const char *arm_defect(const struct record_manifest *manifest, size_t i, const char **key)
{
    const struct record_arm *arm = &manifest->arms[i];
    *key = "label";
    if (arm->label == NULL || arm->label[0] == '\0')
        return "must not be empty";
    for (size_t j = 0; j < i; j++) {
        if (same(manifest->arms[j].label, arm->label))
            return "is given twice";
    }
    *key = "spec";
    if (arm->spec == NULL || arm->spec[0] == '\0')
        return "must not be empty";
    for (size_t j = 0; j < i; j++) {
        /* Where builds are compared, each strategy of the baseline is a control of its own. */
        const struct record_arm *before = &manifest->arms[j];
        bool rival = manifest->build_count == 0 || same(before->spec, arm->spec);
        *key = arm->control && before->control ? "control" : "control_again";
        if (rival &&
            ((arm->control && before->control) || (arm->control_again && before->control_again)))
            return "is true for two arms";
    }
    return NULL;
}

static bool check_arms(const struct record_manifest *manifest, struct manifest_defect *defect)
{
    for (size_t i = 0; i < manifest->arm_count; i++) {
        *defect = (struct manifest_defect){.group = "arms", .index = i};
        defect->what = arm_defect(manifest, i, &defect->key);
        if (defect->what != NULL)
            return false;
    }
    return true;
}

static bool check_phases(const struct record_manifest *manifest, struct manifest_defect *defect)
{
    for (size_t i = 0; i < manifest->phase_count; i++) {
        const struct record_phase *phase = &manifest->phases[i];
        bool snapshot = phase->snapshot != NULL && phase->snapshot[0] != '\0';
        *defect = (struct manifest_defect){.group = "phases", .index = i, .key = "name"};
        if (!is_phase_name(phase->name))
            defect->what = "is not a phase name (1..100 bytes, without \"/\")";
        for (size_t j = 0; j < i; j++) {
            if (same(manifest->phases[j].name, phase->name))
                defect->what = "is given twice";
        }
        if (defect->what != NULL)
            return false;
        defect->key = "snapshot";
        if (same(phase->snapshot, RECORD_BASELINE))
            defect->what = "is the name of the snapshot before the first phase";
        for (size_t j = 0; snapshot && j < i; j++) {
            if (same(manifest->phases[j].snapshot, phase->snapshot))
                defect->what = "is given twice";
        }
        if (defect->what != NULL)
            return false;
    }
    return true;
}

/* True when there is nothing to say against it. */
static bool check(const struct record_manifest *manifest, struct manifest_defect *defect)
{
    *defect = (struct manifest_defect){.index = NO_INDEX};
    if (!is_folder_name(manifest->id)) {
        defect->key = "id";
        defect->what = "is not a folder's name";
    } else if (manifest->rounds == 0 || manifest->batch == 0) {
        defect->group = "plan";
        defect->key = manifest->rounds == 0 ? "rounds" : "batch";
        defect->what = "must be at least 1";
    } else if (!isfinite(manifest->guardrail) || manifest->guardrail < 0) {
        defect->group = "plan";
        defect->key = "guardrail";
        defect->what = "must be a number, not negative";
    } else if (manifest->arm_count == 0 || manifest->phase_count == 0) {
        defect->key = manifest->arm_count == 0 ? "arms" : "phases";
        defect->what = "must not be empty";
    }
    return defect->what == NULL && record_protocol_check(&manifest->protocol, defect) &&
           record_trace_check(manifest, defect) && check_arms(manifest, defect) &&
           record_builds_check(manifest, defect) && check_phases(manifest, defect);
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum rc refuse_to_print(const struct record_manifest *manifest, struct err *err)
{
    struct manifest_defect defect;
    if (!check(manifest, &defect))
        return FAIL(err, RC_USAGE, 0, "cannot record a study whose \"%s%s%s%s%s\" %s",
                    defect.group != NULL ? defect.group : "", defect.group != NULL ? "." : "",
                    defect.inner != NULL ? defect.inner : "", defect.inner != NULL ? "." : "",
                    defect.key, defect.what);
    for (size_t i = 0; i < COUNT_OF(fact_groups); i++) {
        const char *name = record_facts_duplicate(
            (const struct facts *)(const void *)((const char *)manifest + fact_groups[i].offset));
        if (name != NULL)
            return FAIL(err, RC_BUG, 0, "cannot record a study whose \"%s\" holds \"%s\" twice",
                        fact_groups[i].key, Q(name));
    }
    return RC_OK;
}

enum rc record_manifest_print(const struct record_manifest *manifest, struct buf *out,
                              struct err *err)
{
    enum rc rc = refuse_to_print(manifest, err);
    if (rc != RC_OK)
        return rc;
    struct json_writer writer = json_begin(out, false, err);
    json_open(&writer, NULL, '{');
    json_string(&writer, "schema", RECORD_MANIFEST_SCHEMA);
    record_fields_write(&writer, top_rows, manifest);
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        json_open(&writer, groups[i].key, '{');
        record_fields_write(&writer, groups[i].rows, manifest);
        json_close(&writer, '}');
    }
    record_protocol_write(&writer, &manifest->protocol);
    record_trace_write(&writer, manifest);
    json_open(&writer, "arms", '[');
    for (size_t i = 0; i < manifest->arm_count; i++) {
        json_open(&writer, NULL, '{');
        record_fields_write(&writer, arm_rows, &manifest->arms[i]);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    record_builds_write(&writer, manifest);
    json_open(&writer, "phases", '[');
    for (size_t i = 0; i < manifest->phase_count; i++) {
        json_open(&writer, NULL, '{');
        record_fields_write(&writer, phase_rows, &manifest->phases[i]);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    for (size_t i = 0; i < COUNT_OF(fact_groups); i++)
        record_facts_write(
            &writer, fact_groups[i].key,
            (const struct facts *)(const void *)((const char *)manifest + fact_groups[i].offset));
    json_close(&writer, '}');
    return json_finish(&writer);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_group(struct record_reader *reader, const struct json_node *root, const char *key,
                       const struct field *rows, void *base)
{
    const struct json_node *group = record_object(reader, root, key);
    if (group == NULL)
        return;
    record_fields_read(reader, group, rows, base);
    record_fields_unknown(reader, group, rows, no_others);
}

static void read_manifest(struct record_reader *reader, const struct json_node *root,
                          struct record_manifest *manifest)
{
    record_schema_read(reader, root, RECORD_MANIFEST_SCHEMA);
    record_fields_read(reader, root, top_rows, manifest);
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        read_group(reader, root, groups[i].key, groups[i].rows, manifest);
    record_protocol_read(reader, root, &manifest->protocol);
    record_trace_read(reader, root, manifest);
    manifest->arms =
        record_items(reader, root, "arms", arm_rows, sizeof(*manifest->arms), &manifest->arm_count);
    record_builds_read(reader, root, manifest);
    manifest->phases = record_items(reader, root, "phases", phase_rows, sizeof(*manifest->phases),
                                    &manifest->phase_count);
    for (size_t i = 0; i < COUNT_OF(fact_groups); i++)
        record_facts_read(reader, root, fact_groups[i].key,
                          (struct facts *)(void *)((char *)manifest + fact_groups[i].offset));
    record_fields_unknown(reader, root, top_rows, top_others);
}

/* Refuse what check() found, with the line it stands on. */
static void refuse_defect(struct record_reader *reader, const struct json_node *root,
                          const struct manifest_defect *defect)
{
    const struct json_node *node = root;
    size_t count = 0;
    if (defect->group != NULL && defect->index == NO_INDEX)
        node = record_object(reader, root, defect->group);
    if (defect->index != NO_INDEX) {
        const struct json_node *array = record_array(reader, root, defect->group, &count);
        node = json_next(array, NULL);
        for (size_t i = 0; i < defect->index; i++)
            node = json_next(array, node);
    }
    if (defect->inner != NULL)
        node = record_object(reader, node, defect->inner);
    record_refuse(reader, node, defect->key, defect->what);
}

enum rc record_manifest_parse(struct record *record, struct span text, const char *file,
                              struct err *err)
{
    struct json *json;
    enum rc rc = json_parse(&json, text, file, 0, err);
    if (rc != RC_OK)
        return rc;
    struct record_reader reader = {
        .json = json, .file = Q(file), .arena = &record->arena, .record = record, .err = err};
    const struct json_node *root = json_root(json);
    read_manifest(&reader, root, &record->manifest);
    struct manifest_defect defect;
    if (reader.rc == RC_OK && !check(&record->manifest, &defect))
        refuse_defect(&reader, root, &defect);
    json_free(json);
    return reader.rc;
}
