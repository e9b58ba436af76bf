/*
 * From HTTP to WebSocket: checks the opening handshake (RFC 6455, 4.2.1), asks the handler, and
 * hands the socket over.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_UPGRADE_H
#define NET_UPGRADE_H

#include "net/http_conn.h"

/*
 * upgrade_run — the current request of c wants a WebSocket: it is answered, or c is gone.
 * in:     early: bytes that the client sent after the head
 * thread: loop
 */
void upgrade_run(struct http_conn *c, struct str early);

#endif
