/* SPDX-License-Identifier: MIT */
#include "bench/io.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

enum {
    IO_READ_BYTES = 256 * 1024,
    IO_REST_BYTES = IO_READ_BYTES / 2, /* a longer piece without an end is refused */
    IO_OUT_BYTES = 64 * 1024 * 1024,
    IO_EVENTS = 256,
};

bool io_init(struct io *io, struct why *why)
{
    *io = (struct io){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    if (io->epoll_fd < 0) {
        why_set(why, "epoll_create1: %s", strerror(errno));
        return false;
    }
    io->bytes = mem_alloc(IO_READ_BYTES);
    io->now_ns = clock_mono_ns();
    return true;
}

void io_release(struct io *io)
{
    if (io->bytes)
        close(io->epoll_fd);
    free(io->bytes);
    io->bytes = NULL;
}

void io_conn_init(struct io_conn *c, const struct io_class *class, struct io *io)
{
    *c = (struct io_conn){.class = class, .io = io, .fd = -1};
    buf_init(&c->out, IO_OUT_BYTES);
    buf_init(&c->rest, IO_READ_BYTES);
}

void io_conn_release(struct io_conn *c)
{
    struct io_conn **at = &c->io->dirty;

    io_close(c);
    while (c->is_dirty && *at != c)
        at = &(*at)->next_dirty;
    if (c->is_dirty)
        *at = c->next_dirty;
    buf_release(&c->out);
    buf_release(&c->rest);
}

/* What epoll shall watch now. */
static void watch(struct io_conn *c, int operation)
{
    struct epoll_event event = {.data.ptr = c};

    if (c->is_connecting || c->is_blocked)
        event.events |= EPOLLOUT;
    if (!c->is_connecting && !c->is_paused)
        event.events |= EPOLLIN;
    BUG_ON(epoll_ctl(c->io->epoll_fd, operation, c->fd, &event) != 0);
}

static void end(struct io_conn *c, int error)
{
    io_close(c);
    c->class->on_end(c, error);
}

void io_connect(struct io_conn *c, const struct target *to, int rcvbuf_bytes)
{
    const int on = 1;

    BUG_ON(c->fd >= 0);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        end(c, errno);
        return;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (rcvbuf_bytes > 0)
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf_bytes, sizeof(rcvbuf_bytes));
    if (connect(c->fd, (const struct sockaddr *)&to->address, sizeof(to->address)) != 0 &&
        errno != EINPROGRESS) {
        end(c, errno);
        return;
    }
    c->is_connecting = true;
    watch(c, EPOLL_CTL_ADD);
}

void io_touch(struct io_conn *c)
{
    if (c->is_dirty)
        return;
    c->is_dirty = true;
    c->next_dirty = c->io->dirty;
    c->io->dirty = c;
}

static void set_paused(struct io_conn *c, bool is_paused)
{
    c->is_paused = is_paused;
    if (c->fd >= 0)
        watch(c, EPOLL_CTL_MOD);
}

void io_pause(struct io_conn *c)
{
    set_paused(c, true);
}

void io_resume(struct io_conn *c)
{
    set_paused(c, false);
}

void io_close(struct io_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->is_connecting = c->is_blocked = c->is_paused = false;
    buf_reset(&c->out);
    buf_reset(&c->rest);
}

static void flush(struct io_conn *c)
{
    ssize_t n;

    if (c->fd < 0 || c->is_connecting || c->is_blocked || c->out.n == 0)
        return;
    n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        end(c, errno);
        return;
    }
    buf_consume(&c->out, n > 0 ? (size_t)n : 0);
    if (c->out.n > 0) {
        c->is_blocked = true;
        watch(c, EPOLL_CTL_MOD);
    }
}

static void flush_dirty(struct io *io)
{
    while (io->dirty) {
        struct io_conn *c = io->dirty;

        io->dirty = c->next_dirty;
        c->is_dirty = false;
        flush(c);
    }
}

static void on_connected(struct io_conn *c)
{
    int error = 0;
    socklen_t n = sizeof(error);

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error != 0) {
        end(c, error);
        return;
    }
    c->is_connecting = false;
    watch(c, EPOLL_CTL_MOD);
    c->class->on_open(c);
    io_touch(c);
}

/* The piece left over stands before what comes, so that on_bytes sees both as one. */
static void on_readable(struct io_conn *c)
{
    char *bytes = c->io->bytes;
    size_t n = c->rest.n, used;
    ssize_t got;

    if (n > 0)
        memcpy(bytes, c->rest.p, n);
    got = recv(c->fd, bytes + n, IO_READ_BYTES - n, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        end(c, got < 0 ? errno : 0);
        return;
    }
    n += (size_t)got;
    buf_reset(&c->rest);
    used = c->class->on_bytes(c, bytes, n);
    if (c->fd < 0)
        return;
    BUG_ON(used > n);
    if (n - used > IO_REST_BYTES)
        end(c, EMSGSIZE);
    else
        buf_append(&c->rest, bytes + used, n - used);
}

static void on_event(struct io_conn *c, uint32_t events)
{
    if (c->fd < 0) /* closed by another's callback in this turn */
        return;
    if (c->is_connecting) {
        on_connected(c);
        return;
    }
    if (events & EPOLLOUT && c->is_blocked) {
        c->is_blocked = false;
        watch(c, EPOLL_CTL_MOD);
        io_touch(c);
    }
    if (!c->is_paused && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        on_readable(c);
    else if (events & EPOLLERR)
        end(c, ECONNRESET);
}

void io_turn(struct io *io, int64_t until_ns)
{
    struct epoll_event events[IO_EVENTS];
    int64_t wait_ns;
    int n;

    flush_dirty(io);
    wait_ns = until_ns - clock_mono_ns();
    if (wait_ns < 0)
        wait_ns = 0;
    n = epoll_pwait2(
        io->epoll_fd, events, IO_EVENTS,
        &(struct timespec){.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S},
        NULL);
    io->now_ns = clock_mono_ns();
    for (int i = 0; i < n; i++)
        on_event(events[i].data.ptr, events[i].events);
    flush_dirty(io);
}
