/* SPDX-License-Identifier: MIT */
#include "codec/route.h"

#include "base/buf.h"
#include "base/bug.h"

#include "base/banned.h"

static bool is_placeholder(struct str segment)
{
    return segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

/*
 * Walks both texts at once and fills the placeholders: most routes of a table differ within a few
 * characters. A placeholder is a whole segment and takes at least one byte.
 */
static bool match(const struct route *route, struct str path, struct route_match *out)
{
    const char *p = route->pattern;
    struct str got;

    *out = (struct route_match){.route = route};
    while (*p != '\0') {
        if (*p == '{') {
            got = (struct str){path.p, str_find(path, '/')};
            if (got.n == 0)
                return false;
            BUG_ON(out->n_params == ROUTE_PARAMS_MAX);
            out->params[out->n_params++] = got;
            path = str_from(path, got.n);
            p = strchr(p, '}') + 1;
        } else if (path.n > 0 && *p == path.p[0]) {
            path = str_from(path, 1);
            p++;
        } else {
            return false;
        }
    }
    return path.n == 0;
}

/* Both match the same path: the first segment where only one is literal decides. */
static bool is_more_literal(const struct route *a, const struct route *b)
{
    struct str x = str_of(a->pattern), y = str_of(b->pattern), sx, sy;

    while (str_split(&x, '/', &sx) && str_split(&y, '/', &sy))
        if (is_placeholder(sx) != is_placeholder(sy))
            return is_placeholder(sy);
    return false;
}

bool route_find(const struct route_table *table, struct str method, struct str path,
                struct route_match *out, bool *is_other_method_out)
{
    const struct route *best = NULL;
    bool is_other = false;

    if (str_eq(method, STR("HEAD")))
        method = STR("GET");
    for (size_t i = 0; i < table->n; i++) {
        const struct route *route = &table->routes[i];
        struct route_match candidate;

        bool is_method = str_eq(method, str_of(route->method));

        if ((!is_method && !is_other_method_out) || !match(route, path, &candidate))
            continue;
        if (!is_method) {
            is_other = true;
        } else if (!best || is_more_literal(route, best)) {
            best = route;
            *out = candidate;
        }
    }
    if (is_other_method_out)
        *is_other_method_out = is_other && !best;
    return best != NULL;
}

/* Whether a route before the first n has the same method and listener and matches path too. */
static bool is_named(const struct route_table *table, size_t n, struct str path)
{
    struct route_match ignored;

    for (size_t i = 0; i < n; i++)
        if (table->routes[i].is_admin == table->routes[n].is_admin &&
            strcmp(table->routes[i].method, table->routes[n].method) == 0 &&
            match(&table->routes[i], path, &ignored))
            return true;
    return false;
}

void route_allow(const struct route_table *table, struct str path, bool is_admin,
                 struct buf *out)
{
    struct route_match ignored;
    bool is_first = true;

    for (size_t i = 0; i < table->n; i++) {
        const struct route *route = &table->routes[i];

        if (route->is_admin != is_admin || !match(route, path, &ignored) ||
            is_named(table, i, path))
            continue;
        buf_append_c(out, is_first ? "" : ",");
        buf_append_c(out, route->method);
        if (strcmp(route->method, "GET") == 0)
            buf_append_c(out, ",HEAD");
        is_first = false;
    }
    if (!is_first)
        buf_append_c(out, ",OPTIONS");
}
