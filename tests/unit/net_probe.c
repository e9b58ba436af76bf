/*
 * A server for the tests of src/net, driven by net_probe.py: it echoes, and it answers requests in
 * every way that net.h offers. Prints its port, ends when its standard input does.
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "net/net.h"

#include "base/banned.h"

enum {
    PIECE_BYTES = 8192,
    STREAM_PIECES = 2000, /* 16 MB: far above the outbound ceiling */
    BIG_BODY = 5000000
};

struct probe {
    struct loop *loop;
    struct net_server *server;
    struct loop_watch *input;
    struct log log;
    char greets[1], closes[1]; /* tags */
    int opened, closed, abandoned, drained, stuck, late;
};

static struct str text(struct arena *a, const char *name, struct str value, int count)
{
    if (!value.p)
        return arena_printf(a, "%s=(none) %d\n", name, count);
    return arena_printf(a, "%s=[" STR_FMT "] %d\n", name, STR_ARG(value), count);
}

static void respond_text(struct net_request *r, struct str body)
{
    net_respond(r, 200, STR("text/plain"), body, NULL);
}

/* --- answers in pieces, and later --- */

struct job {
    struct probe *probe;
    struct net_request *request; /* NULL: abandoned */
    struct loop_timer *timer;
    int pieces_left;
};

static struct job *job_new(struct probe *probe, struct net_request *r, loop_fn *fn)
{
    struct job *job = mem_zalloc(sizeof(*job));

    job->probe = probe;
    job->request = r;
    if (fn)
        job->timer = loop_timer_new(probe->loop, fn, job);
    net_request_set_user(r, job);
    return job;
}

static void job_free(struct job *job)
{
    loop_timer_free(&job->timer);
    free(job);
}

static void answer_late(void *arg)
{
    struct job *job = arg;

    respond_text(job->request, STR("late"));
    job->probe->late++;
    job_free(job);
}

static void write_more(void *arg)
{
    struct job *job = arg;
    char piece[PIECE_BYTES];

    if (job->pieces_left-- == 0) {
        net_respond_end(job->request);
        job_free(job);
        return;
    }
    memset(piece, 'a' + job->pieces_left % 26, sizeof(piece));
    BUG_ON(!net_respond_write(job->request, (struct str){piece, sizeof(piece)}));
}

static void tick(void *arg)
{
    struct job *job = arg;

    (void)net_respond_write(job->request, STR("tick\n"));
}

/* Writes until the ceiling is hit, then waits for the end that net brings. */
static void flood(void *arg)
{
    struct job *job = arg;
    char piece[PIECE_BYTES] = {0};

    while (net_respond_write(job->request, (struct str){piece, sizeof(piece)}))
        continue;
}

static void on_abandon(void *user)
{
    struct job *job = user;

    job->probe->abandoned++;
    job_free(job);
}

static void begin_stream(struct probe *probe, struct net_request *r, struct str path)
{
    struct job *job;

    if (str_eq(path, STR("/stream"))) {
        job = job_new(probe, r, NULL);
        job->pieces_left = STREAM_PIECES;
        net_respond_begin(r, 200, STR("text/plain"), NULL, write_more, job);
    } else if (str_eq(path, STR("/tick"))) {
        job = job_new(probe, r, tick);
        net_respond_begin(r, 200, STR("text/plain"), NULL, NULL, NULL);
        loop_timer_start(job->timer, 1, 20);
    } else if (str_eq(path, STR("/flood"))) {
        job = job_new(probe, r, flood);
        net_respond_begin(r, 200, STR("text/plain"), NULL, NULL, NULL);
        loop_timer_start(job->timer, 0, 0);
    } else if (str_eq(path, STR("/stream/abort"))) {
        net_respond_begin(r, 200, STR("text/plain"), NULL, NULL, NULL);
        (void)net_respond_write(r, STR("half"));
        net_respond_abort(r);
    } else {
        net_respond_begin(r, 200, STR("text/plain"), NULL, NULL, NULL);
        (void)net_respond_write(r, STR("one "));
        (void)net_respond_write(r, STR(""));
        (void)net_respond_write(r, STR("two"));
        net_respond_end(r);
    }
}

/* --- requests --- */

static void echo_request(struct net_request *r)
{
    static const char *const methods[] = {"GET",   "HEAD",   "POST",    "PUT",
                                          "PATCH", "DELETE", "OPTIONS", "OTHER"};
    const struct net_head *head = net_request_head(r);
    struct arena a;
    struct buf b;
    int count;
    struct str value;

    arena_init(&a, SIZE_MAX);
    buf_init(&b, SIZE_MAX);
    buf_printf(&b, "%s\npath=[" STR_FMT "]\nquery=[" STR_FMT "]\npeer=" STR_FMT "\n",
               methods[head->method], STR_ARG(head->path), STR_ARG(head->query),
               STR_ARG(head->peer));
    value = net_request_header(r, "x-auth-user", &count);
    buf_append_str(&b, text(&a, "x-auth-user", value, count));
    value = net_request_header(r, "authorization", &count);
    buf_append_str(&b, text(&a, "authorization", value, count));
    value = net_request_query(r, &a, "user", &count);
    buf_append_str(&b, text(&a, "user", value, count));
    value = net_form_value(net_request_body(r), &a, "user", &count);
    buf_append_str(&b, text(&a, "form", value, count));
    buf_append_c(&b, "body=[");
    buf_append_str(&b, net_request_body(r));
    buf_append_c(&b, "]");
    respond_text(r, buf_str(&b));
    buf_release(&b);
    arena_release(&a);
}

