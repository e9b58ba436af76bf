/*
 * What fan-out costs at the least: an epoll server on one thread that hands each SEND to its room, with
 * no checks, no storage and no limits. It speaks just enough HTTP and STOMP for `reuse-chat bench`,
 * and can be told to lose, repeat or swap deliveries, which the generator must notice.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bug.h"

#include "base/banned.h"

enum {
    READ_BYTES = 256 * 1024,
    OUT_BYTES = 1 << 30,
    EVENTS = 256,
    USER_BYTES = 128,
    ROOMS_MAX = 1 << 16,
    UUID_BYTES = 36,
};

enum fault {
    FAULT_NONE,
    FAULT_LOSE,   /* every n-th delivery is left out */
    FAULT_REPEAT, /* every n-th is made twice */
    FAULT_SWAP,   /* every n-th comes after the one that follows it */
    FAULT_CLOSE,  /* the n-th closes its connection with an ERROR */
};

struct conn {
    int fd;
    bool is_websocket, is_dirty, is_blocked;
    struct buf in, out, held; /* held: a delivery that waits for the next one */
    char user[USER_BYTES];
    unsigned room; /* subscribed to; 0: none yet */
    struct conn *next_in_room, *next_dirty;
};

struct fanout {
    int epoll_fd, listen_fd;
    struct conn **rooms; /* first subscriber of each */
    int64_t *seqs;
    unsigned n_rooms;
    struct conn *dirty;
    struct buf frame;
    char bytes[READ_BYTES];
    enum fault fault;
    uint64_t every, deliveries;
};

static void touch(struct fanout *f, struct conn *c)
{
    if (c->is_dirty)
        return;
    c->is_dirty = true;
    c->next_dirty = f->dirty;
    f->dirty = c;
}

static void text_frame(struct buf *out, struct str payload)
{
    unsigned char head[4] = {0x81, (unsigned char)payload.n};

    BUG_ON(payload.n > UINT16_MAX);
    if (payload.n > 125) {
        head[1] = 126;
        head[2] = (unsigned char)(payload.n >> 8);
        head[3] = (unsigned char)payload.n;
    }
    buf_append(out, head, payload.n > 125 ? 4 : 2);
    buf_append_str(out, payload);
}

/* --- rooms -------------------------------------------------------------------------------- */

static void deliver(struct fanout *f, struct conn *c, struct str frame)
{
    bool is_hit = f->every > 0 && ++f->deliveries % f->every == 0;

    touch(f, c);
    if (is_hit && f->fault == FAULT_LOSE)
        return;
    if (is_hit && f->fault == FAULT_SWAP && c->held.n == 0) {
        text_frame(&c->held, frame);
        return;
    }
    if (is_hit && f->fault == FAULT_CLOSE)
        text_frame(&c->out, (struct str){"ERROR\ncode:slow_consumer\n\n", 27});
    text_frame(&c->out, frame);
    if (is_hit && f->fault == FAULT_REPEAT)
        text_frame(&c->out, frame);
    if (is_hit && f->fault == FAULT_CLOSE)
        buf_append(&c->out, "\x88\x02\x03\xf5", 4); /* 1013 */
    buf_append_str(&c->out, buf_str(&c->held));
    buf_reset(&c->held);
}

/* The value of a header of a STOMP frame. */
static struct str header_of(struct str frame, struct str name)
{
    struct str line;

    while (str_split(&frame, '\n', &line) && line.n > 0) {
        if (str_starts(line, name))
            return str_from(line, name.n);
    }
    return STR_NULL;
}

static void answer_receipt(struct fanout *f, struct conn *c, struct str frame)
{
    struct str receipt = header_of(frame, STR("receipt:"));

    if (!receipt.p)
        return;
    buf_reset(&f->frame);
    buf_printf(&f->frame, "RECEIPT\nreceipt-id:" STR_FMT "\nseq:%lld\nlast-seq:%lld\n\n",
               STR_ARG(receipt), (long long)f->seqs[c->room],
               (long long)f->seqs[c->room]);
    buf_putc(&f->frame, '\0');
    text_frame(&c->out, buf_str(&f->frame));
    touch(f, c);
}

