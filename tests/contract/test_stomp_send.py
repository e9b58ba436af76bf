"""SEND: bodies, idempotency keys, transactions; ACK as the delivered marker.
SPDX-License-Identifier: MIT
"""
import datetime
import json
import re
import uuid

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?")


@pytest.fixture
def room(server):
    return server.new_room()


@pytest.fixture
def buyer(server, room):
    """Subscribed to soft errors (e) and to the room (s)."""
    with server.stomp(room.buyer) as client:
        client.subscribe("/user/queue/errors", id="e")
        client.subscribe_room(room.uuid, id="s")
        yield client


def send(client, room, body, **headers):
    """A SEND with a body as it is."""
    client.frame("SEND", body, destination=f"/pub/room/{room.uuid}/message", **headers)


def history(server, room):
    return [m["content"] for m in server.http("GET", f"/chat/room/{room.uuid}").json()]


# --- bodies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("why, body, content", [
    ("content only", '{"content":"x"}', "x"),
    ("null room and sender", '{"roomUUID":null,"sender":null,"content":"x"}', "x"),
    ("a number", '{"content":17}', "17"), ("its literal as written", '{"content":1.50e3}', "1.50e3"),
    ("true", '{"content":true}', "true"),
    ("members that it does not know", '{"content":"x","emoji":[{"a":1}],"id":7}', "x"),
    ("the last of repeated members", '{"content":"x","content":"y"}', "y"),
    ("escapes", r'{"content":"\uac00\ud83d\ude00\n\t\"\\\/"}', '가😀\n\t"\\/'),
    ("blanks around", ' {\n"content" : "x" }\n', "x"),
    ("blanks inside are kept", '{"content":"  x  "}', "  x  "),
    ("control characters", r'{"content":"\u0001\u001f\u007f"}', "\x01\x1f\x7f"),
    ("a client's timestamp is not taken", '{"content":"x","timestamp":"2001-01-01T00:00:00"}', "x"),
    ("markup", '{"content":"<script>alert(1)</script>"}', "<script>alert(1)</script>"),
])
def test_what_is_taken(server, room, buyer, why, body, content):
    send(buyer, room, body)

    message = buyer.expect("MESSAGE", subscription="s")
    assert message.json["content"] == content, why
    assert message.json["sender"] == room.buyer
    assert message.json["roomUUID"] == room.uuid
    assert history(server, room) == [content]


def test_the_whole_dto_is_taken_too(server, room, buyer):
    send(buyer, room, json.dumps({"roomUUID": room.uuid, "sender": room.buyer, "content": "x",
                                  "timestamp": None}))
    assert buyer.expect("MESSAGE", subscription="s").json["content"] == "x"


def test_times_are_the_servers(room, buyer):
    before = datetime.datetime.now(datetime.timezone.utc)
    receipt = buyer.say(room.uuid, "x")
    message = buyer.expect("MESSAGE", subscription="s")
    after = datetime.datetime.now(datetime.timezone.utc)

    assert TIME.fullmatch(message.json["timestamp"])
    told = datetime.datetime.fromisoformat(message.json["timestamp"].ljust(26, "0")
                                           if "." in message.json["timestamp"]
                                           else message.json["timestamp"])
    told = told.replace(tzinfo=datetime.timezone.utc)
    assert before <= told <= after
    assert int(receipt.headers["timestamp"]) == int(told.timestamp() * 1000)


def test_times_are_in_the_zone_of_the_setting(start_server):
    server = start_server({"time.zone": "Asia/Seoul"})
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid)
        receipt = client.say(room.uuid, "x")
        local = client.expect("MESSAGE").json["timestamp"]
    utc = datetime.datetime.fromtimestamp(int(receipt.headers["timestamp"]) / 1000,
                                          datetime.timezone.utc)
    seoul = utc.astimezone(datetime.timezone(datetime.timedelta(hours=9)))
    assert local.startswith(seoul.strftime("%Y-%m-%dT%H:%M:%S"))
    stored, = server.http("GET", f"/chat/room/{room.uuid}").json()
    assert stored["timestamp"] == local
    server.kill()


