/* SPDX-License-Identifier: MIT */
#include "codegen/contract_schema.h"
#include "codegen/emit.h"

#include "base/banned.h"

static const char refs[] = "#/components/schemas/";

/* The document being written; it describes the server: what it receives, what it sends. */
struct asyncapi {
    struct contract *c;
    struct jsonw j;
    struct schema_set schemas; /* referred to so far */
};

/* What a method has on STOMP or Kafka, one way. */
enum way {
    WAY_SEND,      /* clients SEND */
    WAY_SUBSCRIBE, /* clients hear MESSAGEs */
    WAY_RECORD,    /* a record of Kafka */
    WAY_N,
};

static const char *const way_names[WAY_N] = {"Send", "Subscribe", "Record"};

static bool has_way(const struct model_method *method, enum way way)
{
    const Reuse__MethodRule *rule = method->rule;

    switch (way) {
    case WAY_SEND:
        return rule->stomp && rule->stomp->send[0];
    case WAY_SUBSCRIBE:
        return rule->stomp && rule->stomp->subscribe[0];
    case WAY_RECORD:
        return rule->kafka != NULL;
    case WAY_N:
        break;
    }
    return false;
}

static const char *text(struct asyncapi *a, const char *before, struct str name,
                        const char *after)
{
    return arena_printf(&a->c->arena, "%s" STR_FMT "%s", before, STR_ARG(name), after).p;
}

/* "chatMessageSend": of the operation and its message. */
static const char *name_of(struct asyncapi *a, const struct model_method *method,
                           enum way way)
{
    return text(a, "", contract_camel(a->c, method), way_names[way]);
}

/* A destination has a channel of its own, a topic one for all its records. */
static const char *channel_of(struct asyncapi *a, const struct model_method *method,
                              enum way way)
{
    if (way == WAY_RECORD)
        return text(a, "topic-", contract_topic(a->c, method), "");
    return name_of(a, method, way);
}

static void put_ref(struct asyncapi *a, const char *key, const char *to)
{
    jsonw_open(&a->j, key, '{');
    jsonw_c(&a->j, "$ref", to);
    jsonw_close(&a->j, '}');
}

/* --- frames that have no destination ------------------------------------------------------ */

static const char *const frames[] = {"CONNECT", "CONNECTED", "SUBSCRIBE", "RECEIPT",
                                     "ERROR"};

enum {
    FRAMES_N = sizeof(frames) / sizeof(frames[0])
};

static bool has_stomp(const struct asyncapi *a)
{
    return contract_headers(a->c, "CONNECT") != NULL;
}

static void put_headers(struct asyncapi *a, const struct model_message *headers)
{
    struct schema_writer w = {a->c, &a->j, refs, CONTRACT_WRITTEN};

    if (!headers)
        return;
    schema_set_add(a->c, &a->schemas, headers, CONTRACT_WRITTEN);
    schema_ref(&w, "headers", headers);
}

static void put_payload(struct asyncapi *a, const struct model_message *message,
                        enum contract_side side)
{
    struct schema_writer w = {a->c, &a->j, refs, side};

    schema_set_add(a->c, &a->schemas, message, side);
    schema_ref(&w, "payload", message);
    if (!message->rule->example[0])
        return;
    jsonw_open(&a->j, "examples", '[');
    jsonw_open(&a->j, NULL, '{');
    jsonw_raw(&a->j, "payload", str_of(message->rule->example));
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, ']');
}

static void put_frame(struct asyncapi *a, const char *frame)
{
    const struct model_message *headers = contract_headers(a->c, frame);

    if (!headers)
        return;
    jsonw_open(&a->j, frame, '{');
    jsonw_c(&a->j, "name", frame);
    jsonw_str(&a->j, "summary", contract_first_sentence(a->c, headers->comment));
    jsonw_str(&a->j, "description", contract_one_line(a->c, headers->comment));
    put_headers(a, headers);
    if (str_eq(str_of(frame), STR("ERROR")) && a->c->error)
        put_payload(a, a->c->error, CONTRACT_WRITTEN);
    jsonw_close(&a->j, '}');
}

