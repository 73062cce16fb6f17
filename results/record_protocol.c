/* record_protocol.c: what a study's claims are held to and the programs it ran, as part of
 * manifest.json: defaults, ranges, reading and writing. */
#include <string.h>

#include "results/record_parts.h"

#define AT(member) offsetof(struct record_protocol, member)

enum { LOOK_ROUNDS_MAX = 1000 };
_Static_assert(RECORD_LOOKS_MAX == 8, "messages here say so");

static const char *const stopping_names[] = {
    [STOPPING_FIXED] = "fixed",
    [STOPPING_LOOKS] = "looks",
    [STOPPING_UNTIL] = "until-decided",
};
static const struct field margin_rows[] = {
    {"p50", FIELD_DOUBLE, AT(margin_p50)},     {"p95", FIELD_DOUBLE, AT(margin_p95)},
    {"rate", FIELD_DOUBLE, AT(margin_rate)},   {"cpu", FIELD_DOUBLE, AT(margin_cpu)},
    {"exact", FIELD_DOUBLE, AT(margin_exact)}, {NULL, FIELD_TEXT, 0},
};
static const struct field protocol_rows[] = {
    {"alpha", FIELD_DOUBLE, AT(alpha)},
    {"racing", FIELD_BOOL, AT(racing)},
    {"env_padding", FIELD_BOOL, AT(env_padding)},
    {"open_loop_per_s", FIELD_DOUBLE, AT(open_loop_per_s)},
    {"warmup_min", FIELD_U32, AT(warmup_min)},
    {"warmup_share", FIELD_DOUBLE, AT(warmup_share)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field build_rows[] = {
    {"label", FIELD_WORD, offsetof(struct record_build, label)},
    {"revision", FIELD_TEXT, offsetof(struct record_build, revision)},
    {"hash", FIELD_TEXT, offsetof(struct record_build, hash)},
    {"programs", FIELD_WORD, offsetof(struct record_build, programs)},
    {NULL, FIELD_TEXT, 0},
};
static const char *const no_others[] = {NULL};
static const char *const protocol_others[] = {"stopping", "looks", "margins", NULL};

void record_protocol_default(struct record_protocol *protocol)
{
    *protocol = (struct record_protocol){
        .stopping = STOPPING_FIXED,
        .alpha = 0.05,
        .margin_p50 = 0.03,
        .margin_p95 = 0.05,
        .margin_rate = 0.03,
        .margin_cpu = 0.03,
        .margin_exact = 0.01,
        .env_padding = true,
        .warmup_min = 50,
        .warmup_share = 0.05,
    };
}

/* ---- ranges ---------------------------------------------------------------------------------- */

static const struct {
    const char *inner, *key;
    size_t offset;
    double low, high;
    bool above_low, below_high; /* the bound itself is not allowed */
    const char *what;
} ranges[] = {
    {NULL, "alpha", AT(alpha), 0, 0.5, true, false, "must be above 0 and at most 0.5"},
    {"margins", "p50", AT(margin_p50), 0, 1, true, true, "must be above 0 and below 1"},
    {"margins", "p95", AT(margin_p95), 0, 1, true, true, "must be above 0 and below 1"},
    {"margins", "rate", AT(margin_rate), 0, 1, true, true, "must be above 0 and below 1"},
    {"margins", "cpu", AT(margin_cpu), 0, 1, true, true, "must be above 0 and below 1"},
    {"margins", "exact", AT(margin_exact), 0, 1, false, true, "must be from 0 to below 1"},
    {NULL, "open_loop_per_s", AT(open_loop_per_s), 0, 1e9, false, false, "must be from 0 to 1e9"},
    {NULL, "warmup_share", AT(warmup_share), 0, 1, false, false, "must be from 0 to 1"},
};

static bool in_range(size_t index, double value)
{
    bool low = ranges[index].above_low ? value > ranges[index].low : value >= ranges[index].low;
    bool high = ranges[index].below_high ? value < ranges[index].high : value <= ranges[index].high;
    return low && high; /* NaN is in no range */
}

static const char *looks_defect(const struct record_protocol *protocol)
{
    if ((protocol->look_count > 0) != (protocol->stopping == STOPPING_LOOKS))
        return "must name rounds when \"stopping\" is \"looks\", and only then";
    if (protocol->look_count > RECORD_LOOKS_MAX)
        return "must not hold more than 8 looks";
    for (size_t i = 0; i < protocol->look_count; i++) {
        if (protocol->looks[i] < 1 || protocol->looks[i] > LOOK_ROUNDS_MAX ||
            (i > 0 && protocol->looks[i] <= protocol->looks[i - 1]))
            return "must be ascending numbers of rounds from 1 to 1000";
    }
    return NULL;
}

bool record_protocol_check(const struct record_protocol *protocol, struct manifest_defect *defect)
{
    *defect = (struct manifest_defect){.group = "protocol", .index = NO_INDEX};
    if ((size_t)protocol->stopping >= COUNT_OF(stopping_names)) {
        defect->key = "stopping";
        defect->what = "is not fixed, looks or until-decided";
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        const void *value = (const char *)protocol + ranges[i].offset;
        if (!in_range(i, *(const double *)value)) {
            defect->inner = ranges[i].inner;
            defect->key = ranges[i].key;
            defect->what = ranges[i].what;
            return false;
        }
    }
    defect->key = "looks";
    defect->what = looks_defect(protocol);
    return defect->what == NULL;
}

/* ---- protocol: writing and reading ----------------------------------------------------------- */

void record_protocol_write(struct json_writer *writer, const struct record_protocol *protocol)
{
    json_open(writer, "protocol", '{');
    json_string(writer, "stopping", stopping_names[protocol->stopping]);
    json_open(writer, "looks", '[');
    for (size_t i = 0; i < protocol->look_count; i++)
        json_u64(writer, NULL, protocol->looks[i]);
    json_close(writer, ']');
    json_open(writer, "margins", '{');
    record_fields_write(writer, margin_rows, protocol);
    json_close(writer, '}');
    record_fields_write(writer, protocol_rows, protocol);
    json_close(writer, '}');
}

static void read_stopping(struct record_reader *reader, const struct json_node *group,
                          enum stopping *stopping)
{
    const char *name = record_word(reader, group, "stopping");
    for (size_t i = 0; i < COUNT_OF(stopping_names); i++) {
        if (strcmp(stopping_names[i], name) == 0) {
            *stopping = (enum stopping)i;
            return;
        }
    }
    record_refuse(reader, group, "stopping", "is not fixed, looks or until-decided");
}

static void read_looks(struct record_reader *reader, const struct json_node *group,
                       struct record_protocol *protocol)
{
    const struct json_node *array = record_array(reader, group, "looks", &protocol->look_count);
    const struct json_node *item = NULL;
    if (reader->rc == RC_OK && protocol->look_count > RECORD_LOOKS_MAX)
        record_refuse(reader, group, "looks", "must not hold more than 8 looks");
    for (size_t i = 0; reader->rc == RC_OK && i < protocol->look_count; i++) {
        double rounds = 0;
        item = json_next(array, item);
        reader->rc = json_as_double(reader->json, item, NULL, &rounds, reader->err);
        if (reader->rc != RC_OK)
            return;
        if (!(rounds >= 1 && rounds <= LOOK_ROUNDS_MAX) || rounds != (uint32_t)rounds)
            record_refuse(reader, item, NULL, "is not a number of rounds from 1 to 1000");
        else
            protocol->looks[i] = (uint32_t)rounds;
    }
}

void record_protocol_read(struct record_reader *reader, const struct json_node *root,
                          struct record_protocol *protocol)
{
    const struct json_node *group = record_object(reader, root, "protocol");
    if (group == NULL)
        return;
    read_stopping(reader, group, &protocol->stopping);
    read_looks(reader, group, protocol);
    const struct json_node *margins = record_object(reader, group, "margins");
    if (margins == NULL)
        return;
    record_fields_read(reader, margins, margin_rows, protocol);
    record_fields_unknown(reader, margins, margin_rows, no_others);
    record_fields_read(reader, group, protocol_rows, protocol);
    record_fields_unknown(reader, group, protocol_rows, protocol_others);
}

/* ---- trace ----------------------------------------------------------------------------------- */

bool record_has_trace(const struct record_manifest *manifest)
{
    return manifest->trace.path != NULL && manifest->trace.path[0] != '\0';
}

bool record_is_open_loop(const struct record_manifest *manifest)
{
    return manifest->protocol.open_loop_per_s > 0 || manifest->trace.speed > 0;
}

static const struct field trace_rows[] = {
    {"path", FIELD_WORD, offsetof(struct record_trace, path)},
    {"hash", FIELD_WORD, offsetof(struct record_trace, hash)},
    {"speed", FIELD_DOUBLE, offsetof(struct record_trace, speed)},
    {NULL, FIELD_TEXT, 0},
};

void record_trace_write(struct json_writer *writer, const struct record_manifest *manifest)
{
    if (!record_has_trace(manifest))
        return;
    json_open(writer, "trace", '{');
    record_fields_write(writer, trace_rows, &manifest->trace);
    json_close(writer, '}');
}

void record_trace_read(struct record_reader *reader, const struct json_node *root,
                       struct record_manifest *manifest)
{
    if (reader->rc != RC_OK || !json_has(root, "trace"))
        return;
    const struct json_node *group = record_object(reader, root, "trace");
    if (group == NULL)
        return;
    record_fields_read(reader, group, trace_rows, &manifest->trace);
    record_fields_unknown(reader, group, trace_rows, no_others);
}

bool record_trace_check(const struct record_manifest *manifest, struct manifest_defect *defect)
{
    if (!record_has_trace(manifest))
        return true;
    *defect = (struct manifest_defect){.group = "trace", .index = NO_INDEX, .key = "path"};
    if (!record_is_inner_name(manifest->trace.path))
        defect->what = "is not a name inside the study's folder";
    else if (manifest->trace.speed > 0 && manifest->protocol.open_loop_per_s > 0) {
        defect->key = "speed";
        defect->what = "is given beside a rate of operations";
    }
    return defect->what == NULL;
}

/* ---- builds ---------------------------------------------------------------------------------- */

void record_builds_write(struct json_writer *writer, const struct record_manifest *manifest)
{
    if (manifest->build_count == 0)
        return;
    json_open(writer, "builds", '[');
    for (size_t i = 0; i < manifest->build_count; i++) {
        json_open(writer, NULL, '{');
        record_fields_write(writer, build_rows, &manifest->builds[i]);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

void record_builds_read(struct record_reader *reader, const struct json_node *root,
                        struct record_manifest *manifest)
{
    if (reader->rc == RC_OK && json_has(root, "builds"))
        manifest->builds = record_items(reader, root, "builds", build_rows,
                                        sizeof(*manifest->builds), &manifest->build_count);
}

/* Lines that hold something. */
static size_t count_programs(const char *programs)
{
    size_t count = 0;
    for (const char *at = programs != NULL ? programs : ""; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        count += len > 0;
        at += len + (at[len] == '\n');
    }
    return count;
}

size_t record_link_orders(const struct record_manifest *manifest, uint32_t arm)
{
    if (manifest->build_count == 0)
        return 1;
    return count_programs(manifest->builds[manifest->arms[arm].build].programs);
}

bool record_builds_check(const struct record_manifest *manifest, struct manifest_defect *defect)
{
    for (size_t i = 0; i < manifest->build_count; i++) {
        const struct record_build *build = &manifest->builds[i];
        *defect = (struct manifest_defect){.group = "builds", .index = i, .key = "label"};
        if (build->label == NULL || build->label[0] == '\0')
            defect->what = "must not be empty";
        for (size_t j = 0; defect->what == NULL && j < i; j++) {
            if (strcmp(manifest->builds[j].label, build->label) == 0)
                defect->what = "is given twice";
        }
        if (defect->what == NULL && count_programs(build->programs) == 0) {
            defect->key = "programs";
            defect->what = "must name a program file per line";
        }
        if (defect->what != NULL)
            return false;
    }
    for (size_t i = 0; i < manifest->arm_count; i++) {
        uint32_t build = manifest->arms[i].build;
        *defect = (struct manifest_defect){.group = "arms", .index = i, .key = "build"};
        if (manifest->build_count == 0 && build != 0)
            defect->what = "must be 0 in a study without builds";
        else if (manifest->build_count != 0 && build >= manifest->build_count)
            defect->what = "is not below the number of builds";
        if (defect->what != NULL)
            return false;
    }
    return true;
}
