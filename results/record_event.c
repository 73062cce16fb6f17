/* record_event.c: events.jsonl: what happened to rounds as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/whole_file.h"
#include "results/record_parts.h"

#define EVENTS_BYTES_MAX (64 * MIB)

#define AT(member) offsetof(struct record_event, member)

static const char *const kind_names[] = {
    [EVENT_VOID] = "void",
    [EVENT_LOOK] = "look",
};
static const struct field void_rows[] = {
    {"round", FIELD_U32, AT(round)},
    {"reason", FIELD_WORD, AT(reason)},
    {NULL, FIELD_TEXT, 0},
};
static const struct field look_rows[] = {
    {"round", FIELD_U32, AT(round)}, {"reason", FIELD_TEXT, AT(reason)},
    {"look", FIELD_U32, AT(look)},   {"rounds", FIELD_U32, AT(rounds)},
    {"ends", FIELD_BOOL, AT(ends)},  {NULL, FIELD_TEXT, 0},
};
static const char *const void_others[] = {"schema", "kind", NULL};
static const char *const look_others[] = {"schema", "kind", "dropped", NULL};

/* ---- asking ---------------------------------------------------------------------------------- */

bool record_round_void(const struct record *record, uint32_t round)
{
    for (size_t i = 0; i < record->event_count; i++) {
        if (record->events[i].kind == EVENT_VOID && record->events[i].round == round)
            return true;
    }
    return false;
}

static bool drops(const struct record_event *event, uint32_t arm)
{
    for (size_t i = 0; event->kind == EVENT_LOOK && i < event->dropped_count; i++) {
        if (event->dropped[i] == arm)
            return true;
    }
    return false;
}

uint32_t record_dropped_from(const struct record *record, uint32_t arm)
{
    for (size_t i = 0; i < record->event_count; i++) {
        uint32_t round = record->events[i].round;
        if (drops(&record->events[i], arm))
            return round < UINT32_MAX ? round + 1 : UINT32_MAX;
    }
    return UINT32_MAX;
}

/* ---- looks ----------------------------------------------------------------------------------- */

uint32_t record_look_due(const struct record_protocol *protocol, uint32_t rounds)
{
    if (protocol->stopping == STOPPING_UNTIL && rounds >= RECORD_UNTIL_FIRST)
        return rounds - RECORD_UNTIL_FIRST + 1;
    for (size_t i = 0; protocol->stopping == STOPPING_LOOKS && i < protocol->look_count; i++)
        if (protocol->looks[i] == rounds)
            return (uint32_t)i + 1;
    return 0;
}

/* The first look after more than `rounds` rounds, and after how many; 0: none is ahead. */
static uint32_t look_ahead(const struct record_manifest *manifest, uint32_t rounds, uint32_t *at)
{
    const struct record_protocol *protocol = &manifest->protocol;
    *at = manifest->rounds;
    if (protocol->stopping == STOPPING_FIXED && rounds < manifest->rounds)
        return 1;
    for (size_t i = 0; protocol->stopping == STOPPING_LOOKS && i < protocol->look_count; i++) {
        *at = protocol->looks[i];
        if (*at > rounds)
            return (uint32_t)i + 1;
    }
    return 0;
}

uint32_t record_look_early(const struct record_manifest *manifest, uint32_t rounds)
{
    uint32_t at;
    if (rounds == 0 || record_look_due(&manifest->protocol, rounds) != 0)
        return 0;
    return look_ahead(manifest, rounds, &at);
}

bool record_ends_early(const struct record_manifest *manifest, const struct record_event *event)
{
    return event->kind == EVENT_LOOK && event->ends && event->look != 0 &&
           record_look_early(manifest, event->rounds) == event->look;
}

