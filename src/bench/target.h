/*
 * Where a server is: http://HOST:PORT, resolved once.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <netinet/in.h>

#include "base/bug.h"
#include "base/why.h"

struct target {
    char host[128]; /* "HOST:PORT", as in the Host header */
    struct sockaddr_in address;
};

/* target_parse — in: http://HOST:PORT, IPv4. errors: false, why says what. thread: any */
NODISCARD bool target_parse(struct str url, struct target *out, struct why *why);

#endif
