"""The inbox, what is unread, blocks and reports.
SPDX-License-Identifier: MIT
"""
import urllib.parse
import uuid

import pytest

from harness.wait import eventually

ITEM = ["roomUUID", "productName", "productId", "other", "otherOnline", "state", "lastMessage",
        "lastSeq", "readSeq", "otherReadSeq", "unread", "blocked", "updatedAt"]


def inbox(server, user, **params):
    answer = server.http("GET", "/room/inbox", user=user, params=params)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["items", "nextCursor", "totalUnread"]
    return answer.json()


def rooms(got):
    return [item["roomUUID"] for item in got["items"]]


def say(server, room, user, text="hello"):
    answer = server.http("POST", f"/chat/room/{room.uuid}/messages", user=user,
                         json={"content": text})
    assert answer.status_code == 201, answer.text
    return answer.json()


def code_of(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def seller():
    return f"seller-{uuid.uuid4().hex[:8]}@x"


def test_an_inbox_of_nobody_is_empty(server):
    assert inbox(server, "nobody@x") == {"items": [], "nextCursor": None, "totalUnread": 0}
    answer = server.http("GET", "/user/unread", user="nobody@x")
    assert answer.text == '{"totalUnread":0,"rooms":0}'


def test_members_of_an_item(server):
    room = server.new_room(name="자전거")

    item, = inbox(server, room.seller)["items"]
    assert list(item) == ITEM
    assert item["lastMessage"] is None and item["updatedAt"] is not None
    assert (item["productName"], item["other"], item["state"]) == ("자전거", room.buyer, "open")
    assert (item["lastSeq"], item["readSeq"], item["otherReadSeq"], item["unread"]) == (0, 0, 0, 0)
    assert (item["otherOnline"], item["blocked"]) == (False, False)

    sent = say(server, room, room.buyer, "안녕 😀")
    item, = inbox(server, room.seller)["items"]
    assert list(item["lastMessage"]) == ["id", "seq", "sender", "content", "timestamp"]
    assert item["lastMessage"] == {**sent, "sender": room.buyer, "content": "안녕 😀"}
    assert item["updatedAt"] == sent["timestamp"]
    assert (item["lastSeq"], item["readSeq"], item["otherReadSeq"], item["unread"]) == (1, 0, 1, 1)

    mine, = inbox(server, room.buyer)["items"]
    assert (mine["readSeq"], mine["otherReadSeq"], mine["unread"]) == (1, 0, 0)


def test_product_ids_are_told(server):
    room = server.new_room()
    item, = inbox(server, room.buyer)["items"]
    assert item["productId"] and item["productName"] == "bike"


def test_newest_first_and_in_pages(server, seller):
    made = [server.new_room(seller=seller) for _ in range(7)]
    say(server, made[2], made[2].buyer)
    expected = [made[n].uuid for n in (2, 6, 5, 4, 3, 1, 0)]

    assert rooms(inbox(server, seller)) == expected
    seen, cursor = [], None
    for size in (3, 3, 1):
        got = inbox(server, seller, limit=3, **({"cursor": cursor} if cursor else {}))
        assert len(got["items"]) == size
        assert got["totalUnread"] == 1
        seen, cursor = seen + rooms(got), got["nextCursor"]
    assert cursor is None
    assert seen == expected


def test_a_full_last_page_has_no_cursor(server, seller):
    for _ in range(3):
        server.new_room(seller=seller)

    assert inbox(server, seller, limit=3)["nextCursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=-1", "cursor=x", "cursor=1",
                                   "cursor=1.x", "cursor=99999999999999999999.1"])
def test_bad_parameters(server, query):
    assert code_of(server.http("GET", f"/room/inbox?{query}", user="a")) == (
        400, "parameter_invalid")


def test_repeated_parameters_and_no_caller(server):
    assert code_of(server.http("GET", "/room/inbox?limit=1&limit=1", user="a")) == (
        400, "bad_request")
    for path in ("/room/inbox", "/user/unread", "/user/blocks"):
        assert code_of(server.http("GET", path)) == (400, "bad_request")


