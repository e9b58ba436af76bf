/*
 * Frames from a client: which command may come when, and who answers it.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_STOMP_IN_H
#define ENDPOINT_STOMP_IN_H

#include "endpoint/stomp_conn.h"

/* stomp_in_frame — a stomp_frame_fn; ctx is the connection. Answers errors itself, so it always
 * returns ERR_OK but to stop the parser of a closing connection. */
enum err stomp_in_frame(void *ctx, const struct stomp_frame *f);

/* stomp_on_connect — in stomp_conn.c. errors: the code of the ERROR that answers it */
NODISCARD enum err stomp_on_connect(struct stomp_conn *c, const struct stomp_frame *f);

#endif
