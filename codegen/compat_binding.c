/* SPDX-License-Identifier: MIT */
#include "codegen/compat_parts.h"

#include "base/banned.h"

/* A method of both releases. */
struct both {
    struct compat *c;
    const struct model_method *was, *is;
};

static void refuse(const struct both *b, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "RULE: rpc Name text" */
static void refuse(const struct both *b, const char *rule, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    diag_at(b->c->d, b->is->pos, "%s: rpc " STR_FMT " %s", rule, STR_ARG(b->is->name),
            text);
}

static bool is_among(const char *word, char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(word), str_of(words[i])))
            return true;
    return false;
}

/* --- REST --------------------------------------------------------------------------------- */

static bool has_path(const Reuse__Http *http, const char *path)
{
    return str_eq(str_of(http->path), str_of(path)) ||
           is_among(path, http->also, http->n_also);
}

static void same_paths(const struct both *b, const Reuse__Http *was,
                       const Reuse__Http *is)
{
    if (!str_eq(str_of(was->method), str_of(is->method)))
        refuse(b, "ROUTE_NO_DELETE", "was %s and is %s", was->method, is->method);
    if (!has_path(is, was->path))
        refuse(b, "ROUTE_NO_DELETE", "is no longer at %s", was->path);
    for (size_t i = 0; i < was->n_also; i++)
        if (!has_path(is, was->also[i]))
            refuse(b, "ROUTE_NO_DELETE", "is no longer at %s", was->also[i]);
    if (was->admin != is->admin)
        refuse(b, "ROUTE_NO_DELETE", "is on another listener");
}

static void same_parameters(const struct both *b, const Reuse__Http *was,
                            const Reuse__Http *is)
{
    for (size_t i = 0; i < was->n_query; i++)
        if (!is_among(was->query[i], is->query, is->n_query))
            refuse(b, "ROUTE_SAME_PARAMETERS", "takes %s no longer", was->query[i]);
    if (was->key[0] && !is->key[0])
        refuse(b, "ROUTE_SAME_PARAMETERS", "takes the header Idempotency-Key no longer");
    if (was->form && !is->form)
        refuse(b, "ROUTE_SAME_PARAMETERS", "takes a form no longer");
    if (!str_eq(str_of(was->identity), str_of(is->identity)) && is->identity[0])
        refuse(b, "ROUTE_SAME_IDENTITY", "asks for an identity \"%s\", not \"%s\"",
               is->identity, was->identity);
}

static bool has_status(const Reuse__Http *http, uint32_t status)
{
    for (size_t i = 0; contract_status(http, i); i++)
        if (contract_status(http, i) == status)
            return true;
    return false;
}

static void same_answers(const struct both *b, const Reuse__Http *was,
                         const Reuse__Http *is)
{
    for (size_t i = 0; contract_status(is, i); i++)
        if (!has_status(was, contract_status(is, i)))
            refuse(b, "ROUTE_SAME_ANSWER", "answers %u, which it did not",
                   contract_status(is, i));
    for (size_t i = 0; contract_status(was, i); i++)
        if (!has_status(is, contract_status(was, i)))
            refuse(b, "ROUTE_SAME_ANSWER", "answers %u no longer",
                   contract_status(was, i));
    if (!str_eq(str_of(contract_produces(was)), str_of(contract_produces(is))))
        refuse(b, "ROUTE_SAME_ANSWER", "was %s and is %s", contract_produces(was),
               contract_produces(is));
    if (!str_eq(str_of(was->instead), str_of(is->instead)) && is->instead[0])
        refuse(b, "ROUTE_SAME_ANSWER", "may answer %s, which it did not", is->instead);
    if (is->may_be_empty && !was->may_be_empty)
        refuse(b, "ROUTE_SAME_ANSWER", "may answer nothing, which it did not");
    for (size_t i = 0; i < was->n_error; i++)
        if (!is_among(was->error[i], is->error, is->n_error))
            refuse(b, "ROUTE_SAME_ANSWER", "answers the error %s no longer",
                   was->error[i]);
}

static void compare_http(const struct both *b)
{
    const Reuse__Http *was = b->was->rule->http, *is = b->is->rule->http;

    if (was && !is)
        refuse(b, "ROUTE_NO_DELETE", "has no route: it was %s %s", was->method,
               was->path);
    if (!was || !is)
        return;
    same_paths(b, was, is);
    same_parameters(b, was, is);
    same_answers(b, was, is);
}

/* --- STOMP and Kafka ----------------------------------------------------------------------- */

static void same_destination(const struct both *b, const char *command, const char *was,
                             const char *is)
{
    if (was[0] && !str_eq(str_of(was), str_of(is)))
        refuse(b, "DESTINATION_NO_CHANGE", "was %s %s", command, was);
}

static void compare_stomp(const struct both *b)
{
    const Reuse__Stomp *was = b->was->rule->stomp, *is = b->is->rule->stomp;

    if (!was)
        return;
    same_destination(b, "SEND", was->send, is ? is->send : "");
    same_destination(b, "SUBSCRIBE", was->subscribe, is ? is->subscribe : "");
}

