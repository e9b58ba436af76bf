/* SPDX-License-Identifier: MIT */
#include "codec/json.h"
#include "codegen/check_parts.h"

#include "base/banned.h"

enum {
    EXAMPLE_MAX = 1 << 20,
    SLOT =
        24, /* bytes of a field in a struct that only the tables know: value and extra */
    EXTRA = 16,
    TYPES_MAX = 64, /* messages that one message can reach */
};

/* Tables as generated code has them, made here to run the real codec over the example. */
struct tables {
    struct arena *arena;
    const struct model_message *messages[TYPES_MAX];
    struct record_type *types[TYPES_MAX];
    size_t n;
};

static const struct record_type *type_of(struct tables *t,
                                         const struct model_message *message);

static const struct record_enum *enum_of(struct tables *t, const struct model_enum *e)
{
    struct record_enum *to = ARENA_NEW(t->arena, struct record_enum);
    struct record_enum_value *values =
        ARENA_ARRAY(t->arena, struct record_enum_value, e->n_values);

    for (size_t i = 0; i < e->n_values; i++) {
        values[i].number = e->values[i].number;
        values[i].json = e->values[i].json;
    }
    *to = (struct record_enum){e->name.p, values, e->n_values};
    return to;
}

static struct record_field field_of(struct tables *t, const struct model_field *f,
                                    size_t i)
{
    return (struct record_field){
        .name = f->name.p,
        .json = f->json,
        .json_key = arena_printf(t->arena, "\"" STR_FMT "\":", STR_ARG(f->json)),
        .kind = f->kind,
        .form = f->form,
        .flags = model_field_flags(f),
        .offset = i * SLOT,
        .extra_offset = i * SLOT + EXTRA,
        .min_chars = f->rule->min_chars,
        .max_chars = f->max_chars,
        .max_items = f->rule->max_items,
        .min = f->rule->min,
        .max = f->rule->max,
        .message = f->message ? type_of(t, f->message) : NULL,
        .enumeration = f->enumeration ? enum_of(t, f->enumeration) : NULL,
    };
}

static const struct record_type *type_of(struct tables *t,
                                         const struct model_message *message)
{
    struct record_type *type;
    struct record_field *fields;

    for (size_t i = 0; i < t->n; i++)
        if (t->messages[i] == message)
            return t->types[i];
    if (t->n == TYPES_MAX)
        return NULL;
    type = ARENA_NEW(t->arena, struct record_type);
    fields = ARENA_ARRAY(t->arena, struct record_field, message->n_fields);
    t->messages[t->n] = message;
    t->types[t->n++] = type;
    for (size_t i = 0; i < message->n_fields; i++)
        fields[i] = field_of(t, &message->fields[i], i);
    *type = (struct record_type){
        .name = message->name.p,
        .size = (message->n_fields + 1) * SLOT,
        .fields = fields,
        .n_fields = message->n_fields,
        .is_unwrapped = message->rule->unwrap,
    };
    return type;
}

void check_example(const struct model_message *message, struct diag *d)
{
    struct str example = str_of(message->rule->example);
    const struct record_type *type;
    struct why why = {""};
    struct arena scratch;
    struct buf again;
    void *record;

    arena_init(&scratch, SIZE_MAX);
    buf_init(&again, EXAMPLE_MAX);
    type = type_of(&(struct tables){.arena = &scratch}, message);
    record = arena_alloc(&scratch, type->size);
    if (json_decode(type, &scratch, example, record, &why) != ERR_OK) {
        diag_at(d, message->pos, "the example of " STR_FMT " is refused: %s",
                STR_ARG(message->name), why.text);
    } else {
        json_encode(type, record, &again);
        if (!str_eq(buf_str(&again), example))
            diag_at(d, message->pos, "the example of " STR_FMT " is written as " STR_FMT,
                    STR_ARG(message->name), STR_ARG(buf_str(&again)));
    }
    buf_release(&again);
    arena_release(&scratch);
}
