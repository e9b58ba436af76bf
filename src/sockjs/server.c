/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sockjs/answer_internal.h"
#include "sockjs/sockjs_internal.h"

#include "base/banned.h"

static char *copy(struct str s)
{
    char *p = mem_alloc(s.n + 1);

    memcpy(p, s.p, s.n);
    return p;
}

/* --- news --------------------------------------------------------------------------------- */

/* Telling may bring further news; those come with the next turn. */
static void tell_news(void *arg)
{
    struct sockjs_server *server = arg;
    struct sockjs_session *s = server->news;

    server->news = NULL;
    while (s) {
        struct sockjs_session *next = s->next_news;

        s->next_news = NULL;
        sockjs_session_tell(s);
        s = next;
    }
}

void sockjs_news(struct sockjs_session *s, enum session_news news)
{
    struct sockjs_server *server = s->server;

    if (s->news == 0) {
        s->next_news = server->news;
        server->news = s;
        loop_timer_start(server->news_timer, 0, 0);
    }
    s->news |= news;
}

/* --- life --------------------------------------------------------------------------------- */

struct sockjs_server *sockjs_server_new(struct loop *loop,
                                        const struct sockjs_config *config)
{
    struct sockjs_server *server = mem_zalloc(sizeof(*server));

    server->config = *config;
    server->config.prefix.p = copy(config->prefix);
    server->loop = loop;
    server->news_timer = loop_timer_new(loop, tell_news, server);
    buf_init(&server->scratch, SIZE_MAX / 2);
    return server;
}

void sockjs_server_free(struct sockjs_server **serverp)
{
    struct sockjs_server *server = *serverp;
    struct sockjs_session *s, *next;

    if (!server)
        return;
    *serverp = NULL;
    HASH_ITER(hh, server->sessions, s, next)
    {
        sockjs_session_free(s);
    }
    loop_timer_free(&server->news_timer);
    buf_release(&server->scratch);
    free((void *)(uintptr_t)server->config.prefix.p);
    free(server);
}

struct buf *sockjs_scratch(struct sockjs_server *server)
{
    if (server->scratch.cap > 65536) /* a rare large one is not kept */
        buf_release(&server->scratch);
    buf_reset(&server->scratch);
    return &server->scratch;
}

size_t sockjs_server_sessions(const struct sockjs_server *server)
{
    return HASH_COUNT(server->sessions);
}

/* --- routing ------------------------------------------------------------------------------ */

/* The path behind prefix; no value if it is not below it. */
static struct str below(const struct sockjs_server *server, const struct net_request *req)
{
    struct str path = net_request_head(req)->path;
    struct str rest = str_from(path, server->config.prefix.n);

    if (!str_starts(path, server->config.prefix) || (rest.n > 0 && rest.p[0] != '/'))
        return STR_NULL;
    return rest;
}

static bool is_id(struct str s)
{
    return s.n > 0 && str_find(s, '.') == s.n;
}

/* "/{server}/{session}/{transport}"; the server part is for balancers only. */
static bool read_path(struct str path, struct str *id_out,
                      enum sockjs_transport *transport_out)
{
    struct str rest = str_from(path, 1), server, transport;

    return str_split(&rest, '/', &server) && str_split(&rest, '/', id_out) &&
           str_split(&rest, '/', &transport) && !rest.p && is_id(server) &&
           is_id(*id_out) && sockjs_transport_of(transport, transport_out);
}

static bool is_origin_refused(const struct sockjs_server *server,
                              const struct net_request *req)
{
    struct str origin = net_request_header(req, "origin", NULL);

    return origin.p && server->config.is_origin_allowed &&
           !server->config.is_origin_allowed(server->config.origin_ctx, req, origin);
}

static void answer_session(struct sockjs_server *server, struct net_request *req,
                           struct str id, enum sockjs_transport transport)
{
    enum net_method method = net_request_head(req)->method;
    bool is_get = transport == SOCKJS_WEBSOCKET || transport == SOCKJS_EVENTSOURCE ||
                  transport == SOCKJS_HTMLFILE;

    if (method == NET_OPTIONS)
        sockjs_answer_options(req, is_get ? "OPTIONS, GET" : "OPTIONS, POST");
    else if (method != (is_get ? NET_GET : NET_POST))
        sockjs_answer_not_allowed(req, is_get ? "OPTIONS, GET" : "OPTIONS, POST");
    else if (transport == SOCKJS_WEBSOCKET)
        sockjs_answer_no_upgrade(req);
    else if (transport == SOCKJS_XHR_SEND)
        sockjs_send_request(server, id, req);
    else
        sockjs_session_receive(server, id, transport, req);
}

static void answer_info_path(struct net_request *req)
{
    switch (net_request_head(req)->method) {
    case NET_GET:
    case NET_HEAD:
        sockjs_answer_info(req);
        break;
    case NET_OPTIONS:
        sockjs_answer_options(req, "OPTIONS, GET");
        break;
    case NET_POST:
    case NET_PUT:
    case NET_PATCH:
    case NET_DELETE:
    case NET_OTHER:
        sockjs_answer_not_allowed(req, "OPTIONS, GET");
        break;
    }
}

bool sockjs_on_request(struct sockjs_server *server, struct net_request *req)
{
    struct str path = below(server, req), id;
    enum sockjs_transport transport;

    if (!path.p)
        return false;
    if (is_origin_refused(server, req))
        net_respond(req, 403, STR_NULL, STR("Invalid CORS request"), NULL);
    else if (str_is_empty(path) || str_eq(path, STR("/websocket")))
        sockjs_answer_no_upgrade(req);
    else if (str_eq(path, STR("/")))
        sockjs_answer_text(req, 200, STR("Welcome to SockJS!\n"));
    else if (str_eq(path, STR("/info")))
        answer_info_path(req);
    else if (read_path(path, &id, &transport))
        answer_session(server, req, id, transport);
    else
        sockjs_answer_empty(req, 404);
    return true;
}

enum err sockjs_on_upgrade(struct sockjs_server *server, const struct net_request *up,
                           void **tag_out)
{
    struct str path = below(server, up), id;
    enum sockjs_transport transport;
    bool is_raw = str_eq(path, STR("")) || str_eq(path, STR("/websocket"));

    if (!path.p ||
        (!is_raw && (!read_path(path, &id, &transport) || transport != SOCKJS_WEBSOCKET)))
        return ERR_NOT_FOUND;
    if (is_origin_refused(server, up))
        return ERR_FORBIDDEN;
    return sockjs_ws_accept(server, up, is_raw, tag_out);
}
