/* import: operations seen elsewhere, as comma-separated values, made a trace. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "workloads/trace_csv.h"

enum { IMPORT_OUT, IMPORT_CLASS, IMPORT_SEED };

static const struct arg rows[] = {
    {IMPORT_OUT, "--out", "TRACE", NULL, "the trace to write; - is stdout"},
    {IMPORT_CLASS, "--class", "NAME", NULL, "what the bytes that are put look like (random)"},
    {IMPORT_SEED, "--seed", "N", NULL, "of these bytes (default 1)"},
    {.name = NULL},
};

struct import_arguments {
    struct trace_csv_request request;
    const char *out;
};

static enum rc take_class(struct import_arguments *to, const char *name, struct err *err)
{
    const char *names[64];
    size_t count = 0;
    to->request.look = content_class_by_name(name);
    if (to->request.look)
        return RC_OK;
    for (; count < content_class_count() && count < COUNT_OF(names); count++)
        names[count] = content_class_at(count)->name;
    const char *near = nearest_word(name, names, count);
    FAIL(err, RC_USAGE, 0, "--class: unknown content class \"%s\"", Q(name));
    if (near)
        err_hint(err, "did you mean \"%s\"?", near);
    else
        err_hint(err, "the first ones are %s%s%s", names[0], count > 1 ? ", " : "",
                 count > 1 ? names[1] : "");
    return RC_USAGE;
}

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct import_arguments *to = ctx;
    (void)value2;
    switch (id) {
    case IMPORT_OUT:
        to->out = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "--out: expected a file, got \"\"");
    case IMPORT_CLASS: return take_class(to, value, err);
    case IMPORT_SEED:
        return parse_u64(value, 0, (uint64_t)1 << 53, "--seed", &to->request.seed, err);
    default: to->request.path = value; return RC_OK;
    }
}

static enum rc print_summary(const struct import_arguments *to, const struct trace_csv_summary *sum,
                             size_t bytes, struct err *err)
{
    char ops[FORMAT_SIZE], puts[FORMAT_SIZE], keys[FORMAT_SIZE], put_bytes[FORMAT_SIZE],
        size[FORMAT_SIZE], duration[FORMAT_SIZE];
    struct buf out = {0};
    enum rc rc = buf_printf(
        &out, err, "%s: %s operations, %s puts of %s keys, %s bytes put as %s, ", Q(to->out),
        format_count(ops, sum->ops), format_count(puts, sum->puts), format_count(keys, sum->keys),
        format_count(put_bytes, sum->put_bytes), to->request.look->name);
    if (rc == RC_OK && sum->timed)
        rc = buf_printf(&out, err, "over %s; ", format_ns(duration, (double)sum->duration_ns));
    else if (rc == RC_OK)
        rc = buf_printf(&out, err, "without times; ");
    if (rc == RC_OK)
        rc = buf_printf(&out, err, "%s bytes\n", format_count(size, bytes));
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc import(int argc, char **argv, struct err *err)
{
    struct import_arguments to = {.request.seed = 1};
    struct args args = {
        .rows = rows,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "FILE.csv",
        .take = take,
        .ctx = &to,
    };
    struct buf out = {0};
    struct trace_csv_summary summary;
    to.request.look = content_class_by_name("random");
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK && !to.out)
        rc = FAIL(err, RC_USAGE, 0, "expected --out TRACE");
    if (rc == RC_OK)
        rc = trace_csv_import(&to.request, &out, &summary, err);
    if (rc == RC_OK)
        rc = print_to(to.out, buf_span(&out), err);
    if (rc == RC_OK && !(to.out[0] == '-' && to.out[1] == '\0'))
        rc = print_summary(&to, &summary, out.len, err);
    buf_release(&out);
    return rc;
}

const struct command command_import = {
    .name = "import",
    .summary = "make a trace of operations seen elsewhere: time_s,op,key,size[,offset,length]",
    .examples = "  blobfront import requests.csv --out requests.bft\n"
                "  blobfront import photos.csv --class random --seed 7 --out photos.bft\n",
    .rows = rows,
    .operands = "FILE.csv",
    .run = import,
};
