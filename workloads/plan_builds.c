/* plan_builds.c: the arms of a study that compares programs instead of strategies. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/hash.h"
#include "engine/host.h"
#include "workloads/plan.h"

uint32_t plan_build_programs(const struct record_build *build)
{
    uint32_t count = 1;
    for (const char *p = build->programs; *p; p++)
        count += *p == '\n' && p[1];
    return count;
}

enum rc plan_build_program(const struct record_build *build, uint32_t index, struct buf *out,
                           struct err *err)
{
    const char *line = build->programs;
    for (; index > 0; index--) {
        line = strchr(line, '\n');
        CHECK(line);
        line++;
    }
    buf_clear(out);
    return buf_append(out, span_of(line, strcspn(line, "\n")), err);
}

static bool is_plain_label(const char *label)
{
    size_t len = strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return len > 0 && len <= 40 && !label[len];
}

/* The hash of the first program, and every one of them is there. */
static enum rc probe_programs(const struct record_build *build, char hex[HEX_SIZE], struct err *err)
{
    uint32_t count = plan_build_programs(build);
    struct buf path = {0};
    enum rc rc = RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < count; i++) {
        rc = plan_build_program(build, i, &path, err);
        if (rc == RC_OK && (path.len == 0 || access(buf_str(&path), X_OK) != 0))
            rc = FAIL(err, RC_USAGE, path.len ? errno : 0, "build \"%s\": cannot execute \"%s\"",
                      Q(build->label), Q(buf_str(&path)));
    }
    if (rc == RC_OK)
        rc = plan_build_program(build, 0, &path, err);
    if (rc == RC_OK)
        rc = host_file_hash(buf_str(&path), hex, err);
    buf_release(&path);
    return rc;
}

static enum rc copy_build(const struct record_build *from, struct record_build *to,
                          struct arena *arena, struct err *err)
{
    char hex[HEX_SIZE];
    if (!is_plain_label(from->label))
        return FAIL(err, RC_USAGE, 0,
                    "the label of a build: expected at most 40 letters, digits, \"-\", \"_\" or "
                    "\".\", got \"%s\"",
                    Q(from->label));
    enum rc rc = probe_programs(from, hex, err);
    if (rc != RC_OK)
        return rc;
    to->label = arena_strdup(arena, from->label);
    to->revision = arena_strdup(arena, from->revision ? from->revision : "");
    to->programs = arena_strdup(arena, from->programs);
    to->hash = arena_strdup(arena, hex);
    if (!to->label || !to->revision || !to->programs || !to->hash)
        return FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    return RC_OK;
}

static enum rc copy_builds(struct record_manifest *manifest, const struct record_build *builds,
                           size_t count, struct arena *arena, struct err *err)
{
    enum rc rc = RC_OK;
    manifest->builds = arena_zalloc(arena, count, sizeof(*manifest->builds));
    if (!manifest->builds)
        return FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        for (size_t j = 0; rc == RC_OK && j < i; j++)
            if (strcmp(builds[i].label, builds[j].label) == 0)
                rc = FAIL(err, RC_USAGE, 0, "two builds are labelled \"%s\"", Q(builds[i].label));
        if (rc == RC_OK)
            rc = copy_build(&builds[i], &manifest->builds[i], arena, err);
    }
    manifest->build_count = count;
    return rc;
}

/* One strategy's arm with build `build`; `prime` marks the baseline's second. */
static enum rc make_arm(const struct record_manifest *manifest, const struct record_arm *strategy,
                        uint32_t build, const char *prime, struct record_arm *out,
                        struct arena *arena, struct err *err)
{
    struct buf label = {0};
    enum rc rc =
        buf_printf(&label, err, "%s@%s%s", strategy->label, manifest->builds[build].label, prime);
    *out = *strategy;
    out->build = build;
    out->control = build == 0 && !prime[0];
    out->control_again = build == 0 && prime[0];
    out->label = rc == RC_OK ? arena_strdup(arena, buf_str(&label)) : NULL;
    if (rc == RC_OK && !out->label)
        rc = FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    buf_release(&label);
    return rc;
}

enum rc plan_builds_apply(struct record_manifest *manifest, const struct record_build *builds,
                          size_t count, struct arena *arena, struct err *err)
{
    if (count < 2)
        return FAIL(err, RC_USAGE, 0, "expected a baseline and at least one program to compare");
    size_t arm_count = manifest->arm_count * (count + 1);
    if (arm_count > PLAN_ARMS_MAX)
        return FAIL(err, RC_USAGE, 0, "%zu strategies with %zu programs are more than %d arms",
                    manifest->arm_count, count, PLAN_ARMS_MAX);
    struct record_arm *arms = arena_zalloc(arena, arm_count, sizeof(*arms)), *arm = arms;
    enum rc rc = arms ? RC_OK : FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    if (rc == RC_OK)
        rc = copy_builds(manifest, builds, count, arena, err);
    for (size_t s = 0; rc == RC_OK && s < manifest->arm_count; s++) {
        const struct record_arm *strategy = &manifest->arms[s];
        rc = make_arm(manifest, strategy, 0, "", arm++, arena, err);
        if (rc == RC_OK)
            rc = make_arm(manifest, strategy, 0, "'", arm++, arena, err);
        for (uint32_t build = 1; rc == RC_OK && build < count; build++)
            rc = make_arm(manifest, strategy, build, "", arm++, arena, err);
    }
    if (rc != RC_OK)
        return rc;
    manifest->arms = arms;
    manifest->arm_count = arm_count;
    return RC_OK;
}

enum rc plan_builds_check(const struct record_manifest *manifest, struct err *err)
{
    char hex[HEX_SIZE];
    for (size_t i = 0; i < manifest->build_count; i++) {
        const struct record_build *build = &manifest->builds[i];
        enum rc rc = probe_programs(build, hex, err);
        if (rc != RC_OK)
            return rc;
        if (strcmp(hex, build->hash) != 0)
            return FAIL(err, RC_MISMATCH, 0,
                        "build \"%s\" is not the program the study began with (its hash is %s, was "
                        "%s)",
                        Q(build->label), hex, Q(build->hash));
    }
    return RC_OK;
}
