/*
 * Fuzzes what a client may send to a listener: requests one after the other, an opening handshake
 * and frames, in pieces whose size the first byte chooses, until the client shuts its side down.
 * The server must end the connection then, having given every open its close. The bytes are read as
 * a head, as a form and as a body in chunks alone, too.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "net/http_conn.h"
#include "support/loop_until.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PATIENCE_MS = 10000
};

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

struct host {
    struct loop *loop;
    struct net_server *server;
    int opened, closed;
};

static enum err on_upgrade(void *ctx, const struct net_request *up, void **tag_out)
{
    (void)tag_out;
    (void)ctx;
    return str_eq(net_request_head(up)->path, STR("/no")) ? ERR_NOT_FOUND : ERR_OK;
}

struct talk {
    struct host *host;
    struct net_ws *ws;
};

static void *on_open(void *ctx, struct net_ws *ws, void *tag)
{
    struct talk *talk = mem_alloc(sizeof(*talk));

    (void)tag;
    *talk = (struct talk){ctx, ws};
    talk->host->opened++;
    return talk;
}

static void on_data(void *user, struct str piece, bool is_last)
{
    struct talk *talk = user;

    if (!net_ws_send(talk->ws, piece, STR_NULL) ||
        (is_last && str_eq(piece, STR("close"))))
        net_ws_close(talk->ws, 1000, "reason");
}

static void on_close(void *user)
{
    struct talk *talk = user;

    talk->host->closed++;
    free(talk);
}

static void on_request(void *ctx, struct net_request *r)
{
    const struct net_head *head = net_request_head(r);
    struct net_header headers[] = {
        {"x-auth-user", net_request_header(r, "x-auth-user", NULL)}, {NULL, STR_NULL}};
    struct arena a;

    (void)ctx;
    BUG_ON(!utf8_valid(head->path));
    arena_init(&a, SIZE_MAX);
    (void)net_request_query(r, &a, "user", NULL);
    arena_release(&a);
    if (head->method == NET_PUT) {
        net_respond_begin(r, 200, STR("text/plain"), headers, NULL, NULL);
        (void)net_respond_write(r, net_request_body(r));
        net_respond_end(r);
    } else {
        net_respond(r, 200, STR("text/plain"), head->path, headers);
    }
}

static void on_error(void *ctx, const struct net_head *head, enum err e, struct buf *body)
{
    (void)ctx;
    buf_append_str(body, head->path);
    buf_append_c(body, err_info(e)->code);
}

static struct host *the_host(void)
{
    static struct host host;
    struct net_config config = {
        .address = STR("127.0.0.1"),
        .body_bytes = 1000,
        .ws_message_bytes = 1000,
        .outbound_bytes = 10000,
        .log = &quiet,
        .handler = {&host, on_upgrade, on_open, on_data, NULL, on_close, on_request, NULL,
                    NULL, on_error},
    };
    struct why why;

    if (!host.loop) {
        host.loop = loop_new();
        host.server = net_server_new(host.loop, &config, &why);
        BUG_ON(!host.server);
    }
    return &host;
}

struct client {
    const struct host *host;
    int fd;
    struct str to_send;
    size_t step;
};

/* Sends the next piece, reads what came; done when the server has ended the connection. */
static bool is_over(const void *arg)
{
    struct client *c = *(struct client *const *)arg;
    char in[65536];

    if (c->to_send.n > 0) {
        size_t n = c->step < c->to_send.n ? c->step : c->to_send.n;
        ssize_t sent = send(c->fd, c->to_send.p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

        c->to_send = sent < 0 ? STR("") : str_from(c->to_send, (size_t)sent);
    } else {
        shutdown(c->fd, SHUT_WR);
    }
    while (recv(c->fd, in, sizeof(in), MSG_DONTWAIT) > 0)
        continue;
    return net_server_connections(c->host->server) == 0;
}

static void converse(struct str bytes, size_t step)
{
    struct host *host = the_host();
    struct client client = {host, -1, bytes, step}, *arg = &client;
    int pair[2];

    BUG_ON(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0);
    client.fd = pair[1];
    http_conn_new(host->server, pair[0], "peer");
    BUG_ON(!loop_until(host->loop, is_over, &arg, PATIENCE_MS));
    BUG_ON(host->opened != host->closed);
    close(pair[1]);
}

static void parse_head(struct str s)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_head head;
    size_t scanned = 0, end = http_head_end(s, &scanned), cut = 0;
    char *bytes;

    scanned = 0;
    for (size_t n = 0; n <= s.n && cut == 0; n++)
        cut = http_head_end((struct str){s.p, n}, &scanned);
    BUG_ON(cut != end);
    bytes = mem_alloc(end); /* of exactly that size, for the sanitizer */
    if (end)
        memcpy(bytes, s.p, end);
    if (http_head_parse(bytes, end, fields, HTTP_FIELDS_MAX, &head) == 0) {
        BUG_ON(!utf8_valid(head.path) || head.path.n == 0);
        BUG_ON(memchr(head.path.p, '\0', head.path.n) != NULL);
        BUG_ON(head.is_chunked && head.length > 0);
        for (size_t i = 0; i < head.n_fields; i++)
            BUG_ON(head.fields[i].name.n == 0 ||
                   str_find(head.fields[i].value, '\r') != head.fields[i].value.n);
    }
    free(bytes);
}

static void read_form(struct str s)
{
    struct arena a;
    struct str value;
    int count;

    arena_init(&a, SIZE_MAX);
    value = net_form_value(s, &a, "n", &count);
    BUG_ON((count > 0) != (value.p != NULL));
    BUG_ON(value.p && !utf8_valid(value));
    arena_release(&a);
}

/* out: what chunked_feed said last; *used_out: bytes it took */
static int feed_chunks(struct str in, size_t step, struct buf *body, size_t *used_out)
{
    struct chunked chunked = {0};
    int status = 0;

    buf_init(body, 1000);
    *used_out = 0;
    while (status == 0 && *used_out < in.n && !chunked_is_done(&chunked)) {
        struct str rest = str_from(in, *used_out);
        size_t n = step < rest.n ? step : rest.n, used;

        status = chunked_feed(&chunked, (struct str){rest.p, n}, body, &used);
        BUG_ON(used > n || (used < n && status == 0 && !chunked_is_done(&chunked)));
        *used_out += used;
    }
    BUG_ON(!buf_ok(body));
    return status;
}

/* However it is cut, a body is the same and ends at the same byte. */
static void read_chunks(struct str s, size_t step)
{
    struct buf whole, cut;
    size_t n_whole, n_cut;
    int status = feed_chunks(s, SIZE_MAX, &whole, &n_whole);

    BUG_ON(feed_chunks(s, step, &cut, &n_cut) != status || n_cut != n_whole);
    BUG_ON(!str_eq(buf_str(&whole), buf_str(&cut)));
    buf_release(&whole);
    buf_release(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = {(const char *)data, size};

    if (size == 0 || size > 20000)
        return 0;
    parse_head(str_from(all, 1));
    read_form(str_from(all, 1));
    read_chunks(str_from(all, 1), 1 + (size_t)data[0] % 16);
    converse(str_from(all, 1), data[0] < 128 ? 1 + (size_t)data[0] : SIZE_MAX);
    return 0;
}