static void respond_counters(struct probe *probe, struct net_request *r)
{
    struct arena a;

    arena_init(&a, SIZE_MAX);
    respond_text(
        r,
        arena_printf(&a,
                     "opened=%d closed=%d abandoned=%d drained=%d stuck=%d late=%d "
                     "sockets=%zu",
                     probe->opened, probe->closed, probe->abandoned, probe->drained,
                     probe->stuck, probe->late, net_server_connections(probe->server)));
    arena_release(&a);
}

static void respond_big(struct net_request *r)
{
    char *big = mem_alloc(BIG_BODY);

    memset(big, 'x', BIG_BODY);
    respond_text(r, (struct str){big, BIG_BODY});
    free(big);
}

/* Does not want to know that the client left; the answer goes nowhere then. */
static void answer_whoever_listens(struct probe *probe, struct net_request *r)
{
    struct job *job = job_new(probe, r, answer_late);

    net_request_set_user(r, NULL);
    loop_timer_start(job->timer, 100, 0);
}

static void drain(struct probe *probe, struct net_request *r)
{
    net_server_stop_listening(probe->server);
    respond_text(r, STR("ok"));
}

static void on_request(void *ctx, struct net_request *r)
{
    static const struct net_header headers[] = {
        {"x-one", {"1", 1}}, {"x-split", {"a\r\nx-evil: 1", 12}}, {NULL, {NULL, 0}}};
    struct probe *probe = ctx;
    struct str path = net_request_head(r)->path;

    if (str_eq(path, STR("/small")))
        respond_text(r, STR("ok"));
    else if (str_eq(path, STR("/counters")))
        respond_counters(probe, r);
    else if (str_eq(path, STR("/big")))
        respond_big(r);
    else if (str_eq(path, STR("/empty")))
        net_respond(r, 204, STR_NULL, STR(""), headers);
    else if (str_eq(path, STR("/missing")))
        net_respond_error(r, ERR_NOT_FOUND);
    else if (str_eq(path, STR("/late")))
        loop_timer_start(job_new(probe, r, answer_late)->timer, 30, 0);
    else if (str_eq(path, STR("/late/quiet")))
        answer_whoever_listens(probe, r);
    else if (str_eq(path, STR("/never")))
        (void)job_new(probe, r, NULL);
    else if (str_eq(path, STR("/drain")))
        drain(probe, r);
    else if (str_starts(path, STR("/stream")) || str_eq(path, STR("/tick")) ||
             str_eq(path, STR("/flood")))
        begin_stream(probe, r, path);
    else
        echo_request(r);
}

static void on_error(void *ctx, const struct net_head *head, enum err e, struct buf *body)
{
    (void)ctx;
    buf_printf(body, "{\"path\":\"" STR_FMT "\",\"code\":\"%s\"}", STR_ARG(head->path),
               err_info(e)->code);
}

/* --- WebSocket --- */

struct echo {
    struct probe *probe;
    struct net_ws *ws;
    struct loop_timer *timer;
    struct buf message;
    bool is_dropped_when_stuck, is_closed_when_drained;
};

static enum err on_upgrade(void *ctx, const struct net_request *up, void **tag_out)
{
    struct probe *probe = ctx;
    const struct net_head *head = net_request_head(up);
    struct arena a;
    enum err e = ERR_OK;
    int count;

    arena_init(&a, SIZE_MAX);
    if (!str_starts(head->path, STR("/ws")))
        e = ERR_NOT_FOUND;
    else if (str_eq(net_request_header(up, "origin", &count), STR("http://evil")))
        e = ERR_FORBIDDEN;
    else if (net_request_query(up, &a, "greet", NULL).p)
        *tag_out = probe->greets;
    else if (net_request_query(up, &a, "close", NULL).p)
        *tag_out = probe->closes;
    arena_release(&a);
    return e;
}

static void *on_open(void *ctx, struct net_ws *ws, void *tag)
{
    struct probe *probe = ctx;
    struct echo *echo = mem_zalloc(sizeof(*echo));

    probe->opened++;
    echo->probe = probe;
    echo->ws = ws;
    buf_init(&echo->message, SIZE_MAX);
    if (tag)
        BUG_ON(!net_ws_send(ws, STR("hello "), net_ws_peer(ws)));
    if (tag == probe->closes)
        net_ws_close(ws, 4000, NULL);
    return echo;
}

static void resume(void *arg)
{
    struct echo *echo = arg;

    BUG_ON(!net_ws_send(echo->ws, STR("resumed"), STR("")));
    net_ws_resume(echo->ws);
}

