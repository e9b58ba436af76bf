/*
 * Our own bind(), which replaces the C library's in the whole program: librdkafka's mock cluster
 * binds port 0 and has no way to ask for another, but advertises whatever port it got.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_MOCK_BIND_H
#define KAFKA_MOCK_BIND_H

/* mock_bind_next_port — the next bind of this thread to an IPv4 port 0 gets port, or 0 if it is
 * taken; port 0 cancels it. thread: any, affects only itself */
void mock_bind_next_port(int port);

#endif
