/* SPDX-License-Identifier: MIT */
#include "codegen/contract.h"

#include "codegen/name.h"

#include "base/banned.h"

enum {
    NESTING_MAX = 16,    /* as check.c allows */
    PUBLIC_ERRORS = 100, /* errors from this number on stay inside the program */
};

bool contract_init(struct contract *c, const struct model *m)
{
    *c = (struct contract){.model = m, .errors = model_errors(m)};
    arena_init(&c->arena, SIZE_MAX);
    for (size_t i = 0; i < m->n_files; i++) {
        if (m->files[i].api)
            c->api = m->files[i].api;
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            if (m->files[i].messages[j].rule->error)
                c->error = &m->files[i].messages[j];
    }
    return c->api != NULL;
}

void contract_release(struct contract *c)
{
    arena_release(&c->arena);
}

const struct model_method *contract_each(const struct contract *c, size_t *i)
{
    size_t at = 0;

    for (size_t f = 0; f < c->model->n_files; f++)
        for (size_t s = 0; s < c->model->files[f].n_services; s++) {
            const struct model_service *service = &c->model->files[f].services[s];

            for (size_t k = 0; k < service->n_methods; k++)
                if (service->methods[k].rule && at++ == *i) {
                    ++*i;
                    return &service->methods[k];
                }
        }
    return NULL;
}

const struct model_message *contract_headers(const struct contract *c, const char *what)
{
    for (size_t i = 0; i < c->model->n_files; i++)
        for (size_t j = 0; j < c->model->files[i].n_messages; j++) {
            const struct model_message *message = &c->model->files[i].messages[j];

            if (str_eq(str_of(message->rule->headers), str_of(what)))
                return message;
        }
    return NULL;
}

/* --- sides -------------------------------------------------------------------------------- */

static bool reaches(const struct model_message *from, const struct model_message *to,
                    size_t depth)
{
    if (from == to)
        return true;
    for (size_t i = 0; from && depth > 0 && i < from->n_fields; i++)
        if (from->fields[i].message && reaches(from->fields[i].message, to, depth - 1))
            return true;
    return false;
}

static bool method_writes(const struct model_method *method,
                          const struct model_message *message)
{
    const Reuse__MethodRule *rule = method->rule;
    bool answers = rule->http || (rule->stomp && rule->stomp->subscribe[0]);

    return (answers && reaches(method->response, message, NESTING_MAX)) ||
           (method->instead && reaches(method->instead, message, NESTING_MAX)) ||
           (model_is_event(method) && reaches(method->request, message, NESTING_MAX));
}

static bool method_reads(const struct model_method *method,
                         const struct model_message *message)
{
    const Reuse__MethodRule *rule = method->rule;
    bool takes = rule->http || (rule->stomp && rule->stomp->send[0]) ||
                 (rule->kafka && rule->kafka->plain);

    return takes && reaches(method->request, message, NESTING_MAX);
}

bool contract_is_used(const struct contract *c, const struct model_message *message,
                      enum contract_side side)
{
    bool is_written = c->error && reaches(c->error, message, NESTING_MAX);
    bool is_read = false;
    const struct model_method *method;

    for (size_t i = 0; (method = contract_each(c, &i));) {
        is_written |= method_writes(method, message);
        is_read |= method_reads(method, message);
    }
    return side == CONTRACT_READ ? is_read : is_written || !is_read;
}

struct str contract_name(struct contract *c, const struct model_message *message,
                         enum contract_side side)
{
    bool is_both = side == CONTRACT_READ && message->n_fields > 0 &&
                   contract_is_used(c, message, CONTRACT_WRITTEN);

    return arena_printf(&c->arena, STR_FMT "%s", STR_ARG(message->name),
                        is_both ? "Input" : "");
}

bool contract_is_required(const struct model_field *field, enum contract_side side)
{
    return field->rule->required || (side == CONTRACT_WRITTEN && !field->rule->omit_null);
}

bool contract_is_nullable(const struct model_field *field, enum contract_side side)
{
    bool may_lack = field->is_optional || field->kind == RECORD_MESSAGE;

    if (field->rule->required)
        return false;
    if (field->is_repeated)
        return field->rule->nullable || side == CONTRACT_READ;
    if (side == CONTRACT_READ)
        return true; /* null is as good as nothing */
    return may_lack && !field->rule->omit_null;
}

/* --- names -------------------------------------------------------------------------------- */

struct str contract_camel(struct contract *c, const struct model_method *method)
{
    struct str rest = method->c_name, word;
    struct buf camel;
    struct str kept;
    bool is_first = true;

    buf_init(&camel, 1000);
    while (str_split(&rest, '_', &word)) {
        if (word.n > 0 && !is_first && word.p[0] >= 'a' && word.p[0] <= 'z') {
            buf_putc(&camel, (char)(word.p[0] - 'a' + 'A'));
            word = str_from(word, 1);
        }
        buf_append_str(&camel, word);
        is_first = false;
    }
    kept = arena_dup(&c->arena, buf_str(&camel));
    buf_release(&camel);
    return kept;
}