/* {"content":"…"} or {"typing":…} of the SEND, with what a chat server puts around it. */
static void on_send(struct fanout *f, struct conn *c, struct str frame)
{
    const char *at = memmem(frame.p, frame.n, "\n\n", 2);
    struct str body;
    bool is_typing;

    if (!at || c->room == 0)
        return;
    body = str_from(frame, (size_t)(at - frame.p) + 3); /* without its brace */
    body.n -= 2;                                        /* nor the last, nor NUL */
    is_typing = str_starts(body, STR("\"typing\""));
    buf_reset(&f->frame);
    buf_printf(&f->frame,
               "MESSAGE\ndestination:/sub/chat/room/00000000-0000-0000-0000-%012x\n"
               "subscription:0\nmessage-id:00000000-0000-0000-0000-%012x\nseq:%lld\n"
               "content-type:application/json\n\n",
               c->room, c->room, (long long)++f->seqs[c->room]);
    buf_printf(&f->frame,
               is_typing ? "{\"type\":\"typing\",\"roomUUID\":\"\",\"user\":\"%s\","
                         : "{\"roomUUID\":\"00000000-0000-0000-0000-000000000000\","
                           "\"sender\":\"%s\",",
               c->user);
    buf_append_str(&f->frame, body);
    buf_append_c(&f->frame, ",\"timestamp\":\"2025-01-20T10:30:22.123456\"}");
    buf_putc(&f->frame, '\0');
    for (struct conn *to = f->rooms[c->room]; to; to = to->next_in_room)
        deliver(f, to, buf_str(&f->frame));
    answer_receipt(f, c, frame);
}

static void on_subscribe(struct fanout *f, struct conn *c, struct str frame)
{
    struct str destination = header_of(frame, STR("destination:/sub/chat/room/"));
    char hex[13] = "0";

    if (destination.n >= UUID_BYTES)
        memcpy(hex, destination.p + UUID_BYTES - 12, 12);
    c->room = (unsigned)strtoul(hex, NULL, 16) % ROOMS_MAX;
    c->next_in_room = f->rooms[c->room];
    f->rooms[c->room] = c;
    answer_receipt(f, c, frame);
}

static void on_frame(struct fanout *f, struct conn *c, struct str frame)
{
    static const char connected[] = "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n";

    if (str_starts(frame, STR("SEND\n"))) {
        on_send(f, c, frame);
    } else if (str_starts(frame, STR("SUBSCRIBE\n"))) {
        on_subscribe(f, c, frame);
    } else {
        snprintf(c->user, sizeof(c->user), STR_FMT,
                 STR_ARG(header_of(frame, STR("sender:"))));
        text_frame(&c->out, (struct str){connected, sizeof(connected)});
        touch(f, c);
    }
}

/* --- bytes -------------------------------------------------------------------------------- */

/* A client's frame at p, unmasked in place; bytes it takes, 0: not there as a whole. */
static size_t frame_read(char *p, size_t n, struct str *out)
{
    const unsigned char *head = (const unsigned char *)p;
    size_t at = 2, length;

    if (n < 8)
        return 0;
    length = head[1] & 0x7f;
    if (length == 126) {
        length = (size_t)head[2] << 8 | head[3];
        at = 4;
    }
    BUG_ON(length == 127);
    if (n < at + 4 + length)
        return 0;
    for (size_t i = 0; i < length; i++)
        p[at + 4 + i] ^= p[at + i % 4];
    *out = (struct str){p + at + 4, length};
    return at + 4 + length;
}

/* Any request makes a room, but one: the WebSocket's. Its accept key is not worked out: the generator
 * does not look at it. */
static size_t request_read(struct fanout *f, struct conn *c, struct str in)
{
    const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);
    char body[128];
    int n;

    if (!end)
        return 0;
    touch(f, c);
    c->is_websocket = str_starts(in, STR("GET /ws-stomp "));
    if (c->is_websocket) {
        buf_append_c(&c->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\n\r\n");
    } else {
        n = snprintf(body, sizeof(body),
                     "[{\"room\":{\"roomUUID\":\"00000000-0000-0000-0000-%012x\"}}]",
                     ++f->n_rooms % ROOMS_MAX);
        buf_printf(&c->out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, body);
    }
    return (size_t)(end - in.p) + 4;
}

