/* SPDX-License-Identifier: MIT */
#include "codec/event.h"

#include "codec/percent.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/pb.h"

#include "base/banned.h"

enum {
    SEQUENCE_DIGITS = 19, /* zero-padded, so that texts sort as numbers */
    TIME_DIGITS = 6,
    KEY_MAX = 64, /* characters of an idempotency key */
};

static const char json_type[] = "application/json";
static const char protobuf_type[] = "application/protobuf";

struct str event_header(const struct event_record *r, const char *name)
{
    for (size_t i = r->n_headers; i > 0; i--)
        if (str_eq(r->headers[i - 1].name, str_of(name)))
            return r->headers[i - 1].value;
    return STR_NULL;
}

bool event_is_foreign(const struct event_record *r)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_starts(r->headers[i].name, STR("ce_")))
            return false;
    return true;
}

/* *out has no value above the arena's ceiling; false: not what percent_encode writes. */
static bool component_decode(struct str s, struct arena *a, struct str *out)
{
    char *to = arena_alloc(a, s.n + 1);
    size_t n = 0;

    *out = STR_NULL;
    for (size_t i = 0; to && i < s.n; i++) {
        int high, low;

        if (s.p[i] != '%') {
            to[n++] = s.p[i];
            continue;
        }
        if (s.n - i < 3)
            return false;
        high = hex_digit(s.p[i + 1]);
        low = hex_digit(s.p[i + 2]);
        if (high < 0 || low < 0)
            return false;
        to[n++] = (char)(high * 16 + low);
        i += 2;
    }
    if (to)
        *out = (struct str){to, n};
    return !to || (n > 0 && !memchr(to, '\0', n) && utf8_valid(*out));
}

static const struct record_field *field_by(const struct record_type *type,
                                           struct str name, bool is_json_name)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (str_eq(is_json_name ? type->fields[i].json : str_of(type->fields[i].name),
                   name))
            return &type->fields[i];
    return NULL;
}

/* The text field of a message that the schema names; no value counts as "". */
static struct str text_field(const struct record_type *type, const void *value,
                             struct str name, bool is_json_name)
{
    const struct record_field *f = field_by(type, name, is_json_name);
    struct str text;

    BUG_ON(!f || f->kind != RECORD_STRING || (f->flags & RECORD_REPEATED));
    memcpy(&text, (const char *)value + f->offset, sizeof(text));
    return text.p ? text : STR("");
}

static void put_source(struct buf *to, const struct event_type *type, const void *value)
{
    struct str rest = str_of(type->source), part;

    while (str_split(&rest, '{', &part)) {
        buf_append_str(to, part);
        if (str_split(&rest, '}', &part))
            percent_encode(text_field(type->value->record, value, part, true), to);
    }
}

static void put_users(struct buf *to, const struct event_meta *meta)
{
    for (size_t i = 0; i < 2 && meta->users[i].p; i++) {
        if (i > 0)
            buf_putc(to, ',');
        percent_encode(meta->users[i], to);
    }
}

/* A record being built; texts that must be made go through text into the arena. */
struct encoder {
    struct event_record *record;
    struct arena *arena;
    struct buf text;
    bool is_full;
};

static void add_header(struct encoder *e, const char *name, struct str value)
{
    BUG_ON(e->record->n_headers == EVENT_HEADERS_MAX);
    e->record->headers[e->record->n_headers++] =
        (struct event_header){str_of(name), value};
}

static struct str take_text(struct encoder *e)
{
    struct str kept = arena_dup(e->arena, buf_str(&e->text));

    e->is_full |= kept.p == NULL;
    buf_reset(&e->text);
    return kept;
}

static void add_headers(struct encoder *e, const struct event_type *type,
                        const struct event_meta *meta, const void *value)
{
    add_header(e, "ce_specversion", STR("1.0"));
    add_header(e, "ce_id", meta->id);
    put_source(&e->text, type, value);
    add_header(e, "ce_source", take_text(e));
    add_header(e, "ce_type", type->type);
    instant_format(&e->text, meta->time_ns, TIME_DIGITS);
    add_header(e, "ce_time", take_text(e));
    add_header(e, "ce_subject", e->record->key);
    if (meta->sequence > 0) {
        buf_printf(&e->text, "%0*lld", SEQUENCE_DIGITS, (long long)meta->sequence);
        add_header(e, "ce_sequence", take_text(e));
    }
    if (meta->users[0].p) {
        put_users(&e->text, meta);
        add_header(e, "ce_users", take_text(e));
    }
    if (meta->server.p)
        add_header(e, "ce_server", meta->server);
    if (meta->idempotency_key.p)
        add_header(e, "ce_idempotencykey", meta->idempotency_key);
}

enum err event_encode(const struct event_type *type, const struct event_meta *meta,
                      const void *value, enum event_form form, struct arena *a,
                      struct event_record *out)
{
    struct encoder e = {.record = out, .arena = a};
    bool is_json = form == EVENT_JSON;

