/* strategies.c: the registry.  strategies.def is read twice: for declarations, then for rows.
 *
 * A test program may name another list with -DSTRATEGIES_DEF='"tests/planted.def"', which usually
 * includes the real one and adds rows.
 */
#include "strategies/strategies.h"

#include <string.h>

#include "engine/opt.h"

#ifndef STRATEGIES_DEF
#define STRATEGIES_DEF "strategies/strategies.def"
#endif

#define STRATEGY(symbol) extern const struct strategy strategy_##symbol;
#define VARIANT(row_name, symbol, row_preset, row_summary)
#define UNAVAILABLE(row_name, row_summary, reason)
#include STRATEGIES_DEF
#undef STRATEGY
#undef VARIANT
#undef UNAVAILABLE

/* A STRATEGY row takes its name and summary from its table, which is no constant expression in C:
 * registry() fills them in. */
static struct strategy_row rows[] = {
#define STRATEGY(symbol) {.ops = &strategy_##symbol},
#define VARIANT(row_name, symbol, row_preset, row_summary) \
    {.name = (row_name),                                   \
     .summary = (row_summary),                             \
     .ops = &strategy_##symbol,                            \
     .preset = (row_preset)},
#define UNAVAILABLE(row_name, row_summary, reason) \
    {.name = (row_name), .summary = (row_summary), .unavailable = (reason)},
#include STRATEGIES_DEF
#undef STRATEGY
#undef VARIANT
#undef UNAVAILABLE
};

static const struct strategy_row *registry(void)
{
    static bool filled;
    if (!filled) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            if (rows[i].name == NULL) {
                rows[i].name = rows[i].ops->name;
                rows[i].summary = rows[i].ops->summary;
            }
        }
        filled = true;
    }
    return rows;
}

size_t strategy_row_count(void)
{
    return COUNT_OF(rows);
}

const struct strategy_row *strategy_row_at(size_t index)
{
    CHECK(index < COUNT_OF(rows));
    return &registry()[index];
}

enum rc strategy_row_find(const char *name, const struct strategy_row **out, struct err *err)
{
    const struct strategy_row *all = registry();
    const char *names[COUNT_OF(rows)];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        names[i] = all[i].name;
        if (strcmp(all[i].name, name) != 0)
            continue;
        if (all[i].ops == NULL)
            return FAIL(err, RC_UNSUPPORTED, 0, "strategy %s is not available: %s", all[i].name,
                        all[i].unavailable);
        *out = &all[i];
        return RC_OK;
    }
    FAIL(err, RC_USAGE, 0, "there is no strategy \"%s\"", Q(name));
    const char *near = nearest_word(name, names, COUNT_OF(names));
    if (near != NULL)
        err_hint(err, "did you mean %s?", near);
    return err->rc;
}

static const char *row_defect(const struct strategy_row *row)
{
    if (row->name == NULL || row->name[0] == '\0')
        return "it has no name";
    if (row->summary == NULL || row->summary[0] == '\0')
        return "it has no summary";
    if ((row->ops == NULL) != (row->unavailable != NULL))
        return "it must have either a table or a reason why it has none";
    return row->ops != NULL ? strategy_defect(row->ops) : NULL;
}

enum rc strategy_rows_validate(struct err *err)
{
    const struct strategy_row *all = registry();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *name = all[i].name != NULL ? all[i].name : "?";
        const char *defect = row_defect(&all[i]);
        if (defect != NULL)
            return FAIL(err, RC_BUG, 0, "strategies.def: row %zu (%s): %s", i, name, defect);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(all[j].name, name) == 0)
                return FAIL(err, RC_BUG, 0, "strategies.def: rows %zu and %zu are both named %s", j,
                            i, name);
        }
        if (all[i].preset == NULL)
            continue;
        struct err cause = {0};
        if (store_options_check(all[i].ops, all[i].preset, NULL, name, NULL, &cause) != RC_OK)
            return FAIL(err, RC_BUG, 0, "strategies.def: row %zu (%s): preset: %s", i, name,
                        cause.msg);
    }
    return RC_OK;
}

enum rc strategy_spec_parse(const char *text, struct strategy_spec *out, struct err *err)
{
    *out = (struct strategy_spec){0};
    size_t len = strlen(text);
    if (len >= sizeof(out->label))
        return FAIL(err, RC_USAGE, 0, "strategy \"%s\" is longer than %zu bytes", Q(text),
                    sizeof(out->label) - 1);
    char name[SPEC_NAME_SIZE];
    enum rc rc = spec_split(text, name, &out->options, err);
    if (rc == RC_OK)
        rc = strategy_row_find(name, &out->row, err);
    if (rc == RC_OK)
        rc = store_options_check(out->row->ops, out->row->preset, out->options, name, NULL, err);
    if (rc == RC_OK)
        memcpy(out->label, text, len + 1);
    return rc;
}
