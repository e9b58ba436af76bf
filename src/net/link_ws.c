/* SPDX-License-Identifier: MIT */
#include "net/link.h"

#include "base/banned.h"

static bool ws_send(void *self, struct str head, struct str tail)
{
    return net_ws_send(self, head, tail);
}

static void ws_close(void *self, unsigned code, const char *reason)
{
    net_ws_close(self, code, reason);
}

static size_t ws_waiting(const void *self)
{
    return net_ws_waiting(self);
}

static int64_t ws_behind_ms(const void *self)
{
    return net_ws_behind_ms(self);
}

static void ws_wants_drain(void *self)
{
    net_ws_wants_drain(self);
}

static void ws_drop_queue(void *self)
{
    net_ws_drop_queue(self);
}

static void ws_pause(void *self)
{
    net_ws_pause(self);
}

static void ws_resume(void *self)
{
    net_ws_resume(self);
}

static struct str ws_peer(const void *self)
{
    return net_ws_peer(self);
}

struct link link_of_ws(struct net_ws *ws)
{
    static const struct link_vtable vtable = {
        .name = "websocket",
        .is_heartbeat_allowed = true,
        .send = ws_send,
        .close = ws_close,
        .waiting = ws_waiting,
        .behind_ms = ws_behind_ms,
        .wants_drain = ws_wants_drain,
        .drop_queue = ws_drop_queue,
        .pause = ws_pause,
        .resume = ws_resume,
        .peer = ws_peer,
    };

    return (struct link){&vtable, ws};
}
