#include "cli/records.h"

#include "cli/cli.h"
#include "workloads/plan.h"

bool records_count(const struct record *record)
{
    for (size_t i = 0; i < record->sample_count; i++)
        if (record->samples[i].kind == SAMPLE_RUN &&
            !record_round_void(record, record->samples[i].round))
            return true;
    return false;
}

enum rc records_open(struct record *record, const char *dir, struct err *err)
{
    enum rc rc = record_load(record, dir, err);
    if (rc == RC_OK && record->run_count == 0)
        rc = FAIL(err, RC_USAGE, 0, "\"%s\": the record holds no finished run", Q(dir));
    else if (rc == RC_OK && !records_count(record))
        rc = FAIL(err, RC_USAGE, 0, "\"%s\": every round with a finished run was voided", Q(dir));
    if (rc == RC_OK)
        rc = plan_record_check(record, err);
    if (rc == RC_OK && record->warning[0])
        print_note("warning: %s: %s", Q(dir), record->warning);
    return rc;
}
