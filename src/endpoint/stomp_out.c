/*
 * Frames to a client. A value that the server makes up never holds ':' '\' CR LF or outer blanks:
 * stock clients do not unescape, and trim.
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"
#include "codec/percent.h"
#include "endpoint/error_body.h"
#include "endpoint/stomp_conn.h"
#include "endpoint/version.h"

#include "base/banned.h"

enum {
    ERROR_BODY_MAX = 8192,
    SERVER_NAME_MAX = 700
};

_Static_assert((int)STOMP_V12 < (int)FEED_HEADS, "a message has a head for each version");

static struct buf *frame_begin(struct stomp_conn *c, enum stomp_command command)
{
    struct buf *b = &c->hub->scratch;

    buf_reset(b);
    stomp_write_begin(b, command);
    return b;
}

static void header(struct stomp_conn *c, const char *name, struct str value)
{
    stomp_write_header(&c->hub->scratch, c->version, name, value);
}

/* The client does not read fast enough: what waits is dropped, the reason is told, the end. */
static void slow_consumer(struct stomp_conn *c)
{
    c->hub->stats.slow_consumers++;
    link_drop_queue(c->link);
    stomp_fail(c, ERR_SLOW_CONSUMER, STR_NULL, STR(""), NULL);
}

/* Sends what was built, and tail behind it. */
static void frame_send(struct stomp_conn *c, struct str tail)
{
    struct buf *b = &c->hub->scratch;

    BUG_ON(!buf_ok(b));
    if (c->state == STOMP_STATE_CLOSING || c->state == STOMP_STATE_CLOSED)
        return;
    c->sent_ms = loop_now_ms(c->hub->loop);
    if (!link_send(c->link, buf_str(b), tail))
        slow_consumer(c);
}

static void percent_header(struct stomp_conn *c, const char *name, struct str value)
{
    struct buf encoded;

    buf_init(&encoded, SERVER_NAME_MAX);
    percent_encode_header(value, &encoded);
    header(c, name, buf_str(&encoded));
    buf_release(&encoded);
}

void stomp_out_connected(struct stomp_conn *c, int64_t expires_in_ms)
{
    bool can_beat = stomp_can_beat(c);
    struct buf *b = frame_begin(c, STOMP_CONNECTED);
    struct buf text;

    buf_init(&text, SERVER_NAME_MAX);
    header(c, "version", str_of(stomp_version_text(c->version)));
    /* What the server can do, not what was agreed: the client works that out by itself. */
    buf_printf(&text, "%d,%d", can_beat ? STOMP_BEAT_MS : 0,
               can_beat ? STOMP_BEAT_MS : 0);
    header(c, "heart-beat", buf_str(&text));
    buf_reset(&text);
    buf_append_c(&text, "reuse-chat/" REUSE_CHAT_VERSION " ");
    percent_encode_header(c->hub->settings->server_id, &text);
    header(c, "server", buf_str(&text));
    buf_release(&text);
    header(c, "session", uuid_str(&c->session));
    percent_header(c, "user-name", c->user->id);
    stomp_write_header_i64(b, "max-frame-size", c->hub->settings->limits_frame_bytes);
    if (expires_in_ms > 0)
        stomp_write_header_i64(b, "expires-in", expires_in_ms);
    stomp_write_body(b, STR(""));
    frame_send(c, STR(""));
}

/* The same for every MESSAGE of a subscription: written once. */
static void message_begin(struct stomp_sub *sub)
{
    struct buf *b = frame_begin(sub->conn, STOMP_MESSAGE);

    if (sub->head.p) {
        buf_reset(b);
        buf_append_str(b, sub->head);
        return;
    }
    header(sub->conn, "destination", sub->destination);
    if (sub->has_id)
        header(sub->conn, "subscription", sub->id);
    sub->head = str_dup(buf_str(b));
}

