#include "datasets/content_class.h"

#include <string.h>

#define CLASS(symbol) extern const struct content_class class_##symbol;
#include "datasets/classes.def"
#undef CLASS

static const struct content_class *const rows[] = {
#define CLASS(symbol) &class_##symbol,
#include "datasets/classes.def"
#undef CLASS
};

size_t content_class_count(void)
{
    return COUNT_OF(rows);
}

const struct content_class *content_class_at(size_t index)
{
    CHECK(index < COUNT_OF(rows));
    return rows[index];
}

const struct content_class *content_class_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}

static const char *row_defect(const struct content_class *row)
{
    int container = (row->wrap != NULL) + (row->payload_len != NULL) + (row->file_len != NULL);
    if (!row->name || !row->extension || !row->summary || !row->fill)
        return "lacks a name, an extension, a summary or fill";
    if (container != 0 && container != 3)
        return "has some of payload_len, file_len and wrap, not all";
    if (row->knob && !(row->saving_min <= row->natural && row->natural <= row->saving_max))
        return "has a natural saving outside its range";
    return NULL;
}

enum rc content_classes_validate(struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *defect = row_defect(rows[i]);
        if (!defect && content_class_by_name(rows[i]->name) != rows[i])
            defect = "has a name that is taken";
        if (defect)
            return FAIL(err, RC_BUG, 0, "content class row %zu (%s) %s", i,
                        rows[i]->name ? rows[i]->name : "no name", defect);
    }
    return RC_OK;
}
