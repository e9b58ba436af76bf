/* SPDX-License-Identifier: MIT */
#include "bench/getter.h"

#include "base/clock.h"

#include "base/banned.h"

enum {
    GETTER_REQUEST_BYTES = 8192,
    GETTER_BODY_BYTES = 64 * 1024 * 1024,
};

static void answered(struct getter *g)
{
    g->is_busy = false;
    g->part = GETTER_HEAD;
    if (g->on_answer)
        g->on_answer(g);
}

/* The value of a header line in head, or no value. */
static struct str header_of(struct str head, struct str name)
{
    struct str line;

    while (str_split(&head, '\n', &line)) {
        size_t colon = str_find(line, ':');

        if (str_eq_nocase((struct str){line.p, colon}, name))
            return str_trim(str_from(line, colon + 1));
    }
    return STR_NULL;
}

/* Bytes used of an answer's head; 0: not there as a whole. */
static size_t head_read(struct getter *g, struct str in)
{
    const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);
    struct str head, length;
    int64_t status;

    if (!end)
        return 0;
    head = (struct str){in.p, (size_t)(end - in.p)};
    g->status = -1;
    if (str_starts(head, STR("HTTP/1.1 ")) && head.n >= 12 &&
        str_to_i64((struct str){head.p + 9, 3}, &status))
        g->status = (int)status;
    length = header_of(head, STR("content-length"));
    g->left = 0;
    g->part = GETTER_BODY;
    if (length.p && (!str_to_i64(length, &g->left) || g->left < 0))
        g->status = -1;
    else if (str_eq_nocase(header_of(head, STR("transfer-encoding")), STR("chunked")))
        g->part = GETTER_CHUNK_SIZE;
    return head.n + 4;
}

static size_t body_take(struct getter *g, struct str in)
{
    size_t n = in.n < (size_t)g->left ? in.n : (size_t)g->left;

    if (g->keeps_body)
        buf_append(&g->body, in.p, n);
    g->body_bytes += (int64_t)n;
    g->left -= (int64_t)n;
    return n;
}

/* Bytes of the next line with its CR LF; 0: not there as a whole. */
static size_t line_length(struct str in)
{
    size_t at = str_find(in, '\n');

    return at == in.n ? 0 : at + 1;
}

static size_t chunk_size_read(struct getter *g, struct str in)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = line_length(in);
    const char *digit;

    for (size_t i = 0; i < n && g->left < INT32_MAX; i++) {
        digit = memchr(digits, in.p[i] | 0x20, 16); /* in lower case */
        if (!digit)
            break;
        g->left = g->left * 16 + (digit - digits);
    }
    if (n > 0)
        g->part = g->left > 0 ? GETTER_CHUNK : GETTER_LAST_END;
    return n;
}

/* Bytes used by one part of the answer; 0: the part is not there as a whole. */
static size_t part_read(struct getter *g, struct str in)
{
    size_t n = 0;

    switch (g->part) {
    case GETTER_HEAD:
        n = head_read(g, in);
        break;
    case GETTER_BODY:
        n = body_take(g, in);
        break;
    case GETTER_CHUNK_SIZE:
        n = chunk_size_read(g, in);
        break;
    case GETTER_CHUNK:
        n = body_take(g, in);
        if (g->left == 0)
            g->part = GETTER_CHUNK_END;
        break;
    case GETTER_CHUNK_END:
        n = line_length(in);
        if (n > 0)
            g->part = GETTER_CHUNK_SIZE;
        break;
    case GETTER_LAST_END:
        n = line_length(in);
        if (n > 0)
            g->part = GETTER_BODY; /* of which nothing is left */
        break;
    }
    return n;
}

/* --- io ----------------------------------------------------------------------------------- */

static void send_request(struct getter *g)
{
    buf_append_str(&g->conn.out, buf_str(&g->request));
    io_touch(&g->conn);
}

static void on_open(struct io_conn *conn)
{
    send_request((struct getter *)conn);
}

static size_t on_bytes(struct io_conn *conn, char *p, size_t n)
{
    struct getter *g = (struct getter *)conn;
    size_t used = 0, took = 1;

    while (g->is_busy && took > 0 && conn->fd >= 0) {
        took = part_read(g, (struct str){p + used, n - used});
        used += took;
        if (g->part == GETTER_BODY && g->left == 0) {
            answered(g);
            return n; /* a server says nothing unasked */
        }
    }
    return used;
}

static void on_end(struct io_conn *conn, int error)
{
    struct getter *g = (struct getter *)conn;

    (void)error;
    if (!g->is_busy)
        return; /* closed between two requests: the next one opens it again */
    g->status = 0;
    answered(g);
}

static const struct io_class getter_io = {on_open, on_bytes, on_end};

void getter_init(struct getter *g, struct io *io, const struct target *target,
                 getter_fn *on_answer, void *owner)
{
    *g = (struct getter){.target = target, .on_answer = on_answer, .owner = owner};
    io_conn_init(&g->conn, &getter_io, io);
    buf_init(&g->request, GETTER_REQUEST_BYTES);
    buf_init(&g->body, GETTER_BODY_BYTES);
}

void getter_release(struct getter *g)
{
    io_conn_release(&g->conn);
    buf_release(&g->request);
    buf_release(&g->body);
}

void getter_ask(struct getter *g, const char *method, const char *path, struct str user)
{
    BUG_ON(g->is_busy);
    g->is_busy = true;
    g->status = 0;
    g->body_bytes = 0;
    buf_reset(&g->body);
    buf_reset(&g->request);
    buf_printf(&g->request, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path,
               g->target->host);
    if (user.p)
        buf_printf(&g->request, "X-Auth-User: " STR_FMT "\r\n", STR_ARG(user));
    buf_append_c(&g->request, str_eq(str_of(method), STR("POST"))
                                  ? "Content-Length: 0\r\n\r\n"
                                  : "\r\n");
    BUG_ON(!buf_ok(&g->request));
    if (g->conn.fd >= 0)
        send_request(g);
    else
        io_connect(&g->conn, g->target, 0);
}

bool getter_wait(struct getter *g, int64_t deadline_ns)
{
    while (g->is_busy && clock_mono_ns() < deadline_ns)
        io_turn(g->conn.io, deadline_ns);
    return !g->is_busy && g->status == 200;
}
