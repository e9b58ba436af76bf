/* SPDX-License-Identifier: MIT */
#include "bench/target.h"

#include <netdb.h>
#include <stdio.h>

#include "base/banned.h"

bool target_parse(struct str url, struct target *out, struct why *why)
{
    static const struct addrinfo hints = {.ai_family = AF_INET,
                                          .ai_socktype = SOCK_STREAM};
    struct str rest = url, host;
    struct addrinfo *found;
    char name[sizeof(out->host)];
    int64_t port;

    if (!str_starts(url, STR("http://"))) {
        why_set(why, STR_FMT " does not begin with http://", STR_ARG(url));
        return false;
    }
    rest = str_from(url, strlen("http://"));
    if (rest.n > 0 && rest.p[rest.n - 1] == '/')
        rest.n--;
    snprintf(out->host, sizeof(out->host), "%.*s", (int)rest.n, rest.p);
    host = (struct str){rest.p, str_find(rest, ':')};
    if (host.n == rest.n || rest.n >= sizeof(out->host) ||
        !str_to_i64(str_from(rest, host.n + 1), &port) || port < 1 || port > 65535) {
        why_set(why, STR_FMT " is not http://HOST:PORT", STR_ARG(url));
        return false;
    }
    snprintf(name, sizeof(name), "%.*s", (int)host.n, host.p);
    if (getaddrinfo(name, NULL, &hints, &found) != 0) {
        why_set(why, "there is no host %s", name);
        return false;
    }
    memcpy(&out->address, found->ai_addr, sizeof(out->address));
    freeaddrinfo(found);
    out->address.sin_port = htons((uint16_t)port);
    return true;
}
