#include "datasets/twin_fit.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/chunk_list.h"
#include "datasets/saving_curve.h"
#include "engine/codec.h"

enum { TRIES = 6, PART_LEN = 512 };
#define FIT_LEN_MAX ((size_t)1 << 20)
/* A fit is good when what is left of the file is right to this share of the file. */
#define FIT_TOLERANCE 0.004
/* What zstd leaves of a file is at least this much: smaller ones are not worth fitting. */
#define FIT_LEN_MIN 64u

struct fitter {
    struct twin *twin;
    const struct profile *profile;
    struct codec_set *codecs;
    struct buf made, packed;
    struct err *err;
};

/* ---- kinds ----------------------------------------------------------------------------------- */

static bool has_extension(const struct profile_file *file, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(file->extension, *names) == 0)
            return true;
    return false;
}

static const char *text_class(const struct profile_file *file)
{
    static const char *const logs[] = {"log", "out", "trace", NULL};
    static const char *const prose[] = {"txt", "md", "rst", "tex", "adoc", "html", "htm", NULL};
    static const char *const data[] = {"json", "jsonl", "ndjson", "xml", "csv", "tsv", "svg", NULL};
    if (has_extension(file, logs))
        return "log";
    if (has_extension(file, prose))
        return "text";
    return has_extension(file, data) || file->first == '{' || file->first == '[' ? "json"
                                                                                 : "source";
}

static const char *class_of(const struct profile_file *file)
{
    double saving = file->size ? 1 - (double)file->packed / (double)file->size : 0;
    if (file->zeros >= 64)
        return "sparse";
    if (handler_at(file->handler)->precompressed || saving < 0.06)
        return "random";
    return file->text ? text_class(file) : "exe";
}

static enum rc kind_of(struct fitter *f, uint16_t handler, const char *class, uint32_t *out)
{
    struct twin *twin = f->twin;
    struct twin_kind kind;
    CHECK(twin_kind_init(&kind, handler_at(handler)->name, content_class_by_name(class)));
    for (*out = 0; *out < twin->kind_count; (*out)++)
        if (twin->kinds[*out].handler == kind.handler && twin->kinds[*out].class == kind.class)
            return RC_OK;
    /* Handlers times classes: there is room for all. */
    CHECK(twin->kind_count < TWIN_KINDS_MAX);
    twin->kinds[twin->kind_count++] = kind;
    return RC_OK;
}

/* ---- fitting --------------------------------------------------------------------------------- */

/* What the twin should save, as a share: whole, and chunk by chunk. */
struct aim {
    double whole, pieces;
};

/* What `as` saves in place of row `index`. */
static enum rc saves(struct fitter *f, uint32_t index, const struct twin_row *as, bool pieces,
                     double *out)
{
    uint64_t packed = 0;
    enum rc rc = twin_try(f->twin, index, as, FIT_LEN_MAX, &f->made, f->err);
    struct span made = buf_span(&f->made);
    if (rc == RC_OK)
        rc = pieces ? profile_pack_pieces(f->codecs, made, &f->packed, &packed, f->err)
                    : profile_pack(f->codecs, made, &f->packed, &packed, f->err);
    *out = made.len != 0 ? 1 - (double)packed / (double)made.len : 0;
    return rc;
}

static double within_mix(double mix)
{
    return mix < 0 ? 0 : mix < SAVING_MIX_ONE ? mix : SAVING_MIX_ONE;
}

/* The best mix of the row's class, by secants from the one it has: curves are nearly straight.
 * *off is how far its saving is from what is wanted. */
static enum rc best_mix(struct fitter *f, uint32_t index, struct twin_row *row, bool pieces,
                        double wanted, double *off)
{
    struct twin_row tried = *row;
    double mix = row->mix, before = 0, saving_before = 0;
    enum rc rc = RC_OK;
    *off = INFINITY;
    for (unsigned i = 0; rc == RC_OK && i < TRIES && fabs(*off) > FIT_TOLERANCE; i++) {
        double saving, slope = 1.0 / SAVING_MIX_ONE;
        tried.mix = (uint32_t)mix;
        rc = saves(f, index, &tried, pieces, &saving);
        if (fabs(saving - wanted) < fabs(*off)) {
            *off = saving - wanted;
            row->mix = tried.mix;
        }
        if (i > 0 && (saving - saving_before) / (mix - before) > slope / 8)
            slope = (saving - saving_before) / (mix - before);
        before = mix;
        saving_before = saving;
        mix = within_mix(mix + (wanted - saving) / slope);
        if (fabs(mix - before) < 1)
            break;
    }
    return rc;
}

