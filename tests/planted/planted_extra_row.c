#include "tests/planted/planted_store.h"

enum { LIE_AT = 5 };
enum { FAULT_TWICE, FAULT_SKIP, FAULT_OLDER, FAULT_END };

static const char *const faults[] = {"twice", "skip", "older", "end", NULL};

static const struct opt extra_row_opts[] = {
    {.name = "fault",
     .type = OPT_CHOICE,
     .offset = offsetof(struct planted, fault),
     .def = "twice",
     .choices = faults,
     .help = "a scan returns a file twice, skips one, returns an older "
             "version, or ends too early"},
    {.name = NULL},
};

static enum rc extra_row_next(struct store *st, struct blob_key *key, struct buf *out)
{
    struct planted *self = planted_of(st);
    bool lie = ++self->calls == LIE_AT;
    if (lie && self->fault == FAULT_TWICE) {
        *key = self->last;
        return buf_set(out, buf_span(&self->bytes), st->err);
    }
    enum rc rc = planted_scan_next(st, key, out);
    if (rc == RC_OK && lie && self->fault == FAULT_SKIP)
        rc = planted_scan_next(st, key, out);
    if (lie && self->fault == FAULT_END)
        rc = RC_NOTFOUND;
    if (rc == RC_OK && key->version > 0 && self->fault == FAULT_OLDER) {
        key->version--;
        rc = planted_get(st, *key, out);
    }
    self->last = *key;
    return rc == RC_OK ? buf_set(&self->bytes, buf_span(out), st->err) : rc;
}

const struct strategy strategy_planted_extra_row =
    PLANTED("planted-extra-row", "a scan that does not return each newest version once",
            extra_row_opts, planted_put, planted_get, planted_del, extra_row_next);
