/*
 * Sessions in Redis, under the keys of the replaced service. A server announces itself with a
 * heart-beat; whoever sees a dead one removes what it left.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "redis/client.h"
#include "session/backend.h"
#include "session/redis_internal.h"
#include "session/scripts.h"

#include "base/banned.h"

enum store_life {
    LIFE_NEW,       /* not started */
    LIFE_AWAY,      /* Redis is not there, or what stands there is of a former life */
    LIFE_CLEANING,  /* that is being removed, then this server is announced */
    LIFE_ANNOUNCED, /* sessions are kept */
    LIFE_STOPPED,
};

struct redis_store {
    struct session_store store;
    const struct log *log;
    struct redis_client *client;
    struct str server_id; /* owned */
    struct loop_timer *beat;
    session_state_fn *on_state;
    void *ctx;
    enum store_life life;
};

/* A call under way: the owner's callback. */
struct redis_step {
    struct redis_store *store;
    session_done_fn *done; /* NULL: nobody waits */
    void *ctx;
    struct str server_id; /* owned; of a clean-up */
};

static struct redis_store *redis_of(struct session_store *s)
{
    return (struct redis_store *)s;
}

/* "user:session:" and a name, in a. */
static struct str key_of(struct arena *a, const char *prefix, struct str name)
{
    return arena_printf(a, "%s" STR_FMT, prefix, STR_ARG(name));
}

static struct str number_text(struct arena *a, int n)
{
    return arena_printf(a, "%d", n);
}

static struct redis_step *step_new(struct redis_store *s, session_done_fn *done,
                                   void *ctx)
{
    struct redis_step *step = mem_zalloc(sizeof(*step));

    *step = (struct redis_step){.store = s, .done = done, .ctx = ctx};
    return step;
}

static void step_end(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct redis_step *step = ctx;

    (void)reply;
    if (step->done)
        step->done(step->ctx, rc);
    str_free(&step->server_id);
    free(step);
}

static void set_life(struct redis_store *s, enum store_life to)
{
    static const bool allowed[][LIFE_STOPPED + 1] = {
        [LIFE_NEW] = {[LIFE_AWAY] = true, [LIFE_STOPPED] = true},
        [LIFE_AWAY] = {[LIFE_CLEANING] = true, [LIFE_STOPPED] = true},
        [LIFE_CLEANING] =
            {[LIFE_AWAY] = true, [LIFE_ANNOUNCED] = true, [LIFE_STOPPED] = true},
        [LIFE_ANNOUNCED] = {[LIFE_AWAY] = true, [LIFE_STOPPED] = true},
    };

    BUG_ON(!allowed[s->life][to]);
    s->life = to;
}

/* --- what servers leave behind ------------------------------------------------------------ */

static void clean(struct redis_store *s, struct redis_step *step);

/* Some users of the server are gone; go on until none is left. */
static void on_cleaned(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct redis_step *step = ctx;
    struct redis_store *s = step->store;

    if (rc == ERR_OK && reply->number > 0) {
        clean(s, step);
        return;
    }
    if (rc == ERR_OK && reply->number == 0 && !str_eq(step->server_id, s->server_id))
        LOG_WARN(s->log, "session.dead_server_removed", LOG_STR("dead", step->server_id));
    step_end(step, rc, NULL);
}

static void clean(struct redis_store *s, struct redis_step *step)
{
    struct arena a;
    struct str keys[3], args[4];

    arena_init(&a, SIZE_MAX);
    keys[0] = key_of(&a, "server:users:", step->server_id);
    keys[1] = key_of(&a, "server:alive:", step->server_id);
    keys[2] = STR("servers");
    args[0] = step->server_id;
    args[1] = number_text(&a, CLEAN_USERS);
    args[2] = number_text(&a, SESSION_TTL_S);
    args[3] = str_eq(step->server_id, s->server_id) ? STR("1") : STR("0");
    redis_eval(s->client, &(struct redis_script){session_script_clean, keys, args, 3, 4},
               on_cleaned, step);
    arena_release(&a);
}

