/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sockjs/sockjs_internal.h"

#include "base/banned.h"

/* A WebSocket: raw, which is only passed on, or with the frames of SockJS. */
struct ws_conn {
    struct sockjs_server *server;
    struct net_ws *ws;
    bool is_raw;
    bool is_closing; /* SockJS: nothing is passed on any more */
    void *tag;       /* of on_accept, until on_open */
    void *user;      /* of on_open */
    struct sockjs_reader reader;
    int64_t sent_ms;
    struct loop_timer *timer; /* SockJS: heart-beat */
};

static const struct link_handler *handler_of(const struct ws_conn *c)
{
    return &c->server->config.handler;
}

enum err sockjs_ws_accept(struct sockjs_server *server, const struct net_request *up,
                          bool is_raw, void **tag_out)
{
    const struct link_handler *handler = &server->config.handler;
    void *tag = NULL;
    enum err rc = handler->on_accept(handler->ctx, up, &tag);
    struct ws_conn *c;

    if (rc != ERR_OK)
        return rc;
    c = mem_zalloc(sizeof(*c));
    c->server = server;
    c->is_raw = is_raw;
    c->tag = tag;
    *tag_out = c;
    return ERR_OK;
}

/* --- SockJS frames as a link -------------------------------------------------------------- */

static bool send_message(void *self, struct str head, struct str tail)
{
    struct ws_conn *c = self;
    struct buf *frame = sockjs_scratch(c->server);

    buf_append_c(frame, "a[");
    sockjs_put_string(frame, head, tail);
    buf_append_c(frame, "]");
    if (!net_ws_send(c->ws, buf_str(frame), STR("")))
        return false;
    c->sent_ms = loop_now_ms(c->server->loop);
    return true;
}

static void close_link(void *self, unsigned code, const char *reason)
{
    struct ws_conn *c = self;
    struct buf *frame = sockjs_scratch(c->server);

    if (c->is_closing)
        return;
    c->is_closing = true;
    sockjs_put_close(frame, code, str_of(reason));
    (void)net_ws_send(c->ws, buf_str(frame),
                      STR("")); /* the WebSocket's own says it too */
    net_ws_close(c->ws, code, reason);
}

static size_t waiting(const void *self)
{
    const struct ws_conn *c = self;

    return net_ws_waiting(c->ws);
}

static int64_t behind_ms(const void *self)
{
    const struct ws_conn *c = self;

    return net_ws_behind_ms(c->ws);
}

static void want_drain(void *self)
{
    struct ws_conn *c = self;

    net_ws_wants_drain(c->ws);
}

static void drop_queue(void *self)
{
    struct ws_conn *c = self;

    net_ws_drop_queue(c->ws);
}

static void pause_link(void *self)
{
    struct ws_conn *c = self;

    net_ws_pause(c->ws);
}

static void resume_link(void *self)
{
    struct ws_conn *c = self;

    net_ws_resume(c->ws);
}

static struct str peer(const void *self)
{
    const struct ws_conn *c = self;

    return net_ws_peer(c->ws);
}

static struct link link_of(struct ws_conn *c)
{
    static const struct link_vtable vtable = {
        .name = "sockjs",
        .is_heartbeat_allowed = false,
        .send = send_message,
        .close = close_link,
        .waiting = waiting,
        .behind_ms = behind_ms,
        .wants_drain = want_drain,
        .drop_queue = drop_queue,
        .pause = pause_link,
        .resume = resume_link,
        .peer = peer,
    };

    return (struct link){&vtable, c};
}

/* Once in heartbeat_ms at most, and only if nothing else was sent for so long. */
static void on_timer(void *arg)
{
    struct ws_conn *c = arg;
    int64_t beat = c->server->config.heartbeat_ms;
    int64_t idle = loop_now_ms(c->server->loop) - c->sent_ms;

    if (idle >= beat) {
        if (!c->is_closing)
            (void)net_ws_send(c->ws, STR("h"),
                              STR("")); /* over the ceiling: no sign is needed */
        c->sent_ms += idle;
        idle = 0;
    }
    loop_timer_start(c->timer, beat - idle, 0);
}

/* --- callbacks of net --------------------------------------------------------------------- */

void *sockjs_on_open(void *ctx, struct net_ws *ws, void *tag)
{
    struct ws_conn *c = tag;
    const struct link_handler *handler = handler_of(c);

    (void)ctx; /* of the net_handler; an upgrade knows its server */
    c->ws = ws;
    if (c->is_raw) {
        c->user = handler->on_open(handler->ctx, link_of_ws(ws), c->tag);
        return c;
    }
    (void)net_ws_send(ws, STR("o"), STR(""));
    c->sent_ms = loop_now_ms(c->server->loop);
    c->timer = loop_timer_new(c->server->loop, on_timer, c);
    loop_timer_start(c->timer, c->server->config.heartbeat_ms, 0);
    c->user = handler->on_open(handler->ctx, link_of(c), c->tag);
    return c;
}

static void on_string(void *ctx, struct str piece, bool is_last)
{
    struct ws_conn *c = ctx;

    if (!c->is_closing)
        handler_of(c)->on_data(c->user, piece, is_last);
}

void sockjs_on_data(void *user, struct str piece, bool is_last)
{
    struct ws_conn *c = user;
    enum sockjs_payload payload;

    if (c->is_raw) {
        handler_of(c)->on_data(c->user, piece, is_last);
        return;
    }
    sockjs_reader_feed(&c->reader, piece, on_string, c);
    if (!is_last && !sockjs_reader_is_broken(&c->reader))
        return;
    payload = sockjs_reader_payload(&c->reader);
    if (payload != SOCKJS_PAYLOAD_ARRAY && payload != SOCKJS_PAYLOAD_NONE) {
        c->is_closing = true; /* sockjs-protocol: at once, without a frame of SockJS */
        net_ws_close(c->ws, 1007, "Broken JSON encoding.");
    }
    c->reader = (struct sockjs_reader){0};
}

void sockjs_on_drain(void *user)
{
    struct ws_conn *c = user;

    handler_of(c)->on_drain(c->user);
}

void sockjs_on_close(void *user)
{
    struct ws_conn *c = user;

    loop_timer_free(&c->timer);
    handler_of(c)->on_close(c->user);
    free(c);
}
