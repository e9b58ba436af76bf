/* SPDX-License-Identifier: MIT */
#include "codegen/contract_schema.h"

#include "codegen/list.h"

#include "base/banned.h"

/* What json_decode reads and json_encode writes: codec/json.h. */
#define DATE "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define TIME "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

static const char civil_pattern[] = "^" DATE "T" TIME "(\\.[0-9]{0,8}[1-9])?$";
static const char instant_pattern[] = "^" DATE "T" TIME "\\.[0-9]{3}\\+00:00$";

void schema_set_add(struct contract *c, struct schema_set *set,
                    const struct model_message *message, enum contract_side side)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->items[i].message == message && set->items[i].side == side)
            return;
    *LIST_ADD(&c->arena, set->items, set->n) = (struct schema_item){message, side};
    for (size_t i = 0; i < message->n_fields; i++) {
        const struct model_field *field = &message->fields[i];

        if (field->form == RECORD_MAP && field->message->fields[1].message)
            schema_set_add(c, set, field->message->fields[1].message, side);
        else if (field->form != RECORD_MAP && field->message)
            schema_set_add(c, set, field->message, side);
    }
}

static void put_ref(const struct schema_writer *w, const struct model_message *message)
{
    struct contract *c = w->contract;
    struct str name = contract_name(c, message, w->side);

    jsonw_str(w->json, "$ref",
              arena_printf(&c->arena, "%s" STR_FMT, w->refs, STR_ARG(name)));
}

void schema_ref(const struct schema_writer *w, const char *key,
                const struct model_message *message)
{
    jsonw_open(w->json, key, '{');
    put_ref(w, message);
    jsonw_close(w->json, '}');
}

/* "type": one name, or the name and null. */
static void put_type(struct jsonw *j, const char *type, bool is_nullable)
{
    const char *const both[] = {type, "null"};

    if (is_nullable)
        jsonw_strs(j, "type", both, 2);
    else
        jsonw_c(j, "type", type);
}

/* The values of a text that has but a few; null is one of them, or the type alone forbids it. */
static void put_choices(struct jsonw *j, const struct model_field *f, bool is_nullable)
{
    jsonw_open(j, "enum", '[');
    for (size_t i = 0; i < f->rule->n_one_of; i++)
        jsonw_c(j, NULL, f->rule->one_of[i]);
    for (size_t i = 0; f->enumeration && i < f->enumeration->n_values; i++)
        jsonw_str(j, NULL, f->enumeration->values[i].json);
    if (is_nullable)
        jsonw_null(j, NULL);
    jsonw_close(j, ']');
}

static void put_text(struct jsonw *j, const struct model_field *f, bool is_nullable)
{
    put_type(j, "string", is_nullable);
    if (f->rule->n_one_of > 0 || f->kind == RECORD_ENUM) {
        put_choices(j, f, is_nullable);
        return;
    }
    if (f->form == RECORD_UUID)
        jsonw_c(j, "format", "uuid");
    if (f->kind == RECORD_BYTES) {
        jsonw_c(j, "contentEncoding", "base64");
        return;
    }
    if (f->rule->min_chars > 0)
        jsonw_int(j, "minLength", f->rule->min_chars);
    if (f->max_chars > 0)
        jsonw_int(j, "maxLength", f->max_chars);
}

static void put_integer(struct jsonw *j, const struct model_field *f, bool is_nullable)
{
    bool has_range = f->rule->min != 0 || f->rule->max != 0;

    put_type(j, "integer", is_nullable);
    if (f->kind == RECORD_INT32)
        jsonw_c(j, "format", "int32");
    else if (f->kind == RECORD_INT64)
        jsonw_c(j, "format", "int64");
    if (has_range || f->kind == RECORD_UINT32)
        jsonw_int(j, "minimum", f->rule->min);
    if (has_range || f->kind == RECORD_UINT32)
        jsonw_int(j, "maximum", has_range ? f->rule->max : UINT32_MAX);
}