static void clean_server(struct redis_store *s, struct str server_id,
                         session_done_fn *done, void *ctx)
{
    struct redis_step *step = step_new(s, done, ctx);

    step->server_id = str_dup(server_id);
    clean(s, step);
}

/* Every server looks after the others: the script itself checks who is dead. */
static void on_servers(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct redis_store *s = ctx;

    if (rc != ERR_OK || reply->kind != REDIS_LIST)
        return;
    for (size_t i = 0; i < reply->n_items; i++)
        if (!str_eq(reply->items[i].text, s->server_id))
            clean_server(s, reply->items[i].text, NULL, NULL);
}

/* --- this server's life ------------------------------------------------------------------- */

static void announce(struct redis_store *s, redis_done_fn *done, void *ctx)
{
    struct arena a;
    struct str keys[2], args[2];

    arena_init(&a, SIZE_MAX);
    keys[0] = STR("servers");
    keys[1] = key_of(&a, "server:alive:", s->server_id);
    args[0] = s->server_id;
    args[1] = number_text(&a, SERVER_TTL_S);
    redis_eval(s->client,
               &(struct redis_script){session_script_announce, keys, args, 2, 2}, done,
               ctx);
    arena_release(&a);
}

static void on_announced(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct redis_step *step = ctx;
    struct redis_store *s = step->store;

    if (s->life == LIFE_CLEANING)
        set_life(s, rc == ERR_OK ? LIFE_ANNOUNCED : LIFE_AWAY);
    step_end(step, rc, reply);
    if (s->life == LIFE_ANNOUNCED)
        s->on_state(s->ctx, true); /* the owner adds its sessions */
}

static void on_own_cleaned(void *ctx, enum err rc)
{
    struct redis_step *step = ctx;
    struct redis_store *s = step->store;

    if (rc == ERR_OK && s->life == LIFE_CLEANING) {
        announce(s, on_announced, step);
        return;
    }
    if (s->life == LIFE_CLEANING)
        set_life(s, LIFE_AWAY); /* Redis is back, or the next beat: again */
    step_end(step, rc == ERR_OK ? ERR_UNAVAILABLE : rc, NULL);
}

static void begin(struct redis_store *s, session_done_fn *done, void *ctx)
{
    set_life(s, LIFE_CLEANING);
    clean_server(s, s->server_id, on_own_cleaned, step_new(s, done, ctx));
}

static void on_beaten(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct redis_store *s = ctx;

    if (rc != ERR_OK || reply->number != 0 || s->life != LIFE_ANNOUNCED)
        return;
    LOG_WARN(s->log, "session.forgotten", LOG_STR("server", s->server_id));
    s->on_state(s->ctx, true); /* flushed, or taken for dead: the owner adds all again */
}

static void on_beat(void *arg)
{
    struct redis_store *s = arg;

    if (s->life == LIFE_AWAY && redis_client_is_up(s->client))
        begin(s, NULL, NULL);
    if (s->life != LIFE_ANNOUNCED)
        return;
    announce(s, on_beaten, s);
    redis_call(s->client, (struct str[]){STR("SMEMBERS"), STR("servers")}, 2, on_servers,
               s);
}

void session_redis_beat(struct session_store *store)
{
    on_beat(redis_of(store));
}

/* What stands there of this server is of a former life, or out of date. */
static void on_client_state(void *ctx, bool is_up)
{
    struct redis_store *s = ctx;

    if (is_up && s->life == LIFE_AWAY)
        begin(s, NULL, NULL);
    if (is_up || s->life != LIFE_ANNOUNCED)
        return;
    set_life(s, LIFE_AWAY);
    s->on_state(s->ctx, false);
}

static void redis_start(struct session_store *store, session_done_fn *done, void *ctx)
{
    struct redis_store *s = redis_of(store);

    set_life(s, LIFE_AWAY);
    loop_timer_start(s->beat, SERVER_BEAT_MS, SERVER_BEAT_MS);
    if (redis_client_is_up(s->client))
        begin(s, done, ctx);
    else
        done(ctx, ERR_UNAVAILABLE); /* on_client_state does it later */
}