static double distance(double whole_off, double pieces_off)
{
    return fabs(whole_off) + fabs(pieces_off);
}

/* Chunks of the twin save too little although the whole is right: part of what is saved must be
 * saved within short distances. */
static enum rc fit_filler(struct fitter *f, uint32_t index, struct twin_row *row,
                          const struct aim *aim, double pieces)
{
    struct twin_row best = *row;
    double best_off = distance(0, pieces - aim->pieces), off;
    double share = (aim->pieces - pieces) / (aim->whole - pieces + 1e-9);
    enum rc rc = RC_OK;
    for (unsigned i = 0; rc == RC_OK && i < 3 && best_off > FIT_TOLERANCE; i++) {
        struct twin_row tried = *row;
        share = share < 1 ? share : 1;
        tried.filler = share > 0 ? (uint32_t)(10000 * share) : 0;
        rc = best_mix(f, index, &tried, false, aim->whole, &off);
        if (rc == RC_OK)
            rc = saves(f, index, &tried, true, &pieces);
        if (rc == RC_OK && distance(off, pieces - aim->pieces) < best_off) {
            best_off = distance(off, pieces - aim->pieces);
            best = tried;
        }
        share *= 1 + (aim->pieces - pieces) / (aim->whole - pieces + 1e-9);
    }
    *row = best;
    return rc;
}

/* Chunks of the twin save too much: its files lack what repeats over long distances. */
static enum rc fit_far(struct fitter *f, uint32_t index, struct twin_row *row,
                       const struct aim *aim, double pieces)
{
    struct twin_row best = *row;
    double best_off = distance(0, pieces - aim->pieces), off, whole = 0;
    enum rc rc = RC_OK;
    double share = 0;
    for (unsigned i = 0; rc == RC_OK && i < 3 && best_off > FIT_TOLERANCE; i++) {
        struct twin_row tried = *row;
        tried.far = share > 0 ? (uint32_t)(10000 * (share < 0.9 ? share : 0.9)) : 0;
        rc = best_mix(f, index, &tried, true, aim->pieces, &off);
        if (rc == RC_OK)
            rc = saves(f, index, &tried, false, &whole);
        if (rc == RC_OK && distance(whole - aim->whole, off) < best_off) {
            best_off = distance(whole - aim->whole, off);
            best = tried;
        }
        share += (1 - share) * (aim->whole - whole) / (1 - whole + 1e-9);
    }
    *row = best;
    return rc;
}

static bool is_random(const struct fitter *f, const struct twin_row *row)
{
    return strcmp(f->twin->kinds[row->kind].class->name, "random") == 0;
}

/* The class's mix, or that of random bytes with filler where the class cannot follow. */
static enum rc fit_whole(struct fitter *f, uint32_t index, const struct profile_file *file,
                         struct twin_row *row, const struct aim *aim)
{
    double off, off_random;
    enum rc rc = best_mix(f, index, row, false, aim->whole, &off);
    if (rc != RC_OK || fabs(off) <= 0.02 || is_random(f, row))
        return rc;
    struct twin_row random = *row;
    rc = kind_of(f, file->handler, "random", &random.kind);
    if (rc == RC_OK)
        rc = best_mix(f, index, &random, false, aim->whole, &off_random);
    if (rc == RC_OK && fabs(off_random) < fabs(off))
        *row = random;
    return rc;
}