/* Queues until the ceiling. */
static void fill(struct echo *echo)
{
    char piece[1000];

    memset(piece, 'f', sizeof(piece));
    while (net_ws_send(echo->ws, (struct str){piece, sizeof(piece)}, STR_NULL))
        continue;
    BUG_ON(net_ws_waiting(echo->ws) > 1048576);
    BUG_ON(net_ws_waiting(echo->ws) < 1000000);
}

/* "fill": until kernel and queue are full and nothing has moved for a while. */
static void fill_until_stuck(void *arg)
{
    struct echo *echo = arg;

    fill(echo);
    if (net_ws_behind_ms(echo->ws) < 300)
        return;
    loop_timer_stop(echo->timer);
    echo->probe->stuck++;
    if (!echo->is_dropped_when_stuck) {
        net_ws_wants_drain(echo->ws);
        return;
    }
    net_ws_drop_queue(echo->ws);
    BUG_ON(!net_ws_send(echo->ws, STR("too slow"), STR("")));
    net_ws_close(echo->ws, 1013, "slow_consumer");
}

static void start_timer(struct echo *echo, loop_fn *fn, int after_ms, int repeat_ms)
{
    loop_timer_free(&echo->timer);
    echo->timer = loop_timer_new(echo->probe->loop, fn, echo);
    loop_timer_start(echo->timer, after_ms, repeat_ms);
}

static void do_close(struct echo *echo, struct str code)
{
    int64_t n;

    BUG_ON(!net_ws_send(echo->ws, STR("bye"), STR("")));
    BUG_ON(!str_to_i64(code, &n));
    net_ws_close(echo->ws, (unsigned)n, "a reason");
    net_ws_close(echo->ws, 1000, "only the first counts");
    BUG_ON(!net_ws_send(echo->ws, STR("after close"), STR("")));
}

static void on_message(struct echo *echo, struct str s)
{
    struct str repeat = STR("repeat ");
    int64_t n;

    if (str_starts(s, STR("close "))) {
        do_close(echo, str_from(s, 6));
    } else if (str_eq(s, STR("pause"))) {
        net_ws_pause(echo->ws);
        start_timer(echo, resume, 200, 0);
    } else if (str_eq(s, STR("fill")) || str_eq(s, STR("fill and drop"))) {
        echo->is_dropped_when_stuck = s.n > 4;
        start_timer(echo, fill_until_stuck, 10, 10);
    } else if (str_eq(s, STR("drain and close"))) {
        echo->is_closed_when_drained = true;
        net_ws_wants_drain(echo->ws);
    } else if (str_starts(s, repeat) && str_to_i64(str_from(s, repeat.n), &n)) {
        for (int64_t i = 0; i < n; i++)
            BUG_ON(!net_ws_send(echo->ws, STR("x"), STR("")));
    } else {
        BUG_ON(!net_ws_send(echo->ws, s, STR_NULL));
    }
}

static void on_data(void *user, struct str piece, bool is_last)
{
    struct echo *echo = user;

    buf_append_str(&echo->message, piece);
    if (!is_last)
        return;
    on_message(echo, buf_str(&echo->message));
    buf_release(&echo->message);
}

static void on_drain(void *user)
{
    struct echo *echo = user;

    echo->probe->drained++;
    BUG_ON(!net_ws_send(echo->ws, STR("drained"), STR("")));
    if (echo->is_closed_when_drained)
        net_ws_close(echo->ws, 4002, "");
}

static void on_close(void *user)
{
    struct echo *echo = user;

    echo->probe->closed++;
    loop_timer_free(&echo->timer);
    buf_release(&echo->message);
    free(echo);
}

/* --- main --- */

static void on_input(void *arg, int events, bool is_error)
{
    struct probe *probe = arg;
    char c;

    (void)events;
    if (!is_error && read(STDIN_FILENO, &c, 1) > 0)
        return;
    net_server_free(&probe->server);
    BUG_ON(probe->opened != probe->closed);
    loop_watch_free(&probe->input);
    loop_stop(probe->loop);
}

int main(int argc, char **argv)
{
    struct probe probe = {.log = {.fd = STDERR_FILENO, .level = LOG_LEVEL_INFO}};
    struct why why = {""};
    int64_t timeout_ms = 1000;

    if (argc > 1)
        BUG_ON(!str_to_i64(str_of(argv[1]), &timeout_ms));
    probe.loop = loop_new();
    probe.server =
        net_server_new(probe.loop,
                       &(struct net_config){
                           .address = STR("127.0.0.1"),
                           .body_bytes = 65536,
                           .ws_message_bytes = 65536,
                           .outbound_bytes = 1048576,
                           .header_timeout_ms = (int)timeout_ms,
                           .log = &probe.log,
                           .handler = {&probe, on_upgrade, on_open, on_data, on_drain,
                                       on_close, on_request, on_abandon, NULL, on_error}},
                       &why);
    if (!probe.server) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    probe.input = loop_watch_new(probe.loop, STDIN_FILENO, on_input, &probe);
    loop_watch_set(probe.input, LOOP_READABLE);
    printf("%d\n", net_server_port(probe.server));
    fflush(stdout);
    loop_run(probe.loop);
    loop_free(&probe.loop);
    return 0;
}
