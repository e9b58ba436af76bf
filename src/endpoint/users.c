/* SPDX-License-Identifier: MIT */
#include "endpoint/users.h"

#include <stdlib.h>

#include "base/banned.h"

struct user *user_find(struct hub *hub, struct str id)
{
    struct user *user;

    HASH_FIND(by_id, hub->users, id.p, id.n, user);
    return user;
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
    user->tokens = (double)hub->settings->limits_messages_burst;
    user->tokens_at_ms = loop_now_ms(hub->loop);
    HASH_ADD_KEYPTR(by_id, hub->users, text, id.n, user);
    return user;
}

static double tokens_now(const struct hub *hub, const struct user *user, int64_t now)
{
    double burst = (double)hub->settings->limits_messages_burst;
    double tokens = user->tokens + (double)hub->settings->limits_messages_per_second *
                                       (double)(now - user->tokens_at_ms) / 1000.0;

    return tokens < burst ? tokens : burst;
}

/* Coming back must not give anybody a fresh start. */
static bool is_rate_worth_keeping(const struct hub *hub, const struct user *user)
{
    return hub->settings->limits_messages_per_second > 0 &&
           tokens_now(hub, user, loop_now_ms(hub->loop)) <
               (double)hub->settings->limits_messages_burst;
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

int64_t user_take_tokens(struct hub *hub, struct user *user, size_t n, bool may_owe)
{
    double rate = (double)hub->settings->limits_messages_per_second;
    int64_t now = loop_now_ms(hub->loop);
    double left;

    if (hub->settings->limits_messages_per_second == 0)
        return 0;
    user->tokens = tokens_now(hub, user, now);
    user->tokens_at_ms = now;
    left = user->tokens - (double)n;
    if (left >= 0 || may_owe)
        user->tokens = left;
    return left >= 0 ? 0 : (int64_t)(-left * 1000.0 / rate) + 1;
}

size_t user_count(const struct hub *hub)
{
    return HASH_CNT(by_id, hub->users) - hub->n_idle_users;
}
