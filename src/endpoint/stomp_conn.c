/*
 * The life of a connection: open, CONNECT, the regular look at its clocks, the end.
 * SPDX-License-Identifier: MIT
 */
#include "endpoint/stomp_conn.h"

#include <stdlib.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "endpoint/presence.h"
#include "endpoint/stomp_in.h"

#include "base/banned.h"

enum {
    FRAME_ARENA_MAX = 32 << 20, /* decoded frame: far above limits.frame_bytes' ceiling */
    CONNECT_FRAME_BYTES = 8192,
    STOMP_HEADER_BYTES = 4096,
    PEER_DEAD_MIN_MS = 75000, /* background tabs throttle timers to once a minute */
    REFRESH_EVERY_MS = 60000,
};

void stomp_set_state(struct stomp_conn *c, enum stomp_state to)
{
    static const bool allowed[5][5] = {
        [STOMP_STATE_NEW] = {[STOMP_STATE_CONNECTED] = true,
                             [STOMP_STATE_CLOSING] = true,
                             [STOMP_STATE_CLOSED] = true},
        [STOMP_STATE_CONNECTED] = {[STOMP_STATE_LEAVING] = true,
                                   [STOMP_STATE_CLOSING] = true,
                                   [STOMP_STATE_CLOSED] = true},
        [STOMP_STATE_LEAVING] =
            {[STOMP_STATE_CLOSING] = true, [STOMP_STATE_CLOSED] = true},
        [STOMP_STATE_CLOSING] = {[STOMP_STATE_CLOSED] = true},
    };

    BUG_ON(!allowed[c->state][to]);
    c->state = to;
}

struct stomp_conn *stomp_conn_ref(struct stomp_conn *c)
{
    c->refs++;
    return c;
}

/* The last reference but the link's is gone: every frame before DISCONNECT is answered. */
static void leave_if_idle(struct stomp_conn *c)
{
    if (c->state != STOMP_STATE_LEAVING || c->refs > 1)
        return;
    stomp_out_receipt(c, c->leave_receipt);
    if (c->state != STOMP_STATE_LEAVING)
        return; /* a slow consumer */
    stomp_set_state(c, STOMP_STATE_CLOSING);
    link_close(c->link, 1000, "");
}

void stomp_leave(struct stomp_conn *c, struct str receipt)
{
    c->leave_receipt = str_dup(receipt);
    stomp_set_state(c, STOMP_STATE_LEAVING);
    leave_if_idle(c);
}

void stomp_conn_unref(struct stomp_conn **c)
{
    struct stomp_conn *old = *c;

    if (!old)
        return;
    *c = NULL;
    if (--old->refs > 0) {
        leave_if_idle(old);
        return;
    }
    BUG_ON(old->state != STOMP_STATE_CLOSED);
    arena_release(&old->arena);
    str_free(&old->gateway_user);
    str_free(&old->leave_receipt);
    free(old);
}

/* --- open and close ----------------------------------------------------------------------- */

/* What on_accept learned of the caller, for on_open. */
struct accepted {
    struct str user; /* owned; no value: none */
};

/* The gateway's word for who calls; in the other modes CONNECT tells. */
static enum err gateway_identity(struct hub *hub, const struct net_request *req,
                                 struct arena *a, struct str *user_out)
{
    struct auth_identity identity;
    enum err rc;

    *user_out = STR_NULL;
    if (hub->settings->auth_mode != SETTINGS_AUTH_MODE_GATEWAY)
        return ERR_OK;
    rc = auth_of_request(hub->auth, req, a, &identity);
    if (rc != ERR_OK)
        return rc;
    *user_out = identity.user;
    return identity.user.p ? ERR_OK : ERR_AUTH_REQUIRED;
}

static enum err on_accept(void *ctx, const struct net_request *req, void **tag_out)
{
    struct hub *hub = ctx;
    struct accepted *accepted;
    struct arena arena;
    struct str user;
    enum err rc;

    if (hub->is_draining)
        return ERR_SHUTTING_DOWN;
    if (!auth_origin_allowed(hub->auth, req))
        return ERR_FORBIDDEN;
    arena_init(&arena, SIZE_MAX);
    rc = gateway_identity(hub, req, &arena, &user);
    if (rc == ERR_OK) {
        accepted = mem_zalloc(sizeof(*accepted));
        accepted->user = str_dup(user);
        *tag_out = accepted;
    }
    arena_release(&arena);
    return rc;
}

/* Whoever knows the id of a SockJS session must still be who opened it. */
static enum err on_again(void *user, const struct net_request *req)
{
    struct stomp_conn *c = user;
    struct arena arena;
    struct str caller;
    enum err rc;

    arena_init(&arena, SIZE_MAX);
    rc = gateway_identity(c->hub, req, &arena, &caller);
    if (rc == ERR_OK && !str_eq(caller, c->gateway_user))
        rc = ERR_FORBIDDEN;
    arena_release(&arena);
    return rc;
}

