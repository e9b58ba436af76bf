/*
 * WebSockets. Per connection there is one small object; its queue exists only while it holds
 * something.
 * SPDX-License-Identifier: MIT
 */
#include "net/ws.h"

#include <stdlib.h>
#include <utlist.h>

#include "net/http_conn.h"
#include "net/ws_engine.h"
#include "net/ws_queue.h"

#include "base/banned.h"

enum {
    READ_PIECE =
        1024, /* bytes of payload a piece has at most; each connection holds so many */
    WRITE_PIECE = 65536,  /* bytes handed to libwebsockets at once */
    SERVICE_BUF = 16384,  /* of the context: a handshake, and what came early */
    HANDSHAKE_MAX = 2048, /* header table while a handshake is answered */
    REASON_MAX =
        123, /* RFC 6455, 5.5: a control frame has 125 bytes, the code takes two */
};

/* In order of life. */
enum ws_state {
    WS_OPENING, /* on_open was not called yet */
    WS_OPEN,
    WS_CLOSING, /* our close frame is queued or sent; the client's answer is waited for */
    WS_GONE     /* the socket is no more */
};

struct net_ws {
    struct ws_engine *engine;
    struct net_ws *prev, *next; /* of the engine's sockets */
    struct net_ws *prev_unsent, *next_unsent;
    struct lws *wsi; /* NULL: never opened, or gone */
    void *user;
    struct ws_queue *queue; /* owned; NULL while nothing waits */
    struct deadline closing;
    enum ws_state state;
    bool is_unsent;       /* of the engine's unsent ones */
    bool is_write_asked;  /* a writeable callback will come */
    bool is_in_fragments; /* of a message, frames came and the last one did not yet */
    bool has_peer_closed; /* its close frame came */
    bool wants_drain;
    char peer[PEER_BYTES];
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *session,
                  void *in, size_t len);

/* The first is for clients that name no sub-protocol; nobody can ask for it (ws_protocol_name). */
#define WS_PROTOCOL(name_)                                                               \
    {                                                                                    \
        .name = (name_), .callback = on_lws, .rx_buffer_size = READ_PIECE,               \
        .tx_packet_size = 1 << 30                                                        \
    }
const struct lws_protocols ws_protocols[] = {
    WS_PROTOCOL("none"),      WS_PROTOCOL("v12.stomp"), WS_PROTOCOL("v11.stomp"),
    WS_PROTOCOL("v10.stomp"), {.name = NULL},
};

const char *ws_protocol_name(struct str name)
{
    for (size_t i = 1; ws_protocols[i].name; i++)
        if (str_eq(name, str_of(ws_protocols[i].name)))
            return ws_protocols[i].name;
    return NULL;
}

static void set_state(struct net_ws *ws, enum ws_state to)
{
    static const bool allowed[WS_GONE + 1][WS_GONE + 1] = {
        [WS_OPENING] = {[WS_OPEN] = true, [WS_GONE] = true},
        [WS_OPEN] = {[WS_CLOSING] = true, [WS_GONE] = true},
        [WS_CLOSING] = {[WS_GONE] = true},
    };

    BUG_ON(!allowed[ws->state][to]);
    ws->state = to;
}

static const struct net_config *config_of(const struct net_ws *ws)
{
    return &ws->engine->server->config;
}

static void set_unsent(struct net_ws *ws, bool is_unsent)
{
    if (is_unsent == ws->is_unsent)
        return;
    ws->is_unsent = is_unsent;
    if (is_unsent)
        DL_APPEND2(ws->engine->unsent, ws, prev_unsent, next_unsent);
    else
        DL_DELETE2(ws->engine->unsent, ws, prev_unsent, next_unsent);
}

/* For when the socket may be full: this way each time costs four calls of epoll_ctl. */
static void ask_to_write(struct net_ws *ws)
{
    if (ws->is_write_asked || !ws->wsi)
        return;
    set_unsent(ws, false);
    ws->is_write_asked = true;
    lws_callback_on_writable(ws->wsi);
}

/*
 * What was queued leaves at the end of the turn, or when the socket takes bytes again. Between the
 * fragments of a message there may have been a ping: libwebsockets sends its pong before a writeable
 * callback, and so before the answer to the message.
 */
static void write_soon(struct net_ws *ws)
{
    if (ws->is_in_fragments)
        ask_to_write(ws);
    else if (!ws->is_write_asked && ws->wsi)
        set_unsent(ws, true);
}

/* --- what libwebsockets tells ------------------------------------------------------------- */

static void open_ws(struct net_ws *ws, struct lws *wsi, void *tag)
{
    const struct net_handler *handler = &config_of(ws)->handler;

    ws->wsi = wsi;
    set_state(ws, WS_OPEN);
    ws->user = handler->on_open(handler->ctx, ws, tag);
}

