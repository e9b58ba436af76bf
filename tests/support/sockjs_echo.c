/*
 * A server for tests of src/sockjs: /echo sends back what it gets, /close closes at once.
 * /control/stats tells what its user saw, /control/resume resumes what was paused.
 * Prints its port. Messages with a meaning: !close, !pause, !burst N BYTES, !drain.
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "sockjs/sockjs.h"

#include "base/banned.h"

struct echo {
    struct loop *loop;
    struct loop_signal *term;
    struct net_server *net;
    struct sockjs_server *echo, *closing;
    struct conn *conns;
    int opened, closed, messages, drained;
};

struct conn {
    struct echo *echo;
    struct link link;
    struct buf message;
    struct conn *next;
};

static void count_text(struct echo *e, struct buf *out)
{
    size_t waiting = 0;
    int64_t behind_ms = 0;

    for (struct conn *c = e->conns; c; c = c->next) {
        waiting += link_waiting(c->link);
        if (link_behind_ms(c->link) > behind_ms)
            behind_ms = link_behind_ms(c->link);
    }
    buf_printf(
        out,
        "{\"opened\":%d,\"closed\":%d,\"messages\":%d,\"drained\":%d,"
        "\"waiting\":%zu,\"behind_ms\":%lld,\"peer\":\"" STR_FMT "\",\"sessions\":%zu}",
        e->opened, e->closed, e->messages, e->drained, waiting, (long long)behind_ms,
        STR_ARG(e->conns ? link_peer(e->conns->link) : STR("")),
        sockjs_server_sessions(e->echo) + sockjs_server_sessions(e->closing));
}

/* --- the user of links -------------------------------------------------------------------- */

static enum err on_accept(void *ctx, const struct net_request *req, void **tag_out)
{
    *tag_out = ctx;
    return net_request_header(req, "x-refuse", NULL).p ? ERR_AUTH_REQUIRED : ERR_OK;
}

static enum err on_again(void *user, const struct net_request *req)
{
    (void)user;
    return net_request_header(req, "x-stranger", NULL).p ? ERR_FORBIDDEN : ERR_OK;
}

static void *on_open(void *ctx, struct link link, void *tag)
{
    struct echo *e = ctx;
    struct conn *c = mem_zalloc(sizeof(*c));

    BUG_ON(tag != ctx);
    c->echo = e;
    c->link = link;
    c->next = e->conns;
    e->conns = c;
    e->opened++;
    buf_init(&c->message, 1 << 20);
    return c;
}

static void *on_open_to_close(void *ctx, struct link link, void *tag)
{
    void *user = on_open(ctx, link, tag);

    link_close(link, 3000, "Go away!");
    return user;
}

static void burst(struct conn *c, const char *arguments)
{
    char *end;
    long n = strtol(arguments, &end, 10), bytes = strtol(end, NULL, 10);
    char *text = mem_alloc((size_t)bytes);

    memset(text, 'x', (size_t)bytes);
    for (long i = 0; i < n; i++)
        if (!link_send(c->link, (struct str){text, (size_t)bytes}, STR("!"))) {
            link_drop_queue(c->link);
            link_send(c->link, STR("slow"), STR(""));
            link_close(c->link, 1013, "slow_consumer");
        }
    free(text);
}

static void on_message(struct conn *c)
{
    struct str text;

    buf_append(&c->message, "", 1);
    text = (struct str){c->message.p, c->message.n - 1};
    if (str_eq(text, STR("!close")))
        link_close(c->link, 1008, "not_member");
    else if (str_eq(text, STR("!pause")))
        link_pause(c->link);
    else if (str_eq(text, STR("!drain")))
        link_wants_drain(c->link);
    else if (str_starts(text, STR("!burst ")))
        burst(c, text.p + strlen("!burst "));
    else
        (void)link_send(c->link, text, STR(""));
    buf_reset(&c->message);
}

static void on_data(void *user, struct str piece, bool is_last)
{
    struct conn *c = user;

    buf_append_str(&c->message, piece);
    if (!is_last)
        return;
    c->echo->messages++;
    on_message(c);
}