    buf_init(&e.text, a->max);
    *out = (struct event_record){
        .topic = meta->topic,
        .key = text_field(type->value->record, value, str_of(type->key), false),
    };
    add_headers(&e, type, meta, value);
    add_header(&e, "content-type", str_of(is_json ? json_type : protobuf_type));
    if (is_json)
        json_encode(type->value->record, value, &e.text);
    else
        pb_encode(type->value, value, &e.text);
    e.is_full |= !buf_ok(&e.text);
    out->value = take_text(&e);
    buf_release(&e.text);
    return e.is_full ? ERR_TOO_LARGE : ERR_OK;
}

static enum err broken(struct why *why, const char *name, const char *what)
{
    why_set(why, "header %s: %s", name, what);
    return ERR_BODY_INVALID;
}

static enum err decode_time(const struct event_record *in, struct event_meta *out,
                            struct why *why)
{
    struct str time = event_header(in, "ce_time");

    if (!time.p)
        return ERR_OK; /* optional in CloudEvents */
    if (time.n == 0 || time.p[time.n - 1] != 'Z' || !civil_parse(time, &out->time_ns))
        return broken(why, "ce_time", "not a time in UTC with Z");
    return ERR_OK;
}

static enum err decode_sequence(const struct event_record *in, struct event_meta *out,
                                struct why *why)
{
    struct str text = event_header(in, "ce_sequence");

    if (!text.p)
        return ERR_OK;
    if (text.n > SEQUENCE_DIGITS || !str_to_i64(text, &out->sequence) ||
        out->sequence < 1)
        return broken(why, "ce_sequence", "not a positive number of at most 19 digits");
    return ERR_OK;
}

static enum err decode_users(const struct event_record *in, struct arena *a,
                             struct event_meta *out, struct why *why)
{
    struct str rest = event_header(in, "ce_users"), part;

    for (size_t i = 0; str_split(&rest, ',', &part); i++) {
        if (i == 2 || !component_decode(part, a, &out->users[i]))
            return broken(why, "ce_users", "not one or two percent-encoded users");
        if (!out->users[i].p)
            return ERR_TOO_LARGE;
    }
    return ERR_OK;
}

static enum err decode_key(const struct event_record *in, struct event_meta *out,
                           struct why *why)
{
    struct str key = event_header(in, "ce_idempotencykey");

    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return broken(why, "ce_idempotencykey", "not visible ASCII");
    if (key.p && (key.n == 0 || key.n > KEY_MAX))
        return broken(why, "ce_idempotencykey", "not 1 to 64 characters");
    out->idempotency_key = key;
    return ERR_OK;
}

static enum err foreign_meta(const struct event_record *in, struct arena *a,
                             struct event_meta *out)
{
    out->is_foreign = true;
    out->id = arena_printf(a, STR_FMT "-%d-%lld", STR_ARG(in->topic), in->partition,
                           (long long)in->offset);
    return out->id.p ? ERR_OK : ERR_TOO_LARGE;
}

enum err event_meta_decode(const struct event_record *in, struct arena *a,
                           struct event_meta *out, struct why *why)
{
    struct str version = event_header(in, "ce_specversion");
    enum err rc;

    *out = (struct event_meta){.topic = in->topic};
    if (event_is_foreign(in))
        return foreign_meta(in, a, out);
    if (!str_eq(version, STR("1.0")))
        return broken(why, "ce_specversion", "not 1.0");
    out->id = event_header(in, "ce_id");
    if (out->id.n == 0 || !utf8_valid(out->id))
        return broken(why, "ce_id", "missing");
    out->server = event_header(in, "ce_server");
    if (out->server.p && !utf8_valid(out->server))
        return broken(why, "ce_server", "not UTF-8");
    rc = decode_time(in, out, why);
    if (rc == ERR_OK)
        rc = decode_sequence(in, out, why);
    if (rc == ERR_OK)
        rc = decode_key(in, out, why);
    return rc == ERR_OK ? decode_users(in, a, out, why) : rc;
}

/* A media type without its parameters; their case does not matter. */
static bool is_media_type(struct str header, const char *type)
{
    header.n = str_find(header, ';');
    return str_eq_nocase(str_trim(header), str_of(type));
}

static enum err decode_value(const struct event_type *type, const struct event_record *in,
                             struct arena *a, void *out, struct why *why)
{
    struct str form = event_header(in, "content-type");

    if (!in->value.p) {
        why_set(why, "record without a value");
        return ERR_BODY_INVALID;
    }
    if (!form.p || is_media_type(form, json_type))
        return json_decode(type->value->record, a, in->value, out, why);
    if (is_media_type(form, protobuf_type))
        return pb_decode(type->value, a, in->value, out, why);
    return broken(why, "content-type", "neither JSON nor protobuf");
}

enum err event_decode(const struct event_type *type, const struct event_record *in,
                      struct arena *a, struct event_meta *meta_out, void *value_out,
                      struct why *why)
{
    enum err rc = event_meta_decode(in, a, meta_out, why);

    if (rc != ERR_OK)
        return rc;
    if (!meta_out->is_foreign && !str_eq(event_header(in, "ce_type"), type->type))
        return broken(why, "ce_type", "of another event");
    return decode_value(type, in, a, value_out, why);
}
