/* SPDX-License-Identifier: MIT */
#include "codegen/compat_parts.h"

#include "base/banned.h"

/* --- what is reserved stays so ------------------------------------------------------------- */

static void keep_reserved(struct compat *c, const char *rule, struct pos pos,
                          const struct model_reserved *was,
                          const struct model_reserved *is)
{
    for (size_t i = 0; i < was->n_names; i++)
        if (!model_has_reserved_name(is, was->names[i]))
            diag_at(c->d, pos, "%s: the name " STR_FMT " is reserved no longer", rule,
                    STR_ARG(was->names[i]));
    for (size_t i = 0; i < was->n_ranges; i++)
        if (!model_has_reserved_number(is, was->ranges[i].first) ||
            !model_has_reserved_number(is, was->ranges[i].last))
            diag_at(c->d, pos, "%s: the numbers from %d to %d are reserved no longer",
                    rule, was->ranges[i].first, was->ranges[i].last);
}

/* --- fields ------------------------------------------------------------------------------- */

static const struct model_field *field_by_number(const struct model_message *message,
                                                 int32_t number)
{
    for (size_t i = 0; i < message->n_fields; i++)
        if (message->fields[i].number == number)
            return &message->fields[i];
    return NULL;
}

static void field_is_gone(struct compat *c, const struct model_message *is,
                          const struct model_field *was)
{
    if (is->rule->frozen)
        return; /* says frozen */
    if (is->is_headers)
        diag_at(c->d, is->pos, "HEADER_NO_DELETE: " STR_FMT " has no header " STR_FMT,
                STR_ARG(is->name), STR_ARG(was->json));
    if (!model_has_reserved_number(&is->reserved, was->number))
        diag_at(c->d, is->pos,
                "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED: " STR_FMT "." STR_FMT
                " is gone: reserve %d",
                STR_ARG(is->name), STR_ARG(was->name), was->number);
    if (!model_has_reserved_name(&is->reserved, was->name))
        diag_at(c->d, is->pos,
                "FIELD_NO_DELETE_UNLESS_NAME_RESERVED: " STR_FMT "." STR_FMT
                " is gone: reserve \"" STR_FMT "\"",
                STR_ARG(is->name), STR_ARG(was->name), STR_ARG(was->name));
}

static void field_is_new(struct compat *c, const struct model_message *message,
                         const struct model_field *is)
{
    if (contract_is_used(&c->is, message, CONTRACT_READ) && is->rule->required)
        diag_at(c->d, is->pos,
                "FIELD_NO_NEW_REQUIRED: " STR_FMT "." STR_FMT
                " is new and required: older clients do not send it",
                STR_ARG(message->name), STR_ARG(is->name));
}

/* A frozen message has the fields it had, in that order. */
static void keep_frozen(struct compat *c, const struct model_message *was,
                        const struct model_message *is)
{
    if (!is->rule->frozen)
        diag_at(c->d, is->pos, "FROZEN_NO_CHANGE: " STR_FMT " is no longer frozen",
                STR_ARG(is->name));
    for (size_t i = 0; i < is->n_fields; i++)
        if (!field_by_number(was, is->fields[i].number))
            diag_at(c->d, is->fields[i].pos,
                    "FROZEN_NO_CHANGE: " STR_FMT " is frozen: no field " STR_FMT,
                    STR_ARG(is->name), STR_ARG(is->fields[i].name));
    for (size_t i = 0; i < was->n_fields; i++)
        if (!field_by_number(is, was->fields[i].number))
            diag_at(c->d, is->pos,
                    "FROZEN_NO_CHANGE: " STR_FMT " is frozen: field " STR_FMT " is gone",
                    STR_ARG(is->name), STR_ARG(was->fields[i].name));
        else if (i < is->n_fields && is->fields[i].number != was->fields[i].number)
            diag_at(c->d, is->fields[i].pos,
                    "FROZEN_NO_CHANGE: " STR_FMT " is frozen: " STR_FMT
                    " stood here, and JSON has this order",
                    STR_ARG(is->name), STR_ARG(was->fields[i].name));
}

