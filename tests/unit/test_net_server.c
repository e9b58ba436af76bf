/*
 * Servers as an application holds them: two on one loop, two loops on two threads, ends with
 * everything open, and addresses that cannot be had.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net.h"

#include "base/banned.h"

enum {
    CLIENTS = 20
};

static const char handshake[] = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

/* A handler that counts; on its loop's thread only. */
struct side {
    const char *name;
    struct net_server *server;
    int opened, closed, abandoned;
};

static enum err on_upgrade(void *ctx, const struct net_request *up, void **tag_out)
{
    (void)up;
    *tag_out = ctx;
    return ERR_OK;
}

static void *on_open(void *ctx, struct net_ws *ws, void *tag)
{
    struct side *side = ctx;

    assert_ptr_equal(ctx, tag);
    side->opened++;
    assert_true(net_ws_send(ws, str_of(side->name), STR_NULL));
    return side;
}

static void on_data(void *user, struct str piece, bool is_last)
{
    (void)user;
    (void)piece;
    (void)is_last;
}

static void on_drain(void *user)
{
    (void)user;
}

static void on_close(void *user)
{
    ((struct side *)user)->closed++;
}

/* "/wait" is never answered. */
static void on_request(void *ctx, struct net_request *r)
{
    struct side *side = ctx;

    if (str_eq(net_request_head(r)->path, STR("/wait")))
        net_request_set_user(r, side);
    else
        net_respond(r, 200, STR("text/plain"), str_of(side->name), NULL);
}

static void on_abandon(void *user)
{
    ((struct side *)user)->abandoned++;
}

static void on_error(void *ctx, const struct net_head *head, enum err e, struct buf *body)
{
    (void)ctx;
    (void)head;
    buf_append_c(body, err_info(e)->code);
}

static struct net_config config_of(struct side *side)
{
    return (struct net_config){
        .address = STR("127.0.0.1"),
        .body_bytes = 1000,
        .ws_message_bytes = 1000,
        .outbound_bytes = 100000,
        .log = &quiet,
        .handler = {side, on_upgrade, on_open, on_data, on_drain, on_close, on_request,
                    on_abandon, NULL, on_error},
    };
}

static void start(struct side *side, struct loop *loop)
{
    struct net_config config = config_of(side);
    struct why why = {""};

    side->server = net_server_new(loop, &config, &why);
    assert_non_null(side->server);
}

/* --- clients: blocking, on a thread of their own --- */

static int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *request)
{
    size_t n = strlen(request);

    assert_int_equal(send(fd, request, n, MSG_NOSIGNAL), n);
}

/* Sends request and reads until text came; false if the connection ends before. */
static bool ask(int fd, const char *request, const char *text)
{
    char in[4096];
    size_t n = 0;

    say(fd, request);
    while (n + 1 < sizeof(in)) {
        ssize_t got = recv(fd, in + n, sizeof(in) - 1 - n, 0);

        if (got <= 0)
            return false;
        n += (size_t)got;
        in[n] = '\0';
        if (strstr(in, text))
            return true;
    }
    return false;
}

struct crowd {
    struct loop *loop;
    int port;
    const char *name;
    pthread_t thread;
    int fds[CLIENTS];
    loop_fn *then; /* on the loop, when all have come */
    void *arg;
};

