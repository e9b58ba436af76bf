"""Two servers, one chat: order, idempotency, events and rooms across both.
SPDX-License-Identifier: MIT
"""
import concurrent.futures
import contextlib
import json
import threading
import uuid

import pytest

from harness.wait import eventually


@pytest.fixture(scope="module")
def servers(start_server):
    return start_server(), start_server()


@pytest.fixture
def room(servers):
    return servers[0].new_room()


def seqs(messages):
    return [int(m.headers["seq"]) for m in messages]


@pytest.mark.parametrize("sender, hearer", [(0, 1), (1, 0)])
def test_a_message_crosses(servers, room, sender, hearer):
    with servers[sender].stomp(room.buyer) as buyer, servers[hearer].stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid, id="s")
        receipt = buyer.say(room.uuid, "안녕 😀", idempotency_key=f"k-{uuid.uuid4()}")
        heard = seller.expect("MESSAGE", subscription="s")
    with servers[sender].stomp(room.seller) as late:
        late.subscribe_room(room.uuid, id="s", since=0)
        replayed = late.expect("MESSAGE")
    for name in ("message-id", "seq", "timestamp"):
        assert heard.headers[name] == receipt.headers[name]
    assert heard.body == replayed.body
    assert "idempotency-key" in heard.headers
    assert heard.headers == replayed.headers | {"subscription": "s"}


def test_every_subscriber_hears_the_same_order_of_concurrent_senders(servers, room):
    """Four senders on two servers, a subscriber on each, one more that comes in between."""
    each = 120  # less in all than resume.max
    with contextlib.ExitStack() as stack:
        connect = lambda server, user: stack.enter_context(server.stomp(user))
        hearers = [connect(server, room.seller) for server in servers]
        for hearer in hearers:
            hearer.subscribe_room(room.uuid)
        senders = [connect(server, user) for server in servers for user in (room.buyer, room.seller)]

        def talk(number):
            for n in range(each):
                senders[number].post(room.uuid, f"{number} {n}", receipt=f"{n}")
            return [int(senders[number].expect("RECEIPT", receipt_id=n, seconds=20).headers["seq"])
                    for n in range(each)]

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            talking = [pool.submit(talk, number) for number in range(4)]
            hearers[0].expect("MESSAGE", seq=50)
            between = connect(servers[1], room.buyer)
            between.subscribe_room(room.uuid, since=0)
            given = [t.result() for t in talking]
        heard = [hearer.messages(4 * each - (hearer is hearers[0]), 20)
                 for hearer in (*hearers, between)]

    assert [seqs(h) for h in heard[1:]] == [list(range(1, 4 * each + 1))] * 2
    assert seqs(heard[0]) == [n for n in range(1, 4 * each + 1) if n != 50]
    for numbers in given:
        assert numbers == sorted(numbers)
    stored = servers[0].http("GET", f"/chat/room/{room.uuid}").json()
    assert [m.json for m in heard[1]] == [m.json for m in heard[2]] == stored
    for number in range(4):
        mine = [m["content"] for m in stored if m["content"].startswith(f"{number} ")]
        assert mine == [f"{number} {n}" for n in range(each)]


def test_two_servers_that_write_in_turn(servers, room):
    """Neither knows of the other's number but from the database."""
    with servers[0].stomp(room.buyer) as buyer, servers[1].stomp(room.seller) as seller:
        for client in (buyer, seller):
            client.subscribe_room(room.uuid)
        given = [int((buyer, seller)[n % 2].say(room.uuid, f"{n}").headers["seq"])
                 for n in range(60)]
        assert given == list(range(1, 61))
        assert seqs(buyer.messages(60)) == seqs(seller.messages(60)) == given


# --- idempotency -------------------------------------------------------------------------------


def test_a_key_holds_on_any_server(servers, room):
    with servers[0].stomp(room.buyer) as first, servers[1].stomp(room.buyer) as second:
        second.subscribe("/user/queue/errors", id="e")
        sent = first.say(room.uuid, "once", idempotency_key="k")
        again = second.say(room.uuid, "once", idempotency_key="k")
        assert again.headers["duplicate"] == "true"
        for name in ("message-id", "seq", "timestamp"):
            assert again.headers[name] == sent.headers[name]
        second.post(room.uuid, "other", idempotency_key="k", receipt="r")
        error = second.expect("MESSAGE", subscription="e")
        assert (error.headers["code"], error.headers["receipt-id"]) == ("idempotency_conflict", "r")
    posted = servers[1].http("POST", f"/chat/room/{room.uuid}/messages", user=room.buyer,
                             json={"content": "once"}, headers={"Idempotency-Key": "k"})
    assert posted.status_code == 200
    assert posted.json()["id"] == sent.headers["message-id"]