uint32_t record_claim_rounds(const struct record *record, uint32_t counted, uint32_t *next)
{
    const struct record_manifest *manifest = &record->manifest;
    const struct record_event *last =
        record->event_count > 0 ? &record->events[record->event_count - 1] : NULL;
    *next = 0;
    if (manifest->protocol.stopping == STOPPING_UNTIL)
        return counted;
    if (last != NULL && last->kind == EVENT_LOOK && last->ends && last->rounds <= counted)
        return last->rounds;
    if (look_ahead(manifest, counted, next) == 0) {
        *next = 0;
        return counted;
    }
    uint32_t reached = 0;
    for (size_t i = 0; i < manifest->protocol.look_count; i++)
        if (manifest->protocol.looks[i] <= counted)
            reached = manifest->protocol.looks[i];
    return reached;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static bool drops_twice(const struct record_event *event)
{
    for (size_t i = 1; i < event->dropped_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (event->dropped[i] == event->dropped[j])
                return true;
        }
    }
    return false;
}

/* What is wrong with `key` of an event that came after `before`, or NULL. */
static const char *void_conflict(const struct record_event *before,
                                 const struct record_event *event)
{
    if (before->kind == EVENT_VOID && before->round == event->round)
        return "is voided already";
    /* Which rounds count must not depend on what was seen in them. */
    if (before->kind == EVENT_LOOK && event->round <= before->round)
        return "was looked at already and cannot be voided any more";
    return NULL;
}

static const char *look_conflict(const struct record_event *before,
                                 const struct record_event *event, const char **key)
{
    const char *what = "is not above that of the look before";
    if (before->kind != EVENT_LOOK)
        return NULL;
    *key = "look";
    if (event->look <= before->look)
        return what;
    *key = "round";
    if (event->round <= before->round)
        return what;
    *key = "rounds";
    return event->rounds <= before->rounds ? what : NULL;
}

/* Looks are those that were planned: each spends its share of the error budget. */
static const char *unplanned(const struct record_manifest *manifest,
                             const struct record_event *event, const char **key)
{
    const struct record_protocol *protocol = &manifest->protocol;
    *key = "look";
    if (protocol->stopping == STOPPING_FIXED && !record_ends_early(manifest, event))
        return "is there, and \"stopping\" is \"fixed\": no looks were planned";
    if (protocol->stopping == STOPPING_LOOKS && event->look > protocol->look_count)
        return "is above the number of looks that were planned";
    *key = "rounds";
    if (record_look_due(protocol, event->rounds) != event->look &&
        !record_ends_early(manifest, event))
        return "is not what was planned for this look";
    *key = "dropped";
    return event->dropped_count > 0 && !protocol->racing ? "names arms in a study without racing"
                                                         : NULL;
}

/* What is wrong with an event that comes after `count` others, and with which of its keys; NULL
 * when nothing is. */
