/* SPDX-License-Identifier: MIT */
#include "redis/url.h"

#include <stdio.h>

#include "base/banned.h"

enum {
    REDIS_PORT = 6379,
    REDIS_DB_MAX = 65535
};

/* Copies s, percent-decoded, with a NUL behind it. */
static bool decode(struct str s, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++, n++) {
        int high = s.p[i] == '%' && s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;

        if (n + 1 >= size || s.p[i] == '\0' ||
            (s.p[i] == '%' && (low < 0 || (high | low) == 0)))
            return false;
        out[n] = s.p[i];
        if (s.p[i] == '%') {
            out[n] = (char)(high << 4 | low);
            i += 2;
        }
    }
    out[n] = '\0';
    return true;
}

static bool parse_number(struct str s, int64_t min, int64_t max, int *out)
{
    int64_t n;

    if (!str_to_i64(s, &n) || n < min || n > max)
        return false;
    *out = (int)n;
    return true;
}

/* [user]:password before the last '@'. A lone word may be meant as either: refused. */
static bool parse_credentials(struct str s, struct redis_url *out)
{
    size_t colon = str_find(s, ':');

    return decode((struct str){s.p, colon}, out->user, sizeof(out->user)) &&
           decode(str_from(s, colon + 1), out->password, sizeof(out->password)) &&
           out->password[0];
}

static bool parse_address(struct str s, struct redis_url *out)
{
    size_t colon;

    if (s.n > 0 && s.p[0] == '[') { /* IPv6 */
        size_t end = str_find(s, ']');

        if (end == s.n ||
            !decode((struct str){s.p + 1, end - 1}, out->host, sizeof(out->host)) ||
            !out->host[0])
            return false;
        s = str_from(s, end + 1);
        return s.n == 0 ||
               (s.p[0] == ':' && parse_number(str_from(s, 1), 1, 65535, &out->port));
    }
    colon = str_find(s, ':');
    if (!decode((struct str){s.p, colon}, out->host, sizeof(out->host)) || !out->host[0])
        return false;
    return colon == s.n || parse_number(str_from(s, colon + 1), 1, 65535, &out->port);
}

static bool parse(struct str url, struct redis_url *out)
{
    struct str rest = str_from(url, 8), address;
    size_t at, slash;

    if (!str_starts(url, STR("redis://")))
        return false;
    for (at = rest.n; at > 0 && rest.p[at - 1] != '@'; at--)
        ;
    if (at > 0) {
        if (!parse_credentials((struct str){rest.p, at - 1}, out))
            return false;
        rest = str_from(rest, at);
    }
    slash = str_find(rest, '/');
    address = (struct str){rest.p, slash};
    rest = str_from(rest, slash + 1);
    return parse_address(address, out) &&
           (rest.n == 0 || parse_number(rest, 0, REDIS_DB_MAX, &out->db));
}

bool redis_url_parse(struct str url, struct redis_url *out, struct why *why)
{
    memset(out, 0, sizeof(*out));
    out->port = REDIS_PORT;
    if (parse(url, out))
        return true;
    why_set(why, "redis.url: redis://[[user]:password@]host[:port][/db] is expected");
    return false;
}
