/* SPDX-License-Identifier: MIT */
#include "session_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "session/redis_internal.h"
#include "support/loop_until.h"

#include "base/banned.h"

enum {
    WORDS_MAX = 8,
    LIST_MAX = 64
};

static bool is_done(const void *arg)
{
    return ((const struct scene *)arg)->is_done;
}

static void wait_done(struct scene *s)
{
    BUG_ON(!loop_until(s->loop, is_done, s, SCENE_DEADLINE_MS));
    s->is_done = false;
}

static void on_done(void *ctx, enum err rc)
{
    struct scene *s = ctx;

    s->is_done = true;
    s->rc = rc;
}

static void on_ignored(void *ctx, enum err rc)
{
    (void)ctx;
    (void)rc;
}

static void on_look_state(void *ctx, bool is_up)
{
    (void)ctx;
    (void)is_up;
}

int scene_set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    redis_server_init(&s->redis);
    s->loop = loop_new();
    s->log = (struct log){.fd = memfd_create("log", MFD_CLOEXEC)};
    s->a = (struct scene_server){.scene = s, .id = "A"};
    s->b = (struct scene_server){.scene = s, .id = "B"};
    *state = s;
    return s->log.fd < 0;
}

int scene_tear_down(void **state)
{
    struct scene *s = *state;

    scene_crash(&s->a);
    scene_crash(&s->b);
    redis_client_free(&s->look);
    loop_free(&s->loop);
    redis_server_release(&s->redis);
    close(s->log.fd);
    free(s);
    return 0;
}

static bool looks(const void *arg)
{
    return redis_client_is_up(((const struct scene *)arg)->look);
}

void scene_redis_up(struct scene *s)
{
    if (s->redis.pid == 0)
        redis_server_start(&s->redis, NULL);
    if (!s->look)
        s->look = redis_client_new(s->loop, str_of(s->redis.url), &s->log, on_look_state,
                                   s, NULL);
    BUG_ON(!loop_until(s->loop, looks, s, SCENE_DEADLINE_MS));
}

/* --- servers ------------------------------------------------------------------------------ */

static void add_again(struct scene_server *server, const struct scene_session *session,
                      session_done_fn *done)
{
    session_store_add(server->store,
                      &(struct session_entry){.user_id = str_of(session->user),
                                              .session_id = str_of(session->id),
                                              .server_id = str_of(server->id),
                                              .json = str_of(session->json)},
                      done, server->scene);
}

static void on_state(void *ctx, bool is_up)
{
    struct scene_server *server = ctx;

    if (!is_up) {
        server->n_down++;
        return;
    }
    server->n_up++;
    for (int i = 0; i < SCENE_SESSIONS; i++)
        if (server->sessions[i].user)
            add_again(server, &server->sessions[i], on_ignored);
}

void scene_open(struct scene_server *server)
{
    struct scene *s = server->scene;

    server->store = session_store_redis(s->loop, str_of(s->redis.url), str_of(server->id),
                                        &s->log, on_state, server, NULL);
    BUG_ON(!server->store);
    session_store_start(server->store, on_ignored, s);
}

struct wait {
    const struct scene_server *server;
    int n;
};

static bool is_up(const void *arg)
{
    const struct wait *wait = arg;

    return wait->server->n_up >= wait->n;
}

void scene_wait_up(struct scene_server *server, int n)
{
    BUG_ON(!loop_until(server->scene->loop, is_up, &(struct wait){server, n},
                       SCENE_DEADLINE_MS));
}

void scene_open_up(struct scene_server *server)
{
    int n = server->n_up;

    scene_open(server);
    scene_wait_up(server, n + 1);
}

void scene_open_both(struct scene *s)
{
    scene_redis_up(s);
    scene_open_up(&s->a);
    scene_open_up(&s->b);
}

void scene_crash(struct scene_server *server)
{
    session_store_free(&server->store);
    memset(server->sessions, 0, sizeof(server->sessions));
}

static struct scene_session *find(struct scene_server *server, const char *id)
{
    struct scene_session *empty = NULL;

    for (int i = 0; i < SCENE_SESSIONS; i++) {
        if (!server->sessions[i].user)
            empty = empty ? empty : &server->sessions[i];
        else if (strcmp(server->sessions[i].id, id) == 0)
            return &server->sessions[i];
    }
    BUG_ON(!empty);
    return empty;
}

const char *scene_json(const char *server, const char *user, const char *id,
                       const char *time, char out[512])
{
    snprintf(out, 512,
             "{\"userId\":\"%s\",\"sessionId\":\"%s\",\"serverId\":\"%s\",\"serverHost\":"
             "\"h\",\"serverPort\":\"8070\",\"serverUrl\":\"ws://h:8070/ws-stomp\","
             "\"connectTime\":\"2025-01-20T%s\",\"lastActiveTime\":\"2025-01-20T%s\"}",
             user, id, server, time, time);
    return out;
}

void scene_add(struct scene_server *server, const char *user, const char *id,
               const char *time)
{
    struct scene_session *session = find(server, id);

    session->user = user;
    session->id = id;
    scene_json(server->id, user, id, time, session->json);
    add_again(server, session, on_done);
    wait_done(server->scene);
}

