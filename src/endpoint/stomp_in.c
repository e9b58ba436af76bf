/* SPDX-License-Identifier: MIT */
#include "endpoint/stomp_in.h"

#include "base/banned.h"

static void on_connect(struct stomp_conn *c, const struct stomp_frame *f)
{
    enum err rc = stomp_on_connect(c, f);

    if (rc == ERR_OK)
        return;
    c->hub->stats.connects_refused++;
    stomp_fail(c, rc, stomp_header(f, "receipt"), STR(""), NULL);
}

static void dispatch(struct stomp_conn *c, const struct stomp_frame *f)
{
    switch (f->command) {
    case STOMP_SEND:
        stomp_on_send(c, f);
        return;
    case STOMP_SUBSCRIBE:
        stomp_on_subscribe(c, f);
        return;
    case STOMP_UNSUBSCRIBE:
        stomp_on_unsubscribe(c, f);
        return;
    case STOMP_ACK:
    case STOMP_NACK:
        stomp_on_ack(c, f);
        return;
    case STOMP_BEGIN:
        stomp_on_begin(c, f);
        return;
    case STOMP_COMMIT:
        stomp_on_commit(c, f);
        return;
    case STOMP_ABORT:
        stomp_on_abort(c, f);
        return;
    case STOMP_DISCONNECT:
        stomp_leave(c, stomp_header(f, "receipt"));
        return;
    case STOMP_CONNECT:
    case STOMP_CONNECTED:
    case STOMP_MESSAGE:
    case STOMP_RECEIPT:
    case STOMP_ERROR:
        break;
    }
    stomp_fail(
        c, f->command == STOMP_CONNECT ? ERR_MALFORMED_FRAME : ERR_UNSUPPORTED_COMMAND,
        stomp_header(f, "receipt"), STR(""), "this command is not allowed here");
}

enum err stomp_in_frame(void *ctx, const struct stomp_frame *f)
{
    struct stomp_conn *c = ctx;

    c->hub->stats.frames_in++;
    if (c->state == STOMP_STATE_CONNECTED)
        dispatch(c, f);
    else if (c->state == STOMP_STATE_NEW && f->command == STOMP_CONNECT)
        on_connect(c, f);
    else if (c->state == STOMP_STATE_NEW)
        stomp_fail(c, ERR_MALFORMED_FRAME, stomp_header(f, "receipt"), STR(""),
                   "the first frame must be CONNECT");
    arena_reset(&c->arena);
    /* Frames behind the one that ended the connection are not looked at. */
    return c->state == STOMP_STATE_LEAVING || c->state == STOMP_STATE_CLOSING
               ? ERR_SHUTTING_DOWN
               : ERR_OK;
}
