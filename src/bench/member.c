/* SPDX-License-Identifier: MIT */
#include "bench/member.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#include "base/banned.h"

enum {
    MEMBER_FRAME_BYTES = 1 << 20
};

/* --- sending ------------------------------------------------------------------------------ */

static void frame_prepare(struct load_member *m, const char *room_uuid)
{
    const struct load_plan *plan = &m->load->plan;

    buf_printf(&m->frame, "SEND\ndestination:/pub/room/%s/%s\n", room_uuid,
               plan->is_typing ? "typing" : "message");
    if (plan->has_receipts) {
        buf_append_c(&m->frame, "receipt:");
        m->receipt_at = m->frame.n;
        buf_printf(&m->frame, "%*s\n", STAMP_BYTES, "");
    }
    buf_append_c(&m->frame, "content-type:application/json\n\n");
    if (plan->is_typing) {
        buf_append_c(&m->frame, "{\"typing\":");
        m->stamp_at = m->frame.n;
        buf_append_c(&m->frame, "false}");
    } else {
        buf_append_c(&m->frame, "{\"content\":\"");
        m->stamp_at = m->frame.n;
        for (size_t i = 0; i < plan->content_bytes; i++)
            buf_putc(&m->frame, "is the bike still there? "[i % 25]);
        buf_append_c(&m->frame, "\"}");
    }
    buf_putc(&m->frame, '\0');
    BUG_ON(!buf_ok(&m->frame));
}

void member_send(struct load_member *m, int64_t due_ns)
{
    struct load *l = m->load;
    const struct stamp stamp = {m->place, m->sent, due_ns};

    if (m->dues) {
        m->dues[m->sent % MEMBER_DUES] = due_ns;
        memcpy(m->frame.p + m->stamp_at, m->sent % 2 ? "false" : "true ", 5);
    } else {
        stamp_write(&stamp, m->frame.p + m->stamp_at);
    }
    if (m->receipt_at > 0)
        stamp_write(&stamp, m->frame.p + m->receipt_at);
    chatter_send(&m->chatter, buf_str(&m->frame));
    m->sent++;
    l->sent++;
    l->expected += l->plan.users;
    l->counts.sent++;
    hist_add(&l->counts.late, l->world->io.now_ns - due_ns);
}

/* --- receiving ---------------------------------------------------------------------------- */

/* Counts a message that was not there before. */
static void take(struct load_member *m, uint32_t place, int64_t due_ns)
{
    struct load *l = m->load;
    struct load_counts *counts = &l->counts;
    bool is_remote = m->is_remote[place];

    m->received++;
    l->received++;
    l->progressed_ns = l->world->io.now_ns;
    counts->deliveries++;
    counts->remote_deliveries += is_remote;
    if (due_ns >= l->from_ns)
        hist_add(is_remote ? &counts->remote : &counts->latency,
                 l->world->io.now_ns - due_ns);
    if (place == m->place && !l->plan.has_receipts)
        load_answered(l, m);
}

/* The order of the room, by seq; false: it was there before. */
static bool check_seq(struct load_member *m, int64_t seq)
{
    struct load_faults *faults = &m->load->faults;
    int64_t above = seq - m->top_seq;

    if (above > 0) {
        m->seen = above < 64 ? m->seen << above | 1 : 1;
        m->top_seq = seq;
        return true;
    }
    if (seq < 1 || above <= -64) {
        faults->out_of_order++; /* too old to know whether it was there */
        return true;
    }
    if (m->seen & UINT64_C(1) << -above) {
        faults->duplicates++;
        return false;
    }
    m->seen |= UINT64_C(1) << -above;
    faults->out_of_order++;
    return true;
}

