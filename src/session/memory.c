/*
 * Sessions of the servers of one process, for the embedded default: one list under one lock.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdlib.h>
#include <utlist.h>

#include "session/backend.h"

#include "base/banned.h"

struct memory_session {
    struct memory_session *prev, *next;              /* oldest first */
    struct str user_id, session_id, server_id, json; /* owned */
};

struct memory_server {
    struct memory_server *next;
    struct str id; /* owned */
};

struct session_memory {
    pthread_mutex_t lock; /* guards all below */
    struct memory_session *sessions;
    struct memory_server *servers; /* in order of their start */
};

struct memory_store {
    struct session_store store;
    struct session_memory *memory;
    struct str server_id; /* owned */
};

struct session_memory *session_memory_new(void)
{
    struct session_memory *m = mem_zalloc(sizeof(*m));

    BUG_ON(pthread_mutex_init(&m->lock, NULL) != 0);
    return m;
}

static void session_free(struct session_memory *m, struct memory_session *s)
{
    DL_DELETE(m->sessions, s);
    str_free(&s->user_id);
    str_free(&s->session_id);
    str_free(&s->server_id);
    str_free(&s->json);
    free(s);
}

static void server_free(struct session_memory *m, struct memory_server *server)
{
    LL_DELETE(m->servers, server);
    str_free(&server->id);
    free(server);
}

void session_memory_free(struct session_memory **m)
{
    struct session_memory *old = *m;

    if (!old)
        return;
    *m = NULL;
    while (old->sessions)
        session_free(old, old->sessions);
    while (old->servers)
        server_free(old, old->servers);
    pthread_mutex_destroy(&old->lock);
    free(old);
}

static struct memory_store *memory_of(struct session_store *s)
{
    return (struct memory_store *)s;
}

static struct memory_session *find(struct session_memory *m, struct str user_id,
                                   struct str session_id)
{
    struct memory_session *s;

    DL_FOREACH(m->sessions, s)
    {
        if (str_eq(s->session_id, session_id) && str_eq(s->user_id, user_id))
            return s;
    }
    return NULL;
}

/* The user's newest session; a refreshed one keeps its age. */
static struct memory_session *newest(struct session_memory *m, struct str user_id)
{
    struct memory_session *s, *found = NULL;

    DL_FOREACH(m->sessions, s)
    {
        if (str_eq(s->user_id, user_id))
            found = s;
    }
    return found;
}

static void forget_server(struct session_memory *m, struct str server_id)
{
    struct memory_session *s, *tmp;
    struct memory_server *server, *next;

    DL_FOREACH_SAFE(m->sessions, s, tmp)
    {
        if (str_eq(s->server_id, server_id))
            session_free(m, s);
    }
    LL_FOREACH_SAFE(m->servers, server, next)
    {
        if (str_eq(server->id, server_id))
            server_free(m, server);
    }
}

static void memory_start(struct session_store *store, session_done_fn *done, void *ctx)
{
    struct memory_store *s = memory_of(store);
    struct memory_server *server = mem_zalloc(sizeof(*server));

    server->id = str_dup(s->server_id);
    pthread_mutex_lock(&s->memory->lock);
    forget_server(s->memory, s->server_id);
    LL_APPEND(s->memory->servers, server);
    pthread_mutex_unlock(&s->memory->lock);
    done(ctx, ERR_OK);
}

static void memory_add(struct session_store *store, const struct session_entry *e,
                       session_done_fn *done, void *ctx)
{
    struct session_memory *m = memory_of(store)->memory;
    struct memory_session *s;

    pthread_mutex_lock(&m->lock);
    s = find(m, e->user_id, e->session_id);
    if (!s) {
        s = mem_zalloc(sizeof(*s));
        s->user_id = str_dup(e->user_id);
        s->session_id = str_dup(e->session_id);
        s->server_id = str_dup(e->server_id);
        DL_APPEND(m->sessions, s);
    }
    str_free(&s->json);
    s->json = str_dup(e->json);
    pthread_mutex_unlock(&m->lock);
    done(ctx, ERR_OK);
}

static void memory_remove(struct session_store *store, struct str user_id,
                          struct str session_id, session_done_fn *done, void *ctx)
{
    struct session_memory *m = memory_of(store)->memory;
    struct memory_session *s;

    pthread_mutex_lock(&m->lock);
    s = find(m, user_id, session_id);
    if (s)
        session_free(m, s);
    pthread_mutex_unlock(&m->lock);
    done(ctx, ERR_OK);
}