static void put_time(struct jsonw *j, const struct model_field *f, bool is_nullable)
{
    put_type(j, "string", is_nullable);
    jsonw_c(j, "pattern",
            f->form == RECORD_LOCAL_DATETIME ? civil_pattern : instant_pattern);
}

static void put_scalar(const struct schema_writer *w, const struct model_field *f,
                       bool is_nullable)
{
    if (f->form == RECORD_LOCAL_DATETIME || f->form == RECORD_SPRING_INSTANT) {
        put_time(w->json, f, is_nullable);
        return;
    }
    switch (f->kind) {
    case RECORD_STRING:
    case RECORD_BYTES:
    case RECORD_ENUM:
        put_text(w->json, f, is_nullable);
        break;
    case RECORD_INT64:
    case RECORD_INT32:
    case RECORD_UINT32:
        put_integer(w->json, f, is_nullable);
        break;
    case RECORD_BOOL:
        put_type(w->json, "boolean", is_nullable);
        break;
    case RECORD_MESSAGE:
        put_ref(w, f->message);
        break;
    }
}

/* A $ref beside other keywords is ignored by older readers: it stands in an array of its own. */
static void put_message(const struct schema_writer *w, const struct model_field *f,
                        bool is_nullable)
{
    jsonw_open(w->json, is_nullable ? "anyOf" : "allOf", '[');
    schema_ref(w, NULL, f->message);
    if (is_nullable) {
        jsonw_open(w->json, NULL, '{');
        jsonw_c(w->json, "type", "null");
        jsonw_close(w->json, '}');
    }
    jsonw_close(w->json, ']');
}

static bool value_is_nullable(const struct schema_writer *w, const struct model_field *f)
{
    return w->side == CONTRACT_WRITTEN && f->kind == RECORD_MESSAGE && !f->is_repeated;
}

/* Entries {key, value} are the members of an object. */
static void put_map(const struct schema_writer *w, const struct model_field *f)
{
    const struct model_field *name = &f->message->fields[0],
                             *value = &f->message->fields[1];

    jsonw_c(w->json, "type", "object");
    if (name->max_chars > 0) {
        jsonw_open(w->json, "propertyNames", '{');
        jsonw_int(w->json, "maxLength", name->max_chars);
        jsonw_close(w->json, '}');
    }
    if (f->rule->max_items > 0)
        jsonw_int(w->json, "maxProperties", f->rule->max_items);
    schema_of_field(w, "additionalProperties", value, value_is_nullable(w, value));
}

static void put_array(const struct schema_writer *w, const struct model_field *f,
                      bool is_nullable)
{
    put_type(w->json, "array", is_nullable);
    jsonw_open(w->json, "items", '{');
    put_scalar(w, f, false);
    jsonw_close(w->json, '}');
    if (f->rule->max_items > 0)
        jsonw_int(w->json, "maxItems", f->rule->max_items);
}

static void put_field(const struct schema_writer *w, const struct model_field *f,
                      bool is_nullable)
{
    if (f->form == RECORD_MAP)
        put_map(w, f);
    else if (f->is_repeated)
        put_array(w, f, is_nullable);
    else if (f->kind == RECORD_MESSAGE)
        put_message(w, f, is_nullable);
    else
        put_scalar(w, f, is_nullable);
}

static void put_description(const struct schema_writer *w, struct str comment)
{
    jsonw_str(w->json, "description", contract_one_line(w->contract, comment));
}

void schema_of_field(const struct schema_writer *w, const char *key,
                     const struct model_field *field, bool is_nullable)
{
    jsonw_open(w->json, key, '{');
    put_description(w, field->comment);
    put_field(w, field, is_nullable);
    jsonw_close(w->json, '}');
}

void schema_of_parameter(const struct schema_writer *w, const char *key,
                         const struct model_field *field)
{
    jsonw_open(w->json, key, '{');
    put_field(w, field, false);
    jsonw_close(w->json, '}');
}