/* What edits bring: bytes of the real file's entropy, by halving. */
static enum rc fit_palette(struct fitter *f, uint32_t index, struct twin_row *row, double entropy)
{
    uint8_t palette[TWIN_PALETTE_LEN];
    uint32_t low = 0, high = 9999;
    bool text = strcmp(f->twin->kinds[row->kind].handler, "text_source") == 0;
    enum rc rc = twin_try(f->twin, index, row, FIT_LEN_MAX, &f->made, f->err);
    if (rc != RC_OK)
        return rc;
    row->plain = row->spread = 0;
    twin_palette(row, text, buf_span(&f->made), palette);
    bool lower = profile_entropy(span_of(palette, sizeof(palette))) > entropy;
    uint32_t *share = lower ? &row->plain : &row->spread;
    while (high - low > 20) {
        *share = (low + high) / 2;
        twin_palette(row, text, buf_span(&f->made), palette);
        bool above = profile_entropy(span_of(palette, sizeof(palette))) > entropy;
        if (above == lower)
            low = *share;
        else
            high = *share;
    }
    *share = low;
    return RC_OK;
}

static enum rc fit_row(struct fitter *f, uint32_t index, const struct profile_file *file)
{
    struct twin_row row = f->twin->rows[index];
    double pieces;
    if (file->size < FIT_LEN_MIN) {
        f->twin->rows[index].mix = is_random(f, &row) ? 0 : SAVING_MIX_ONE / 2;
        return RC_OK;
    }
    struct aim aim = {.whole = 1 - (double)file->packed / (double)file->size,
                      .pieces = 1 - (double)file->pieces / (double)file->size};
    row.saved = (uint32_t)(10000 * aim.whole);
    row.mix = SAVING_MIX_ONE / 2;
    enum rc rc = fit_whole(f, index, file, &row, &aim);
    if (rc == RC_OK && file->size > PROFILE_PIECE) {
        rc = saves(f, index, &row, true, &pieces);
        if (rc == RC_OK && pieces < aim.pieces - FIT_TOLERANCE && !is_random(f, &row))
            rc = fit_filler(f, index, &row, &aim, pieces);
        else if (rc == RC_OK && pieces > aim.pieces + FIT_TOLERANCE)
            rc = fit_far(f, index, &row, &aim, pieces);
    }
    if (rc == RC_OK)
        rc = fit_palette(f, index, &row, file->entropy);
    if (rc == RC_OK)
        f->twin->rows[index] = row;
    return rc;
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* Chunks by number, chained where one always follows the other. */
struct chains {
    struct chunk_list list;
    uint32_t *ids;      /* of every chunk; 0: occurs once */
    uint32_t *next;     /* by id: what always follows, 0: nothing does always */
    uint32_t *previous; /* by id: what always comes before */
    uint32_t *names;    /* by id: part number of a chain's head */
    uint32_t distinct, name_count;
    uint64_t least; /* shorter parts are taken for new */
};

enum { SEVERAL = -1 };

/* next[a] == b and previous[b] == a wherever a or b occur. */
static void link_chunks(struct chains *c)
{
    for (size_t i = 0; i < c->list.count; i++) {
        uint32_t id = c->ids[i], after = 0, before = 0;
        if (id == 0)
            continue;
        if (i + 1 < c->list.count && c->list.chunks[i + 1].content == c->list.chunks[i].content)
            after = c->ids[i + 1];
        if (i > 0 && c->list.chunks[i - 1].content == c->list.chunks[i].content)
            before = c->ids[i - 1];
        after = after ? after : (uint32_t)SEVERAL;
        before = before ? before : (uint32_t)SEVERAL;
        c->next[id] = c->next[id] == 0 || c->next[id] == after ? after : (uint32_t)SEVERAL;
        c->previous[id] =
            c->previous[id] == 0 || c->previous[id] == before ? before : (uint32_t)SEVERAL;
    }
}

static bool goes_on(const struct chains *c, uint32_t id)
{
    uint32_t after = c->next[id];
    return after != 0 && after != (uint32_t)SEVERAL && after != id && c->previous[after] == id;
}

/* Parts of the contents in order: chains of at least `least` bytes by number, all else new.  With
 * `out` NULL they are only counted. */
static size_t cut_parts(struct chains *c, struct twin_row *rows, const uint32_t *row_of,
                        struct twin_part *out)
{
    size_t count = 0, i = 0;
    c->name_count = 0;
    memset(c->names, 0, ((size_t)c->distinct + 1) * sizeof(*c->names));
    while (i < c->list.count) {
        uint32_t content = c->list.chunks[i].content;
        size_t begin = count;
        uint64_t fresh = 0, shared = 0;
        while (i < c->list.count && c->list.chunks[i].content == content) {
            uint32_t head = c->ids[i];
            uint64_t len = c->list.chunks[i++].len;
            for (uint32_t id = head; id != 0 && goes_on(c, id); id = c->next[id])
                len += c->list.chunks[i++].len;
            if (head == 0 || len < c->least) {
                fresh += len;
                continue;
            }
            if (c->names[head] == 0)
                c->names[head] = ++c->name_count;
            if (out && fresh != 0)
                out[count] = (struct twin_part){(uint32_t)fresh, 0};
            count += fresh != 0;
            if (out)
                out[count] = (struct twin_part){(uint32_t)len, c->names[head]};
            count++;
            fresh = 0;
            shared += len;
        }
        if (shared == 0)
            continue; /* the whole file is new: no parts */
        if (out && fresh != 0)
            out[count] = (struct twin_part){(uint32_t)fresh, 0};
        count += fresh != 0;
        if (out) {
            rows[row_of[content]].part = (uint32_t)begin;
            rows[row_of[content]].part_count = (uint32_t)(count - begin);
        }
    }
    return count;
}

static enum rc read_chunks(struct fitter *f, struct chains *c)
{
    const struct profile *profile = f->profile;
    struct buf content = {0};
    size_t average = PART_LEN;
    while (profile->distinct.bytes / average > CHUNK_LIST_MAX / 8)
        average *= 2;
    enum rc rc = chunk_list_init(&c->list, average, f->err);
    for (uint32_t i = 0; rc == RC_OK && i < profile->base_count; i++) {
        if (profile->files[i].copy_of != PROFILE_NO_COPY)
            continue;
        rc = dataset_content(profile->ds, i, 0, &content);
        if (rc == RC_OK && content.len != profile->files[i].size)
            rc = FAIL(f->err, RC_IO, 0, "file %" PRIu32 " of the dataset changed while in use", i);
        if (rc == RC_OK)
            rc = chunk_list_add(&c->list, buf_span(&content), i, f->err);
    }
    buf_release(&content);
    return rc;
}

static void release_chains(struct chains *c)
{
    chunk_list_release(&c->list);
    free(c->ids);
    free(c->next);
    free(c->previous);
    free(c->names);
}

static enum rc number_chunks(struct fitter *f, struct chains *c)
{
    c->ids = malloc((c->list.count + 1) * sizeof(*c->ids));
    if (!c->ids)
        return FAIL(f->err, RC_NOMEM, 0, "no memory for %zu chunks", c->list.count);
    enum rc rc = chunk_list_ids(&c->list, c->ids, &c->distinct, f->err);
    if (rc != RC_OK)
        return rc;
    /* Zeros are what the class `sparse` makes by itself. */
    for (size_t i = 0; i < c->list.count; i++)
        if (c->list.chunks[i].hash == 0)
            c->ids[i] = 0;
    size_t size = ((size_t)c->distinct + 1) * sizeof(uint32_t);
    c->next = calloc(1, size);
    c->previous = calloc(1, size);
    c->names = calloc(1, size);
    if (!c->next || !c->previous || !c->names)
        return FAIL(f->err, RC_NOMEM, 0, "no memory for %" PRIu32 " chunks", c->distinct);
    link_chunks(c);
    return RC_OK;
}

/* Which parts of the files are equal; row i is file i. */
static enum rc find_parts(struct fitter *f)
{
    struct chains c = {.least = 1};
    struct twin *twin = f->twin;
    uint32_t *row_of = malloc((f->profile->base_count + 1) * sizeof(*row_of));
    enum rc rc = row_of ? RC_OK : FAIL(f->err, RC_NOMEM, 0, "no memory for parts");
    if (rc == RC_OK)
        rc = read_chunks(f, &c);
    if (rc == RC_OK)
        rc = number_chunks(f, &c);
    if (rc == RC_OK) {
        for (size_t i = 0; i < f->profile->base_count; i++)
            row_of[i] = (uint32_t)i;
        size_t count = cut_parts(&c, twin->rows, row_of, NULL);
        for (; count > TWIN_PARTS_MAX; count = cut_parts(&c, twin->rows, row_of, NULL))
            c.least = c.least < PART_LEN ? PART_LEN : 2 * c.least;
        twin->parts = calloc(count + 1, sizeof(*twin->parts));
        if (!twin->parts)
            rc = FAIL(f->err, RC_NOMEM, 0, "no memory for %zu parts", count);
        else
            twin->part_count = cut_parts(&c, twin->rows, row_of, twin->parts);
        twin->id_count = c.name_count;
    }
    free(row_of);
    release_chains(&c);
    return rc;
}

/* ---- files one by one ------------------------------------------------------------------------ */

static enum rc exact_rows(struct fitter *f)
{
    struct twin *twin = f->twin;
    const struct profile *profile = f->profile;
    twin->rows = calloc(profile->file_count, sizeof(*twin->rows));
    if (!twin->rows)
        return FAIL(f->err, RC_NOMEM, 0, "no memory for %zu files", profile->file_count);
    twin->row_count = profile->file_count;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < profile->file_count; i++) {
        const struct profile_file *file = &profile->files[i];
        twin->rows[i] = (struct twin_row){
            .size = file->size,
            .size_last = file->size,
            .count = 1,
            .copy_of = file->copy_of,
        };
        rc = kind_of(f, file->handler, class_of(file), &twin->rows[i].kind);
    }
    return rc == RC_OK ? find_parts(f) : rc;
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Files of a handler and class, by size, for tables of quantiles. */
struct grouped {
    uint32_t file, kind;
    uint64_t size;
};

static int compare_grouped(const void *a, const void *b)
{
    const struct grouped *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->file < y->file ? -1 : x->file > y->file;
}

/* One row for files[0..count): their sizes on a line that keeps their sum, their copies' share. */
static void add_group(struct fitter *f, const struct grouped *files, size_t count)
{
    uint64_t sum = 0, copies = 0;
    for (size_t i = 0; i < count; i++) {
        sum += files[i].size;
        copies += f->profile->files[files[i].file].copy_of != PROFILE_NO_COPY;
    }
    uint64_t first = files[0].size, mean = sum / count;
    f->twin->rows[f->twin->row_count++] = (struct twin_row){
        .kind = files[0].kind,
        .size = first,
        .size_last = count > 1 ? 2 * mean - first : first,
        .count = (uint32_t)count,
        .copy_of = TWIN_NO_COPY,
        .copies = (uint32_t)(10000 * copies / count),
    };
}

static enum rc grouped_rows(struct fitter *f)
{
    const struct profile *profile = f->profile;
    size_t count = profile->base_count;
    struct grouped *files = malloc(count * sizeof(*files));
    f->twin->rows = calloc(TWIN_GROUPS_MAX, sizeof(*f->twin->rows));
    enum rc rc = files && f->twin->rows
                     ? RC_OK
                     : FAIL(f->err, RC_NOMEM, 0, "no memory for %zu files", count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        files[i] = (struct grouped){.file = (uint32_t)i, .size = profile->files[i].size};
        rc = kind_of(f, profile->files[i].handler, class_of(&profile->files[i]), &files[i].kind);
    }
    if (rc == RC_OK)
        qsort(files, count, sizeof(*files), compare_grouped);
    /* Half of the rows for groups of equal number; large files stay alone. */
    size_t step = 2 * count / TWIN_GROUPS_MAX + 1;
    uint64_t large = 64 * (profile->bytes / count + 1);
    for (size_t i = 0, take; rc == RC_OK && i < count; i += take) {
        take = 1;
        while (take < step && i + take < count && files[i + take].kind == files[i].kind &&
               files[i + take].size < large)
            take++;
        if (f->twin->row_count == TWIN_GROUPS_MAX)
            rc = FAIL(f->err, RC_USAGE, 0, "the files are too different to be described");
        else
            add_group(f, files + i, take);
    }
    free(files);
    return rc;
}

/* The group's files are fitted by the one in its middle. */
static enum rc fit_groups(struct fitter *f)
{
    const struct profile *profile = f->profile;
    struct profile_file *sums = calloc(f->twin->row_count, sizeof(*sums));
    if (!sums)
        return FAIL(f->err, RC_NOMEM, 0, "no memory for %zu groups", f->twin->row_count);
    /* Rows by kind and size are where files fall again. */
    for (size_t i = 0; i < profile->base_count; i++) {
        const struct profile_file *file = &profile->files[i];
        uint32_t kind;
        enum rc rc = kind_of(f, file->handler, class_of(file), &kind);
        CHECK(rc == RC_OK);
        size_t low = 0, high = f->twin->row_count;
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            const struct twin_row *row = &f->twin->rows[middle];
            if (row->kind < kind || (row->kind == kind && row->size <= file->size))
                low = middle;
            else
                high = middle;
        }
        sums[low].size += file->size;
        sums[low].packed += file->packed;
        sums[low].pieces += file->pieces;
        sums[low].handler = file->handler;
        sums[low].entropy += file->entropy * (double)file->size;
    }
    enum rc rc = RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < f->twin->row_count; i++) {
        struct twin_row *row = &f->twin->rows[i], kept = *row;
        if (sums[i].size == 0)
            continue;
        struct profile_file file = sums[i];
        row->size = (kept.size + kept.size_last) / 2;
        double scale = (double)row->size / (double)file.size;
        file.packed = (uint64_t)((double)file.packed * scale);
        file.pieces = (uint64_t)((double)file.pieces * scale);
        file.entropy /= (double)file.size;
        file.size = row->size;
        row->count = 1;
        rc = fit_row(f, i, &file);
        row->size = kept.size;
        row->count = kept.count;
    }
    free(sums);
    return rc;
}

