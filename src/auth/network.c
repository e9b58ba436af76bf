/*
 * Addresses and networks of trusted proxies.
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>

#include "auth/auth.h"

#include "base/banned.h"

enum {
    ADDRESS_TEXT = 64
};

/* IPv4 is kept as IPv4-mapped IPv6, so that one comparison serves both. */
static bool address_parse(struct str text, unsigned char out[16], bool *is_v4_out)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char copy[ADDRESS_TEXT];

    text = str_trim(text);
    if (text.n == 0 || text.n >= sizeof(copy))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    *is_v4_out = inet_pton(AF_INET, copy, out + 12) == 1;
    if (*is_v4_out) {
        memcpy(out, mapped, sizeof(mapped));
        return true;
    }
    return inet_pton(AF_INET6, copy, out) == 1;
}

bool auth_network_parse(struct str text, struct auth_network *out)
{
    struct str rest = text, address;
    int64_t bits = 128;
    bool is_v4;

    if (!str_split(&rest, '/', &address) || !address_parse(address, out->address, &is_v4))
        return false;
    if (rest.p) {
        if (!str_to_i64(str_trim(rest), &bits) || bits < 0 || bits > (is_v4 ? 32 : 128))
            return false;
        bits += is_v4 ? 96 : 0;
    }
    out->bits = (int)bits;
    return true;
}

bool auth_network_has(const struct auth_network *n, struct str address)
{
    unsigned char bytes[16];
    size_t whole = (size_t)n->bits / 8;
    unsigned rest = (unsigned)n->bits % 8;
    bool is_v4;

    if (!address_parse(address, bytes, &is_v4) || memcmp(bytes, n->address, whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] >> (8 - rest)) == (n->address[whole] >> (8 - rest));
}

static bool is_trusted(const struct auth_network *trusted, size_t n, struct str address)
{
    for (size_t i = 0; i < n; i++)
        if (auth_network_has(&trusted[i], address))
            return true;
    return false;
}

struct str auth_forwarded_client(const struct auth_network *trusted, size_t n,
                                 struct str peer, struct str forwarded_for)
{
    struct str client = peer;

    while (is_trusted(trusted, n, client) && forwarded_for.n > 0) {
        size_t at = forwarded_for.n;

        while (at > 0 && forwarded_for.p[at - 1] != ',')
            at--;
        client = str_trim(str_from(forwarded_for, at));
        forwarded_for.n = at > 0 ? at - 1 : 0;
    }
    return client.n > 0 ? client : peer;
}
