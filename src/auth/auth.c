/* SPDX-License-Identifier: MIT */
#include "auth/auth.h"

#include <errno.h>
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"

#include "base/banned.h"

enum {
    KEY_FILE_MAX = 65536,
    TOKEN_BYTES_MAX = 8192
};

struct auth {
    const struct settings *settings;
    struct auth_network trusted[AUTH_NETWORKS_MAX];
    size_t n_trusted;
    unsigned char *key; /* secret, or PEM with a NUL behind it */
    size_t key_n;
    bool is_public_key;
};

static bool load_networks(struct auth *auth, struct why *why)
{
    struct str rest = auth->settings->auth_trusted_proxies, part;

    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        if (part.n == 0)
            continue;
        if (auth->n_trusted == AUTH_NETWORKS_MAX ||
            !auth_network_parse(part, &auth->trusted[auth->n_trusted])) {
            why_set(why,
                    "auth.trusted_proxies: '" STR_FMT
                    "' is no address or network (32 at most)",
                    STR_ARG(part));
            return false;
        }
        auth->n_trusted++;
    }
    return true;
}

static bool load_key_file(struct auth *auth, struct why *why)
{
    char path[1024];
    FILE *file;
    int n =
        snprintf(path, sizeof(path), STR_FMT, STR_ARG(auth->settings->auth_jwt_key_file));

    file = n > 0 && (size_t)n < sizeof(path) ? fopen(path, "rb") : NULL;
    if (!file) {
        why_set(why, "auth.jwt_key_file: cannot read %s", path);
        return false;
    }
    auth->key = mem_zalloc(KEY_FILE_MAX + 1);
    auth->key_n = fread(auth->key, 1, KEY_FILE_MAX, file);
    fclose(file);
    auth->is_public_key = true;
    if (strstr((const char *)auth->key, "-----BEGIN") == NULL) {
        why_set(why, "auth.jwt_key_file: %s is no PEM file", path);
        return false;
    }
    return true;
}

static bool load_key(struct auth *auth, struct why *why)
{
    struct str secret = auth->settings->auth_jwt_secret;

    if (auth->settings->auth_mode != SETTINGS_AUTH_MODE_JWT)
        return true;
    if (auth->settings->auth_jwt_key_file.n > 0)
        return load_key_file(auth, why);
    if (secret.n == 0) {
        why_set(why, "auth.mode=jwt needs auth.jwt_secret or auth.jwt_key_file");
        return false;
    }
    auth->key = mem_alloc(secret.n + 1);
    memcpy(auth->key, secret.p, secret.n);
    auth->key[secret.n] = '\0';
    auth->key_n = secret.n;
    return true;
}

struct auth *auth_new(const struct settings *settings, struct why *why)
{
    struct auth *auth = mem_zalloc(sizeof(*auth));

    auth->settings = settings;
    if (load_networks(auth, why) && load_key(auth, why))
        return auth;
    auth_free(&auth);
    return NULL;
}

void auth_free(struct auth **auth)
{
    if (!*auth)
        return;
    if ((*auth)->key)
        explicit_bzero((*auth)->key, (*auth)->key_n);
    free((*auth)->key);
    free(*auth);
    *auth = NULL;
}

bool auth_user_is_valid(struct str id)
{
    if (id.n == 0 || id.n > AUTH_USER_BYTES_MAX || !utf8_valid(id))
        return false;
    for (size_t i = 0; i < id.n; i++)
        if ((unsigned char)id.p[i] < 0x20 || id.p[i] == 0x7f)
            return false;
    return true;
}

/* --- tokens ------------------------------------------------------------------------------- */

/* A secret must not verify what a public key should, nor the other way round. */
static bool is_algorithm_ours(const struct auth *auth, jwt_alg_t alg)
{
    if (auth->is_public_key)
        return alg == JWT_ALG_RS256 || alg == JWT_ALG_ES256;
    return alg == JWT_ALG_HS256;
}

static enum err claims_of(struct auth *auth, jwt_t *jwt, struct arena *a,
                          struct auth_identity *out)
{
    int64_t now_s = clock_real_ns() / NS_PER_S;
    struct str sub;
    char *crit;
    long exp, nbf;

    if (!is_algorithm_ours(auth, jwt_get_alg(jwt)))
        return ERR_TOKEN_INVALID;
    crit = jwt_get_headers_json(
        jwt, "crit"); /* RFC 7515 4.1.11: what we do not know, we refuse */
    if (crit) {
        free(crit);
        return ERR_TOKEN_INVALID;
    }
    sub = str_of(jwt_get_grant(jwt, "sub"));
    errno = 0;
    exp = jwt_get_grant_int(jwt, "exp");
    if (errno != 0 || exp <= 0 || exp > INT64_MAX / NS_PER_S || !auth_user_is_valid(sub))
        return ERR_TOKEN_INVALID;
    errno = 0;
    nbf = jwt_get_grant_int(jwt, "nbf");
    if (errno == 0 && nbf > now_s)
        return ERR_TOKEN_INVALID;
    if (exp <= now_s)
        return ERR_TOKEN_EXPIRED;
    *out =
        (struct auth_identity){.user = arena_dup(a, sub), .expires_ns = exp * NS_PER_S};
    return ERR_OK;
}

