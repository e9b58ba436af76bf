/* SPDX-License-Identifier: MIT */
#include "codec/route.h"
#include "codegen/check_parts.h"

#include "base/banned.h"

/* A method being checked. */
struct binding {
    const struct model *model;
    const struct model_method *method;
    struct diag *d;
};

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(word), str_of(words[i])))
            return true;
    return false;
}

static void check_placeholder(const struct binding *b, const char *pattern,
                              struct str name)
{
    const struct model_field *f = model_field_by_json(b->method->request, name);

    if (!f)
        diag_at(b->d, b->method->pos, "%s: " STR_FMT " has no field " STR_FMT, pattern,
                STR_ARG(b->method->request->name), STR_ARG(name));
    else if (f->is_repeated || f->kind == RECORD_MESSAGE)
        diag_at(b->d, b->method->pos, "%s: field " STR_FMT " is no single value", pattern,
                STR_ARG(name));
}

/* A placeholder fills its segment whole: that is what route_find of codec/route.h matches. */
static void check_pattern(const struct binding *b, const char *pattern)
{
    struct str rest = str_from(str_of(pattern), 1), segment;
    size_t n = 0;

    if (pattern[0] != '/') {
        diag_at(b->d, b->method->pos, "%s: a path begins with /", pattern);
        return;
    }
    while (str_split(&rest, '/', &segment)) {
        bool is_placeholder =
            segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';

        if (is_placeholder) {
            check_placeholder(b, pattern, (struct str){segment.p + 1, segment.n - 2});
            n++;
        } else if (memchr(segment.p, '{', segment.n) ||
                   memchr(segment.p, '}', segment.n)) {
            diag_at(b->d, b->method->pos, "%s: a placeholder is a whole segment {name}",
                    pattern);
        }
    }
    if (n > ROUTE_PARAMS_MAX)
        diag_at(b->d, b->method->pos, "%s: more than %d placeholders", pattern,
                ROUTE_PARAMS_MAX);
}

static void check_field_name(const struct binding *b, const char *what, const char *name)
{
    const struct model_field *f = model_field_by_name(b->method->request, str_of(name));

    if (name[0] && (!f || f->kind != RECORD_STRING || f->is_repeated))
        diag_at(b->d, b->method->pos, "%s: " STR_FMT " has no text field %s", what,
                STR_ARG(b->method->request->name), name);
}

static bool is_error(const struct model *m, const char *code)
{
    const struct model_enum *errors = model_errors(m);

    for (size_t i = 0; errors && i < errors->n_values; i++)
        if (errors->values[i].error && str_eq(errors->values[i].json, str_of(code)))
            return true;
    return false;
}

static void check_answers(const struct binding *b, const Reuse__Http *http)
{
    for (size_t i = 0; i < http->n_status; i++)
        if (http->status[i] < 200 || http->status[i] > 599)
            diag_at(b->d, b->method->pos, "status %u is none of an answer",
                    http->status[i]);
    for (size_t i = 0; i < http->n_error; i++)
        if (!is_error(b->model, http->error[i]))
            diag_at(b->d, b->method->pos, "error \"%s\" is none of the schema's",
                    http->error[i]);
    if (http->instead[0] && !b->method->instead)
        diag_at(b->d, b->method->pos, "instead: %s is no message of the schema",
                http->instead);
}

static void check_http(const struct binding *b, const Reuse__Http *http)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    static const char *const identities[] = {"", "always", "not_trust"};

    if (!is_one_of(http->method, methods, sizeof(methods) / sizeof(methods[0])))
        diag_at(b->d, b->method->pos,
                "method \"%s\": only GET, POST, PUT, PATCH and DELETE", http->method);
    if (!is_one_of(http->identity, identities,
                   sizeof(identities) / sizeof(identities[0])))
        diag_at(b->d, b->method->pos, "identity \"%s\": always, not_trust or nothing",
                http->identity);
    check_pattern(b, http->path);
    for (size_t i = 0; i < http->n_also; i++)
        check_pattern(b, http->also[i]);
    for (size_t i = 0; i < http->n_query; i++)
        check_placeholder(b, "query", str_of(http->query[i]));
    check_field_name(b, "user", http->user);
    check_field_name(b, "key", http->key);
    check_answers(b, http);
    if (http->identity[0] && !http->user[0])
        diag_at(b->d, b->method->pos,
                "an identity is demanded, but no field takes it: user");
}

static bool has_setting(const struct model *m, const char *key)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            for (size_t k = 0; k < m->files[i].messages[j].n_fields; k++) {
                const Reuse__SettingRule *rule =
                    m->files[i].messages[j].fields[k].setting;

                if (rule && str_eq(str_of(rule->key), str_of(key)))
                    return true;
            }
    return false;
}

static void check_source(const struct binding *b, const char *source)
{
    struct str rest = str_of(source), part, name;

    while (str_split(&rest, '{', &part) && rest.p) {
        if (!str_split(&rest, '}', &name) || !rest.p) {
            diag_at(b->d, b->method->pos, "%s: a { has no }", source);
            return;
        }
        if (!model_field_by_json(b->method->request, name) ||
            model_field_by_json(b->method->request, name)->kind != RECORD_STRING)
            diag_at(b->d, b->method->pos, "%s: " STR_FMT " has no text field " STR_FMT,
                    source, STR_ARG(b->method->request->name), STR_ARG(name));
    }
}