void schema_of_header(const struct schema_writer *w, const char *key,
                      const struct model_field *field)
{
    static const char *const booleans[] = {"true", "false"};

    jsonw_open(w->json, key, '{');
    put_description(w, field->comment);
    if (field->kind == RECORD_STRING) {
        put_text(w->json, field, false);
    } else {
        jsonw_c(w->json, "type", "string");
        if (field->kind == RECORD_BOOL)
            jsonw_strs(w->json, "enum", booleans, 2);
        else
            jsonw_c(w->json, "pattern", "^-?[0-9]+$");
    }
    jsonw_close(w->json, '}');
}

static const char *key_of(const struct schema_writer *w, struct str name)
{
    return arena_dup(&w->contract->arena, name).p;
}

static bool is_taken(const struct model_method *method, const struct model_field *field)
{
    return !method || contract_in_body(method, field);
}

/* The members of an object; method: only those of its body. */
static void put_properties(const struct schema_writer *w,
                           const struct model_message *message,
                           const struct model_method *method)
{
    jsonw_open(w->json, "properties", '{');
    for (size_t i = 0; i < message->n_fields; i++) {
        const struct model_field *f = &message->fields[i];

        if (!is_taken(method, f))
            continue;
        if (message->is_headers)
            schema_of_header(w, key_of(w, f->json), f);
        else
            schema_of_field(w, key_of(w, f->json), f, contract_is_nullable(f, w->side));
    }
    jsonw_close(w->json, '}');
}

static void put_required(const struct schema_writer *w,
                         const struct model_message *message,
                         const struct model_method *method)
{
    const char *names[256];
    size_t n = 0;

    for (size_t i = 0; i < message->n_fields && n < sizeof(names) / sizeof(names[0]); i++)
        if (is_taken(method, &message->fields[i]) &&
            contract_is_required(&message->fields[i], w->side))
            names[n++] = key_of(w, message->fields[i].json);
    if (n > 0)
        jsonw_strs(w->json, "required", names, n);
}

static void put_example(const struct schema_writer *w,
                        const struct model_message *message)
{
    if (!message->rule->example[0])
        return;
    jsonw_open(w->json, "examples", '[');
    jsonw_raw(w->json, NULL, str_of(message->rule->example));
    jsonw_close(w->json, ']');
}

void schema_members(const struct schema_writer *w, const struct model_message *message)
{
    put_description(w, message->comment);
    if (message->rule->frozen)
        jsonw_bool(w->json, "x-frozen", true);
    if (message->rule->unwrap) {
        put_field(w, &message->fields[0],
                  contract_is_nullable(&message->fields[0], w->side) &&
                      w->side == CONTRACT_WRITTEN);
    } else {
        jsonw_c(w->json, "type", "object");
        put_properties(w, message, NULL);
        put_required(w, message, NULL);
        if (message->rule->frozen && w->side == CONTRACT_WRITTEN)
            jsonw_bool(w->json, "additionalProperties", false);
    }
    put_example(w, message);
}

void schema_of_message(const struct schema_writer *w, const char *key,
                       const struct model_message *message)
{
    jsonw_open(w->json, key, '{');
    schema_members(w, message);
    jsonw_close(w->json, '}');
}

void schema_set_write(const struct schema_writer *w, const char *key,
                      const struct schema_set *set)
{
    jsonw_open(w->json, key, '{');
    for (size_t i = 0; i < set->n; i++) {
        struct schema_writer of = *w;

        of.side = set->items[i].side;
        schema_of_message(
            &of, key_of(w, contract_name(w->contract, set->items[i].message, of.side)),
            set->items[i].message);
    }
    jsonw_close(w->json, '}');
}

void schema_body(const struct schema_writer *w, const char *key,
                 const struct model_method *method)
{
    jsonw_open(w->json, key, '{');
    put_description(w, method->request->comment);
    if (method->request->rule->frozen)
        jsonw_bool(w->json, "x-frozen", true);
    jsonw_c(w->json, "type", "object");
    put_properties(w, method->request, method);
    put_required(w, method->request, method);
    jsonw_close(w->json, '}');
}
