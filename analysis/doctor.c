#include "analysis/doctor.h"

#include <math.h>
#include <string.h>

#include "analysis/text.h"
#include "engine/json.h"

/* ---- facts ---------------------------------------------------------------------------------- */

static struct doctor_fact *fact_slot(struct doctor *doctor, const char *name)
{
    for (size_t i = 0; i < doctor->fact_count; i++) {
        if (strcmp(doctor->facts[i].name, name) == 0)
            return &doctor->facts[i];
    }
    if (doctor->fact_count == DOCTOR_FACTS_MAX) {
        doctor->full = true;
        return NULL;
    }
    return &doctor->facts[doctor->fact_count++];
}

void doctor_number(void *ctx, const char *name, double value)
{
    struct doctor_fact *fact = fact_slot(ctx, name);
    if (fact)
        *fact = (struct doctor_fact){.name = name, .number = value};
}

void doctor_text(void *ctx, const char *name, const char *value)
{
    struct doctor *doctor = ctx;
    struct doctor_fact *fact = fact_slot(doctor, name);
    /* Escaped here, once: mount points and device names are bytes. */
    char *copy = arena_strdup(&doctor->arena, Q(value));
    doctor->full = doctor->full || copy == NULL;
    if (fact)
        *fact = (struct doctor_fact){.name = name, .number = NAN, .text = copy ? copy : ""};
}

void doctor_series(void *ctx, const char *name, const double *values, size_t count)
{
    struct doctor *doctor = ctx;
    struct doctor_fact *fact = fact_slot(doctor, name);
    double *copy = arena_zalloc(&doctor->arena, count, sizeof(*copy));
    doctor->full = doctor->full || copy == NULL;
    if (copy && count > 0)
        memcpy(copy, values, count * sizeof(*copy));
    if (fact)
        *fact = (struct doctor_fact){
            .name = name, .number = NAN, .series = copy, .count = copy ? count : 0};
}

const struct doctor_fact *doctor_fact(const struct doctor *doctor, const char *name)
{
    for (size_t i = 0; i < doctor->fact_count; i++) {
        if (strcmp(doctor->facts[i].name, name) == 0)
            return &doctor->facts[i];
    }
    return NULL;
}

void doctor_release(struct doctor *doctor)
{
    arena_release(&doctor->arena);
    *doctor = (struct doctor){.fact_count = 0};
}

/* ---- output --------------------------------------------------------------------------------- */

const char *doctor_grade_name(enum doctor_grade grade)
{
    static const char *const names[] = {"good", "usable", "poor"};
    return names[grade];
}

static const char *verdict_of(enum doctor_grade grade)
{
    switch (grade) {
    case DOCTOR_GOOD: return "nothing here disturbs a study";
    case DOCTOR_USABLE: return "studies can be run; the lines marked usable are in their numbers";
    case DOCTOR_POOR: break;
    }
    return "mend the lines marked poor first: numbers would describe the disturbance";
}

enum rc doctor_print(const struct doctor *doctor, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    for (size_t i = 0; i < doctor->check_count; i++) {
        const struct doctor_check *check = &doctor->checks[i];
        text_print(&text, "%-13s %-7s ", check->name, doctor_grade_name(check->grade));
        text_terminal(&text, check->found);
        text_put(&text, "\n");
        if (check->means[0]) {
            text_print(&text, "%-13s %-7s means: ", "", "");
            text_terminal(&text, check->means);
            text_put(&text, "\n");
        }
        if (check->advice[0])
            text_print(&text, "%-13s %-7s do: %s\n", "", "", check->advice);
    }
    text_print(&text, "\noverall: %s (", doctor_grade_name(doctor->grade));
    size_t listed = 0;
    for (size_t i = 0; i < doctor->check_count; i++) {
        const struct doctor_check *check = &doctor->checks[i];
        if (doctor->grade != DOCTOR_GOOD && check->grade == doctor->grade)
            text_print(&text, "%s%s", listed++ ? ", " : "", check->name);
    }
    text_print(&text, "%s): %s\n", listed ? "" : "all checks", verdict_of(doctor->grade));
    return text.rc;
}

static void put_fact(struct json_writer *json, const struct doctor_fact *fact)
{
    if (fact->series) {
        json_open(json, fact->name, '[');
        for (size_t i = 0; i < fact->count; i++)
            json_double(json, NULL, fact->series[i]);
        json_close(json, ']');
    } else if (fact->text) {
        json_string(json, fact->name, fact->text);
    } else if (isfinite(fact->number)) {
        json_double(json, fact->name, fact->number);
    }
}

enum rc doctor_json(const struct doctor *doctor, struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", DOCTOR_SCHEMA);
    json_string(&json, "version", BLOBFRONT_VERSION);
    json_string(&json, "grade", doctor_grade_name(doctor->grade));
    json_open(&json, "checks", '[');
    for (size_t i = 0; i < doctor->check_count; i++) {
        const struct doctor_check *check = &doctor->checks[i];
        json_open(&json, NULL, '{');
        json_string(&json, "name", check->name);
        json_string(&json, "grade", doctor_grade_name(check->grade));
        json_string(&json, "found", check->found);
        json_string(&json, "means", check->means);
        json_string(&json, "advice", check->advice);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_open(&json, "facts", '{');
    for (size_t i = 0; i < doctor->fact_count; i++)
        put_fact(&json, &doctor->facts[i]);
    json_close(&json, '}');
    json_close(&json, '}');
    return json_finish(&json);
}
