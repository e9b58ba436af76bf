/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "sockjs/answer_internal.h"
#include "sockjs/sockjs_internal.h"

#include "base/banned.h"

static void flush(struct sockjs_session *s);

static bool is_streaming(enum sockjs_transport transport)
{
    return transport != SOCKJS_XHR;
}

static void set_state(struct sockjs_session *s, enum session_state to)
{
    static const bool allowed[][SESSION_CLOSED + 1] = {
        [SESSION_OPEN] = {[SESSION_CLOSING] = true, [SESSION_CLOSED] = true},
        [SESSION_CLOSING] = {[SESSION_CLOSED] = true},
        [SESSION_CLOSED] = {false},
    };

    BUG_ON(!allowed[s->state][to]);
    s->state = to;
    sockjs_send_refuse_all(s);
    if (to == SESSION_CLOSED) {
        sockjs_queue_clear(&s->queue);
        sockjs_news(s, SESSION_NEWS_CLOSED);
    }
}

/* --- responses ---------------------------------------------------------------------------- */

static struct str content_type(enum sockjs_transport transport)
{
    switch (transport) {
    case SOCKJS_EVENTSOURCE:
        return STR("text/event-stream;charset=UTF-8");
    case SOCKJS_HTMLFILE:
        return STR("text/html;charset=UTF-8");
    case SOCKJS_XHR:
    case SOCKJS_XHR_STREAMING:
    case SOCKJS_WEBSOCKET:
    case SOCKJS_XHR_SEND:
        break;
    }
    return STR("application/javascript;charset=UTF-8");
}

/* The callback of htmlfile: letters, digits, '_' and '.', as Spring takes them; else no value. */
static struct str callback_of(const struct net_request *req, struct arena *a)
{
    struct str callback = net_request_query(req, a, "c", NULL);

    for (size_t i = 0; i < callback.n; i++) {
        char c = callback.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_' && c != '.')
            return STR_NULL;
    }
    return str_is_empty(callback) ? STR_NULL : callback;
}

/* Answers and returns true if the callback that htmlfile needs is not there. */
static bool lacks_callback(enum sockjs_transport transport, struct net_request *req)
{
    struct arena a;
    bool is_there;

    if (transport != SOCKJS_HTMLFILE)
        return false;
    arena_init(&a, 4096);
    is_there = callback_of(req, &a).p;
    arena_release(&a);
    if (!is_there)
        sockjs_answer_text(req, 500, STR("\"callback\" parameter required"));
    return !is_there;
}

static void begin_response(struct sockjs_server *server, enum sockjs_transport transport,
                           struct net_request *req)
{
    struct buf *prelude = sockjs_scratch(server);
    struct sockjs_headers h;
    struct arena a;

    if (!is_streaming(transport))
        return;
    arena_init(&a, 4096);
    sockjs_put_prelude(prelude, transport,
                       transport == SOCKJS_HTMLFILE ? callback_of(req, &a) : STR(""));
    arena_release(&a);
    sockjs_answer_headers_session(&h, req);
    net_respond_begin(req, 200, content_type(transport), h.items, NULL, NULL);
    net_respond_write(req, buf_str(prelude));
}

/* A polling response is one frame and ends with it. */
static bool write_response(struct sockjs_server *server, enum sockjs_transport transport,
                           struct net_request *req, struct str frame)
{
    struct buf *wrapped = sockjs_scratch(server);
    struct sockjs_headers h;

    sockjs_put_frame(wrapped, transport, frame);
    if (is_streaming(transport))
        return net_respond_write(req, buf_str(wrapped));
    sockjs_answer_headers_session(&h, req);
    net_respond(req, 200, content_type(transport), buf_str(wrapped), h.items);
    return true;
}

static void end_response(enum sockjs_transport transport, struct net_request *req)
{
    if (is_streaming(transport))
        net_respond_end(req);
}

/* A receiver that gets nothing but a close frame. */
static void answer_close(struct sockjs_server *server, enum sockjs_transport transport,
                         struct net_request *req, unsigned code, struct str reason)
{
    struct buf frame;

    buf_init(&frame, 1024);
    sockjs_put_close(&frame, code, reason);
    begin_response(server, transport, req);
    (void)write_response(server, transport, req, buf_str(&frame));
    end_response(transport, req);
    buf_release(&frame);
}

/* --- the receiver of a session ------------------------------------------------------------ */

static void attach(struct sockjs_session *s, struct net_request *req)
{
    s->receiver = req;
    s->streamed = 0;
    net_request_set_user(req, &s->request_user);
    begin_response(s->server, s->transport, req);
    loop_timer_start(s->timer, s->server->config.heartbeat_ms, 0);
}

static void forget_receiver(struct sockjs_session *s)
{
    s->receiver = NULL;
    loop_timer_start(s->timer, s->server->config.disconnect_ms, 0);
}

