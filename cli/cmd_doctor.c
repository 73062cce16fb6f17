/* doctor: is this machine fit to measure on? */
#include "analysis/doctor.h"
#include "cli/cli.h"
#include "engine/probe.h"

enum { DOCTOR_JSON, DOCTOR_DIR, DOCTOR_QUICK };

static const struct arg rows[] = {
    {DOCTOR_JSON, "--json", NULL, NULL, "print facts and grades as JSON (blobfront/doctor/1)"},
    {DOCTOR_DIR, "--dir", "DIR", NULL, "the folder studies would run in (default .)"},
    {DOCTOR_QUICK, "--quick", NULL, NULL, "a shorter look: about 0.3 s instead of 2 s"},
    {.name = NULL},
};

struct doctor_arguments {
    struct probe_options probe;
    bool json;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct doctor_arguments *to = ctx;
    (void)value2;
    switch (id) {
    case DOCTOR_JSON: to->json = true; return RC_OK;
    case DOCTOR_QUICK: to->probe.quick = true; return RC_OK;
    default:
        to->probe.dir = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "--dir: expected a folder, got \"\"");
    }
}

static enum rc examine(int argc, char **argv, struct err *err)
{
    struct doctor_arguments to = {.probe.dir = "."};
    struct args args = {.rows = rows, .operands = "", .take = take, .ctx = &to};
    struct doctor doctor = {.fact_count = 0};
    const struct probe_sink sink = {doctor_number, doctor_text, doctor_series, &doctor};
    struct buf out = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = probe_read(&to.probe, &sink, err);
    if (rc == RC_OK)
        rc = probe_measure(&to.probe, &sink, err);
    if (rc == RC_OK)
        rc = doctor_judge(&doctor, err);
    if (rc == RC_OK)
        rc = to.json ? doctor_json(&doctor, &out, err) : doctor_print(&doctor, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    doctor_release(&doctor);
    return rc;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "is this machine fit to measure on: clock, load, disk, A/A spread; graded",
    .examples = "  blobfront doctor\n"
                "  blobfront doctor --json --dir /mnt/data\n",
    .rows = rows,
    .operands = "",
    .run = examine,
};