static void put_frame_operation(struct asyncapi *a, const char *name, const char *action,
                                const char *frame, const char *reply)
{
    const char *const prefix = "#/channels/connection/messages/";

    if (!contract_headers(a->c, frame))
        return;
    jsonw_open(&a->j, name, '{');
    jsonw_c(&a->j, "action", action);
    put_ref(a, "channel", "#/channels/connection");
    jsonw_open(&a->j, "messages", '[');
    put_ref(a, NULL, text(a, prefix, str_of(frame), ""));
    jsonw_close(&a->j, ']');
    if (reply && contract_headers(a->c, reply)) {
        jsonw_open(&a->j, "reply", '{');
        put_ref(a, "channel", "#/channels/connection");
        jsonw_open(&a->j, "messages", '[');
        put_ref(a, NULL, text(a, prefix, str_of(reply), ""));
        jsonw_close(&a->j, ']');
        jsonw_close(&a->j, '}');
    }
    jsonw_close(&a->j, '}');
}

static void put_connection(struct asyncapi *a)
{
    jsonw_open(&a->j, "connection", '{');
    jsonw_null(&a->j, "address");
    jsonw_c(&a->j, "title", "The connection itself");
    jsonw_c(
        &a->j, "description",
        "Frames without a destination of their own. Any frame of a client may ask for "
        "a RECEIPT. Besides those here clients may send UNSUBSCRIBE, ACK, NACK, BEGIN, "
        "COMMIT, ABORT and DISCONNECT, as STOMP 1.2 has them.");
    jsonw_open(&a->j, "servers", '[');
    put_ref(a, NULL, "#/servers/stomp");
    jsonw_close(&a->j, ']');
    jsonw_open(&a->j, "messages", '{');
    for (size_t i = 0; i < FRAMES_N; i++)
        if (contract_headers(a->c, frames[i]))
            put_ref(a, frames[i],
                    text(a, "#/components/messages/", str_of(frames[i]), ""));
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, '}');
}

/* --- channels ----------------------------------------------------------------------------- */

static void put_channel_head(struct asyncapi *a, const char *key, struct str address,
                             const char *server)
{
    jsonw_open(&a->j, key, '{');
    jsonw_str(&a->j, "address", address);
    jsonw_open(&a->j, "servers", '[');
    put_ref(a, NULL, text(a, "#/servers/", str_of(server), ""));
    jsonw_close(&a->j, ']');
}

static void put_channel_parameters(struct asyncapi *a, const struct model_method *method,
                                   const char *pattern)
{
    if (!strchr(pattern, '{'))
        return;
    jsonw_open(&a->j, "parameters", '{');
    for (size_t i = 0; i < method->request->n_fields; i++) {
        const struct model_field *f = &method->request->fields[i];

        if (!contract_in_path(pattern, f))
            continue;
        jsonw_open(&a->j, arena_dup(&a->c->arena, f->json).p, '{');
        jsonw_str(&a->j, "description", contract_one_line(a->c, f->comment));
        jsonw_close(&a->j, '}');
    }
    jsonw_close(&a->j, '}');
}

static void put_destination(struct asyncapi *a, const struct model_method *method,
                            enum way way)
{
    const char *pattern =
        way == WAY_SEND ? method->rule->stomp->send : method->rule->stomp->subscribe;
    const char *name = name_of(a, method, way);

    put_channel_head(a, name, str_of(pattern), "stomp");
    jsonw_str(&a->j, "title", contract_first_sentence(a->c, method->comment));
    put_channel_parameters(a, method, pattern);
    jsonw_open(&a->j, "messages", '{');
    put_ref(a, name, text(a, "#/components/messages/", str_of(name), ""));
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, '}');
}

static bool is_topic_of(struct asyncapi *a, const struct model_method *method,
                        struct str topic)
{
    return has_way(method, WAY_RECORD) && str_eq(contract_topic(a->c, method), topic);
}

static void put_topic(struct asyncapi *a, const struct model_method *first)
{
    struct str topic = contract_topic(a->c, first);
    const struct model_method *method;

    put_channel_head(a, channel_of(a, first, WAY_RECORD), topic, "kafka");
    jsonw_c(&a->j, "description",
            text(a, "Setting ", str_of(first->rule->kafka->topic), "."));
    jsonw_open(&a->j, "messages", '{');
    for (size_t i = 0; (method = contract_each(a->c, &i));) {
        const char *name = name_of(a, method, WAY_RECORD);

        if (is_topic_of(a, method, topic))
            put_ref(a, name, text(a, "#/components/messages/", str_of(name), ""));
    }
    jsonw_close(&a->j, '}');
    jsonw_open(&a->j, "bindings", '{');
    jsonw_open(&a->j, "kafka", '{');
    jsonw_str(&a->j, "topic", topic);
    jsonw_c(&a->j, "bindingVersion", "0.5.0");
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, '}');
}

