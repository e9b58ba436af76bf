/*
 * Private to the events: telling those who are connected to this server.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_EVENTS_LOCAL_H
#define ENDPOINT_EVENTS_LOCAL_H

#include "endpoint/hub.h"
#include "generated/c/chat.h"
#include "generated/c/event.h"

/* Subscribers of the room's event destination. */
void event_tell_room(struct hub *hub, const struct room_event *event);
/* The same where the room is at hand. */
void event_tell_held_room(struct hub *hub, struct feed_room *room,
                          const struct room_event *event);
/* Subscribers of /user/queue/rooms among a user's connections; id may be no value. */
void event_tell_user(struct hub *hub, struct str id, const struct user_event *event);
/* What is left for a user who read on another server, best effort. */
void event_tell_unread(struct hub *hub, struct str room_uuid, struct str user);
/* A message's summary for both members. */
void event_tell_message(struct hub *hub, const struct str users[2],
                        const struct chat_dto *dto, int64_t seq);

#endif