def test_other_headers_are_not_passed_on(room, buyer):
    buyer.say(room.uuid, "x", custom="value", priority="9", persistent="true")

    assert not {"custom", "priority", "persistent"} & set(
        buyer.expect("MESSAGE", subscription="s").headers)


# --- idempotency keys --------------------------------------------------------------------------


def test_a_repeat_gets_the_first_result_and_is_not_sent_again(server, room, buyer):
    first = buyer.say(room.uuid, "once", idempotency_key="k")
    again = buyer.say(room.uuid, "once", idempotency_key="k")

    assert "duplicate" not in first.headers
    assert again.headers["duplicate"] == "true"
    for name in ("message-id", "seq", "timestamp"):
        assert again.headers[name] == first.headers[name]
    assert buyer.expect("MESSAGE", subscription="s").headers["idempotency-key"] == "k"
    assert buyer.nothing_came()
    assert history(server, room) == ["once"]


def test_many_repeats_at_once(server, room, buyer):
    for n in range(20):
        buyer.post(room.uuid, "once", idempotency_key="k", receipt=f"{n}")
    receipts = [buyer.expect("RECEIPT", receipt_id=f"{n}") for n in range(20)]

    assert len({r.headers["message-id"] for r in receipts}) == 1
    assert ["duplicate" in r.headers for r in receipts] == [False] + [True] * 19
    assert history(server, room) == ["once"]


def test_other_content_is_a_conflict(room, buyer):
    buyer.say(room.uuid, "one", idempotency_key="k")
    buyer.post(room.uuid, "two", idempotency_key="k", receipt="r")

    error = buyer.expect("MESSAGE", subscription="e")
    assert (error.headers["code"], error.headers["receipt-id"]) == ("idempotency_conflict", "r")
    assert error.headers["status"] == "422"


def test_the_scope_of_a_key_is_room_and_sender(server, room, buyer):
    buyer.say(room.uuid, "one", idempotency_key="k")
    with server.stomp(room.seller) as seller:
        assert seller.say(room.uuid, "two", idempotency_key="k").headers["seq"] == "2"
    other = server.new_room(room.buyer, room.seller)
    assert "duplicate" not in buyer.say(other.uuid, "three", idempotency_key="k").headers


def test_keys_differ_by_case_and_every_visible_character(room, buyer):
    keys = ["k", "K", "".join(chr(c) for c in range(33, 97)), "".join(chr(c) for c in range(63, 127))]
    receipts = [buyer.say(room.uuid, "x", idempotency_key=key) for key in keys]

    assert [r.headers["seq"] for r in receipts] == ["1", "2", "3", "4"]
    assert buyer.say(room.uuid, "x", idempotency_key=keys[2]).headers["duplicate"] == "true"
    assert buyer.messages(3) and buyer.expect("MESSAGE", idempotency_key=keys[3])


# --- order -------------------------------------------------------------------------------------


def test_sends_of_one_connection_are_numbered_as_sent(server, room, buyer):
    for n in range(200):
        buyer.post(room.uuid, f"{n}", receipt=f"{n}")

    assert [buyer.expect("RECEIPT", receipt_id=f"{n}").headers["seq"] for n in range(200)] == [
        f"{n}" for n in range(1, 201)]
    heard = [buyer.expect("MESSAGE", subscription="s") for _ in range(200)]
    assert [m.json["content"] for m in heard] == [f"{n}" for n in range(200)]
    assert history(server, room) == [f"{n}" for n in range(200)]


# --- transactions ------------------------------------------------------------------------------


def begin(client, room, contents, transaction="t", **headers):
    client.frame("BEGIN", transaction=transaction)
    for n, content in enumerate(contents):
        client.post(room.uuid, content, transaction=transaction, receipt=f"{transaction}-{n}",
                    **headers)


def test_a_transaction_is_stored_at_its_commit(server, room, buyer):
    begin(buyer, room, [f"{n}" for n in range(16)])
    assert buyer.nothing_came() and history(server, room) == []

    assert list(buyer.ask("COMMIT", transaction="t").headers) == ["receipt-id"]

    receipts = [buyer.expect("RECEIPT", receipt_id=f"t-{n}") for n in range(16)]
    assert [r.headers["seq"] for r in receipts] == [f"{n}" for n in range(1, 17)]
    heard = [buyer.expect("MESSAGE", subscription="s").json["content"] for _ in range(16)]
    assert heard == history(server, room) == [f"{n}" for n in range(16)]