static void on_left(void *ctx, enum err rc)
{
    struct redis_step *step = ctx;
    struct redis_store *s = step->store;
    struct arena a;

    if (rc != ERR_OK) {
        step_end(step, rc, NULL);
        return;
    }
    arena_init(&a, SIZE_MAX);
    redis_call(s->client, (struct str[]){STR("SREM"), STR("servers"), s->server_id}, 3,
               step_end, step_new(s, NULL, NULL));
    redis_call(s->client,
               (struct str[]){STR("DEL"), key_of(&a, "server:alive:", s->server_id)}, 2,
               step_end, step);
    arena_release(&a);
}

static void redis_stop(struct session_store *store, session_done_fn *done, void *ctx)
{
    struct redis_store *s = redis_of(store);
    bool was_started = s->life != LIFE_NEW;

    set_life(s, LIFE_STOPPED);
    loop_timer_stop(s->beat);
    if (was_started)
        clean_server(s, s->server_id, on_left, step_new(s, done, ctx));
    else
        done(ctx, ERR_OK);
}

/* --- sessions ----------------------------------------------------------------------------- */

static void session_keys(struct redis_store *s, struct arena *a, struct str user_id,
                         struct str session_id, struct str keys[4])
{
    keys[0] = key_of(a, "user:session:", user_id);
    keys[1] = key_of(a, "session:user:", session_id);
    keys[2] = key_of(a, "server:users:", s->server_id);
    keys[3] = key_of(a, "user:sessions:", user_id);
}

static void redis_add(struct session_store *store, const struct session_entry *e,
                      session_done_fn *done, void *ctx)
{
    struct redis_store *s = redis_of(store);
    struct str keys[4], args[4] = {e->user_id, e->session_id, e->json};
    struct arena a;

    if (s->life != LIFE_ANNOUNCED) {
        done(ctx, ERR_UNAVAILABLE);
        return;
    }
    arena_init(&a, SIZE_MAX);
    session_keys(s, &a, e->user_id, e->session_id, keys);
    args[3] = number_text(&a, SESSION_TTL_S);
    redis_eval(s->client, &(struct redis_script){session_script_add, keys, args, 4, 4},
               step_end, step_new(s, done, ctx));
    arena_release(&a);
}

static void redis_remove(struct session_store *store, struct str user_id,
                         struct str session_id, session_done_fn *done, void *ctx)
{
    struct redis_store *s = redis_of(store);
    struct str keys[4], args[4] = {user_id, session_id, s->server_id};
    struct arena a;

    if (s->life != LIFE_ANNOUNCED) {
        done(ctx, ERR_UNAVAILABLE);
        return;
    }
    arena_init(&a, SIZE_MAX);
    session_keys(s, &a, user_id, session_id, keys);
    args[3] = number_text(&a, SESSION_TTL_S);
    redis_eval(s->client, &(struct redis_script){session_script_remove, keys, args, 4, 4},
               step_end, step_new(s, done, ctx));
    arena_release(&a);
}

/* --- reading ------------------------------------------------------------------------------ */

struct snapshot_step {
    session_snapshot_fn *done;
    void *ctx;
};

static struct session_server server_of(const struct redis_reply *r, struct arena *a)
{
    struct session_server server = {.server_id = r->items[0].text};
    struct str *users = ARENA_ARRAY(a, struct str, r->items[1].n_items);

    for (size_t i = 0; i < r->items[1].n_items; i++)
        users[server.n_users++] = r->items[1].items[i].text;
    server.users = users;
    return server;
}

static bool is_server(const struct redis_reply *r)
{
    return r->kind == REDIS_LIST && r->n_items == 2 && r->items[1].kind == REDIS_LIST;
}

static bool is_snapshot(const struct redis_reply *r)
{
    return r->kind == REDIS_LIST && r->n_items == 2 && r->items[0].kind == REDIS_LIST &&
           r->items[1].kind == REDIS_LIST;
}