static void *come(void *arg)
{
    struct crowd *crowd = arg;

    for (int i = 0; i < CLIENTS; i++) {
        int fd = dial(crowd->port);

        assert_true(ask(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", crowd->name));
        if (i % 2)
            assert_true(ask(fd, handshake, crowd->name));
        else
            say(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
        crowd->fds[i] = fd;
    }
    loop_post(crowd->loop, crowd->then, crowd->arg);
    return NULL;
}

static void invite(struct crowd *crowd)
{
    assert_int_equal(pthread_create(&crowd->thread, NULL, come, crowd), 0);
}

static void bid_farewell(struct crowd *crowd)
{
    pthread_join(crowd->thread, NULL);
    for (int i = 0; i < CLIENTS; i++)
        close(crowd->fds[i]);
}

/* --- tests --- */

struct pair {
    struct loop *loop;
    struct side a, b;
    int crowds_here;
};

static void end_pair(void *arg)
{
    struct pair *p = arg;

    if (++p->crowds_here < 2)
        return;
    assert_int_equal(net_server_connections(p->a.server), CLIENTS);
    net_server_free(&p->a.server);
    assert_int_equal(p->a.closed, CLIENTS / 2);
    assert_int_equal(p->b.closed, 0); /* the other one lives on */
    net_server_free(&p->b.server);
    loop_stop(p->loop);
}

static void test_two_servers_on_one_loop_end_with_everything_open(void **state)
{
    struct pair p = {.loop = loop_new(), .a.name = "first", .b.name = "second"};
    struct crowd crowds[2] = {0};

    (void)state;
    start(&p.a, p.loop);
    start(&p.b, p.loop);
    crowds[0] = (struct crowd){.loop = p.loop,
                               .port = net_server_port(p.a.server),
                               .name = "first",
                               .then = end_pair,
                               .arg = &p};
    crowds[1] = (struct crowd){.loop = p.loop,
                               .port = net_server_port(p.b.server),
                               .name = "second",
                               .then = end_pair,
                               .arg = &p};
    invite(&crowds[0]);
    invite(&crowds[1]);
    loop_run(p.loop);

    loop_free(&p.loop); /* nothing is left on it */
    assert_int_equal(p.a.opened, CLIENTS / 2);
    assert_int_equal(p.b.closed, CLIENTS / 2);
    /* What was still on its way in was not yet a request. */
    assert_in_range(p.a.abandoned, CLIENTS / 2 - 1, CLIENTS / 2);
    bid_farewell(&crowds[0]);
    bid_farewell(&crowds[1]);
}

struct life {
    const char *name;
    pthread_t thread;
    struct loop *loop;
    struct side side;
    int rounds;
};

static void end_life(void *arg)
{
    struct life *life = arg;

    net_server_free(&life->side.server);
    loop_stop(life->loop);
}

static void *live(void *arg)
{
    struct life *life = arg;

    for (int i = 0; i < life->rounds; i++) {
        struct crowd crowd = {0};

        life->loop = loop_new();
        life->side = (struct side){.name = life->name};
        start(&life->side, life->loop);
        crowd = (struct crowd){.loop = life->loop,
                               .port = net_server_port(life->side.server),
                               .name = life->name,
                               .then = end_life,
                               .arg = life};
        invite(&crowd);
        loop_run(life->loop);
        bid_farewell(&crowd);
        loop_free(&life->loop);
        assert_int_equal(life->side.closed, CLIENTS / 2);
    }
    return NULL;
}

static void test_servers_on_different_threads_do_not_meet(void **state)
{
    struct life lives[3] = {{.name = "one", .rounds = 5},
                            {.name = "two", .rounds = 5},
                            {.name = "three", .rounds = 5}};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&lives[i].thread, NULL, live, &lives[i]), 0);
    for (size_t i = 0; i < 3; i++)
        pthread_join(lives[i].thread, NULL);
}

static void test_a_server_may_be_freed_before_its_loop_ran(void **state)
{
    struct loop *loop = loop_new();
    struct side side = {.name = "x"};

    (void)state;
    start(&side, loop);
    net_server_free(&side.server);
    assert_null(side.server);
    net_server_free(&side.server);
    loop_free(&loop);
}

static void test_addresses_that_cannot_be_had(void **state)
{
    struct loop *loop = loop_new();
    struct side side = {.name = "x"};
    struct net_config config = config_of(&side);
    struct why why = {""};

    (void)state;
    start(&side, loop);
    config.port = net_server_port(side.server);
    assert_null(net_server_new(loop, &config, &why));
    assert_non_null(strstr(why.text, "in use"));
    config.address = STR("no.such.host.invalid");
    assert_null(net_server_new(loop, &config, &why));
    assert_non_null(strstr(why.text, "no.such.host.invalid"));
    config.address = STR("192.0.2.1");
    assert_null(net_server_new(loop, &config, &why));
    net_server_free(&side.server);
    loop_free(&loop);
}

static void *get_peer(void *arg)
{
    struct life *life = arg;
    int fd = dial(net_server_port(life->side.server));

    assert_true(ask(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n127.0.0.1"));
    close(fd);
    loop_post(life->loop, end_life, life);
    return NULL;
}

static void respond_peer(void *ctx, struct net_request *r)
{
    (void)ctx;
    net_respond(r, 200, STR("text/plain"), net_request_head(r)->peer, NULL);
}

static void test_a_client_of_ipv4_is_told_as_such_on_an_ipv6_listener(void **state)
{
    struct life life = {.name = "x", .loop = loop_new()};
    struct net_config config = config_of(&life.side);
    struct why why = {""};

    (void)state;
    config.address = STR("::");
    config.handler.on_upgrade = NULL;
    config.handler.on_request = respond_peer;
    life.side.server = net_server_new(life.loop, &config, &why);
    if (!life.side.server) {
        loop_free(&life.loop);
        skip(); /* a machine without IPv6 */
    }
    pthread_create(&life.thread, NULL, get_peer, &life);
    loop_run(life.loop);
    pthread_join(life.thread, NULL);
    loop_free(&life.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_servers_on_one_loop_end_with_everything_open),
        cmocka_unit_test(test_servers_on_different_threads_do_not_meet),
        cmocka_unit_test(test_a_server_may_be_freed_before_its_loop_ran),
        cmocka_unit_test(test_addresses_that_cannot_be_had),
        cmocka_unit_test(test_a_client_of_ipv4_is_told_as_such_on_an_ipv6_listener),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
