/* store_open.c: options, and bringing a store up and down. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/store_host.h"

/* ---- options --------------------------------------------------------------------------------- */

size_t store_settings_offset(const struct strategy *ops)
{
    const size_t align = _Alignof(max_align_t);
    return (ops->state_size + align - 1) / align * align;
}

static bool append_rows(struct opt *rows, size_t *count, const struct opt *more, size_t shift)
{
    for (; more != NULL && more->name != NULL; more++) {
        if (*count == STORE_OPTIONS_MAX)
            return false;
        rows[*count] = *more;
        rows[*count].offset += shift;
        ++*count;
    }
    return true;
}

bool store_option_rows(const struct strategy *ops, struct opt rows[STORE_OPTIONS_MAX + 1])
{
    size_t count = 0;
    bool fits = append_rows(rows, &count, ops->opts, 0);
    if (fits && (ops->caps & CAP_SQL))
        fits = append_rows(rows, &count, db_opts, store_settings_offset(ops));
    rows[count] = (struct opt){.name = NULL};
    return fits;
}

static struct db_settings *settings_behind(struct store *st, const struct strategy *ops)
{
    return (struct db_settings *)(void *)((unsigned char *)st + store_settings_offset(ops));
}

/* Zeroed state with the settings behind it, filled from the defaults, the preset and the user's
 * options; the effective text is appended to *effective.  *out is the caller's to free, also after
 * a failure. */
static enum rc state_new(struct store **out, const struct strategy *ops, const char *preset,
                         const char *options, const char *label, struct buf *effective,
                         struct err *err)
{
    struct opt rows[STORE_OPTIONS_MAX + 1];
    *out = NULL;
    const char *defect = strategy_defect(ops);
    if (defect != NULL)
        return FAIL(err, RC_BUG, 0, "strategy \"%s\" is defective: %s", label, defect);
    CHECK(store_option_rows(ops, rows));
    struct store *st = calloc(1, store_settings_offset(ops) + sizeof(struct db_settings));
    if (st == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for the state of \"%s\"", label);
    *out = st;
    opt_defaults(rows, st);
    enum rc rc = opt_apply(rows, st, preset, label, err);
    if (rc == RC_OK)
        rc = opt_apply(rows, st, options, label, err);
    if (rc == RC_OK && (ops->caps & CAP_SQL))
        rc = db_settings_check(settings_behind(st, ops), label, err);
    if (rc == RC_OK && effective != NULL)
        rc = opt_print(rows, st, effective, err);
    return rc;
}

enum rc store_options_check(const struct strategy *ops, const char *preset, const char *options,
                            const char *label, struct buf *effective, struct err *err)
{
    struct store *st;
    enum rc rc = state_new(&st, ops, preset, options, label, effective, err);
    free(st);
    return rc;
}