static void same_word(const struct both *b, const char *rule, const char *what,
                      const char *was, const char *is)
{
    if (!str_eq(str_of(was), str_of(is)))
        refuse(b, rule, "had the %s \"%s\" and has \"%s\"", what, was, is);
}

static void compare_kafka(const struct both *b)
{
    const Reuse__Kafka *was = b->was->rule->kafka, *is = b->is->rule->kafka;
    struct str topic;

    if (!was)
        return;
    if (!is) {
        refuse(b, "TOPIC_NO_CHANGE", "has no record: it was in %s", was->topic);
        return;
    }
    topic = contract_topic(&b->c->was, b->was);
    if (!str_eq(topic, contract_topic(&b->c->is, b->is)))
        refuse(b, "TOPIC_NO_CHANGE", "had the topic " STR_FMT, STR_ARG(topic));
    same_word(b, "TYPE_NO_CHANGE", "type", was->type, is->type);
    same_word(b, "TOPIC_NO_CHANGE", "key", was->key, is->key);
    same_word(b, "HEADER_NO_CHANGE", "source", was->source, is->source);
    if (was->plain != is->plain)
        refuse(b, "HEADER_NO_CHANGE", "is %s plain text",
               is->plain ? "now" : "no longer");
}

/* --- methods ------------------------------------------------------------------------------ */

static const struct model_service *
service_by(const struct model *m, const struct model_file *file, struct str name)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_services; j++)
            if (str_eq(m->files[i].package, file->package) &&
                str_eq(m->files[i].services[j].name, name))
                return &m->files[i].services[j];
    return NULL;
}

static void compare_method(const struct both *b)
{
    if (!str_eq(b->was->request_name, b->is->request_name))
        refuse(b, "RPC_SAME_REQUEST_TYPE", "took %s and takes %s",
               str_from(b->was->request_name, 1).p, str_from(b->is->request_name, 1).p);
    if (!str_eq(b->was->response_name, b->is->response_name))
        refuse(b, "RPC_SAME_RESPONSE_TYPE", "gave %s and gives %s",
               str_from(b->was->response_name, 1).p, str_from(b->is->response_name, 1).p);
    if (!b->was->rule || !b->is->rule)
        return;
    compare_http(b);
    compare_stomp(b);
    compare_kafka(b);
}

static void compare_service(struct compat *c, const struct model_service *was,
                            const struct model_service *is)
{
    for (size_t i = 0; i < was->n_methods; i++) {
        const struct model_method *now = NULL;

        for (size_t k = 0; k < is->n_methods; k++)
            if (str_eq(is->methods[k].name, was->methods[i].name))
                now = &is->methods[k];
        if (now)
            compare_method(&(struct both){c, &was->methods[i], now});
        else
            diag_at(c->d, is->pos, "RPC_NO_DELETE: " STR_FMT "." STR_FMT " is gone",
                    STR_ARG(is->name), STR_ARG(was->methods[i].name));
    }
}

void compat_bindings(struct compat *c)
{
    for (size_t i = 0; i < c->before->n_files; i++)
        for (size_t j = 0; j < c->before->files[i].n_services; j++) {
            const struct model_service *was = &c->before->files[i].services[j];
            const struct model_service *is = service_by(c->after, was->file, was->name);

            if (is)
                compare_service(c, was, is);
            else
                diag_at(c->d, compat_pos_of_file(c, was->file),
                        "SERVICE_NO_DELETE: " STR_FMT " is gone", STR_ARG(was->name));
        }
}

/* --- errors ------------------------------------------------------------------------------- */

static void compare_error(struct compat *c, const struct model_enum_value *was,
                          const struct model_enum_value *is)
{
    const Reuse__ErrorRule *before = was->error, *after = is->error;

    if (!contract_is_public(was) || !after)
        return;
    if (before->status != after->status)
        diag_at(c->d, is->pos, "ERROR_NO_CHANGE: " STR_FMT " had status %u and has %u",
                STR_ARG(is->json), before->status, after->status);
    if (before->stomp != after->stomp)
        diag_at(c->d, is->pos, "ERROR_NO_CHANGE: " STR_FMT " is of another STOMP kind",
                STR_ARG(is->json));
    if (before->close != after->close)
        diag_at(c->d, is->pos, "ERROR_NO_CHANGE: " STR_FMT " closed with %u, now with %u",
                STR_ARG(is->json), before->close, after->close);
    if (before->retry != after->retry)
        diag_at(c->d, is->pos,
                "ERROR_NO_CHANGE: whether to try again after " STR_FMT " has changed",
                STR_ARG(is->json));
}

void compat_errors(struct compat *c)
{
    const struct model_enum *was = c->was.errors, *is = c->is.errors;

    for (size_t i = 0; was && is && i < was->n_values; i++)
        for (size_t k = 0; k < is->n_values; k++)
            if (is->values[k].number == was->values[i].number)
                compare_error(c, &was->values[i], &is->values[k]);
}
