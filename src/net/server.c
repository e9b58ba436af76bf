/*
 * The listener and what all connections share. Memory of a freed server goes some turns later,
 * when the loop has let go of every handle.
 * SPDX-License-Identifier: MIT
 */
#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "net/http_conn.h"
#include "net/ws.h"

#include "base/banned.h"

enum {
    TICK_MS = 100,
    ACCEPTS_PER_TURN = 64,
    BACKLOG = 4096,
    /* A proxy keeps idle connections for 60 s as a rule; it should be the one to close them. */
    IDLE_MS = 75000,
    STALL_MS = 30000, /* a client that takes nothing of an answer */
    LINGER_MS = 2000,
    WS_CLOSE_MS = 2000 - TICK_MS,
    /* Handles of libwebsockets are closed in two turns of the loop; one more does not hurt. */
    TURNS_TO_CLOSE = 4,
    /* The kernel finds out about vanished peers that nobody writes to: 60 s + 4 × 15 s. */
    KEEPALIVE_IDLE_S = 60,
    KEEPALIVE_EVERY_S = 15,
    KEEPALIVE_PROBES = 4
};

/* --- lists, deadlines, turns -------------------------------------------------------------- */

void server_add_request(struct net_server *s, struct net_request *r)
{
    DL_APPEND(s->requests, r);
}

void server_remove_request(struct net_server *s, struct net_request *r)
{
    DL_DELETE(s->requests, r);
}

static void another_turn(void *arg)
{
    (void)arg;
}

static void run_ready(void *arg)
{
    struct net_server *s = arg;
    struct http_conn *c = s->ready;

    s->ready = NULL;
    while (c) {
        struct http_conn *next = c->next_ready;

        http_conn_run_ready(c);
        c = next;
    }
    if (s->ws)
        ws_write_unsent(s->ws);
    if (s->ready) /* made ready meanwhile */
        loop_post(s->loop, another_turn, NULL);
}

void server_run_later(struct net_server *s, struct http_conn *c)
{
    if (c->is_ready)
        return;
    c->is_ready = true;
    c->next_ready = s->ready;
    s->ready = c;
}

void server_set_deadline(struct net_server *s, struct deadline *d,
                         enum server_deadline kind)
{
    deadline_set(d, &s->deadlines[kind], loop_now_ms(s->loop));
    if (!loop_timer_is_active(s->ticker))
        loop_timer_start(s->ticker, TICK_MS, TICK_MS);
}

static void on_tick(void *arg)
{
    struct net_server *s = arg;
    bool is_idle = true;

    s->busy++;
    for (size_t i = 0; i < DEADLINES; i++) {
        deadline_queue_run(&s->deadlines[i], loop_now_ms(s->loop));
        is_idle = is_idle && deadline_queue_is_empty(&s->deadlines[i]);
    }
    s->busy--;
    if (s->is_accept_paused && s->listener)
        loop_watch_set(s->listener, LOOP_READABLE);
    s->is_accept_paused = false;
    if (is_idle)
        loop_timer_stop(s->ticker);
}

static void init_deadlines(struct net_server *s)
{
    int64_t head_ms = s->config.header_timeout_ms;

    deadline_queue_init(&s->deadlines[DEADLINE_HEAD], head_ms, http_conn_expired);
    deadline_queue_init(&s->deadlines[DEADLINE_BODY], head_ms, http_conn_expired);
    deadline_queue_init(&s->deadlines[DEADLINE_IDLE], IDLE_MS, http_conn_expired);
    deadline_queue_init(&s->deadlines[DEADLINE_STALL], STALL_MS, http_conn_expired);
    deadline_queue_init(&s->deadlines[DEADLINE_LINGER], LINGER_MS, http_conn_expired);
    deadline_queue_init(&s->deadlines[DEADLINE_WS_CLOSE], WS_CLOSE_MS, ws_expired);
}

/* RFC 9110, 5.6.7; in C's locale whatever the process's is. */
const char *server_date(struct net_server *s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t now_s = clock_real_ns() / NS_PER_S;
    time_t t = (time_t)now_s;
    struct tm tm;

    if (now_s != s->date_s && gmtime_r(&t, &tm))
        snprintf(s->date, sizeof(s->date), "%.3s, %02d %.3s %d %02d:%02d:%02d GMT",
                 days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
                 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    s->date_s = now_s;
    return s->date;
}

/* --- accepting ---------------------------------------------------------------------------- */

/* The address as text; one of IPv4 that came over an IPv6 socket is written as IPv4. */
static void peer_text(const struct sockaddr_storage *address, char out[PEER_BYTES])
{
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;

    out[0] = '\0';
    if (address->ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, out, PEER_BYTES);
    else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, out, PEER_BYTES);
    else if (address->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, out, PEER_BYTES);
}