static void detach(struct sockjs_session *s)
{
    end_response(s->transport, s->receiver);
    forget_receiver(s);
}

static void interrupt(struct sockjs_session *s)
{
    forget_receiver(s);
    if (s->state == SESSION_CLOSED)
        return;
    s->close_code = 1002;
    snprintf(s->close_reason, sizeof(s->close_reason), "Connection interrupted");
    set_state(s, SESSION_CLOSED);
}

/*
 * What was on its way may be lost, and the client would not know: the session cannot go on
 * (sockjs-protocol, HandlingClose).
 */
static void on_abandon(struct request_user *self)
{
    void *s = self;

    interrupt(s);
}

static void write_frame(struct sockjs_session *s, struct str frame)
{
    struct net_request *req = s->receiver;

    if (!write_response(s->server, s->transport, req, frame)) {
        interrupt(s);
        net_respond_abort(req);
    } else if (is_streaming(s->transport)) {
        loop_timer_start(s->timer, s->server->config.heartbeat_ms, 0);
    } else {
        forget_receiver(s);
    }
}

static void write_close(struct sockjs_session *s)
{
    struct buf frame;

    buf_init(&frame, 1024);
    sockjs_put_close(&frame, s->close_code, str_of(s->close_reason));
    write_frame(s, buf_str(&frame));
    buf_release(&frame);
    if (s->receiver)
        detach(s);
}

/* --- what waits goes out ------------------------------------------------------------------ */

/* One frame: a streaming response takes a message each, a polling one all, but for the limit. */
static void write_messages(struct sockjs_session *s)
{
    size_t limit = s->server->config.stream_bytes;
    struct buf frame;

    buf_init(&frame, SIZE_MAX / 2);
    buf_append_c(&frame, "a[");
    do {
        if (frame.n > 2)
            buf_putc(&frame, ',');
        buf_append_str(&frame, sockjs_queue_first(&s->queue));
        sockjs_queue_pop(&s->queue);
    } while (s->queue.n > 0 && !is_streaming(s->transport) && frame.n < limit);
    buf_putc(&frame, ']');
    write_frame(s, buf_str(&frame));
    s->streamed += frame.n + 1;
    buf_release(&frame);
    if (s->receiver && s->streamed >= limit)
        detach(s);
}

static void check_drained(struct sockjs_session *s)
{
    if (!s->wants_drain || s->state != SESSION_OPEN ||
        sockjs_queue_bytes(&s->queue) >= s->server->config.outbound_bytes / 2)
        return;
    s->wants_drain = false;
    sockjs_news(s, SESSION_NEWS_DRAINED);
}

static void flush(struct sockjs_session *s)
{
    while (s->receiver && s->queue.n > 0)
        write_messages(s);
    if (s->state == SESSION_CLOSING && s->queue.n == 0) {
        if (s->receiver)
            write_close(s);
        if (s->state == SESSION_CLOSING)
            set_state(s, SESSION_CLOSED);
    }
    check_drained(s);
}

/* --- as a link ---------------------------------------------------------------------------- */

static bool send_message(void *self, struct str head, struct str tail)
{
    struct sockjs_session *s = self;

    if (s->state != SESSION_OPEN)
        return true; /* as to a peer that has gone */
    if (!sockjs_queue_push(&s->queue, head, tail, loop_now_ms(s->server->loop)))
        return false;
    flush(s);
    return true;
}

void sockjs_session_close(struct sockjs_session *s, unsigned code, struct str reason)
{
    if (s->state != SESSION_OPEN)
        return;
    s->close_code = code;
    snprintf(s->close_reason, sizeof(s->close_reason), STR_FMT, STR_ARG(reason));
    set_state(s, SESSION_CLOSING);
    flush(s);
}

static void close_link(void *self, unsigned code, const char *reason)
{
    sockjs_session_close(self, code, str_of(reason));
}

static size_t waiting(const void *self)
{
    const struct sockjs_session *s = self;

    return sockjs_queue_bytes(&s->queue);
}

static int64_t behind_ms(const void *self)
{
    const struct sockjs_session *s = self;

    return s->queue.n > 0
               ? loop_now_ms(s->server->loop) - sockjs_queue_first_ms(&s->queue)
               : 0;
}

static void want_drain(void *self)
{
    struct sockjs_session *s = self;

    s->wants_drain = true;
    check_drained(s);
}

static void drop_queue(void *self)
{
    struct sockjs_session *s = self;

    sockjs_queue_clear(&s->queue);
    flush(s);
}

static void pause_link(void *self)
{
    struct sockjs_session *s = self;

    s->is_paused = true;
}

static void resume_link(void *self)
{
    struct sockjs_session *s = self;

    s->is_paused = false;
    if (s->sends)
        sockjs_news(s, SESSION_NEWS_RESUMED);
}

