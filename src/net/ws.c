/*
 * WebSockets. Per connection there is one small object; its queue and what is held for a pause exist
 * only while they hold something. What is sent in one turn leaves at its end, in one piece.
 * SPDX-License-Identifier: MIT
 */
#include "net/ws.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "base/base64.h"
#include "net/http_conn.h"
#include "net/sha1.h"
#include "net/ws_queue.h"
#include "net/ws_reader.h"

#include "base/banned.h"

enum {
    ANSWER_MAX = 512, /* of the opening handshake */
    PIECE_MAX = 2048, /* bytes after which the handler can have paused */
    /* A pause finds at most one read, or what came with the handshake. */
    HELD_MAX = HTTP_HEAD_MAX + 2 * SERVER_SCRATCH_BYTES
};

/* In order of life. */
enum ws_state {
    WS_OPENING, /* on_open was not called yet */
    WS_OPEN,
    WS_CLOSING, /* our close frame is queued or sent, and nothing goes out behind it */
    WS_GONE     /* the socket is closed */
};

struct net_ws {
    struct net_server *server;
    struct net_ws *prev, *next; /* of the server's sockets */
    struct net_ws *next_ready;  /* of the server's list of those to be run */
    struct loop_watch *watch;
    int fd;
    int events; /* enum loop_event being watched */
    enum ws_state state;
    void *user;
    struct ws_reader reader;
    struct buf held;        /* read while paused */
    struct ws_queue *queue; /* owned; NULL while nothing waits */
    struct deadline closing;
    bool is_running; /* on the stack */
    bool is_ready;   /* in the list of those to be run */
    bool is_paused;
    bool is_full; /* the kernel takes no more now */
    bool
        has_peer_closed; /* its close frame came: the socket ends when the queue is empty */
    bool is_broken;      /* what comes is not understood any more, and thrown away */
    bool is_shut;        /* our side is shut */
    bool wants_drain;
    char peer[PEER_BYTES];
};

const char *ws_protocol_name(struct str name)
{
    static const char *const names[] = {"v12.stomp", "v11.stomp", "v10.stomp"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(name, str_of(names[i])))
            return names[i];
    return NULL;
}

static void set_state(struct net_ws *ws, enum ws_state to)
{
    static const bool allowed[WS_GONE + 1][WS_GONE + 1] = {
        [WS_OPENING] = {[WS_OPEN] = true},
        [WS_OPEN] = {[WS_CLOSING] = true, [WS_GONE] = true},
        [WS_CLOSING] = {[WS_GONE] = true},
    };

    BUG_ON(!allowed[ws->state][to]);
    ws->state = to;
}

static const struct net_config *config_of(const struct net_ws *ws)
{
    return &ws->server->config;
}

/* --- life --------------------------------------------------------------------------------- */

static void run_later(struct net_ws *ws)
{
    if (ws->is_ready)
        return;
    ws->is_ready = true;
    ws->next_ready = ws->server->ready_sockets;
    ws->server->ready_sockets = ws;
    server_post_run(ws->server);
}

static void free_queue(struct net_ws *ws)
{
    if (ws->queue)
        outq_release(&ws->queue->frames);
    free(ws->queue);
    ws->queue = NULL;
}

/* At once, whatever waits. */
static void end(struct net_ws *ws)
{
    if (ws->state == WS_GONE)
        return;
    set_state(ws, WS_GONE);
    loop_watch_free(&ws->watch);
    close(ws->fd);
    deadline_clear(&ws->closing);
    DL_DELETE(ws->server->sockets, ws);
    ws->server->n_sockets--;
    config_of(ws)->handler.on_close(ws->user);
    free_queue(ws);
    buf_release(&ws->held);
    if (!ws->is_running && !ws->is_ready)
        free(ws);
}

void ws_end_all(struct net_server *s)
{
    struct net_ws *ws, *next;

    DL_FOREACH_SAFE(s->sockets, ws, next)
    end(ws);
}

