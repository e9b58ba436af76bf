"""SUBSCRIBE to a room: where live begins, since and last, and a resume without hole or duplicate.
SPDX-License-Identifier: MIT
"""
import itertools
import threading
import uuid

import pytest


@pytest.fixture(scope="module")
def long_room(server):
    """A room of 600 messages."""
    room = server.new_room()
    with server.stomp(room.buyer) as buyer:
        for n in range(1, 600):
            buyer.post(room.uuid, f"{n}")
        assert buyer.say(room.uuid, "600").headers["seq"] == "600"
    return room


def recovery(receipt):
    return (receipt.headers["recovered"], int(receipt.headers["first-seq"]),
            int(receipt.headers["last-seq"]), int(receipt.headers["replayed"]))


def seqs(messages):
    return [int(m.headers["seq"]) for m in messages]


def taken(client):
    """All MESSAGEs that came, taken out."""
    messages = [f for f in client.frames if f.command == "MESSAGE"]
    for message in messages:
        client.frames.remove(message)
    return messages


def test_without_since_live_begins_behind_the_receipt(server, long_room):
    with server.stomp(long_room.buyer) as client:
        receipt = client.subscribe_room(long_room.uuid)
        assert recovery(receipt) == ("true", 601, 600, 0)
        assert client.nothing_came()