def test_receipts_of_its_sends_come_after_that_of_commit(room, buyer):
    buyer.ask("UNSUBSCRIBE", id="s")
    begin(buyer, room, ["a", "b"])
    buyer.frame("COMMIT", transaction="t", receipt="c")

    buyer.expect("RECEIPT", receipt_id="t-1")
    assert buyer.expect("RECEIPT").headers["receipt-id"] == "c"
    assert buyer.expect("RECEIPT").headers["receipt-id"] == "t-0"


def test_abort_stores_nothing_and_receipts_without_a_seq(server, room, buyer):
    begin(buyer, room, ["a", "b"])
    buyer.ask("ABORT", transaction="t")

    for n in range(2):
        assert list(buyer.expect("RECEIPT", receipt_id=f"t-{n}").headers) == ["receipt-id"]
    assert buyer.nothing_came()
    assert history(server, room) == []
    buyer.ask("BEGIN", transaction="t")  # its name is free


def test_an_open_transaction_ends_with_the_connection(server, room):
    with server.stomp(room.buyer) as client:
        begin(client, room, ["a"])
        client.ask("DISCONNECT")
    assert history(server, room) == []


@pytest.mark.parametrize("why, spoil", [
    ("seventeen", lambda server, room, buyer: begin(buyer, room, ["x"] * 17)),
    ("two rooms", lambda server, room, buyer: (
        begin(buyer, room, ["x"]), buyer.post(server.new_room(room.buyer).uuid, "y",
                                              transaction="t"))),
])
def test_what_no_transaction_holds(server, room, buyer, why, spoil):
    spoil(server, room, buyer)
    assert buyer.expect("MESSAGE", subscription="e").headers["code"] == "transaction_invalid", why
    buyer.frame("COMMIT", transaction="t", receipt="c")
    error = buyer.expect("MESSAGE", subscription="e")

    assert (error.headers["code"], error.headers["receipt-id"]) == ("transaction_invalid", "c")
    assert history(server, room) == []
    buyer.ask("BEGIN", transaction="t")


@pytest.mark.parametrize("body, code", [
    ('{"content":""}', "content_empty"), ("nonsense", "body_invalid"),
    ('{"content":"x","sender":"other@x"}', "sender_mismatch")])
def test_a_refused_send_refuses_its_commit(server, room, buyer, body, code):
    begin(buyer, room, ["fine"])
    send(buyer, room, body, transaction="t", receipt="bad")
    error = buyer.expect("MESSAGE", subscription="e")
    assert (error.headers["code"], error.headers["receipt-id"]) == (code, "bad")

    buyer.frame("COMMIT", transaction="t", receipt="c")
    error = buyer.expect("MESSAGE", subscription="e")
    assert (error.headers["code"], error.headers["receipt-id"]) == (code, "c")
    assert buyer.nothing_came()
    assert history(server, room) == []


def test_a_transaction_refused_by_the_database_is_refused_whole(server, room, buyer):
    buyer.say(room.uuid, "first", idempotency_key="taken")
    begin(buyer, room, ["a"])
    buyer.post(room.uuid, "other", transaction="t", idempotency_key="taken")
    buyer.frame("COMMIT", transaction="t", receipt="c")

    error = buyer.expect("MESSAGE", subscription="e")
    assert (error.headers["code"], error.headers["receipt-id"]) == ("idempotency_conflict", "c")
    assert history(server, room) == ["first"]


def test_a_repeated_transaction_is_a_duplicate(server, room, buyer):
    for _ in range(2):
        begin(buyer, room, ["a"], idempotency_key="k")
        buyer.ask("COMMIT", transaction="t")
    assert "duplicate" not in buyer.expect("RECEIPT", receipt_id="t-0").headers
    assert buyer.expect("RECEIPT", receipt_id="t-0").headers["duplicate"] == "true"
    assert history(server, room) == ["a"]