void ws_expired(struct deadline *d)
{
    end((void *)((char *)d - offsetof(struct net_ws, closing)));
}

/* --- out ---------------------------------------------------------------------------------- */

static struct ws_queue *queue_of(struct net_ws *ws)
{
    if (!ws->queue)
        ws->queue = mem_zalloc(sizeof(*ws->queue));
    return ws->queue;
}

static void write_queued(struct net_ws *ws)
{
    while (ws->queue && !ws->is_full && ws->state != WS_GONE) {
        struct str s = ws_queue_bytes(ws->queue);
        ssize_t n = send(ws->fd, s.p, s.n, MSG_NOSIGNAL);

        if (n >= 0)
            ws_queue_left(ws->queue, (size_t)n);
        else if (errno == EAGAIN)
            ws->is_full = true;
        else if (errno != EINTR)
            end(ws);
        if (ws->queue && ws_queue_waiting(ws->queue) == 0)
            free_queue(ws);
    }
}

/* The queue is empty: what was to happen then. */
static void after_writing(struct net_ws *ws)
{
    if (ws->has_peer_closed) {
        end(ws);
    } else if (ws->is_broken && !ws->is_shut) {
        /* RFC 6455, 7.1.7: no answer is waited for; what still comes is thrown away, for a while. */
        shutdown(ws->fd, SHUT_WR);
        ws->is_shut = true;
    }
}

static void tell_drained(struct net_ws *ws)
{
    if (!ws->wants_drain || ws->state != WS_OPEN ||
        net_ws_waiting(ws) >= config_of(ws)->outbound_bytes / 2)
        return;
    ws->wants_drain = false;
    config_of(ws)->handler.on_drain(ws->user);
}

static void push_close(struct net_ws *ws, unsigned code, struct str reason)
{
    set_state(ws, WS_CLOSING);
    ws_queue_push_close(queue_of(ws), code, reason, loop_now_ms(ws->server->loop));
    server_set_deadline(ws->server, &ws->closing, DEADLINE_WS_CLOSE);
    run_later(ws);
}

/* --- in ----------------------------------------------------------------------------------- */

static void fail(struct net_ws *ws, unsigned code)
{
    enum err e = code == 1009 ? ERR_FRAME_TOO_LARGE : ERR_MALFORMED_FRAME;

    ws->is_broken = true;
    run_later(ws);
    if (ws->state == WS_OPEN)
        push_close(ws, code, str_of(code == 1007 ? "invalid_utf8" : err_info(e)->code));
}

static void on_peer_close(struct net_ws *ws, struct str payload)
{
    const unsigned char *p = (const unsigned char *)payload.p;

    ws->has_peer_closed = true;
    run_later(ws);
    if (ws->state != WS_OPEN)
        return;
    if (payload.n > 0) {
        push_close(ws, (unsigned)p[0] << 8 | p[1], str_from(payload, 2));
        return;
    }
    set_state(ws, WS_CLOSING);
    ws_queue_push_empty_close(queue_of(ws), loop_now_ms(ws->server->loop));
    server_set_deadline(ws->server, &ws->closing, DEADLINE_WS_CLOSE);
}

/* Of a peer that does not read its pongs, some pings may stay unanswered. */
static void on_ping(struct net_ws *ws, struct str payload)
{
    if (ws->state != WS_OPEN ||
        net_ws_waiting(ws) + ws_frame_bytes(payload.n) > config_of(ws)->outbound_bytes)
        return;
    ws_queue_push_pong(queue_of(ws), payload, loop_now_ms(ws->server->loop));
    run_later(ws);
}