struct str contract_setting(const struct contract *c, const char *key,
                            const char *fallback)
{
    for (size_t i = 0; i < c->model->n_files; i++)
        for (size_t j = 0; j < c->model->files[i].n_messages; j++)
            for (size_t k = 0; k < c->model->files[i].messages[j].n_fields; k++) {
                const Reuse__SettingRule *rule =
                    c->model->files[i].messages[j].fields[k].setting;

                if (rule && str_eq(str_of(rule->key), str_of(key)))
                    return str_of(rule->default_);
            }
    return str_of(fallback);
}

struct str contract_topic(const struct contract *c, const struct model_method *method)
{
    return contract_setting(c, method->rule->kafka->topic, method->rule->kafka->topic);
}

struct str contract_one_line(struct contract *c, struct str comment)
{
    struct str rest = comment, word, line, kept;
    struct buf text;

    buf_init(&text, 65536);
    while (str_split(&rest, '\n', &line))
        for (struct str words = str_trim(line); str_split(&words, ' ', &word);)
            if (word.n > 0) {
                if (text.n > 0)
                    buf_putc(&text, ' ');
                buf_append_str(&text, word);
            }
    kept = arena_dup(&c->arena, buf_str(&text));
    buf_release(&text);
    return kept;
}

struct str contract_first_sentence(struct contract *c, struct str comment)
{
    struct str line = contract_one_line(c, comment);

    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '.' && (i + 1 == line.n || line.p[i + 1] == ' '))
            return (struct str){line.p, i};
    return line;
}

/* --- routes ------------------------------------------------------------------------------- */

bool contract_in_path(const char *pattern, const struct model_field *field)
{
    struct str rest = str_of(pattern), segment;

    while (str_split(&rest, '/', &segment))
        if (segment.n == field->json.n + 2 && segment.p[0] == '{' &&
            memcmp(segment.p + 1, field->json.p, field->json.n) == 0)
            return true;
    return false;
}

static bool may_have_body(const Reuse__Http *http)
{
    return !str_eq(str_of(http->method), STR("GET")) &&
           !str_eq(str_of(http->method), STR("DELETE"));
}

bool contract_in_body(const struct model_method *method, const struct model_field *field)
{
    const Reuse__Http *http = method->rule->http;

    if (!may_have_body(http) || contract_in_path(http->path, field) ||
        str_eq(field->name, str_of(http->user)) || str_eq(field->name, str_of(http->key)))
        return false;
    for (size_t i = 0; i < http->n_query; i++)
        if (str_eq(field->json, str_of(http->query[i])))
            return false;
    return true;
}

bool contract_has_body(const struct model_method *method)
{
    for (size_t i = 0; i < method->request->n_fields; i++)
        if (contract_in_body(method, &method->request->fields[i]))
            return true;
    return false;
}

bool contract_is_empty(const struct model_message *message)
{
    return message->n_fields == 0;
}

uint32_t contract_status(const Reuse__Http *http, size_t i)
{
    if (http->n_status == 0)
        return i == 0 ? 200 : 0;
    return i < http->n_status ? http->status[i] : 0;
}

const char *contract_produces(const Reuse__Http *http)
{
    return http->produces[0] ? http->produces : "application/json";
}

bool contract_is_public(const struct model_enum_value *error)
{
    return error->error && error->number < PUBLIC_ERRORS;
}

struct str contract_pattern(struct contract *c, const char *pattern, const char *before,
                            const char *after)
{
    struct str rest = str_of(pattern), part, kept;
    struct buf text;

    buf_init(&text, 65536);
    while (str_split(&rest, '{', &part)) {
        buf_append_str(&text, part);
        if (!rest.p || !str_split(&rest, '}', &part))
            break;
        buf_append_c(&text, before);
        buf_append_str(&text, part);
        buf_append_c(&text, after);
    }
    kept = arena_dup(&c->arena, buf_str(&text));
    buf_release(&text);
    return kept;
}

static bool is_among(struct str word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(word, str_of(words[i])))
            return true;
    return false;
}

bool contract_answers_error(const struct model_method *method,
                            const struct model_enum_value *error)
{
    static const char *const always[] = {"bad_request", "internal", "overloaded",
                                         "storage_unavailable", "shutting_down"};
    static const char *const identity[] = {"auth_required", "token_invalid",
                                           "token_expired", "forbidden"};
    static const char *const body[] = {"body_invalid", "payload_too_large",
                                       "length_required"};
    const Reuse__Http *http = method->rule->http;
    struct str code = error->json;

    return error->error &&
           (is_among(code, always, sizeof(always) / sizeof(always[0])) ||
            (http->identity[0] &&
             is_among(code, identity, sizeof(identity) / sizeof(identity[0]))) ||
            (may_have_body(http) &&
             is_among(code, body, sizeof(body) / sizeof(body[0]))) ||
            is_among(code, (const char *const *)http->error, http->n_error));
}
