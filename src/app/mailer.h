/*
 * Mails the inquiries: takes rows that are due, hands each to the mail server, settles it. Every
 * server of a fleet does so, a row is one server's at a time; without mail.url rows are only counted.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_MAILER_H
#define APP_MAILER_H

#include "endpoint/hub.h"

struct mailer;

/*
 * mailer_new — begins to look; hub->on_inquiry makes it look at once. Its worker is its own, as a
 * mail takes as long as the mail server wants.
 * in:     hub lives as long; its pool and its stats are used
 * thread: loop, as all here
 */
struct mailer *mailer_new(struct hub *hub);
/* mailer_stop — takes no more rows; the mail under way goes on. */
void mailer_stop(struct mailer *m);
/* mailer_is_busy — a mail is under way, or being looked for. */
bool mailer_is_busy(const struct mailer *m);
/* mailer_drop — before the hub's pool ends: the mail under way is left to the end of its claim.
 * NULL is a no-op. */
void mailer_drop(struct mailer *m);
/* mailer_free — after the hub's pool. */
void mailer_free(struct mailer **m);

#endif
