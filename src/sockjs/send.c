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
    struct answer_headers h;

    answer_headers_session(&h, req);
    /* The type keeps old Firefox from reading it as XML. */
    net_respond(req, 204, STR("text/plain;charset=UTF-8"), STR(""), h.items);
}

/* Takes it off the session and answers it: taken if the whole body was passed on. */
static void finish(struct send *send, bool is_taken)
{
    struct session *s = send->session;
    struct send **at = &s->sends;

    while (*at != send)
        at = &(*at)->next;
    *at = send->next;
    s->n_sends--;
    if (send->req && is_taken)
        answer_taken(send->req);
    else if (send->req)
        answer_empty(send->req, 404);
    free(send);
}

/* Gone before all of it was passed on: the rest is lost, and the stream with it. */
static void on_abandon(struct request_user *self)
{
    void *p = self;
    struct send *send = p;
    struct session *s = send->session;

    send->req = NULL;
    finish(send, false);
    session_close(s, 1002, STR("Connection interrupted"));
}

static void on_string(void *ctx, struct str piece, bool is_last)
{
    struct session *s = ctx;

    if (s->state == SESSION_OPEN)
        s->server->config.handler.on_data(s->user, piece, is_last);
}

static void pass_on_piece(struct session *s, struct send *send)
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

void send_pass_on(struct session *s)
{
    if (s->is_passing_on)
        return;
    s->is_passing_on = true;
    while (s->sends && !s->is_paused && s->state == SESSION_OPEN)
        pass_on_piece(s, s->sends);
    s->is_passing_on = false;
}

void send_refuse_all(struct session *s)
{
    struct send *send = s->is_passing_on ? s->sends->next : s->sends;

    while (send) {
        struct send *next = send->next;

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

static void hold(struct session *s, struct net_request *req)
{
    struct send *send = mem_zalloc(sizeof(*send)), **at = &s->sends;

    send->request_user.on_abandon = on_abandon;
    send->session = s;
    send->req = req;
    while (*at)
        at = &(*at)->next;
    *at = send;
    s->n_sends++;
    net_request_set_user(req, &send->request_user);
}

void send_request(struct sockjs_server *server, struct str id, struct net_request *req)
{
    struct session *s = session_find(server, id);
    const char *fault;

    if (!s || s->state != SESSION_OPEN) {
        answer_empty(req, 404);
        return;
    }
    if (session_is_refused(s, req))
        return;
    fault = fault_of(net_request_body(req));
    if (fault) {
        answer_text(req, 500, str_of(fault));
    } else if (s->n_sends == SOCKJS_SENDS_MAX) {
        net_respond_error(req, ERR_OVERLOADED);
    } else {
        hold(s, req);
        send_pass_on(s);
    }
}
