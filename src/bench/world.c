/* SPDX-License-Identifier: MIT */
#include "bench/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/getter.h"

#include "base/banned.h"

enum {
    WORLD_GETTERS = 16
};

bool world_init(struct world *w, const struct options *options, struct why *why)
{
    *w = (struct world){.options = options};
    if (options->name)
        snprintf(w->name, sizeof(w->name), "%s", options->name);
    else
        snprintf(w->name, sizeof(w->name), "%llx",
                 (unsigned long long)clock_real_ns() / 1000 ^ (unsigned long long)getpid()
                                                                  << 40);
    return io_init(&w->io, why);
}

void world_release(struct world *w)
{
    io_release(&w->io);
    free(w->rooms);
    w->rooms = NULL;
}

struct str world_user(const struct world *w, size_t room, size_t place, char *to)
{
    int n = snprintf(to, WORLD_NAME_BYTES, "u%zu-%zu-%s@bench.example", place % 2, room,
                     w->name);

    return (struct str){to, (size_t)n};
}

const struct target *world_target(const struct world *w, size_t room, size_t place)
{
    size_t at = w->options->spread == BENCH_SPREAD_USERS ? place : room;

    return &w->options->urls[at % w->options->n_urls];
}

int64_t world_deadline_ns(const struct world *w)
{
    return clock_mono_ns() + (int64_t)(w->options->deadline_seconds * NS_PER_S);
}

/* --- rooms by REST ------------------------------------------------------------------------ */

struct making;

struct maker {
    struct getter getter;
    struct making *making;
    size_t room; /* being made */
};

/* The makers share it: each takes the next room when it has finished one. */
struct making {
    struct world *world;
    size_t next, end, done;
    struct why *why; /* set when one failed */
    bool has_failed;
    struct maker makers[WORLD_GETTERS];
};

static void make_next(struct maker *m)
{
    struct making *making = m->making;
    char caller[WORLD_NAME_BYTES], other[WORLD_NAME_BYTES], path[256];

    if (making->next == making->end || making->has_failed)
        return;
    m->room = making->next++;
    world_user(making->world, m->room, 1, other);
    snprintf(path, sizeof(path), "/room/create?user=%s&name=bench", other);
    getter_ask(&m->getter, "POST", path, world_user(making->world, m->room, 0, caller));
}

/* [{"id":…,"room":{"id":…,"roomUUID":"…",…},…},…] */
static bool uuid_read(struct str body, char *to, size_t size)
{
    static const char member[] = "\"roomUUID\":\"";
    const char *at = body.n ? memmem(body.p, body.n, member, strlen(member)) : NULL;
    struct str rest;

    if (!at)
        return false;
    rest = str_from(body, (size_t)(at - body.p) + strlen(member));
    rest.n = str_find(rest, '"');
    if (rest.n == 0 || rest.n >= size)
        return false;
    memcpy(to, rest.p, rest.n);
    to[rest.n] = '\0';
    return true;
}

static void on_made(struct getter *g)
{
    struct maker *m = g->owner;
    struct making *making = m->making;
    struct world_room *room = &making->world->rooms[m->room];

    if (g->status == 200 &&
        uuid_read(buf_str(&g->body), room->uuid, sizeof(room->uuid))) {
        making->done++;
        make_next(m);
        return;
    }
    if (!making->has_failed)
        why_set(making->why, "%s: POST /room/create was answered %d %.*s",
                g->target->host, g->status, (int)g->body.n, g->body.n ? g->body.p : "");
    making->has_failed = true;
}

bool world_grow(struct world *w, size_t n, struct why *why)
{
    struct making making = {.world = w, .next = w->n_rooms, .why = why};
    int64_t deadline_ns = world_deadline_ns(w);

    w->rooms = mem_realloc(w->rooms, (w->n_rooms + n) * sizeof(*w->rooms));
    making.end = w->n_rooms + n;
    for (size_t i = 0; i < WORLD_GETTERS; i++) {
        struct maker *m = &making.makers[i];

        m->making = &making;
        getter_init(&m->getter, &w->io, &w->options->urls[0], on_made, m);
        m->getter.keeps_body = true;
        make_next(m);
    }
    while (making.done < n && !making.has_failed && clock_mono_ns() < deadline_ns)
        io_turn(&w->io, deadline_ns);
    for (size_t i = 0; i < WORLD_GETTERS; i++)
        getter_release(&making.makers[i].getter);
    w->n_rooms = making.end;
    if (making.done < n && !making.has_failed)
        why_set(why, "only %zu of %zu rooms were made after the deadline", making.done,
                n);
    return making.done == n;
}
