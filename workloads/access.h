/* access.h: which of the files that exist an operation goes to.
 *
 *   uniform   each alike
 *   zipf      the file of rank r in proportion to 1 / r^theta, exactly, for every theta from 0 on,
 *             1 included; ranks are dealt to the files by a permutation drawn first, so popularity
 *             has nothing to do with order or age.  Files created later get the ranks behind.
 *   latest    as zipf, but rank 1 is the file created last, rank 2 the one before it
 *   hotspot   a share `hot` of the files, drawn first, gets a share `heat` of the operations,
 *             uniformly; the rest of them goes to the rest
 *   runs      `run` neighbours in the order of creation, then again from a place drawn uniformly
 *
 * Zipf by rejection-inversion (Hoermann & Derflinger, "Rejection-inversion to generate variates
 * from monotone discrete distributions", ACM TOMACS 6(3), 1996): no table, so the number of files
 * may change between two draws.  `uniform` draws what schedule_pick draws.
 */
#ifndef WORKLOADS_ACCESS_H
#define WORKLOADS_ACCESS_H

#include "engine/opt.h"
#include "workloads/schedule.h"

enum access_skew { ACCESS_UNIFORM, ACCESS_ZIPF, ACCESS_LATEST, ACCESS_HOTSPOT, ACCESS_RUNS };
extern const char *const access_skew_names[];

struct access_options {
    int skew; /* enum access_skew */
    double theta, hot, heat;
    uint64_t run;
};

/* The option rows of a workload whose struct `owner` has a `struct access_options access`. */
/* clang-format off */
#define ACCESS_FIELD(owner, field) \
    offsetof(owner, access) + offsetof(struct access_options, field), .late = true
#define ACCESS_OPTIONS(owner)                                                                      \
    {.name = "skew", .type = OPT_CHOICE, .offset = ACCESS_FIELD(owner, skew),                      \
     .choices = access_skew_names, .def = "uniform", .help = "which files are favoured"},          \
    {.name = "theta", .type = OPT_RATE, .offset = ACCESS_FIELD(owner, theta),                      \
     .min = 0, .max = 10, .def = "0.99",                                                           \
     .help = "zipf, latest: rank r is drawn in proportion to 1 / r^theta"},                        \
    {.name = "hot", .type = OPT_RATE, .offset = ACCESS_FIELD(owner, hot),                          \
     .min = 0.000001, .max = 1, .def = "20%", .help = "hotspot: share of the files that are hot"}, \
    {.name = "heat", .type = OPT_RATE, .offset = ACCESS_FIELD(owner, heat),                        \
     .min = 0, .max = 1, .def = "80%",                                                             \
     .help = "hotspot: share of the operations that go to them"},                                  \
    {.name = "run", .type = OPT_COUNT, .offset = ACCESS_FIELD(owner, run),                         \
     .min = 1, .max = 1e6, .def = "16", .help = "runs: neighbours in a row"}
/* clang-format on */

struct access {
    struct access_options options;
    uint32_t *dealt; /* zipf, hotspot: place in live[] by rank, of the files there were at first */
    uint32_t count;  /* of them */
    uint64_t next, left; /* runs */
    /* of the draws from `files` files */
    uint32_t files;
    double high, low, squeeze;
};

/* Draws what is drawn first; nothing when uniform.  There is at least one file, and none may be
 * deleted while draws are made. */
MUST_CHECK enum rc access_init(struct access *access, const struct access_options *options,
                               const struct schedule *schedule, struct rng *rng);
/* How a workload of `ops` such operations begins: there are files, the plan has room for them all,
 * and then as access_init. */
MUST_CHECK enum rc access_begin(struct access *access, const struct access_options *options,
                                const char *workload, uint64_t ops, struct schedule *schedule,
                                struct rng *rng);
void access_release(struct access *access);
/* The file the next operation goes to. */
uint32_t access_pick(struct access *access, const struct schedule *schedule, struct rng *rng);

/* The least number from `stride` on that has no factor in common with n: k x it mod n visits every
 * one of n equally often. */
uint64_t access_stride(uint64_t stride, uint64_t n);

#endif