static struct str peer(const void *self)
{
    const struct sockjs_session *s = self;

    return s->peer;
}

static struct link link_of(struct sockjs_session *s)
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

    return (struct link){&vtable, s};
}

/* --- life --------------------------------------------------------------------------------- */

static const struct link_handler *handler_of(const struct sockjs_session *s)
{
    return &s->server->config.handler;
}

/* A receiver is due a sign of life, or there was none for too long. */
static void on_timer(void *arg)
{
    struct sockjs_session *s = arg;

    if (s->receiver)
        write_frame(s, STR("h"));
    else
        sockjs_session_free(s);
}

static struct str copy(struct str s)
{
    char *p = mem_alloc(s.n + 1);

    memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

static struct sockjs_session *session_new(struct sockjs_server *server, struct str id,
                                          enum sockjs_transport transport,
                                          struct net_request *req)
{
    struct sockjs_session *s = mem_zalloc(sizeof(*s));

    s->request_user.on_abandon = on_abandon;
    s->server = server;
    s->id = copy(id);
    s->transport = transport;
    s->peer = copy(net_request_head(req)->peer);
    sockjs_queue_init(&s->queue, server->config.outbound_bytes);
    s->timer = loop_timer_new(server->loop, on_timer, s);
    HASH_ADD_KEYPTR(hh, server->sessions, s->id.p, s->id.n, s);
    return s;
}

static void session_open(struct sockjs_server *server, struct str id,
                         enum sockjs_transport transport, struct net_request *req)
{
    const struct sockjs_config *config = &server->config;
    struct sockjs_session *s;
    void *tag = NULL;
    enum err rc;

    if (config->max_sessions > 0 &&
        HASH_COUNT(server->sessions) >= config->max_sessions) {
        net_respond_error(req, ERR_OVERLOADED);
        return;
    }
    rc = config->handler.on_accept(config->handler.ctx, req, &tag);
    if (rc != ERR_OK) {
        net_respond_error(req, rc);
        return;
    }
    s = session_new(server, id, transport, req);
    attach(s, req);
    write_frame(s, STR("o"));
    s->user = config->handler.on_open(config->handler.ctx, link_of(s), tag);
}

struct sockjs_session *sockjs_session_find(struct sockjs_server *server, struct str id)
{
    struct sockjs_session *s;

    HASH_FIND(hh, server->sessions, id.p, id.n, s);
    return s;
}

bool sockjs_session_is_refused(struct sockjs_session *s, struct net_request *req)
{
    const struct link_handler *handler = handler_of(s);
    enum err rc = handler->on_again ? handler->on_again(s->user, req) : ERR_OK;

    if (rc != ERR_OK)
        net_respond_error(req, rc);
    return rc != ERR_OK;
}

void sockjs_session_receive(struct sockjs_server *server, struct str id,
                            enum sockjs_transport transport, struct net_request *req)
{
    struct sockjs_session *s = sockjs_session_find(server, id);

    if (lacks_callback(transport, req))
        return;
    if (!s) {
        session_open(server, id, transport, req);
    } else if (s->transport != transport) {
        sockjs_answer_empty(req, 404);
    } else if (s->state == SESSION_CLOSED) {
        answer_close(server, transport, req, s->close_code, str_of(s->close_reason));
    } else if (sockjs_session_is_refused(s, req)) {
        return;
    } else if (s->receiver) {
        answer_close(server, transport, req, 2010, STR("Another connection still open"));
    } else {
        attach(s, req);
        flush(s);
    }
}

static void tell_closed(struct sockjs_session *s)
{
    if (s->is_told)
        return;
    s->is_told = true;
    handler_of(s)->on_close(s->user);
}

void sockjs_session_tell(struct sockjs_session *s)
{
    unsigned news = s->news;

    s->news = 0;
    if (news & SESSION_NEWS_RESUMED)
        sockjs_send_pass_on(s);
    if (news & SESSION_NEWS_DRAINED && s->state == SESSION_OPEN)
        handler_of(s)->on_drain(s->user);
    if (news & SESSION_NEWS_CLOSED)
        tell_closed(s);
}

static void forget_news(struct sockjs_session *s)
{
    struct sockjs_session **at = &s->server->news;

    while (*at && *at != s)
        at = &(*at)->next_news;
    if (*at)
        *at = s->next_news;
}

void sockjs_session_free(struct sockjs_session *s)
{
    BUG_ON(s->receiver);
    if (s->state != SESSION_CLOSED)
        set_state(s, SESSION_CLOSED);
    forget_news(s);
    tell_closed(s);
    HASH_DELETE(hh, s->server->sessions, s);
    loop_timer_free(&s->timer);
    free((void *)(uintptr_t)s->id.p);
    free((void *)(uintptr_t)s->peer.p);
    free(s);
}
