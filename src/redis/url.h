/*
 * Addresses of Redis.
 * SPDX-License-Identifier: MIT
 */
#ifndef REDIS_URL_H
#define REDIS_URL_H

#include "base/str.h"
#include "base/why.h"

struct redis_url {
    char host[256];
    int port;                       /* 6379 unless told */
    char user[256], password[1024]; /* "": none; percent-decoded */
    int db;                         /* 0 unless told */
};

/* redis_url_parse — redis://[[user]:password@]host[:port][/db]. errors: false with why. */
bool redis_url_parse(struct str url, struct redis_url *out, struct why *why);

#endif
