/*
 * The listeners of a server: STOMP, SockJS, REST and pages on the main one, operators' calls on the
 * admin one.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_ENDPOINT_H
#define ENDPOINT_ENDPOINT_H

#include "endpoint/hub.h"

struct endpoint;

/*
 * endpoint_new — listens on both; hub->settings->server_port tells the port that was taken.
 * in:     hub lives as long; its stores and queues may be set later, before the loop runs
 * errors: NULL with why
 * thread: loop, as all
 */
struct endpoint *endpoint_new(struct hub *hub, struct settings *settings,
                              struct why *why);
/* endpoint_stop_listening — new connections are refused. */
void endpoint_stop_listening(struct endpoint *e);
/* endpoint_close_some — the next n STOMP connections are told shutting_down; how many are left. */
size_t endpoint_close_some(struct endpoint *e, size_t n);
/* endpoint_free — closes what is left. NULL is a no-op. */
void endpoint_free(struct endpoint **e);

#endif