static void *on_open(void *ctx, struct link link, void *tag)
{
    struct hub *hub = ctx;
    struct accepted *accepted = tag;
    struct stomp_conn *c = mem_zalloc(sizeof(*c));
    const struct stomp_limits limits = {
        .frame_bytes = (size_t)hub->settings->limits_frame_bytes,
        .connect_frame_bytes = CONNECT_FRAME_BYTES,
        .headers = (size_t)hub->settings->limits_headers,
        .header_bytes = STOMP_HEADER_BYTES,
    };

    c->hub = hub;
    c->link = link;
    c->refs = 1;
    c->gateway_user = accepted->user;
    free(accepted);
    c->session = uuid_v4();
    c->parser = stomp_parser_new(&limits, stomp_in_frame, c);
    c->opened_ms = c->heard_ms = c->sent_ms = loop_now_ms(hub->loop);
    arena_init(&c->arena, FRAME_ARENA_MAX);
    c->next = hub->conns;
    if (hub->conns)
        hub->conns->prev = c;
    hub->conns = c;
    hub->n_conns++;
    LOG_DEBUG(hub->log, "stomp.opened", LOG_STR("session", uuid_str(&c->session)),
              LOG_STR("peer", link_peer(link)), LOG_C("transport", link.vtable->name));
    return c;
}

static void leave_user(struct stomp_conn *c)
{
    struct stomp_conn **at;

    if (!c->user)
        return;
    presence_end(c);
    for (at = &c->user->conns; *at != c; at = &(*at)->next_of_user)
        BUG_ON(!*at);
    *at = c->next_of_user;
    c->user->n_conns--;
    user_put(c->hub, &c->user);
}

static void on_close(void *user)
{
    struct stomp_conn *c = user;
    struct hub *hub = c->hub;

    LOG_INFO(hub->log, "stomp.closed", LOG_STR("session", uuid_str(&c->session)),
             LOG_STR("user", c->user ? c->user->id : STR("")));
    stomp_set_state(c, STOMP_STATE_CLOSED);
    stomp_subs_drop(c);
    stomp_transactions_drop(c);
    stomp_pace_end(c);
    leave_user(c);
    stomp_parser_free(&c->parser);
    if (c->prev)
        c->prev->next = c->next;
    else
        hub->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    hub->n_conns--;
    stomp_conn_unref(&c);
}

static void on_data(void *user, struct str piece, bool is_last)
{
    struct stomp_conn *c = user;
    struct why why = {.text = ""};
    enum err rc;

    (void)is_last; /* a frame may span messages, and a message may hold several */
    if (c->state == STOMP_STATE_LEAVING || c->state == STOMP_STATE_CLOSING)
        return;
    c->heard_ms = loop_now_ms(c->hub->loop);
    if (c->hub->is_draining)
        return; /* not taken, so not receipted: else the drain lasts as long as there is load */
    rc = stomp_parser_feed(c->parser, piece, &why);
    if (rc != ERR_OK && c->state != STOMP_STATE_LEAVING)
        stomp_fail(c, rc, stomp_parser_failed_receipt(c->parser), STR(""), why.text);
}

static void on_drain(void *user)
{
    stomp_subs_resume(user);
}

const struct link_handler stomp_handler = {
    .on_accept = on_accept,
    .on_again = on_again,
    .on_open = on_open,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_close = on_close,
};

/* --- CONNECT ------------------------------------------------------------------------------ */

static enum err connect_identity(struct stomp_conn *c, const struct stomp_frame *f,
                                 struct auth_identity *out)
{
    struct str token = stomp_header(f, "Authorization");

    *out = (struct auth_identity){0};
    switch ((enum settings_auth_mode)c->hub->settings->auth_mode) {
    case SETTINGS_AUTH_MODE_TRUST:
        out->user = stomp_header(f, "sender");
        break;
    case SETTINGS_AUTH_MODE_GATEWAY:
        out->user = c->gateway_user;
        break;
    case SETTINGS_AUTH_MODE_JWT:
        if (str_starts(token, STR("Bearer ")))
            token = str_from(token, 7);
        else if (!token.p)
            token = stomp_header(f, "passcode");
        return auth_of_token(c->hub->auth, token, &c->arena, out);
    }
    return auth_user_is_valid(out->user) ? ERR_OK : ERR_AUTH_REQUIRED;
}

/* One connection too many of the user: the oldest goes. */
static void replace_oldest(struct stomp_conn *c)
{
    struct stomp_conn *oldest = NULL;
    size_t open = 0;

    for (struct stomp_conn *o = c->user->conns; o; o = o->next_of_user) {
        if (o->state != STOMP_STATE_CONNECTED)
            continue;
        open++;
        oldest = o;
    }
    if ((int64_t)open > c->hub->settings->limits_connections_per_user && oldest != c)
        stomp_fail(oldest, ERR_REPLACED, STR_NULL, STR(""), NULL);
}

