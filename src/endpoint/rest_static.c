/* SPDX-License-Identifier: MIT */
#include "endpoint/rest_static.h"

#include "endpoint/cors.h"
#include "web/embedded_files.h"

#include "base/banned.h"

/* Pages load nothing from elsewhere; they may talk to the other servers of the fleet. */
#define PAGE_POLICY                                                                      \
    "default-src 'self'; connect-src 'self' ws: wss: http: https:; img-src 'self' "      \
    "data:; "                                                                            \
    "frame-ancestors 'none'"
/* The viewer of AsyncAPI compiles its schemas to functions. */
#define VIEWER_POLICY PAGE_POLICY "; script-src 'self' 'unsafe-eval'"

static struct str policy_of(struct str path)
{
    return str_eq(path, STR("/docs/events.html")) ? STR(VIEWER_POLICY) : STR(PAGE_POLICY);
}

bool rest_static_has(struct str path, bool is_admin)
{
    return !is_admin && embedded_file_find(path) != NULL;
}

bool rest_static(struct hub *hub, struct net_request *req, bool is_admin)
{
    struct net_header headers[CORS_HEADERS_MAX + 5] = {
        {"cache-control", STR("no-cache")},
        {"x-content-type-options", STR("nosniff")},
    };
    const struct net_head *head = net_request_head(req);
    const struct embedded_file *file;
    struct arena arena;
    size_t n = 2;

    if (is_admin || (head->method != NET_GET && head->method != NET_HEAD))
        return false;
    file = embedded_file_find(head->path);
    if (!file)
        return false;
    arena_init(&arena, 65536);
    headers[n++] = (struct net_header){"content-security-policy", policy_of(head->path)};
    headers[n++] = (struct net_header){"etag", str_of(file->etag)};
    n += cors_headers(hub, req, &arena, headers + n);
    headers[n] = (struct net_header){NULL, STR_NULL};
    if (str_eq(net_request_header(req, "if-none-match", NULL), str_of(file->etag)))
        net_respond(req, 304, STR_NULL, STR(""), headers);
    else
        net_respond(req, 200, str_of(file->content_type),
                    (struct str){(const char *)file->bytes, file->n}, headers);
    arena_release(&arena);
    return true;
}