static void drop_ws(struct net_ws *ws)
{
    ws->wsi = NULL;
    set_state(ws, WS_GONE);
    set_unsent(ws, false);
    deadline_clear(&ws->closing);
    config_of(ws)->handler.on_close(ws->user);
    DL_DELETE(ws->engine->sockets, ws);
    ws->engine->server->n_sockets--;
    if (ws->queue)
        outq_release(&ws->queue->frames);
    free(ws->queue);
    free(ws);
}

static void receive(struct net_ws *ws, const char *p, size_t n)
{
    size_t rest = lws_remaining_packet_payload(ws->wsi);
    bool is_last = lws_is_final_fragment(ws->wsi) != 0;

    if (ws->state != WS_OPEN || ws->has_peer_closed) /* RFC 6455, 5.5.1 */
        return;
    /* Of one frame, n and what is to come never exceed what it announced. */
    if (n + rest > config_of(ws)->ws_message_bytes) {
        net_ws_close(ws, 1009, err_info(ERR_FRAME_TOO_LARGE)->code);
        return;
    }
    ws->is_in_fragments = ws->is_in_fragments || (!is_last && rest == 0);
    config_of(ws)->handler.on_data(ws->user, (struct str){n ? p : "", n}, is_last);
    if (is_last)
        ws->is_in_fragments = false;
}

/* out: false when the socket is broken */
static bool write_queued(struct net_ws *ws)
{
    struct ws_queue *q = ws->queue;
    struct str s;
    unsigned char *bytes;

    if (!q)
        return true;
    ws_queue_gone(q); /* libwebsockets calls only when it holds nothing any more */
    s = ws_queue_next(q, WRITE_PIECE);
    if (s.n > 0) {
        bytes = (unsigned char *)q->frames.mem + q->frames.start;
        if (lws_write(ws->wsi, bytes, s.n, LWS_WRITE_RAW) < 0)
            return false;
        ws_queue_hand_on(q, s.n);
        if (!lws_partial_buffered(ws->wsi))
            ws_queue_gone(q);
    }
    if (ws_queue_waiting(q) > 0) {
        ask_to_write(ws);
    } else {
        free(q);
        ws->queue = NULL;
    }
    return true;
}

/* out: -1 when the socket is broken */
static int on_writeable(struct net_ws *ws)
{
    ws->is_write_asked = false;
    if (!write_queued(ws))
        return -1;
    if (ws->wants_drain && ws->state == WS_OPEN &&
        net_ws_waiting(ws) < config_of(ws)->outbound_bytes / 2) {
        ws->wants_drain = false;
        config_of(ws)->handler.on_drain(ws->user);
    }
    return 0;
}

/* A socket that is fairly full waits for its writeable callback: the rest of its room is for the last
 * words to somebody who does not read. A broken one is left to that callback too, which may end it. */
void ws_write_unsent(struct ws_engine *engine)
{
    struct net_ws *ws;

    while ((ws = engine->unsent)) {
        set_unsent(ws, false);
        if (lws_send_pipe_choked(ws->wsi) || !write_queued(ws))
            ask_to_write(ws);
    }
}

/*
 * A close frame came. The answer to ours ends the connection (-1); any other is answered by
 * libwebsockets (0).
 */
static int on_peer_close(struct net_ws *ws)
{
    ws->has_peer_closed = true;
    return ws->state == WS_CLOSING && !ws->queue ? -1 : 0;
}

static void on_established(struct lws *wsi)
{
    struct ws_engine *engine = lws_context_user(lws_get_context(wsi));
    struct net_ws *ws = engine->opening;

    engine->opening = NULL;
    lws_set_opaque_user_data(wsi, ws);
    open_ws(ws, wsi, ws->user);
}

static int on_ws_event(struct net_ws *ws, enum lws_callback_reasons reason, void *in,
                       size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_RECEIVE:
        receive(ws, in, len);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writeable(ws);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_peer_close(ws);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data(ws->wsi, NULL);
        drop_ws(ws);
        return 0;
    default:
        return 0;
    }
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *session,
                  void *in, size_t len)
{
    struct net_ws *ws;
    int rc = 0;

    (void)session;
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        on_established(wsi);
        return 0;
    }
    /* Callbacks of the context come with a wsi that is none; it has no opaque data. */
    ws = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (ws) {
        struct net_server *server = ws->engine->server;

        server->busy++;
        rc = on_ws_event(ws, reason, in, len);
        server->busy--;
    }
    return rc;
}

void ws_drop_all(struct ws_engine *engine)
{
    struct net_ws *ws, *next;

    DL_FOREACH_SAFE(engine->sockets, ws, next)
    {
        struct lws *wsi = ws->wsi;

        lws_set_opaque_user_data(wsi, NULL);
        drop_ws(ws);
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    }
}

/* --- opening ------------------------------------------------------------------------------ */