static void conn_end(struct fanout *f, struct conn *c)
{
    struct conn **at = &f->rooms[c->room];

    while (*at && *at != c)
        at = &(*at)->next_in_room;
    if (*at)
        *at = c->next_in_room;
    for (at = &f->dirty; c->is_dirty && *at != c;)
        at = &(*at)->next_dirty;
    if (c->is_dirty)
        *at = c->next_dirty;
    close(c->fd);
    buf_release(&c->in);
    buf_release(&c->out);
    buf_release(&c->held);
    free(c);
}

static size_t bytes_read(struct fanout *f, struct conn *c, char *p, size_t n)
{
    size_t used = 0, took;

    do {
        struct str frame;

        if (!c->is_websocket) {
            took = request_read(f, c, (struct str){p + used, n - used});
        } else {
            took = frame_read(p + used, n - used, &frame);
            if (took > 0 && ((unsigned char)p[used] & 0x0f) == 1)
                on_frame(f, c, frame);
        }
        used += took;
    } while (took > 0);
    return used;
}

static void on_readable(struct fanout *f, struct conn *c)
{
    size_t rest = c->in.n, used;
    ssize_t n;

    if (rest > 0)
        memcpy(f->bytes, c->in.p, rest);
    n = recv(c->fd, f->bytes + rest, READ_BYTES - rest, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        conn_end(f, c);
        return;
    }
    used = bytes_read(f, c, f->bytes, rest + (size_t)n);
    buf_reset(&c->in);
    buf_append(&c->in, f->bytes + used, rest + (size_t)n - used);
}

static void watch(struct fanout *f, struct conn *c, int operation)
{
    struct epoll_event event = {.events = c->is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = c};

    BUG_ON(epoll_ctl(f->epoll_fd, operation, c->fd, &event) != 0);
}

static void flush(struct fanout *f, struct conn *c)
{
    ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
    bool was_blocked = c->is_blocked;

    if (n > 0)
        buf_consume(&c->out, (size_t)n);
    c->is_blocked = n >= 0 && c->out.n > 0;
    if (n < 0 && errno == EAGAIN)
        c->is_blocked = true;
    if (c->is_blocked != was_blocked)
        watch(f, c, EPOLL_CTL_MOD);
}

static void flush_dirty(struct fanout *f)
{
    while (f->dirty) {
        struct conn *c = f->dirty;

        f->dirty = c->next_dirty;
        c->is_dirty = false;
        if (!c->is_blocked && c->out.n > 0)
            flush(f, c);
    }
}

static void on_connection(struct fanout *f)
{
    const int on = 1;
    int fd;

    while ((fd = accept4(f->listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct conn *c = mem_zalloc(sizeof(*c));

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        c->fd = fd;
        buf_init(&c->in, READ_BYTES);
        buf_init(&c->out, OUT_BYTES);
        buf_init(&c->held, UINT16_MAX);
        watch(f, c, EPOLL_CTL_ADD);
    }
}

static bool start(struct fanout *f, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    const int on = 1;

    f->rooms = mem_zalloc(ROOMS_MAX * sizeof(struct conn *));
    f->seqs = mem_zalloc(ROOMS_MAX * sizeof(*f->seqs));
    buf_init(&f->frame, UINT16_MAX);
    f->epoll_fd = epoll_create1(0);
    f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(f->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return bind(f->listen_fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
           listen(f->listen_fd, SOMAXCONN) == 0 &&
           epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, f->listen_fd, &event) == 0;
}

static void serve(struct fanout *f)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int n = epoll_wait(f->epoll_fd, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;

            if (!c) {
                on_connection(f);
                continue;
            }
            if (events[i].events & EPOLLOUT) {
                c->is_blocked = false;
                watch(f, c, EPOLL_CTL_MOD);
                touch(f, c);
            }
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                on_readable(f, c);
        }
        flush_dirty(f);
    }
}

static enum fault fault_of(const char *name)
{
    static const char *const names[] = {"none", "lose", "repeat", "swap", "close"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum fault)i;
    }
    return FAULT_NONE;
}

int main(int argc, char **argv)
{
    struct fanout *f = mem_zalloc(sizeof(*f));

    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: ceiling_fanout PORT [lose|repeat|swap|close EVERY]\n");
        return 64;
    }
    if (argc == 4) {
        f->fault = fault_of(argv[2]);
        f->every = strtoull(argv[3], NULL, 10);
    }
    if (!start(f, (int)strtol(argv[1], NULL, 10))) {
        perror("ceiling_fanout");
        return 69;
    }
    serve(f);
}
