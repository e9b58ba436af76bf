/* SPDX-License-Identifier: MIT */
#include "codegen/check_parts.h"
#include "codegen/name.h"

#include "base/banned.h"

static bool is_text(const struct model_field *f)
{
    return f->kind == RECORD_STRING || f->kind == RECORD_BYTES;
}

static bool is_integer(const struct model_field *f)
{
    return f->kind == RECORD_INT64 || f->kind == RECORD_INT32 || f->kind == RECORD_UINT32;
}

static void check_type(const struct model_field *f, struct diag *d)
{
    static const char *const texts[] = {
        [MODEL_REGULAR] = NULL,
        [MODEL_FLOAT] = "floating point is not exact: use an integer with a unit",
        [MODEL_GROUP] = "groups are not supported",
        [MODEL_ONEOF] = "oneof is not supported: use optional fields",
        [MODEL_WIDTH] = "use int64, int32 or uint32",
    };

    if (texts[f->oddity])
        diag_at(d, f->pos, "field " STR_FMT ": %s", STR_ARG(f->name), texts[f->oddity]);
    else if (f->kind == RECORD_MESSAGE && !f->message)
        diag_at(d, f->pos, "field " STR_FMT ": " STR_FMT " is no message of the schema",
                STR_ARG(f->name), STR_ARG(f->type_name));
    else if (f->kind == RECORD_ENUM && !f->enumeration)
        diag_at(d, f->pos, "field " STR_FMT ": " STR_FMT " is no enum of the schema",
                STR_ARG(f->name), STR_ARG(f->type_name));
}

static void check_name(const struct model_message *message, const struct model_field *f,
                       struct diag *d)
{
    struct arena scratch;

    arena_init(&scratch, SIZE_MAX);
    if (name_is_reserved(f->name))
        diag_at(d, f->pos, "field " STR_FMT ": the name is a word of C",
                STR_ARG(f->name));
    if (!str_eq(name_snake(&scratch, f->name), f->name))
        diag_at(d, f->pos, "field " STR_FMT ": write names as lower_snake_case",
                STR_ARG(f->name));
    for (const struct model_field *other = message->fields; other < f; other++)
        if (str_eq(other->json, f->json))
            diag_at(d, f->pos,
                    "fields " STR_FMT " and " STR_FMT " are both \"" STR_FMT "\" in JSON",
                    STR_ARG(other->name), STR_ARG(f->name), STR_ARG(f->json));
    arena_release(&scratch);
}

static void check_text(const struct model_field *f, struct diag *d)
{
    if (is_text(f)) {
        if (f->rule->max_chars == 0 && !f->rule->column[0] && f->form != RECORD_UUID)
            diag_at(d, f->pos, "field " STR_FMT " needs max_chars or column",
                    STR_ARG(f->name));
        if (f->max_chars > 0 && f->rule->min_chars > f->max_chars)
            diag_at(d, f->pos,
                    "field " STR_FMT ": min_chars is above the greatest length",
                    STR_ARG(f->name));
    } else if (f->rule->min_chars > 0 || f->rule->max_chars > 0) {
        diag_at(d, f->pos, "field " STR_FMT ": min_chars and max_chars are for text",
                STR_ARG(f->name));
    }
}

static void check_range(const struct model_field *f, struct diag *d)
{
    int64_t min = f->rule->min, max = f->rule->max;

    if (min == 0 && max == 0)
        return;
    if (!is_integer(f))
        diag_at(d, f->pos, "field " STR_FMT ": min and max are for integers",
                STR_ARG(f->name));
    if (min > max)
        diag_at(d, f->pos, "field " STR_FMT ": min is above max", STR_ARG(f->name));
    if ((f->kind == RECORD_INT32 && (min < INT32_MIN || max > INT32_MAX)) ||
        (f->kind == RECORD_UINT32 && (min < 0 || max > UINT32_MAX)))
        diag_at(d, f->pos, "field " STR_FMT ": the range is wider than its type",
                STR_ARG(f->name));
}

static void check_list(const struct model_field *f, struct diag *d)
{
    if (f->is_repeated) {
        if (f->rule->omit_null)
            diag_at(d, f->pos, "field " STR_FMT ": a list cannot be left out (omit_null)",
                    STR_ARG(f->name));
        return;
    }
    if (f->rule->max_items > 0 || f->rule->nullable)
        diag_at(d, f->pos, "field " STR_FMT ": max_items and nullable are for lists",
                STR_ARG(f->name));
    if ((f->rule->required || f->rule->omit_null) && !f->is_optional)
        diag_at(d, f->pos,
                "field " STR_FMT
                ": required and omit_null need `optional`, else zero and none are one",
                STR_ARG(f->name));
}

/* An entry of a JSON object: {key, value}. */
static bool is_map_entry(const struct model_message *entry)
{
    return entry && entry->n_fields == 2 && entry->fields[0].kind == RECORD_STRING &&
           !entry->fields[0].is_repeated;
}

static void check_form(const struct model_field *f, struct diag *d)
{
    const char *needs = NULL;

    switch (f->form) {
    case RECORD_PLAIN:
        break;
    case RECORD_LOCAL_DATETIME:
    case RECORD_SPRING_INSTANT:
        needs = f->kind == RECORD_INT64 ? NULL : "int64";
        break;
    case RECORD_UUID:
        needs = f->kind == RECORD_STRING ? NULL : "string";
        break;
    case RECORD_MAP:
        needs = f->is_repeated && f->kind == RECORD_MESSAGE && is_map_entry(f->message)
                    ? NULL
                    : "a repeated message of two fields, the first a string";
        break;
    }
    if (needs)
        diag_at(d, f->pos, "field " STR_FMT ": its JSON form is for %s", STR_ARG(f->name),
                needs);
}

void check_field(const struct model_message *message, const struct model_field *field,
                 struct diag *d)
{
    check_type(field, d);
    check_name(message, field, d);
    check_text(field, d);
    check_range(field, d);
    check_list(field, d);
    check_form(field, d);
}