/* Remembers what an ACK may name, and writes the header that it names (STOMP 1.2 "ACK"). */
static void unacked_add(struct stomp_sub *sub, const struct feed_message *m)
{
    struct stomp_unacked *slot;
    struct buf ack;

    if (!sub->unacked)
        sub->unacked = mem_alloc(STOMP_UNACKED_MAX * sizeof(*sub->unacked));
    if (sub->n_unacked == STOMP_UNACKED_MAX) {
        sub->first_unacked = (sub->first_unacked + 1) % STOMP_UNACKED_MAX;
        sub->n_unacked--;
    }
    slot = &sub->unacked[(sub->first_unacked + sub->n_unacked++) % STOMP_UNACKED_MAX];
    *slot = (struct stomp_unacked){.seq = m->seq};
    if (m->id.n < sizeof(slot->id.text))
        memcpy(slot->id.text, m->id.p, m->id.n);
    buf_init(&ack, 128);
    buf_printf(&ack, "%llu-" STR_FMT, (unsigned long long)sub->number, STR_ARG(m->id));
    header(sub->conn, "ack", buf_str(&ack));
    buf_release(&ack);
}

/* Appends the headers that are the same for all subscribers of a STOMP version. */
static void put_message_head(struct stomp_sub *sub, const struct feed_message *m)
{
    struct stomp_conn *c = sub->conn;
    struct buf *b = &c->hub->scratch;

    header(c, "message-id", m->id);
    if (m->seq > 0)
        stomp_write_header_i64(b, "seq", m->seq);
    if (!sub->feed.is_event)
        stomp_write_header_i64(b, "timestamp", m->timestamp_ms);
    if (m->key.p)
        header(c, "idempotency-key", m->key);
    header(c, "content-type", STR("application/json"));
    stomp_write_header_i64(b, "content-length", (int64_t)m->body.n);
    buf_putc(b, '\n');
}

void stomp_out_message(struct stomp_sub *sub, struct feed_message *m)
{
    struct stomp_conn *c = sub->conn;
    struct buf *b = &c->hub->scratch;
    struct blob **head = &m->heads[c->version];
    size_t at;

    message_begin(sub);
    if (sub->ack != STOMP_ACK_AUTO && m->seq > 0)
        unacked_add(sub, m);
    if (*head) {
        buf_append_str(b, blob_str(*head));
    } else {
        at = b->n;
        put_message_head(sub, m);
        *head = blob_new(str_from(buf_str(b), at));
    }
    c->hub->stats.messages_out += !sub->feed.is_event;
    frame_send(c, (struct str){m->body.p, m->body.n + 1}); /* with its NUL */
}

void stomp_out_json(struct stomp_sub *sub, struct str json)
{
    struct uuid id = uuid_v7(clock_real_ns());

    message_begin(sub);
    header(sub->conn, "message-id", uuid_str(&id));
    header(sub->conn, "content-type", STR("application/json"));
    stomp_write_body(&sub->conn->hub->scratch, json);
    frame_send(sub->conn, STR(""));
}

static struct buf *receipt_begin(struct stomp_conn *c, struct str receipt)
{
    struct buf *b = frame_begin(c, STOMP_RECEIPT);

    header(c, "receipt-id", receipt);
    c->hub->stats.receipts_out++;
    return b;
}

void stomp_out_receipt(struct stomp_conn *c, struct str receipt)
{
    if (!receipt.p)
        return;
    stomp_write_body(receipt_begin(c, receipt), STR(""));
    frame_send(c, STR(""));
}

void stomp_out_send_receipt(struct stomp_conn *c, struct str receipt,
                            const struct store_message *m)
{
    struct buf *b;

    if (!receipt.p)
        return;
    b = receipt_begin(c, receipt);
    header(c, "message-id", uuid_str(&m->id));
    stomp_write_header_i64(b, "seq", m->seq);
    stomp_write_header_i64(b, "timestamp",
                           clock_real_of_civil_ns(m->timestamp) / NS_PER_MS);
    if (m->is_duplicate)
        header(c, "duplicate", STR("true"));
    stomp_write_body(b, STR(""));
    frame_send(c, STR(""));
}