const char *store_options(const struct store *st)
{
    return (const char *)st->host->options.ptr;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Ends the listing at the first file. */
static enum rc visit_stops(void *ctx, const char *name, uint64_t size, struct err *err)
{
    (void)name, (void)size, (void)err;
    *(bool *)ctx = true;
    return RC_INTERRUPTED;
}

static enum rc tree_empty(struct io *io, bool *empty, struct err *err)
{
    bool found = false;
    enum rc rc = io_list(io, "", visit_stops, &found, err);
    *empty = !found;
    return found ? RC_OK : rc;
}

static enum rc run_init(struct store *st)
{
    struct store_host *host = st->host;
    enum rc rc = st->db != NULL ? db_begin(st->db, st->err) : RC_OK;
    if (rc != RC_OK)
        return rc;
    if (st->db != NULL)
        st->db->guard = true;
    rc = st->ops->init(st);
    arena_reset(&host->scratch);
    if (st->db != NULL)
        st->db->guard = false;
    /* SQL that is right on a store of ours and wrong on this one: its schema is another. */
    if (rc == RC_IO && st->db != NULL && !st->created &&
        sqlite3_errcode(st->db->handle) == SQLITE_ERROR)
        rc = st->err->rc = RC_CORRUPT;
    if (rc == RC_OK && st->db != NULL && sqlite3_get_autocommit(st->db->handle))
        rc = FAIL(st->err, RC_BUG, 0, "init ended the engine's transaction");
    if (rc == RC_OK && st->db != NULL)
        rc = db_commit(st->db, st->err);
    if (rc == RC_NOTFOUND)
        rc = RC_BUG;
    if (rc != RC_OK)
        (void)FAIL(st->err, rc, 0, "\"%s\" failed to open without a message (%s)", host->label,
                   rc_name(rc));
    return rc;
}

/* `st` has its host; whatever was brought up when this fails is taken down by store_release. */
static enum rc bring_up(struct store *st, const struct store_config *config)
{
    struct store_host *host = st->host;
    struct err *err = &host->err;
    (void)snprintf(host->label, sizeof host->label, "%s", config->label);
    st->io = config->io;
    st->durability = config->durability;
    st->scratch = &host->scratch;
    st->counters = host->counters;
    st->err = err;
    enum rc rc = codec_set_new(&st->codecs, err);
    if (rc == RC_OK)
        rc = tree_empty(st->io, &st->created, err);
    if (rc == RC_OK && (st->ops->caps & CAP_SQL)) {
        settings_behind(st, st->ops)->shared = config->shared;
        rc = db_open(&host->db, st->io, st->durability, settings_behind(st, st->ops), err);
        /* The file alone does not make a store: its creation may have been cut short. */
        st->db = rc == RC_OK ? &host->db : NULL;
        st->created = host->db.created;
    }
    return rc;
}

/* Take down what is up, in the order that lets every part still find what it stands on. */
static enum rc store_release(struct store *st, bool inited, struct err *err)
{
    struct store_host *host = st->host;
    enum rc rc = RC_OK;
    if (inited) {
        if (host->scanning)
            st->ops->scan_end(st);
        st->ops->deinit(st);
    }
    if (st->db != NULL) {
        /* Nobody committed what is still open. */
        rc = db_rollback(st->db, err);
        KEEP_FIRST(rc, db_close(st->db, err));
    }
    codec_set_free(st->codecs);
    arena_release(&host->scratch);
    buf_release(&host->options);
    free(host);
    free(st);
    return rc;
}

enum rc store_open(struct store **out, const struct strategy *ops,
                   const struct store_config *config, struct err *err)
{
    *out = NULL;
    struct store *st = NULL;
    struct buf options = {0};
    enum rc rc = state_new(&st, ops, config->preset, config->options, config->label, &options, err);
    struct store_host *host = rc == RC_OK ? calloc(1, sizeof *host) : NULL;
    if (rc == RC_OK && host == NULL)
        rc = FAIL(err, RC_NOMEM, 0, "no memory for store \"%s\"", config->label);
    if (rc != RC_OK) {
        buf_release(&options);
        free(st);
        return rc;
    }
    st->ops = ops;
    st->host = host;
    host->options = options;
    rc = buf_append(&host->options, span_of("", 1), err);
    bool inited = false;
    if (rc == RC_OK)
        rc = bring_up(st, config);
    if (rc == RC_OK) {
        inited = true;
        rc = run_init(st);
    }
    if (rc != RC_OK) {
        if (err->rc == RC_OK)
            *err = host->err;
        /* Only what went wrong first is of interest. */
        struct err second = {0};
        KEEP_FIRST(rc, store_release(st, inited, &second));
        return rc;
    }
    *out = st;
    return RC_OK;
}

enum rc store_close(struct store *st, struct err *err)
{
    if (st == NULL)
        return RC_OK;
    struct store_host *host = st->host;
    enum rc rc = RC_OK;
    if (st->db == NULL && host->open) {
        err_clear(&host->err);
        rc = st->ops->rollback(st);
        if (rc != RC_OK)
            *err = host->err;
    }
    KEEP_FIRST(rc, store_release(st, true, err));
    return rc;
}
