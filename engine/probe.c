/* probe.c: the facts that stand in /proc and /sys. */
#include "engine/probe.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, TEXT_SIZE = 512 };

struct reader {
    const char *root; /* "" or a folder */
    const struct probe_sink *sink;
};

static void number(const struct reader *reader, const char *name, double value)
{
    if (isfinite(value))
        reader->sink->number(reader->sink->ctx, name, value);
}

static void text(const struct reader *reader, const char *name, const char *value)
{
    if (value[0])
        reader->sink->text(reader->sink->ctx, name, value);
}

/* ---- small files ---------------------------------------------------------------------------- */

static FILE *open_below(const char *root, const char *path)
{
    char full[PATH_SIZE];
    int len = snprintf(full, sizeof(full), "%s%s", root, path);
    return len > 0 && (size_t)len < sizeof(full) ? fopen(full, "re") : NULL;
}

/* The first line, without its newline; false and "" when it cannot be read. */
static bool read_line(const char *root, const char *path, char dst[TEXT_SIZE])
{
    dst[0] = '\0';
    FILE *file = open_below(root, path);
    if (!file)
        return false;
    bool read = fgets(dst, TEXT_SIZE, file) != NULL;
    (void)fclose(file);
    if (!read)
        dst[0] = '\0';
    dst[strcspn(dst, "\n")] = '\0';
    return dst[0] != '\0';
}

/* A whole file of one number; NaN when it is none. */
static double read_number(const char *root, const char *path)
{
    char line[TEXT_SIZE], *end;
    if (!read_line(root, path, line))
        return NAN;
    double value = strtod(line, &end);
    return end != line && *end == '\0' && isfinite(value) ? value : NAN;
}

/* What follows `key` and its separators (":" and blanks) on the first line that begins with it. */
static bool read_field(const char *root, const char *path, const char *key, char dst[TEXT_SIZE])
{
    char line[8192];
    bool found = false;
    FILE *file = open_below(root, path);
    dst[0] = '\0';
    while (file && !found && fgets(line, sizeof(line), file)) {
        size_t len = strlen(key);
        found = strncmp(line, key, len) == 0 && strchr(" \t:", line[len]) != NULL;
        if (!found)
            continue;
        const char *value = line + len + strspn(line + len, " \t:");
        (void)snprintf(dst, TEXT_SIZE, "%.*s", (int)strcspn(value, "\n"), value);
    }
    if (file)
        (void)fclose(file);
    return found && dst[0];
}

static double read_field_number(const char *root, const char *path, const char *key)
{
    char value[TEXT_SIZE], *end;
    if (!read_field(root, path, key, value))
        return NAN;
    double found = strtod(value, &end);
    return end != value && isfinite(found) ? found : NAN;
}

/* ---- processor ------------------------------------------------------------------------------ */

/* How many processors a list such as "0-3,8" names; NaN when it is none. */
static double count_list(const char *list)
{
    double count = 0;
    while (*list) {
        char *end;
        unsigned long from = strtoul(list, &end, 10), to = from;
        if (end == list)
            return NAN;
        if (*end == '-') {
            list = end + 1;
            to = strtoul(list, &end, 10);
            if (end == list || to < from)
                return NAN;
        }
        count += (double)(to - from) + 1;
        list = *end == ',' ? end + 1 : end;
        if (list == end && *end)
            return NAN;
    }
    return count > 0 ? count : NAN;
}

static void read_cores(const struct reader *reader)
{
    char value[TEXT_SIZE];
    if (read_field(reader->root, "/proc/cpuinfo", "model name", value))
        text(reader, "cpu", value);
    if (read_line(reader->root, "/sys/devices/system/cpu/online", value))
        number(reader, "kernel_cores", count_list(value));
    if (read_field(reader->root, "/proc/self/status", "Cpus_allowed_list", value))
        number(reader, "cores_allowed", count_list(value));
    if (read_line(reader->root, "/sys/devices/system/cpu/smt/control", value))
        text(reader, "smt", value);
    if (read_line(reader->root, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                  value))
        text(reader, "clock_source", value);
    if (read_line(reader->root, "/proc/loadavg", value))
        number(reader, "load_1", strtod(value, NULL));
}