static void on_drain(void *user)
{
    struct conn *c = user;

    c->echo->drained++;
}

static void on_close(void *user)
{
    struct conn *c = user, **at = &c->echo->conns;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->echo->closed++;
    buf_release(&c->message);
    free(c);
}

/* --- the user of net ---------------------------------------------------------------------- */

static enum err on_upgrade(void *ctx, const struct net_request *up, void **tag_out)
{
    struct echo *e = ctx;
    enum err rc = sockjs_on_upgrade(e->echo, up, tag_out);

    return rc == ERR_NOT_FOUND ? sockjs_on_upgrade(e->closing, up, tag_out) : rc;
}

static void on_request(void *ctx, struct net_request *req)
{
    struct echo *e = ctx;
    struct str path = net_request_head(req)->path;
    struct buf body;

    if (sockjs_on_request(e->echo, req) || sockjs_on_request(e->closing, req))
        return;
    if (str_eq(path, STR("/control/resume")))
        for (struct conn *c = e->conns; c; c = c->next)
            link_resume(c->link);
    buf_init(&body, 4096);
    count_text(e, &body);
    net_respond(req, 200, STR("application/json"), buf_str(&body), NULL);
    buf_release(&body);
}

static void on_error(void *ctx, const struct net_head *head, enum err e, struct buf *body)
{
    (void)ctx;
    (void)head;
    buf_printf(body, "{\"code\":\"%s\"}", err_info(e)->code);
}

static bool is_origin_allowed(void *ctx, const struct net_request *req, struct str origin)
{
    (void)ctx;
    (void)req;
    return !str_eq(origin, STR("http://evil.example"));
}

static void stop(void *arg)
{
    struct echo *e = arg;

    loop_signal_free(&e->term);
    net_server_free(&e->net);
    sockjs_server_free(&e->echo);
    sockjs_server_free(&e->closing);
    loop_stop(e->loop);
}

static int number(char **argv, int i)
{
    return (int)strtol(argv[i], NULL, 10);
}

/* argv: stream bytes, heart-beat ms, disconnect ms, outbound bytes, sessions */
int main(int argc, char **argv)
{
    struct echo e = {.loop = loop_new()};
    struct log log = {.fd = 2, .level = LOG_LEVEL_WARN};
    struct sockjs_config config = {
        .prefix = STR("/echo"),
        .handler = {&e, on_accept, on_again, on_open, on_data, on_drain, on_close},
        .is_origin_allowed = is_origin_allowed,
    };
    struct net_config net = {
        .address = STR("127.0.0.1"),
        .body_bytes = 65536,
        .ws_message_bytes = 1 << 20,
        .header_timeout_ms = 10000,
        .log = &log,
        .handler = {&e, on_upgrade, sockjs_on_open, sockjs_on_data, sockjs_on_drain,
                    sockjs_on_close, on_request, request_user_abandon, NULL, on_error},
    };
    struct why why;

    signal(SIGPIPE, SIG_IGN);
    BUG_ON(argc != 6);
    config.stream_bytes = (size_t)number(argv, 1);
    config.heartbeat_ms = number(argv, 2);
    config.disconnect_ms = number(argv, 3);
    config.outbound_bytes = net.outbound_bytes = (size_t)number(argv, 4);
    config.max_sessions = (size_t)number(argv, 5);
    e.echo = sockjs_server_new(e.loop, &config);
    config.prefix = STR("/close");
    config.handler.on_open = on_open_to_close;
    e.closing = sockjs_server_new(e.loop, &config);
    e.net = net_server_new(e.loop, &net, &why);
    BUG_ON(!e.net);
    e.term = loop_signal_new(e.loop, SIGTERM, stop, &e);
    printf("%d\n", net_server_port(e.net));
    fflush(stdout);

    loop_run(e.loop);

    loop_free(&e.loop);
    return e.opened == e.closed ? 0 : 1;
}
