/* SPDX-License-Identifier: MIT */
#include "codegen/contract_schema.h"
#include "codegen/emit.h"

#include "base/banned.h"

/* The page being written. */
struct page {
    struct contract *c;
    struct buf *text;
};

static void put(struct page *p, const char *text)
{
    buf_append_c(p->text, text);
}

static void put_str(struct page *p, struct str s)
{
    buf_append_str(p->text, s);
}

/* A comment as the rest of a table's row: on one line, without bars of its own. */
static void put_cell(struct page *p, struct str comment)
{
    struct str rest = contract_one_line(p->c, comment), part;
    bool is_first = true;

    while (str_split(&rest, '|', &part)) {
        put(p, is_first ? "" : "\\|");
        put_str(p, part);
        is_first = false;
    }
}

/* A message by its name, with a link to its table. */
static void put_link(struct page *p, const struct model_message *message)
{
    buf_printf(p->text, "[" STR_FMT "](#", STR_ARG(message->name));
    for (size_t i = 0; i < message->name.n; i++) {
        char c = message->name.p[i];

        buf_putc(p->text, c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c);
    }
    put(p, ")");
}

/* --- REST --------------------------------------------------------------------------------- */

static void put_takes(struct page *p, const struct model_method *method)
{
    const Reuse__Http *http = method->rule->http;

    for (size_t i = 0; i < http->n_query; i++)
        buf_printf(p->text, "%s`%s%s`", i > 0 ? ", " : "", i == 0 ? "?" : "",
                   http->query[i]);
    if (http->key[0])
        put(p, "header Idempotency-Key, ");
    if (contract_has_body(method))
        put_link(p, method->request);
}

static void put_answers(struct page *p, const struct model_method *method)
{
    const Reuse__Http *http = method->rule->http;

    for (size_t i = 0; contract_status(http, i); i++)
        buf_printf(p->text, "%s%u", i > 0 ? " or " : "", contract_status(http, i));
    if (!contract_is_empty(method->response)) {
        put(p, " ");
        put_link(p, method->response);
    } else if (contract_status(http, 0) != 204) {
        buf_printf(p->text, " %s", contract_produces(http));
    }
    if (method->instead) {
        put(p, " or ");
        put_link(p, method->instead);
    }
    if (http->may_be_empty)
        put(p, " or an empty body");
}

static const char *identity_text(const char *identity)
{
    if (str_eq(str_of(identity), STR("always")))
        return "needed";
    return identity[0] ? "but in trust mode" : "";
}

static void put_route(struct page *p, const struct model_method *method)
{
    const Reuse__Http *http = method->rule->http;

    buf_printf(p->text, "| `%s %s`", http->method, http->path);
    for (size_t i = 0; i < http->n_also; i++)
        buf_printf(p->text, ", `%s`", http->also[i]);
    buf_printf(p->text, " | %s | ", identity_text(http->identity));
    put_takes(p, method);
    put(p, " | ");
    put_answers(p, method);
    put(p, " | ");
    put_cell(p, method->comment);
    for (size_t i = 0; i < http->n_error; i++)
        buf_printf(p->text, "%s`%s`", i > 0 ? ", " : " Errors: ", http->error[i]);
    put(p, " |\n");
}

static void put_routes(struct page *p, bool is_admin)
{
    const struct model_method *method;

    put(p, "| route | identity | takes | answers | |\n|---|---|---|---|---|\n");
    for (size_t i = 0; (method = contract_each(p->c, &i));)
        if (method->rule->http && method->rule->http->admin == is_admin)
            put_route(p, method);
}

static void put_rest(struct page *p)
{
    put(p,
        "## REST\n"
        "\n"
        "The identity comes in `X-Auth-User` (modes trust and gateway) or as "
        "`Authorization: Bearer` (mode jwt). Besides the errors that are named, any "
        "route "
        "may answer `bad_request`, `internal`, `overloaded`, `storage_unavailable` and "
        "`shutting_down`; one that needs an identity `auth_required`, `token_invalid`, "
        "`token_expired` and `forbidden`; one with a body `body_invalid`, "
        "`payload_too_large` and `length_required`.\n"
        "\n");
    put_routes(p, false);
    put(p, "\nOn the admin listener:\n\n");
    put_routes(p, true);
}

/* --- STOMP -------------------------------------------------------------------------------- */