static const char *conflict(const struct record_manifest *manifest,
                            const struct record_event *events, size_t count,
                            const struct record_event *event, const char **key)
{
    uint64_t possible = (uint64_t)event->round + 1;
    *key = "kind";
    if (count > 0 && events[count - 1].kind == EVENT_LOOK && events[count - 1].ends)
        return "comes after a look that ended the study";
    *key = "round";
    for (size_t i = 0; i < count; i++) {
        const char *what = event->kind == EVENT_VOID ? void_conflict(&events[i], event)
                                                     : look_conflict(&events[i], event, key);
        if (what != NULL)
            return what;
        possible -= events[i].kind == EVENT_VOID && events[i].round <= event->round;
    }
    if (event->kind == EVENT_VOID)
        return NULL;
    *key = event->look == 0 ? "look" : "rounds";
    if (event->look == 0 || event->rounds == 0)
        return "must be at least 1";
    if (event->rounds > possible)
        return "is more than there are valid rounds up to \"round\"";
    *key = "dropped";
    return drops_twice(event) ? "names an arm twice" : unplanned(manifest, event, key);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum event_kind read_kind(struct record_reader *reader, const struct json_node *root)
{
    const char *name = record_word(reader, root, "kind");
    for (size_t i = 0; i < COUNT_OF(kind_names); i++) {
        if (strcmp(kind_names[i], name) == 0)
            return (enum event_kind)i;
    }
    record_refuse(reader, root, "kind", "is not void or look");
    return EVENT_VOID;
}

static void read_dropped(struct record_reader *reader, const struct json_node *root,
                         const struct record_manifest *manifest, struct record_event *event)
{
    const struct json_node *item = NULL;
    const struct json_node *array = record_array(reader, root, "dropped", &event->dropped_count);
    if (array == NULL)
        return;
    event->dropped = record_alloc(reader, event->dropped_count, sizeof(*event->dropped));
    for (size_t i = 0; reader->rc == RC_OK && i < event->dropped_count; i++) {
        item = json_next(array, item);
        event->dropped[i] = record_arm_index(reader, item, NULL, manifest);
    }
}

static void read_event(struct record_reader *reader, const struct json_node *root,
                       const struct record_manifest *manifest, struct record_event *event)
{
    record_schema_read(reader, root, RECORD_EVENT_SCHEMA);
    *event = (struct record_event){.kind = read_kind(reader, root)};
    bool look = event->kind == EVENT_LOOK;
    record_fields_read(reader, root, look ? look_rows : void_rows, event);
    if (look)
        read_dropped(reader, root, manifest, event);
    record_fields_unknown(reader, root, look ? look_rows : void_rows,
                          look ? look_others : void_others);
}

static const struct record_event *events_of(const struct buf *events, size_t *count)
{
    *count = events->len / sizeof(struct record_event);
    return (const struct record_event *)(const void *)events->ptr;
}

/* One line, after those that are in `events` already. */
static enum rc parse_line(const struct line_source *source, struct span line, unsigned number,
                          struct buf *events, struct err *err)
{
    struct json *json;
    enum rc rc = json_parse(&json, line, source->path, number, err);
    if (rc != RC_OK)
        return rc;
    struct record_reader reader = {.json = json,
                                   .file = Q(source->path),
                                   .line = number,
                                   .arena = source->arena,
                                   .record = source->record,
                                   .err = err};
    struct record_event event;
    size_t count;
    const struct record_event *before = events_of(events, &count);
    read_event(&reader, json_root(json), source->manifest, &event);
    const char *key, *what;
    event.line = number;
    if (reader.rc == RC_OK &&
        (what = conflict(source->manifest, before, count, &event, &key)) != NULL)
        record_refuse(&reader, json_root(json), key, what);
    if (reader.rc == RC_OK)
        reader.rc = buf_append(events, span_of(&event, sizeof(event)), err);
    json_free(json);
    return reader.rc;
}

/* All whole lines of `text`; a torn last one stays in it. */
static enum rc parse_lines(const struct line_source *source, struct span *text, struct buf *events,
                           struct err *err)
{
    struct span line;
    unsigned number = 0;
    enum rc rc = RC_OK;
    while (rc == RC_OK && record_next_line(text, &line))
        rc = parse_line(source, line, ++number, events, err);
    if (rc == RC_OK && text->len != 0)
        record_warn(source->record, "%s:%u: last line is torn and is ignored", Q(source->path),
                    number + 1);
    return rc;
}

static enum rc load_text(struct record *record, const char *path, struct span text, struct err *err)
{
    struct buf events = {0};
    struct line_source source = {
        .path = path, .manifest = &record->manifest, .arena = &record->arena, .record = record};
    enum rc rc = parse_lines(&source, &text, &events, err);
    size_t count;
    const struct record_event *items = events_of(&events, &count);
    if (rc == RC_OK && count > 0) {
        record->events = arena_zalloc(&record->arena, count, sizeof(*record->events));
        if (record->events == NULL)
            rc = FAIL(err, RC_NOMEM, 0, "no memory to read \"%s\"", Q(path));
    }
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        record->events[i] = items[i];
    record->event_count = rc == RC_OK ? count : 0;
    buf_release(&events);
    return rc;
}

enum rc record_events_load(struct record *record, struct err *err)
{
    struct buf path = {0}, text = {0};
    struct stat info;
    enum rc rc = buf_printf(&path, err, "%s/%s", record->dir, RECORD_EVENTS_NAME);
    bool absent = rc == RC_OK && lstat(buf_str(&path), &info) != 0 && errno == ENOENT;
    if (rc == RC_OK && !absent)
        rc = whole_file_read(buf_str(&path), EVENTS_BYTES_MAX, &text, err);
    if (rc == RC_OK && !absent)
        rc = load_text(record, buf_str(&path), buf_span(&text), err);
    buf_release(&path);
    buf_release(&text);
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum rc print_event(const struct record_manifest *manifest, const struct record_event *event,
                           struct buf *out, struct err *err)
{
    bool look = event->kind == EVENT_LOOK;
    struct record_event copy = *event;
    copy.reason = record_text((char[QUOTE_SIZE]){0}, event->reason);
    if (!look && copy.reason[0] == '\0')
        return FAIL(err, RC_BUG, 0, "round %u is voided without a reason", (unsigned)event->round);
    struct json_writer writer = json_begin(out, true, err);
    json_open(&writer, NULL, '{');
    json_string(&writer, "schema", RECORD_EVENT_SCHEMA);
    json_string(&writer, "kind", kind_names[event->kind]);
    record_fields_write(&writer, look ? look_rows : void_rows, &copy);
    if (look) {
        json_open(&writer, "dropped", '[');
        for (size_t i = 0; i < event->dropped_count; i++) {
            if (event->dropped[i] >= manifest->arm_count)
                return FAIL(err, RC_BUG, 0, "look %u drops an arm the study does not have",
                            (unsigned)event->look);
            json_string(&writer, NULL, manifest->arms[event->dropped[i]].label);
        }
        json_close(&writer, ']');
    }
    json_close(&writer, '}');
    enum rc rc = json_finish(&writer);
    return rc == RC_OK ? buf_append(out, span_of("\n", 1), err) : rc;
}

/* Length of the whole lines of the file, and whether `event` may follow them. */
static enum rc check_file(const char *path, const struct record_manifest *manifest,
                          const struct record_event *event, size_t *keep, struct err *err)
{
    struct buf text = {0}, events = {0};
    struct record scratch = {0};
    struct line_source source = {
        .path = path, .manifest = manifest, .arena = &scratch.arena, .record = &scratch};
    enum rc rc = whole_file_read(path, EVENTS_BYTES_MAX, &text, err);
    struct span rest = buf_span(&text);
    if (rc == RC_OK)
        rc = parse_lines(&source, &rest, &events, err);
    *keep = text.len - rest.len;
    if (rc == RC_OK) {
        size_t count;
        const struct record_event *before = events_of(&events, &count);
        const char *key, *what = conflict(manifest, before, count, event, &key);
        if (what != NULL)
            rc = FAIL(err, RC_INVALID, 0, "%s of round %u: \"%s\" %s", kind_names[event->kind],
                      (unsigned)event->round, key, what);
    }
    buf_release(&text);
    buf_release(&events);
    arena_release(&scratch.arena);
    return rc;
}

/* `*created`: it was not there; its name is durable. */
static enum rc open_events(const char *dir, const char *path, int *fd, bool *created,
                           struct err *err)
{
    *created = false;
    *fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 && errno == ENOENT) {
        *fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_CREAT | O_EXCL, 0666);
        *created = *fd >= 0;
    }
    if (*fd < 0)
        return FAIL(err, RC_IO, errno, "cannot append to \"%s\"", Q(path));
    return *created ? record_folder_sync(dir, err) : RC_OK;
}

static enum rc append_line(const char *dir, const char *path,
                           const struct record_manifest *manifest, const struct record_event *event,
                           struct span line, struct err *err)
{
    int fd;
    bool created;
    size_t keep = 0;
    enum rc rc = open_events(dir, path, &fd, &created, err);
    if (rc == RC_OK)
        rc = check_file(path, manifest, event, &keep, err);
    if (rc == RC_OK)
        rc = record_file_append(fd, path, keep, line, err);
    if (fd >= 0 && close(fd) != 0 && rc == RC_OK)
        rc = FAIL(err, RC_IO, errno, "cannot close \"%s\"", Q(path));
    if (rc != RC_OK && created)
        (void)unlink(path);
    return rc;
}

enum rc record_event_append(const char *dir, const struct record_manifest *manifest,
                            const struct record_event *event, struct err *err)
{
    struct buf line = {0}, path = {0};
    enum rc rc = print_event(manifest, event, &line, err);
    if (rc == RC_OK)
        rc = buf_printf(&path, err, "%s/%s", dir, RECORD_EVENTS_NAME);
    if (rc == RC_OK)
        rc = append_line(dir, buf_str(&path), manifest, event, buf_span(&line), err);
    buf_release(&line);
    buf_release(&path);
    return rc;
}