/* The handshake again, reduced to what libwebsockets needs to answer it. */
static void put_handshake(struct buf *b, const struct ws_offer *offer)
{
    buf_append_c(b, "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: ");
    buf_append_str(b, offer->key);
    if (offer->protocol)
        buf_printf(b, "\r\nSec-WebSocket-Protocol: %s", offer->protocol);
    buf_append_c(b, "\r\n\r\n");
    buf_append_str(b, offer->early);
    BUG_ON(!buf_ok(b));
}

void ws_accept(struct ws_engine *engine, const struct ws_offer *offer)
{
    struct net_ws *ws = mem_zalloc(sizeof(*ws));
    struct lws_vhost *vhost = lws_get_vhost_by_name(engine->context, "default");
    struct buf handshake;
    struct lws *wsi;

    ws->engine = engine;
    ws->user = offer->tag; /* until on_open */
    memcpy(ws->peer, offer->peer, strnlen(offer->peer, PEER_BYTES - 1));
    DL_APPEND(engine->sockets, ws);
    engine->server->n_sockets++;
    engine->opening = ws;
    buf_init(&handshake, WS_HANDSHAKE_MAX + HTTP_HEAD_MAX + 2 * SERVER_SCRATCH_BYTES);
    put_handshake(&handshake, offer);
    wsi = lws_adopt_socket_vhost_readbuf(vhost, offer->fd, handshake.p, handshake.n);
    buf_release(&handshake);
    if (engine->opening != ws)
        return;

    /* The client left in this very moment: on_upgrade's promise of an on_open is kept. */
    engine->opening = NULL;
    if (wsi)
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    open_ws(ws, NULL, ws->user);
    drop_ws(ws);
}

/* --- sending and closing ------------------------------------------------------------------ */

static struct ws_queue *queue_of(struct net_ws *ws)
{
    if (!ws->queue)
        ws->queue = mem_zalloc(sizeof(*ws->queue));
    return ws->queue;
}

bool net_ws_send(struct net_ws *ws, struct str head, struct str tail)
{
    size_t bytes = ws_frame_bytes(head.n + tail.n);

    if (ws->state != WS_OPEN || !ws->wsi)
        return true; /* on_close is near: nobody would read it */
    if (net_ws_waiting(ws) + bytes > config_of(ws)->outbound_bytes)
        return false;
    ws_queue_push(queue_of(ws), head, tail, loop_now_ms(ws->engine->server->loop));
    write_soon(ws);
    return true;
}

size_t net_ws_waiting(const struct net_ws *ws)
{
    return ws->queue ? ws_queue_waiting(ws->queue) : 0;
}

int64_t net_ws_behind_ms(const struct net_ws *ws)
{
    int64_t now = loop_now_ms(ws->engine->server->loop);

    return ws->queue ? now - ws_queue_since_ms(ws->queue, now) : 0;
}

void net_ws_wants_drain(struct net_ws *ws)
{
    ws->wants_drain = true;
    ask_to_write(ws);
}

void net_ws_drop_queue(struct net_ws *ws)
{
    if (ws->queue && ws->state == WS_OPEN) /* afterwards it ends with the close frame */
        ws_queue_drop(ws->queue);
}

void net_ws_pause(struct net_ws *ws)
{
    if (ws->state == WS_OPEN && ws->wsi)
        lws_rx_flow_control(ws->wsi, 0);
}

void net_ws_resume(struct net_ws *ws)
{
    if (ws->wsi)
        lws_rx_flow_control(ws->wsi, 1);
}

/*
 * The close frame is ours like any other. By libwebsockets' own way (lws_close_reason and -1)
 * Debian's build drops it when the close begins in a writeable callback, and each closing socket
 * passes through a sorted list of all of them: 10,000 at once took longer than they may.
 */
void net_ws_close(struct net_ws *ws, unsigned code, const char *reason)
{
    struct net_server *server = ws->engine->server;

    BUG_ON(code < 1000 || code > 4999 || code == 1005 || code == 1006 || code == 1015);
    if (ws->state != WS_OPEN || !ws->wsi)
        return;
    set_state(ws, WS_CLOSING);
    ws_queue_push_close(queue_of(ws), code, reason ? str_of(reason) : STR(""),
                        loop_now_ms(server->loop));
    net_ws_resume(ws); /* the client's answer must be read */
    server_set_deadline(server, &ws->closing, DEADLINE_WS_CLOSE);
    write_soon(ws);
}

void ws_expired(struct deadline *d)
{
    struct net_ws *ws = (void *)((char *)d - offsetof(struct net_ws, closing));

    if (!lws_partial_buffered(ws->wsi)) {
        lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
        return;
    }
    /* Only a time-out does not wait for the bytes that libwebsockets still holds; and it looks
     * at time-outs after an event. */
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    lws_cancel_service(ws->engine->context);
}

struct str net_ws_peer(const struct net_ws *ws)
{
    return str_of(ws->peer);
}