void scene_remove(struct scene_server *server, const char *user, const char *id)
{
    find(server, id)->user = NULL;
    session_store_remove(server->store, str_of(user), str_of(id), on_done, server->scene);
    wait_done(server->scene);
}

enum err scene_stop(struct scene_server *server)
{
    session_store_stop(server->store, on_done, server->scene);
    wait_done(server->scene);
    return server->scene->rc;
}

static void on_entry(void *ctx, enum err rc, const struct session_entry *entry)
{
    struct scene *s = ctx;

    s->is_done = true;
    s->rc = rc;
    snprintf(s->text, sizeof(s->text), STR_FMT, STR_ARG(entry ? entry->json : STR("-")));
}

const char *scene_get(struct scene_server *server, const char *user)
{
    session_store_get(server->store, str_of(user), on_entry, server->scene);
    wait_done(server->scene);
    return server->scene->rc == ERR_OK ? server->scene->text : NULL;
}

void scene_beat(struct scene_server *server)
{
    session_redis_beat(server->store);
    for (int i = 0; i < 8; i++) /* answers of one connection come in order */
        (void)scene_get(server, "nobody");
}

/* --- looking ------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void join(const struct str *items, size_t n, const char *separator, char *out,
                 size_t size)
{
    struct str sorted[LIST_MAX];
    size_t used = 0;

    BUG_ON(n > LIST_MAX);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        sorted[i] = items[i];
    qsort(sorted, n, sizeof(sorted[0]), by_name);
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(out + used, size - used, "%s" STR_FMT,
                                 i ? separator : "", STR_ARG(sorted[i]));
}

static void on_reply(void *ctx, enum err rc, const struct redis_reply *r)
{
    struct scene *s = ctx;
    struct str items[LIST_MAX];

    s->is_done = true;
    s->rc = rc;
    if (rc != ERR_OK || r->kind == REDIS_NIL) {
        snprintf(s->text, sizeof(s->text), "-");
    } else if (r->kind == REDIS_TEXT) {
        snprintf(s->text, sizeof(s->text), STR_FMT, STR_ARG(r->text));
    } else if (r->kind == REDIS_NUMBER) {
        snprintf(s->text, sizeof(s->text), "%lld", (long long)r->number);
    } else {
        BUG_ON(r->n_items > LIST_MAX);
        for (size_t i = 0; i < r->n_items; i++)
            items[i] = r->items[i].text;
        join(items, r->n_items, " ", s->text, sizeof(s->text));
    }
}

const char *scene_redis(struct scene *s, const char *command)
{
    struct str words[WORDS_MAX], rest = str_of(command);
    size_t n = 0;

    while (n < WORDS_MAX && str_split(&rest, ' ', &words[n]))
        n++;
    redis_call(s->look, words, n, on_reply, s);
    wait_done(s);
    return s->text;
}

int scene_ttl(struct scene *s, const char *key)
{
    char command[128];
    int64_t seconds;

    snprintf(command, sizeof(command), "TTL %s", key);
    BUG_ON(!str_to_i64(str_of(scene_redis(s, command)), &seconds));
    return (int)seconds;
}

void scene_set(struct scene *s, const char *key, const char *value)
{
    redis_call(
        s->look,
        (struct str[]){STR("SET"), str_of(key), str_of(value), STR("EX"), STR("1800")}, 5,
        on_reply, s);
    wait_done(s);
    BUG_ON(s->rc != ERR_OK);
}

const char *scene_keys(struct scene *s)
{
    return scene_redis(s, "KEYS *");
}

const char *scene_newest(struct scene *s, const char *user)
{
    char command[128], *id, *end;

    snprintf(command, sizeof(command), "GET user:session:%s", user);
    id = strstr(scene_redis(s, command), "\"sessionId\":\"");
    if (!id)
        return "-";
    id += 13;
    end = strchr(id, '"');
    BUG_ON(!end);
    *end = '\0';
    return id;
}

static void on_snapshot(void *ctx, enum err rc, const struct session_snapshot *all)
{
    struct scene *s = ctx;
    struct str parts[LIST_MAX];
    char users[2048];
    struct arena a;
    size_t n = 0;

    s->is_done = true;
    s->rc = rc;
    if (rc != ERR_OK)
        return;
    arena_init(&a, SIZE_MAX);
    BUG_ON(all->n_servers + all->n_sessions > LIST_MAX);
    for (size_t i = 0; i < all->n_servers; i++) {
        join(all->servers[i].users, all->servers[i].n_users, ",", users, sizeof(users));
        parts[n++] =
            arena_printf(&a, STR_FMT "(%s)", STR_ARG(all->servers[i].server_id), users);
    }
    for (size_t i = 0; i < all->n_sessions; i++)
        parts[n++] =
            arena_printf(&a, STR_FMT "=" STR_FMT, STR_ARG(all->sessions[i].user_id),
                         STR_ARG(all->sessions[i].json));
    join(parts, n, " ", s->text, sizeof(s->text));
    arena_release(&a);
}

const char *scene_snapshot(struct scene_server *server)
{
    session_store_snapshot(server->store, on_snapshot, server->scene);
    wait_done(server->scene);
    return server->scene->rc == ERR_OK ? server->scene->text : NULL;
}
