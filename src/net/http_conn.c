/*
 * The life of an HTTP connection. Everything happens in one place, the run: callbacks of the
 * handler may answer, write or end inside it, and what they do outside of it is picked up by a run
 * at the end of the turn.
 * SPDX-License-Identifier: MIT
 */
#include "net/http_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "net/server.h"
#include "net/upgrade.h"

#include "base/banned.h"

enum {
    /* Answers to requests sent ahead are collected up to this before the next is taken. */
    OUT_ENOUGH = 65536
};

static void set_state(struct http_conn *c, enum http_state to)
{
    static const bool allowed[HTTP_GONE + 1][HTTP_GONE + 1] = {
        [HTTP_HEAD] = {[HTTP_BODY] = true, [HTTP_CLOSING] = true, [HTTP_GONE] = true},
        [HTTP_BODY] = {[HTTP_ANSWERING] = true, [HTTP_GONE] = true},
        [HTTP_ANSWERING] =
            {[HTTP_HEAD] = true, [HTTP_CLOSING] = true, [HTTP_GONE] = true},
        [HTTP_CLOSING] = {[HTTP_LINGER] = true, [HTTP_GONE] = true},
        [HTTP_LINGER] = {[HTTP_GONE] = true},
    };

    BUG_ON(!allowed[c->state][to]);
    c->state = to;
}

static struct str unread(const struct http_conn *c)
{
    return str_from(buf_str(&c->in), c->in_at);
}

struct str http_conn_peer(const struct http_conn *c)
{
    return str_of(c->peer);
}

static void forget_deadline(struct http_conn *c)
{
    deadline_clear(&c->deadline);
    c->deadline_kind = DEADLINES;
}

/* The handler keeps a request that nobody wants to hear about; any other one goes. */
static void abandon(struct http_conn *c)
{
    struct net_request *r = c->request;
    bool was_handed_out = c->state == HTTP_ANSWERING;

    c->request = NULL;
    if (!r)
        return;
    r->conn = NULL;
    if (was_handed_out && !r->user)
        return;
    if (was_handed_out)
        c->server->config.handler.on_abandon(r->user);
    request_free(r);
}

static void free_conn(struct http_conn *c)
{
    DL_DELETE(c->server->conns, c);
    free(c);
}

void http_conn_end(struct http_conn *c)
{
    if (c->state == HTTP_GONE)
        return;
    loop_watch_free(&c->watch);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->server->n_conns--;
    forget_deadline(c);
    abandon(c);
    set_state(c, HTTP_GONE);
    buf_release(&c->in);
    outq_release(&c->out);
    if (!c->is_running && !c->is_ready)
        free_conn(c);
}

/* --- what a run does ---------------------------------------------------------------------- */

static void read_some(struct http_conn *c)
{
    char *scratch = c->server->scratch;
    ssize_t n = recv(c->fd, scratch, SERVER_SCRATCH_BYTES, 0);

    if (n > 0) {
        if (c->state != HTTP_LINGER)
            buf_append(&c->in, scratch, (size_t)n);
    } else if (n == 0) {
        c->has_eof = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        http_conn_end(c);
    }
}

static void write_some(struct http_conn *c)
{
    while (c->state != HTTP_GONE && c->out.n > 0) {
        struct str s = outq_str(&c->out);
        ssize_t n = send(c->fd, s.p, s.n, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            http_conn_end(c);
            return;
        }
        outq_drop(&c->out, (size_t)n);
        if (c->deadline_kind == DEADLINE_STALL)
            forget_deadline(c); /* some progress is a new beginning */
    }
}

/* Refuses what is not even a request. */
static void refuse_head(struct http_conn *c, int status)
{
    int ignored;

    c->request = request_new(c->server, c, STR(""), &ignored);
    set_state(c, HTTP_BODY);
    request_refuse(c->request, status);
}

/* RFC 9112, 2.2: empty lines before a request line are ignored. */
static void skip_empty_lines(struct http_conn *c)
{
    while (str_starts(unread(c), STR("\r\n")))
        c->in_at += 2;
}

static bool end_of_input_between_requests(struct http_conn *c)
{
    if (c->out.n == 0)
        http_conn_end(c);
    else
        set_state(c, HTTP_CLOSING);
    return false;
}

