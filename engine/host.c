#include "engine/host.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <xxhash.h>

#include "engine/buf.h"
#include "engine/clock.h"
#include "engine/codec.h"
#include "engine/hash.h"
#include "engine/json.h"

struct collector {
    struct arena *arena;
    struct host_fact *facts;
    size_t *count;
    struct err *err;
    enum rc rc;
};

static void add(struct collector *to, const char *name, const char *value)
{
    char quoted[QUOTE_SIZE];
    if (to->rc != RC_OK)
        return;
    CHECK(*to->count < HOST_FACTS_MAX);
    const char *copy =
        arena_strdup(to->arena, quote_str(quoted, sizeof(quoted), value[0] ? value : "unknown"));
    if (!copy) {
        to->rc = FAIL(to->err, RC_NOMEM, 0, "no memory for host facts");
        return;
    }
    to->facts[(*to->count)++] = (struct host_fact){name, copy};
}

/* First line of a small file, without its newline; "" when it cannot be read. */
static void read_line(const char *path, char *dst, size_t size)
{
    dst[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, dst, size - 1);
    (void)close(fd);
    dst[got > 0 ? got : 0] = '\0';
    dst[strcspn(dst, "\n")] = '\0';
}

/* The value after "key :" in a /proc file of "key : value" lines; "" when there is none. */
static void read_field(const char *path, const char *key, char *dst, size_t size)
{
    char line[4096];
    dst[0] = '\0';
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *value = strchr(line, ':');
        if (!value)
            continue;
        value += 1 + strspn(value + 1, " \t");
        (void)snprintf(dst, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    (void)fclose(file);
}

static void add_features(struct collector *to)
{
    static const char *const wanted[] = {"sse4_2", "avx2", "avx512f", "sha_ni", "pclmulqdq"};
    char flags[4096], text[128] = "";
    read_field("/proc/cpuinfo", "flags", flags, sizeof(flags));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        size_t used = strlen(text);
        if (strstr(flags, wanted[i]))
            (void)snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "", wanted[i]);
    }
    add(to, "cpu_features", text[0] ? text : "none of the known ones");
}

static const char *filesystem_name(long type)
{
    switch (type) {
    case 0xEF53: return "ext4";
    case 0x01021994: return "tmpfs";
    case 0x58465342: return "xfs";
    case (long)0x9123683E: return "btrfs";
    case 0x794c7630: return "overlayfs";
    case 0x6969: return "nfs";
    case (long)0xF2F52010: return "f2fs";
    case 0x2fc12fc1: return "zfs";
    default: return NULL;
    }
}

static void add_filesystem(struct collector *to, const char *dir)
{
    char text[64] = "";
    struct statfs fs;
    if (statfs(dir, &fs) == 0) {
        const char *name = filesystem_name((long)fs.f_type);
        (void)snprintf(text, sizeof(text), name ? "%s" : "type 0x%s", name ? name : "");
        if (!name)
            (void)snprintf(text, sizeof(text), "type 0x%lx", (unsigned long)fs.f_type);
    }
    add(to, "filesystem", text);
}

static void add_cpu(struct collector *to)
{
    char text[512];
    read_field("/proc/cpuinfo", "model name", text, sizeof(text));
    add(to, "cpu", text);
    (void)snprintf(text, sizeof(text), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    add(to, "cores", text);
    add_features(to);
}

enum rc host_place(const char *dir, struct arena *arena, struct host_fact facts[HOST_FACTS_MAX],
                   size_t *count, struct err *err)
{
    struct collector to = {arena, facts, count, err, RC_OK};
    *count = 0;
    add_cpu(&to);
    add_filesystem(&to, dir);
    return to.rc;
}

enum rc host_facts(const char *dir, struct arena *arena, struct host_fact facts[HOST_FACTS_MAX],
                   size_t *count, struct err *err)
{
    struct collector to = {arena, facts, count, err, RC_OK};
    char text[512];
    struct utsname name;
    *count = 0;
    add_cpu(&to);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text, sizeof(text));
    add(&to, "governor", text);
    read_field("/proc/meminfo", "MemTotal", text, sizeof(text));
    add(&to, "memory", text);
    bool known = uname(&name) == 0;
    (void)snprintf(text, sizeof(text), "%s %s %s", known ? name.sysname : "",
                   known ? name.release : "unknown", known ? name.machine : "");
    add(&to, "kernel", text);
    add_filesystem(&to, dir);
    add(&to, "container", access("/.dockerenv", F_OK) == 0 ? "docker" : "none seen");
    uint64_t sync_ns = 0;
    struct err ignored = {0};
    text[0] = '\0';
    if (host_sync_latency(dir, &sync_ns, &ignored) == RC_OK)
        (void)snprintf(text, sizeof(text), "%.0f us (median of 15)", (double)sync_ns / 1e3);
    add(&to, "fdatasync", text);
    return to.rc;
}

