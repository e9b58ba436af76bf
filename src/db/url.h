/*
 * The address of a database, as the setting database.url has it.
 * mysql://user:password@host:port/name, ?socket=/path for a Unix socket; or embedded:DIR.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_URL_H
#define DB_URL_H

#include "base/arena.h"
#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"

/* All texts are NUL-terminated and live in the arena. */
struct db_url {
    bool is_embedded;
    const char *dir; /* embedded: data directory; the rest below is then unset */
    const char *user, *password, *host, *name;
    const char *socket; /* NULL: TCP to host and port */
    unsigned port;
};

/*
 * db_url_parse — takes a url apart; %41 stands for 'A' in each part.
 * in:     host empty: 127.0.0.1, port missing: 3306
 * errors: ERR_DB_FAILED with why (which never repeats the password)
 * thread: any
 */
NODISCARD enum err db_url_parse(struct arena *a, struct str url, struct db_url *out,
                                struct why *why);

#endif