def test_one_key_on_both_servers_at_once(servers, room):
    clients = [server.stomp(room.buyer) for server in servers for _ in range(3)]
    gate = threading.Barrier(len(clients))

    def say(client, key):
        gate.wait(10)
        return client.say(room.uuid, key, idempotency_key=key)

    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        for n in range(20):
            receipts = list(pool.map(say, clients, [f"key-{n}"] * len(clients)))
            assert len({r.headers["message-id"] for r in receipts}) == 1
            assert sum("duplicate" not in r.headers for r in receipts) == 1
    for client in clients:
        client.close()
    stored = servers[0].http("GET", f"/chat/room/{room.uuid}").json()
    assert [m["content"] for m in stored] == [f"key-{n}" for n in range(20)]


def test_twenty_creates_on_both_servers_make_one_room(servers):
    tag = uuid.uuid4().hex[:8]
    pair = f"buyer-{tag}@x", f"seller-{tag}@x"

    def create(n):
        caller, user = pair[::1 if n % 3 else -1]
        answer = servers[n % 2].http("POST", "/room/create", user=caller,
                                     params={"user": user, "name": "bike"})
        assert answer.status_code == 200, answer.text
        return answer.json()[0]["room"]["roomUUID"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(create, range(20)))) == 1


# --- what changes on one server holds on the other ------------------------------------------------


def refusal(client, room):
    client.post(room.uuid, "x", receipt="r")
    return client.expect("MESSAGE", subscription="e", receipt_id="r").headers["code"]


def test_a_block_holds_on_the_other_server_at_once(servers, room):
    with servers[1].stomp(room.buyer) as buyer:
        buyer.subscribe("/user/queue/errors", id="e")
        buyer.subscribe_room(room.uuid)  # the other server knows the room by now
        buyer.say(room.uuid, "before")
        servers[0].http("PUT", f"/user/blocks/{room.buyer}", user=room.seller)
        assert refusal(buyer, room) == "not_deliverable"
        servers[0].http("DELETE", f"/user/blocks/{room.buyer}", user=room.seller)
        assert buyer.say(room.uuid, "after").headers["seq"] == "2"


def test_a_frozen_room_is_frozen_everywhere(servers, room):
    with servers[1].stomp(room.buyer) as buyer:
        buyer.subscribe("/user/queue/errors", id="e")
        buyer.say(room.uuid, "before")
        servers[0].admin("PATCH", f"/admin/rooms/{room.uuid}", json={"state": "frozen"})
        assert refusal(buyer, room) == "room_frozen"
        servers[1].admin("PATCH", f"/admin/rooms/{room.uuid}", json={"state": "open"})
        assert buyer.say(room.uuid, "after").headers["seq"] == "2"


def test_a_deleted_room_is_gone_everywhere(servers, room):
    other = servers[0].new_room(room.buyer, room.seller)
    with servers[1].stomp(room.buyer) as buyer:
        buyer.subscribe("/user/queue/errors", id="e")
        buyer.subscribe("/user/queue/rooms", id="q")
        for each in (room, other):
            buyer.subscribe_room(each.uuid, id=each.uuid)
            buyer.say(each.uuid, "before")
        servers[0].http("DELETE", f"/room/delete/{room.uuid}")

        buyer.expect("MESSAGE", subscription="q",
                     body_has={"type": "room.removed", "roomUUID": room.uuid})
        assert refusal(buyer, room) == "room_not_found"
        buyer.say(other.uuid, "still here")
        buyer.expect("MESSAGE", subscription=other.uuid, seq=2)


# --- events ------------------------------------------------------------------------------------


def test_events_of_a_room_cross(servers, room):
    with servers[0].stomp(room.buyer) as buyer, servers[1].stomp(room.seller) as seller:
        seller.subscribe(f"/sub/chat/room/{room.uuid}/event", id="v")
        buyer.subscribe(f"/sub/chat/room/{room.uuid}/event", id="v")
        seller.say(room.uuid, "x")
        for what, body in (("typing", {"typing": True}), ("delivered", {"seq": 1}),
                           ("read", {"seq": 1})):
            buyer.ask("SEND", json.dumps(body), destination=f"/pub/room/{room.uuid}/{what}")
            for client in (buyer, seller):  # also where it was sent
                event = client.expect("MESSAGE", subscription="v", body_has={"type": what})
                assert event.json == {"type": what, "roomUUID": room.uuid, "user": room.buyer,
                                      **body}
        servers[0].admin("PATCH", f"/admin/rooms/{room.uuid}", json={"state": "frozen"})
        for client in (buyer, seller):
            client.expect("MESSAGE", subscription="v",
                          body_has={"type": "room.state", "state": "frozen"})
            client.settle()
            assert {f.json["type"] for f in client.frames} <= {"presence"}


def test_presence_crosses_and_a_move_between_servers_is_no_news(servers, room):
    with servers[1].stomp(room.seller) as seller:
        seller.subscribe(f"/sub/chat/room/{room.uuid}/event", id="v")

        def told(is_online):
            seller.expect("MESSAGE", subscription="v",
                          body_has={"type": "presence", "user": room.buyer, "online": is_online})

        with contextlib.ExitStack() as stack:
            with servers[0].stomp(room.buyer):
                told(True)
                stack.enter_context(servers[1].stomp(room.buyer))
                told(True)
            seller.settle()
            assert not seller.frames  # still there when the first is gone
        told(False)


