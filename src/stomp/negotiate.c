/* SPDX-License-Identifier: MIT */
#include "stomp/frame.h"

#include "base/banned.h"

/* A longer beat counts as this one (24 days), so that a caller may multiply it. */
static const int64_t beat_max_ms = INT32_MAX;

const char *stomp_version_text(enum stomp_version version)
{
    switch (version) {
    case STOMP_V10:
        return "1.0";
    case STOMP_V11:
        return "1.1";
    case STOMP_V12:
        return "1.2";
    }
    return "";
}

enum err stomp_negotiate_version(struct str accept, enum stomp_version *out)
{
    enum err rc = ERR_UNSUPPORTED_VERSION;
    struct str part;

    if (!accept.p) {
        *out = STOMP_V10;
        return ERR_OK;
    }
    while (str_split(&accept, ',', &part)) {
        for (enum stomp_version v = STOMP_V10; v <= STOMP_V12; v++) {
            if (!str_eq(str_trim(part), str_of(stomp_version_text(v))))
                continue;
            if (rc != ERR_OK || v > *out)
                *out = v;
            rc = ERR_OK;
        }
    }
    return rc;
}

static bool read_beat(struct str *rest, int64_t *out)
{
    struct str part;

    if (!str_split(rest, ',', &part) || !str_to_i64(part, out) || part.p[0] == '-')
        return false;
    if (*out > beat_max_ms)
        *out = beat_max_ms;
    return true;
}

static int64_t agree(int64_t sender_can, int64_t receiver_wants)
{
    if (sender_can == 0 || receiver_wants == 0)
        return 0;
    return sender_can > receiver_wants ? sender_can : receiver_wants;
}

enum err stomp_negotiate_heartbeat(struct str header, int64_t can_ms, int64_t want_ms,
                                   struct stomp_heartbeat *out)
{
    int64_t client_can = 0, client_wants = 0;

    if (header.p && (!read_beat(&header, &client_can) ||
                     !read_beat(&header, &client_wants) || header.p))
        return ERR_MALFORMED_FRAME;
    *out = (struct stomp_heartbeat){
        .send_ms = agree(can_ms, client_wants),
        .expect_ms = agree(client_can, want_ms),
    };
    return ERR_OK;
}
