/* host.h: what a record says about the machine and the libraries a study ran on.
 *
 * Facts are read from /proc, /sys and uname; one that cannot be read is "unknown", never absent,
 * so that two records always compare field by field.  Nothing identifies a person or a network.
 */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include "engine/arena.h"
#include "engine/base.h"

struct host_fact {
    const char *name, *value; /* in the arena */
};
#define HOST_FACTS_MAX 24

/* CPU model, cores, features, memory, kernel, governor; file system and device of `dir`. */
MUST_CHECK enum rc host_facts(const char *dir, struct arena *arena,
                              struct host_fact facts[HOST_FACTS_MAX], size_t *count,
                              struct err *err);
/* Those of them that must not change within a study: CPU model, cores, features, file system of
 * `dir`.  Measures nothing and writes nothing. */
MUST_CHECK enum rc host_place(const char *dir, struct arena *arena,
                              struct host_fact facts[HOST_FACTS_MAX], size_t *count,
                              struct err *err);
/* Run-time versions of every library linked, and the compiler. */
MUST_CHECK enum rc host_libraries(struct arena *arena, struct host_fact facts[HOST_FACTS_MAX],
                                  size_t *count, struct err *err);
/* XXH3-128 of the running program's file, hex. */
MUST_CHECK enum rc host_program_hash(char hex[65], struct err *err);
/* The same of any program's file. */
MUST_CHECK enum rc host_file_hash(const char *path, char hex[65], struct err *err);
/* Largest resident set this program has had, 0 when the system does not say.  Not getrusage's: that
 * one starts from the size of the process that started this one. */
uint64_t host_peak_rss_bytes(void);
/* Median latency of 15 one-page overwrites with fdatasync in `dir`, in ns. */
MUST_CHECK enum rc host_sync_latency(const char *dir, uint64_t *ns, struct err *err);

#endif
