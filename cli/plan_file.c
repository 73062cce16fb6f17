#include "cli/plan_file.h"

#include <stdio.h>
#include <string.h>

#include "cli/plan_source.h"

/* ---- keys ------------------------------------------------------------------------------------ */

static const struct key {
    const char *option;
    const char *value; /* NULL: a switch */
} keys[PLAN_ARG_COUNT] = {
#define PLAN_ARG(id, name, value, help) [PLAN_ARG_##id] = {name, value},
#include "cli/plan_args.def"
#undef PLAN_ARG
};

const char *plan_key_name(int id)
{
    CHECK(id >= 0 && id < PLAN_ARG_COUNT);
    return keys[id].option + 2;
}

bool plan_key_is_switch(int id)
{
    CHECK(id >= 0 && id < PLAN_ARG_COUNT);
    return keys[id].value == NULL;
}

enum rc plan_entry_fail(const struct plan_entry *entry, const struct err *cause, struct err *err)
{
    if (!entry->file) {
        *err = *cause;
        return cause->rc;
    }
    /* Messages name options as they are typed; a plan has no dashes. */
    const char *what = strncmp(cause->msg, "--", 2) == 0 ? cause->msg + 2 : cause->msg;
    enum rc rc = FAIL(err, cause->rc, 0, "%s:%u: %.500s", Q(entry->file), entry->line, what);
    if (cause->hint[0])
        err_hint(err, "%s", cause->hint);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A file that is being read, on top of those that include it. */
struct reading {
    struct plan_source source;
    const struct reading *below;
    unsigned depth;
};

struct parser {
    struct plan_file *plan;
    struct plan_section *section; /* where keys go; NULL before the first */
    unsigned includes;
    struct err *err;
};

static enum rc read_lines(struct parser *parser, struct reading *reading);

#define FAIL_AT(parser, reading, fmt, ...)                                     \
    FAIL((parser)->err, RC_USAGE, 0, "%s:%u: " fmt, Q((reading)->source.path), \
         (reading)->source.line, __VA_ARGS__)

static enum rc keep(struct parser *parser, struct span text, const char **out)
{
    char *copy = arena_alloc(&parser->plan->arena, text.len + 1);
    if (!copy)
        return FAIL(parser->err, RC_NOMEM, 0, "no memory for the plan");
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *out = copy;
    return RC_OK;
}

static struct span trim(struct span text)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = span_of(text.ptr + 1, text.len - 1);
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* ---- sections -------------------------------------------------------------------------------- */

static bool is_section_name(struct span name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (size_t i = 0; i < name.len; i++)
        if (!strchr(letters, name.ptr[i]) && (i == 0 || !strchr("._-", name.ptr[i])))
            return false;
    return name.len > 0 && name.len <= PLAN_SECTION_NAME_MAX;
}

static enum rc begin_global(struct parser *parser, struct reading *reading)
{
    struct plan_file *plan = parser->plan;
    if (plan->section_count)
        return FAIL_AT(parser, reading,
                       "[global] stands before all other sections, got [%s] at %s:%u",
                       plan->sections[0].name, Q(plan->sections[0].file), plan->sections[0].line);
    parser->section = &plan->global;
    return RC_OK;
}

static enum rc begin_study(struct parser *parser, struct reading *reading, struct span name)
{
    struct plan_file *plan = parser->plan;
    if (plan->section_count == PLAN_SECTIONS_MAX)
        return FAIL_AT(parser, reading, "more than %d sections", PLAN_SECTIONS_MAX);
    parser->section = &plan->sections[plan->section_count++];
    return keep(parser, name, &parser->section->name);
}

static enum rc take_header(struct parser *parser, struct reading *reading, struct span line)
{
    struct plan_file *plan = parser->plan;
    char quoted[QUOTE_SIZE];
    quote_bytes(quoted, sizeof(quoted), line);
    if (line.len < 2 || line.ptr[line.len - 1] != ']')
        return FAIL_AT(parser, reading, "expected a section [NAME], got \"%s\"", quoted);
    struct span name = span_of(line.ptr + 1, line.len - 2);
    if (!is_section_name(name))
        return FAIL_AT(
            parser, reading,
            "a section's name is 1 to %d letters, digits and \"._-\", the first a letter "
            "or digit; got \"%s\"",
            PLAN_SECTION_NAME_MAX, quoted);
    bool global = span_equal(name, span_of_str("global"));
    const struct plan_section *twin = global && plan->global.file ? &plan->global : NULL;
    for (size_t i = 0; i < plan->section_count; i++)
        if (span_equal(name, span_of_str(plan->sections[i].name)))
            twin = &plan->sections[i];
    if (twin)
        return FAIL_AT(parser, reading, "section %s is there twice, first at %s:%u", quoted,
                       Q(twin->file), twin->line);
    enum rc rc = global ? begin_global(parser, reading) : begin_study(parser, reading, name);
    if (rc != RC_OK)
        return rc;
    parser->section->file = reading->source.path;
    parser->section->line = reading->source.line;
    return RC_OK;
}

/* ---- keys of a section ----------------------------------------------------------------------- */

static enum rc unknown_key(struct parser *parser, struct reading *reading, struct span key)
{
    const char *names[PLAN_ARG_COUNT + 1];
    char word[QUOTE_SIZE];
    for (int id = 0; id < PLAN_ARG_COUNT; id++)
        names[id] = plan_key_name(id);
    names[PLAN_ARG_COUNT] = "include";
    quote_bytes(word, sizeof(word), key);
    const char *near = nearest_word(word, names, COUNT_OF(names));
    if (near)
        FAIL_AT(parser, reading, "unknown key \"%s\" (did you mean \"%s\"?)", word, near);
    else
        FAIL_AT(parser, reading, "unknown key \"%s\"", word);
    err_hint(parser->err, "keys are the options of `blobfront run`, without the dashes");
    return RC_USAGE;
}

static enum rc add_entry(struct parser *parser, struct reading *reading, struct plan_entry entry)
{
    struct plan_section *section = parser->section;
    if (section->count == PLAN_ENTRIES_MAX)
        return FAIL_AT(parser, reading, "more than %d keys in a section", PLAN_ENTRIES_MAX);
    if (section->count == section->cap) {
        size_t cap = section->cap ? 2 * section->cap : 16;
        struct plan_entry *grown = arena_zalloc(&parser->plan->arena, cap, sizeof(*grown));
        if (!grown)
            return FAIL(parser->err, RC_NOMEM, 0, "no memory for the plan");
        if (section->count)
            memcpy(grown, section->entries, section->count * sizeof(*grown));
        section->entries = grown;
        section->cap = cap;
    }
    section->entries[section->count++] = entry;
    return RC_OK;
}

static enum rc take_name(struct parser *parser, struct reading *reading,
                         const struct plan_entry *entry)
{
    if (parser->section != &parser->plan->global)
        return FAIL_AT(parser, reading,
                       "name = %s: a plan has one, in [global]; a study's folder adds its section",
                       Q(entry->value));
    if (parser->plan->name)
        return FAIL_AT(parser, reading, "\"name\" is there twice, first \"%s\"",
                       Q(parser->plan->name));
    parser->plan->name = entry->value;
    return RC_OK;
}

static enum rc take_entry(struct parser *parser, struct reading *reading, struct plan_entry entry)
{
    const struct plan_section *section = parser->section;
    const char *name = plan_key_name(entry.id);
    bool list = PLAN_ARG_LISTS & (uint64_t)1 << entry.id;
    if (entry.id == PLAN_ARG_NAME)
        return take_name(parser, reading, &entry);
    if (plan_key_is_switch(entry.id) && strcmp(entry.value, "on") != 0 &&
        strcmp(entry.value, "off") != 0)
        return FAIL_AT(parser, reading, "%s: expected on or off, got \"%s\"", name, Q(entry.value));
    for (size_t i = 0; !list && i < section->count; i++)
        if (section->entries[i].id == entry.id)
            return FAIL_AT(parser, reading, "\"%s\" is there twice, first at %s:%u", name,
                           Q(section->entries[i].file), section->entries[i].line);
    return add_entry(parser, reading, entry);
}

/* ---- includes -------------------------------------------------------------------------------- */

/* Which of the files that are being read is this one, or NULL. */
static const struct reading *find_open(const struct reading *top, const struct plan_source *source)
{
    for (; top; top = top->below)
        if (top->source.device == source->device && top->source.inode == source->inode)
            return top;
    return NULL;
}

static enum rc open_include(struct parser *parser, struct reading *reading, const char *name,
                            struct plan_source *source)
{
    const struct plan_file *plan = parser->plan;
    struct buf path = {0};
    const char *kept = NULL;
    struct err cause = {0};
    bool here = strcmp(plan->folder, ".") == 0;
    enum rc rc = buf_printf(&path, parser->err, "%s%s%s", here ? "" : plan->folder,
                            here || strcmp(plan->folder, "/") == 0 ? "" : "/", name);
    if (rc == RC_OK)
        rc = keep(parser, buf_span(&path), &kept);
    if (rc == RC_OK) {
        rc = plan_source_open_below(source, plan->folder, name, kept, &cause);
        if (rc != RC_OK)
            FAIL(parser->err, rc, 0, "%s:%u: include: %.400s", Q(reading->source.path),
                 reading->source.line, cause.msg);
    }
    buf_release(&path);
    return rc;
}

static enum rc take_include(struct parser *parser, struct reading *reading, const char *name)
{
    struct reading next = {.below = reading, .depth = reading->depth + 1};
    struct plan_section *section = parser->section;
    if (next.depth > PLAN_INCLUDE_DEPTH_MAX)
        return FAIL_AT(parser, reading, "includes deeper than %d files", PLAN_INCLUDE_DEPTH_MAX);
    if (++parser->includes > PLAN_INCLUDES_MAX)
        return FAIL_AT(parser, reading, "more than %d includes", PLAN_INCLUDES_MAX);
    enum rc rc = open_include(parser, reading, name, &next.source);
    const struct reading *again = rc == RC_OK ? find_open(reading, &next.source) : NULL;
    if (again)
        rc = FAIL_AT(parser, reading, "include: \"%s\" includes itself, from line %u on", Q(name),
                     again->source.line);
    if (rc == RC_OK)
        rc = read_lines(parser, &next);
    plan_source_release(&next.source);
    parser->section = section;
    return rc;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static enum rc take_pair(struct parser *parser, struct reading *reading, struct span line)
{
    char quoted[QUOTE_SIZE];
    const char *value = NULL;
    const uint8_t *equals = memchr(line.ptr, '=', line.len);
    quote_bytes(quoted, sizeof(quoted), line);
    if (!equals)
        return FAIL_AT(parser, reading, "expected KEY = VALUE or [SECTION], got \"%s\"", quoted);
    struct span key = trim(span_of(line.ptr, (size_t)(equals - line.ptr)));
    struct span rest = trim(span_of(equals + 1, line.len - (size_t)(equals - line.ptr) - 1));
    int id = 0;
    while (id < PLAN_ARG_COUNT && !span_equal(key, span_of_str(plan_key_name(id))))
        id++;
    bool include = span_equal(key, span_of_str("include"));
    if (key.len == 0)
        return FAIL_AT(parser, reading, "expected KEY = VALUE, got \"%s\"", quoted);
    if (id == PLAN_ARG_COUNT && !include)
        return unknown_key(parser, reading, key);
    if (rest.len == 0)
        return FAIL_AT(parser, reading, "%s: expected a value after \"=\"",
                       include ? "include" : plan_key_name(id));
    if (!parser->section && !include)
        return FAIL_AT(parser, reading, "expected a section before the first key, got \"%s\"",
                       quoted);
    enum rc rc = keep(parser, rest, &value);
    if (rc != RC_OK)
        return rc;
    if (include)
        return take_include(parser, reading, value);
    return take_entry(parser, reading,
                      (struct plan_entry){id, value, reading->source.path, reading->source.line});
}

static enum rc read_lines(struct parser *parser, struct reading *reading)
{
    struct span line;
    enum rc rc = RC_OK;
    while (rc == RC_OK) {
        rc = plan_source_next(&reading->source, &line, parser->err);
        if (rc == RC_NOTFOUND)
            return RC_OK;
        if (rc != RC_OK || line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        rc = line.ptr[0] == '[' ? take_header(parser, reading, line)
                                : take_pair(parser, reading, line);
    }
    return rc;
}

/* "." without a folder; the stem is what folders of studies are named after. */
static enum rc take_path(struct parser *parser, const char *path)
{
    struct plan_file *plan = parser->plan;
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t len = strlen(base);
    struct span folder = span_of_str(".");
    if (slash)
        folder = span_of(path, slash == path ? 1 : (size_t)(slash - path));
    if (len > 4 && strcmp(base + len - 4, ".ini") == 0)
        len -= 4;
    enum rc rc = keep(parser, span_of_str(path), &plan->path);
    if (rc == RC_OK)
        rc = keep(parser, folder, &plan->folder);
    return rc == RC_OK ? keep(parser, span_of(base, len), &plan->stem) : rc;
}

enum rc plan_file_read(struct plan_file *plan, const char *path, struct err *err)
{
    struct parser parser = {.plan = plan, .err = err};
    struct reading reading = {0};
    plan->global.name = "global";
    plan->sections = arena_zalloc(&plan->arena, PLAN_SECTIONS_MAX, sizeof(*plan->sections));
    enum rc rc = plan->sections ? RC_OK : FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    if (rc == RC_OK)
        rc = take_path(&parser, path);
    if (rc == RC_OK)
        rc = plan_source_open(&reading.source, plan->path, err);
    if (rc == RC_OK)
        rc = read_lines(&parser, &reading);
    if (rc == RC_OK && plan->section_count == 0)
        rc = FAIL(err, RC_USAGE, 0, "%s:%u: the plan has no section (expected [NAME] and its keys)",
                  Q(path), reading.source.line ? reading.source.line : 1);
    plan_source_release(&reading.source);
    return rc;
}

void plan_file_release(struct plan_file *plan)
{
    arena_release(&plan->arena);
    *plan = (struct plan_file){0};
}