def test_an_empty_room(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        for headers in ({}, {"since": 0}, {"last": 10}):
            assert recovery(client.subscribe_room(room.uuid, **headers)) == ("true", 1, 0, 0)
        assert client.say(room.uuid, "first").headers["seq"] == "1"
        assert seqs(client.messages(3)) == [1, 1, 1]


@pytest.mark.parametrize("why, headers, expected", [
    ("since", {"since": 590}, range(591, 601)),
    ("since the last", {"since": 600}, range(0)),
    ("the most that is replayed", {"since": 100}, range(101, 601)),
    ("last", {"last": 10}, range(591, 601)),
    ("last 0", {"last": 0}, range(0)),
    ("at most the last 200", {"last": 5000}, range(401, 601)),
    ("since goes before last", {"since": 598, "last": 100}, range(599, 601)),
])
def test_replay(server, long_room, why, headers, expected):
    with server.stomp(long_room.buyer) as client:
        receipt = client.subscribe_room(long_room.uuid, **headers)

        # The RECEIPT comes after the replay, so all of it is there.
        assert seqs(taken(client)) == list(expected), why
        first = expected[0] if len(expected) else 601
        assert recovery(receipt) == ("true", first, 600, len(expected))


@pytest.mark.parametrize("why, since", [("too many", 99), ("too many", 0),
                                        ("from the future", 601), ("from far away", 10**12)])
def test_what_cannot_be_replayed(server, long_room, why, since):
    with server.stomp(long_room.buyer) as client:
        receipt = client.subscribe_room(long_room.uuid, since=since)

        assert recovery(receipt) == ("false", 601, 600, 0), why
        assert client.nothing_came()


def test_live_goes_on_after_what_could_not_be_replayed(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.say(room.uuid, "1")
        assert recovery(client.subscribe_room(room.uuid, since=50)) == ("false", 2, 1, 0)
        client.say(room.uuid, "2")
        assert client.expect("MESSAGE").headers["seq"] == "2"


@pytest.mark.parametrize("headers", [{"since": "x"}, {"since": -1}, {"since": ""}, {"last": "x"},
                                     {"last": -1}, {"since": "1.5"}, {"since": 10**16}])
def test_bad_parameters(server, long_room, headers):
    with server.stomp(long_room.buyer) as client:
        client.subscribe("/user/queue/errors", id="e")
        client.frame("SUBSCRIBE", id="s", receipt="r", destination="/sub/chat/room/" +
                     long_room.uuid, **headers)
        error = client.expect("MESSAGE", subscription="e")
        assert (error.headers["code"], error.headers["receipt-id"]) == ("parameter_invalid", "r")
        client.subscribe_room(long_room.uuid, id="s")  # the id is free


def test_replayed_messages_are_those_that_were_live(server):
    room = server.new_room()
    with server.stomp(room.seller) as live, server.stomp(room.buyer) as buyer:
        live.subscribe_room(room.uuid, id="s")
        buyer.say(room.uuid, "안녕 😀", idempotency_key=f"k-{uuid.uuid4()}")
        buyer.say(room.uuid, "plain")
        was_live = live.messages(2)
    with server.stomp(room.seller) as late:
        late.subscribe_room(room.uuid, id="s", since=0)
        assert [m.raw for m in late.messages(2)] == [m.raw for m in was_live]


def test_two_subscriptions_of_one_connection(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid, id="a")
        client.say(room.uuid, "1")
        client.subscribe_room(room.uuid, id="b", since=0)
        client.say(room.uuid, "2")
        for subscription in "ab":
            assert [client.expect("MESSAGE", subscription=subscription).headers["seq"]
                    for _ in range(2)] == ["1", "2"]


def test_a_subscriber_is_told_its_own_next_send(server):
    """SUBSCRIBE and SEND behind it in one message: live begins before the SEND."""
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.send_text(
            f"SUBSCRIBE\nid:s\nreceipt:r\ndestination:/sub/chat/room/{room.uuid}\n\n\0"
            f"SEND\ndestination:/pub/room/{room.uuid}/message\n\n{{\"content\":\"x\"}}\0")
        assert recovery(client.expect("RECEIPT", receipt_id="r")) == ("true", 1, 0, 0)
        assert client.expect("MESSAGE").headers["seq"] == "1"


def test_after_unsubscribe_nothing_comes(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid, id="s")
        client.say(room.uuid, "1")
        client.ask("UNSUBSCRIBE", id="s")
        client.expect("MESSAGE")
        client.say(room.uuid, "2")
        assert client.nothing_came()


def test_only_members_subscribe(server, long_room):
    with server.stomp("stranger@x") as client:
        client.subscribe("/user/queue/errors", id="e")
        for at in ("", "/event"):
            client.frame("SUBSCRIBE", id="s", receipt="r",
                         destination=f"/sub/chat/room/{long_room.uuid}{at}")
            error = client.expect("MESSAGE", subscription="e")
            assert (error.headers["code"], error.headers["receipt-id"]) == ("not_member", "r")
        with server.stomp(long_room.buyer) as buyer:
            buyer.say(long_room.uuid, "not for strangers")
        assert client.nothing_came()


class Talker(threading.Thread):
    """Says numbers in a room until stopped."""

    def __init__(self, server, room, user):
        super().__init__()
        self.client, self.room = server.stomp(user), room
        self.is_over, self.said = threading.Event(), 0

    def run(self):
        for n in itertools.count(1):
            if self.is_over.is_set():
                break
            self.client.say(self.room.uuid, f"{self.client.connected.headers['user-name']} {n}")
            self.said = n

    def stop(self):
        self.is_over.set()
        self.join()
        self.client.close()


def test_resume_again_and_again_while_messages_flow(server):
    room = server.new_room()
    talkers = [Talker(server, room, user) for user in (room.buyer, room.seller)]
    for talker in talkers:
        talker.start()
    heard = []
    for round_number in range(12):
        client = server.stomp(room.buyer)
        receipt = client.subscribe_room(room.uuid, since=len(heard))
        assert receipt.headers["recovered"] == "true"
        replayed = taken(client)
        heard += replayed + client.messages(10)
        if round_number % 2:
            client.abort()
        else:
            client.close()
    for talker in talkers:
        talker.stop()
    total = sum(t.said for t in talkers)
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid, since=len(heard))
        heard += taken(client)

    assert seqs(heard) == list(range(1, total + 1))
    stored = server.http("GET", f"/chat/room/{room.uuid}").json()
    assert [m.json for m in heard] == stored


def test_a_large_replay_waits_for_a_slow_reader(start_server):
    """More than the outbound ceiling is replayed, and live messages come behind it."""
    server = start_server({"limits.outbound_bytes": "65536", "limits.content_chars": "10000"})
    room = server.new_room()
    with server.stomp(room.buyer) as buyer:
        for n in range(100):
            buyer.post(room.uuid, f"{n} " + "x" * 9000)
        buyer.say(room.uuid, "last")
        with server.stomp(room.seller) as seller:
            seller.frame("SUBSCRIBE", id="s", receipt="r", since=0,
                         destination=f"/sub/chat/room/{room.uuid}")
            buyer.say(room.uuid, "live")
            receipt = seller.expect("RECEIPT", receipt_id="r", seconds=20)
            assert receipt.headers["recovered"] == "true"
            assert int(receipt.headers["replayed"]) >= 101
            assert seqs(seller.messages(102)) == list(range(1, 103))
    server.kill()
