/*
 * `reuse-chat health`: asks the server that has the same settings how it is, for service managers and
 * containers that have no HTTP client.
 * SPDX-License-Identifier: MIT
 */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "app/app.h"
#include "base/buf.h"

#include "base/banned.h"

enum {
    TIMEOUT_S = 5,
    ANSWER_MAX = 64 * 1024
};

/* A connection whose every step takes TIMEOUT_S at most; -1: none. */
static int connect_to(const struct addrinfo *at)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
        connect(fd, at->ai_addr, at->ai_addrlen) == 0)
        return fd;
    close(fd);
    return -1;
}

static int connect_to_admin(const struct settings *s, int64_t nth)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    char host[256], port[24];
    int fd = -1;

    snprintf(host, sizeof(host), STR_FMT, STR_ARG(s->admin_address));
    snprintf(port, sizeof(port), "%lld", (long long)(s->admin_port + nth));
    if (getaddrinfo(host, port, &hints, &all) != 0)
        return -1;
    for (const struct addrinfo *at = all; at && fd < 0; at = at->ai_next)
        fd = connect_to(at);
    freeaddrinfo(all);
    return fd;
}

/* The whole answer to GET /readyz; empty: none. */
static void ask(int fd, struct buf *out)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    ssize_t got = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
    char *to;

    while (got > 0 && (to = buf_reserve(out, 4096))) {
        got = recv(fd, to, 4096, 0);
        buf_commit(out, got > 0 ? (size_t)got : 0);
    }
}

static struct str body_of(struct str answer)
{
    while (answer.n > 0 && !str_starts(answer, STR("\r\n\r\n")))
        answer = str_from(answer, 1);
    return str_from(answer, 4);
}

/* One line of what the nth server says; false: it cannot do its work, or says nothing. */
static bool tell(const struct settings *s, int64_t nth)
{
    int fd = connect_to_admin(s, nth);
    struct str answer;
    struct buf in;
    bool is_up;

    buf_init(&in, ANSWER_MAX);
    if (fd >= 0) {
        ask(fd, &in);
        close(fd);
    }
    answer = buf_str(&in);
    is_up = str_starts(answer, STR("HTTP/1.1 200 "));
    if (answer.n > 0)
        printf(STR_FMT "\n", STR_ARG(body_of(answer)));
    else
        fprintf(stderr, "reuse-chat: no answer from " STR_FMT " port %lld\n",
                STR_ARG(s->admin_address), (long long)(s->admin_port + nth));
    buf_release(&in);
    return is_up;
}

int app_health(const struct app_args *args)
{
    struct settings settings;
    bool is_up = true;

    if (!app_settings(args, &settings, NULL))
        return APP_EXIT_CONFIG;
    for (int64_t i = 0; i < settings.servers; i++)
        is_up = tell(&settings, i) && is_up;
    return is_up ? 0 : 1;
}
