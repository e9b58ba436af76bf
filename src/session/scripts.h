/*
 * Private to the Redis store: its Lua scripts. Each is one step that other servers see whole, and
 * none changes a key without comparing the session id (or the server's life) in it first. They make
 * up names of keys, so they need one Redis (5 or newer) and not a cluster of shards.
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_SCRIPTS_H
#define SESSION_SCRIPTS_H

#include "base/str.h"

enum {
    SESSION_TTL_S = 1800,
    SERVER_TTL_S = 90,
    SERVER_BEAT_MS = 30000,
    CLEAN_USERS = 200, /* of one call of session_script_clean */
};

/*
 * Says that a server lives.
 * KEYS  servers server:alive:{server}
 * ARGV  server ttl
 * Returns 1; 0: it stood there as dead or not at all, so its sessions may be gone.
 */
extern const struct str session_script_announce;

/*
 * Adds or refreshes a session. The user's newest session stands in user:session:{user}: a new one
 * takes its place unless a younger one on a living server stands there, a refreshed one only its
 * own. The replaced service leaves no sign of life: its sessions count until they expire.
 * KEYS  user:session:{user} session:user:{session} server:users:{server} user:sessions:{user}
 * ARGV  user session json ttl
 */
extern const struct str session_script_add;

/*
 * Removes a session; the user's newest one that is left on a living server takes its place.
 * KEYS  as above
 * ARGV  user session server ttl
 */
extern const struct str session_script_remove;

/*
 * Removes what a server left behind, some users at a time.
 * KEYS  server:users:{server} server:alive:{server} servers
 * ARGV  server count ttl force: "1" even if it lives
 * Returns how many users are left; -1: it lives, or another server was faster.
 */
extern const struct str session_script_clean;

/* All living servers with their users and the newest session of each user:
 * {{server, {user, …}}, …}, {user, json, …}. KEYS servers */
extern const struct str session_script_snapshot;

#endif
