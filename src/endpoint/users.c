/* SPDX-License-Identifier: MIT */
#include "endpoint/users.h"

#include <stdlib.h>

#include "base/banned.h"

static const double factors[USER_RATES] = {[USER_MESSAGES] = 1, [USER_SMALL] = 5};

static double burst_of(const struct hub *hub, enum user_rate_of what)
{
    return (double)hub->settings->limits_messages_burst * factors[what];
}

static double per_second(const struct hub *hub, enum user_rate_of what)
{
    return (double)hub->settings->limits_messages_per_second * factors[what];
}

struct user *user_find(struct hub *hub, struct str id)
{
    struct user *user;

    HASH_FIND(by_id, hub->users, id.p, id.n, user);
    return user;
}

bool user_is_connected(struct hub *hub, struct str id)
{
    const struct user *user = user_find(hub, id);

    return user && user->n_conns > 0;
}

struct user *user_get(struct hub *hub, struct str id)
{
    struct user *user = user_find(hub, id);
    char *text;

    if (user) {
        if (user->refs++ == 0)
            hub->n_idle_users--;
        return user;
    }
    user = mem_zalloc(sizeof(*user) + id.n);
    text = (char *)(user + 1);
    if (id.n > 0)
        memcpy(text, id.p, id.n);
    user->id = (struct str){text, id.n};
    user->refs = 1;
    for (enum user_rate_of what = 0; what < USER_RATES; what++)
        user->rates[what] =
            (struct user_rate){burst_of(hub, what), loop_now_ms(hub->loop)};
    HASH_ADD_KEYPTR(by_id, hub->users, text, id.n, user);
    return user;
}

static double tokens_now(const struct hub *hub, const struct user *user,
                         enum user_rate_of what, int64_t now)
{
    const struct user_rate *rate = &user->rates[what];
    double burst = burst_of(hub, what);
    double tokens =
        rate->tokens + per_second(hub, what) * (double)(now - rate->at_ms) / 1000.0;

    return tokens < burst ? tokens : burst;
}

/* Coming back must not give anybody a fresh start. */
static bool is_rate_worth_keeping(const struct hub *hub, const struct user *user)
{
    int64_t now = loop_now_ms(hub->loop);

    for (enum user_rate_of what = 0; what < USER_RATES; what++)
        if (per_second(hub, what) > 0 &&
            tokens_now(hub, user, what, now) < burst_of(hub, what))
            return true;
    return false;
}

static void user_free(struct hub *hub, struct user *user)
{
    HASH_DELETE(by_id, hub->users, user);
    free(user);
}

void user_put(struct hub *hub, struct user **user)
{
    struct user *old = *user;

    if (!old)
        return;
    *user = NULL;
    BUG_ON(old->refs == 0);
    if (--old->refs > 0)
        return;
    if (is_rate_worth_keeping(hub, old))
        hub->n_idle_users++;
    else
        user_free(hub, old);
}

void users_sweep(struct hub *hub, bool is_all)
{
    struct user *user, *tmp;

    if (hub->n_idle_users == 0)
        return;
    HASH_ITER(by_id, hub->users, user, tmp)
    {
        if (user->refs > 0 || (!is_all && is_rate_worth_keeping(hub, user)))
            continue;
        hub->n_idle_users--;
        user_free(hub, user);
    }
}

int64_t user_take_token(struct hub *hub, struct user *user, enum user_rate_of what,
                        bool may_owe)
{
    struct user_rate *rate = &user->rates[what];
    int64_t now = loop_now_ms(hub->loop);
    double left;

    if (per_second(hub, what) <= 0)
        return 0;
    rate->tokens = tokens_now(hub, user, what, now);
    rate->at_ms = now;
    left = rate->tokens - 1;
    if (left >= 0 || may_owe)
        rate->tokens = left;
    return left >= 0 ? 0 : (int64_t)(-left * 1000.0 / per_second(hub, what)) + 1;
}

size_t user_count(const struct hub *hub)
{
    return HASH_CNT(by_id, hub->users) - hub->n_idle_users;
}
