/*
 * Answers: the head, whole bodies, and bodies in pieces.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "net/http_conn.h"
#include "net/server.h"

#include "base/banned.h"

enum {
    HEAD_BYTES = 65536,  /* of an answer; the handler's headers are its own */
    ERROR_BYTES = 65536, /* of the body of an error */
    CHUNK_FRAME = 24     /* "hex CRLF … CRLF" around a piece, at most */
};

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status";
}

/* A value may echo what a client sent: it must not be able to begin a header of its own. */
static void put_header(struct buf *b, const char *name, struct str value)
{
    buf_append_c(b, name);
    buf_append_c(b, ": ");
    for (size_t i = 0; i < value.n; i++)
        buf_putc(b, (unsigned char)value.p[i] < ' ' ? ' ' : value.p[i]);
    buf_append_c(b, "\r\n");
}

/* What the head says about the end of the body. */
struct framing {
    bool has_length;
    size_t length;
};

static void put_head(struct net_request *r, int status, struct str content_type,
                     struct framing framing, const struct net_header *headers)
{
    struct http_conn *c = r->conn;
    struct buf b;

    buf_init(&b, HEAD_BYTES);
    buf_printf(&b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, reason_of(status),
               server_date(r->server));
    if (content_type.p)
        put_header(&b, "Content-Type", content_type);
    for (; headers && headers->name; headers++)
        put_header(&b, headers->name, headers->value);
    if (framing.has_length && status != 204 && status != 304)
        buf_printf(&b, "Content-Length: %zu\r\n", framing.length);
    if (r->is_chunked)
        buf_append_c(&b, "Transfer-Encoding: chunked\r\n");
    if (c->is_last)
        buf_append_c(&b, "Connection: close\r\n");
    else if (!r->parsed.is_http11)
        buf_append_c(&b, "Connection: keep-alive\r\n");
    buf_append_c(&b, "\r\n");
    BUG_ON(!buf_ok(&b));
    outq_append(&c->out, buf_str(&b));
    buf_release(&b);
}

static bool has_body(const struct net_request *r, int status)
{
    return r->parsed.method != NET_HEAD && status >= 200 && status != 204 &&
           status != 304;
}

static void finish(struct net_request *r)
{
    struct http_conn *c = r->conn;

    request_free(r);
    if (c)
        http_conn_answered(c);
}

void net_respond(struct net_request *r, int status, struct str content_type,
                 struct str body, const struct net_header *headers)
{
    BUG_ON(r->is_streaming);
    if (r->conn) {
        put_head(r, status, content_type, (struct framing){true, body.n}, headers);
        if (has_body(r, status))
            outq_append(&r->conn->out, body);
    }
    finish(r);
}

void net_respond_error(struct net_request *r, enum err e)
{
    static const struct net_header upgrade[] = {{"upgrade", {"websocket", 9}},
                                                {"sec-websocket-version", {"13", 2}},
                                                {NULL, {NULL, 0}}};
    const struct net_handler *handler = &r->server->config.handler;
    struct buf body;

    buf_init(&body, ERROR_BYTES);
    if (handler->on_error)
        handler->on_error(handler->ctx, &r->head, e, &body);
    net_respond(r, err_info(e)->status, body.n ? STR("application/json") : STR_NULL,
                buf_str(&body), e == ERR_UPGRADE_REQUIRED ? upgrade : NULL);
    buf_release(&body);
}

/* --- in pieces ---------------------------------------------------------------------------- */

static void run_soon(struct http_conn *c)
{
    if (!c->is_running)
        server_run_later(c->server, c);
}

void net_respond_begin(struct net_request *r, int status, struct str content_type,
                       const struct net_header *headers, loop_fn *on_more, void *user)
{
    BUG_ON(r->is_streaming);
    r->is_streaming = true;
    r->has_no_body = !has_body(r, status);
    r->is_chunked = r->parsed.is_http11 && status != 204 && status != 304;
    r->on_more = on_more;
    r->more_user = user;
    r->wants_more = on_more != NULL;
    if (!r->conn)
        return;
    if (!r->parsed.is_http11)
        r->conn->is_last = true;
    put_head(r, status, content_type, (struct framing){false, 0}, headers);
    run_soon(r->conn);
}

bool net_respond_write(struct net_request *r, struct str piece)
{
    struct http_conn *c = r->conn;
    char size[CHUNK_FRAME];

    BUG_ON(!r->is_streaming);
    if (!c || c->is_doomed)
        return false;
    r->wants_more = r->on_more != NULL;
    run_soon(c);
    if (r->has_no_body || piece.n == 0)
        return true;
    if (c->out.n + piece.n + CHUNK_FRAME > r->server->config.outbound_bytes) {
        c->is_doomed = true;
        return false;
    }
    if (r->is_chunked) {
        int n = snprintf(size, sizeof(size), "%zx\r\n", piece.n);

        outq_append(&c->out, (struct str){size, (size_t)n});
    }
    outq_append(&c->out, piece);
    if (r->is_chunked)
        outq_append(&c->out, STR("\r\n"));
    return true;
}

void net_respond_end(struct net_request *r)
{
    BUG_ON(!r->is_streaming);
    if (r->conn && r->is_chunked && !r->has_no_body)
        outq_append(&r->conn->out, STR("0\r\n\r\n"));
    finish(r);
}

void net_respond_abort(struct net_request *r)
{
    struct http_conn *c = r->conn;

    request_free(r);
    if (c)
        http_conn_abort(c);
}
