/*
 * The head of an HTTP/1.x request: where it ends, and what it says. Strict where two readings of
 * one request could differ (RFC 9112, sections 2.2, 3.2, 5.1, 6.3), so that a proxy in front and
 * this server never disagree on where a request ends. It owns no socket and holds no policy.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_HTTP_HEAD_H
#define NET_HTTP_HEAD_H

#include "net/net.h"

enum {
    HTTP_HEAD_MAX = 16384,  /* bytes of a head with its empty line; above: 431 */
    HTTP_TARGET_MAX = 8192, /* bytes of a request target; above: 414 */
    HTTP_FIELDS_MAX = 100   /* header lines; above: 431 */
};

struct http_field {
    struct str name; /* lower case */
    struct str value;
};

/* Strings point into the bytes that were parsed. */
struct http_head {
    enum net_method method;
    struct str path; /* as in net.h */
    struct str query;
    bool is_http11;          /* HTTP/1.1 or a later 1.x */
    bool keeps_alive;        /* the connection may serve another request */
    bool is_chunked;         /* the body comes in chunks; length is 0 then */
    bool expects_continue;   /* Expect: 100-continue */
    bool wants_websocket;    /* Upgrade: websocket */
    bool has_upgrade_option; /* Connection: upgrade */
    uint64_t length; /* Content-Length; 0 if none; UINT64_MAX if it does not fit */
    struct http_field *fields;
    size_t n_fields;
};

/* http_head_has_body — bytes follow the head. */
static inline bool http_head_has_body(const struct http_head *head)
{
    return head->is_chunked || head->length > 0;
}

/*
 * http_head_end — length of the head at the start of in, its empty line included.
 * in:     *scanned: bytes known to hold no end, 0 at first; kept by the caller between calls
 * out:    0 if the end has not come yet
 */
size_t http_head_end(struct str in, size_t *scanned);

/*
 * http_head_parse — reads n bytes that end with an empty line; they are changed in place.
 * in:     fields has room for max entries (HTTP_FIELDS_MAX, or the number of lines)
 * out:    0, or the HTTP status of the refusal: 400, 404 (a "." or ".." segment), 414, 431, 501 or
 *         505; head is valid as far as it was read
 */
int http_head_parse(char *bytes, size_t n, struct http_field *fields, size_t max,
                    struct http_head *head);

/* http_head_field — value of the first field of that name; no value if there is none. */
struct str http_head_field(const struct http_head *head, const char *name,
                           int *count_out);

/* http_head_has_token — a list field (Connection, Upgrade) names token, in any case. */
bool http_head_has_token(const struct http_head *head, const char *name,
                         struct str token);

enum percent_of {
    PERCENT_OF_FORM, /* '+' stands for a blank */
    /* %2F and %25 stay as they are: the path still has the segments that it was sent with */
    PERCENT_OF_PATH,
    PERCENT_OF_SEGMENT, /* of such a path: what is left */
};

/*
 * percent_decode — s decoded into out, which has room for s.n bytes (and may be s itself).
 * errors: false on an escape that is none, on bytes that are not UTF-8, and on NUL
 */
bool percent_decode(struct str s, enum percent_of what, char *out, size_t *n_out);

#endif