/* ---- history --------------------------------------------------------------------------------- */

static enum rc add_event(struct fitter *f, const struct history_event *event, uint32_t *newest,
                         uint32_t *created)
{
    struct twin_event *out = &f->twin->events[f->twin->event_count++];
    struct buf before = {0}, after = {0};
    enum rc rc = RC_OK;
    *out = (struct twin_event){.kind = event->kind, .file = event->file, .group = event->group};
    if (event->kind == HISTORY_DELETE)
        return RC_OK;
    if (event->kind == HISTORY_CREATE && event->file == *created) {
        ++*created;
    } else {
        rc = dataset_content(f->profile->ds, event->file, newest[event->file], &before);
        if (rc == RC_OK)
            rc = dataset_content(f->profile->ds, event->file, event->version, &after);
        struct profile_change change = profile_compare(buf_span(&before), buf_span(&after));
        out->content = true;
        out->prefix = change.prefix;
        out->suffix = change.suffix;
        out->length = change.new_len;
    }
    newest[event->file] = event->version;
    buf_release(&before);
    buf_release(&after);
    return rc;
}

static enum rc add_events(struct fitter *f)
{
    struct dataset *ds = f->profile->ds;
    uint32_t created = ds->file_count;
    uint32_t *newest = calloc(f->profile->file_count, sizeof(*newest));
    f->twin->events = calloc((size_t)ds->event_count + 1, sizeof(*f->twin->events));
    enum rc rc =
        newest && f->twin->events ? RC_OK : FAIL(f->err, RC_NOMEM, 0, "no memory for events");
    for (uint64_t i = 0; rc == RC_OK && i < ds->event_count; i++) {
        struct history_event event;
        rc = dataset_event(ds, i, &event);
        if (rc == RC_OK)
            rc = add_event(f, &event, newest, &created);
    }
    free(newest);
    return rc;
}

