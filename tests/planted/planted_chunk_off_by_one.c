/* The ways to cut a blob into chunks of CHUNK_LEN and put it together wrongly. */
#include "tests/planted/planted_store.h"

enum { CHUNK_LEN = 1000 };
enum { FAULT_DUPLICATE, FAULT_DROP, FAULT_BOTH };

static const char *const faults[] = {"duplicate", "drop", "both", NULL};

static const struct opt chunk_opts[] = {
    {.name = "fault",
     .type = OPT_CHOICE,
     .offset = offsetof(struct planted, fault),
     .def = "duplicate",
     .choices = faults,
     .help = "the byte at a boundary is there twice or not at all; both: the length stays"},
    {.name = NULL},
};

static enum rc chunk_put(struct store *st, const struct put_request *put)
{
    struct planted *self = planted_of(st);
    struct span in = put->bytes;
    enum rc rc = RC_OK;
    buf_clear(&self->bytes);
    for (size_t from = 0, index = 0; rc == RC_OK && from < in.len; from += CHUNK_LEN, index++) {
        size_t len = in.len - from < CHUNK_LEN ? in.len - from : CHUNK_LEN;
        bool last = from + len == in.len;
        if (self->fault == FAULT_DUPLICATE || (self->fault == FAULT_BOTH && index % 2 == 0))
            len += !last;
        else
            len -= !last;
        rc = buf_append(&self->bytes, span_of(in.ptr + from, len), st->err);
    }
    return rc == RC_OK ? planted_insert(st, put, buf_span(&self->bytes)) : rc;
}

const struct strategy strategy_planted_chunk_off_by_one =
    PLANTED("planted-chunk-off-by-one", "chunks that overlap by a byte or leave one out",
            chunk_opts, chunk_put, planted_get, planted_del, planted_scan_next);