/* A record of others: nothing but text. */
static void check_plain(const struct binding *b, const Reuse__Kafka *kafka)
{
    const struct model_message *value = b->method->request;

    if (value->n_fields != 1 || value->fields[0].kind != RECORD_STRING)
        diag_at(b->d, b->method->pos, "plain: " STR_FMT " is not one text",
                STR_ARG(value->name));
    if (kafka->key[0] || kafka->type[0] || kafka->source[0])
        diag_at(b->d, b->method->pos, "plain: there is nothing else than a topic");
}

static void check_kafka(const struct binding *b, const Reuse__Kafka *kafka)
{
    struct str topic = str_of(kafka->topic);

    if (topic.n == 0 ||
        (str_find(topic, '.') < topic.n && !has_setting(b->model, kafka->topic)))
        diag_at(b->d, b->method->pos, "topic \"%s\" is no setting", kafka->topic);
    if (kafka->plain) {
        check_plain(b, kafka);
        return;
    }
    if (str_find(str_of(kafka->type), '.') == str_of(kafka->type).n)
        diag_at(b->d, b->method->pos, "type \"%s\": write it as reuse.chat.message.v1",
                kafka->type);
    if (!kafka->source[0])
        diag_at(b->d, b->method->pos, "the event has no source");
    if (!kafka->key[0])
        diag_at(b->d, b->method->pos, "the event has no key");
    check_field_name(b, "key", kafka->key);
    check_source(b, kafka->source);
}

static void check_method(const struct binding *b)
{
    const struct model_method *method = b->method;

    if (method->is_streaming)
        diag_at(b->d, method->pos, "rpc " STR_FMT ": streams are not supported",
                STR_ARG(method->name));
    if (!method->response)
        diag_at(b->d, method->pos,
                "rpc " STR_FMT ": " STR_FMT " is no message of the schema",
                STR_ARG(method->name), STR_ARG(method->response_name));
    if (!method->request) {
        diag_at(b->d, method->pos,
                "rpc " STR_FMT ": " STR_FMT " is no message of the schema",
                STR_ARG(method->name), STR_ARG(method->request_name));
        return;
    }
    if (!method->rule) {
        diag_at(b->d, method->pos,
                "rpc " STR_FMT " has no (reuse.rpc): nothing reaches it",
                STR_ARG(method->name));
        return;
    }
    if (method->rule->http)
        check_http(b, method->rule->http);
    if (method->rule->stomp && method->rule->stomp->send[0])
        check_pattern(b, method->rule->stomp->send);
    if (method->rule->stomp && method->rule->stomp->subscribe[0])
        check_pattern(b, method->rule->stomp->subscribe);
    if (method->rule->kafka)
        check_kafka(b, method->rule->kafka);
}

/* Two patterns that match the same paths: alike but for the names of placeholders. */
static bool is_same_pattern(struct str a, struct str b)
{
    struct str x, y;

    while (a.p && b.p) {
        (void)str_split(&a, '/', &x);
        (void)str_split(&b, '/', &y);
        if (!str_eq(x, y) && !(x.n > 0 && x.p[0] == '{' && y.n > 0 && y.p[0] == '{'))
            return false;
    }
    return !a.p && !b.p;
}

/* What must be there once in all services. */
struct claim {
    const char *method; /* "GET", "SEND"; NULL: text is an event's name */
    struct str text;
    struct pos pos;
};

enum {
    CLAIMS_MAX = 2000
};

struct claims {
    struct claim *list;
    size_t n;
    struct diag *d;
};

static void claim(struct claims *claims, const char *method, struct str text,
                  struct pos pos)
{
    for (size_t i = 0; i < claims->n; i++) {
        const struct claim *other = &claims->list[i];

        if (!str_eq(str_of(method), str_of(other->method)))
            continue;
        if (method ? is_same_pattern(text, other->text) : str_eq(text, other->text))
            diag_at(claims->d, pos, "%s " STR_FMT " is taken by %s:%d",
                    method ? method : "event", STR_ARG(text), other->pos.file,
                    other->pos.line);
    }
    if (claims->n < CLAIMS_MAX)
        claims->list[claims->n++] = (struct claim){method, text, pos};
}

static void claim_method(struct claims *claims, struct arena *a,
                         const struct model_method *method)
{
    const Reuse__Http *http = method->rule->http;
    const Reuse__Stomp *stomp = method->rule->stomp;

    if (http)
        claim(claims, http->method, str_of(http->path), method->pos);
    for (size_t i = 0; http && i < http->n_also; i++)
        claim(claims, http->method, str_of(http->also[i]), method->pos);
    if (stomp && stomp->send[0])
        claim(claims, "SEND", str_of(stomp->send), method->pos);
    if (stomp && stomp->subscribe[0])
        claim(claims, "SUBSCRIBE", str_of(stomp->subscribe), method->pos);
    if (model_is_event(method))
        claim(claims, NULL, model_event_name(a, method), method->pos);
}

void check_bindings(const struct model *m, struct diag *d)
{
    struct arena scratch;
    struct claims claims = {.d = d};

    arena_init(&scratch, SIZE_MAX);
    claims.list = ARENA_ARRAY(&scratch, struct claim, CLAIMS_MAX);
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_services; j++)
            for (size_t k = 0; k < m->files[i].services[j].n_methods; k++) {
                const struct model_method *method = &m->files[i].services[j].methods[k];

                check_method(&(struct binding){m, method, d});
                if (method->rule)
                    claim_method(&claims, &scratch, method);
            }
    arena_release(&scratch);
}