def test_leave_hides_until_the_next_message(server):
    room = server.new_room()
    say(server, room, room.buyer)

    answer = server.http("POST", f"/room/{room.uuid}/leave", user=room.seller)
    assert answer.status_code == 204 and answer.content == b""
    assert rooms(inbox(server, room.seller)) == []
    assert inbox(server, room.seller)["totalUnread"] == 0  # no more than the inbox can show
    assert server.http("GET", "/user/unread", user=room.seller).json() == {"totalUnread": 0, "rooms": 0}
    assert rooms(inbox(server, room.buyer)) == [room.uuid]
    with server.stomp(room.seller) as still_a_member:
        still_a_member.subscribe_room(room.uuid)
        say(server, room, room.buyer, "again")
        assert still_a_member.expect("MESSAGE").json["content"] == "again"
    assert rooms(inbox(server, room.seller)) == [room.uuid]
    assert inbox(server, room.seller)["totalUnread"] == 2


def test_leave_hides_until_the_room_is_asked_for_again(server):
    room = server.new_room()
    hidden = server.http("POST", f"/room/{room.uuid}/leave", user=room.buyer)
    assert hidden.status_code == 204
    product = server.http("GET", "/room/inbox", user=room.seller).json()["items"][0]["productId"]

    again = server.http("POST", "/room/create", user=room.buyer,
                        params={"user": room.seller, "name": "bike", "product": product})

    assert again.json()[0]["room"]["roomUUID"] == room.uuid
    assert rooms(inbox(server, room.buyer)) == [room.uuid]


def test_leave_is_for_members(server):
    room = server.new_room()
    assert code_of(server.http("POST", f"/room/{room.uuid}/leave", user="stranger@x")) == (
        403, "not_member")
    assert code_of(server.http("POST", "/room/nope/leave", user="a")) == (404, "room_not_found")


def test_what_is_unread_is_counted_over_all_rooms(server, seller):
    first, second = server.new_room(seller=seller), server.new_room(seller=seller)
    for _ in range(2):
        say(server, first, first.buyer)
    say(server, second, second.buyer)

    def unread():
        return server.http("GET", "/user/unread", user=seller).text

    assert unread() == '{"totalUnread":3,"rooms":2}'
    say(server, second, seller)
    assert unread() == '{"totalUnread":2,"rooms":1}'
    server.http("POST", f"/chat/room/{first.uuid}/read", user=seller, json={"seq": 1})
    assert unread() == '{"totalUnread":1,"rooms":1}'
    assert inbox(server, seller)["totalUnread"] == 1


# --- blocks ------------------------------------------------------------------------------------


def test_a_block_ends_messages_both_ways_until_it_is_lifted(server):
    room = server.new_room()
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        for client in (buyer, seller):
            client.subscribe("/user/queue/errors", id="errors")
        assert buyer.say(room.uuid, "before")

        for _ in range(2):  # a repeat is harmless
            answer = server.http("PUT", f"/user/blocks/{room.buyer}", user=room.seller)
            assert answer.status_code == 204 and answer.content == b""

        for client in (buyer, seller):
            client.post(room.uuid, "blocked", receipt="r")
            error = client.expect("MESSAGE", subscription="errors")
            assert (error.headers["code"], error.headers["receipt-id"]) == ("not_deliverable", "r")
        refused = server.http("POST", f"/chat/room/{room.uuid}/messages", user=room.buyer,
                              json={"content": "blocked"})
        assert code_of(refused) == (403, "not_deliverable")
        assert server.http("GET", "/user/blocks", user=room.seller).json() == [room.buyer]
        assert server.http("GET", "/user/blocks", user=room.buyer).json() == []
        assert inbox(server, room.seller)["items"][0]["blocked"] is True

        for _ in range(2):
            answer = server.http("DELETE", f"/user/blocks/{room.buyer}", user=room.seller)
            assert answer.status_code == 204
        assert buyer.say(room.uuid, "after").headers["seq"] == "2"
        assert seller.say(room.uuid, "after").headers["seq"] == "3"
    assert server.http("GET", "/user/blocks", user=room.seller).json() == []
    assert inbox(server, room.seller)["items"][0]["blocked"] is False


def test_a_block_is_of_all_rooms_of_the_two_and_of_no_other(server):
    room = server.new_room()
    second = server.new_room(room.buyer, room.seller)
    other = server.new_room(seller=room.seller)

    server.http("PUT", f"/user/blocks/{room.buyer}", user=room.seller)

    for blocked in (room, second, server.new_room(room.buyer, room.seller)):
        answer = server.http("POST", f"/chat/room/{blocked.uuid}/messages", user=room.buyer,
                             json={"content": "x"})
        assert code_of(answer) == (403, "not_deliverable")
    say(server, other, room.seller)