static bool begin_request(struct http_conn *c)
{
    struct net_request *r = c->request;
    const struct http_head *head = &r->parsed;

    if (head->length > r->body.max) {
        request_refuse(r, 413);
    } else if (head->wants_websocket && c->server->config.handler.on_upgrade) {
        write_some(c);
        if (c->state != HTTP_GONE)
            upgrade_run(c, unread(c));
    } else if (head->expects_continue && http_head_has_body(head) && unread(c).n == 0) {
        outq_append(&c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    return true;
}

static bool take_head(struct http_conn *c)
{
    struct str in;
    size_t n;
    int status;

    skip_empty_lines(c);
    in = unread(c);
    n = http_head_end(in, &c->scanned);
    if (n > HTTP_HEAD_MAX || (n == 0 && in.n >= HTTP_HEAD_MAX)) {
        refuse_head(c, 431);
        return true;
    }
    if (n == 0)
        return c->has_eof ? end_of_input_between_requests(c) : false;

    c->request = request_new(c->server, c, (struct str){in.p, n}, &status);
    c->in_at += n;
    c->scanned = 0;
    c->is_used = true;
    c->is_last = !c->request->parsed.keeps_alive || c->server->fd < 0;
    forget_deadline(c);
    set_state(c, HTTP_BODY);
    if (status != 0) {
        request_refuse(c->request, status);
        return true;
    }
    return begin_request(c);
}

void http_conn_hand_out(struct http_conn *c)
{
    forget_deadline(c);
    set_state(c, HTTP_ANSWERING);
}

int http_conn_release_fd(struct http_conn *c)
{
    int fd = c->fd;

    loop_watch_free(&c->watch);
    c->fd = -1;
    return fd;
}

/* out: the body is complete, or was refused */
static bool read_length(struct http_conn *c)
{
    struct net_request *r = c->request;
    struct str in = unread(c);
    size_t missing = (size_t)r->parsed.length - r->body.n;
    size_t n = in.n < missing ? in.n : missing;

    buf_append(&r->body, in.p, n);
    c->in_at += n;
    return n == missing;
}

static bool read_chunks(struct http_conn *c)
{
    struct net_request *r = c->request;
    size_t n;
    int status = chunked_feed(&r->chunked, unread(c), &r->body, &n);

    c->in_at += n;
    if (status != 0)
        request_refuse(r, status);
    return status != 0 || chunked_is_done(&r->chunked);
}

static bool take_body(struct http_conn *c)
{
    struct net_request *r = c->request;

    if (!(r->parsed.is_chunked ? read_chunks(c) : read_length(c))) {
        if (c->has_eof)
            http_conn_end(c);
        return false;
    }
    if (c->state != HTTP_BODY)
        return true; /* refused */
    http_conn_hand_out(c);
    c->server->config.handler.on_request(c->server->config.handler.ctx, r);
    return true;
}

static bool is_more_due(const struct http_conn *c)
{
    return c->request && c->request->wants_more &&
           c->out.n < c->server->config.outbound_bytes / 2;
}

/* out: false when nothing is left to do now */
static bool step(struct http_conn *c)
{
    switch (c->state) {
    case HTTP_HEAD:
        return take_head(c);
    case HTTP_BODY:
        return take_body(c);
    case HTTP_ANSWERING:
        if (is_more_due(c)) {
            c->request->wants_more = false;
            c->request->on_more(c->request->more_user);
        }
        return false;
    case HTTP_CLOSING:
        if (c->out.n == 0) {
            shutdown(c->fd, SHUT_WR);
            set_state(c, HTTP_LINGER);
        }
        return false;
    case HTTP_LINGER:
        if (c->has_eof)
            http_conn_end(c);
        return false;
    case HTTP_GONE:
        return false;
    }
    return false;
}

static void advance(struct http_conn *c)
{
    bool goes_on = true;

    if (c->has_eof && c->state == HTTP_ANSWERING)
        http_conn_end(c); /* who shuts its side down is not waiting for an answer */
    write_some(c);
    while (goes_on && (c->state != HTTP_HEAD || c->out.n < OUT_ENOUGH)) {
        goes_on = step(c);
        if (!goes_on || c->out.n >= OUT_ENOUGH)
            write_some(c);
    }
    if (c->state == HTTP_CLOSING && c->out.n == 0)
        (void)step(c);
}

/* --- between runs ------------------------------------------------------------------------- */

static int wanted_events(const struct http_conn *c)
{
    int events = c->out.n > 0 ? LOOP_WRITABLE : 0;

    if (c->has_eof || c->state == HTTP_CLOSING)
        return events;
    if (c->state == HTTP_LINGER || unread(c).n < HTTP_HEAD_MAX)
        events |= LOOP_READABLE;
    return events;
}

static enum server_deadline wanted_deadline(const struct http_conn *c)
{
    if (c->state == HTTP_LINGER)
        return DEADLINE_LINGER;
    if (c->out.n > 0)
        return DEADLINE_STALL;
    if (c->state == HTTP_BODY)
        return DEADLINE_BODY;
    if (c->state == HTTP_HEAD)
        return c->is_used && unread(c).n == 0 ? DEADLINE_IDLE : DEADLINE_HEAD;
    return DEADLINES;
}

static void settle(struct http_conn *c)
{
    enum server_deadline kind = wanted_deadline(c);
    int events = wanted_events(c);

    buf_consume(&c->in, c->in_at);
    c->in_at = 0;
    if (c->in.n == 0)
        buf_release(&c->in);
    if (events != c->events)
        loop_watch_set(c->watch, events);
    c->events = events;
    if (kind != c->deadline_kind) {
        forget_deadline(c);
        if (kind != DEADLINES)
            server_set_deadline(c->server, &c->deadline, kind);
        c->deadline_kind = kind;
    }
    if (is_more_due(c))
        server_run_later(c->server, c);
}

static void enter(struct http_conn *c)
{
    c->is_running = true;
    c->server->busy++;
}

static void leave(struct http_conn *c)
{
    if (c->is_doomed)
        http_conn_end(c);
    c->is_running = false;
    c->server->busy--;
    if (c->state != HTTP_GONE)
        settle(c);
    else if (!c->is_ready)
        free_conn(c);
}

void http_conn_run(struct http_conn *c)
{
    enter(c);
    advance(c);
    leave(c);
}

void http_conn_run_ready(struct http_conn *c)
{
    c->is_ready = false;
    if (c->state == HTTP_GONE)
        free_conn(c);
    else
        http_conn_run(c);
}

static void on_event(void *arg, int events, bool is_error)
{
    struct http_conn *c = arg;

    enter(c);
    if (is_error)
        http_conn_end(c);
    else if (events & LOOP_READABLE)
        read_some(c);
    advance(c);
    leave(c);
}

void http_conn_answered(struct http_conn *c)
{
    c->request = NULL;
    set_state(c, c->is_last ? HTTP_CLOSING : HTTP_HEAD);
    if (!c->is_running)
        server_run_later(c->server, c);
}

void http_conn_abort(struct http_conn *c)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    c->request = NULL;
    c->is_doomed = true;
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    if (!c->is_running)
        server_run_later(c->server, c);
}

void request_refuse(struct net_request *r, int status)
{
    struct http_conn *c = r->conn;

    /* What follows a request that was not understood cannot be told from its body. */
    c->is_last = true;
    buf_release(&c->in);
    c->in_at = 0;
    http_conn_hand_out(c);
    switch (status) {
    case 400:
        net_respond_error(r, ERR_BAD_REQUEST);
        break;
    case 404:
        net_respond_error(r, ERR_NOT_FOUND);
        break;
    case 413:
        net_respond_error(r, ERR_PAYLOAD_TOO_LARGE);
        break;
    default:
        net_respond(r, status, STR_NULL, STR(""), NULL);
        break;
    }
}

void http_conn_expired(struct deadline *d)
{
    struct http_conn *c = (void *)((char *)d - offsetof(struct http_conn, deadline));
    bool is_late = c->state == HTTP_BODY || (c->state == HTTP_HEAD && unread(c).n > 0);

    enter(c);
    c->deadline_kind = DEADLINES;
    if (!is_late || c->out.n > 0) {
        http_conn_end(c);
    } else if (c->state == HTTP_BODY) {
        request_refuse(c->request, 408);
    } else {
        refuse_head(c, 408);
    }
    advance(c);
    leave(c);
}

void http_conn_new(struct net_server *s, int fd, const char *peer)
{
    struct http_conn *c = mem_zalloc(sizeof(*c));

    c->server = s;
    c->fd = fd;
    c->deadline_kind = DEADLINES;
    memcpy(c->peer, peer, strnlen(peer, PEER_BYTES - 1));
    buf_init(&c->in, HTTP_HEAD_MAX + 2 * SERVER_SCRATCH_BYTES);
    c->watch = loop_watch_new(s->loop, fd, on_event, c);
    DL_APPEND(s->conns, c);
    s->n_conns++;
    settle(c);
}
