/*
 * Serving: the parts that servers of one process share, the servers, and the signals.
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "app/app.h"
#include "app/server.h"
#include "app/watchdog.h"
#include "db/db.h"
#include "kafka/kafka.h"
#include "loop/loop.h"

#include "base/banned.h"

enum {
    SERVERS_MAX = 8,
    MOCK_TEXT = 128
};

struct app {
    const struct app_args *args;
    struct settings settings;
    struct loop *loop;
    struct kafka_mock *mock;
    struct session_memory *memory;
    struct loop_signal *term, *interrupt;
    struct watchdog *watchdog;
    struct server *servers[SERVERS_MAX];
    size_t n_servers, n_ready, n_ended;
    bool is_failed;
};

/* What a server's thread tells the main one. */
struct tidings {
    struct app *app;
    struct server *server;
    bool is_end, is_failed;
    struct why why;
};

static void stop_all(void *arg)
{
    struct app *app = arg;

    sd_notify(0, "STOPPING=1");
    watchdog_stop(app->watchdog);
    for (size_t i = 0; i < app->n_servers; i++)
        server_stop(app->servers[i]);
}

static void tell_ready(struct app *app)
{
    struct str brokers = app->settings.kafka_brokers;

    for (size_t i = 0; i < app->n_servers; i++)
        fprintf(stderr, "%s is ready: http://127.0.0.1:%d/\n", server_id(app->servers[i]),
                server_port(app->servers[i]));
    if (app->mock)
        fprintf(stderr, "Kafka topic '" STR_FMT "' (in memory): " STR_FMT "\n",
                STR_ARG(app->settings.kafka_topic), STR_ARG(brokers));
    sd_notify(0, "READY=1");
    app->watchdog = watchdog_new(app->loop, app->servers, app->n_servers);
}

static void on_ended(struct app *app, const struct server *server)
{
    if (server_has_failed(server) && !app->is_failed) {
        app->is_failed = true;
        stop_all(app); /* the others drain, as after a signal */
    }
    if (++app->n_ended == app->n_servers)
        loop_stop(app->loop);
}

static void on_tidings(void *arg)
{
    struct tidings *t = arg;
    struct app *app = t->app;

    if (t->is_failed) {
        fprintf(stderr, "reuse-chat: %s: %s\n", server_id(t->server), t->why.text);
        app->is_failed = true;
        stop_all(app);
    } else if (!t->is_end && ++app->n_ready == app->n_servers && !app->is_failed) {
        tell_ready(app);
    }
    if (t->is_end)
        on_ended(app, t->server);
    free(t);
}

static struct tidings *tidings_new(void *ctx, struct server *server)
{
    struct tidings *t = mem_zalloc(sizeof(*t));

    t->app = ctx;
    t->server = server;
    return t;
}

static void on_ready(void *ctx, struct server *server, const struct why *why)
{
    struct tidings *t = tidings_new(ctx, server);

    if (why) {
        t->is_failed = true;
        t->why = *why;
    }
    loop_post(t->app->loop, on_tidings, t);
}

static void on_end(void *ctx, struct server *server)
{
    struct tidings *t = tidings_new(ctx, server);

    t->is_end = true;
    loop_post(t->app->loop, on_tidings, t);
}

/* "chat-server-1" and 1: "chat-server-2". Without a number at its end: "-2" is appended. */
static struct str id_after(struct str id, int64_t n, struct arena *a)
{
    size_t at = id.n;
    int64_t number = 1;

    while (at > 0 && id.p[at - 1] >= '0' && id.p[at - 1] <= '9')
        at--;
    if (at == id.n || !str_to_i64(str_from(id, at), &number))
        return arena_printf(a, STR_FMT "-%lld", STR_ARG(id), (long long)(n + 1));
    return arena_printf(a, "%.*s%lld", (int)at, id.p, (long long)(number + n));
}

static struct settings settings_of(const struct app *app, int64_t n)
{
    struct settings s = app->settings;

    if (n == 0)
        return s;
    s.server_id = id_after(s.server_id, n, app->args->arena);
    s.server_port += s.server_port > 0 ? n : 0;
    s.admin_port += s.admin_port > 0 ? n : 0;
    return s;
}

/* kafka.brokers=embedded[:PORT]: a broker in this process. */
static bool start_mock(struct app *app)
{
    const char *topics[3];
    char topic[256], event_topic[256], user_delete_topic[256];
    struct why why = {.text = ""};
    int64_t port = 0;
    struct str brokers = app->settings.kafka_brokers;

    if (!str_starts(brokers, STR("embedded")))
        return true;
    if (brokers.n > 9 && !str_to_i64(str_from(brokers, 9), &port)) {
        fprintf(stderr, "reuse-chat: kafka.brokers: embedded:PORT\n");
        return false;
    }
    snprintf(topic, sizeof(topic), STR_FMT, STR_ARG(app->settings.kafka_topic));
    snprintf(event_topic, sizeof(event_topic), STR_FMT,
             STR_ARG(app->settings.kafka_event_topic));
    snprintf(user_delete_topic, sizeof(user_delete_topic), STR_FMT,
             STR_ARG(app->settings.kafka_user_delete_topic));
    topics[0] = topic;
    topics[1] = event_topic;
    topics[2] = user_delete_topic;
    app->mock = kafka_mock_new((int)port, topics, 3, &why);
    if (!app->mock) {
        fprintf(stderr, "reuse-chat: kafka.brokers: %s\n", why.text);
        return false;
    }
    app->settings.kafka_brokers = kafka_mock_brokers(app->mock);
    return true;
}

static void start_servers(struct app *app)
{
    app->n_servers = (size_t)app->settings.servers;
    for (size_t i = 0; i < app->n_servers; i++)
        app->servers[i] =
            server_start(&(struct server_config){.settings = settings_of(app, (int64_t)i),
                                                 .memory = app->memory,
                                                 .is_mock_broker = app->mock != NULL,
                                                 .on_ready = on_ready,
                                                 .on_end = on_end,
                                                 .ctx = app});
}

static int serve(struct app *app)
{
    int status = app_schema_at_start(&app->settings);

    if (status != 0)
        return status;
    if (!start_mock(app))
        return APP_EXIT_UNAVAILABLE;
    app->memory = session_memory_new();
    app->loop = loop_new();
    app->term = loop_signal_new(app->loop, SIGTERM, stop_all, app);
    app->interrupt = loop_signal_new(app->loop, SIGINT, stop_all, app);
    start_servers(app);
    loop_run(app->loop);
    for (size_t i = 0; i < app->n_servers; i++)
        server_free(&app->servers[i]);
    watchdog_free(&app->watchdog);
    loop_signal_free(&app->term);
    loop_signal_free(&app->interrupt);
    loop_free(&app->loop);
    session_memory_free(&app->memory);
    kafka_mock_free(&app->mock);
    return app->is_failed ? APP_EXIT_UNAVAILABLE : 0;
}

int app_serve(const struct app_args *args)
{
    struct app app = {.args = args};
    int status;

    if (!app_settings(args, &app.settings, NULL))
        return APP_EXIT_CONFIG;
    status = app_database_prepare(&app.settings);
    if (status != 0)
        return status;
    if (!app_database_open(&app.settings))
        return APP_EXIT_UNAVAILABLE;
    status = serve(&app);
    db_library_stop();
    return status;
}
