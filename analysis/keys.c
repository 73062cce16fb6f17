#include "analysis/keys.h"

#include <stdio.h>
#include <string.h>

#include "analysis/frontier.h"

static size_t place_with(const struct summary *summary, enum metric metric, const char *name)
{
    size_t place = summary_place(summary, metric_table[metric].scope, name);
    return place != SUMMARY_NONE && summary_has(summary, place, metric) ? place : SUMMARY_NONE;
}

enum rc key_parse(const struct summary *summary, const char *text, const char *what,
                  struct key *out, struct err *err)
{
    char name[64];
    const char *at = strchr(text, '@');
    const char *words[METRIC_COUNT];
    if (at == NULL || at == text || at[1] == '\0' || (size_t)(at - text) >= sizeof(name))
        return FAIL(err, RC_USAGE, 0, "%s: expected METRIC@PLACE, got \"%s\"", what, Q(text));
    (void)snprintf(name, sizeof(name), "%.*s", (int)(at - text), text);
    out->metric = metric_by_name(name);
    if (out->metric == METRIC_COUNT) {
        for (size_t m = 0; m < METRIC_COUNT; m++)
            words[m] = metric_table[m].name;
        const char *near = nearest_word(name, words, METRIC_COUNT);
        FAIL(err, RC_USAGE, 0, "%s: there is no metric \"%s\"", what, Q(name));
        if (near)
            err_hint(err, "did you mean \"%s\"?", near);
        else
            err_hint(err, "see: blobfront list metrics");
        return err->rc;
    }
    out->place = place_with(summary, out->metric, at + 1);
    return RC_OK;
}

/* "metric@place" that is ours. */
static struct key known_key(const struct summary *summary, const char *text)
{
    char name[64];
    const char *at = strchr(text, '@');
    CHECK(at != NULL && (size_t)(at - text) < sizeof(name));
    (void)snprintf(name, sizeof(name), "%.*s", (int)(at - text), text);
    struct key key = {.metric = metric_by_name(name)};
    CHECK(key.metric != METRIC_COUNT);
    key.place = place_with(summary, key.metric, at + 1);
    return key;
}

size_t keys_default(const struct summary *summary, struct key keys[KEYS_DEFAULT_MAX],
                    const char *names[KEYS_DEFAULT_MAX])
{
    /* As FRONTIER_KEYS_DEFAULT has them; tests hold the two together. */
    static const char *const defaults[] = {"total_bytes@after_update", "p95_ns@read_point_binary",
                                           FRONTIER_KEY_UPDATE, "cpu_ms_per_mb@ingest_binary_cold"};
    for (size_t i = 0; i < COUNT_OF(defaults); i++) {
        names[i] = defaults[i];
        keys[i] = known_key(summary, names[i]);
        /* Studies made before there was a phase of single updates have one of all sizes. */
        if (keys[i].place == SUMMARY_NONE && strcmp(names[i], FRONTIER_KEY_UPDATE) == 0) {
            struct key old = known_key(summary, FRONTIER_KEY_UPDATE_OLD);
            if (old.place != SUMMARY_NONE) {
                names[i] = FRONTIER_KEY_UPDATE_OLD;
                keys[i] = old;
            }
        }
    }
    return COUNT_OF(defaults);
}
