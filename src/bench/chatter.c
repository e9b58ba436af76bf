/* SPDX-License-Identifier: MIT */
#include "bench/chatter.h"

#include <stdio.h>

#include "base/clock.h"
#include "bench/wsframe.h"

#include "base/banned.h"

enum {
    CHATTER_WINDOW = 128, /* opened at once: below any listen backlog */
    CHATTER_FRAME_BYTES = 4096,
    CHATTER_HEAD_BYTES = 8192, /* of the answer to the upgrade */
};

static void gone(struct chatter *c)
{
    if (c->state == CHATTER_GONE)
        return;
    io_close(&c->conn);
    c->state = CHATTER_GONE;
    c->class->on_gone(c);
}

void chatter_send(struct chatter *c, struct str frame)
{
    wsframe_append(&c->conn.out, WSFRAME_TEXT, frame, c->mask);
    BUG_ON(!buf_ok(&c->conn.out)); /* the load stops long before */
    io_touch(&c->conn);
}

/* A frame without a body, whose last header's value is text. */
static void send_frame(struct chatter *c, const char *head, struct str text)
{
    struct buf frame;

    buf_init(&frame, CHATTER_FRAME_BYTES);
    buf_append_c(&frame, head);
    buf_append_str(&frame, text);
    buf_append(&frame, "\n\n", 3); /* with the NUL */
    BUG_ON(!buf_ok(&frame));
    chatter_send(c, buf_str(&frame));
    buf_release(&frame);
}

/* --- frames that come --------------------------------------------------------------------- */

static void header_read(struct str line, struct chatter_frame *f)
{
    size_t colon = str_find(line, ':');
    struct str name = {line.p, colon}, value = str_from(line, colon + 1);

    if (str_eq(name, STR("seq")))
        f->seq = str_to_i64(value, &f->seq) ? f->seq : -1;
    else if (str_eq(name, STR("last-seq")))
        f->last_seq = str_to_i64(value, &f->last_seq) ? f->last_seq : -1;
    else if (str_eq(name, STR("receipt-id")))
        f->receipt_id = value;
    else if (str_eq(name, STR("code")))
        f->code = value;
}

static bool command_read(struct str line, enum chatter_kind *out)
{
    if (str_eq(line, STR("MESSAGE")))
        *out = CHATTER_MESSAGE;
    else if (str_eq(line, STR("RECEIPT")))
        *out = CHATTER_RECEIPT;
    else if (str_eq(line, STR("ERROR")))
        *out = CHATTER_ERROR;
    else if (str_eq(line, STR("CONNECTED")))
        *out = CHATTER_CONNECTED;
    else
        return false;
    return true;
}

/* False: no STOMP frame that a server sends. */
static bool frame_read(struct str in, struct chatter_frame *out)
{
    struct str line;

    *out = (struct chatter_frame){.seq = -1, .last_seq = -1};
    if (!str_split(&in, '\n', &line) || !command_read(line, &out->kind))
        return false;
    while (str_split(&in, '\n', &line) && line.n > 0)
        header_read(line, out);
    if (in.n == 0 || in.p[in.n - 1] != '\0')
        return false;
    out->body = (struct str){in.p, in.n - 1};
    return true;
}

static void on_frame(struct chatter *c, const struct chatter_frame *f)
{
    if (f->code.p)
        snprintf(c->code, sizeof(c->code), STR_FMT, STR_ARG(f->code));
    switch (f->kind) {
    case CHATTER_CONNECTED:
        c->connected_ns = clock_mono_ns();
        c->state = CHATTER_SUBSCRIBING;
        send_frame(c,
                   "SUBSCRIBE\nid:0\nreceipt:subscribed\ndestination:", c->destination);
        return;
    case CHATTER_RECEIPT:
        if (c->state == CHATTER_SUBSCRIBING) {
            c->subscribed_seq = f->last_seq;
            c->state = CHATTER_READY;
        } else {
            c->class->on_receipt(c, f);
        }
        return;
    case CHATTER_MESSAGE:
        c->class->on_message(c, f);
        return;
    case CHATTER_ERROR:
        return; /* the close that follows ends it */
    }
}

static void on_close(struct chatter *c, struct str payload)
{
    const unsigned char *p = (const unsigned char *)payload.p;

    c->close_code = payload.n >= 2 ? p[0] << 8 | p[1] : 1005; /* RFC 6455, 7.1.5 */
    gone(c);
}

