/*
 * Private to the session stores: what each kind of store does for the calls of store.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_BACKEND_H
#define SESSION_BACKEND_H

#include "session/store.h"

struct session_backend {
    void (*free)(struct session_store *s);
    void (*start)(struct session_store *s, session_done_fn *done, void *ctx);
    void (*add)(struct session_store *s, const struct session_entry *e,
                session_done_fn *done, void *ctx);
    void (*remove)(struct session_store *s, struct str user_id, struct str session_id,
                   session_done_fn *done, void *ctx);
    void (*stop)(struct session_store *s, session_done_fn *done, void *ctx);
    void (*snapshot)(struct session_store *s, session_snapshot_fn *done, void *ctx);
    void (*get)(struct session_store *s, struct str user_id, session_entry_fn *done,
                void *ctx);
    bool (*is_up)(const struct session_store *s);
};

/* First member of each kind's own struct. */
struct session_store {
    const struct session_backend *backend;
};

#endif