enum err auth_of_token(struct auth *auth, struct str token, struct arena *a,
                       struct auth_identity *out)
{
    struct str copy;
    jwt_t *jwt = NULL;
    enum err rc;

    if (!token.p || token.n == 0)
        return ERR_AUTH_REQUIRED;
    if (token.n > TOKEN_BYTES_MAX || memchr(token.p, '\0', token.n))
        return ERR_TOKEN_INVALID;
    copy = arena_dup(a, token); /* with a NUL behind it */
    if (!copy.p || jwt_decode(&jwt, copy.p, auth->key, (int)auth->key_n) != 0)
        return ERR_TOKEN_INVALID;
    rc = claims_of(auth, jwt, a, out);
    jwt_free(jwt);
    return rc;
}

/* --- requests ----------------------------------------------------------------------------- */

static bool is_trusted_peer(const struct auth *auth, struct str peer)
{
    for (size_t i = 0; i < auth->n_trusted; i++)
        if (auth_network_has(&auth->trusted[i], peer))
            return true;
    return false;
}

/* One header at most, with a value. */
static enum err single_header(const struct net_request *r, const char *name,
                              struct str *out)
{
    int count = 0;

    *out = net_request_header(r, name, &count);
    if (!out->p)
        return ERR_OK;
    *out = str_trim(*out);
    return count > 1 || out->n == 0 ? ERR_BAD_REQUEST : ERR_OK;
}

static enum err identity_of_header(struct auth *auth, const struct net_request *r,
                                   struct arena *a, struct auth_identity *out)
{
    bool is_gateway = auth->settings->auth_mode == SETTINGS_AUTH_MODE_GATEWAY;
    struct str user;
    enum err rc = single_header(r, "x-auth-user", &user);

    if (rc != ERR_OK || !user.p)
        return rc;
    if (is_gateway && !is_trusted_peer(auth, net_request_head(r)->peer))
        return ERR_FORBIDDEN;
    if (!auth_user_is_valid(user))
        return ERR_BAD_REQUEST;
    out->user = arena_dup(a, user);
    return ERR_OK;
}

enum err auth_of_request(struct auth *auth, const struct net_request *r, struct arena *a,
                         struct auth_identity *out)
{
    struct str authorization;
    enum err rc;

    *out = (struct auth_identity){.user = STR_NULL};
    if (auth->settings->auth_mode != SETTINGS_AUTH_MODE_JWT)
        return identity_of_header(auth, r, a, out);
    rc = single_header(r, "authorization", &authorization);
    if (rc != ERR_OK || !authorization.p)
        return rc;
    if (authorization.n < 7 ||
        !str_eq_nocase((struct str){authorization.p, 7}, STR("Bearer ")))
        return ERR_TOKEN_INVALID;
    return auth_of_token(auth, str_trim(str_from(authorization, 7)), a, out);
}

struct str auth_client_address(struct auth *auth, const struct net_request *r,
                               struct arena *a)
{
    struct str client =
        auth_forwarded_client(auth->trusted, auth->n_trusted, net_request_head(r)->peer,
                              net_request_header_list(r, a, "x-forwarded-for"));

    if (client.n > 45) /* longer than any address */
        client = net_request_head(r)->peer;
    return arena_dup(a, client);
}

/* scheme://host of the request itself. */
static bool is_same_origin(const struct net_request *r, struct str origin)
{
    struct str host = net_request_header(r, "host", NULL);

    if (!host.p)
        return false;
    if (str_starts(origin, STR("http://")))
        return str_eq_nocase(str_from(origin, 7), host);
    if (str_starts(origin, STR("https://")))
        return str_eq_nocase(str_from(origin, 8), host);
    return false;
}

bool auth_origin_allowed(struct auth *auth, const struct net_request *r)
{
    struct str origin = net_request_header(r, "origin", NULL);
    struct str rest = auth->settings->http_allowed_origins, part;

    if (!origin.p)
        return true;
    if (rest.n == 0)
        return auth->settings->auth_mode == SETTINGS_AUTH_MODE_TRUST ||
               is_same_origin(r, origin);
    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        if (str_eq(part, STR("*")) || str_eq_nocase(part, origin))
            return true;
    }
    return is_same_origin(r, origin);
}