static void compare_message(struct compat *c, const struct model_message *was,
                            const struct model_message *is)
{
    if (was->rule->frozen)
        keep_frozen(c, was, is);
    if (was->rule->unwrap != is->rule->unwrap)
        diag_at(c->d, is->pos, "MESSAGE_SAME_JSON_FORM: " STR_FMT " is %s a bare value",
                STR_ARG(is->name), is->rule->unwrap ? "now" : "no longer");
    keep_reserved(c, "RESERVED_MESSAGE_NO_DELETE", is->pos, &was->reserved,
                  &is->reserved);
    for (size_t i = 0; i < was->n_fields; i++) {
        const struct model_field *now = field_by_number(is, was->fields[i].number);

        if (now)
            compat_field(c, is, &was->fields[i], now);
        else if (!was->rule->frozen)
            field_is_gone(c, is, &was->fields[i]);
    }
    for (size_t i = 0; i < is->n_fields; i++)
        if (!field_by_number(was, is->fields[i].number))
            field_is_new(c, is, &is->fields[i]);
}

/* --- enums -------------------------------------------------------------------------------- */

static const struct model_enum_value *value_by_number(const struct model_enum *e,
                                                      int32_t number)
{
    for (size_t i = 0; i < e->n_values; i++)
        if (e->values[i].number == number)
            return &e->values[i];
    return NULL;
}

static void compare_value(struct compat *c, const struct model_enum *is,
                          const struct model_enum_value *was)
{
    const struct model_enum_value *now = value_by_number(is, was->number);

    if (now && !str_eq(now->name, was->name))
        diag_at(c->d, now->pos, "ENUM_VALUE_SAME_NAME: %d was " STR_FMT, was->number,
                STR_ARG(was->name));
    else if (now && !str_eq(now->json, was->json))
        diag_at(c->d, now->pos, "ENUM_VALUE_SAME_JSON: " STR_FMT " was \"" STR_FMT "\"",
                STR_ARG(now->name), STR_ARG(was->json));
    if (now)
        return;
    if (!model_has_reserved_number(&is->reserved, was->number))
        diag_at(c->d, is->pos,
                "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED: " STR_FMT
                " is gone: reserve %d",
                STR_ARG(was->name), was->number);
    if (!model_has_reserved_name(&is->reserved, was->name))
        diag_at(c->d, is->pos,
                "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED: " STR_FMT
                " is gone: reserve \"" STR_FMT "\"",
                STR_ARG(was->name), STR_ARG(was->name));
}

static void compare_enum(struct compat *c, const struct model_enum *was)
{
    const struct model_enum *is = model_enum_by_name(c->after, was->full_name);

    if (!is) {
        diag_at(c->d, compat_pos_of_file(c, was->file),
                "ENUM_NO_DELETE: " STR_FMT " is gone", STR_ARG(was->name));
        return;
    }
    keep_reserved(c, "RESERVED_ENUM_NO_DELETE", is->pos, &was->reserved, &is->reserved);
    for (size_t i = 0; i < was->n_values; i++)
        compare_value(c, is, &was->values[i]);
}

void compat_messages(struct compat *c)
{
    for (size_t i = 0; i < c->before->n_files; i++) {
        const struct model_file *file = &c->before->files[i];

        for (size_t j = 0; j < file->n_messages; j++) {
            const struct model_message *is =
                model_message_by_name(c->after, file->messages[j].full_name);

            if (is)
                compare_message(c, &file->messages[j], is);
            else
                diag_at(c->d, compat_pos_of_file(c, file),
                        "MESSAGE_NO_DELETE: " STR_FMT " is gone",
                        STR_ARG(file->messages[j].name));
        }
        for (size_t j = 0; j < file->n_enums; j++)
            compare_enum(c, &file->enums[j]);
    }
}