static void on_chat(struct load_member *m, const struct chatter_frame *f)
{
    static const char member[] = "\"content\":\"";
    const char *at = memmem(f->body.p, f->body.n, member, strlen(member));
    struct stamp stamp;

    if (!at ||
        !stamp_read(str_from(f->body, (size_t)(at - f->body.p) + strlen(member)),
                    &stamp) ||
        stamp.place > 1)
        return; /* not of this load */
    if (!check_seq(m, f->seq))
        return;
    if (f->seq == m->top_seq && stamp.number < m->next[stamp.place])
        m->load->faults.out_of_order++; /* seq rises, the sender's own order does not */
    if (stamp.number >= m->next[stamp.place])
        m->next[stamp.place] = stamp.number + 1;
    take(m, stamp.place, stamp.due_ns);
}

/* {"type":"typing","roomUUID":"…","user":"uPLACE-…","typing":true}: no number in it, so the n-th
 * that comes of a sender is its n-th; every other one is false, which shows a single loss at once. */
static void on_typing(struct load_member *m, const struct chatter_frame *f)
{
    static const char user[] = "\"user\":\"u", typing[] = "\"typing\":";
    const char *user_at = memmem(f->body.p, f->body.n, user, strlen(user));
    const char *typing_at = memmem(f->body.p, f->body.n, typing, strlen(typing));
    struct load_member *sender;
    uint32_t place;
    uint64_t n;

    if (!user_at || !typing_at)
        return; /* another event */
    place = user_at[strlen(user)] == '1';
    if (place >= m->load->plan.users)
        return;
    sender = m - m->place + place;
    n = m->next[place]++;
    if ((typing_at[strlen(typing)] == 't') != (n % 2 == 0))
        m->load->faults.out_of_order++;
    if (n >= sender->sent)
        m->load->faults.duplicates++;
    else
        take(m, place,
             sender->sent - n <= MEMBER_DUES ? sender->dues[n % MEMBER_DUES] : 0);
}

static void on_message(struct chatter *c, const struct chatter_frame *f)
{
    struct load_member *m = (struct load_member *)c;

    if (m->load->plan.is_typing)
        on_typing(m, f);
    else
        on_chat(m, f);
}

static void on_receipt(struct chatter *c, const struct chatter_frame *f)
{
    struct load_member *m = (struct load_member *)c;
    struct load *l = m->load;
    struct stamp stamp;

    if (!stamp_read(f->receipt_id, &stamp))
        return;
    if (stamp.number < m->receipted || (!l->plan.is_typing && f->seq <= m->receipt_seq))
        l->faults.out_of_order++;
    m->receipted++;
    m->receipt_seq = f->seq;
    l->receipted++;
    l->counts.receipts++;
    l->progressed_ns = l->world->io.now_ns;
    if (stamp.due_ns >= l->from_ns)
        hist_add(&l->counts.receipt, l->world->io.now_ns - stamp.due_ns);
    load_answered(l, m);
}

static void on_gone(struct chatter *c)
{
    struct load *l = ((struct load_member *)c)->load;

    if (l->faults.gone++ == 0)
        chatter_end_why(c, &l->faults.gone_why);
}

static const struct chatter_class member_class = {on_message, on_receipt, on_gone};

/* --- life --------------------------------------------------------------------------------- */

void member_init(struct load_member *m, struct load *load, size_t room, size_t place)
{
    struct world *w = load->world;
    char user[WORLD_NAME_BYTES], destination[128];

    *m = (struct load_member){
        .load = load, .room = (uint32_t)room, .place = (uint32_t)place};
    snprintf(destination, sizeof(destination), "/sub/chat/room/%s%s", w->rooms[room].uuid,
             load->plan.is_typing ? "/event" : "");
    chatter_init(&m->chatter, &member_class, &w->io, world_target(w, room, place),
                 world_user(w, room, place, user), str_of(destination));
    for (size_t sender = 0; sender < 2; sender++)
        m->is_remote[sender] = world_target(w, room, sender) != m->chatter.target;
    buf_init(&m->frame, MEMBER_FRAME_BYTES);
    if (place >= load->plan.senders)
        return;
    frame_prepare(m, w->rooms[room].uuid);
    if (load->plan.is_typing)
        m->dues = mem_zalloc(MEMBER_DUES * sizeof(*m->dues));
}

void member_release(struct load_member *m)
{
    chatter_release(&m->chatter);
    buf_release(&m->frame);
    free(m->dues);
}
