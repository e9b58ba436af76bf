/*
 * The service manager's watchdog: it hears from the program only while the loop of every server
 * turns, so that a server that hangs is started anew.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_WATCHDOG_H
#define APP_WATCHDOG_H

#include <stddef.h>

#include "loop/loop.h"

struct server;
struct watchdog;

/*
 * watchdog_new — tells the service manager, twice in the time that it gives ($WATCHDOG_USEC), that all
 * servers answered since it was told last.
 * out:    NULL if no service manager asks for it; stops with watchdog_stop
 * thread: that of loop, as all
 */
struct watchdog *watchdog_new(struct loop *loop, struct server *const *servers, size_t n);
/* watchdog_stop — tells nothing more; needed before the loop is freed. NULL is a no-op. */
void watchdog_stop(struct watchdog *w);
/* watchdog_free — after the servers are freed, for what they were asked is answered until then. */
void watchdog_free(struct watchdog **w);

#endif
