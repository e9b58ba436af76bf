"""What happens besides messages: markers, typing and states to /event, rooms to /user/queue/rooms.
SPDX-License-Identifier: MIT
"""
import json

import pytest


@pytest.fixture
def room(server):
    return server.new_room()


@pytest.fixture
def watcher(server, room):
    """The seller, told of the room's events (v) and of all rooms (q)."""
    with server.stomp(room.seller) as client:
        client.subscribe(f"/sub/chat/room/{room.uuid}/event", id="v")
        client.subscribe("/user/queue/rooms", id="q")
        yield client


def tell(client, room, what, body, **headers):
    client.ask("SEND", json.dumps(body), destination=f"/pub/room/{room.uuid}/{what}", **headers)


def event(client, subscription="v", **members):
    """The next event with these members; the whole of its body."""
    frame = client.expect("MESSAGE", subscription=subscription, body_has=members)
    assert list(frame.headers) == ["destination", "subscription", "message-id", "content-type",
                                   "content-length"]
    assert frame.headers["content-type"] == "application/json"
    return frame.json


@pytest.mark.parametrize("kind", ["read", "delivered"])
def test_markers_are_told_forward_only(server, room, watcher, kind):
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        for n in range(5):
            seller.say(room.uuid, f"{n}")
        tell(buyer, room, kind, {"seq": 2})
        assert event(watcher, type=kind) == {"type": kind, "roomUUID": room.uuid,
                                             "user": room.buyer, "seq": 2}
        tell(buyer, room, kind, {"seq": 1})
        tell(buyer, room, kind, {"seq": 2})
        tell(buyer, room, kind, {"seq": 999})
        assert event(watcher, type=kind)["seq"] == 5
    page = server.http("GET", f"/chat/room/{room.uuid}/messages", user=room.buyer).json()
    assert page["read"][room.buyer] == (5 if kind == "read" else 0)


def test_read_by_rest_is_told_too(server, room, watcher):
    with server.stomp(room.seller) as seller:
        seller.say(room.uuid, "x")
    server.http("POST", f"/chat/room/{room.uuid}/read", user=room.buyer, json={"seq": 1})

    assert event(watcher, type="read") == {"type": "read", "roomUUID": room.uuid,
                                           "user": room.buyer, "seq": 1}


@pytest.mark.parametrize("is_typing", [True, False])
def test_typing_is_told_and_not_stored(server, database, room, watcher, is_typing):
    with server.stomp(room.buyer) as buyer:
        tell(buyer, room, "typing", {"typing": is_typing})

    assert event(watcher, type="typing") == {"type": "typing", "roomUUID": room.uuid,
                                             "user": room.buyer, "typing": is_typing}
    assert server.http("GET", f"/chat/room/{room.uuid}").json() == []


def test_a_state_is_told(server, room, watcher):
    for state in ("frozen", "open"):
        assert server.admin("PATCH", f"/admin/rooms/{room.uuid}", json={"state": state}).ok
        assert event(watcher, type="room.state") == {"type": "room.state", "roomUUID": room.uuid,
                                                     "state": state}


def test_who_comes_and_goes_is_told(server, room, watcher):
    def told():
        return event(watcher, type="presence", user=room.buyer)

    with server.stomp(room.buyer) as buyer:
        assert told() == {"type": "presence", "roomUUID": room.uuid, "user": room.buyer,
                          "online": True}
        with server.stomp(room.buyer):  # a second tab is no news
            pass
        buyer.ask("DISCONNECT")
    assert told() == {"type": "presence", "roomUUID": room.uuid, "user": room.buyer,
                      "online": False}
    assert watcher.nothing_came()


def test_events_do_not_go_to_the_rooms_own_destination(server, room):
    with server.stomp(room.seller) as seller, server.stomp(room.buyer) as buyer:
        seller.subscribe_room(room.uuid)
        buyer.say(room.uuid, "x")
        tell(buyer, room, "typing", {"typing": True})
        tell(buyer, room, "read", {"seq": 1})
        seller.expect("MESSAGE")
        assert seller.nothing_came()


def test_messages_are_not_told_as_events(server, room, watcher):
    watcher.ask("UNSUBSCRIBE", id="q")
    with server.stomp(room.buyer) as buyer:
        buyer.say(room.uuid, "x")
        watcher.settle()
        told = {frame.json["type"] for frame in watcher.frames}
    assert told <= {"presence"}  # of the buyer, who came


# --- /user/queue/rooms -------------------------------------------------------------------------


def test_a_new_room_is_told_to_both(server, room, watcher):
    with server.stomp(room.buyer) as buyer:
        buyer.subscribe("/user/queue/rooms", id="q")
        new = server.new_room(room.buyer, room.seller, name="한 lamp")

        assert event(watcher, "q", type="room.created") == {
            "type": "room.created", "roomUUID": new.uuid, "productName": "한 lamp",
            "other": room.buyer}
        assert event(buyer, "q", type="room.created")["other"] == room.seller


def test_a_repeated_create_is_not_told(server, room, watcher):
    item, = server.http("GET", "/room/inbox", user=room.buyer).json()["items"]
    server.http("POST", "/room/create", user=room.buyer,
                params={"user": room.seller, "name": "bike", "product": item["productId"]})
    assert watcher.nothing_came()


def test_messages_are_summed_up_for_both_without_a_subscription(server, room, watcher):
    text = "안녕 😀 " * 30
    with server.stomp(room.buyer) as buyer:
        buyer.subscribe("/user/queue/rooms", id="q")
        buyer.say(room.uuid, text)
        for client in (watcher, buyer):
            assert event(client, "q", type="message") == {
                "type": "message", "roomUUID": room.uuid, "seq": 1, "sender": room.buyer,
                "preview": text[:100]}


def test_unread_is_told_to_the_reader(server, room, watcher):
    with server.stomp(room.buyer) as buyer:
        for n in range(3):
            buyer.say(room.uuid, f"{n}")
    with server.stomp(room.seller) as seller:
        tell(seller, room, "read", {"seq": 2})

    assert event(watcher, "q", type="unread") == {"type": "unread", "roomUUID": room.uuid,
                                                  "unread": 1}


def test_a_deleted_room_is_told(server, room, watcher):
    server.http("DELETE", f"/room/delete/{room.uuid}")

    assert event(watcher, "q", type="room.removed") == {"type": "room.removed",
                                                        "roomUUID": room.uuid}
    assert watcher.nothing_came()


def test_what_happens_elsewhere_is_not_told(server, room, watcher):
    other = server.new_room()
    with server.stomp(other.buyer) as buyer:
        buyer.say(other.uuid, "x")
        tell(buyer, other, "typing", {"typing": True})
        tell(buyer, other, "read", {"seq": 1})
    assert watcher.nothing_came()