static void memory_stop(struct session_store *store, session_done_fn *done, void *ctx)
{
    struct memory_store *s = memory_of(store);

    pthread_mutex_lock(&s->memory->lock);
    forget_server(s->memory, s->server_id);
    pthread_mutex_unlock(&s->memory->lock);
    done(ctx, ERR_OK);
}

/* --- reading ------------------------------------------------------------------------------ */

static struct session_entry copy_entry(const struct memory_session *s, struct arena *a)
{
    return (struct session_entry){
        .user_id = arena_dup(a, s->user_id),
        .session_id = arena_dup(a, s->session_id),
        .server_id = arena_dup(a, s->server_id),
        .json = arena_dup(a, s->json),
    };
}

static bool has_user(const struct session_server *server, struct str user_id)
{
    for (size_t i = 0; i < server->n_users; i++)
        if (str_eq(server->users[i], user_id))
            return true;
    return false;
}

static struct session_server users_of(struct session_memory *m, struct str server_id,
                                      size_t max, struct arena *a)
{
    struct str *users = ARENA_ARRAY(a, struct str, max);
    struct session_server server = {.server_id = arena_dup(a, server_id), .users = users};
    struct memory_session *s;

    DL_FOREACH(m->sessions, s)
    {
        if (str_eq(s->server_id, server_id) && !has_user(&server, s->user_id))
            users[server.n_users++] = arena_dup(a, s->user_id);
    }
    return server;
}

/* Copied under the lock: the callback may call the store again. */
static struct session_snapshot copy_all(struct session_memory *m, struct arena *a)
{
    struct session_snapshot snapshot = {0};
    struct session_server *servers;
    struct session_entry *sessions;
    struct memory_server *server;
    struct memory_session *s;
    size_t n_servers, n_sessions;

    LL_COUNT(m->servers, server, n_servers);
    DL_COUNT(m->sessions, s, n_sessions);
    servers = ARENA_ARRAY(a, struct session_server, n_servers);
    sessions = ARENA_ARRAY(a, struct session_entry, n_sessions);
    LL_FOREACH(m->servers, server)
    {
        servers[snapshot.n_servers++] = users_of(m, server->id, n_sessions, a);
    }
    DL_FOREACH(m->sessions, s)
    {
        if (newest(m, s->user_id) == s)
            sessions[snapshot.n_sessions++] = copy_entry(s, a);
    }
    snapshot.servers = servers;
    snapshot.sessions = sessions;
    return snapshot;
}

static void memory_snapshot(struct session_store *store, session_snapshot_fn *done,
                            void *ctx)
{
    struct session_memory *m = memory_of(store)->memory;
    struct session_snapshot snapshot;
    struct arena arena;

    arena_init(&arena, SIZE_MAX);
    pthread_mutex_lock(&m->lock);
    snapshot = copy_all(m, &arena);
    pthread_mutex_unlock(&m->lock);
    done(ctx, ERR_OK, &snapshot);
    arena_release(&arena);
}

static void memory_get(struct session_store *store, struct str user_id,
                       session_entry_fn *done, void *ctx)
{
    struct session_memory *m = memory_of(store)->memory;
    struct session_entry entry;
    struct memory_session *s;
    struct arena arena;

    arena_init(&arena, SIZE_MAX);
    pthread_mutex_lock(&m->lock);
    s = newest(m, user_id);
    if (s)
        entry = copy_entry(s, &arena);
    pthread_mutex_unlock(&m->lock);
    done(ctx, ERR_OK, s ? &entry : NULL);
    arena_release(&arena);
}

static bool memory_is_up(const struct session_store *s)
{
    (void)s;
    return true;
}

static void memory_free(struct session_store *store)
{
    struct memory_store *s = memory_of(store);

    str_free(&s->server_id);
    free(s);
}

struct session_store *session_store_memory(struct loop *loop, struct session_memory *m,
                                           struct str server_id)
{
    static const struct session_backend backend = {
        .free = memory_free,
        .start = memory_start,
        .add = memory_add,
        .remove = memory_remove,
        .stop = memory_stop,
        .snapshot = memory_snapshot,
        .get = memory_get,
        .is_up = memory_is_up,
    };
    struct memory_store *s = mem_zalloc(sizeof(*s));

    (void)loop; /* answers come at once */
    s->store.backend = &backend;
    s->memory = m;
    s->server_id = str_dup(server_id);
    return &s->store;
}
