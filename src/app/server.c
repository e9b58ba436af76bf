/* SPDX-License-Identifier: MIT */
#include "app/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/server_parts.h"

#include "base/banned.h"

static void *server_main(void *arg)
{
    struct server *s = arg;
    struct why why = {.text = ""};
    bool is_built = server_build(s, &why);

    s->config.on_ready(s->config.ctx, s, is_built ? NULL : &why);
    if (is_built)
        loop_run(s->loop);
    server_dismantle(s);
    s->is_over = true;
    s->config.on_end(s->config.ctx, s);
    return NULL;
}

struct server *server_start(const struct server_config *config)
{
    struct server *s = mem_zalloc(sizeof(*s));
    sigset_t all, old;

    s->config = *config;
    s->settings = config->settings;
    snprintf(s->id, sizeof(s->id), STR_FMT, STR_ARG(config->settings.server_id));
    s->log = (struct log){
        .fd = STDERR_FILENO,
        .level = (enum log_level)config->settings.log_level,
        .format = (enum log_format)config->settings.log_format,
        .server_id = s->id,
    };
    s->loop = loop_new();
    /* Signals are the main thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    BUG_ON(pthread_create(&s->thread, NULL, server_main, s) != 0);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_setname_np(s->thread, "loop");
    return s;
}

/* A post that the loop no longer ran is run when the loop is freed, by another thread, after the
 * server's own has ended: there is nothing left to drain then. */
static void on_stop(void *arg)
{
    struct server *s = arg;

    if (!s->is_over)
        server_drain(s);
}

void server_stop(struct server *s)
{
    loop_post(s->loop, on_stop, s);
}

void server_ping(struct server *s, loop_fn *fn, void *arg)
{
    loop_post(s->loop, fn, arg);
}

void server_free(struct server **s)
{
    struct server *old = *s;

    if (!old)
        return;
    *s = NULL;
    BUG_ON(pthread_join(old->thread, NULL) != 0);
    loop_free(&old->loop);
    free(old);
}

bool server_has_failed(const struct server *s)
{
    return s->is_failed;
}

int server_port(const struct server *s)
{
    return (int)s->settings.server_port;
}

const char *server_id(const struct server *s)
{
    return s->id;
}
