/* twin_fit.h: from a profile to the description of a synthetic twin.
 *
 * Reads every file twice more: for the parts that are equal, and to fit.  Fitting makes each file
 * with a few mixes and packs it with zstd level 3, until what is saved is what the real file saves;
 * of files beyond FIT_LEN_MAX the first FIT_LEN_MAX bytes are made, and of types that the class
 * cannot follow, random bytes with filler take its place.
 */
#ifndef DATASETS_TWIN_FIT_H
#define DATASETS_TWIN_FIT_H

#include "datasets/profile.h"
#include "datasets/twin.h"

/* `twin` is zeroed; twin_release it also after a failure.  RC_USAGE when the history is longer than
 * a description holds. */
MUST_CHECK enum rc twin_fit(struct twin *twin, const struct profile *profile, struct err *err);

#endif