/* The lowest and highest "cpu MHz" of /proc/cpuinfo. */
static void read_mhz(const struct reader *reader)
{
    char line[8192];
    double low = INFINITY, high = -INFINITY;
    FILE *file = open_below(reader->root, "/proc/cpuinfo");
    while (file && fgets(line, sizeof(line), file)) {
        const char *colon = strncmp(line, "cpu MHz", 7) == 0 ? strchr(line, ':') : NULL;
        double mhz = colon ? strtod(colon + 1, NULL) : 0;
        if (mhz > 0) {
            low = fmin(low, mhz);
            high = fmax(high, mhz);
        }
    }
    if (file)
        (void)fclose(file);
    number(reader, "mhz_now_min", low);
    number(reader, "mhz_now_max", high);
}

static void read_frequency(const struct reader *reader)
{
    enum { CORES_MAX = 1024 };
    char path[128], value[TEXT_SIZE], governor[TEXT_SIZE] = "";
    for (int i = 0; i < CORES_MAX; i++) {
        (void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor",
                       i);
        if (!read_line(reader->root, path, value))
            break;
        if (governor[0] && strcmp(governor, value) != 0) {
            (void)snprintf(governor, sizeof(governor), "mixed");
            break;
        }
        (void)snprintf(governor, sizeof(governor), "%s", value);
    }
    text(reader, "governor", governor);
    if (read_line(reader->root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", value))
        text(reader, "frequency_driver", value);
    number(reader, "mhz_max",
           read_number(reader->root, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq") /
               1000);
    double no_turbo = read_number(reader->root, "/sys/devices/system/cpu/intel_pstate/no_turbo");
    double boost = read_number(reader->root, "/sys/devices/system/cpu/cpufreq/boost");
    if (!isnan(no_turbo))
        text(reader, "turbo", no_turbo == 0 ? "on" : "off");
    else if (!isnan(boost))
        text(reader, "turbo", boost == 0 ? "off" : "on");
    read_mhz(reader);
}

static void read_virtual(const struct reader *reader)
{
    char flags[TEXT_SIZE * 8] = "", name[TEXT_SIZE] = "", said[TEXT_SIZE];
    FILE *file = open_below(reader->root, "/proc/cpuinfo");
    while (file && fgets(flags, sizeof(flags), file) && strncmp(flags, "flags", 5) != 0)
        flags[0] = '\0';
    if (file)
        (void)fclose(file);
    bool guest = strstr(flags, " hypervisor") != NULL;
    if (read_line(reader->root, "/sys/hypervisor/type", said) ||
        (guest && read_line(reader->root, "/sys/class/dmi/id/sys_vendor", said)))
        (void)snprintf(name, sizeof(name), "%s", said);
    text(reader, "hypervisor", name[0] ? name : guest ? "yes, it does not say which" : "none seen");

    static const struct {
        const char *path, *name;
    } marks[] = {{"/.dockerenv", "docker"}, {"/run/.containerenv", "podman"}};
    const char *container = "none seen";
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        file = open_below(reader->root, marks[i].path);
        if (file) {
            container = marks[i].name;
            (void)fclose(file);
            break;
        }
    }
    text(reader, "container", container);
    number(reader, "perf_paranoid",
           read_number(reader->root, "/proc/sys/kernel/perf_event_paranoid"));
}

/* ---- memory --------------------------------------------------------------------------------- */

static void read_memory(const struct reader *reader)
{
    static const struct {
        const char *key, *name;
    } fields[] = {{"MemTotal", "memory_bytes"},
                  {"MemAvailable", "memory_available_bytes"},
                  {"Dirty", "dirty_bytes"}};
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        number(reader, fields[i].name,
               read_field_number(reader->root, "/proc/meminfo", fields[i].key) * (double)KIB);
    double total = read_field_number(reader->root, "/proc/meminfo", "SwapTotal");
    double left = read_field_number(reader->root, "/proc/meminfo", "SwapFree");
    number(reader, "swap_used_bytes", (total - left) * (double)KIB);
}

/* ---- cgroup --------------------------------------------------------------------------------- */

/* The group of this process below its mount, "/" at least; "" when there is none.  `controller`
 * NULL: the unified hierarchy. */
static void cgroup_path(const char *root, const char *controller, char dst[PATH_SIZE])
{
    char line[PATH_SIZE];
    FILE *file = open_below(root, "/proc/self/cgroup");
    dst[0] = '\0';
    while (file && !dst[0] && fgets(line, sizeof(line), file)) {
        char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        bool match = controller == NULL && strcmp(names, ":") == 0;
        for (char *at = names + 1; controller && !match && *at;) {
            size_t len = strcspn(at, ",");
            match = len == strlen(controller) && strncmp(at, controller, len) == 0;
            at += len + (at[len] == ',');
        }
        if (match)
            (void)snprintf(dst, PATH_SIZE, "%s", path);
    }
    if (file)
        (void)fclose(file);
}

/* Calls `visit` for the group and every group above it: a limit may stand in any of them. */
static void cgroup_walk(const char *root, const char *mount, char *path,
                        void (*visit)(const char *root, const char *group, double *out),
                        double *out)
{
    char group[2 * PATH_SIZE];
    for (;;) {
        size_t len = strlen(path);
        while (len > 0 && path[len - 1] == '/')
            path[--len] = '\0';
        (void)snprintf(group, sizeof(group), "%s%s", mount, path);
        visit(root, group, out);
        char *slash = strrchr(path, '/');
        if (!slash)
            break;
        *slash = '\0';
    }
}

enum { GROUP_QUOTA, GROUP_THROTTLED, GROUP_MEMORY, GROUP_VALUES };

static double group_number(const char *root, const char *group, const char *name)
{
    char path[2 * PATH_SIZE + 64];
    (void)snprintf(path, sizeof(path), "%s/%s", group, name);
    return read_number(root, path);
}

static void visit_v2(const char *root, const char *group, double *out)
{
    char path[2 * PATH_SIZE + 64], line[TEXT_SIZE];
    double quota, period;
    (void)snprintf(path, sizeof(path), "%s/cpu.max", group);
    if (read_line(root, path, line) && sscanf(line, "%lf %lf", &quota, &period) == 2 && period > 0)
        out[GROUP_QUOTA] = fmin(out[GROUP_QUOTA], quota / period);
    (void)snprintf(path, sizeof(path), "%s/cpu.stat", group);
    double throttled = read_field_number(root, path, "nr_throttled");
    out[GROUP_THROTTLED] += isnan(throttled) ? 0 : throttled;
    out[GROUP_MEMORY] = fmin(out[GROUP_MEMORY], group_number(root, group, "memory.max"));
}

static void visit_v1_cpu(const char *root, const char *group, double *out)
{
    char path[2 * PATH_SIZE + 64];
    double quota = group_number(root, group, "cpu.cfs_quota_us");
    double period = group_number(root, group, "cpu.cfs_period_us");
    if (quota > 0 && period > 0)
        out[GROUP_QUOTA] = fmin(out[GROUP_QUOTA], quota / period);
    (void)snprintf(path, sizeof(path), "%s/cpu.stat", group);
    double throttled = read_field_number(root, path, "nr_throttled");
    out[GROUP_THROTTLED] += isnan(throttled) ? 0 : throttled;
}

static void visit_v1_memory(const char *root, const char *group, double *out)
{
    out[GROUP_MEMORY] = fmin(out[GROUP_MEMORY], group_number(root, group, "memory.limit_in_bytes"));
}

static void read_group(const char *root, double out[GROUP_VALUES])
{
    char path[PATH_SIZE];
    out[GROUP_QUOTA] = out[GROUP_MEMORY] = INFINITY;
    out[GROUP_THROTTLED] = 0;
    cgroup_path(root, NULL, path);
    if (path[0])
        cgroup_walk(root, "/sys/fs/cgroup", path, visit_v2, out);
    cgroup_path(root, "cpu", path);
    if (path[0])
        cgroup_walk(root, "/sys/fs/cgroup/cpu", path, visit_v1_cpu, out);
    cgroup_path(root, "memory", path);
    if (path[0])
        cgroup_walk(root, "/sys/fs/cgroup/memory", path, visit_v1_memory, out);
    if (out[GROUP_MEMORY] > 1e15) /* how version 1 writes "no limit" */
        out[GROUP_MEMORY] = INFINITY;
}

/* ---- the folder's file system --------------------------------------------------------------- */

/* "\040" is a space: what mountinfo escapes, in place. */
static void unescape(char *at)
{
    char *to = at;
    while (*at) {
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
            at[3] >= '0' && at[3] <= '7') {
            *to++ = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            at += 4;
        } else {
            *to++ = *at++;
        }
    }
    *to = '\0';
}

static bool is_below(const char *path, const char *mount)
{
    size_t len = strlen(mount);
    if (strcmp(mount, "/") == 0)
        return true;
    return strncmp(path, mount, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

struct mount {
    char point[PATH_SIZE], options[2 * TEXT_SIZE + 1], type[64], source[TEXT_SIZE], number[32];
};

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER */
static bool parse_mount(char *line, struct mount *mount)
{
    char options[TEXT_SIZE], super[TEXT_SIZE];
    char *rest = strstr(line, " - ");
    if (!rest)
        return false;
    *rest = '\0';
    if (sscanf(line, "%*s %*s %31s %*s %4095s %511s", mount->number, mount->point, options) != 3 ||
        sscanf(rest + 3, "%63s %511s %511s", mount->type, mount->source, super) != 3)
        return false;
    unescape(mount->point);
    unescape(mount->source);
    (void)snprintf(mount->options, sizeof(mount->options), "%s,%s", options, super);
    return true;
}

static void read_mount(const struct reader *reader, const char *path)
{
    char *line = NULL, file_name[128];
    size_t size = 0;
    struct mount mount, best = {.point = ""};
    FILE *file = open_below(reader->root, "/proc/self/mountinfo");
    while (file && getline(&line, &size, file) > 0) {
        /* Of two mounts on one point the later one is on top. */
        if (parse_mount(line, &mount) && is_below(path, mount.point) &&
            strlen(mount.point) >= strlen(best.point))
            best = mount;
    }
    free(line);
    if (file)
        (void)fclose(file);
    text(reader, "mount_point", best.point);
    if (!best.point[0])
        return;
    text(reader, "filesystem", best.type);
    text(reader, "mount_options", best.options);
    text(reader, "device", best.source);
    /* A partition's queue is its disk's. */
    for (int up = 0; up < 2; up++) {
        (void)snprintf(file_name, sizeof(file_name), "/sys/dev/block/%s%s/queue/rotational",
                       best.number, up ? "/.." : "");
        double rotating = read_number(reader->root, file_name);
        number(reader, "rotating", rotating);
        if (!isnan(rotating))
            break;
    }
}

static enum rc read_folder(const struct reader *reader, const char *dir, struct err *err)
{
    struct stat st;
    struct statvfs fs;
    char *path = realpath(dir, NULL);
    if (!path)
        return FAIL(err, RC_USAGE, errno, "cannot use the folder \"%s\"", Q(dir));
    enum rc rc = RC_OK;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        rc = FAIL(err, RC_USAGE, 0, "\"%s\" is not a folder", Q(dir));
    if (rc == RC_OK) {
        read_mount(reader, path);
        if (statvfs(path, &fs) == 0)
            number(reader, "free_bytes", (double)fs.f_bavail * (double)fs.f_frsize);
    }
    free(path);
    return rc;
}

/* ---- all of them ---------------------------------------------------------------------------- */

enum rc probe_read(const struct probe_options *options, const struct probe_sink *sink,
                   struct err *err)
{
    struct reader reader = {options->root ? options->root : "", sink};
    double group[GROUP_VALUES];
    enum rc rc = read_folder(&reader, options->dir, err);
    if (rc != RC_OK)
        return rc;
    read_cores(&reader);
    read_frequency(&reader);
    read_virtual(&reader);
    read_memory(&reader);
    read_group(reader.root, group);
    number(&reader, "cgroup_quota_cores", group[GROUP_QUOTA]);
    number(&reader, "cgroup_throttled", group[GROUP_THROTTLED]);
    number(&reader, "cgroup_memory_bytes", group[GROUP_MEMORY]);
    return RC_OK;
}

void probe_totals(const char *root, struct probe_totals *totals)
{
    unsigned long long t[8] = {0}; /* user nice system idle iowait irq softirq steal */
    char line[TEXT_SIZE];
    double group[GROUP_VALUES];
    root = root ? root : "";
    *totals = (struct probe_totals){0};
    totals->known = read_line(root, "/proc/stat", line) &&
                    sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
                           &t[3], &t[4], &t[5], &t[6], &t[7]) == 8;
    totals->busy_ticks = t[0] + t[1] + t[2] + t[5] + t[6];
    totals->steal_ticks = t[7];
    double in = read_field_number(root, "/proc/vmstat", "pswpin");
    double out = read_field_number(root, "/proc/vmstat", "pswpout");
    totals->swapped_pages = (uint64_t)((isnan(in) ? 0 : in) + (isnan(out) ? 0 : out));
    read_group(root, group);
    totals->throttled = (uint64_t)group[GROUP_THROTTLED];
}
