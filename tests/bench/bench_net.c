/*
 * What a WebSocket message costs in src/net: one server thread, one client thread over loopback.
 * Echo with 1 and 16 messages in flight, and a fan-out of 200 bytes to 100 sockets; rates and the
 * server thread's CPU time a message. Frames that wait together leave together, or the fan-out would
 * cost as much as an echo with 1 in flight.
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/net.h"

#include "base/banned.h"

enum {
    SOCKETS = 100,
    SECONDS = 3,
    ECHO_BYTES = 100,
    FAN_BYTES = 200,
    FAN_BATCH = 64, /* published a turn: what a burst of a busy room is */
    READ_BYTES = 1 << 18
};

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

struct bench {
    struct loop *loop;
    struct net_server *server;
    struct net_ws *sockets[SOCKETS];
    size_t n_sockets;
    bool is_fan_out;
    bool is_publish_posted;
    int drains_due; /* sockets that must drain before the next batch */
    uint64_t messages;
    int64_t cpu_ns; /* of the server's thread */
};

/* --- server --- */

static enum err on_upgrade(void *ctx, const struct net_request *up, void **tag_out)
{
    (void)ctx;
    (void)up;
    (void)tag_out;
    return ERR_OK;
}

static void publish(void *arg)
{
    static const char text[FAN_BYTES] = {'x'};
    struct bench *b = arg;

    b->is_publish_posted = false;
    for (int i = 0; i < FAN_BATCH; i++)
        for (size_t k = 0; k < b->n_sockets; k++)
            b->messages +=
                net_ws_send(b->sockets[k], (struct str){text, FAN_BYTES}, STR_NULL);
    b->drains_due = (int)b->n_sockets;
    for (size_t k = 0; k < b->n_sockets; k++)
        net_ws_wants_drain(b->sockets[k]);
}

static void on_drain(void *user)
{
    struct bench *b = *(struct bench **)user;

    if (--b->drains_due > 0 || b->is_publish_posted)
        return;
    b->is_publish_posted = true;
    loop_post(b->loop, publish, b);
}

struct echo {
    struct bench *bench; /* first */
    struct net_ws *ws;
};

static void *on_open(void *ctx, struct net_ws *ws, void *tag)
{
    struct bench *b = ctx;
    struct echo *echo = mem_alloc(sizeof(*echo));

    (void)tag;
    *echo = (struct echo){b, ws};
    b->sockets[b->n_sockets++] = ws;
    if (b->is_fan_out && b->n_sockets == SOCKETS)
        loop_post(b->loop, publish, b);
    return echo;
}

static void on_data(void *user, struct str piece, bool is_last)
{
    struct echo *echo = user;

    (void)is_last;
    echo->bench->messages += net_ws_send(echo->ws, piece, STR_NULL);
}

static void on_close(void *user)
{
    free(user);
}

static void on_request(void *ctx, struct net_request *r)
{
    (void)ctx;
    net_respond_error(r, ERR_NOT_FOUND);
}

static int64_t thread_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void end(void *arg)
{
    struct bench *b = arg;

    b->n_sockets = 0;
    net_server_free(&b->server);
    loop_stop(b->loop);
}

static void *serve(void *arg)
{
    struct bench *b = arg;
    int64_t began = thread_cpu_ns();

    loop_run(b->loop);
    b->cpu_ns = thread_cpu_ns() - began;
    return NULL;
}

/* --- client --- */

static int dial(int port)
{
    static const char handshake[] = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                                    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char last[4] = {0};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BUG_ON(connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0);
    BUG_ON(send(fd, handshake, sizeof(handshake) - 1, 0) < 0);
    while (memcmp(last, "\r\n\r\n", 4) != 0) {
        memmove(last, last + 1, 3);
        BUG_ON(recv(fd, last + 3, 1, 0) != 1);
    }
    return fd;
}

/* Sends n masked messages (the mask is 0: nothing to compute). */
static void send_messages(int fd, size_t n)
{
    static char frames[16 * (ECHO_BYTES + 6)];

    for (size_t i = 0; i < n; i++) {
        char *p = frames + i * (ECHO_BYTES + 6);

        memset(p, 0, ECHO_BYTES + 6);
        p[0] = (char)0x81;
        p[1] = (char)(0x80 | ECHO_BYTES);
    }
    BUG_ON(send(fd, frames, n * (ECHO_BYTES + 6), MSG_NOSIGNAL) < 0);
}

/* Reads for SECONDS; each whole echo that came back is sent again. */
static void drive(struct pollfd *fds, size_t in_flight)
{
    static char in[READ_BYTES];
    size_t partial[SOCKETS] = {0};
    int64_t until = clock_mono_ns() + SECONDS * NS_PER_S;

    for (size_t i = 0; in_flight && i < SOCKETS; i++)
        send_messages(fds[i].fd, in_flight);
    while (clock_mono_ns() < until) {
        poll(fds, SOCKETS, 100);
        for (size_t i = 0; i < SOCKETS; i++) {
            ssize_t n = 0;

            if (fds[i].revents)
                n = recv(fds[i].fd, in, sizeof(in), MSG_DONTWAIT);
            if (n <= 0 || !in_flight)
                continue;
            partial[i] += (size_t)n;
            send_messages(fds[i].fd, partial[i] / (ECHO_BYTES + 2));
            partial[i] %= ECHO_BYTES + 2;
        }
    }
}

static void run(const char *name, bool is_fan_out, size_t in_flight)
{
    struct bench b = {.loop = loop_new(), .is_fan_out = is_fan_out};
    struct net_config config = {
        .address = STR("127.0.0.1"),
        .body_bytes = 65536,
        .ws_message_bytes = 65536,
        .outbound_bytes = 1 << 20,
        .log = &quiet,
        .handler = {&b, on_upgrade, on_open, on_data, on_drain, on_close, on_request,
                    NULL, NULL},
    };
    struct why why = {""};
    struct pollfd fds[SOCKETS];
    pthread_t thread;

    b.server = net_server_new(b.loop, &config, &why);
    BUG_ON(!b.server);
    int port = net_server_port(b.server);
    pthread_create(&thread, NULL, serve, &b);
    for (size_t i = 0; i < SOCKETS; i++)
        fds[i] = (struct pollfd){.fd = dial(port), .events = POLLIN};
    drive(fds, in_flight);
    loop_post(b.loop, end, &b);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < SOCKETS; i++)
        close(fds[i].fd);
    loop_free(&b.loop);
    printf("%-24s %9.0f/s  %6.2f us of server CPU a message\n", name,
           (double)b.messages / SECONDS, (double)b.cpu_ns / 1000.0 / (double)b.messages);
}

int main(void)
{
    run("echo, 1 in flight", false, 1);
    run("echo, 16 in flight", false, 16);
    run("fan-out 1 to 100", true, 0);
    return 0;
}
