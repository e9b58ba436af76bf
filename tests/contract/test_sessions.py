"""Sessions in Redis under the keys of the replaced service, and the debug API that shows them.
SPDX-License-Identifier: MIT
"""
import json
import re
import time
import uuid

import pytest

from harness.backing import Redis
from harness.wait import eventually, patience

MEMBERS = ["userId", "sessionId", "serverId", "serverHost", "serverPort", "serverUrl",
           "connectTime", "lastActiveTime"]
NANOS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?")


@pytest.fixture
def user():
    return f"user-{uuid.uuid4().hex[:8]}@x"


def session_of(client):
    return client.connected.headers["session"]


def info(redis, user):
    text = redis.client.get(f"user:session:{user}")
    return text and json.loads(text)


def is_newest(redis, user, client):
    return lambda: (info(redis, user) or {}).get("sessionId") == session_of(client)


def test_keys_of_a_session(server, redis, user):
    with server.stomp(user) as client:
        eventually(lambda: info(redis, user))
        text = redis.client.get(f"user:session:{user}")
        kept = json.loads(text)
        port = server.settings["server.port"]
        assert list(kept) == MEMBERS
        assert text == json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
        assert kept == {
            "userId": user, "sessionId": session_of(client),
            "serverId": server.settings["server.id"], "serverHost": "localhost",
            "serverPort": port, "serverUrl": f"ws://localhost:{port}/ws-stomp",
            "connectTime": kept["connectTime"], "lastActiveTime": kept["lastActiveTime"]}
        assert NANOS.fullmatch(kept["connectTime"]) and NANOS.fullmatch(kept["lastActiveTime"])
        assert redis.client.get(f"session:user:{session_of(client)}") == user
        assert redis.client.smembers(f"server:users:{server.settings['server.id']}") == {user}
        assert redis.client.hgetall(f"user:sessions:{user}") == {session_of(client): text}
        for key in (f"user:session:{user}", f"session:user:{session_of(client)}",
                    f"user:sessions:{user}"):
            assert 1700 < redis.client.ttl(key) <= 1800, key
        assert server.settings["server.id"] in redis.client.smembers("servers")
        assert 0 < redis.client.ttl(f"server:alive:{server.settings['server.id']}") <= 90

    eventually(lambda: info(redis, user) is None)
    for key in (f"session:user:{session_of(client)}", f"user:sessions:{user}",
                f"server:users:{server.settings['server.id']}"):
        assert not redis.client.exists(key), key


@pytest.mark.parametrize("close", ["close", "abort", "disconnect"])
def test_however_it_ends_the_session_goes(server, redis, user, close):
    client = server.stomp(user)
    eventually(is_newest(redis, user, client))
    if close == "disconnect":
        client.ask("DISCONNECT")
    else:
        getattr(client, close)()
    eventually(lambda: info(redis, user) is None)


@pytest.mark.parametrize("closes_first", [0, 1])
def test_closing_one_of_two_tabs_keeps_the_user_online(server, redis, user, closes_first):
    tabs = [server.stomp(user)]
    eventually(is_newest(redis, user, tabs[0]))
    tabs.append(server.stomp(user))
    eventually(is_newest(redis, user, tabs[1]))
    assert len(redis.client.hgetall(f"user:sessions:{user}")) == 2

    tabs[closes_first].close()

    left = tabs[1 - closes_first]
    eventually(lambda: redis.client.hgetall(f"user:sessions:{user}").keys() == {session_of(left)})
    eventually(is_newest(redis, user, left))
    assert redis.client.sismember(f"server:users:{server.settings['server.id']}", user)
    assert not redis.client.exists(f"session:user:{session_of(tabs[closes_first])}")
    left.close()
    eventually(lambda: not redis.client.exists(f"user:sessions:{user}"))
    assert not redis.client.sismember(f"server:users:{server.settings['server.id']}", user)


def test_users_with_any_name(server, redis):
    user = "김 %:\\\"é😀@x"
    with server.stomp() as client:
        client.connect(user)
        eventually(lambda: info(redis, user))
        answer = server.http("GET", "/chat/debug/sessions").json()
        assert answer["userDetails"][user]["userId"] == user
        assert answer["currentServerUsers"] == [user]
        one = server.http("GET", "/chat/debug/sessions/" + "김 %25:\\\"é😀@x").json()
        assert one["sessionInfo"]["userId"] == user
    eventually(lambda: info(redis, user) is None)


# --- the debug API -----------------------------------------------------------------------------


