/*
 * Who is typing: told at once to those who look at the room on this server, and to the other
 * servers at most every 250 ms a room and user, the latest state last. Never stored; may be lost.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_TYPING_H
#define ENDPOINT_TYPING_H

#include "endpoint/hub.h"

struct typing_relay;

/* typing_relay_new — out: of one hub, freed with typing_relay_free. thread: loop, as all here */
struct typing_relay *typing_relay_new(struct hub *hub);
/* typing_relay_free — what still waits is lost. NULL is a no-op. */
void typing_relay_free(struct typing_relay **relay);

/*
 * typing_tell — a user of a room whose card is known types, or stopped.
 * errors: ERR_NOT_MEMBER
 */
NODISCARD enum err typing_tell(struct hub *hub, struct feed_room *room, struct str user,
                               bool is_typing);

/* typing_tell_here — those connected here alone, as told by another server. */
void typing_tell_here(struct hub *hub, struct feed_room *room, struct str user,
                      bool is_typing);

typedef void typing_done_fn(void *ctx, enum err rc);
/* typing_look_up — the same for a room whose card must be read first. errors: by done */
void typing_look_up(struct hub *hub, struct str room_uuid, struct str user,
                    bool is_typing, typing_done_fn *done, void *ctx);

#endif
