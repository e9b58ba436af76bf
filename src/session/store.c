/* SPDX-License-Identifier: MIT */
#include "session/store.h"

#include "session/backend.h"

#include "base/banned.h"

void session_store_free(struct session_store **s)
{
    struct session_store *old = *s;

    if (!old)
        return;
    *s = NULL;
    old->backend->free(old);
}

void session_store_start(struct session_store *s, session_done_fn *done, void *ctx)
{
    s->backend->start(s, done, ctx);
}

void session_store_add(struct session_store *s, const struct session_entry *e,
                       session_done_fn *done, void *ctx)
{
    s->backend->add(s, e, done, ctx);
}

void session_store_remove(struct session_store *s, struct str user_id,
                          struct str session_id, session_done_fn *done, void *ctx)
{
    s->backend->remove(s, user_id, session_id, done, ctx);
}

void session_store_stop(struct session_store *s, session_done_fn *done, void *ctx)
{
    s->backend->stop(s, done, ctx);
}

void session_store_snapshot(struct session_store *s, session_snapshot_fn *done, void *ctx)
{
    s->backend->snapshot(s, done, ctx);
}

void session_store_get(struct session_store *s, struct str user_id,
                       session_entry_fn *done, void *ctx)
{
    s->backend->get(s, user_id, done, ctx);
}

bool session_store_is_up(const struct session_store *s)
{
    return s->backend->is_up(s);
}
