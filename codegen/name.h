/*
 * Names: from the schema's ChatDto, ROOM_STATE_OPEN and server.port to those of C.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_NAME_H
#define CODEGEN_NAME_H

#include "base/arena.h"

/* name_snake — ChatDto -> chat_dto, roomUUID -> room_uuid, server.port -> server_port. */
struct str name_snake(struct arena *a, struct str name);

/* name_upper — the same in capitals: CHAT_DTO. */
struct str name_upper(struct arena *a, struct str name);

/* name_lower — ASCII letters in lower case. */
struct str name_lower(struct arena *a, struct str name);

/* name_stem — file name without folder and extension: reuse/chat.proto -> chat. */
struct str name_stem(struct arena *a, struct str path);

/* name_is_reserved — a keyword of C or a macro of its headers: no name of a field. */
bool name_is_reserved(struct str name);

#endif