static bool is_first_of_topic(struct asyncapi *a, const struct model_method *method)
{
    const struct model_method *other;
    struct str topic = contract_topic(a->c, method);

    for (size_t i = 0; (other = contract_each(a->c, &i)) && other != method;)
        if (is_topic_of(a, other, topic))
            return false;
    return true;
}

static void put_channels(struct asyncapi *a)
{
    const struct model_method *method;

    jsonw_open(&a->j, "channels", '{');
    if (has_stomp(a))
        put_connection(a);
    for (size_t i = 0; (method = contract_each(a->c, &i));) {
        if (has_way(method, WAY_SEND))
            put_destination(a, method, WAY_SEND);
        if (has_way(method, WAY_SUBSCRIBE))
            put_destination(a, method, WAY_SUBSCRIBE);
        if (has_way(method, WAY_RECORD) && is_first_of_topic(a, method))
            put_topic(a, method);
    }
    jsonw_close(&a->j, '}');
}

/* --- operations --------------------------------------------------------------------------- */

static bool is_received(const struct model_method *method, enum way way)
{
    return way == WAY_SEND || (way == WAY_RECORD && method->rule->kafka->plain);
}

static void put_operation(struct asyncapi *a, const struct model_method *method,
                          enum way way)
{
    const char *name = name_of(a, method, way), *channel = channel_of(a, method, way);

    jsonw_open(&a->j, name, '{');
    jsonw_c(&a->j, "action", is_received(method, way) ? "receive" : "send");
    put_ref(a, "channel", text(a, "#/channels/", str_of(channel), ""));
    jsonw_str(&a->j, "summary", contract_first_sentence(a->c, method->comment));
    jsonw_str(&a->j, "description", contract_one_line(a->c, method->comment));
    jsonw_open(&a->j, "messages", '[');
    put_ref(
        a, NULL,
        text(a, text(a, "#/channels/", str_of(channel), "/messages/"), str_of(name), ""));
    jsonw_close(&a->j, ']');
    jsonw_close(&a->j, '}');
}

static void put_operations(struct asyncapi *a)
{
    const struct model_method *method;

    jsonw_open(&a->j, "operations", '{');
    put_frame_operation(a, "connect", "receive", "CONNECT", "CONNECTED");
    put_frame_operation(a, "subscribe", "receive", "SUBSCRIBE", "RECEIPT");
    put_frame_operation(a, "receipt", "send", "RECEIPT", NULL);
    put_frame_operation(a, "fail", "send", "ERROR", NULL);
    for (size_t i = 0; (method = contract_each(a->c, &i));)
        for (int way = 0; way < WAY_N; way++)
            if (has_way(method, (enum way)way))
                put_operation(a, method, (enum way)way);
    jsonw_close(&a->j, '}');
}

/* --- messages ----------------------------------------------------------------------------- */

/* The ce_type of this record among the headers of all. */
static void put_record_headers(struct asyncapi *a, const char *type)
{
    const struct model_message *headers = contract_headers(a->c, "kafka");
    struct schema_writer w = {a->c, &a->j, refs, CONTRACT_WRITTEN};

    if (!headers)
        return;
    schema_set_add(a->c, &a->schemas, headers, CONTRACT_WRITTEN);
    jsonw_open(&a->j, "headers", '{');
    jsonw_c(&a->j, "type", "object");
    jsonw_open(&a->j, "allOf", '[');
    schema_ref(&w, NULL, headers);
    jsonw_open(&a->j, NULL, '{');
    jsonw_open(&a->j, "properties", '{');
    jsonw_open(&a->j, "ce_type", '{');
    jsonw_c(&a->j, "const", type);
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, ']');
    jsonw_close(&a->j, '}');
}

static void put_record_key(struct asyncapi *a, const struct model_method *method)
{
    const struct model_field *key =
        model_field_by_name(method->request, str_of(method->rule->kafka->key));
    struct schema_writer w = {a->c, &a->j, refs, CONTRACT_WRITTEN};

    jsonw_open(&a->j, "bindings", '{');
    jsonw_open(&a->j, "kafka", '{');
    schema_of_field(&w, "key", key, false);
    jsonw_c(&a->j, "bindingVersion", "0.5.0");
    jsonw_close(&a->j, '}');
    jsonw_close(&a->j, '}');
}

