/*
 * Who a caller is: as it says (trust), as a gateway's header says, or as a signed token says.
 * RFC 7519 (JWT), RFC 7239's older X-Forwarded-For.
 * SPDX-License-Identifier: MIT
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/arena.h"
#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"
#include "generated/c/settings.h"
#include "net/net.h"

enum {
    AUTH_USER_BYTES_MAX = 190
};

struct auth;

/* auth_new — errors: NULL with why (no key in jwt mode, unreadable PEM file, bad network). */
struct auth *auth_new(const struct settings *settings, struct why *why);
void auth_free(struct auth **auth);

struct auth_identity {
    struct str user;    /* no value: nobody */
    int64_t expires_ns; /* real time; 0: never */
};

/* auth_user_is_valid — the id of a user: 1..190 bytes of UTF-8 without control characters. thread: any */
bool auth_user_is_valid(struct str id);

/*
 * auth_of_request — identity of a REST call or an upgrade.
 * out:    texts in a
 * errors: ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_BAD_REQUEST (empty or repeated X-Auth-User or
 *         Authorization, invalid user id), ERR_FORBIDDEN (X-Auth-User from an untrusted peer)
 * thread: loop
 */
NODISCARD enum err auth_of_request(struct auth *auth, const struct net_request *r,
                                   struct arena *a, struct auth_identity *out);

/*
 * auth_of_token — the bearer of a JWT (HS256, RS256, ES256 as configured).
 * in:     token without "Bearer "; at most 8 KiB
 * errors: ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_AUTH_REQUIRED (empty)
 */
NODISCARD enum err auth_of_token(struct auth *auth, struct str token, struct arena *a,
                                 struct auth_identity *out);

/* auth_client_address — of the peer, or of the last untrusted X-Forwarded-For entry. */
struct str auth_client_address(struct auth *auth, const struct net_request *r,
                               struct arena *a);

/*
 * auth_origin_allowed — a browser's Origin against http.allowed_origins; no Origin is allowed.
 */
bool auth_origin_allowed(struct auth *auth, const struct net_request *r);

/* --- parts, for tests ----------------------------------------------------------------------- */

enum {
    AUTH_NETWORKS_MAX = 32
};
struct auth_network {
    unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
    int bits;                  /* of 128 */
};

/* auth_network_parse — "10.0.0.0/8", "::1", "192.168.1.5". errors: false */
bool auth_network_parse(struct str text, struct auth_network *out);
/* auth_network_has — address, as text, is in n. */
bool auth_network_has(const struct auth_network *n, struct str address);
/* auth_forwarded_client — the last entry of X-Forwarded-For that no trusted network has, else peer. */
struct str auth_forwarded_client(const struct auth_network *trusted, size_t n,
                                 struct str peer, struct str forwarded_for);

#endif
