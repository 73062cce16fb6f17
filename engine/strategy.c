/* strategy.c: whether a strategy's table keeps the interface's promises, and its capabilities as
 * text.  The store_* functions are in store.c. */
#include "engine/strategy.h"

#include <string.h>

#include "engine/store_host.h"

static const struct {
    uint32_t cap;
    const char *name;
} cap_names[] = {
    {CAP_SQL, "sql"},
    {CAP_DELETE, "delete"},
    {CAP_READ_AT, "read-at"},
    {CAP_SCAN, "scan"},
    {CAP_MAINTAIN, "maintain"},
    {CAP_TRANSACTION, "transaction"},
    {CAP_READ_WRITES, "read-writes"},
    {CAP_VOLATILE, "volatile"},
    {CAP_DEDUP, "dedup"},
    {CAP_FILE_PER_BLOB, "file-per-blob"},
};
_Static_assert((1u << COUNT_OF(cap_names)) - 1 == CAP_ALL, "every capability has a name");

enum rc strategy_caps_print(uint32_t caps, struct buf *out, struct err *err)
{
    const char *comma = "";
    for (size_t i = 0; i < COUNT_OF(cap_names); i++) {
        if (!(caps & cap_names[i].cap))
            continue;
        enum rc rc = buf_printf(out, err, "%s%s", comma, cap_names[i].name);
        if (rc != RC_OK)
            return rc;
        comma = ",";
    }
    return RC_OK;
}

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > 31 || name[0] < 'a' || name[0] > 'z')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* A bit is set exactly when its slots are filled. */
static const char *slot_defect(const struct strategy *ops)
{
    const struct {
        uint32_t cap;
        int filled, slots;
        const char *missing, *extra;
    } rows[] = {
        {CAP_DELETE, ops->del != NULL, 1, "delete is claimed, but del is missing",
         "del is filled, but delete is not claimed"},
        {CAP_READ_AT, ops->read_at != NULL, 1, "read-at is claimed, but read_at is missing",
         "read_at is filled, but read-at is not claimed"},
        {CAP_SCAN, (ops->scan_begin != NULL) + (ops->scan_next != NULL) + (ops->scan_end != NULL),
         3, "scan is claimed, but scan_begin, scan_next or scan_end is missing",
         "scan_begin, scan_next or scan_end is filled, but scan is not claimed"},
        {CAP_MAINTAIN, ops->maintain != NULL, 1, "maintain is claimed, but maintain is missing",
         "maintain is filled, but maintain is not claimed"},
        {CAP_TRANSACTION, (ops->begin != NULL) + (ops->commit != NULL) + (ops->rollback != NULL), 3,
         "transaction is claimed, but begin, commit or rollback is missing",
         "begin, commit or rollback is filled, but transaction is not claimed"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if ((ops->caps & rows[i].cap) && rows[i].filled != rows[i].slots)
            return rows[i].missing;
        if (!(ops->caps & rows[i].cap) && rows[i].filled != 0)
            return rows[i].extra;
    }
    return NULL;
}

/* The strategy's rows alone, so that none reaches behind its state, then with the engine's. */
static const char *option_defect(const struct strategy *ops)
{
    struct opt rows[STORE_OPTIONS_MAX + 1];
    if (!store_option_rows(ops, rows))
        return "too many option rows";
    for (const struct opt *row = ops->opts; row != NULL && row->name != NULL; row++) {
        if (row->offset < sizeof(struct store))
            return "an option lies in struct store";
    }
    const char *defect = ops->opts != NULL ? opt_defect(ops->opts, ops->state_size) : NULL;
    if (defect != NULL)
        return defect;
    return opt_defect(rows, store_settings_offset(ops) + sizeof(struct db_settings));
}

const char *strategy_defect(const struct strategy *ops)
{
    if (ops == NULL)
        return "no table";
    if (ops->abi != STRATEGY_ABI)
        return "another interface version";
    if (ops->size != sizeof *ops)
        return "another table size";
    if (ops->name == NULL || !name_ok(ops->name))
        return "the name is not [a-z][a-z0-9-]* of at most 31 bytes";
    if (ops->summary == NULL || ops->summary[0] == '\0')
        return "no summary";
    if (ops->caps & ~(uint32_t)CAP_ALL)
        return "unknown capability bits";
    if (!(ops->caps & CAP_SQL) == !(ops->caps & CAP_TRANSACTION))
        return "exactly one of sql and transaction must be claimed";
    if ((ops->caps & CAP_SQL) && (ops->caps & CAP_VOLATILE))
        return "sql and volatile exclude each other";
    if ((ops->caps & CAP_SQL) && (ops->caps & CAP_FILE_PER_BLOB))
        return "sql and file-per-blob exclude each other";
    if (ops->state_size < sizeof(struct store))
        return "the state is smaller than struct store";
    if (ops->init == NULL || ops->deinit == NULL || ops->put == NULL || ops->get == NULL ||
        ops->flush == NULL || ops->check == NULL)
        return "a required function is missing";
    if (ops->opts != NULL && ops->opts->name != NULL && ops->probe == NULL)
        return "there are options, but no probe of their effect";
    const char *defect = slot_defect(ops);
    return defect != NULL ? defect : option_defect(ops);
}