static void tell_snapshot(const struct redis_reply *r, struct snapshot_step *step)
{
    const struct redis_reply *servers = &r->items[0], *sessions = &r->items[1];
    struct session_snapshot snapshot = {0};
    struct session_server *server_list;
    struct session_entry *session_list;
    struct arena a;

    arena_init(&a, SIZE_MAX);
    server_list = ARENA_ARRAY(&a, struct session_server, servers->n_items);
    session_list = ARENA_ARRAY(&a, struct session_entry, sessions->n_items / 2);
    for (size_t i = 0; i < servers->n_items; i++)
        if (is_server(&servers->items[i]))
            server_list[snapshot.n_servers++] = server_of(&servers->items[i], &a);
    for (size_t i = 0; i + 1 < sessions->n_items; i += 2)
        session_list[snapshot.n_sessions++] = (struct session_entry){
            .user_id = sessions->items[i].text, .json = sessions->items[i + 1].text};
    snapshot.servers = server_list;
    snapshot.sessions = session_list;
    step->done(step->ctx, ERR_OK, &snapshot);
    arena_release(&a);
}

static void on_snapshot(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct snapshot_step *step = ctx;

    if (rc == ERR_OK && is_snapshot(reply))
        tell_snapshot(reply, step);
    else
        step->done(step->ctx, rc == ERR_OK ? ERR_INTERNAL : rc, NULL);
    free(step);
}

static void redis_snapshot(struct session_store *store, session_snapshot_fn *done,
                           void *ctx)
{
    struct snapshot_step *step = mem_zalloc(sizeof(*step));
    const struct str keys[1] = {STR("servers")};

    *step = (struct snapshot_step){done, ctx};
    redis_eval(redis_of(store)->client,
               &(struct redis_script){session_script_snapshot, keys, NULL, 1, 0},
               on_snapshot, step);
}

struct get_step {
    session_entry_fn *done;
    void *ctx;
    struct str user_id; /* owned */
};

static void on_got(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct get_step *step = ctx;
    struct session_entry entry = {.user_id = step->user_id};
    bool is_there = rc == ERR_OK && reply->kind == REDIS_TEXT;

    if (is_there)
        entry.json = reply->text;
    step->done(step->ctx, rc, is_there ? &entry : NULL);
    str_free(&step->user_id);
    free(step);
}

static void redis_get(struct session_store *store, struct str user_id,
                      session_entry_fn *done, void *ctx)
{
    struct get_step *step = mem_zalloc(sizeof(*step));
    struct arena a;

    *step = (struct get_step){done, ctx, str_dup(user_id)};
    arena_init(&a, SIZE_MAX);
    redis_call(redis_of(store)->client,
               (struct str[]){STR("GET"), key_of(&a, "user:session:", user_id)}, 2,
               on_got, step);
    arena_release(&a);
}

/* --- life --------------------------------------------------------------------------------- */

static bool redis_is_up(const struct session_store *store)
{
    return redis_client_is_up(((const struct redis_store *)store)->client);
}

static void redis_free(struct session_store *store)
{
    struct redis_store *s = redis_of(store);

    s->life = LIFE_STOPPED;
    redis_client_free(&s->client);
    loop_timer_free(&s->beat);
    str_free(&s->server_id);
    free(s);
}

struct session_store *session_store_redis(struct loop *loop, struct str url,
                                          struct str server_id, const struct log *log,
                                          session_state_fn *on_state, void *ctx,
                                          struct why *why)
{
    static const struct session_backend backend = {
        .free = redis_free,
        .start = redis_start,
        .add = redis_add,
        .remove = redis_remove,
        .stop = redis_stop,
        .snapshot = redis_snapshot,
        .get = redis_get,
        .is_up = redis_is_up,
    };
    struct redis_store *s = mem_zalloc(sizeof(*s));

    s->store.backend = &backend;
    s->log = log;
    s->on_state = on_state;
    s->ctx = ctx;
    s->server_id = str_dup(server_id);
    s->beat = loop_timer_new(loop, on_beat, s);
    s->client = redis_client_new(loop, url, log, on_client_state, s, why);
    if (s->client)
        return &s->store;
    loop_timer_free(&s->beat);
    str_free(&s->server_id);
    free(s);
    return NULL;
}
