/*
 * A user read on another server: those of the user who are connected here are told what is left.
 * The count is read, it is not in the record: messages may have come since.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "endpoint/events_local.h"
#include "endpoint/stomp_conn.h"
#include "endpoint/users.h"
#include "service/card.h"

#include "base/banned.h"

struct unread_job {
    struct work_job job;
    struct hub *hub;
    struct arena arena; /* of the texts */
    struct str room_uuid, user;
    enum err rc;
    int64_t unread;
};

static void unread_run(struct work_job *job, struct work_ctx *ctx)
{
    struct unread_job *u = (struct unread_job *)job;
    const struct card_member *member;
    struct card *card = NULL;

    u->rc = card_load(ctx, u->room_uuid, &card);
    if (u->rc != ERR_OK)
        return;
    member = card_member(card, u->user);
    if (!member)
        u->rc = ERR_NOT_MEMBER;
    else if (card->last_seq > member->read_seq)
        u->unread = card->last_seq - member->read_seq;
    card_unref(&card);
}

static void unread_done(struct work_job *job)
{
    struct unread_job *u = (struct unread_job *)job;

    if (u->rc == ERR_OK)
        event_tell_user(u->hub, u->user,
                        &(struct user_event){.type = STR("unread"),
                                             .room_uuid = u->room_uuid,
                                             .has_unread = true,
                                             .unread = u->unread});
    arena_release(&u->arena);
    free(u);
}

static bool is_listening(struct hub *hub, struct str id)
{
    struct user *user = user_find(hub, id);

    if (!user)
        return false;
    for (struct stomp_conn *c = user->conns; c; c = c->next_of_user)
        if (c->rooms)
            return true;
    return false;
}

void event_tell_unread(struct hub *hub, struct str room_uuid, struct str user)
{
    struct unread_job *u;
    enum err rc;

    if (!is_listening(hub, user))
        return;
    u = mem_zalloc(sizeof(*u));
    arena_init(&u->arena, SIZE_MAX);
    u->job.run = unread_run;
    u->job.done = unread_done;
    u->hub = hub;
    u->room_uuid = arena_dup(&u->arena, room_uuid);
    u->user = arena_dup(&u->arena, user);
    rc = work_submit(hub->pool, 0, &u->job);
    if (rc == ERR_OK)
        return;
    u->rc = rc;
    unread_done(&u->job);
}
