/*
 * Matching of REST paths and STOMP destinations against generated tables.
 * A pattern is literal segments and {name} placeholders; a literal segment wins over a placeholder.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_ROUTE_H
#define CODEC_ROUTE_H

#include "base/str.h"

enum {
    ROUTE_PARAMS_MAX = 4
};

enum route_identity {
    ROUTE_IDENTITY_NONE,      /* open in every auth mode */
    ROUTE_IDENTITY_NOT_TRUST, /* needed in all modes but trust */
    ROUTE_IDENTITY_ALWAYS,
};

struct route {
    int id;              /* enum route_id or enum destination_id, generated */
    const char *name;    /* "chat_history" */
    const char *method;  /* "GET"; destinations: "SEND" or "SUBSCRIBE" */
    const char *pattern; /* "/chat/room/{roomUUID}" */
    enum route_identity identity;
    bool is_admin; /* on the admin listener only */
    bool is_form;  /* query parameters may come as a form body too */
};

struct route_match {
    const struct route *route;
    struct str
        params[ROUTE_PARAMS_MAX]; /* in the order of the placeholders; views into path */
    size_t n_params;
};

struct route_table {
    const struct route *routes;
    size_t n;
};

/*
 * route_find — the route of method and path.
 * out:    *out; on false *is_other_method_out (may be NULL) tells that the path exists with another
 *         method. HEAD is looked up as GET.
 * thread: any
 */
bool route_find(const struct route_table *table, struct str method, struct str path,
                struct route_match *out, bool *is_other_method_out);

struct buf;
/* route_allow — the methods that a path has on the admin listener, or on the main one, as in an Allow
 * header ("GET,HEAD,OPTIONS"); nothing if it has none. */
void route_allow(const struct route_table *table, struct str path, bool is_admin,
                 struct buf *out);

#endif
