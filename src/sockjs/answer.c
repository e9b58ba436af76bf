/* SPDX-License-Identifier: MIT */
#include "sockjs/answer_internal.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/uuid.h"

#include "base/banned.h"

#define TEXT_PLAIN STR("text/plain;charset=UTF-8")

enum {
    ONE_YEAR_S = 31536000
};

static void add(struct sockjs_headers *h, const char *name, struct str value)
{
    BUG_ON(h->n == SOCKJS_HEADERS_MAX);
    h->items[h->n++] = (struct net_header){name, value};
    h->items[h->n] = (struct net_header){NULL, STR_NULL};
}

void sockjs_answer_headers_start(struct sockjs_headers *h, const struct net_request *req)
{
    struct str origin = net_request_header(req, "origin", NULL);
    struct str wanted = net_request_header(req, "access-control-request-headers", NULL);

    h->n = 0;
    h->items[0] = (struct net_header){NULL, STR_NULL};
    if (str_is_empty(origin))
        return;
    add(h, "access-control-allow-origin", origin);
    add(h, "access-control-allow-credentials", STR("true"));
    if (!str_is_empty(wanted))
        add(h, "access-control-allow-headers", wanted);
    add(h, "vary", STR("Origin"));
}

static void add_not_cached(struct sockjs_headers *h)
{
    add(h, "cache-control", STR("no-store, no-cache, must-revalidate, max-age=0"));
}

/* For a year, from now. */
static void add_cached(struct sockjs_headers *h)
{
    time_t then = (time_t)(clock_real_ns() / NS_PER_S) + ONE_YEAR_S;
    struct tm tm;

    add(h, "cache-control", STR("public, max-age=31536000"));
    if (!gmtime_r(&then, &tm))
        return;
    strftime(h->expires, sizeof(h->expires), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    add(h, "expires", str_of(h->expires));
}

/* --- cookie ------------------------------------------------------------------------------- */

static bool is_cookie_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\",;\\", s.p[i]))
            return false;
    return s.n > 0 && s.n <= 128;
}

static struct str cookie_of(const struct net_request *req)
{
    struct str rest = net_request_header(req, "cookie", NULL), part;

    while (str_split(&rest, ';', &part)) {
        part = str_trim(part);
        if (str_starts(part, STR("JSESSIONID=")))
            return str_from(part, strlen("JSESSIONID="));
    }
    return STR_NULL;
}

/* Balancers keep a client on one server by it; what it says does not matter to us. */
static void add_cookie(struct sockjs_headers *h, const struct net_request *req)
{
    struct str value = cookie_of(req);

    if (!is_cookie_value(value))
        value = STR("dummy");
    snprintf(h->cookie, sizeof(h->cookie), "JSESSIONID=" STR_FMT "; Path=/; HttpOnly",
             STR_ARG(value));
    add(h, "set-cookie", str_of(h->cookie));
}

void sockjs_answer_headers_session(struct sockjs_headers *h,
                                   const struct net_request *req)
{
    sockjs_answer_headers_start(h, req);
    add_not_cached(h);
    add_cookie(h, req);
}

/* --- fixed answers ------------------------------------------------------------------------ */

void sockjs_answer_empty(struct net_request *req, int status)
{
    struct sockjs_headers h;

    sockjs_answer_headers_start(&h, req);
    net_respond(req, status, STR_NULL, STR(""), h.items);
}

void sockjs_answer_text(struct net_request *req, int status, struct str text)
{
    struct sockjs_headers h;

    sockjs_answer_headers_start(&h, req);
    net_respond(req, status, TEXT_PLAIN, text, h.items);
}

void sockjs_answer_no_upgrade(struct net_request *req)
{
    struct sockjs_headers h;

    sockjs_answer_headers_start(&h, req);
    net_respond(req, 400, STR_NULL, STR("Can \"Upgrade\" only to \"WebSocket\"."),
                h.items);
}

void sockjs_answer_info(struct net_request *req)
{
    struct sockjs_headers h;
    int32_t entropy;
    char body[128];

    random_fill(&entropy, sizeof(entropy));
    snprintf(body, sizeof(body),
             "{\"entropy\":%d,\"origins\":[\"*:*\"],\"cookie_needed\":true,\"websocket\":"
             "true}",
             entropy);
    sockjs_answer_headers_start(&h, req);
    add_not_cached(&h);
    net_respond(req, 200, STR("application/json;charset=UTF-8"), str_of(body), h.items);
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    return s.n > 0;
}

/* A preflight is answered as Spring's CORS layer does, anything else as sockjs-protocol asks. */
void sockjs_answer_options(struct net_request *req, const char *methods)
{
    struct str asked = net_request_header(req, "access-control-request-method", NULL);
    bool is_preflight =
        is_token(asked) && !str_is_empty(net_request_header(req, "origin", NULL));
    struct sockjs_headers h;

    sockjs_answer_headers_start(&h, req);
    add(&h, "access-control-allow-methods", is_preflight ? asked : str_of(methods));
    add(&h, "access-control-max-age", STR("31536000"));
    add_cached(&h);
    net_respond(req, is_preflight ? 200 : 204, STR_NULL, STR(""), h.items);
}

void sockjs_answer_not_allowed(struct net_request *req, const char *allow)
{
    struct sockjs_headers h;

    sockjs_answer_headers_start(&h, req);
    add(&h, "allow", str_of(allow));
    net_respond(req, 405, STR_NULL, STR(""), h.items);
}
