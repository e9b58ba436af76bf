/*
 * The version of the program, as CONNECTED and `version` tell it.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_VERSION_H
#define ENDPOINT_VERSION_H

#ifndef REUSE_CHAT_VERSION
#define REUSE_CHAT_VERSION "0.1.0"
#endif

#endif