static void put_destination(struct page *p, const char *command, const char *pattern,
                            const struct model_message *body,
                            const struct model_method *method)
{
    if (!pattern[0])
        return;
    buf_printf(p->text, "| %s | `%s` | ", command, pattern);
    put_link(p, body);
    put(p, " | ");
    put_cell(p, method->comment);
    put(p, " |\n");
}

static void put_header_table(struct page *p, const struct model_message *headers)
{
    put(p, "| header | |\n|---|---|\n");
    for (size_t i = 0; i < headers->n_fields; i++) {
        const struct model_field *f = &headers->fields[i];

        buf_printf(p->text, "| `" STR_FMT "`%s | ", STR_ARG(f->json),
                   f->rule->required ? "" : "?");
        put_cell(p, f->comment);
        put(p, " |\n");
    }
}

static void put_frame(struct page *p, const char *frame)
{
    const struct model_message *headers = contract_headers(p->c, frame);

    if (!headers)
        return;
    buf_printf(p->text, "\n### %s\n\n", frame);
    put_str(p, contract_one_line(p->c, headers->comment));
    put(p, "\n\n");
    put_header_table(p, headers);
}

static void put_stomp(struct page *p)
{
    static const char *const frames[] = {"CONNECT", "CONNECTED", "SUBSCRIBE", "SEND",
                                         "MESSAGE", "RECEIPT",   "ERROR"};
    const struct model_method *method;

    put(p, "\n## STOMP\n\nA `?` marks headers that may be missing.\n\n"
           "| frame | destination | body | |\n|---|---|---|---|\n");
    for (size_t i = 0; (method = contract_each(p->c, &i));)
        if (method->rule->stomp) {
            put_destination(p, "SEND", method->rule->stomp->send, method->request,
                            method);
            put_destination(p, "SUBSCRIBE", method->rule->stomp->subscribe,
                            method->response, method);
        }
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
        put_frame(p, frames[i]);
}

/* --- Kafka -------------------------------------------------------------------------------- */

static void put_kafka(struct page *p)
{
    const struct model_message *headers = contract_headers(p->c, "kafka");
    const struct model_method *method;

    put(p, "\n## Kafka\n\n"
           "| topic | `ce_type` | key | value | |\n|---|---|---|---|---|\n");
    for (size_t i = 0; (method = contract_each(p->c, &i));) {
        const Reuse__Kafka *kafka = method->rule->kafka;

        if (!kafka)
            continue;
        buf_printf(p->text, "| `" STR_FMT "` | %s | %s | ",
                   STR_ARG(contract_topic(p->c, method)),
                   kafka->plain ? "written by others" : kafka->type, kafka->key);
        if (kafka->plain)
            put(p, "plain text");
        else
            put_link(p, method->request);
        put(p, " | ");
        put_cell(p, method->comment);
        put(p, " |\n");
    }
    if (!headers)
        return;
    put(p, "\n");
    put_str(p, contract_one_line(p->c, headers->comment));
    put(p, "\n\n");
    put_header_table(p, headers);
}

/* --- messages ----------------------------------------------------------------------------- */

static const char *scalar_text(const struct model_field *f)
{
    if (f->form == RECORD_LOCAL_DATETIME)
        return "local date-time";
    if (f->form == RECORD_SPRING_INSTANT)
        return "UTC time, `.SSS+00:00`";
    if (f->form == RECORD_UUID)
        return "UUID";
    switch (f->kind) {
    case RECORD_STRING:
        return "text";
    case RECORD_BYTES:
        return "base64";
    case RECORD_BOOL:
        return "boolean";
    case RECORD_INT64:
    case RECORD_INT32:
    case RECORD_UINT32:
        return "integer";
    case RECORD_ENUM:
        return "word";
    case RECORD_MESSAGE:
        break;
    }
    return "";
}

static void put_value_type(struct page *p, const struct model_field *f)
{
    if (f->is_repeated)
        put(p, "array of ");
    if (f->message)
        put_link(p, f->message);
    else
        put(p, scalar_text(f));
}

static void put_limits(struct page *p, const struct model_field *f)
{
    if (f->max_chars > 0 && f->rule->n_one_of == 0)
        buf_printf(p->text, ", %u..%u", f->rule->min_chars, f->max_chars);
    if (f->rule->min != 0 || f->rule->max != 0)
        buf_printf(p->text, ", %lld..%lld", (long long)f->rule->min,
                   (long long)f->rule->max);
    if (f->rule->max_items > 0)
        buf_printf(p->text, ", at most %u", f->rule->max_items);
    for (size_t i = 0; i < f->rule->n_one_of; i++)
        buf_printf(p->text, "%s`%s`", i > 0 ? ", " : ": ", f->rule->one_of[i]);
    for (size_t i = 0; f->enumeration && i < f->enumeration->n_values; i++)
        buf_printf(p->text, "%s`" STR_FMT "`", i > 0 ? ", " : ": ",
                   STR_ARG(f->enumeration->values[i].json));
}

