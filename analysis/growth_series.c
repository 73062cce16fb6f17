#include "analysis/growth_series.h"

#include <math.h>
#include <string.h>

/* The next sample of a valid run of the arm at the place, from *at on; NULL: no more. */
static const struct sample *next_sample(const struct summary *summary, size_t arm, size_t place,
                                        size_t *at)
{
    const struct record *record = summary->record;
    if (summary->places[place].scope != PHASE)
        return NULL;
    while (*at < record->sample_count) {
        const struct sample *sample = &record->samples[(*at)++];
        if (sample->kind != SAMPLE_PHASE || sample->arm != arm || sample->series.count == 0 ||
            strcmp(sample->name, summary->places[place].name) != 0)
            continue;
        const struct sample *run = record_find(record, sample->run, SAMPLE_RUN, "");
        if (run != NULL && run->valid)
            return sample;
    }
    return NULL;
}

const struct series *growth_series_of(const struct summary *summary, size_t arm, size_t place)
{
    size_t at = 0;
    const struct sample *sample = next_sample(summary, arm, place, &at);
    return sample != NULL && sample->series.items[0].total_bytes > 0 ? &sample->series : NULL;
}

double growth_series_read_ns(const struct summary *summary, size_t arm, size_t place, size_t point)
{
    enum { RUNS_MAX = 1024 };
    double values[RUNS_MAX];
    size_t count = 0, at = 0;
    const struct sample *sample;
    while (count < RUNS_MAX && (sample = next_sample(summary, arm, place, &at)) != NULL) {
        double value =
            point < sample->series.count ? sample->series.items[point].read_p50_ns : (double)NAN;
        if (!isnan(value))
            values[count++] = value;
    }
    stats_sort(values, count);
    return stats_median(values, count);
}

bool growth_series_any(const struct summary *summary, size_t place)
{
    for (size_t arm = 0; arm < summary->arm_count; arm++)
        if (growth_series_of(summary, arm, place) != NULL)
            return true;
    return false;
}
