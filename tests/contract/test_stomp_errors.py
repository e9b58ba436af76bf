"""Every refusal of a frame: told on /user/queue/errors to who subscribed there, else fatal.
SPDX-License-Identifier: MIT
"""
import json
import uuid

import pytest

from harness.wait import eventually

ROOM = "7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33"


@pytest.fixture(scope="module")
def server(start_server):
    return start_server({"limits.subscriptions": "3"})


@pytest.fixture(scope="module")
def room(server):
    return server.new_room()


@pytest.fixture(scope="module")
def frozen(server):
    room = server.new_room()
    assert server.admin("PATCH", f"/admin/rooms/{room.uuid}", json={"state": "frozen"}).ok
    return room


@pytest.fixture(scope="module")
def blocked(server):
    room = server.new_room()
    assert server.http("PUT", f"/user/blocks/{room.buyer}", user=room.seller).ok
    return room


def send(to="{room}", body='{"content":"x"}', **headers):
    return [("SEND", body, {"destination": f"/pub/room/{to}/message", **headers})]


def subscribe(to="{room}", **headers):
    return [("SUBSCRIBE", "", {"destination": f"/sub/chat/room/{to}", "id": "s", **headers})]


def content(text):
    return json.dumps({"content": text}, ensure_ascii=False)


# Code, status, why, frames; the last one is refused.
CASES = [
    ("not_member", 403, "SEND of a stranger", send("{other}")),
    ("not_member", 403, "SUBSCRIBE of a stranger", subscribe("{other}")),
    ("not_member", 403, "events for a stranger", subscribe("{other}/event")),
    ("not_member", 403, "a marker of a stranger",
     [("SEND", '{"seq":1}', {"destination": "/pub/room/{other}/read"})]),
    ("not_member", 403, "typing of a stranger",
     [("SEND", '{"typing":true}', {"destination": "/pub/room/{other}/typing"})]),
    ("sender_mismatch", 403, "another sender", send(body='{"sender":"other@x","content":"x"}')),
    ("not_deliverable", 403, "a block", send("{blocked}")),
    ("room_not_found", 404, "SEND to no room", send(ROOM)),
    ("room_not_found", 404, "SEND to what is no UUID", send("nope")),
    ("room_not_found", 404, "SUBSCRIBE to no room", subscribe(ROOM)),
    ("room_not_found", 404, "SUBSCRIBE to what is no UUID", subscribe("nope")),
    ("room_not_found", 404, "a marker in no room",
     [("SEND", '{"seq":1}', {"destination": f"/pub/room/{ROOM}/delivered"})]),
    ("room_not_found", 404, "typing in no room",
     [("SEND", '{"typing":true}', {"destination": "/pub/room/nope/typing"})]),
    ("destination_unknown", 404, "SEND to nowhere", [("SEND", "{}", {"destination": "/nowhere"})]),
    ("destination_unknown", 404, "SEND to where one subscribes",
     [("SEND", content("x"), {"destination": "/sub/chat/room/{room}"})]),
    ("destination_unknown", 404, "SUBSCRIBE to nowhere",
     [("SUBSCRIBE", "", {"destination": "/nowhere", "id": "s"})]),
    ("destination_unknown", 404, "SUBSCRIBE to where one sends",
     [("SUBSCRIBE", "", {"destination": "/pub/room/{room}/message", "id": "s"})]),
    ("destination_unknown", 404, "a refresh without tokens",
     [("SEND", '{"token":"x"}', {"destination": "/pub/session/refresh"})]),
    ("room_frozen", 409, "a frozen room", send("{frozen}")),
    ("idempotency_conflict", 422, "a key of other content",
     send(idempotency_key="{key}") + send(body=content("y"), idempotency_key="{key}")),
    ("body_invalid", 400, "no JSON", send(body="hello")),
    ("body_invalid", 400, "no body", send(body="")),
    ("body_invalid", 400, "an array", send(body="[1]")),
    ("body_invalid", 400, "an object as content", send(body='{"content":{}}')),
    ("body_invalid", 400, "a NUL", send(body=r'{"content":"\u0000"}')),
    ("body_invalid", 400, "a lone surrogate", send(body=r'{"content":"\udc00"}')),
    ("body_invalid", 400, "trailing garbage", send(body='{"content":"x"} {}')),
    ("body_invalid", 400, "deep nesting", send(body='{"a":' + "[" * 50 + "]" * 50 + "}")),
    ("body_invalid", 400, "a marker without seq",
     [("SEND", "{}", {"destination": "/pub/room/{room}/read"})]),
    ("body_invalid", 400, "typing without typing",
     [("SEND", "{}", {"destination": "/pub/room/{room}/typing"})]),
    ("room_mismatch", 400, "another room", send(body=f'{{"roomUUID":"{ROOM}","content":"x"}}')),
    ("parameter_invalid", 400, "an empty key", send(idempotency_key="")),
    ("parameter_invalid", 400, "a long key", send(idempotency_key="k" * 65)),
    ("parameter_invalid", 400, "a key with a blank", send(idempotency_key="a b")),
    ("parameter_invalid", 400, "a key that is no ASCII", send(idempotency_key="é")),
    ("parameter_invalid", 400, "since", subscribe(since="x")),
    ("parameter_invalid", 400, "last", subscribe(last="-1")),
    ("transaction_invalid", 400, "17 SENDs",
     [("BEGIN", "", {"transaction": "t"})] + send(transaction="t") * 17),
    ("content_empty", 422, "no content", send(body="{}")),
    ("content_empty", 422, "null", send(body='{"content":null}')),
    ("content_empty", 422, "nothing", send(body=content(""))),
    ("content_empty", 422, "blanks", send(body=content(" \t\n\u3000\u00a0"))),
    ("content_too_long", 413, "2001 characters", send(body=content("한" * 2001))),
]
IDS = [f"{code}: {why}" for code, _, why, _ in CASES]


