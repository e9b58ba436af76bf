/* SPDX-License-Identifier: MIT */
#include "codegen/check.h"

#include "codegen/check_parts.h"

#include "base/banned.h"

static bool contains(struct str text, struct str part)
{
    for (; text.n >= part.n; text = str_from(text, 1))
        if (str_starts(text, part))
            return true;
    return false;
}

/* Every name of the schema is explained where it stands; the text becomes a C comment. */
static void check_comment(struct pos pos, const char *what, struct str name,
                          struct str comment, struct diag *d)
{
    if (comment.n == 0)
        diag_at(d, pos, "%s " STR_FMT " has no comment", what, STR_ARG(name));
    if (contains(comment, STR("/*")) || contains(comment, STR("*/")))
        diag_at(d, pos, "the comment of " STR_FMT " must not contain /* or */",
                STR_ARG(name));
}

/* A message that contains itself, over however many others: depth would be the client's choice. */
static bool reaches(const struct model_message *from, const struct model_message *to,
                    size_t depth)
{
    for (size_t i = 0; depth > 0 && i < from->n_fields; i++) {
        const struct model_message *next = from->fields[i].message;

        if (next && (next == to || reaches(next, to, depth - 1)))
            return true;
    }
    return false;
}

enum {
    NESTING_MAX = 16
};

/* What (reuse.message).headers may be, each once in all files. */
static void check_headers(const struct model *m, const struct model_message *message,
                          struct diag *d)
{
    static const char *const known[] = {"CONNECT", "CONNECTED", "SUBSCRIBE", "SEND",
                                        "MESSAGE", "RECEIPT",   "ERROR",     "kafka"};
    struct str what = str_of(message->rule->headers);
    bool is_known = false;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        is_known |= str_eq(what, str_of(known[i]));
    if (!is_known)
        diag_at(d, message->pos, "headers \"%s\": no frame that has a contract",
                message->rule->headers);
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++) {
            const struct model_message *other = &m->files[i].messages[j];

            if (other == message)
                return;
            if (str_eq(what, str_of(other->rule->headers)))
                diag_at(d, message->pos, "headers \"%s\" are those of " STR_FMT,
                        message->rule->headers, STR_ARG(other->name));
        }
}

static void check_message(const struct model *m, const struct model_message *message,
                          struct diag *d)
{
    check_comment(message->pos, "message", message->name, message->comment, d);
    if (message->is_headers)
        check_headers(m, message, d);
    if (message->has_nested)
        diag_at(d, message->pos,
                "message " STR_FMT
                " contains a map, a message or an enum: write them beside it (a map as "
                "repeated entries with json: JSON_MAP)",
                STR_ARG(message->name));
    if (reaches(message, message, NESTING_MAX))
        diag_at(d, message->pos, "message " STR_FMT " contains itself",
                STR_ARG(message->name));
    if (message->rule->unwrap && message->n_fields != 1)
        diag_at(d, message->pos, "message " STR_FMT ": unwrap needs exactly one field",
                STR_ARG(message->name));
    if (model_is_data(message) && !message->rule->example[0])
        diag_at(d, message->pos, "message " STR_FMT " has no example",
                STR_ARG(message->name));
    for (size_t i = 0; i < message->n_fields; i++) {
        const struct model_field *field = &message->fields[i];

        check_comment(field->pos, "field", field->name, field->comment, d);
        if (message->is_settings)
            check_setting(message, field, d);
        else
            check_field(message, field, d);
    }
}

enum {
    ERROR_MAX = 999 /* a table has one row per number */
};

static void check_error(const struct model_enum_value *value, struct diag *d)
{
    const Reuse__ErrorRule *rule = value->error;

    if (value->number < 0 || value->number > ERROR_MAX)
        diag_at(d, value->pos, STR_FMT ": its number is above %d", STR_ARG(value->name),
                ERROR_MAX);
    if (!rule) {
        if (value->number != 0)
            diag_at(d, value->pos, STR_FMT " has no (reuse.error)", STR_ARG(value->name));
        return;
    }
    if (rule->status < 400 || rule->status > 599)
        diag_at(d, value->pos, STR_FMT ": status %u is no HTTP error",
                STR_ARG(value->name), rule->status);
    if (!rule->title[0])
        diag_at(d, value->pos, STR_FMT " has no title", STR_ARG(value->name));
    if ((rule->stomp != REUSE__STOMP_KIND__STOMP_NONE) != (rule->close != 0))
        diag_at(d, value->pos, STR_FMT ": stomp and close go together",
                STR_ARG(value->name));
    if (rule->close != 0 && (rule->close < 1000 || rule->close > 4999))
        diag_at(d, value->pos, STR_FMT ": %u is no close code", STR_ARG(value->name),
                rule->close);
}

static void check_enum(const struct model_enum *e, struct diag *d)
{
    bool has_internal = false;

    check_comment(e->pos, "enum", e->name, e->comment, d);
    for (size_t i = 0; i < e->n_values; i++) {
        check_comment(e->values[i].pos, "value", e->values[i].name, e->values[i].comment,
                      d);
        for (size_t j = 0; j < i; j++) {
            if (str_eq(e->values[i].json, e->values[j].json))
                diag_at(d, e->values[i].pos,
                        STR_FMT " and " STR_FMT " are both \"" STR_FMT "\" in JSON",
                        STR_ARG(e->values[j].name), STR_ARG(e->values[i].name),
                        STR_ARG(e->values[i].json));
            if (e->values[i].number == e->values[j].number)
                diag_at(d, e->values[i].pos, STR_FMT " repeats the number %d",
                        STR_ARG(e->values[i].name), e->values[i].number);
        }
        if (e->is_errors)
            check_error(&e->values[i], d);
        has_internal |= str_eq(e->values[i].name, STR("ERR_INTERNAL"));
    }
    if (e->is_errors && !has_internal)
        diag_at(d, e->pos, "the errors have no ERR_INTERNAL");
}

static void check_file(const struct model *m, const struct model_file *file,
                       struct diag *d)
{
    if (!file->is_proto3)
        diag_at(d, (struct pos){file->shown, 1}, "only proto3 is understood");
    if (file->comment.n == 0)
        diag_at(d, (struct pos){file->shown, 1},
                "the file has no comment above `syntax`");
    for (size_t i = 0; i < file->n_enums; i++)
        check_enum(&file->enums[i], d);
    for (size_t i = 0; i < file->n_messages; i++)
        check_message(m, &file->messages[i], d);
    for (size_t i = 0; i < file->n_services; i++) {
        const struct model_service *service = &file->services[i];

        check_comment(service->pos, "service", service->name, service->comment, d);
        for (size_t j = 0; j < service->n_methods; j++)
            check_comment(service->methods[j].pos, "rpc", service->methods[j].name,
                          service->methods[j].comment, d);
    }
}

static void check_examples(const struct model *m, struct diag *d)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            if (model_is_data(&m->files[i].messages[j]))
                check_example(&m->files[i].messages[j], d);
}

void check_model(const struct model *m, struct diag *d)
{
    for (size_t i = 0; i < m->n_files; i++)
        check_file(m, &m->files[i], d);
    check_names(m, d);
    check_bindings(m, d);
    if (diag_ok(d)) /* tables of a broken model would mislead the codec */
        check_examples(m, d);
}
