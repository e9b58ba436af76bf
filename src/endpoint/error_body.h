/*
 * The one error body of every wire: Spring Boot's four members, then those of RFC 9457.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_ERROR_BODY_H
#define ENDPOINT_ERROR_BODY_H

#include "base/buf.h"
#include "generated/c/err.h"

/* error_body — appends the JSON of e. in: path of the request or destination of the frame;
 * detail may be NULL. thread: any */
void error_body(enum err e, struct str path, const char *detail, struct buf *out);

/* error_reason — the reason phrase of an HTTP status, as Spring writes it. */
const char *error_reason(unsigned status);

#endif