static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value)); /* each is only an advice */
}

static void adopt(struct net_server *s, int fd, const struct sockaddr_storage *address)
{
    char peer[PEER_BYTES];

    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    peer_text(address, peer);
    http_conn_new(s, fd, peer);
}

/* Out of descriptors, the listener would be readable for ever: look again at the next tick. */
static void pause_accepting(struct net_server *s, int error)
{
    if (!s->has_warned)
        LOG_WARN(s->config.log, "net.accept_failed", LOG_C("error", strerror(error)),
                 LOG_INT("connections", net_server_connections(s)));
    s->has_warned = true;
    loop_watch_set(s->listener, 0);
    s->is_accept_paused = true;
    if (!loop_timer_is_active(s->ticker))
        loop_timer_start(s->ticker, TICK_MS, TICK_MS);
}

static void on_connection(void *arg, int events, bool is_error)
{
    struct net_server *s = arg;

    (void)events;
    (void)is_error;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage address = {0};
        socklen_t n = sizeof(address);
        int fd =
            accept4(s->fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            s->has_warned = false;
            adopt(s, fd, &address);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                   errno == ENOMEM) {
            pause_accepting(s, errno);
            return;
        } else if (errno == EAGAIN) {
            return;
        } /* any other error is the connection's own: it left before we came */
    }
}

/* --- listening ---------------------------------------------------------------------------- */

static int bind_to(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (ai->ai_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t n = sizeof(address);

    BUG_ON(getsockname(fd, (struct sockaddr *)&address, &n) != 0);
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

static int listen_on(struct str address, int port, struct why *why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[256], service[16];
    int rc, fd = -1, error = 0;

    snprintf(host, sizeof(host), STR_FMT, STR_ARG(address));
    snprintf(service, sizeof(service), "%d", port);
    rc = getaddrinfo(address.n ? host : NULL, service, &hints, &found);
    if (rc != 0) {
        why_set(why, "address %s: %s", host, gai_strerror(rc));
        return -1;
    }
    for (const struct addrinfo *ai = found; ai && fd < 0; ai = ai->ai_next) {
        fd = bind_to(ai);
        error = errno;
    }
    freeaddrinfo(found);
    if (fd < 0)
        why_set(why, "listening on %s port %d: %s", host, port, strerror(error));
    return fd;
}

/* --- life --------------------------------------------------------------------------------- */

struct net_server *net_server_new(struct loop *loop, const struct net_config *config,
                                  struct why *why)
{
    struct net_server *s;
    int fd = listen_on(config->address, config->port, why);

    if (fd < 0)
        return NULL;
    s = mem_zalloc(sizeof(*s));
    s->config = *config;
    s->config.address = STR_NULL;
    if (s->config.header_timeout_ms <= 0)
        s->config.header_timeout_ms = 10000;
    s->loop = loop;
    s->fd = fd;
    s->port = port_of(fd);
    init_deadlines(s);
    if (config->handler.on_upgrade) {
        s->ws = ws_engine_new(s, why);
        if (!s->ws) {
            close(fd);
            free(s);
            return NULL;
        }
    }
    s->scratch = mem_alloc(SERVER_SCRATCH_BYTES);
    s->ticker = loop_timer_new(loop, on_tick, s);
    s->turn = loop_turn_new(loop, run_ready, s);
    s->listener = loop_watch_new(loop, fd, on_connection, s);
    loop_watch_set(s->listener, LOOP_READABLE);
    return s;
}

int net_server_port(const struct net_server *s)
{
    return s->port;
}

void net_server_stop_listening(struct net_server *s)
{
    loop_watch_free(&s->listener);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

size_t net_server_connections(const struct net_server *s)
{
    return s->n_conns + s->n_sockets;
}

static void free_when_closed(void *arg)
{
    struct net_server *s = arg;

    if (--s->turns_left > 0) {
        loop_post(s->loop, free_when_closed, s);
        return;
    }
    ws_engine_free(&s->ws);
    free(s->scratch);
    free(s);
}

void net_server_free(struct net_server **sp)
{
    struct net_server *s = *sp;
    struct http_conn *c, *next_conn;
    struct net_request *r, *next_request;

    if (!s)
        return;
    *sp = NULL;
    BUG_ON(s->busy != 0); /* a callback of this server's handler is on the stack */
    net_server_stop_listening(s);
    DL_FOREACH_SAFE(s->conns, c, next_conn)
    http_conn_end(c);
    DL_FOREACH_SAFE(s->requests, r, next_request)
    request_free(r);
    ws_engine_close(s->ws);
    run_ready(s); /* which lets go of what has ended */
    loop_timer_free(&s->ticker);
    loop_turn_free(&s->turn);
    s->turns_left = TURNS_TO_CLOSE;
    loop_post(s->loop, free_when_closed, s);
}
