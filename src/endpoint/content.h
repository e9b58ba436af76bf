/*
 * Rules of a message's text, the same for STOMP and REST.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_CONTENT_H
#define ENDPOINT_CONTENT_H

#include "base/bug.h"
#include "base/str.h"
#include "generated/c/err.h"

/*
 * content_check — errors: ERR_CONTENT_EMPTY (missing, null or blank), ERR_CONTENT_TOO_LONG (more
 * than max_chars code points). in: valid UTF-8. thread: any, as all here
 */
NODISCARD enum err content_check(struct str content, int64_t max_chars);

/* idempotency_key_check — 1 to 64 visible ASCII characters; no value is no key. errors:
 * ERR_PARAMETER_INVALID */
NODISCARD enum err idempotency_key_check(struct str key);

#endif
