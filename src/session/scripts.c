/* SPDX-License-Identifier: MIT */
#include "session/scripts.h"

#include "base/banned.h"

/* lives(server): whether its sessions count. Our servers stand in `servers` and prove their life by
 * server:alive; a server that stands nowhere is the replaced service, of which nobody knows.
 * newest(hash): json of the user's youngest session on a server of ours that lives, or nil; what
 * dead servers and lost removals left (session:user has expired) is dropped on the way. */
#define LUA_SESSIONS                                                                     \
    "local function info(json)\n"                                                        \
    "  local ok, t = pcall(cjson.decode, json)\n"                                        \
    "  if ok and type(t) == 'table' then return t end\n"                                 \
    "  return {}\n"                                                                      \
    "end\n"                                                                              \
    "local function since(t)\n"                                                          \
    "  return type(t.connectTime) == 'string' and t.connectTime or ''\n"                 \
    "end\n"                                                                              \
    "local function lives(id)\n"                                                         \
    "  return type(id) == 'string' and\n"                                                \
    "    (redis.call('SISMEMBER', 'servers', id) == 0 or\n"                              \
    "     redis.call('EXISTS', 'server:alive:' .. id) == 1)\n"                           \
    "end\n"                                                                              \
    "local function newest(hash)\n"                                                      \
    "  local all, best, at = redis.call('HGETALL', hash), nil, nil\n"                    \
    "  for i = 1, #all, 2 do\n"                                                          \
    "    local t, back = info(all[i + 1]), 'session:user:' .. all[i]\n"                  \
    "    if redis.call('EXISTS', 'server:alive:' .. tostring(t.serverId), back) < 2\n"   \
    "    then\n"                                                                         \
    "      redis.call('HDEL', hash, all[i])\n"                                           \
    "      redis.call('DEL', back)\n"                                                    \
    "    elseif not best or since(t) > at then\n"                                        \
    "      best, at = all[i + 1], since(t)\n"                                            \
    "    end\n"                                                                          \
    "  end\n"                                                                            \
    "  return best\n"                                                                    \
    "end\n"

static const char announce_text[] =
    "local is_new = redis.call('SADD', KEYS[1], ARGV[1]) == 1\n"
    "local was_alive = redis.call('EXISTS', KEYS[2]) == 1\n"
    "redis.call('SET', KEYS[2], '1', 'EX', ARGV[2])\n"
    "return (was_alive and not is_new) and 1 or 0\n";
const struct str session_script_announce = {announce_text, sizeof(announce_text) - 1};

static const char add_text[] = LUA_SESSIONS
    "local ttl, mine = ARGV[4], info(ARGV[3])\n"
    "redis.call('SET', KEYS[2], ARGV[1], 'EX', ttl)\n"
    "redis.call('SADD', KEYS[3], ARGV[1])\n"
    "redis.call('HSET', KEYS[4], ARGV[2], ARGV[3])\n"
    "redis.call('EXPIRE', KEYS[4], ttl)\n"
    "local now = redis.call('GET', KEYS[1])\n"
    "local t = now and info(now) or {}\n"
    "if t.sessionId ~= ARGV[2] and since(t) > since(mine) and lives(t.serverId) then\n"
    "  return 0\n"
    "end\n"
    "redis.call('SET', KEYS[1], ARGV[3], 'EX', ttl)\n"
    "return 1\n";
const struct str session_script_add = {add_text, sizeof(add_text) - 1};

static const char remove_text[] =
    LUA_SESSIONS "redis.call('HDEL', KEYS[4], ARGV[2])\n"
                 "redis.call('DEL', KEYS[2])\n"
                 "local now, next = redis.call('GET', KEYS[1]), newest(KEYS[4])\n"
                 "if not now or info(now).sessionId == ARGV[2] then\n"
                 "  if next then redis.call('SET', KEYS[1], next, 'EX', ARGV[4])\n"
                 "  else redis.call('DEL', KEYS[1]) end\n"
                 "end\n"
                 "local all = redis.call('HGETALL', KEYS[4])\n"
                 "for i = 2, #all, 2 do\n"
                 "  if info(all[i]).serverId == ARGV[3] then return 1 end\n"
                 "end\n"
                 "redis.call('SREM', KEYS[3], ARGV[1])\n"
                 "return 0\n";
const struct str session_script_remove = {remove_text, sizeof(remove_text) - 1};

static const char clean_text[] = LUA_SESSIONS
    "if ARGV[4] ~= '1' and redis.call('EXISTS', KEYS[2]) == 1 then return -1 end\n"
    "local users = redis.call('SPOP', KEYS[1], ARGV[2])\n"
    "for _, user in ipairs(users) do\n"
    "  local hash, key = 'user:sessions:' .. user, 'user:session:' .. user\n"
    "  local all, now = redis.call('HGETALL', hash), redis.call('GET', key)\n"
    "  for i = 1, #all, 2 do\n"
    "    if info(all[i + 1]).serverId == ARGV[1] then\n"
    "      redis.call('HDEL', hash, all[i])\n"
    "      redis.call('DEL', 'session:user:' .. all[i])\n"
    "    end\n"
    "  end\n"
    "  local t = now and info(now) or {}\n"
    "  if t.serverId == ARGV[1] then\n"
    "    if t.sessionId then redis.call('DEL', 'session:user:' .. t.sessionId) end\n"
    "    local next = newest(hash)\n"
    "    if next then redis.call('SET', key, next, 'EX', ARGV[3])\n"
    "    else redis.call('DEL', key) end\n"
    "  end\n"
    "end\n"
    "local left = redis.call('SCARD', KEYS[1])\n"
    "if left == 0 and ARGV[4] ~= '1' and redis.call('SREM', KEYS[3], ARGV[1]) == 0 then\n"
    "  return -1\n"
    "end\n"
    "return left\n";
const struct str session_script_clean = {clean_text, sizeof(clean_text) - 1};

static const char snapshot_text[] =
    "local servers, sessions, seen = {}, {}, {}\n"
    "for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do\n"
    "  if redis.call('EXISTS', 'server:alive:' .. id) == 1 then\n"
    "    local users = redis.call('SMEMBERS', 'server:users:' .. id)\n"
    "    servers[#servers + 1] = {id, users}\n"
    "    for _, user in ipairs(users) do\n"
    "      local json = not seen[user] and redis.call('GET', 'user:session:' .. user)\n"
    "      if json then\n"
    "        seen[user] = true\n"
    "        sessions[#sessions + 1] = user\n"
    "        sessions[#sessions + 1] = json\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "end\n"
    "return {servers, sessions}\n";
const struct str session_script_snapshot = {snapshot_text, sizeof(snapshot_text) - 1};