static void on_wsframe(struct chatter *c, const struct wsframe *frame)
{
    struct chatter_frame f;

    switch (frame->kind) {
    case WSFRAME_TEXT:
    case WSFRAME_BINARY:
        if (str_eq(frame->payload, STR("\n")))
            return; /* a heart-beat */
        if (frame_read(frame->payload, &f)) {
            on_frame(c, &f);
            return;
        }
        break;
    case WSFRAME_CLOSE:
        on_close(c, frame->payload);
        return;
    case WSFRAME_PING:
        wsframe_append(&c->conn.out, WSFRAME_PONG, frame->payload, c->mask);
        io_touch(&c->conn);
        return;
    case WSFRAME_PONG:
        return;
    }
    snprintf(c->code, sizeof(c->code), "not a frame of STOMP");
    gone(c);
}

/* How many bytes of the answer to the upgrade were used. */
static size_t on_upgraded(struct chatter *c, struct str in)
{
    const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);

    if (!end && in.n < CHATTER_HEAD_BYTES)
        return 0;
    if (!end || !str_starts(in, STR("HTTP/1.1 101"))) {
        snprintf(c->code, sizeof(c->code), STR_FMT, (int)str_find(in, '\r'), in.p);
        gone(c);
        return 0;
    }
    c->state = CHATTER_CONNECTING;
    send_frame(
        c, "CONNECT\naccept-version:1.2\nhost:chat\nheart-beat:0,0\nsender:", c->user);
    return (size_t)(end - in.p) + 4;
}

/* --- io ----------------------------------------------------------------------------------- */

static void on_open(struct io_conn *conn)
{
    struct chatter *c = (struct chatter *)conn;

    c->state = CHATTER_UPGRADING;
    buf_printf(&conn->out,
               "GET /ws-stomp HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
               "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: cmV1c2UtY2hhdC1iZW5jaA==\r\n"
               "Sec-WebSocket-Protocol: v12.stomp\r\n\r\n",
               c->target->host);
    io_touch(conn);
}

static size_t on_bytes(struct io_conn *conn, char *p, size_t n)
{
    struct chatter *c = (struct chatter *)conn;
    struct wsframe frame;
    size_t used = 0;
    int64_t took;

    if (c->state == CHATTER_UPGRADING) {
        used = on_upgraded(c, (struct str){p, n});
        if (used == 0)
            return 0;
    }
    while (c->state != CHATTER_GONE && !conn->is_paused) {
        took = wsframe_read((struct str){p + used, n - used}, &frame);
        if (took == 0)
            break;
        if (took < 0) {
            snprintf(c->code, sizeof(c->code), "not a frame of a WebSocket server");
            gone(c);
            break;
        }
        used += (size_t)took;
        on_wsframe(c, &frame);
    }
    return used;
}

static void on_end(struct io_conn *conn, int error)
{
    struct chatter *c = (struct chatter *)conn;

    c->error = error;
    gone(c);
}

static const struct io_class chatter_io = {on_open, on_bytes, on_end};

void chatter_init(struct chatter *c, const struct chatter_class *class, struct io *io,
                  const struct target *target, struct str user, struct str destination)
{
    *c = (struct chatter){.class = class,
                          .target = target,
                          .user = str_dup(user),
                          .destination = str_dup(destination),
                          .subscribed_seq = -1};
    /* RFC 6455, 5.3 wants it unpredictable because of proxies; there are none here. */
    c->mask = (uint32_t)clock_mono_ns() * 2654435761U | 1;
    io_conn_init(&c->conn, &chatter_io, io);
}

void chatter_release(struct chatter *c)
{
    io_conn_release(&c->conn);
    str_free(&c->user);
    str_free(&c->destination);
}

void chatter_open(struct chatter *c)
{
    BUG_ON(c->state != CHATTER_NEW && c->state != CHATTER_GONE);
    c->state = CHATTER_OPENING;
    c->close_code = c->error = 0;
    c->code[0] = '\0';
    io_connect(&c->conn, c->target, c->rcvbuf_bytes);
}

void chatter_end_why(const struct chatter *c, struct why *why)
{
    if (c->code[0] != '\0')
        why_set(why, "%s: %s (close %d)", c->target->host, c->code, c->close_code);
    else if (c->error != 0)
        why_set(why, "%s: %s", c->target->host, strerror(c->error));
    else
        why_set(why, "%s: closed by the server (%d)", c->target->host, c->close_code);
}

bool chatters_open(struct chatter *const *all, size_t n, int64_t deadline_ns,
                   struct why *why)
{
    size_t opened = 0;

    for (size_t ready = 0; ready < n;) {
        struct chatter *c = all[ready];

        while (opened < n && opened < ready + CHATTER_WINDOW)
            chatter_open(all[opened++]);
        if (c->state == CHATTER_READY) {
            ready++;
            continue;
        }
        if (c->state == CHATTER_GONE) {
            chatter_end_why(c, why);
            return false;
        }
        if (clock_mono_ns() >= deadline_ns) {
            why_set(why,
                    "%s: only %zu of %zu users are in their rooms after the deadline",
                    c->target->host, ready, n);
            return false;
        }
        io_turn(c->conn.io, deadline_ns);
    }
    return true;
}