def test_whom_one_can_block(server):
    assert code_of(server.http("PUT", "/user/blocks/a", user="a")) == (400, "parameter_invalid")
    assert server.http("PUT", "/user/blocks/" + "%EA%B9%80%20%25%3F@x", user="a").status_code == 204
    assert server.http("GET", "/user/blocks", user="a").json() == ["김 %?@x"]
    assert code_of(server.http("PUT", "/user/blocks/" + "u" * 191, user="a")) == (
        400, "parameter_invalid")


def test_a_path_names_any_user(server):
    for user in ("team/sales", "/", "50%", "a%2Fb", "../x", "한/글"):
        path = f"/user/blocks/{urllib.parse.quote(user, safe='')}"
        assert server.http("PUT", path, user="slash@x").status_code == 204, user
        assert server.http("GET", "/user/blocks", user="slash@x").json() == [user]
        assert server.http("DELETE", path, user="slash@x").status_code == 204
    assert server.http("PUT", "/user/blocks/team/sales", user="slash@x").status_code == 404


# --- reports -----------------------------------------------------------------------------------


def report(server, room, user, **body):
    return server.http("POST", f"/chat/room/{room.uuid}/report", user=user, json=body)


def test_a_report_keeps_what_was_said(server, database):
    room = server.new_room()
    for text in ("nice", "bad 😀", "worse"):
        say(server, room, room.buyer, text)

    answer = report(server, room, room.seller, reason="abuse", seqs=[2, 3], comment="욕설")

    assert answer.status_code == 204 and answer.content == b""
    row, = database.rows("SELECT * FROM report WHERE roomuuid = %s", room.uuid)
    assert (row["reporter"], row["reason"], row["comment"]) == (room.seller, "abuse", "욕설")
    assert "bad 😀" in row["evidence"] and "worse" in row["evidence"]
    assert "nice" not in row["evidence"]
    server.http("DELETE", f"/room/delete/{room.uuid}")
    eventually(lambda: not database.rows("SELECT id FROM room WHERE roomuuid = %s", room.uuid))
    assert len(database.rows("SELECT id FROM report WHERE roomuuid = %s", room.uuid)) == 1


def test_a_report_without_messages(server, database):
    room = server.new_room()

    assert report(server, room, room.seller, reason="spam").status_code == 204
    assert report(server, room, room.seller, reason="spam", seqs=[]).status_code == 204
    assert database.value("SELECT COUNT(*) FROM report WHERE roomuuid = %s", room.uuid) == 2


@pytest.mark.parametrize("body, expected", [
    ({}, (400, "body_invalid")), ({"reason": ""}, (400, "body_invalid")),
    ({"reason": "x", "seqs": [0]}, (400, "body_invalid")),
    ({"reason": "x", "seqs": [9]}, (400, "parameter_invalid")),
    ({"reason": "x", "seqs": list(range(1, 52))}, (400, "body_invalid")),
    ({"reason": "x", "seqs": "1"}, (400, "body_invalid")),
])
def test_bad_reports(server, body, expected):
    room = server.new_room()
    assert code_of(report(server, room, room.buyer, **body)) == expected


def test_reports_are_for_members(server):
    room = server.new_room()
    assert code_of(report(server, room, "stranger@x", reason="x")) == (403, "not_member")
    assert code_of(report(server, room._replace(uuid="nope"), "a", reason="x")) == (
        404, "room_not_found")


# --- frozen rooms ------------------------------------------------------------------------------


def test_an_operator_freezes_a_room(server):
    room = server.new_room()
    say(server, room, room.buyer)

    def patch(**body):
        return server.admin("PATCH", f"/admin/rooms/{room.uuid}", json=body)

    assert patch(state="frozen").status_code == 204
    refused = server.http("POST", f"/chat/room/{room.uuid}/messages", user=room.buyer,
                          json={"content": "x"})
    assert code_of(refused) == (409, "room_frozen")
    assert inbox(server, room.buyer)["items"][0]["state"] == "frozen"
    assert len(server.http("GET", f"/chat/room/{room.uuid}").json()) == 1
    assert patch(state="open").status_code == 204
    assert say(server, room, room.buyer)["seq"] == 2
    assert code_of(patch(state="closed")) == (400, "parameter_invalid")
    assert code_of(patch(state="melted")) == (400, "parameter_invalid")
    assert code_of(patch()) == (400, "body_invalid")
    assert code_of(server.admin("PATCH", "/admin/rooms/nope", json={"state": "open"})) == (
        404, "room_not_found")
