/* SPDX-License-Identifier: MIT */
#include "codegen/compat_parts.h"

#include "base/banned.h"

/* A field of both releases. */
struct both {
    struct compat *c;
    const struct model_message *message;
    const struct model_field *was, *is;
};

static void refuse(const struct both *b, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "RULE: Message.field text" */
static void refuse(const struct both *b, const char *rule, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    diag_at(b->c->d, b->is->pos, "%s: " STR_FMT "." STR_FMT " %s", rule,
            STR_ARG(b->message->name), STR_ARG(b->is->name), text);
}

/* --- buf's WIRE_JSON ---------------------------------------------------------------------- */

static const char *type_text(const struct model_field *f)
{
    switch (f->kind) {
    case RECORD_STRING:
        return "string";
    case RECORD_BYTES:
        return "bytes";
    case RECORD_INT64:
        return "int64";
    case RECORD_INT32:
        return "int32";
    case RECORD_UINT32:
        return "uint32";
    case RECORD_BOOL:
        return "bool";
    case RECORD_ENUM:
    case RECORD_MESSAGE:
        break;
    }
    return str_from(f->type_name, 1).p;
}

static bool is_same_type(const struct both *b)
{
    return b->was->kind == b->is->kind && b->was->is_repeated == b->is->is_repeated &&
           str_eq(b->was->type_name, b->is->type_name);
}

static void same_type(const struct both *b)
{
    if (b->was->kind != b->is->kind || !str_eq(b->was->type_name, b->is->type_name))
        refuse(b, "FIELD_WIRE_JSON_COMPATIBLE_TYPE", "was %s and is %s",
               type_text(b->was), type_text(b->is));
    if (b->was->is_repeated != b->is->is_repeated)
        refuse(b, "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY", "is %s a list",
               b->is->is_repeated ? "now" : "no longer");
}

static void same_name(const struct both *b)
{
    if (!str_eq(b->was->json, b->is->json))
        refuse(b, b->message->is_headers ? "HEADER_SAME_NAME" : "FIELD_SAME_JSON_NAME",
               "was \"" STR_FMT "\" and is \"" STR_FMT "\"", STR_ARG(b->was->json),
               STR_ARG(b->is->json));
    if (!str_eq(b->was->name, b->is->name))
        refuse(b, "FIELD_SAME_NAME", "was called " STR_FMT, STR_ARG(b->was->name));
}

/* --- ours --------------------------------------------------------------------------------- */

static bool is_on(const struct both *b, enum contract_side side)
{
    return b->message->is_headers || contract_is_used(&b->c->is, b->message, side);
}

static void same_form(const struct both *b)
{
    if (b->was->form != b->is->form)
        refuse(b, "FIELD_SAME_JSON_FORM", "has another JSON form");
    if (!is_on(b, CONTRACT_WRITTEN))
        return;
    if (contract_is_required(b->was, CONTRACT_WRITTEN) &&
        !contract_is_required(b->is, CONTRACT_WRITTEN))
        refuse(b, "FIELD_SAME_JSON_FORM", "was always there and may be left out now");
    if (!contract_is_nullable(b->was, CONTRACT_WRITTEN) &&
        contract_is_nullable(b->is, CONTRACT_WRITTEN))
        refuse(b, "FIELD_SAME_JSON_FORM", "was never null and may be now");
}

static void same_need(const struct both *b)
{
    if (is_on(b, CONTRACT_READ) && b->is->rule->required && !b->was->rule->required)
        refuse(b, "FIELD_NO_NEW_REQUIRED", "is required now");
}

/* A ceiling of 0 is none, and shown so. */
static bool is_lower(int64_t was, int64_t is)
{
    return is != 0 && (was == 0 || is < was);
}

static void same_limits(const struct both *b)
{
    const Reuse__FieldRule *was = b->was->rule, *is = b->is->rule;
    bool had_range = was->min != 0 || was->max != 0;
    bool has_range = is->min != 0 || is->max != 0;

    if (is_lower(b->was->max_chars, b->is->max_chars))
        refuse(b, "LIMIT_NO_NARROW", "has at most %u characters, which were %u",
               b->is->max_chars, b->was->max_chars);
    if (is->min_chars > was->min_chars)
        refuse(b, "LIMIT_NO_NARROW", "has at least %u characters, which were %u",
               is->min_chars, was->min_chars);
    if (is_lower(was->max_items, is->max_items))
        refuse(b, "LIMIT_NO_NARROW", "has at most %u entries, which were %u",
               is->max_items, was->max_items);
    if (has_range && (!had_range || is->min > was->min || is->max < was->max))
        refuse(b, "LIMIT_NO_NARROW", "has a narrower range, from %lld to %lld",
               (long long)is->min, (long long)is->max);
}

static bool has_choice(const Reuse__FieldRule *rule, const char *choice)
{
    for (size_t i = 0; i < rule->n_one_of; i++)
        if (str_eq(str_of(rule->one_of[i]), str_of(choice)))
            return true;
    return false;
}

static void same_choices(const struct both *b)
{
    const Reuse__FieldRule *was = b->was->rule, *is = b->is->rule;

    if (was->n_one_of == 0 && is->n_one_of > 0)
        refuse(b, "LIMIT_NO_NARROW", "had any value and has a few now");
    for (size_t i = 0; is->n_one_of > 0 && i < was->n_one_of; i++)
        if (!has_choice(is, was->one_of[i]))
            refuse(b, "LIMIT_NO_NARROW", "is \"%s\" no longer", was->one_of[i]);
}

/* --- settings ----------------------------------------------------------------------------- */

static bool has_env(const Reuse__SettingRule *rule, const char *env)
{
    for (size_t i = 0; i < rule->n_env; i++)
        if (str_eq(str_of(rule->env[i]), str_of(env)))
            return true;
    return false;
}

static void same_setting(const struct both *b)
{
    const Reuse__SettingRule *was = b->was->setting, *is = b->is->setting;

    if (!was || !is)
        return;
    if (!str_eq(str_of(was->key), str_of(is->key)))
        refuse(b, "SETTING_NO_CHANGE", "was %s", was->key);
    if (!str_eq(str_of(was->unit), str_of(is->unit)))
        refuse(b, "SETTING_NO_CHANGE", "has another unit");
    if (!str_starts(str_of(is->choices), str_of(was->choices)))
        refuse(b, "SETTING_NO_CHANGE", "had the choices %s", was->choices);
    for (size_t i = 0; i < was->n_env; i++)
        if (!has_env(is, was->env[i]))
            refuse(b, "SETTING_NO_CHANGE", "is no longer read from %s", was->env[i]);
}

void compat_field(struct compat *c, const struct model_message *message,
                  const struct model_field *was, const struct model_field *is)
{
    const struct both b = {c, message, was, is};

    same_type(&b);
    if (message->is_settings)
        same_setting(&b);
    else
        same_name(&b);
    if (!is_same_type(&b))
        return; /* nothing else can be compared */
    same_form(&b);
    same_need(&b);
    same_limits(&b);
    same_choices(&b);
}
