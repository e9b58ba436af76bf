/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/getter.h"
#include "bench/meter.h"
#include "bench/modes.h"

#include "base/banned.h"

enum {
    FILL_INFLIGHT = 64
};

struct reading {
    struct run *run;
    bool is_on;
    uint64_t answers, refused, changed, bytes;
    int64_t
        *lengths; /* of each room's history; 0: not read yet. Nobody writes meanwhile. */
    struct hist times;
    struct reader {
        struct getter getter;
        struct reading *reading;
        size_t room;
        int64_t asked_ns;
        uint32_t random;
    } * readers;
    size_t n;
};

/* Each room gets its messages from one of its users, by SEND. */
static bool fill(struct run *run, struct why *why)
{
    struct load_plan plan = mode_plan(run->options, 0);
    struct load load = {.world = NULL};
    bool is_filled;

    plan.is_typing = false;
    plan.users = plan.senders = 1;
    plan.has_receipts = true;
    plan.rate = 0;
    plan.inflight = FILL_INFLIGHT;
    plan.limit = (uint64_t)run->options->messages;
    is_filled = load_init(&load, &run->world, &plan, why);
    if (is_filled) {
        load_start(&load);
        load_run(&load, run->options->deadline_seconds);
        is_filled = load.receipted == plan.limit * plan.n_rooms;
        if (!is_filled)
            why_set(why, "only %llu messages were stored after the deadline %s",
                    (unsigned long long)load.receipted, load.faults.gone_why.text);
    }
    load_release(&load);
    return is_filled;
}

static uint32_t random_next(struct reader *r)
{
    r->random ^= r->random << 13; /* xorshift, Marsaglia 2003 */
    r->random ^= r->random >> 17;
    r->random ^= r->random << 5;
    return r->random;
}

static void ask(struct reader *r)
{
    struct run *run = r->reading->run;
    const struct options *o = run->options;
    char path[160], user[WORLD_NAME_BYTES];

    r->room = random_next(r) % run->world.n_rooms;
    if (o->mode == BENCH_HISTORY)
        snprintf(path, sizeof(path), "/chat/room/%s", run->world.rooms[r->room].uuid);
    else
        snprintf(path, sizeof(path), "/chat/room/%s/messages?before=%lld&limit=%lld",
                 run->world.rooms[r->room].uuid,
                 (long long)(o->page + 1 + random_next(r) % (o->messages - o->page + 1)),
                 (long long)o->page); /* each page is full */
    r->asked_ns = clock_mono_ns();
    getter_ask(&r->getter, "GET", path, world_user(&run->world, r->room, 0, user));
}

static void on_answer(struct getter *g)
{
    struct reader *r = g->owner;
    struct reading *reading = r->reading;

    if (g->status == 200) {
        reading->answers++;
        reading->bytes += (uint64_t)g->body_bytes;
        hist_add(&reading->times, clock_mono_ns() - r->asked_ns);
        if (reading->lengths[r->room] == 0)
            reading->lengths[r->room] = g->body_bytes;
        else if (reading->run->options->mode == BENCH_HISTORY)
            reading->changed += reading->lengths[r->room] != g->body_bytes;
    } else {
        reading->refused++;
        reading->is_on &= g->status != 0;
    }
    if (reading->is_on)
        ask(r);
}

static void read_for(struct reading *reading, double seconds)
{
    struct io *io = &reading->run->world.io;
    int64_t until_ns = clock_mono_ns() + (int64_t)(seconds * NS_PER_S);

    reading->answers = reading->bytes = 0;
    hist_reset(&reading->times);
    while (clock_mono_ns() < until_ns && reading->is_on)
        io_turn(io, until_ns);
}

static void tell(struct reading *reading, double seconds)
{
    struct results *r = &reading->run->results;

    results_number(r, "requests_per_s", (double)reading->answers / seconds, 0);
    results_number(r, "megabytes_per_s", (double)reading->bytes / seconds / 1e6, 1);
    if (reading->answers > 0)
        results_number(r, "bytes_per_answer",
                       (double)reading->bytes / (double)reading->answers, 0);
    results_times(r, "latency", &reading->times);
    results_number(r, "refused", (double)reading->refused, 0);
    results_number(r, "changed", (double)reading->changed, 0);
    reading->run->has_faults |= reading->refused + reading->changed > 0;
}

static void measure(struct reading *reading)
{
    const struct options *o = reading->run->options;
    struct meter meter;

    for (size_t i = 0; i < reading->n; i++) {
        struct reader *r = &reading->readers[i];

        r->reading = reading;
        r->random = (uint32_t)i + 1;
        getter_init(&r->getter, &reading->run->world.io, &o->urls[i % o->n_urls],
                    on_answer, r);
        ask(r);
    }
    read_for(reading, o->warmup_seconds);
    meter_start(&meter, o);
    read_for(reading, o->seconds);
    tell(reading, o->seconds);
    meter_tell(&meter, &reading->run->results, "request", reading->answers);
}

bool mode_history(struct run *run, struct why *why)
{
    size_t clients = (size_t)run->options->clients;
    struct reading reading = {.run = run, .is_on = true, .n = clients};

    if (!world_grow(&run->world, (size_t)run->options->rooms, why) || !fill(run, why))
        return false;
    reading.lengths = mem_zalloc(run->world.n_rooms * sizeof(*reading.lengths));
    reading.readers = mem_zalloc(clients * sizeof(*reading.readers));
    measure(&reading);
    for (size_t i = 0; i < clients; i++)
        getter_release(&reading.readers[i].getter);
    free(reading.readers);
    free(reading.lengths);
    return true;
}