void stomp_out_subscribe_receipt(struct stomp_conn *c, struct str receipt,
                                 const struct feed_recovery *r)
{
    struct buf *b;

    if (!receipt.p)
        return;
    b = receipt_begin(c, receipt);
    header(c, "recovered", r->is_recovered ? STR("true") : STR("false"));
    stomp_write_header_i64(b, "first-seq", r->first_seq);
    stomp_write_header_i64(b, "last-seq", r->last_seq);
    stomp_write_header_i64(b, "replayed", r->n_replayed);
    stomp_write_body(b, STR(""));
    frame_send(c, STR(""));
}

void stomp_out_heartbeat(struct stomp_conn *c)
{
    buf_reset(&c->hub->scratch);
    buf_putc(&c->hub->scratch, '\n');
    frame_send(c, STR(""));
}

/* --- errors ------------------------------------------------------------------------------- */

static void error_headers(struct stomp_conn *c, enum err rc, struct str receipt)
{
    const struct err_info *info = err_info(rc);

    header(c, "message", str_of(info->title));
    header(c, "code", str_of(info->code));
    stomp_write_header_i64(&c->hub->scratch, "status", info->status);
    header(c, "retry", info->retry ? STR("true") : STR("false"));
    if (receipt.p)
        header(c, "receipt-id", receipt);
    if (rc == ERR_UNSUPPORTED_VERSION)
        header(c, "version", STR("1.0,1.1,1.2"));
    header(c, "content-type", STR("application/json"));
}

static void fail_soft(struct stomp_conn *c, enum err rc, struct str receipt,
                      struct str body)
{
    struct uuid id = uuid_v7(clock_real_ns());

    c->hub->stats.errors_soft++;
    message_begin(c->errors);
    header(c, "message-id", uuid_str(&id));
    error_headers(c, rc, receipt);
    stomp_write_body(&c->hub->scratch, body);
    frame_send(c, STR(""));
}

static void fail_fatal(struct stomp_conn *c, enum err rc, struct str receipt,
                       struct str body)
{
    const struct err_info *info = err_info(rc);

    c->hub->stats.errors_fatal++;
    frame_begin(c, STOMP_ERROR);
    error_headers(c, rc, receipt);
    stomp_write_body(&c->hub->scratch, body);
    /* Over the ceiling the ERROR is lost; the close code tells the same. */
    (void)link_send(c->link, buf_str(&c->hub->scratch), STR(""));
    stomp_set_state(c, STOMP_STATE_CLOSING);
    link_close(c->link, info->close ? info->close : 1011, info->code);
}

void stomp_fail(struct stomp_conn *c, enum err rc, struct str receipt, struct str path,
                const char *detail)
{
    bool is_soft = err_info(rc)->stomp == ERR_STOMP_SOFT;
    struct buf body;

    if (c->state == STOMP_STATE_CLOSING || c->state == STOMP_STATE_CLOSED)
        return;
    LOG_INFO(c->hub->log, "stomp.error", LOG_C("code", err_info(rc)->code),
             LOG_STR("user", c->user ? c->user->id : STR("")),
             LOG_STR("session", uuid_str(&c->session)), LOG_STR("destination", path));
    if (is_soft && !c->errors &&
        c->hub->settings->errors_unsubscribed == SETTINGS_ERRORS_UNSUBSCRIBED_DROP) {
        c->hub->stats.errors_dropped++;
        return;
    }
    buf_init(&body, ERROR_BODY_MAX);
    error_body(rc, path, detail, &body);
    if (is_soft && c->errors)
        fail_soft(c, rc, receipt, buf_str(&body));
    else
        fail_fatal(c, rc, receipt, buf_str(&body));
    buf_release(&body);
}
