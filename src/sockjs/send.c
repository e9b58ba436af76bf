/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sockjs/answer_internal.h"
#include "sockjs/sockjs_internal.h"

#include "base/banned.h"

/* A body is read in pieces of what a WebSocket would bring at once: a pause takes hold soon. */
enum {
    PIECE_BYTES = 4096
};

static void answer_taken(struct net_request *req)
{
    struct sockjs_headers h;

    sockjs_answer_headers_session(&h, req);
    /* The type keeps old Firefox from reading it as XML. */
    net_respond(req, 204, STR("text/plain;charset=UTF-8"), STR(""), h.items);
}

/* Takes it off the session and answers it: taken if the whole body was passed on. */
static void finish(struct sockjs_send *send, bool is_taken)
{
    struct sockjs_session *s = send->session;
    struct sockjs_send **at = &s->sends;

    while (*at != send)
        at = &(*at)->next;
    *at = send->next;
    s->n_sends--;
    if (send->req && is_taken)
        answer_taken(send->req);
    else if (send->req)
        sockjs_answer_empty(send->req, 404);
    free(send);
}

/* Gone before all of it was passed on: the rest is lost, and the stream with it. */
static void on_abandon(struct request_user *self)
{
    void *p = self;
    struct sockjs_send *send = p;
    struct sockjs_session *s = send->session;

    send->req = NULL;
    finish(send, false);
    sockjs_session_close(s, 1002, STR("Connection interrupted"));
}

static void on_string(void *ctx, struct str piece, bool is_last)
{
    struct sockjs_session *s = ctx;

    if (s->state == SESSION_OPEN)
        s->server->config.handler.on_data(s->user, piece, is_last);
}

static void pass_on_piece(struct sockjs_session *s, struct sockjs_send *send)
{
    struct str rest = str_from(net_request_body(send->req), send->at);
    struct str piece = {rest.p, rest.n < PIECE_BYTES ? rest.n : PIECE_BYTES};

    send->at += piece.n;
    sockjs_reader_feed(&send->reader, piece, on_string, s);
    if (piece.n == rest.n)
        finish(send, true);
    else if (s->state != SESSION_OPEN)
        finish(send, false);
}

void sockjs_send_pass_on(struct sockjs_session *s)
{
    if (s->is_passing_on)
        return;
    s->is_passing_on = true;
    while (s->sends && !s->is_paused && s->state == SESSION_OPEN)
        pass_on_piece(s, s->sends);
    s->is_passing_on = false;
}

void sockjs_send_refuse_all(struct sockjs_session *s)
{
    struct sockjs_send *send = s->is_passing_on ? s->sends->next : s->sends;

    while (send) {
        struct sockjs_send *next = send->next;

        finish(send, false);
        send = next;
    }
}

/* The reason why a body cannot be taken, or NULL. */
static const char *fault_of(struct str body)
{
    struct sockjs_reader reader = {0};

    sockjs_reader_feed(&reader, body, NULL, NULL);
    switch (sockjs_reader_payload(&reader)) {
    case SOCKJS_PAYLOAD_NONE:
    case SOCKJS_PAYLOAD_NOT_ARRAY:
        return "Payload expected.";
    case SOCKJS_PAYLOAD_BROKEN:
        return "Broken JSON encoding.";
    case SOCKJS_PAYLOAD_ARRAY:
        break;
    }
    return NULL;
}

static void hold(struct sockjs_session *s, struct net_request *req)
{
    struct sockjs_send *send = mem_zalloc(sizeof(*send)), **at = &s->sends;

    send->request_user.on_abandon = on_abandon;
    send->session = s;
    send->req = req;
    while (*at)
        at = &(*at)->next;
    *at = send;
    s->n_sends++;
    net_request_set_user(req, &send->request_user);
}

void sockjs_send_request(struct sockjs_server *server, struct str id,
                         struct net_request *req)
{
    struct sockjs_session *s = sockjs_session_find(server, id);
    const char *fault;

    if (!s || s->state != SESSION_OPEN) {
        sockjs_answer_empty(req, 404);
        return;
    }
    if (sockjs_session_is_refused(s, req))
        return;
    fault = fault_of(net_request_body(req));
    if (fault) {
        sockjs_answer_text(req, 500, str_of(fault));
    } else if (s->n_sends == SOCKJS_SENDS_MAX) {
        net_respond_error(req, ERR_OVERLOADED);
    } else {
        hold(s, req);
        sockjs_send_pass_on(s);
    }
}
