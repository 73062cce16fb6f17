/* profile: what a directory is made of, and a synthetic twin that stores like it. */
#include <string.h>

#include "cli/cli.h"
#include "cli/profile_output.h"
#include "datasets/twin_fit.h"

enum { PROFILE_TWIN, PROFILE_CHECK, PROFILE_SEED, PROFILE_OUT, PROFILE_JSON };

static const struct arg rows[] = {
    {PROFILE_TWIN, "--twin", "FILE", NULL,
     "write a description without names and bytes, for --dataset twin:FILE"},
    {PROFILE_CHECK, "--check", NULL, NULL, "store data and twin and compare every storage metric"},
    {PROFILE_SEED, "--seed", "N", NULL, "of the dataset and of --check (default 1)"},
    {PROFILE_OUT, "--out", "DIR", NULL, "where --check works; nothing stays there (default .)"},
    {PROFILE_JSON, "--json", NULL, NULL, "print JSON (blobfront/profile/1)"},
    {.name = NULL},
};

struct profile_arguments {
    const char *what, *twin, *out;
    uint64_t seed;
    bool check, json;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct profile_arguments *to = ctx;
    (void)value2;
    switch (id) {
    case PROFILE_TWIN:
        to->twin = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "--twin: expected a file, got \"\"");
    case PROFILE_OUT:
        to->out = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "--out: expected a folder, got \"\"");
    case PROFILE_CHECK: to->check = true; return RC_OK;
    case PROFILE_JSON: to->json = true; return RC_OK;
    case PROFILE_SEED: return parse_u64(value, 0, (uint64_t)1 << 53, "--seed", &to->seed, err);
    default:
        to->what = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "profile: expected a directory, got \"\"");
    }
}

/* A dataset where the text begins with the name of one ("pair:old,new"), a directory otherwise;
 * a directory of such a name is "./pair:old,new". */
static enum rc spec_of(const char *what, struct buf *out, struct err *err)
{
    size_t len = strcspn(what, ":");
    for (size_t i = 0; i < dataset_count(); i++)
        if (strlen(dataset_at(i)->name) == len && strncmp(dataset_at(i)->name, what, len) == 0 &&
            what[len] == ':')
            return buf_set(out, span_of_str(what), err);
    return buf_printf(out, err, "files:%s", what);
}

static enum rc make_twin(const struct profile_arguments *to, const struct profile *profile,
                         struct buf *text, struct err *err)
{
    struct twin twin = {.kinds = NULL};
    enum rc rc = twin_fit(&twin, profile, err);
    if (rc == RC_OK)
        rc = twin_write(&twin, text, err);
    if (rc == RC_OK && to->twin)
        rc = print_to(to->twin, buf_span(text), err);
    twin_release(&twin);
    return rc;
}

static enum rc describe(const struct profile_arguments *to, struct buf *out, struct err *err)
{
    struct profile profile = {.ds = NULL};
    struct profile_check check;
    struct dataset *ds = NULL;
    struct buf spec = {0}, twin = {0};
    enum rc rc = spec_of(to->what, &spec, err);
    if (rc == RC_OK)
        rc = dataset_open(&ds, buf_str(&spec), to->seed, err);
    if (rc == RC_OK)
        rc = profile_build(&profile, ds, err);
    if (rc == RC_OK && (to->twin || to->check))
        rc = make_twin(to, &profile, &twin, err);
    if (rc == RC_OK && to->check) {
        const struct profile_asked asked = {buf_str(&spec), to->seed, ds->event_count > 0};
        rc = profile_check_run(to->out, &asked, buf_span(&twin), &check, err);
    }
    if (rc == RC_OK) {
        const struct profile_check *made = to->check ? &check : NULL;
        rc = to->json ? profile_json(&profile, buf_str(&spec), made, out, err)
                      : profile_text(&profile, buf_str(&spec), made, out, err);
    }
    profile_release(&profile);
    dataset_close(ds);
    buf_release(&spec);
    buf_release(&twin);
    return rc;
}

static enum rc profile(int argc, char **argv, struct err *err)
{
    struct profile_arguments to = {.out = ".", .seed = 1};
    struct args args = {
        .rows = rows,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "DIR",
        .take = take,
        .ctx = &to,
    };
    struct buf out = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK && to.twin && strcmp(to.twin, "-") == 0)
        rc = FAIL(err, RC_USAGE, 0, "--twin: expected a file: standard output has the profile");
    if (rc == RC_OK)
        rc = describe(&to, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

const struct command command_profile = {
    .name = "profile",
    .summary = "describe a directory: sizes, types, duplicates, savings; make a synthetic twin",
    .examples = "  blobfront profile ~/Pictures\n"
                "  blobfront profile ~/Pictures --twin pictures.json --check\n",
    .rows = rows,
    .operands = "DIR",
    .run = profile,
};
