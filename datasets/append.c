/* append.c: logs that only grow.
 *
 * Every file is an endless log, one record per line; version v is its first size + v*growth bytes,
 * so each version is a prefix of the next, and ends where the writer happened to be.  Records have
 * a time that advances, a service, a request number, a verb and resource, a status, a duration and
 * a user, from small vocabularies with skew: text that compresses about five times (zstd -3), with
 * entropy in every line, unlike a repeated constant.
 */
#include "datasets/dataset.h"
#include "datasets/edit.h"

#include <inttypes.h>
#include <string.h>

#define PATH_FOLDERS   64u
#define RECORD_LEN_MAX ((size_t)192)
#define DAY_MS         UINT64_C(86400000)

struct append {
    struct dataset base;
    uint64_t files, size, growth;
};

static const struct opt append_opts[] = {
    {.name = "files",
     .type = OPT_COUNT,
     .offset = offsetof(struct append, files),
     .min = 1,
     .max = (double)DATASET_FILES_MAX,
     .def = "96",
     .help = "files before inserts"},
    {.name = "size",
     .type = OPT_SIZE,
     .offset = offsetof(struct append, size),
     .min = 0,
     .max = (double)BLOB_BYTES_MAX,
     .def = "64KiB",
     .help = "bytes of every file before updates"},
    {.name = "growth",
     .type = OPT_SIZE,
     .offset = offsetof(struct append, growth),
     .min = 1,
     .max = (double)BLOB_BYTES_MAX,
     .def = "4KiB",
     .help = "bytes that every update appends"},
    {.name = NULL},
};

struct word {
    const char *text;
    size_t len;
};
#define WORD(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }

static const struct word levels[] = {
    WORD(" INFO  "), WORD(" INFO  "), WORD(" INFO  "), WORD(" DEBUG "),
    WORD(" INFO  "), WORD(" INFO  "), WORD(" WARN  "), WORD(" ERROR "),
};
static const struct word services[] = {
    WORD("gateway-1"), WORD("gateway-2"), WORD("blob-store-1"), WORD("blob-store-2"),
    WORD("indexer"),   WORD("thumbnail"), WORD("auth"),         WORD("replicator"),
};
static const struct word verbs[] = {
    WORD(" GET /v1/files/"),        WORD(" GET /v1/files/"),  WORD(" PUT /v1/files/"),
    WORD(" HEAD /v1/files/"),       WORD(" GET /v1/blobs/"),  WORD(" GET /v1/versions/"),
    WORD(" DELETE /v1/snapshots/"), WORD(" POST /v1/batch/"),
};
static const struct word statuses[] = {
    WORD(" 200"), WORD(" 200"), WORD(" 200"), WORD(" 200"),
    WORD(" 204"), WORD(" 304"), WORD(" 404"), WORD(" 503"),
};
static const struct word users[] = {
    WORD("amelia"), WORD("bjarne"), WORD("chiara"),  WORD("dmitri"), WORD("eunice"), WORD("farid"),
    WORD("gudrun"), WORD("hassan"), WORD("ingrid"),  WORD("joao"),   WORD("keiko"),  WORD("lionel"),
    WORD("mbali"),  WORD("nadia"),  WORD("octavio"), WORD("priya"),
};
static const struct word messages[] = {
    WORD(" cache hit, served from memory"),
    WORD(" served from disk"),
    WORD(" written and acknowledged by two replicas"),
    WORD(" not modified since the last request"),
    WORD(" chunk list read, payload streamed to the client"),
    WORD(" retried once after a timeout of the upstream"),
    WORD(" quota checked, within limits"),
    WORD(" reference count is zero, scheduled for collection"),
};

/* The writer of one log. */
struct log {
    struct rng rng;
    uint64_t time_ms; /* since 1970 */
    uint64_t request;
    uint64_t day;  /* what `date` was printed for */
    char date[11]; /* "2025-03-07T" */
};

static char *put_word(char *dst, struct word word)
{
    memcpy(dst, word.text, word.len);
    return dst + word.len;
}

static char *put_number(char *dst, uint64_t value, int min_digits)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0 || count < min_digits);
    while (count > 0)
        *dst++ = digits[--count];
    return dst;
}

/* Five hexadecimal digits. */
static char *put_trace(char *dst, uint64_t bits)
{
    for (unsigned shift = 0; shift < 20; shift += 4)
        *dst++ = "0123456789abcdef"[bits >> shift & 15];
    return dst;
}

/* Days since 1970 as a civil date; H. Hinnant, "chrono-compatible low-level date algorithms",
 * days_to_civil, for dates after 1970. */