def test_the_debug_api(server, redis, user):
    server_id = server.settings["server.id"]
    with server.stomp(user) as client:
        eventually(is_newest(redis, user, client))
        answer = server.http("GET", "/chat/debug/sessions")
        got = answer.json()
        assert list(got) == ["currentServerId", "currentServerUsers", "userDetails", "serverUsers",
                             "timestamp"]
        assert got == {"currentServerId": server_id, "currentServerUsers": [user],
                       "userDetails": {user: info(redis, user)}, "serverUsers": {server_id: [user]},
                       "timestamp": got["timestamp"]}
        assert list(got["userDetails"][user]) == MEMBERS

        one = server.http("GET", f"/chat/debug/sessions/{user}").json()
        assert list(one) == ["sessionInfo", "isOnThisServer", "serverUrl"]
        assert one == {"sessionInfo": info(redis, user), "isOnThisServer": True,
                       "serverUrl": info(redis, user)["serverUrl"]}

        status = server.http("GET", "/chat/debug/server-status").json()
        assert list(status) == ["activeUsers", "serverId", "timestamp"]
        assert (status["activeUsers"], status["serverId"]) == ([user], server_id)
    eventually(lambda: server.http("GET", f"/chat/debug/sessions/{user}").json() == {
        "error": "User session not found"})


def test_a_user_with_two_tabs_is_one_user(server, redis, user):
    with server.stomp(user) as first, server.stomp(user) as second:
        eventually(is_newest(redis, user, second))
        got = server.http("GET", "/chat/debug/sessions").json()
        assert got["currentServerUsers"] == [user]
        assert got["userDetails"][user]["sessionId"] == session_of(second)
        assert first.nothing_came()


def test_values_of_other_programs_do_no_harm(server, redis, user):
    redis.client.set("user:session:ghost", "no JSON")
    redis.client.sadd(f"server:users:{server.settings['server.id']}", "ghost")
    try:
        with server.stomp(user) as client:
            eventually(is_newest(redis, user, client))
            got = server.http("GET", "/chat/debug/sessions").json()
            assert set(got["userDetails"]) == {user}
            assert server.http("GET", "/chat/debug/sessions/ghost").json() == {
                "error": "User session not found"}
    finally:
        redis.client.delete("user:session:ghost")
        redis.client.srem(f"server:users:{server.settings['server.id']}", "ghost")


def test_the_other_is_online_in_the_inbox(server, redis):
    room = server.new_room()

    def is_online():
        item, = server.http("GET", "/room/inbox", user=room.buyer).json()["items"]
        return item["otherOnline"]

    assert is_online() is False
    with server.stomp(room.seller) as seller:
        eventually(is_newest(redis, room.seller, seller))
        assert is_online() is True
    eventually(lambda: is_online() is False)


# --- Redis away --------------------------------------------------------------------------------


def test_redis_goes_and_comes_back(start_server, tmp_path):
    own = Redis(tmp_path / "redis.log").start()
    server = start_server({"redis.url": own.url, "drain.timeout": "1s"})
    room = server.new_room()
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid)
        eventually(lambda: info(own, room.buyer) and info(own, room.seller))
        own.kill()
        buyer.say(room.uuid, "without Redis")
        assert seller.expect("MESSAGE").json["content"] == "without Redis"
        with server.stomp("late@x") as late:
            eventually(lambda: "\nreuse_chat_sessions_up 0\n"
                       in server.admin("GET", "/metrics").text)
            assert "WARN" in server.log()
            got = server.http("GET", "/chat/debug/sessions").json()
            assert set(got["currentServerUsers"]) == {room.buyer, room.seller, "late@x"}
            assert set(got["userDetails"]) == {room.buyer, room.seller, "late@x"}
            one = server.http("GET", "/chat/debug/sessions/late@x").json()
            assert one["sessionInfo"]["sessionId"] == session_of(late)
            began = time.monotonic()
            own.start()
            for user in (room.buyer, room.seller, "late@x"):
                eventually(lambda user=user: info(own, user), 20)
            assert time.monotonic() - began < patience(20)
            assert own.client.smembers(f"server:users:{server.settings['server.id']}") == {
                room.buyer, room.seller, "late@x"}
    own.kill()
    assert server.stop() == 0  # not held up by an absent Redis


def test_redis_may_be_away_from_the_beginning(start_server, tmp_path):
    own = Redis(tmp_path / "redis.log")  # not started
    server = start_server({"redis.url": own.url})
    with server.stomp("early@x") as client:
        assert client.nothing_came()
        own.start()
        eventually(lambda: info(own, "early@x"), 20)
    server.kill()
    own.kill()
