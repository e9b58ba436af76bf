/*
 * Sessions of the servers of one process, for the embedded default, under one lock. A session is
 * found by its id; it stands in two lists, of its user and of its server, so none is searched.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdlib.h>

#define HASH_FUNCTION HASH_SAX /* the default falls through, which clang warns of */
#include <uthash.h>
#include <utlist.h>

#include "session/backend.h"

#include "base/banned.h"

struct memory_session {
    UT_hash_handle by_id;
    struct str id, json; /* owned */
    struct memory_user *user;
    struct memory_server *server;
    struct memory_session *prev, *next; /* of the user, oldest first */
    struct memory_session *prev_of_server, *next_of_server; /* oldest first */
};

struct memory_user {
    UT_hash_handle by_id;
    struct str id;                   /* owned */
    struct memory_session *sessions; /* never empty */
};

struct memory_server {
    struct memory_server *next;
    struct str id; /* owned */
    struct memory_session *sessions;
    size_t n_sessions;
};

struct session_memory {
    pthread_mutex_t lock; /* guards all below */
    struct memory_session *sessions;
    struct memory_user *users;
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

/* --- what is kept ------------------------------------------------------------------------- */

static struct memory_user *find_user(struct session_memory *m, struct str id)
{
    struct memory_user *user;

    HASH_FIND(by_id, m->users, id.p, id.n, user);
    return user;
}

static struct memory_session *find_session(struct session_memory *m, struct str id)
{
    struct memory_session *s;

    HASH_FIND(by_id, m->sessions, id.p, id.n, s);
    return s;
}

/* A process has few servers. */
static struct memory_server *find_server(struct session_memory *m, struct str id)
{
    struct memory_server *server;

    LL_FOREACH(m->servers, server)
    {
        if (str_eq(server->id, id))
            return server;
    }
    return NULL;
}

static struct memory_user *user_new(struct session_memory *m, struct str id)
{
    struct memory_user *user = mem_zalloc(sizeof(*user));

    user->id = str_dup(id);
    HASH_ADD_KEYPTR(by_id, m->users, user->id.p, user->id.n, user);
    return user;
}

static void session_new(struct session_memory *m, struct memory_server *server,
                        const struct session_entry *e)
{
    struct memory_session *s = mem_zalloc(sizeof(*s));

    s->id = str_dup(e->session_id);
    s->json = str_dup(e->json);
    s->server = server;
    s->user = find_user(m, e->user_id);
    if (!s->user)
        s->user = user_new(m, e->user_id);
    HASH_ADD_KEYPTR(by_id, m->sessions, s->id.p, s->id.n, s);
    DL_APPEND(s->user->sessions, s);
    DL_APPEND2(server->sessions, s, prev_of_server, next_of_server);
    server->n_sessions++;
}

static void session_free(struct session_memory *m, struct memory_session *s)
{
    HASH_DELETE(by_id, m->sessions, s);
    DL_DELETE(s->user->sessions, s);
    DL_DELETE2(s->server->sessions, s, prev_of_server, next_of_server);
    s->server->n_sessions--;
    if (!s->user->sessions) {
        HASH_DELETE(by_id, m->users, s->user);
        str_free(&s->user->id);
        free(s->user);
    }
    str_free(&s->id);
    str_free(&s->json);
    free(s);
}

static void forget_server(struct session_memory *m, struct str id)
{
    struct memory_server *server = find_server(m, id);

    if (!server)
        return;
    while (server->sessions)
        session_free(m, server->sessions);
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
    while (old->servers)
        forget_server(old, old->servers->id);
    BUG_ON(old->sessions || old->users);
    pthread_mutex_destroy(&old->lock);
    free(old);
}

/* --- writing ------------------------------------------------------------------------------ */

static struct memory_store *memory_of(struct session_store *s)
{
    return (struct memory_store *)s;
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
    struct memory_server *server;

    pthread_mutex_lock(&m->lock);
    server = find_server(m, memory_of(store)->server_id);
    s = find_session(m, e->session_id);
    if (s) { /* refreshed: it keeps its age */
        str_free(&s->json);
        s->json = str_dup(e->json);
    } else if (server) {
        session_new(m, server, e);
    }
    pthread_mutex_unlock(&m->lock);
    done(ctx, server ? ERR_OK : ERR_UNAVAILABLE);
}

static void memory_remove(struct session_store *store, struct str user_id,
                          struct str session_id, session_done_fn *done, void *ctx)
{
    struct session_memory *m = memory_of(store)->memory;
    struct memory_session *s;

    pthread_mutex_lock(&m->lock);
    s = find_session(m, session_id);
    if (s && str_eq(s->user->id, user_id))
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

/* The user's newest session; a refreshed one keeps its age. */
static struct session_entry copy_newest(const struct memory_user *user, struct arena *a)
{
    return (struct session_entry){
        .user_id = arena_dup(a, user->id),
        .json = arena_dup(a, user->sessions->prev->json), /* a head's prev is the tail */
    };
}

/* The first of its user's sessions on its server, of the few that a user has. */
static bool is_first_of_user(const struct memory_session *s)
{
    const struct memory_session *other = s->user->sessions;

    while (other->server != s->server)
        other = other->next;
    return other == s;
}

static struct session_server users_of(const struct memory_server *from, struct arena *a)
{
    struct str *users = ARENA_ARRAY(a, struct str, from->n_sessions);
    struct session_server server = {.server_id = arena_dup(a, from->id), .users = users};
    struct memory_session *s;

    for (s = from->sessions; s; s = s->next_of_server)
        if (is_first_of_user(s))
            users[server.n_users++] = arena_dup(a, s->user->id);
    return server;
}

/* Copied under the lock: the callback may call the store again. */
static struct session_snapshot copy_all(struct session_memory *m, struct arena *a)
{
    struct session_snapshot snapshot = {0};
    struct session_server *servers;
    struct session_entry *sessions;
    struct memory_server *server;
    struct memory_user *user, *tmp;
    size_t n_servers;

    LL_COUNT(m->servers, server, n_servers);
    servers = ARENA_ARRAY(a, struct session_server, n_servers);
    sessions = ARENA_ARRAY(a, struct session_entry, HASH_CNT(by_id, m->users));
    LL_FOREACH(m->servers, server)
    {
        servers[snapshot.n_servers++] = users_of(server, a);
    }
    HASH_ITER(by_id, m->users, user, tmp)
    {
        sessions[snapshot.n_sessions++] = copy_newest(user, a);
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
    struct memory_user *user;
    struct arena arena;

    arena_init(&arena, SIZE_MAX);
    pthread_mutex_lock(&m->lock);
    user = find_user(m, user_id);
    if (user)
        entry = copy_newest(user, &arena);
    pthread_mutex_unlock(&m->lock);
    done(ctx, ERR_OK, user ? &entry : NULL);
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