@pytest.fixture
def places(server, room, frozen, blocked):
    """What {…} in a case stands for; frozen and blocked rooms have users of their own."""
    return {"room": room.uuid, "other": server.new_room().uuid, "frozen": frozen.uuid,
            "blocked": blocked.uuid, "key": f"k-{uuid.uuid4()}"}


def user_of(frames, room, frozen, blocked):
    text = str(frames)
    return frozen.buyer if "{frozen}" in text else blocked.buyer if "{blocked}" in text \
        else room.buyer


def filled(value, places):
    for name, place in places.items():
        value = value.replace("{" + name + "}", place)
    return value


def send_frames(client, frames, places):
    for n, (command, body, headers) in enumerate(frames):
        receipt = {"receipt": "last"} if n == len(frames) - 1 else {}
        client.frame(command, body, **{k: filled(v, places) for k, v in headers.items()}, **receipt)


@pytest.mark.parametrize("code, status, why, frames", CASES, ids=IDS)
def test_soft(server, room, frozen, blocked, places, code, status, why, frames):
    with server.stomp(user_of(frames, room, frozen, blocked)) as client:
        client.subscribe("/user/queue/errors", id="e")
        send_frames(client, frames, places)

        error = client.expect("MESSAGE", subscription="e")
        assert client.nothing_came()  # the connection lives

    assert error.headers["code"] == error.json["code"] == code, why
    assert list(error.headers) == ["destination", "subscription", "message-id", "message", "code",
                                   "status", "retry", "receipt-id", "content-type",
                                   "content-length"]
    assert error.headers["destination"] == "/user/queue/errors"
    assert error.headers["receipt-id"] == "last"
    assert int(error.headers["status"]) == error.json["status"] == status
    assert error.headers["retry"] == "false"
    assert error.json["path"] == filled(frames[-1][2]["destination"], places)
    assert error.json["type"] == f"urn:reuse-chat:error:{code}"


@pytest.mark.parametrize("code, status, why, frames", CASES, ids=IDS)
def test_fatal(server, room, frozen, blocked, places, code, status, why, frames):
    with server.stomp(user_of(frames, room, frozen, blocked)) as client:
        send_frames(client, frames, places)

        error = client.expect_error(code)
        assert client.expect_close() == (1008, code), why

    assert error.headers["receipt-id"] == "last"
    assert int(error.headers["status"]) == status


@pytest.mark.parametrize("is_soft", [True, False])
def test_one_subscription_too_many(server, room, is_soft):
    with server.stomp(room.buyer) as client:
        client.subscribe("/user/queue/errors" if is_soft else "/user/queue/rooms", id="e")
        for n in range(2):
            client.subscribe_room(room.uuid, id=f"s{n}")
        client.frame("SUBSCRIBE", id="more", destination=f"/sub/chat/room/{room.uuid}")
        if is_soft:
            client.expect("MESSAGE", code="subscription_limit", status=429)
            client.ask("UNSUBSCRIBE", id="s0")
            client.subscribe_room(room.uuid, id="more")
        else:
            client.expect_error("subscription_limit")
            assert client.expect_close() == (1008, "subscription_limit")


@pytest.fixture(scope="module")
def dropping(start_server):
    return start_server({"errors.unsubscribed": "drop"})


def test_dropped_errors_are_counted_and_the_connection_lives(dropping, room, places):
    with dropping.stomp(room.buyer) as client:
        for _, _, why, frames in CASES:
            if why in ("no JSON", "SEND to nowhere", "SUBSCRIBE of a stranger", "another sender"):
                send_frames(client, frames, places)
        assert client.say(room.uuid, "still here").headers["seq"]
        assert client.nothing_came()
    eventually(lambda: "\nreuse_chat_errors_dropped_total 4\n"  # one waits for its look-up
               in dropping.admin("GET", "/metrics").text)


def test_what_is_fatal_is_not_dropped(dropping):
    with dropping.stomp("a@x") as client:
        client.frame("ACK", id="nothing")
        client.expect_error("malformed_frame")
        assert client.expect_close() == (1002, "malformed_frame")


def test_errors_of_one_connection_are_not_told_to_another(server, room):
    with server.stomp(room.buyer) as first, server.stomp(room.buyer) as second:
        for client in (first, second):
            client.subscribe("/user/queue/errors", id="e")
        first.frame("SEND", "{}", destination="/nowhere")
        first.expect("MESSAGE", code="destination_unknown")
        assert second.nothing_came()


def test_after_unsubscribing_errors_are_fatal_again(server):
    with server.stomp("a@x") as client:
        client.subscribe("/user/queue/errors", id="e")
        client.ask("UNSUBSCRIBE", id="e")
        client.frame("SEND", "{}", destination="/nowhere")
        client.expect_error("destination_unknown")


def test_the_room_that_is_not_there_is_told_each_time(server):
    """What a worker found was overwritten when it was quicker than the loop."""
    with server.stomp("typist@x") as client:
        client.subscribe("/user/queue/errors", id="e")
        for n in range(500):
            client.frame("SEND", '{"typing":true}', destination="/pub/room/nope/typing", receipt=f"{n}")
        codes = [client.expect("MESSAGE", receipt_id=f"{n}").headers["code"] for n in range(500)]
    assert set(codes) == {"room_not_found"}
