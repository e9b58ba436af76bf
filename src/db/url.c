/* SPDX-License-Identifier: MIT */
#include "db/url.h"

#include "base/banned.h"

/* A decoded copy with a NUL behind it; NULL: bad escape, or a NUL inside. */
static const char *decode(struct arena *a, struct str s)
{
    char *out = arena_alloc(a, s.n + 1), *to = out;

    if (!out)
        return NULL;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '%') {
            int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;

            if (low < 0)
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return NULL;
        *to++ = c;
    }
    return out;
}

static struct str cut(struct str s, size_t n)
{
    return (struct str){s.p, n < s.n ? n : s.n};
}

/* Splits s at the last c: the part before it to *before, the part behind it stays in *s. */
static bool cut_last(struct str *s, char c, struct str *before)
{
    for (size_t i = s->n; i-- > 0;) {
        if (s->p[i] != c)
            continue;
        *before = cut(*s, i);
        *s = str_from(*s, i + 1);
        return true;
    }
    return false;
}

static bool parse_port(struct str s, unsigned *out)
{
    int64_t port;

    if (!str_to_i64(s, &port) || port < 1 || port > 65535)
        return false;
    *out = (unsigned)port;
    return true;
}

/* host, host:port, [v6] or [v6]:port */
static bool parse_host(struct arena *a, struct str s, struct db_url *out)
{
    struct str host = s, rest;

    if (str_starts(s, STR("["))) {
        size_t end = str_find(s, ']');

        if (end == s.n)
            return false;
        host = (struct str){s.p + 1, end - 1};
        rest = str_from(s, end + 1);
    } else {
        host = cut(s, str_find(s, ':'));
        rest = str_from(s, host.n);
    }
    out->port = 3306;
    if (rest.n > 0 && (rest.p[0] != ':' || !parse_port(str_from(rest, 1), &out->port)))
        return false;
    out->host = decode(a, host.n > 0 ? host : STR("127.0.0.1"));
    return out->host != NULL;
}

static bool parse_user(struct arena *a, struct str s, struct db_url *out)
{
    struct str user = cut(s, str_find(s, ':'));

    out->user = decode(a, user);
    out->password = decode(a, user.n < s.n ? str_from(s, user.n + 1) : STR(""));
    return out->user && out->password && out->user[0] != '\0';
}

static bool parse_query(struct arena *a, struct str query, struct db_url *out)
{
    struct str part;

    while (str_split(&query, '&', &part)) {
        if (!str_starts(part, STR("socket=")))
            return false;
        out->socket = decode(a, str_from(part, strlen("socket=")));
        if (!out->socket || out->socket[0] != '/')
            return false;
    }
    return true;
}

static const char *parse_mysql(struct arena *a, struct str rest, struct db_url *out)
{
    struct str authority = cut(rest, str_find(rest, '/')), user = STR_NULL;
    struct str name = str_from(rest, authority.n + 1);
    struct str query = str_from(name, str_find(name, '?'));

    name = cut(name, name.n - query.n);
    if (!cut_last(&authority, '@', &user) || !parse_user(a, user, out))
        return "user:password@ is missing or not well-formed";
    if (!parse_host(a, authority, out))
        return "host:port is not well-formed";
    out->name = decode(a, name);
    if (!out->name || out->name[0] == '\0')
        return "the name of the database is missing";
    if (query.n > 0 && !parse_query(a, str_from(query, 1), out))
        return "only ?socket=/path may follow the name of the database";
    return NULL;
}

static const char *parse(struct arena *a, struct str url, struct db_url *out)
{
    if (str_starts(url, STR("mysql://")))
        return parse_mysql(a, str_from(url, strlen("mysql://")), out);
    if (!str_starts(url, STR("embedded:")))
        return "it begins neither with mysql:// nor with embedded:";
    out->is_embedded = true;
    out->dir = decode(a, str_from(url, strlen("embedded:")));
    return out->dir && out->dir[0] != '\0' ? NULL : "embedded: names no directory";
}

enum err db_url_parse(struct arena *a, struct str url, struct db_url *out,
                      struct why *why)
{
    const char *fault;

    *out = (struct db_url){0};
    fault = parse(a, url, out);
    if (!fault)
        return ERR_OK;
    why_set(why, "the address of the database is wrong: %s", fault);
    return ERR_DB_FAILED;
}