static void on_ws_event(struct net_ws *ws, const struct ws_event *event)
{
    switch (event->kind) {
    case WS_EVENT_DATA:
        if (ws->state == WS_OPEN)
            config_of(ws)->handler.on_data(ws->user, event->payload, event->is_last);
        break;
    case WS_EVENT_PING:
        on_ping(ws, event->payload);
        break;
    case WS_EVENT_CLOSE:
        on_peer_close(ws, event->payload);
        break;
    case WS_EVENT_BROKEN:
        fail(ws, event->code);
        break;
    case WS_EVENT_PONG:
    case WS_EVENT_NONE:
        break;
    }
}

static bool is_reading(const struct net_ws *ws)
{
    return ws->state == WS_CLOSING || (ws->state == WS_OPEN && !ws->is_paused);
}

/* out: bytes used; the rest waits for the end of a pause */
static size_t take(struct net_ws *ws, char *bytes, size_t n)
{
    size_t at = 0;

    while (at < n && is_reading(ws)) {
        size_t piece = n - at < PIECE_MAX ? n - at : PIECE_MAX;
        struct ws_event event;

        if (ws->is_broken || ws->has_peer_closed)
            return n; /* RFC 6455, 5.5.1: nothing follows a close frame */
        at += ws_reader_read(&ws->reader, bytes + at, piece,
                             config_of(ws)->ws_message_bytes, &event);
        on_ws_event(ws, &event);
    }
    return at;
}

static void take_held(struct net_ws *ws)
{
    if (ws->held.n == 0 || !is_reading(ws))
        return;
    buf_consume(&ws->held, take(ws, ws->held.p, ws->held.n));
    if (ws->held.n == 0)
        buf_release(&ws->held);
}

static void read_some(struct net_ws *ws)
{
    char *scratch = ws->server->scratch;
    ssize_t n;
    size_t used;

    if (ws->held.n > 0 || !is_reading(ws))
        return;
    n = recv(ws->fd, scratch, SERVER_SCRATCH_BYTES, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        end(ws);
        return;
    }
    if (n < 0)
        return;
    used = take(ws, scratch, (size_t)n);
    if (used < (size_t)n && ws->state != WS_GONE)
        buf_append(&ws->held, scratch + used, (size_t)n - used);
}

/* --- a run -------------------------------------------------------------------------------- */

static void enter(struct net_ws *ws)
{
    ws->is_running = true;
    ws->server->busy++;
}

static void leave(struct net_ws *ws)
{
    int events = 0;

    ws->is_running = false;
    ws->server->busy--;
    if (ws->state == WS_GONE) {
        if (!ws->is_ready)
            free(ws);
        return;
    }
    if (is_reading(ws) && ws->held.n == 0)
        events |= LOOP_READABLE;
    if (ws->is_full)
        events |= LOOP_WRITABLE;
    if (events != ws->events)
        loop_watch_set(ws->watch, events);
    ws->events = events;
}

/* Everything that is due. */
static void run(struct net_ws *ws)
{
    take_held(ws);
    write_queued(ws);
    if (ws->state != WS_GONE)
        tell_drained(ws);
    if (ws->state != WS_GONE && !ws->queue)
        after_writing(ws);
}

static void on_event(void *arg, int events, bool is_error)
{
    struct net_ws *ws = arg;

    enter(ws);
    if (is_error) {
        end(ws);
    } else {
        if (events & LOOP_WRITABLE) {
            ws->is_full = false;
            run(ws);
        }
        if (events & LOOP_READABLE)
            read_some(ws);
    }
    leave(ws);
}

void ws_run_ready(struct net_server *s)
{
    struct net_ws *ws = s->ready_sockets;

    s->ready_sockets = NULL;
    while (ws) {
        struct net_ws *next = ws->next_ready;

        ws->is_ready = false;
        enter(ws);
        if (ws->state != WS_GONE)
            run(ws);
        leave(ws);
        ws = next;
    }
}

/* --- opening ------------------------------------------------------------------------------ */

