/*
 * Mail over SMTP on our loop: plain, TLS (smtps) or STARTTLS where the server offers it.
 * A message is one text/plain part; whatever stands in its head was checked or encoded. The only
 * home of curl.
 * SPDX-License-Identifier: MIT
 */
#ifndef MAIL_MAIL_H
#define MAIL_MAIL_H

#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"
#include "loop/loop.h"

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

struct mail_client;

/* One call for each mail taken; why (never NULL): what the server or the network said. errors:
 * ERR_UNAVAILABLE: not taken by the server. The client may not be freed in it. */
typedef void mail_done_fn(void *ctx, enum err rc, const char *why);

/*
 * mail_client_new — connects for each mail, so a server that is away is no error here.
 * out:    freed with mail_client_free
 * errors: NULL with why: not such an address
 * thread: loop, as all here
 */
struct mail_client *mail_client_new(struct loop *loop, const struct mail_config *config,
                                    struct why *why);
/* mail_client_free — mails under way are dropped: their done is called with ERR_UNAVAILABLE. */
void mail_client_free(struct mail_client **client);

/*
 * mail_send — hands one mail to the server; done follows, never before it returns.
 * in:     mail is copied
 * errors: ERR_BODY_INVALID with why (CR, LF, NUL or no address in the head, not UTF-8) and
 *         ERR_TOO_LARGE; no done then
 * again:  sends again, with the same Message-ID
 */
NODISCARD enum err mail_send(struct mail_client *client, const struct mail *mail,
                             mail_done_fn *done, void *ctx, struct why *why);

/* mail_url_is_valid — a URL that mail_client_new takes. thread: any */
bool mail_url_is_valid(struct str url);
/* mail_address_is_valid — an ASCII local@domain without quotes, comments and blanks. thread: any */
bool mail_address_is_valid(struct str s);

#endif
