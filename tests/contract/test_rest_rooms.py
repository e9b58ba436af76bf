"""Rooms by REST: one per pair and product however it is asked for, and really gone when deleted.
SPDX-License-Identifier: MIT
"""
import concurrent.futures
import uuid

import pytest

from harness.wait import eventually


def create(server, caller, user, **params):
    answer = server.http("POST", "/room/create", user=caller, params={"user": user, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def room_of(created):
    return created[0]["room"]["roomUUID"]


@pytest.fixture
def pair():
    tag = uuid.uuid4().hex[:8]
    return f"buyer-{tag}@x", f"seller-{tag}@x"


def test_a_repeat_and_the_other_side_get_the_same_room(server, pair):
    buyer, seller = pair

    first = create(server, buyer, seller, name="bike")
    again = create(server, buyer, seller, name="bike")
    mirrored = create(server, seller, buyer, name="bike")

    assert again == first
    assert [(m["user"], m["other"]) for m in first] == [(seller, buyer), (buyer, seller)]
    assert mirrored == first[::-1]


def test_another_name_or_product_is_another_room(server, pair):
    buyer, seller = pair

    rooms = {room_of(create(server, buyer, seller, **params)) for params in [
        {"name": "bike"}, {"name": "Bike"}, {"name": "bike "}, {"name": "lamp"},
        {"name": "bike", "product": "1"}, {"name": "bike", "product": "2"}]}

    assert len(rooms) == 6


def test_the_product_decides_and_not_its_name(server, pair):
    buyer, seller = pair

    first = create(server, buyer, seller, name="bike", product="17")
    renamed = create(server, seller, buyer, name="bicycle", product="17")

    assert room_of(renamed) == room_of(first)
    assert renamed[0]["room"]["productName"] == "bike"


def test_user_ids_differ_by_case_and_by_any_byte(server, pair):
    buyer, seller = pair

    rooms = {room_of(create(server, buyer, other, name="bike"))
             for other in [seller, seller.upper(), seller + " x", "\u00e9" + seller,
                           "e\u0301" + seller]}

    assert len(rooms) == 5


def test_twenty_at_once_make_one_room(server, pair):
    buyer, seller = pair

    def one(number):
        caller, user = (buyer, seller) if number % 2 else (seller, buyer)
        return room_of(create(server, caller, user, name="bike"))

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        rooms = set(pool.map(one, range(20)))

    assert len(rooms) == 1
    for user in pair:
        listed = server.http("GET", "/room/list", user=user).json()
        assert [m["room"]["roomUUID"] for m in listed] == list(rooms)


def test_a_list_of_many_rooms_is_whole_and_in_order(server, database, pair):
    buyer, seller = pair
    made = [room_of(create(server, buyer, seller, name=f"thing {n}")) for n in range(30)]

    assert [m["room"]["roomUUID"] for m in server.http("GET", "/room/list", user=buyer).json()] \
        == made
    every = server.http("GET", "/room/rooms").json()
    ids = [m["id"] for m in every]
    assert ids == sorted(ids)
    assert len(ids) == database.value("SELECT COUNT(*) FROM room_user")


def test_delete_really_deletes(server, database, pair):
    buyer, seller = pair
    gone = room_of(create(server, buyer, seller, name="bike"))
    kept = room_of(create(server, buyer, seller, name="lamp"))
    with server.stomp(buyer) as subscriber, server.stomp(seller) as other:
        subscriber.subscribe("/user/queue/rooms", id="rooms")
        subscriber.subscribe("/user/queue/errors", id="errors")
        other.subscribe("/user/queue/errors", id="errors")
        for room in (gone, kept):
            subscriber.subscribe_room(room, id=room)
            other.say(room, "hello")
            subscriber.expect("MESSAGE", subscription=room)

        answer = server.http("DELETE", f"/room/delete/{gone}")

        assert (answer.status_code, answer.text) == (200, "success")
        removed = subscriber.expect("MESSAGE", subscription="rooms",
                                    body_has={"type": "room.removed"})
        assert removed.json["roomUUID"] == gone
        other.post(gone, "too late", receipt="late")
        assert other.expect("MESSAGE", subscription="errors").headers["code"] == "room_not_found"
        assert other.say(kept, "still here").headers["seq"] == "2"
        assert subscriber.expect("MESSAGE", subscription=kept).json["content"] == "still here"

    assert server.http("GET", f"/chat/room/{gone}").json() == []
    assert server.http("GET", f"/room/{gone}", user=buyer).content == b""
    for user in pair:
        inbox = server.http("GET", "/room/inbox", user=user).json()
        assert [item["roomUUID"] for item in inbox["items"]] == [kept]
    assert database.rows("SELECT id FROM room WHERE roomuuid = %s", gone) == ()
    eventually(lambda: database.value(
        "SELECT COUNT(*) FROM chat c LEFT JOIN room r ON r.id = c.room_id WHERE r.id IS NULL") == 0)
    again = room_of(create(server, buyer, seller, name="bike"))
    assert again != gone
    assert server.http("GET", f"/chat/room/{again}").json() == []


def test_deleting_twice_succeeds(server, pair):
    room = room_of(create(server, *pair, name="bike"))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: server.http("DELETE", f"/room/delete/{room}"), range(4)))

    assert {(a.status_code, a.text) for a in answers} == {(200, "success")}
    assert server.http("GET", f"/room/{room}", user=pair[0]).content == b""


def test_a_user_with_every_kind_of_character(server):
    caller, user = "김 %:\\é😀@x", "판매자/?#&=+@x"
    made = server.http("POST", "/room/create", user=caller, params={"user": user, "name": "한"})

    assert [m["user"] for m in made.json()] == [user, caller]
    listed = server.http("GET", "/room/list", user=caller).json()
    assert [m["other"] for m in listed] == [user]


def test_rooms_an_hour_are_limited(start_server, pair):
    server = start_server({"limits.rooms_per_hour": "3"})
    for number in range(3):
        create(server, *pair, name=f"thing {number}")

    answer = server.http("POST", "/room/create", user=pair[0],
                         params={"user": pair[1], "name": "one more"})

    assert answer.status_code == 429
    assert answer.json()["code"] == "rate_limited"
    assert int(answer.headers["retry-after"]) > 0
    assert create(server, pair[1], pair[0], name="of the other")