/* RFC 6455, 4.2.2. */
static void put_accept(struct buf *b, struct str key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char proof[SHA1_BYTES], text[64];

    BUG_ON(key.n + sizeof(guid) > sizeof(text));
    memcpy(text, key.p, key.n);
    memcpy(text + key.n, guid, sizeof(guid) - 1);
    sha1((struct str){text, key.n + sizeof(guid) - 1}, proof);
    base64_put(b, (struct str){proof, sizeof(proof)});
}

/* out: false when the client is gone */
static bool answer(const struct ws_offer *offer)
{
    struct buf b;
    ssize_t n;
    bool is_sent;

    buf_init(&b, ANSWER_MAX);
    buf_append_c(&b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    put_accept(&b, offer->key);
    if (offer->protocol)
        buf_printf(&b, "\r\nSec-WebSocket-Protocol: %s", offer->protocol);
    buf_append_c(&b, "\r\n\r\n");
    BUG_ON(!buf_ok(&b));
    /* The first bytes of an empty send buffer (upgrade.c saw to that) are taken whole. */
    n = send(offer->fd, b.p, b.n, MSG_NOSIGNAL);
    is_sent = n == (ssize_t)b.n;
    buf_release(&b);
    return is_sent;
}

void ws_accept(struct net_server *s, const struct ws_offer *offer)
{
    const struct net_handler *handler = &s->config.handler;
    struct net_ws *ws = mem_zalloc(sizeof(*ws));
    bool is_answered = answer(offer);

    ws->server = s;
    ws->fd = offer->fd;
    memcpy(ws->peer, offer->peer, strnlen(offer->peer, PEER_BYTES - 1));
    buf_init(&ws->held, HELD_MAX);
    buf_append_str(&ws->held, offer->early);
    ws->watch = loop_watch_new(s->loop, ws->fd, on_event, ws);
    DL_APPEND(s->sockets, ws);
    s->n_sockets++;
    enter(ws);
    set_state(ws, WS_OPEN);
    ws->user = handler->on_open(handler->ctx, ws, offer->tag);
    if (!is_answered)
        end(ws); /* on_upgrade's promise of an on_open is kept */
    else if (ws->held.n > 0)
        run_later(ws);
    leave(ws);
}

/* --- for the handler ---------------------------------------------------------------------- */

bool net_ws_send(struct net_ws *ws, struct str head, struct str tail)
{
    size_t bytes = ws_frame_bytes(head.n + tail.n);

    if (ws->state != WS_OPEN)
        return true; /* on_close is near: nobody would read it */
    if (net_ws_waiting(ws) + bytes > config_of(ws)->outbound_bytes)
        return false;
    ws_queue_push(queue_of(ws), head, tail, loop_now_ms(ws->server->loop));
    run_later(ws);
    return true;
}

size_t net_ws_waiting(const struct net_ws *ws)
{
    return ws->queue ? ws_queue_waiting(ws->queue) : 0;
}

int64_t net_ws_behind_ms(const struct net_ws *ws)
{
    int64_t now = loop_now_ms(ws->server->loop);

    return ws->queue ? now - ws_queue_since_ms(ws->queue, now) : 0;
}

void net_ws_wants_drain(struct net_ws *ws)
{
    ws->wants_drain = true;
    run_later(ws);
}

void net_ws_drop_queue(struct net_ws *ws)
{
    if (ws->queue && ws->state == WS_OPEN) /* afterwards it ends with the close frame */
        ws_queue_drop(ws->queue);
}

void net_ws_pause(struct net_ws *ws)
{
    ws->is_paused = true;
    run_later(ws); /* stops watching */
}

void net_ws_resume(struct net_ws *ws)
{
    ws->is_paused = false;
    run_later(ws);
}

void net_ws_close(struct net_ws *ws, unsigned code, const char *reason)
{
    BUG_ON(code < 1000 || code > 4999 || code == 1005 || code == 1006 || code == 1015);
    if (ws->state == WS_OPEN)
        push_close(ws, code, reason ? str_of(reason) : STR(""));
}

struct str net_ws_peer(const struct net_ws *ws)
{
    return str_of(ws->peer);
}