/* ---- which draw ------------------------------------------------------------------------------ */

/* Where few contents are shared by many files, it is a matter of luck where chunkers cut them: of
 * SALTS draws of the twin the one is taken whose chunks are shared most like the real ones. */
enum { SALTS = 12, SALT_LEVEL = 1 };
#define SALT_BYTES_MAX (64 * MIB)

static enum rc count_draw(struct fitter *f, uint64_t *chunks, uint64_t *repeated)
{
    struct chunk_list list = {.count = 0};
    uint32_t distinct, *ids = NULL;
    bool *seen = NULL;
    enum rc rc = chunk_list_init(&list, f->profile->levels[SALT_LEVEL].average, f->err);
    for (uint32_t i = 0; rc == RC_OK && i < f->twin->base_files; i++) {
        if (f->twin->rows[i].copy_of != TWIN_NO_COPY)
            continue;
        rc = twin_try(f->twin, i, &f->twin->rows[i], SIZE_MAX, &f->made, f->err);
        if (rc == RC_OK)
            rc = chunk_list_add(&list, buf_span(&f->made), i, f->err);
    }
    if (rc == RC_OK)
        ids = malloc((list.count + 1) * sizeof(*ids));
    if (rc == RC_OK && !ids)
        rc = FAIL(f->err, RC_NOMEM, 0, "no memory to count %zu chunks", list.count);
    if (rc == RC_OK)
        rc = chunk_list_ids(&list, ids, &distinct, f->err);
    if (rc == RC_OK)
        seen = calloc((size_t)distinct + 1, sizeof(*seen));
    if (rc == RC_OK && !seen)
        rc = FAIL(f->err, RC_NOMEM, 0, "no memory to count %zu chunks", list.count);
    *chunks = list.count;
    *repeated = 0;
    for (size_t i = 0; rc == RC_OK && i < list.count; i++) {
        *repeated += ids[i] != 0 && seen[ids[i]] ? list.chunks[i].len : 0;
        seen[ids[i]] = true;
    }
    free(seen);
    free(ids);
    chunk_list_release(&list);
    return rc;
}