static void put_presence(struct page *p, const struct model_field *f)
{
    if (f->rule->required)
        put(p, ", needed");
    else if (f->rule->omit_null)
        put(p, ", left out when null");
    else if (contract_is_nullable(f, CONTRACT_WRITTEN))
        put(p, ", or null");
}

static void put_field(struct page *p, const struct model_field *f)
{
    buf_printf(p->text, "| `" STR_FMT "` | ", STR_ARG(f->json));
    if (f->form == RECORD_MAP) {
        put(p, "object by text of ");
        put_value_type(p, &f->message->fields[1]);
    } else {
        put_value_type(p, f);
    }
    put_limits(p, f);
    put_presence(p, f);
    put(p, " | ");
    put_cell(p, f->comment);
    put(p, " |\n");
}

static void put_message(struct page *p, const struct model_message *message)
{
    buf_printf(p->text, "\n### " STR_FMT "\n\n", STR_ARG(message->name));
    put_str(p, contract_one_line(p->c, message->comment));
    if (message->rule->frozen)
        put(p, " *Frozen.*");
    if (message->rule->unwrap)
        put(p, " The JSON is the bare value.");
    put(p, "\n");
    if (message->n_fields > 0) {
        put(p, "\n| member | type | |\n|---|---|---|\n");
        for (size_t i = 0; i < message->n_fields; i++)
            put_field(p, &message->fields[i]);
    }
    buf_printf(p->text, "\n```json\n%s\n```\n", message->rule->example);
}

static void put_messages(struct page *p)
{
    put(p,
        "\n## Messages\n"
        "\n"
        "Members are written in this order. What the server reads may lack all members "
        "that are not needed, and have others, which it ignores. Text is counted in "
        "characters (code points). A frozen message gets no further member.\n");
    for (size_t i = 0; i < p->c->model->n_files; i++)
        for (size_t j = 0; j < p->c->model->files[i].n_messages; j++)
            if (model_is_data(&p->c->model->files[i].messages[j]))
                put_message(p, &p->c->model->files[i].messages[j]);
}

/* --- errors ------------------------------------------------------------------------------- */

static const char *stomp_text(Reuse__StompKind kind)
{
    switch (kind) {
    case REUSE__STOMP_KIND__STOMP_FATAL:
        return "fatal";
    case REUSE__STOMP_KIND__STOMP_SOFT:
        return "soft";
    default:
        return "";
    }
}

static void put_errors(struct page *p)
{
    if (!p->c->errors)
        return;
    put(p, "\n## Errors\n"
           "\n"
           "A soft error reaches those who subscribed to `/user/queue/errors`; for all "
           "others it is fatal: an ERROR frame, then a close with that code.\n"
           "\n"
           "| code | status | STOMP | close | again? | |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < p->c->errors->n_values; i++) {
        const struct model_enum_value *value = &p->c->errors->values[i];

        if (!contract_is_public(value))
            continue;
        buf_printf(p->text, "| `" STR_FMT "` | %u | %s | ", STR_ARG(value->json),
                   value->error->status, stomp_text(value->error->stomp));
        if (value->error->close)
            buf_printf(p->text, "%u", value->error->close);
        buf_printf(p->text, " | %s | ", value->error->retry ? "may succeed" : "");
        put_cell(p, value->comment);
        put(p, " |\n");
    }
}

void emit_docs(struct contract *c, const char *dir, struct diag *d)
{
    struct out o;
    struct page p = {c, &o.text};

    out_init(&o);
    buf_printf(
        &o.text,
        "<!-- Generated by reuse-gen from the services in schema/proto. Do not edit; "
        "run tools/regen. -->\n"
        "# The wire of %s %s\n\n%s\n\n",
        c->api->title, c->api->version, c->api->description);
    put_rest(&p);
    put_stomp(&p);
    put_kafka(&p);
    put_messages(&p);
    put_errors(&p);
    out_write(&o, dir, "docs/wire.md", d);
    out_release(&o);
}
