#include "cli/look.h"

#include <inttypes.h>
#include <stdio.h>

#include "analysis/dominance.h"
#include "analysis/frontier_look.h"

/* The one place where the loop of a study meets the analysis: which arms may leave, and is anything
 * left to decide? */
enum rc look_at(const struct record *record, uint32_t look, uint32_t rounds, bool *drop, bool *ends,
                struct buf *said, struct err *err)
{
    enum rc rc = buf_printf(said, err, "look %" PRIu32 " after %" PRIu32 " rounds: ", look, rounds);
    return rc == RC_OK ? frontier_look(record, rounds, drop, ends, said, err) : rc;
}

enum rc look_take(void *ctx, const char *dir, uint32_t look, uint32_t valid_rounds, bool *drop,
                  bool *ends, struct buf *said, struct err *err)
{
    struct record record = {0};
    (void)ctx;
    enum rc rc = record_load(&record, dir, err);
    if (rc == RC_OK)
        rc = look_at(&record, look, valid_rounds, drop, ends, said, err);
    record_release(&record);
    return rc;
}

/* The pairs of arms that compete: an exact metric speaks against one direction of each. */
static uint64_t count_pairs(const struct record_manifest *manifest)
{
    uint64_t arms = 0;
    for (size_t i = 0; i < manifest->arm_count; i++) {
        const struct record_arm *arm = &manifest->arms[i];
        arms += !arm->control_again && !arm->volatile_floor && (arm->sql || manifest->anywhere);
    }
    return arms < 2 ? 0 : arms * (arms - 1) / 2;
}

void look_foretell(const struct record_manifest *manifest)
{
    const struct record_protocol *protocol = &manifest->protocol;
    uint64_t pairs = count_pairs(manifest);
    size_t fewest = dominance_rounds_min(protocol, pairs);
    char head[96];
    if (protocol->stopping == STOPPING_FIXED || pairs == 0)
        return;
    (void)snprintf(head, sizeof(head), "%" PRIu64 " pair%s of strategies at alpha %g", pairs,
                   pairs == 1 ? "" : "s", protocol->alpha);
    if (fewest <= manifest->rounds)
        print_note("%s: nothing can be confirmed with fewer than %zu rounds", head, fewest);
    else
        print_note("%s: nothing can be confirmed, the looks come too early", head);
}