static void put_record(struct asyncapi *a, const struct model_method *method)
{
    if (method->rule->kafka->plain) {
        struct schema_writer w = {a->c, &a->j, refs, CONTRACT_READ};

        jsonw_c(&a->j, "contentType", "text/plain");
        schema_of_field(&w, "payload", &method->request->fields[0], false);
        return;
    }
    put_record_headers(a, method->rule->kafka->type);
    put_payload(a, method->request, CONTRACT_WRITTEN);
    put_record_key(a, method);
}

static void put_message(struct asyncapi *a, const struct model_method *method,
                        enum way way)
{
    bool is_error = method->response == a->c->error;

    jsonw_open(&a->j, name_of(a, method, way), '{');
    jsonw_c(&a->j, "name",
            way == WAY_SEND              ? "SEND"
            : way == WAY_SUBSCRIBE       ? "MESSAGE"
            : method->rule->kafka->plain ? "text"
                                         : method->rule->kafka->type);
    jsonw_str(&a->j, "title", contract_first_sentence(a->c, method->comment));
    if (way == WAY_SEND) {
        put_headers(a, contract_headers(a->c, "SEND"));
        put_payload(a, method->request, CONTRACT_READ);
    } else if (way == WAY_SUBSCRIBE) {
        put_headers(a, contract_headers(a->c, is_error ? "ERROR" : "MESSAGE"));
        put_payload(a, method->response, CONTRACT_WRITTEN);
    } else {
        put_record(a, method);
    }
    jsonw_close(&a->j, '}');
}

static void put_components(struct asyncapi *a)
{
    struct schema_writer w = {a->c, &a->j, refs, CONTRACT_WRITTEN};
    const struct model_method *method;

    jsonw_open(&a->j, "components", '{');
    jsonw_open(&a->j, "messages", '{');
    for (size_t i = 0; i < FRAMES_N; i++)
        put_frame(a, frames[i]);
    for (size_t i = 0; (method = contract_each(a->c, &i));)
        for (int way = 0; way < WAY_N; way++)
            if (has_way(method, (enum way)way))
                put_message(a, method, (enum way)way);
    jsonw_close(&a->j, '}');
    schema_set_write(&w, "schemas", &a->schemas);
    jsonw_close(&a->j, '}');
}

/* --- the document ------------------------------------------------------------------------- */

static void put_server(struct asyncapi *a, const char *key, const char *host,
                       const char *path, const char *protocol)
{
    jsonw_open(&a->j, key, '{');
    jsonw_c(&a->j, "host", host);
    if (path)
        jsonw_c(&a->j, "pathname", path);
    jsonw_c(&a->j, "protocol", protocol);
    if (path)
        jsonw_c(
            &a->j, "description",
            "STOMP 1.0, 1.1 or 1.2 over WebSocket, one frame a text message; SockJS at "
            "the same path. Sub-protocols v10.stomp, v11.stomp, v12.stomp, or none.");
    jsonw_close(&a->j, '}');
}

static void put_info(struct asyncapi *a)
{
    struct str port = contract_setting(a->c, "server.port", "8070");

    jsonw_c(&a->j, "asyncapi", "3.0.0");
    jsonw_c(&a->j, "x-generated",
            "Generated by reuse-gen from the services in "
            "schema/proto. Do not edit; run tools/regen.");
    jsonw_open(&a->j, "info", '{');
    jsonw_c(&a->j, "title", a->c->api->title);
    jsonw_c(&a->j, "version", a->c->api->version);
    jsonw_c(&a->j, "description", a->c->api->description);
    jsonw_close(&a->j, '}');
    jsonw_c(&a->j, "defaultContentType", "application/json");
    jsonw_open(&a->j, "servers", '{');
    put_server(a, "stomp", text(a, "localhost:", port, ""), "/ws-stomp", "ws");
    put_server(a, "kafka", "localhost:9092", NULL, "kafka");
    jsonw_close(&a->j, '}');
}

void emit_asyncapi(struct contract *c, const char *dir, struct diag *d)
{
    struct asyncapi a = {.c = c};
    struct out o;

    out_init(&o);
    jsonw_init(&a.j, &o.text);
    jsonw_open(&a.j, NULL, '{');
    put_info(&a);
    put_channels(&a);
    put_operations(&a);
    put_components(&a);
    jsonw_close(&a.j, '}');
    jsonw_end(&a.j);
    out_write(&o, dir, "contract/asyncapi.json", d);
    out_release(&o);
}
