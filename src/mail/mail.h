/*
 * Mail over SMTP: plain, TLS (smtps) or STARTTLS where the server offers it. A message is one
 * text/plain part; whatever stands in its head was checked or encoded. The only home of curl.
 * SPDX-License-Identifier: MIT
 */
#ifndef MAIL_MAIL_H
#define MAIL_MAIL_H

#include <stdatomic.h>

#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"

struct mail {
    struct str from, to; /* addresses: local@domain */
    struct str reply_to; /* an address; empty: none */
    struct str subject;  /* UTF-8, one line */
    struct str body;     /* UTF-8, any lines */
    struct str id;       /* Message-ID without <>, as an address; the same at a repeat */
    int64_t date_ns;     /* real time */
};

struct mail_config {
    struct str url; /* smtp://[user:password@]host[:port] or smtps://…; @ in user: %40 */
    struct str
        ca_file; /* PEM of who may sign the server's certificate; empty: the system's */
    int connect_timeout_ms; /* default 10000 when 0 */
    int timeout_ms;         /* of one mail, all in all; default 60000 when 0 */
};

/*
 * mail_send — hands one mail to the server; waits for its answer.
 * in:     is_cancelled: gives up within about a second once it is true; NULL: never
 * errors: ERR_BODY_INVALID (CR, LF, NUL or no address in the head, not UTF-8, no such URL) and
 *         ERR_TOO_LARGE: nothing was tried; ERR_UNAVAILABLE: not taken; why: what the server or the
 *         network said
 * again:  sends again, with the same Message-ID
 * thread: worker; curl waits for some answers of a mail server wherever it is called, so this has no
 *         place on the loop
 */
NODISCARD enum err mail_send(const struct mail_config *config, const struct mail *mail,
                             const atomic_bool *is_cancelled, struct why *why);

/* mail_url_is_valid — a URL that mail_send takes. thread: any */
bool mail_url_is_valid(struct str url);
/* mail_address_is_valid — an ASCII local@domain without quotes, comments and blanks. thread: any */
bool mail_address_is_valid(struct str s);

#endif