def test_rooms_of_a_user_are_told_on_whichever_server(servers, room):
    with servers[0].stomp(room.seller) as here, servers[1].stomp(room.seller) as there, \
            servers[0].stomp(room.buyer) as buyer:
        for client in (here, there):
            client.subscribe("/user/queue/rooms", id="q")

        def both(**members):
            for client in (here, there):
                client.expect("MESSAGE", subscription="q", body_has=members)

        new = servers[0].new_room(room.buyer, room.seller)
        both(type="room.created", roomUUID=new.uuid, other=room.buyer)
        buyer.say(new.uuid, "hello there")
        both(type="message", roomUUID=new.uuid, seq=1, sender=room.buyer, preview="hello there")
        servers[0].http("POST", f"/chat/room/{new.uuid}/read", user=room.seller, json={"seq": 1})
        both(type="unread", roomUUID=new.uuid, unread=0)
        servers[0].http("DELETE", f"/room/delete/{new.uuid}")
        both(type="room.removed", roomUUID=new.uuid)
        for client in (here, there):
            client.settle()
            assert new.uuid not in {f.json["roomUUID"] for f in client.frames}


def test_a_resume_on_the_other_server(servers, room):
    with servers[0].stomp(room.seller) as seller, servers[0].stomp(room.buyer) as buyer:
        seller.subscribe_room(room.uuid)
        for n in range(10):
            buyer.say(room.uuid, f"{n}")
        heard = seqs(seller.messages(5))
        seller.abort()
        buyer.say(room.uuid, "missed")
        with servers[1].stomp(room.seller) as moved:
            receipt = moved.subscribe_room(room.uuid, since=heard[-1])
            assert receipt.headers["recovered"] == "true"
            buyer.say(room.uuid, "live")
            assert seqs(moved.messages(7)) == list(range(6, 13))


def test_a_record_without_headers_reaches_both_servers(servers, topics, room):
    with servers[0].stomp(room.buyer) as buyer, servers[1].stomp(room.seller) as seller:
        for client in (buyer, seller):
            client.subscribe_room(room.uuid)
        topics.produce(topics.chat, json.dumps({
            "roomUUID": room.uuid, "sender": "robot", "content": "hi", "timestamp": None}))
        ids = {client.expect("MESSAGE").headers["message-id"] for client in (buyer, seller)}
        assert len(ids) == 1


# --- sessions ----------------------------------------------------------------------------------


def newest(redis, user):
    """The newest session of a user, with no members if there is none (yet)."""
    return json.loads(redis.client.get(f"user:session:{user}") or "{}")


def test_a_late_close_on_one_server_leaves_the_newer_session_of_the_other(servers, redis, room):
    user = room.buyer
    first_id, second_id = (s.settings["server.id"] for s in servers)
    first = servers[0].stomp(user)
    eventually(lambda: newest(redis, user).get("serverId") == first_id)
    second = servers[1].stomp(user)
    eventually(lambda: newest(redis, user).get("serverId") == second_id)
    kept = newest(redis, user)

    first.close()
    eventually(lambda: not redis.client.sismember(f"server:users:{first_id}", user))

    assert {**newest(redis, user), "lastActiveTime": None} == {**kept, "lastActiveTime": None}
    assert redis.client.sismember(f"server:users:{second_id}", user)
    assert set(redis.client.hgetall(f"user:sessions:{user}")) == {kept["sessionId"]}
    second.close()
    eventually(lambda: newest(redis, user) == {})


def test_an_older_session_is_the_newest_again(servers, redis, room):
    user = room.buyer
    with servers[0].stomp(user) as first:
        eventually(lambda: newest(redis, user))
        with servers[1].stomp(user) as second:
            eventually(lambda: newest(redis, user).get("sessionId") ==
                       second.connected.headers["session"])
        eventually(lambda: newest(redis, user).get("sessionId") == first.connected.headers["session"])


def test_the_debug_api_shows_all_servers(servers, redis, room):
    ids = [s.settings["server.id"] for s in servers]
    with servers[0].stomp(room.buyer), servers[1].stomp(room.seller):
        eventually(lambda: newest(redis, room.buyer) and newest(redis, room.seller))
        for here, user, there in ((0, room.buyer, 1), (1, room.seller, 0)):
            got = servers[here].http("GET", "/chat/debug/sessions").json()
            assert got["currentServerId"] == ids[here]
            assert got["currentServerUsers"] == [user]
            assert got["serverUsers"] == {ids[0]: [room.buyer], ids[1]: [room.seller]}
            assert got["userDetails"] == {u: newest(redis, u) for u in (room.buyer, room.seller)}
            one = servers[there].http("GET", f"/chat/debug/sessions/{user}").json()
            assert one == {"sessionInfo": newest(redis, user), "isOnThisServer": False,
                           "serverUrl": servers[here].ws_url.replace("127.0.0.1", "localhost")}
            assert servers[here].http("GET", "/chat/debug/server-status").json()["activeUsers"] == [
                user]
