/* SPDX-License-Identifier: MIT */
#include "bench/crowd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

static void ignore(struct chatter *c, const struct chatter_frame *f)
{
    (void)c;
    (void)f;
}

static void on_gone(struct chatter *c)
{
    (void)c; /* its state tells */
}

static const struct chatter_class listener_class = {ignore, ignore, on_gone};

bool crowd_open(struct crowd *crowd, struct world *world, const struct crowd_plan *plan,
                struct why *why)
{
    struct chatter **all = mem_alloc(plan->n * sizeof(*all));
    char user[WORLD_NAME_BYTES], destination[128];
    bool is_open;

    crowd->n = plan->n;
    crowd->chatters = mem_zalloc(plan->n * sizeof(*crowd->chatters));
    for (size_t i = 0; i < plan->n; i++) {
        size_t room = plan->first_room + i / plan->in_room;

        snprintf(destination, sizeof(destination), "/sub/chat/room/%s",
                 world->rooms[room].uuid);
        all[i] = &crowd->chatters[i];
        chatter_init(all[i], &listener_class, &world->io,
                     world_target(world, room, i % 2),
                     world_user(world, room, i % 2, user), str_of(destination));
        all[i]->rcvbuf_bytes = plan->rcvbuf_bytes;
    }
    is_open = chatters_open(all, plan->n, world_deadline_ns(world), why);
    free(all);
    return is_open;
}

bool crowd_idle(struct crowd *crowd, struct world *world, size_t n, struct why *why)
{
    const struct crowd_plan plan = {.n = n, .first_room = world->n_rooms, .in_room = 2};

    if (n == 0)
        return true;
    return world_grow(world, (n + 1) / 2, why) && crowd_open(crowd, world, &plan, why);
}

void crowd_close(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->n; i++)
        chatter_release(&crowd->chatters[i]);
    free(crowd->chatters);
    *crowd = (struct crowd){.n = 0};
}
