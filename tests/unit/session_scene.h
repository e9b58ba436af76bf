/*
 * Servers of one Redis, for tests of the session store: each has a store of its own, and a plain
 * client looks at the keys.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SESSION_SCENE_H
#define TESTS_SESSION_SCENE_H

#include "session/store.h"
#include "support/redis_server.h"

enum {
    SCENE_DEADLINE_MS = 30000,
    SCENE_SESSIONS = 8
};

/* A server of the test: what an owner of a store does. */
struct scene_server {
    struct scene *scene;
    struct session_store *store; /* NULL: none */
    const char *id;
    struct scene_session {
        const char *user, *id; /* user NULL: none */
        char json[512];
    } sessions[SCENE_SESSIONS]; /* announced when the store asks for it */
    int n_up, n_down;
};

struct scene {
    struct redis_server redis;
    struct loop *loop;
    struct log log;
    struct redis_client *look;
    struct scene_server a, b;
    bool is_done; /* the last call */
    enum err rc;
    char text[8192]; /* its answer */
};

int scene_set_up(void **state);
int scene_tear_down(void **state);

/* scene_redis_up — starts Redis if it does not run; waits until it answers. */
void scene_redis_up(struct scene *s);

/* scene_open — makes the server's store and starts it. scene_open_up — and waits until it is up. */
void scene_open(struct scene_server *server);
void scene_open_up(struct scene_server *server);
/* scene_open_both — Redis, A and B are up. */
void scene_open_both(struct scene *s);
/* scene_crash — the server is gone without a word; its connection too. */
void scene_crash(struct scene_server *server);
/* scene_wait_up — until on_state(true) came n times. */
void scene_wait_up(struct scene_server *server, int n);

/* scene_add — time: "10:30:00" of CONNECT. */
void scene_add(struct scene_server *server, const char *user, const char *id,
               const char *time);
void scene_remove(struct scene_server *server, const char *user, const char *id);
enum err scene_stop(struct scene_server *server);
/* scene_beat — a beat, and what follows from it, is over. */
void scene_beat(struct scene_server *server);

/* scene_json — the SessionInfo that scene_add writes; valid until the next. */
const char *scene_json(const char *server, const char *user, const char *id,
                       const char *time, char out[512]);

/* scene_redis — a command ("SMEMBERS servers", split at blanks) and its answer as text: lists are
 * sorted and joined by blanks, nothing is "-". */
const char *scene_redis(struct scene *s, const char *command);
/* ASSERT_REDIS — a command's answer. */
#define ASSERT_REDIS(scene, command, want)                                               \
    assert_string_equal(scene_redis(scene, command), want)

/* scene_ttl — of a key; -1: none. */
int scene_ttl(struct scene *s, const char *key);
/* scene_set — SET key value, with an expiry of 30 min. */
void scene_set(struct scene *s, const char *key, const char *value);
/* scene_keys — all keys, sorted. */
const char *scene_keys(struct scene *s);
/* scene_newest — the session id in user:session:{user}, or "-". */
const char *scene_newest(struct scene *s, const char *user);
/* scene_snapshot, scene_get — of a store: "A(u,v) B() u=json …"; json or "-". NULL: it failed. */
const char *scene_snapshot(struct scene_server *server);
const char *scene_get(struct scene_server *server, const char *user);

#endif
