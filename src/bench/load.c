/* SPDX-License-Identifier: MIT */
#include "bench/load.h"

#include <stdlib.h>

#include "base/clock.h"
#include "bench/member.h"

#include "base/banned.h"

#define LOAD_SILENCE_NS (5 * NS_PER_S) /* then what is under way counts as lost */

bool load_init(struct load *l, struct world *world, const struct load_plan *plan,
               struct why *why)
{
    struct chatter **chatters;
    bool is_open;

    *l = (struct load){.world = world, .plan = *plan};
    l->n_members = plan->n_rooms * plan->users;
    l->n_senders = plan->n_rooms * plan->senders;
    l->members = mem_zalloc(l->n_members * sizeof(*l->members));
    chatters = mem_alloc(l->n_members * sizeof(*chatters));
    for (size_t i = 0; i < l->n_members; i++) {
        member_init(&l->members[i], l, plan->first_room + i / plan->users,
                    i % plan->users);
        chatters[i] = &l->members[i].chatter;
    }
    is_open = chatters_open(chatters, l->n_members, world_deadline_ns(world), why);
    for (size_t i = 0; is_open && i < l->n_members; i++) {
        struct load_member *m = &l->members[i];

        m->top_seq = m->chatter.subscribed_seq > 0 ? m->chatter.subscribed_seq : 0;
        m->seen = UINT64_MAX; /* whatever is not above it was there before */
    }
    free(chatters);
    return is_open;
}

void load_release(struct load *l)
{
    for (size_t i = 0; i < l->n_members; i++)
        member_release(&l->members[i]);
    free(l->members);
    *l = (struct load){.world = NULL};
}

/* The i-th of all senders: neighbours in time are of different rooms. */
static struct load_member *sender_of(struct load *l, size_t i)
{
    size_t room = i % l->plan.n_rooms, place = i / l->plan.n_rooms;

    return &l->members[room * l->plan.users + place];
}

static bool may_send(const struct load *l, const struct load_member *m)
{
    return l->is_sending && m->chatter.state == CHATTER_READY &&
           (l->plan.limit == 0 || m->sent < l->plan.limit);
}

void load_answered(struct load *l, struct load_member *m)
{
    if (l->plan.rate <= 0 && may_send(l, m))
        member_send(m, clock_mono_ns());
}

static int64_t due_of(const struct load *l, uint64_t number)
{
    return l->began_ns + (int64_t)((double)number / l->plan.rate * NS_PER_S);
}

/* Sends what is due; when the next one is. */
static int64_t send_due(struct load *l)
{
    int64_t now_ns = clock_mono_ns(), due_ns;

    if (l->plan.rate <= 0 || !l->is_sending)
        return INT64_MAX;
    l->world->io.now_ns = now_ns;
    while ((due_ns = due_of(l, l->next_due)) <= now_ns) {
        struct load_member *m = sender_of(l, l->next_due++ % l->n_senders);

        if (may_send(l, m))
            member_send(m, due_ns);
    }
    return due_ns;
}

void load_start(struct load *l)
{
    l->is_sending = true;
    l->next_due = 0;
    l->began_ns = clock_mono_ns();
    for (size_t i = 0; l->plan.rate <= 0 && i < l->n_senders; i++) {
        struct load_member *m = sender_of(l, i);

        for (size_t k = 0; k < l->plan.inflight && may_send(l, m); k++)
            member_send(m, clock_mono_ns());
    }
}

void load_pause(struct load *l)
{
    l->is_sending = false;
}

static bool is_answered(const struct load *l)
{
    return l->received >= l->expected &&
           (!l->plan.has_receipts || l->receipted >= l->sent);
}

static bool has_reached_limit(const struct load *l)
{
    return l->plan.limit > 0 && l->sent == l->plan.limit * l->n_senders && is_answered(l);
}

void load_drive(struct load *l, double seconds)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)(seconds * NS_PER_S), next_ns;

    while (clock_mono_ns() < until_ns && !has_reached_limit(l)) {
        next_ns = send_due(l);
        io_turn(&l->world->io, next_ns < until_ns ? next_ns : until_ns);
    }
    l->counts.seconds = (double)(clock_mono_ns() - l->from_ns) / NS_PER_S;
}

void load_run(struct load *l, double seconds)
{
    l->from_ns = clock_mono_ns();
    l->counts = (struct load_counts){.sent = 0};
    load_drive(l, seconds);
}

void load_stop(struct load *l)
{
    int64_t deadline_ns = world_deadline_ns(l->world), now_ns = clock_mono_ns();

    load_pause(l);
    l->progressed_ns = now_ns;
    while (!is_answered(l) && now_ns < deadline_ns &&
           now_ns < l->progressed_ns + LOAD_SILENCE_NS) {
        io_turn(&l->world->io, l->progressed_ns + LOAD_SILENCE_NS);
        now_ns = clock_mono_ns();
    }
    l->faults.lost = l->expected - l->received;
    if (l->plan.has_receipts)
        l->faults.unreceipted = l->sent - l->receipted;
}

bool load_has_faults(const struct load *l)
{
    const struct load_faults *f = &l->faults;

    return f->lost + f->duplicates + f->out_of_order + f->unreceipted + f->gone > 0;
}
