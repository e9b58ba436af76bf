/* SPDX-License-Identifier: MIT */
#include "endpoint/presence.h"

#include <stdlib.h>

#include "base/clock.h"
#include "endpoint/events.h"

#include "base/banned.h"

enum {
    PRESENCE_JSON_MAX = 8192
};

struct session_info presence_info(const struct stomp_conn *c, struct arena *a)
{
    const struct settings *s = c->hub->settings;

    return (struct session_info){
        .user_id = c->user->id,
        .session_id = uuid_str(&c->session),
        .server_id = s->server_id,
        .server_host = s->server_host,
        .server_port = arena_printf(a, "%lld", (long long)s->server_port),
        .server_url = arena_printf(a, "ws://" STR_FMT ":%lld/ws-stomp",
                                   STR_ARG(s->server_host), (long long)s->server_port),
        .has_connect_time = true,
        .connect_time = c->connect_civil_ns,
        .has_last_active_time = true,
        .last_active_time = clock_civil_ns(clock_real_ns()),
    };
}

/* The store logs its own troubles; what it lost is announced again when it is back. */
static void on_done(void *ctx, enum err rc)
{
    (void)ctx;
    (void)rc;
}

static void presence_add(struct stomp_conn *c)
{
    struct session_entry entry = {.user_id = c->user->id,
                                  .session_id = uuid_str(&c->session),
                                  .server_id = c->hub->settings->server_id};
    struct session_info info;
    struct arena arena;
    struct buf json;

    arena_init(&arena, SIZE_MAX);
    buf_init(&json, PRESENCE_JSON_MAX);
    info = presence_info(c, &arena);
    session_info_json_encode(&info, &json);
    entry.json = buf_str(&json);
    session_store_add(c->hub->sessions, &entry, on_done, NULL);
    buf_release(&json);
    arena_release(&arena);
}

void presence_refresh(struct stomp_conn *c)
{
    presence_add(c);
}

void presence_begin(struct stomp_conn *c)
{
    presence_add(c);
    if (c->user->n_conns == 1)
        event_presence(c->hub, c->user->id, true, true);
}

/* The last connection of a user here is gone; is there one elsewhere? */
struct farewell {
    struct hub *hub;
    struct str user; /* owned */
};

static void on_looked(void *ctx, enum err rc, const struct session_entry *entry)
{
    struct farewell *f = ctx;

    if (rc == ERR_OK && !entry)
        event_presence(f->hub, f->user, false, true);
    str_free(&f->user);
    free(f);
}

static void on_removed(void *ctx, enum err rc)
{
    struct farewell *f = ctx;

    if (rc == ERR_OK) {
        session_store_get(f->hub->sessions, f->user, on_looked, f);
        return;
    }
    str_free(&f->user);
    free(f);
}

void presence_end(struct stomp_conn *c)
{
    struct farewell *f = NULL;

    if (c->user->n_conns > 1) {
        session_store_remove(c->hub->sessions, c->user->id, uuid_str(&c->session),
                             on_done, NULL);
        return;
    }
    f = mem_zalloc(sizeof(*f));
    *f = (struct farewell){c->hub, str_dup(c->user->id)};
    session_store_remove(c->hub->sessions, c->user->id, uuid_str(&c->session), on_removed,
                         f);
}

void presence_announce_all(struct hub *hub)
{
    for (struct stomp_conn *c = hub->conns; c; c = c->next)
        if (c->state == STOMP_STATE_CONNECTED)
            presence_add(c); /* in any order: the store compares the times of CONNECT */
}