def test_two_transactions_and_a_send_beside_them(server, room, buyer):
    begin(buyer, room, ["a1"], "a")
    begin(buyer, room, ["b1"], "b")
    buyer.post(room.uuid, "a2", transaction="a")
    buyer.say(room.uuid, "alone")
    buyer.ask("COMMIT", transaction="b")
    buyer.ask("COMMIT", transaction="a")
    assert history(server, room) == ["alone", "b1", "a1", "a2"]


# --- ACK ---------------------------------------------------------------------------------------


@pytest.fixture
def watcher(server, room):
    """The other member, who is told of markers (v)."""
    with server.stomp(room.seller) as client:
        client.subscribe(f"/sub/chat/room/{room.uuid}/event", id="v")
        yield client


def delivered(watcher):
    event = watcher.expect("MESSAGE", subscription="v", body_has={"type": "delivered"})
    return event.json["user"], event.json["seq"]


def three(server, room, client):
    """Three messages, as client hears them."""
    with server.stomp(room.seller) as seller:
        for n in range(3):
            seller.say(room.uuid, f"{n}")
    return [client.expect("MESSAGE", subscription="a") for _ in range(3)]


def test_mode_auto_has_no_ack_header(server, room, buyer):
    buyer.say(room.uuid, "x")
    assert "ack" not in buyer.expect("MESSAGE", subscription="s").headers


def test_mode_client_individual_acks_one(server, room, buyer, watcher):
    buyer.subscribe_room(room.uuid, id="a", ack="client-individual")
    heard = three(server, room, buyer)
    assert len({m.headers["ack"] for m in heard}) == 3

    buyer.ask("ACK", id=heard[1].headers["ack"])
    assert delivered(watcher) == (room.buyer, 2)
    buyer.ask("ACK", id=heard[2].headers["ack"])
    assert delivered(watcher) == (room.buyer, 3)
    buyer.ask("ACK", id=heard[0].headers["ack"])  # behind the marker: forward only
    assert watcher.nothing_came()
    buyer.frame("ACK", id=heard[0].headers["ack"])
    buyer.expect_error("malformed_frame")


def test_mode_client_acks_all_before(server, room, buyer, watcher):
    buyer.subscribe_room(room.uuid, id="a", ack="client")
    heard = three(server, room, buyer)

    buyer.ask("ACK", id=heard[2].headers["ack"])
    assert delivered(watcher) == (room.buyer, 3)
    buyer.frame("ACK", id=heard[0].headers["ack"])
    buyer.expect_error("malformed_frame")


def test_nack_has_no_effect(server, room, buyer, watcher):
    buyer.subscribe_room(room.uuid, id="a", ack="client-individual")
    for message in three(server, room, buyer):
        buyer.ask("NACK", id=message.headers["ack"])
    assert watcher.nothing_came()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_before_1_2_ack_names_the_message(server, room, watcher, version):
    with server.stomp() as client:
        client.connect(room.buyer, version)
        client.subscribe_room(room.uuid, id="a", ack="client")
        heard = three(server, room, client)
        client.ask("ACK", message_id=heard[1].headers["message-id"],
                   subscription="a" if version == "1.1" else None)
    assert delivered(watcher) == (room.buyer, 2)


def test_a_message_is_delivered_though_nobody_acks(server, room):
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid, id="a", ack="client-individual")
        with server.stomp(room.seller) as seller:
            for n in range(1100):  # more than are remembered for ACK
                seller.post(room.uuid, f"{n}")
        heard = client.messages(1100)
        client.ask("ACK", id=heard[-1].headers["ack"])
        client.frame("ACK", id=heard[0].headers["ack"])
        client.expect_error("malformed_frame")


def test_a_wrong_ack_after_a_right_one(server, room, buyer):
    buyer.subscribe_room(room.uuid, id="a", ack="client")
    heard = three(server, room, buyer)
    buyer.ask("ACK", id=heard[0].headers["ack"])
    buyer.frame("ACK", id=f"{heard[0].headers['ack'].partition('-')[0]}-{uuid.uuid4()}")
    buyer.expect_error("malformed_frame")
    assert buyer.expect_close() == (1002, "malformed_frame")
