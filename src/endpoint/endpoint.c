/* SPDX-License-Identifier: MIT */
#include "endpoint/endpoint.h"

#include <stdlib.h>

#include "auth/auth.h"
#include "endpoint/rest.h"
#include "endpoint/stomp_conn.h"
#include "endpoint/typing.h"
#include "endpoint/users.h"
#include "endpoint/window.h"
#include "sockjs/sockjs.h"

#include "base/banned.h"

enum {
    TICK_MS = 1000,
    SOCKJS_BEAT_MS = 25000,
    SOCKJS_DISCONNECT_MS = 5000,
    SOCKJS_STREAM_BYTES = 128 << 10,
    SOCKJS_SESSIONS_MAX = 20000,
    SCRATCH_MAX = 64 << 20, /* one frame: bounded by limits.frame_bytes and the columns */
};

struct endpoint {
    struct hub *hub;
    struct sockjs_server *sockjs;
    struct net_server *main, *admin;
};

static enum err on_upgrade(void *ctx, const struct net_request *up, void **tag_out)
{
    struct endpoint *e = ctx;

    return sockjs_on_upgrade(e->sockjs, up, tag_out);
}

static void *on_open(void *ctx, struct net_ws *ws, void *tag)
{
    struct endpoint *e = ctx;

    return sockjs_on_open(e->sockjs, ws, tag);
}

static void on_request(void *ctx, struct net_request *req)
{
    struct endpoint *e = ctx;

    if (!sockjs_on_request(e->sockjs, req))
        rest_request(e->hub, req, false);
}

static enum err on_admin_upgrade(void *ctx, const struct net_request *up, void **tag_out)
{
    (void)ctx;
    (void)up;
    (void)tag_out;
    return ERR_NOT_FOUND;
}

static void on_admin_request(void *ctx, struct net_request *req)
{
    struct endpoint *e = ctx;

    rest_request(e->hub, req, true);
}

static bool is_origin_allowed(void *ctx, const struct net_request *req, struct str origin)
{
    struct hub *hub = ctx;

    (void)origin; /* read again from the request */
    return auth_origin_allowed(hub->auth, req);
}

static struct sockjs_server *make_sockjs(struct hub *hub)
{
    struct sockjs_config config = {
        .prefix = STR("/ws-stomp"),
        .handler = stomp_handler,
        .is_origin_allowed = is_origin_allowed,
        .origin_ctx = hub,
        .outbound_bytes = (size_t)hub->settings->limits_outbound_bytes,
        .stream_bytes = SOCKJS_STREAM_BYTES,
        .max_sessions = SOCKJS_SESSIONS_MAX,
        .heartbeat_ms = SOCKJS_BEAT_MS,
        .disconnect_ms = SOCKJS_DISCONNECT_MS,
    };

    config.handler.ctx = hub;
    return sockjs_server_new(hub->loop, &config);
}

static struct net_config net_config_of(struct endpoint *e)
{
    const struct settings *s = e->hub->settings;

    return (struct net_config){
        .body_bytes = (size_t)s->limits_body_bytes,
        .ws_message_bytes =
            (size_t)s->limits_frame_bytes * 2, /* a message may hold several */
        .outbound_bytes = (size_t)s->limits_outbound_bytes,
        .header_timeout_ms = (int)s->limits_header_timeout,
        .log = e->hub->log,
        .handler =
            {
                .ctx = e,
                .on_upgrade = on_upgrade,
                .on_open = on_open,
                .on_data = sockjs_on_data,
                .on_drain = sockjs_on_drain,
                .on_close = sockjs_on_close,
                .on_request = on_request,
                .on_abandon = request_user_abandon,
                .on_error = rest_error_body,
            },
    };
}

/* SockJS posts several frames at once, escaped as JSON. */
static size_t body_limit(void *ctx, const struct net_head *head)
{
    struct endpoint *e = ctx;
    int64_t rest = e->hub->settings->limits_body_bytes;
    int64_t sockjs = e->hub->settings->limits_frame_bytes * 4;

    if (str_starts(head->path, STR("/ws-stomp/")) && sockjs > rest)
        return (size_t)sockjs;
    return (size_t)rest;
}

static bool listen_main(struct endpoint *e, struct settings *settings, struct why *why)
{
    struct net_config config = net_config_of(e);
    bool is_trust = settings->auth_mode == SETTINGS_AUTH_MODE_TRUST;

    config.address = settings->server_address;
    if (config.address.n == 0)
        config.address = is_trust ? STR("127.0.0.1") : STR("0.0.0.0");
    config.port = (int)settings->server_port;
    config.handler.body_limit = body_limit;
    e->main = net_server_new(e->hub->loop, &config, why);
    if (!e->main)
        return false;
    settings->server_port = net_server_port(e->main);
    if (is_trust && settings->server_address.n > 0)
        LOG_WARN(
            e->hub->log, "auth.trust",
            LOG_C("why", "callers are believed; use auth.mode=gateway or jwt in public"));
    return true;
}

static bool listen_admin(struct endpoint *e, struct settings *settings, struct why *why)
{
    struct net_config config = net_config_of(e);

    config.address = settings->admin_address;
    config.port = (int)settings->admin_port;
    config.handler.on_upgrade = on_admin_upgrade;
    config.handler.on_request = on_admin_request;
    e->admin = net_server_new(e->hub->loop, &config, why);
    if (!e->admin)
        return false;
    settings->admin_port = net_server_port(e->admin);
    return true;
}

static void on_tick(void *arg)
{
    stomp_tick(arg);
    users_sweep(arg, false);
}

struct endpoint *endpoint_new(struct hub *hub, struct settings *settings, struct why *why)
{
    struct endpoint *e = mem_zalloc(sizeof(*e));

    e->hub = hub;
    buf_init(&hub->scratch, SCRATCH_MAX);
    hub->room_window =
        window_new(hub->loop, settings->limits_rooms_per_hour, WINDOW_HOUR_MS);
    hub->inquiry_window =
        window_new(hub->loop, settings->limits_inquiries_per_hour, WINDOW_HOUR_MS);
    hub->typing = typing_relay_new(hub);
    hub->tick = loop_timer_new(hub->loop, on_tick, hub);
    loop_timer_start(hub->tick, TICK_MS, TICK_MS);
    e->sockjs = make_sockjs(hub);
    if (listen_main(e, settings, why) && listen_admin(e, settings, why))
        return e;
    endpoint_free(&e);
    return NULL;
}

void endpoint_stop_listening(struct endpoint *e)
{
    e->hub->is_draining = true;
    net_server_stop_listening(e->main);
}

size_t endpoint_close_some(struct endpoint *e, size_t n)
{
    return stomp_close_some(e->hub, n, ERR_SHUTTING_DOWN);
}

void endpoint_free(struct endpoint **e)
{
    struct endpoint *old = *e;

    if (!old)
        return;
    *e = NULL;
    net_server_free(&old->main);
    net_server_free(&old->admin);
    sockjs_server_free(&old->sockjs);
    loop_timer_free(&old->hub->tick);
    typing_relay_free(&old->hub->typing);
    users_sweep(old->hub, true);
    window_free(&old->hub->room_window);
    window_free(&old->hub->inquiry_window);
    free(old);
}
