/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "redis_scene.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

int scene_set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    redis_server_init(&s->server);
    s->loop = loop_new();
    s->log = (struct log){.fd = memfd_create("log", MFD_CLOEXEC)};
    s->listener = -1;
    *state = s;
    return s->log.fd < 0;
}

int scene_tear_down(void **state)
{
    struct scene *s = *state;

    redis_client_free(&s->client);
    loop_free(&s->loop);
    redis_server_release(&s->server);
    if (s->listener >= 0)
        close(s->listener);
    close(s->log.fd);
    free(s);
    return 0;
}

void scene_on_state(void *ctx, bool is_up)
{
    struct scene *s = ctx;

    assert_int_equal(redis_client_is_up(s->client), is_up);
    if (is_up)
        s->n_up++;
    else
        s->n_down++;
}

void scene_connect_to(struct scene *s, const char *url)
{
    struct why why = {.text = ""};

    s->client = redis_client_new(s->loop, str_of(url), &s->log, scene_on_state, s, &why);
    assert_non_null(s->client);
}

void scene_connect_with(struct scene *s, const char *before, const char *after)
{
    char url[128];

    snprintf(url, sizeof(url), "redis://%s127.0.0.1:%d%s", before, s->server.port, after);
    scene_connect_to(s, url);
}

static bool is_up(const void *arg)
{
    const struct scene *s = arg;

    return redis_client_is_up(s->client);
}

bool scene_is_down(const void *arg)
{
    return !is_up(arg);
}

void scene_wait_up(struct scene *s)
{
    assert_true(loop_until(s->loop, is_up, s, DEADLINE_MS));
}

void scene_open(struct scene *s)
{
    redis_server_start(&s->server, NULL);
    scene_connect_to(s, s->server.url);
    scene_wait_up(s);
}

void scene_on_done(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct scene *s = ctx;

    assert_int_equal(rc == ERR_OK, reply != NULL);
    s->n_done++;
    s->n_ok += rc == ERR_OK;
    s->rc = rc;
    if (reply) {
        s->reply = *reply;
        if (reply->kind == REDIS_TEXT)
            snprintf(s->text, sizeof(s->text), STR_FMT, STR_ARG(reply->text));
    }
    if (rc != ERR_OK && s->again > 0) {
        s->again--;
        redis_call(s->client, (struct str[]){STR("PING")}, 1, scene_on_done, s);
    }
}

bool scene_is_done(const void *arg)
{
    return ((const struct scene *)arg)->n_done > 0;
}

void scene_call(struct scene *s, struct str a, struct str b, struct str c)
{
    struct str words[] = {a, b, c};

    redis_call(s->client, words, c.p ? 3 : b.p ? 2 : 1, scene_on_done, s);
}

enum err scene_ask(struct scene *s, struct str a, struct str b, struct str c)
{
    s->n_done = s->n_ok = 0;
    scene_call(s, a, b, c);
    assert_true(loop_until(s->loop, scene_is_done, s, DEADLINE_MS));
    return s->rc;
}

int64_t scene_now_ms(void)
{
    return clock_mono_ns() / NS_PER_MS;
}

/* How often text stands in the log. */
int scene_count_log(const struct scene *s, const char *text)
{
    char *log = mem_zalloc(1 << 20);
    int n = 0;

    assert_true(pread(s->log.fd, log, (1 << 20) - 1, 0) >= 0);
    for (const char *at = log; (at = strstr(at, text)); at++)
        n++;
    free(log);
    return n;
}

bool scene_has_lost(const void *arg)
{
    return scene_count_log(arg, "redis.lost") > 0;
}
