/* SPDX-License-Identifier: MIT */
#include "endpoint/cors.h"

#include "auth/auth.h"
#include "endpoint/rest_static.h"
#include "generated/c/routes.h"

#include "base/banned.h"

size_t cors_headers(struct hub *hub, const struct net_request *req, struct arena *a,
                    struct net_header *out)
{
    struct str origin = net_request_header(req, "origin", NULL);
    size_t n = 0;

    out[n++] = (struct net_header){"vary", STR("Origin")};
    if (!origin.p || !auth_origin_allowed(hub->auth, req))
        return n;
    out[n++] = (struct net_header){"access-control-allow-origin", arena_dup(a, origin)};
    out[n++] = (struct net_header){"access-control-expose-headers", STR("Retry-After")};
    return n;
}

static void respond_preflight(struct hub *hub, struct net_request *req, struct str allow)
{
    struct str origin = net_request_header(req, "origin", NULL);
    struct str wanted = net_request_header(req, "access-control-request-headers", NULL);
    const struct net_header headers[] = {
        {"access-control-allow-origin", origin},
        {"access-control-allow-methods", allow},
        {"access-control-allow-headers", wanted.p ? wanted : STR("X-Auth-User")},
        {"access-control-max-age", STR("1800")},
        {"vary",
         STR("Origin, Access-Control-Request-Method, Access-Control-Request-Headers")},
        {NULL, STR_NULL},
    };

    if (auth_origin_allowed(hub->auth, req))
        net_respond(req, 200, STR_NULL, STR(""), headers);
    else
        net_respond(req, 403, STR("text/plain;charset=UTF-8"),
                    STR("Invalid CORS request"), NULL);
}

struct str cors_allow(struct str path, bool is_admin, struct arena *a)
{
    struct str kept;
    struct buf allow;

    buf_init(&allow, 256);
    route_allow(&route_table, path, is_admin, &allow);
    if (allow.n == 0 && rest_static_has(path, is_admin))
        buf_append_c(&allow, "GET,HEAD,OPTIONS");
    kept = arena_dup(a, buf_str(&allow));
    buf_release(&allow);
    return kept;
}

bool cors_preflight(struct hub *hub, struct net_request *req, bool is_admin)
{
    struct net_header headers[] = {{"allow", STR_NULL}, {NULL, STR_NULL}};
    struct arena arena;
    struct str allow;

    arena_init(&arena, 4096);
    allow = cors_allow(net_request_head(req)->path, is_admin, &arena);
    headers[0].value = allow;
    if (allow.n > 0 && net_request_header(req, "origin", NULL).p &&
        net_request_header(req, "access-control-request-method", NULL).p)
        respond_preflight(hub, req, allow);
    else if (allow.n > 0)
        net_respond(req, 200, STR_NULL, STR(""), headers);
    arena_release(&arena);
    return allow.n > 0;
}
