/*
 * A Redis, a client of it and what the client's owner saw, for tests of src/redis/client.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REDIS_SCENE_H
#define TESTS_REDIS_SCENE_H

#include "support/loop_until.h"
#include "support/redis_server.h"

enum {
    DEADLINE_MS = 30000,
    QUIET_MS = 5000 /* after which a silent Redis is given up */
};

struct scene {
    struct redis_server server;
    struct loop *loop;
    struct log log;
    struct redis_client *client;
    int n_up, n_down;
    int n_done, n_ok; /* calls */
    enum err rc;      /* of the last */
    struct redis_reply reply;
    char text[256];
    int64_t next_number; /* of calls that must come in order */
    int again;           /* calls to make when one has failed */
    int listener;        /* of tests that play Redis; -1 */
    int n_accepted;
};

int scene_set_up(void **state);
int scene_tear_down(void **state);

/* scene_connect_to — makes the client. scene_connect_with — of the scene's Redis: text before the
 * host and after the port. scene_open — starts Redis, connects and waits. */
void scene_connect_to(struct scene *s, const char *url);
void scene_connect_with(struct scene *s, const char *before, const char *after);
void scene_open(struct scene *s);
void scene_wait_up(struct scene *s);

/* scene_call — a command of one to three words, STR_NULL for those that are not. scene_ask — and
 * waits for the answer: in s->reply, as text in s->text. */
void scene_call(struct scene *s, struct str a, struct str b, struct str c);
enum err scene_ask(struct scene *s, struct str a, struct str b, struct str c);
/* scene_on_done — what scene_call does with the answer. in: ctx struct scene * */
void scene_on_done(void *ctx, enum err rc, const struct redis_reply *reply);
void scene_on_state(void *ctx, bool is_up);

/* Conditions of loop_until. in: arg struct scene * */
bool scene_is_done(const void *arg);
bool scene_is_down(const void *arg);
bool scene_has_lost(const void *arg);

int64_t scene_now_ms(void);
/* scene_count_log — how often text stands in the log. */
int scene_count_log(const struct scene *s, const char *text);

#endif
