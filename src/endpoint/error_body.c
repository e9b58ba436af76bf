/* SPDX-License-Identifier: MIT */
#include "endpoint/error_body.h"

#include <stdio.h>

#include "base/clock.h"
#include "generated/c/session.h"

#include "base/banned.h"

enum {
    ERROR_PATH_BYTES = 1024
};

const char *error_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Payload Too Large"},
        {422, "Unprocessable Entity"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Internal Server Error";
}

/* The first bytes of path, with its last character whole. */
static struct str shown_path(struct str path)
{
    size_t n = path.n;

    if (n > ERROR_PATH_BYTES)
        for (n = ERROR_PATH_BYTES; n > 0 && ((unsigned char)path.p[n] & 0xc0) == 0x80;)
            n--;
    return (struct str){path.p ? path.p : "", n};
}

void error_body(enum err e, struct str path, const char *detail, struct buf *out)
{
    const struct err_info *info = err_info(e);
    char type[128];
    int n = snprintf(type, sizeof(type), "urn:reuse-chat:error:%s", info->code);
    const struct error_body body = {
        .has_timestamp = true,
        .timestamp = clock_real_ns(),
        .status = info->status,
        .error = str_of(error_reason(info->status)),
        .path = shown_path(path),
        .type = {type, (size_t)n},
        .title = str_of(info->title),
        .code = str_of(info->code),
        .detail = str_of(detail && detail[0] ? detail : info->title),
    };

    error_body_json_encode(&body, out);
}