static void join_user(struct stomp_conn *c, struct str id)
{
    c->user = user_get(c->hub, id);
    c->next_of_user = c->user->conns;
    c->user->conns = c;
    c->user->n_conns++;
}

enum err stomp_on_connect(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct hub *hub = c->hub;
    struct auth_identity identity;
    int64_t now = loop_now_ms(hub->loop), expires_in_ms = 0;
    bool can_beat;
    enum err rc;

    rc = stomp_negotiate_version(stomp_header(f, "accept-version"), &c->version);
    if (rc != ERR_OK)
        return rc;
    can_beat = stomp_can_beat(c);
    rc = stomp_negotiate_heartbeat(can_beat ? stomp_header(f, "heart-beat") : STR_NULL,
                                   can_beat ? STOMP_BEAT_MS : 0,
                                   can_beat ? STOMP_BEAT_MS : 0, &c->heartbeat);
    if (rc == ERR_OK)
        rc = connect_identity(c, f, &identity);
    if (rc != ERR_OK)
        return rc;
    if (identity.expires_ns > 0) {
        expires_in_ms = (identity.expires_ns - clock_real_ns()) / NS_PER_MS;
        c->expires_ms = now + expires_in_ms;
    }
    stomp_parser_set_version(c->parser, c->version);
    join_user(c, identity.user);
    stomp_set_state(c, STOMP_STATE_CONNECTED);
    c->refreshed_ms = now;
    c->connect_civil_ns = clock_civil_ns(clock_real_ns());
    hub->stats.connects++;
    LOG_INFO(hub->log, "stomp.connected", LOG_STR("user", c->user->id),
             LOG_STR("session", uuid_str(&c->session)),
             LOG_STR("peer", link_peer(c->link)),
             LOG_C("version", stomp_version_text(c->version)));
    stomp_out_connected(c, expires_in_ms);
    presence_begin(c);
    if (hub->settings->limits_connections_per_user > 0)
        replace_oldest(c);
    return ERR_OK;
}

/* --- clocks ------------------------------------------------------------------------------- */

static enum err tick_verdict(const struct stomp_conn *c, int64_t now)
{
    const struct settings *s = c->hub->settings;
    int64_t behind = link_behind_ms(c->link);
    int64_t dead_after = 3 * c->heartbeat.expect_ms;

    if (c->state == STOMP_STATE_NEW)
        return now - c->opened_ms > s->limits_connect_timeout ? ERR_CONNECT_TIMEOUT
                                                              : ERR_OK;
    if (s->limits_outbound_delay > 0 && behind > s->limits_outbound_delay)
        return ERR_SLOW_CONSUMER;
    if (c->expires_ms > 0 && now >= c->expires_ms)
        return ERR_TOKEN_EXPIRED;
    if (dead_after > 0 && dead_after < PEER_DEAD_MIN_MS)
        dead_after = PEER_DEAD_MIN_MS;
    if (dead_after > 0 && now - c->heard_ms > dead_after && !c->is_paused)
        return ERR_HEARTBEAT_TIMEOUT;
    return ERR_OK;
}

static void tick_one(struct stomp_conn *c, int64_t now)
{
    enum err rc;

    if (c->state == STOMP_STATE_CLOSING)
        return;
    rc = tick_verdict(c, now);
    if (rc == ERR_SLOW_CONSUMER) {
        c->hub->stats.slow_consumers++;
        link_drop_queue(c->link);
    }
    if (rc != ERR_OK) {
        stomp_fail(c, rc, STR_NULL, STR(""), NULL);
        return;
    }
    if (c->state != STOMP_STATE_CONNECTED)
        return;
    /* Once a second: early enough that no interval passes without a beat. */
    if (c->heartbeat.send_ms > 0 && now - c->sent_ms >= c->heartbeat.send_ms - 1500)
        stomp_out_heartbeat(c);
    if (now - c->refreshed_ms >= REFRESH_EVERY_MS) {
        c->refreshed_ms = now;
        presence_refresh(c);
    }
}

void stomp_tick(struct hub *hub)
{
    int64_t now = loop_now_ms(hub->loop);

    for (struct stomp_conn *c = hub->conns; c; c = c->next)
        tick_one(c, now);
}

size_t stomp_close_some(struct hub *hub, size_t n, enum err rc)
{
    size_t left = 0;

    for (struct stomp_conn *c = hub->conns; c; c = c->next) {
        if (c->state == STOMP_STATE_CLOSING)
            continue;
        if (n > 0) {
            stomp_fail(c, rc, STR_NULL, STR(""), NULL);
            n--;
        } else {
            left++;
        }
    }
    return left;
}

void stomp_close_user(struct hub *hub, struct str id, enum err rc)
{
    struct user *user = user_find(hub, id);

    if (!user)
        return;
    for (struct stomp_conn *c = user->conns; c; c = c->next_of_user)
        stomp_fail(c, rc, STR_NULL, STR(""), NULL);
}
