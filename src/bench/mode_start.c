/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/clock.h"
#include "bench/child.h"
#include "bench/modes.h"

#include "base/banned.h"

#define RETRY_NS (1 * NS_PER_MS)
#define SEND_NS  (20 * NS_PER_MS)

/* A user of the only room: when the first message of each of the two came. */
struct witness {
    struct chatter chatter; /* first */
    size_t place;
    int64_t heard_ns[2]; /* 0: nothing yet */
};

struct start {
    struct run *run;
    struct witness self;  /* at the started server */
    struct witness other; /* at another server, if there is one */
    bool has_other;
    int64_t began_ns, sent_ns;
    int pid;
};

static void on_message(struct chatter *c, const struct chatter_frame *f)
{
    struct witness *w = (struct witness *)c;
    static const char content[] = "\"content\":\"from ";
    const char *at = memmem(f->body.p, f->body.n, content, strlen(content));
    size_t place;

    if (!at)
        return;
    place = at[strlen(content)] == '1';
    if (w->heard_ns[place] == 0)
        w->heard_ns[place] = clock_mono_ns();
}

static void on_receipt(struct chatter *c, const struct chatter_frame *f)
{
    (void)c;
    (void)f;
}

static void on_gone(struct chatter *c)
{
    (void)c; /* its state tells */
}

static const struct chatter_class witness_class = {on_message, on_receipt, on_gone};

static void witness_init(struct witness *w, struct run *run, size_t place)
{
    const struct options *o = run->options;
    char user[WORLD_NAME_BYTES], destination[128];

    *w = (struct witness){.place = place};
    snprintf(destination, sizeof(destination), "/sub/chat/room/%s",
             run->world.rooms[0].uuid);
    chatter_init(&w->chatter, &witness_class, &run->world.io, &o->urls[place],
                 world_user(&run->world, 0, place, user), str_of(destination));
}

static void witness_send(struct witness *w, struct run *run)
{
    char frame[256];
    int n =
        snprintf(frame, sizeof(frame),
                 "SEND\ndestination:/pub/room/%s/message\n\n{\"content\":\"from %zu\"}",
                 run->world.rooms[0].uuid, w->place);

    chatter_send(&w->chatter, (struct str){frame, (size_t)n + 1}); /* with the NUL */
}

/* Opens it again and again until it is in the room. */
static bool become_ready(struct chatter *c, int64_t deadline_ns, struct why *why)
{
    while (c->state != CHATTER_READY) {
        if (clock_mono_ns() > deadline_ns) {
            chatter_end_why(c, why);
            return false;
        }
        if (c->state == CHATTER_NEW || c->state == CHATTER_GONE)
            chatter_open(c);
        io_turn(c->conn.io, clock_mono_ns() + RETRY_NS);
    }
    return true;
}

/* In the room at the other server before the first one is killed. */
static bool prepare(struct start *s, struct why *why)
{
    struct run *run = s->run;
    struct chatter *other = &s->other.chatter;

    s->has_other = run->options->n_urls > 1;
    if (!world_grow(&run->world, 1, why))
        return false;
    if (!s->has_other)
        return true;
    witness_init(&s->other, run, 1);
    return chatters_open(&other, 1, world_deadline_ns(&run->world), why);
}

/* A first start: CONNECTED before there is a room, in a queue that everybody has. */
static bool first_connected(struct start *s, int64_t deadline_ns, struct why *why)
{
    struct run *run = s->run;
    struct witness w = {.place = 0};
    char user[WORLD_NAME_BYTES];
    bool is_ready;

    chatter_init(&w.chatter, &witness_class, &run->world.io, &run->options->urls[0],
                 world_user(&run->world, 0, 0, user), STR("/user/queue/errors"));
    is_ready = become_ready(&w.chatter, deadline_ns, why);
    if (is_ready)
        results_number(&run->results, "connected_ms",
                       (double)(w.chatter.connected_ns - s->began_ns) / NS_PER_MS, 1);
    chatter_release(&w.chatter);
    return is_ready;
}

static bool has_heard(const struct start *s)
{
    return s->self.heard_ns[0] > 0 && (!s->has_other || s->self.heard_ns[1] > 0);
}

/* Both send until the one at the started server has heard both. */
static bool first_deliveries(struct start *s, int64_t deadline_ns, struct why *why)
{
    struct run *run = s->run;

    witness_init(&s->self, run, 0);
    while (!has_heard(s)) {
        int64_t now_ns = clock_mono_ns();
        struct chatter *self = &s->self.chatter;

        if (now_ns > deadline_ns) {
            why_set(why, "nothing was delivered before the deadline");
            return false;
        }
        if (self->state == CHATTER_NEW || self->state == CHATTER_GONE)
            chatter_open(self);
        if (now_ns - s->sent_ns >= SEND_NS) {
            s->sent_ns = now_ns;
            if (self->state == CHATTER_READY)
                witness_send(&s->self, run);
            if (s->has_other && s->other.chatter.state == CHATTER_READY)
                witness_send(&s->other, run);
        }
        io_turn(&run->world.io, now_ns + RETRY_NS);
    }
    return true;
}

static void tell(struct start *s)
{
    struct results *r = &s->run->results;

    if (s->run->options->kill_pid > 0)
        results_number(r, "connected_ms",
                       (double)(s->self.chatter.connected_ns - s->began_ns) / NS_PER_MS,
                       1);
    results_number(r, "first_delivery_ms",
                   (double)(s->self.heard_ns[0] - s->began_ns) / NS_PER_MS, 1);
    if (s->has_other)
        results_number(r, "first_cross_delivery_ms",
                       (double)(s->self.heard_ns[1] - s->began_ns) / NS_PER_MS, 1);
}

static bool phases(struct start *s, struct why *why)
{
    const struct options *o = s->run->options;
    int64_t deadline_ns = world_deadline_ns(&s->run->world);
    bool is_restart = o->kill_pid > 0;

    if (is_restart && !prepare(s, why))
        return false;
    s->began_ns = clock_mono_ns();
    if (is_restart && !child_kill((int)o->kill_pid, deadline_ns, why))
        return false;
    s->pid = child_start(o->exec, o->exec_log, why);
    if (s->pid < 0)
        return false;
    if (!is_restart && !(first_connected(s, deadline_ns, why) && prepare(s, why)))
        return false;
    if (!first_deliveries(s, deadline_ns, why))
        return false;
    tell(s);
    return true;
}

bool mode_start(struct run *run, struct why *why)
{
    struct start s = {.run = run, .pid = -1};
    bool is_measured;

    s.self.chatter.conn.fd = s.other.chatter.conn.fd = -1;
    s.self.chatter.conn.io = s.other.chatter.conn.io = &run->world.io;
    is_measured = phases(&s, why);
    chatter_release(&s.self.chatter);
    chatter_release(&s.other.chatter);
    if (s.pid > 0)
        child_stop(s.pid, world_deadline_ns(&run->world));
    return is_measured;
}
