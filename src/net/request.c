/*
 * Requests: one allocation holds the head, its fields and the object.
 * SPDX-License-Identifier: MIT
 */
#include "net/request.h"

#include <stdlib.h>

#include "base/arena.h"
#include "net/http_conn.h"
#include "net/server.h"

#include "base/banned.h"

static size_t count_lines(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

static size_t body_limit(const struct net_server *server, const struct net_head *head)
{
    const struct net_handler *handler = &server->config.handler;

    return handler->body_limit ? handler->body_limit(handler->ctx, head)
                               : server->config.body_bytes;
}

struct net_request *request_new(struct net_server *server, struct http_conn *conn,
                                struct str head, int *status_out)
{
    size_t n_fields = count_lines(head);
    struct net_request *r;
    struct http_field *fields;
    char *bytes;

    if (n_fields > HTTP_FIELDS_MAX)
        n_fields = HTTP_FIELDS_MAX;
    r = mem_alloc(sizeof(*r) + n_fields * sizeof(*fields) + head.n);
    *r = (struct net_request){.server = server, .conn = conn};
    fields = (struct http_field *)(r + 1);
    bytes = (char *)(fields + n_fields);
    if (head.n)
        memcpy(bytes, head.p, head.n);

    *status_out = http_head_parse(bytes, head.n, fields, n_fields, &r->parsed);
    r->head = (struct net_head){r->parsed.method, r->parsed.path, r->parsed.query,
                                http_conn_peer(conn)};
    buf_init(&r->body, body_limit(server, &r->head));
    server_add_request(server, r);
    return r;
}

void request_free(struct net_request *r)
{
    server_remove_request(r->server, r);
    buf_release(&r->body);
    free(r);
}

const struct net_head *net_request_head(const struct net_request *r)
{
    return &r->head;
}

struct str net_request_header(const struct net_request *r, const char *name,
                              int *count_out)
{
    return http_head_field(&r->parsed, name, count_out);
}

struct str net_request_header_list(const struct net_request *r, struct arena *a,
                                   const char *name)
{
    struct str want = str_of(name), list = STR_NULL;

    for (size_t i = 0; i < r->parsed.n_fields; i++) {
        const struct http_field *f = &r->parsed.fields[i];

        if (!str_eq(f->name, want))
            continue;
        list = list.p ? arena_printf(a, STR_FMT "," STR_FMT, STR_ARG(list),
                                     STR_ARG(f->value))
                      : f->value;
    }
    return list;
}

struct str net_request_body(const struct net_request *r)
{
    return buf_str(&r->body);
}

struct str net_request_query(const struct net_request *r, struct arena *a,
                             const char *name, int *count_out)
{
    return net_form_value(r->head.query, a, name, count_out);
}

void net_request_set_user(struct net_request *r, void *user)
{
    r->user = user;
}
