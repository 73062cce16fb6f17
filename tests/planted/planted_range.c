#include "tests/planted/planted_store.h"

#include <string.h>

/* read_at that is off by one, in place or in length. */
enum { RANGE_SOUND, RANGE_LATE, RANGE_SHORT };
static const char *const range_faults[] = {"sound", "late", "short", NULL};
static const struct opt range_opts[] = {
    {.name = "fault",
     .type = OPT_CHOICE,
     .offset = offsetof(struct planted, fault),
     .choices = range_faults,
     .def = "late",
     .help = "what is off by one"},
    {.name = NULL},
};

static enum rc range_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                             struct buf *out)
{
    struct planted *planted = planted_of(st);
    enum rc rc = planted_get(st, key, &planted->bytes);
    if (rc != RC_OK)
        return rc;
    size_t size = planted->bytes.len;
    /* At the blob's very end there is no byte behind to be late by. */
    if (planted->fault == RANGE_LATE && offset + len < size)
        offset++;
    size_t from = offset < size ? (size_t)offset : size;
    size_t got = size - from < len ? size - from : len;
    if (planted->fault == RANGE_SHORT && got > 0)
        got--;
    buf_clear(out);
    return buf_append(out, span_of(planted->bytes.ptr + from, got), st->err);
}

const struct strategy strategy_planted_range = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "planted-range",
    .summary = "reads of parts are off by one",
    .caps = CAP_SQL | CAP_DELETE | CAP_SCAN | CAP_READ_AT,
    .state_size = sizeof(struct planted),
    .opts = range_opts,
    .init = planted_init,
    .deinit = planted_deinit,
    .put = planted_put,
    .get = planted_get,
    .flush = planted_flush,
    .check = planted_check,
    .probe = planted_probe,
    .del = planted_del,
    .read_at = range_read_at,
    .scan_begin = planted_scan_begin,
    .scan_next = planted_scan_next,
    .scan_end = planted_scan_end,
};
