/* SPDX-License-Identifier: MIT */
#include "endpoint/users.h"

#include <stdlib.h>

#include "base/utf8.h"

#include "base/banned.h"

bool user_id_is_valid(struct str id)
{
    if (id.n == 0 || id.n > USER_ID_BYTES_MAX || !utf8_valid(id))
        return false;
    for (size_t i = 0; i < id.n; i++)
        if ((unsigned char)id.p[i] < 0x20 || id.p[i] == 0x7f)
            return false;
    return true;
}

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
        user->refs++;
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

void user_put(struct hub *hub, struct user **user)
{
    struct user *old = *user;

    if (!old)
        return;
    *user = NULL;
    BUG_ON(old->refs == 0);
    if (--old->refs > 0)
        return;
    HASH_DELETE(by_id, hub->users, old);
    free(old);
}

int64_t user_take_tokens(struct hub *hub, struct user *user, size_t n, bool may_owe)
{
    double rate = (double)hub->settings->limits_messages_per_second;
    double burst = (double)hub->settings->limits_messages_burst;
    int64_t now = loop_now_ms(hub->loop);
    double left;

    if (hub->settings->limits_messages_per_second == 0)
        return 0;
    user->tokens += rate * (double)(now - user->tokens_at_ms) / 1000.0;
    user->tokens_at_ms = now;
    if (user->tokens > burst)
        user->tokens = burst;
    left = user->tokens - (double)n;
    if (left >= 0 || may_owe)
        user->tokens = left;
    return left >= 0 ? 0 : (int64_t)(-left * 1000.0 / rate) + 1;
}

size_t user_count(const struct hub *hub)
{
    return HASH_CNT(by_id, hub->users);
}