enum rc host_libraries(struct arena *arena, struct host_fact facts[HOST_FACTS_MAX], size_t *count,
                       struct err *err)
{
    struct collector to = {arena, facts, count, err, RC_OK};
    char text[FORMAT_SIZE];
    *count = 0;
    add(&to, "sqlite", sqlite3_libversion());
    add(&to, "zstd", codec_version(CODEC_ZSTD, text));
    add(&to, "brotli", codec_version(CODEC_BROTLI, text));
    unsigned xxh = XXH_versionNumber();
    (void)snprintf(text, sizeof(text), "%u.%u.%u (%s)", xxh / 10000, xxh / 100 % 100, xxh % 100,
                   hash_xxh_level());
    add(&to, "xxhash", text);
    add(&to, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    add(&to, "cjson", json_version());
#if defined(__clang__)
    add(&to, "compiler", "clang " __clang_version__);
#else
    add(&to, "compiler", "gcc " __VERSION__);
#endif
    add(&to, "libc", gnu_get_libc_version());
    return to.rc;
}

uint64_t host_peak_rss_bytes(void)
{
    char text[64];
    read_field("/proc/self/status", "VmHWM", text, sizeof(text)); /* "37700 kB" */
    return strtoull(text, NULL, 10) * KIB;
}

static enum rc hash_file(const char *path, const char *what, char hex[65], struct err *err)
{
    struct buf bytes = {0};
    struct stat st;
    enum rc rc = RC_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        rc = FAIL(err, RC_IO, errno, "cannot read %s", what);
    if (rc == RC_OK)
        rc = buf_resize(&bytes, (size_t)st.st_size, err);
    for (size_t done = 0; rc == RC_OK && done < bytes.len;) {
        ssize_t got = pread(fd, bytes.ptr + done, bytes.len - done, (off_t)done);
        if (got <= 0)
            rc = FAIL(err, RC_IO, got < 0 ? errno : 0, "cannot read %s", what);
        else
            done += (size_t)got;
    }
    if (rc == RC_OK) {
        struct hash128 hash = hash_xxh128(buf_span(&bytes));
        (void)hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes)));
    }
    if (fd >= 0)
        (void)close(fd);
    buf_release(&bytes);
    return rc;
}

enum rc host_program_hash(char hex[65], struct err *err)
{
    return hash_file("/proc/self/exe", "the running program", hex, err);
}

enum rc host_file_hash(const char *path, char hex[65], struct err *err)
{
    char what[QUOTE_SIZE + 2];
    (void)snprintf(what, sizeof(what), "\"%s\"", Q(path));
    return hash_file(path, what, hex, err);
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

enum rc host_sync_latency(const char *dir, uint64_t *ns, struct err *err)
{
    enum { TIMES = 15 };
    uint64_t took[TIMES];
    static const uint8_t page[4096];
    struct buf path = {0};
    int fd = -1;
    enum rc rc = buf_printf(&path, err, "%s/.sync-probe-XXXXXX", dir);
    if (rc == RC_OK && (fd = mkstemp((char *)path.ptr)) < 0)
        rc = FAIL(err, RC_IO, errno, "cannot create a file in \"%s\"", Q(dir));
    for (size_t i = 0; rc == RC_OK && i < TIMES; i++) {
        uint64_t start = clock_ns();
        if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) || fdatasync(fd) != 0)
            rc = FAIL(err, RC_IO, errno, "cannot write to \"%s\"", Q(dir));
        took[i] = clock_ns() - start;
    }
    if (rc == RC_OK) {
        qsort(took, TIMES, sizeof(took[0]), by_value);
        *ns = took[TIMES / 2];
    }
    if (fd >= 0) {
        (void)unlink((const char *)path.ptr);
        (void)close(fd);
    }
    buf_release(&path);
    return rc;
}
