/* SPDX-License-Identifier: MIT */
#include "stomp/frame.h"

#include "stomp/command_internal.h"

#include "base/banned.h"

static const char *const words[] = {
    [STOMP_CONNECT] = "CONNECT",
    [STOMP_SEND] = "SEND",
    [STOMP_SUBSCRIBE] = "SUBSCRIBE",
    [STOMP_UNSUBSCRIBE] = "UNSUBSCRIBE",
    [STOMP_ACK] = "ACK",
    [STOMP_NACK] = "NACK",
    [STOMP_BEGIN] = "BEGIN",
    [STOMP_COMMIT] = "COMMIT",
    [STOMP_ABORT] = "ABORT",
    [STOMP_DISCONNECT] = "DISCONNECT",
    [STOMP_CONNECTED] = "CONNECTED",
    [STOMP_MESSAGE] = "MESSAGE",
    [STOMP_RECEIPT] = "RECEIPT",
    [STOMP_ERROR] = "ERROR",
};

struct str stomp_command_word(enum stomp_command command)
{
    return str_of(words[command]);
}

bool stomp_command_of_client(struct str word, enum stomp_version version,
                             enum stomp_command *out)
{
    if (str_eq(word, STR("STOMP"))) {
        *out = STOMP_CONNECT;
        return true;
    }
    for (enum stomp_command c = STOMP_CONNECT; c <= STOMP_DISCONNECT; c++) {
        if (!str_eq(word, str_of(words[c])))
            continue;
        *out = c;
        return c != STOMP_NACK || version != STOMP_V10;
    }
    return false;
}

struct str stomp_header(const struct stomp_frame *f, const char *name)
{
    struct str wanted = str_of(name);

    for (size_t i = 0; i < f->n_headers; i++)
        if (str_eq(f->headers[i].name, wanted))
            return f->headers[i].value;
    return STR_NULL;
}