static enum rc choose_salt(struct fitter *f)
{
    const struct profile_chunks *real = &f->profile->levels[SALT_LEVEL];
    uint64_t best = 0;
    double best_off = INFINITY;
    enum rc rc = RC_OK;
    if (real->bytes == 0 || real->bytes > SALT_BYTES_MAX)
        return RC_OK;
    for (f->twin->salt = 0; rc == RC_OK && f->twin->salt < SALTS; f->twin->salt++) {
        uint64_t chunks, repeated;
        rc = count_draw(f, &chunks, &repeated);
        double off =
            fabs((double)chunks / (double)real->chunks - 1) +
            4 * fabs((double)repeated - (double)real->repeated_bytes) / (double)real->bytes;
        if (off < best_off) {
            best_off = off;
            best = f->twin->salt;
        }
    }
    f->twin->salt = best;
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum rc fit_files(struct fitter *f)
{
    enum rc rc = exact_rows(f);
    if (rc == RC_OK)
        rc = add_events(f);
    if (rc == RC_OK)
        rc = twin_derive(f->twin, f->err);
    for (uint32_t i = 0; rc == RC_OK && i < f->twin->row_count; i++)
        if (f->twin->rows[i].copy_of == TWIN_NO_COPY)
            rc = fit_row(f, i, &f->profile->files[i]);
    return rc == RC_OK ? choose_salt(f) : rc;
}

enum rc twin_fit(struct twin *twin, const struct profile *profile, struct err *err)
{
    struct fitter f = {.twin = twin, .profile = profile, .err = err};
    bool exact = profile->file_count <= TWIN_EXACT_MAX;
    if (profile->ds->event_count > TWIN_EVENTS_MAX || (!exact && profile->ds->event_count > 0))
        return FAIL(err, RC_USAGE, 0,
                    "a twin of %zu files and %" PRIu64 " events (expected at most %zu and %zu)",
                    profile->file_count, profile->ds->event_count, TWIN_EXACT_MAX, TWIN_EVENTS_MAX);
    twin->kinds = calloc(TWIN_KINDS_MAX, sizeof(*twin->kinds));
    twin->base_files = (uint32_t)profile->base_count;
    enum rc rc = twin->kinds ? codec_set_new(&f.codecs, err)
                             : FAIL(err, RC_NOMEM, 0, "no memory for a twin");
    if (rc == RC_OK && exact)
        rc = fit_files(&f);
    if (rc == RC_OK && !exact)
        rc = grouped_rows(&f);
    if (rc == RC_OK && !exact)
        rc = twin_derive(twin, err);
    if (rc == RC_OK && !exact)
        rc = fit_groups(&f);
    codec_set_free(f.codecs);
    buf_release(&f.made);
    buf_release(&f.packed);
    return rc;
}
