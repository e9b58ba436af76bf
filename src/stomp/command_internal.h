/*
 * The command words of STOMP and what the grammar says of each. Private to src/stomp.
 * SPDX-License-Identifier: MIT
 */
#ifndef STOMP_COMMAND_INTERNAL_H
#define STOMP_COMMAND_INTERNAL_H

#include "stomp/frame.h"

enum {
    STOMP_COMMAND_CHARS_MAX = 11
}; /* DISCONNECT, UNSUBSCRIBE */

/*
 * stomp_command_of_client — the command that a client means by word in that version.
 * in:     case counts; STOMP is CONNECT; NACK exists since 1.1
 * errors: false: unknown, or a server's command
 */
bool stomp_command_of_client(struct str word, enum stomp_version version,
                             enum stomp_command *out);

/* stomp_command_word — as it is written. */
struct str stomp_command_word(enum stomp_command command);

#endif