static void print_date(char dst[11], uint64_t day)
{
    uint64_t z = day + 719468;
    uint64_t era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153;
    uint64_t month = mp < 10 ? mp + 3 : mp - 9;
    char *at = put_number(dst, yoe + era * 400 + (month <= 2), 4);
    *at++ = '-';
    at = put_number(at, month, 2);
    *at++ = '-';
    at = put_number(at, doy - (153 * mp + 2) / 5 + 1, 2);
    *at = 'T';
}

static char *put_time(struct log *log, char *dst)
{
    uint64_t day = log->time_ms / DAY_MS, ms = log->time_ms % DAY_MS;
    if (day != log->day) {
        print_date(log->date, day);
        log->day = day;
    }
    memcpy(dst, log->date, sizeof(log->date));
    dst = put_number(dst + sizeof(log->date), ms / 3600000, 2);
    *dst++ = ':';
    dst = put_number(dst, ms / 60000 % 60, 2);
    *dst++ = ':';
    dst = put_number(dst, ms / 1000 % 60, 2);
    *dst++ = '.';
    dst = put_number(dst, ms % 1000, 3);
    *dst++ = 'Z';
    return dst;
}

/* One draw serves a record: fields take disjoint bits of it. */
static size_t put_record(struct log *log, char record[RECORD_LEN_MAX])
{
    uint64_t bits = rng_u64(&log->rng), more = rng_u64(&log->rng);
    /* The smaller of two values favours the front of a vocabulary, as real fields do. */
    uint64_t service = bits >> 3 & 7, verb = bits >> 6 & 7, user = bits >> 9 & 15;
    uint64_t second = more & 7, third = more >> 3 & 7, fourth = more >> 6 & 15;
    service = service < second ? service : second;
    verb = verb < third ? verb : third;
    user = user < fourth ? user : fourth;

    char *at = put_time(log, record);
    at = put_word(at, levels[bits & 7]);
    at = put_word(at, services[service]);
    at = put_word(at, (struct word)WORD(" req="));
    at = put_number(at, log->request, 8);
    at = put_word(at, (struct word)WORD(" trace="));
    at = put_trace(at, bits >> 32);
    at = put_word(at, verbs[verb]);
    at = put_number(at, more >> 10 & 0xffff, 1);
    at = put_word(at, statuses[bits >> 13 & 7]);
    *at++ = ' ';
    at = put_number(at, (bits >> 16 & 0xff) * (bits >> 24 & 7), 1);
    at = put_word(at, (struct word)WORD("ms user="));
    at = put_word(at, users[user]);
    at = put_word(at, messages[bits >> 27 & 7]);
    *at++ = '\n';

    log->time_ms += 1 + (more >> 26 & 0x3ff);
    log->request += 1 + ((more >> 36 & 15) == 0);
    CHECK((size_t)(at - record) <= RECORD_LEN_MAX);
    return (size_t)(at - record);
}

static enum rc append_open(struct dataset *ds)
{
    ds->file_count = (uint32_t)((const struct append *)ds)->files;
    return RC_OK;
}

static enum rc append_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, ds->err, "logs/%02" PRIu32 "/file-%07" PRIu32 ".log",
                      file % PATH_FOLDERS, file);
}

static enum rc append_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    const struct append *append = (const struct append *)ds;
    uint64_t len = append->size + version * append->growth;
    if (len > BLOB_BYTES_MAX)
        return FAIL(ds->err, RC_USAGE, 0,
                    "append: version %" PRIu32 " of a file has %" PRIu64 " bytes (at most %zu)",
                    version, len, BLOB_BYTES_MAX);
    enum rc rc = buf_resize(out, (size_t)len, ds->err);
    if (rc != RC_OK)
        return rc;
    struct log log = {.rng = edit_stream(ds->seed, "append.records", file, 0)};
    /* Any moment of 2025, any request number of seven digits. */
    log.time_ms = (20089 + rng_below(&log.rng, 365)) * DAY_MS + rng_below(&log.rng, DAY_MS);
    log.request = rng_below(&log.rng, 10000000);
    char record[RECORD_LEN_MAX];
    for (size_t done = 0; done < out->len;) {
        size_t n = put_record(&log, record);
        if (n > out->len - done)
            n = out->len - done;
        memcpy(out->ptr + done, record, n);
        done += n;
    }
    return RC_OK;
}

const struct dataset_ops dataset_append = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "append",
    .summary = "text logs that compress about five times; every version extends the one before",
    .warning = NULL,
    .state_size = sizeof(struct append),
    .opts = append_opts,
    .open = append_open,
    .path = append_path,
    .content = append_content,
};
