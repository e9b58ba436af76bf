/*
 * Users connected to this server: their connections, their message rate.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_USERS_H
#define ENDPOINT_USERS_H

#include <uthash.h>

#include "endpoint/hub.h"

/* What of a user is counted, each by itself. */
enum user_rate_of {
    USER_MESSAGES, /* limits.messages_per_second */
    USER_SMALL,    /* markers, typing, SUBSCRIBE, ACK: five times as many */
    USER_RATES
};

struct user {
    UT_hash_handle by_id;
    struct str id;            /* owned */
    struct stomp_conn *conns; /* newest first, by next_of_user */
    size_t n_conns;
    uint32_t refs; /* connections and REST calls under way */
    struct user_rate {
        double tokens; /* what may be sent now; below 0: debt */
        int64_t at_ms;
    } rates[USER_RATES];
};

/* user_get — the user's place, made if need be; one reference. thread: loop, as all below */
struct user *user_get(struct hub *hub, struct str id);
struct user *user_find(struct hub *hub, struct str id);
/* user_is_connected — there is a STOMP connection of the user on this server. */
bool user_is_connected(struct hub *hub, struct str id);
/* user_put — without references a user lives on until its message rate is forgotten. */
void user_put(struct hub *hub, struct user **user);
/* users_sweep — once a second: forgets users without references whose rate tells nothing any more;
 * is_all: at the end, every one without references. */
void users_sweep(struct hub *hub, bool is_all);

/*
 * user_take_token — counts one of what the user sends.
 * out:    milliseconds until the user is under the limit again; 0: it is
 * in:     may_owe: count it even if there is no token left
 */
int64_t user_take_token(struct hub *hub, struct user *user, enum user_rate_of what,
                        bool may_owe);

/* user_count — users with connections or calls here. */
size_t user_count(const struct hub *hub);

#endif
