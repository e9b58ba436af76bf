"""/chat/room/{roomUUID}/…: pages of the history, sending with an Idempotency-Key, read markers.
SPDX-License-Identifier: MIT
"""
import concurrent.futures
import re

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?")


def post(server, room, user, content, **kwargs):
    key = kwargs.pop("key", None)
    headers = {"Idempotency-Key": key} if key is not None else {}
    return server.http("POST", f"/chat/room/{room.uuid}/messages", user=user,
                       json={"content": content}, headers=headers)


def page(server, room, user=None, **params):
    answer = server.http("GET", f"/chat/room/{room.uuid}/messages", user=user or room.buyer,
                         params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def seqs(got):
    return [item["seq"] for item in got["items"]]


def code_of(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def long_room(server):
    """A room of 210 messages."""
    room = server.new_room()
    with server.stomp(room.buyer) as buyer:
        for n in range(1, 210):
            buyer.post(room.uuid, f"message {n}")
        buyer.say(room.uuid, "message 210")
    return room


@pytest.mark.parametrize("why, params, expected, has_more", [
    ("the newest 50 without parameters", {}, range(161, 211), True),
    ("the newest few", {"limit": 3}, range(208, 211), True),
    ("before", {"before": 100, "limit": 10}, range(90, 100), True),
    ("before, down to the first", {"before": 11, "limit": 10}, range(1, 11), False),
    ("before the first", {"before": 1}, range(0), False),
    ("before what is to come", {"before": 1000, "limit": 2}, range(209, 211), True),
    ("after", {"after": 100, "limit": 10}, range(101, 111), True),
    ("after, up to the last", {"after": 200, "limit": 10}, range(201, 211), False),
    ("after 0", {"after": 0, "limit": 1}, range(1, 2), True),
    ("after the last", {"after": 210}, range(0), False),
    ("at most 200", {"limit": 5000}, range(11, 211), True),
])
def test_pages(server, long_room, why, params, expected, has_more):
    got = page(server, long_room, **params)

    assert seqs(got) == list(expected), why
    assert got["hasMore"] is has_more
    assert got["firstSeq"] == (expected[0] if len(expected) else None)
    assert got["lastSeq"] == (expected[-1] if len(expected) else None)
    assert [i["content"] for i in got["items"]] == [f"message {n}" for n in expected]


def test_members_of_a_page(server):
    room = server.new_room()
    sent = post(server, room, room.buyer, "안녕 😀").json()

    got = page(server, room, room.seller)

    assert list(got) == ["items", "firstSeq", "lastSeq", "hasMore", "read"]
    item, = got["items"]
    assert list(item) == ["id", "seq", "roomUUID", "sender", "content", "timestamp"]
    assert item == {"id": sent["id"], "seq": 1, "roomUUID": room.uuid, "sender": room.buyer,
                    "content": "안녕 😀", "timestamp": sent["timestamp"]}
    assert TIME.fullmatch(item["timestamp"])
    assert got["read"] == {room.buyer: 1, room.seller: 0}
    whole, = server.http("GET", f"/chat/room/{room.uuid}").json()
    assert whole["timestamp"] == item["timestamp"]


@pytest.mark.parametrize("query", ["before=x", "before=0", "before=-1", "after=-1", "after=1.5",
                                   "limit=0", "limit=-1", "limit=x", "before=5&after=5",
                                   "before=99999999999999999999", "after="])
def test_bad_parameters(server, long_room, query):
    answer = server.http("GET", f"/chat/room/{long_room.uuid}/messages?{query}",
                         user=long_room.buyer)

    assert code_of(answer) == (400, "parameter_invalid")


def test_pages_are_for_members(server, long_room):
    path = f"/chat/room/{long_room.uuid}/messages"

    assert code_of(server.http("GET", path, user="stranger@x")) == (403, "not_member")
    assert code_of(server.http("GET", path)) == (400, "bad_request")
    assert code_of(server.http("GET", "/chat/room/nope/messages", user="a")) == (
        404, "room_not_found")
    assert code_of(server.http("GET", path + "?limit=1&limit=2", user=long_room.buyer)) == (
        400, "bad_request")


@pytest.mark.parametrize("count, filling", [
    (1200, " 한😀"),
    (600, "x" * 1990),  # 500 of these are more than may wait for one connection
])
def test_the_whole_history_comes_in_pages(server, count, filling):
    room = server.new_room()
    texts = [f"{n}{filling}" for n in range(count)]
    with server.stomp(room.buyer) as buyer:
        for text in texts[:-1]:
            buyer.post(room.uuid, text)
        buyer.say(room.uuid, texts[-1])

    answer = server.http("GET", f"/chat/room/{room.uuid}")

    assert answer.headers["content-type"] == "application/json"
    assert "content-length" not in answer.headers
    assert [m["content"] for m in answer.json()] == texts
    head = server.http("HEAD", f"/chat/room/{room.uuid}")
    assert (head.status_code, head.content) == (200, b"")


# --- POST --------------------------------------------------------------------------------------


def test_a_post_is_stored_delivered_and_answered_201(server):
    room = server.new_room()
    with server.stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid)

        answer = post(server, room, room.buyer, "by REST", key="k-1")

        assert answer.status_code == 201
        assert list(answer.json()) == ["id", "seq", "timestamp"]
        message = seller.expect("MESSAGE")
    assert message.headers["message-id"] == answer.json()["id"]
    assert message.headers["seq"] == str(answer.json()["seq"]) == "1"
    assert message.headers["idempotency-key"] == "k-1"
    assert message.json["content"] == "by REST"
    assert message.json["timestamp"] == answer.json()["timestamp"]


def test_a_repeat_is_answered_200_with_the_first_result_and_not_delivered(server):
    room = server.new_room()
    with server.stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid)
        first = post(server, room, room.buyer, "once", key="k")
        again = post(server, room, room.buyer, "once", key="k")
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        seller.expect("MESSAGE")
        assert seller.nothing_came()

    assert code_of(post(server, room, room.buyer, "other", key="k")) == (
        422, "idempotency_conflict")
    assert post(server, room, room.seller, "another's", key="k").status_code == 201
    elsewhere = server.new_room(room.buyer, room.seller)
    assert post(server, elsewhere, room.buyer, "elsewhere", key="k").status_code == 201
    assert seqs(page(server, room)) == [1, 2]


def test_without_a_key_nothing_is_the_same(server):
    room = server.new_room()
    for _ in range(2):
        assert post(server, room, room.buyer, "twice").status_code == 201
    assert seqs(page(server, room)) == [1, 2]


def test_one_key_at_once_is_one_message(server):
    room = server.new_room()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: post(server, room, room.buyer, "x", key="same"),
                                range(10)))

    assert sorted(a.status_code for a in answers) == [200] * 9 + [201]
    assert len({a.text for a in answers}) == 1
    assert seqs(page(server, room)) == [1]


def test_keys_are_shared_with_stomp(server):
    room = server.new_room()
    with server.stomp(room.buyer) as buyer:
        sent = buyer.say(room.uuid, "both ways", idempotency_key="shared")
        answer = post(server, room, room.buyer, "both ways", key="shared")
        assert answer.status_code == 200
        assert answer.json()["id"] == sent.headers["message-id"]

        answer = post(server, room, room.buyer, "REST first", key="rest")
        sent = buyer.say(room.uuid, "REST first", idempotency_key="rest")
    assert sent.headers["duplicate"] == "true"
    assert sent.headers["message-id"] == answer.json()["id"]


@pytest.mark.parametrize("why, body, headers, expected", [
    ("no content", b"{}", {}, (422, "content_empty")),
    ("null", b'{"content":null}', {}, (422, "content_empty")),
    ("blanks", '{"content":" \u3000\\n"}'.encode(), {}, (422, "content_empty")),
    ("no JSON", b"hello", {}, (400, "body_invalid")),
    ("nothing", b"", {}, (400, "body_invalid")),
    ("an array", b"[]", {}, (400, "body_invalid")),
    ("trailing garbage", b'{"content":"a"}x', {}, (400, "body_invalid")),
    ("a NUL", b'{"content":"a\\u0000b"}', {}, (400, "body_invalid")),
    ("a lone surrogate", b'{"content":"\\ud800"}', {}, (400, "body_invalid")),
    ("too long", b'{"content":"' + b"x" * 2001 + b'"}', {}, (413, "content_too_long")),
    ("too long, in characters", ('{"content":"' + "한" * 2001 + '"}').encode(), {},
     (413, "content_too_long")),
    ("an empty key", b'{"content":"a"}', {"Idempotency-Key": ""}, (400, "parameter_invalid")),
    ("a long key", b'{"content":"a"}', {"Idempotency-Key": "k" * 65}, (400, "parameter_invalid")),
    ("a key with a blank", b'{"content":"a"}', {"Idempotency-Key": "a b"},
     (400, "parameter_invalid")),
    ("another room in the body", b'{"content":"a","roomUUID":"x"}', {}, (400, "room_mismatch")),
])
def test_bad_posts(server, long_room, why, body, headers, expected):
    answer = server.http("POST", f"/chat/room/{long_room.uuid}/messages", user=long_room.buyer,
                         data=body, headers=headers)

    assert code_of(answer) == expected, why


def test_posts_to_rooms_of_others_and_to_none(server, long_room):
    nowhere = long_room._replace(uuid="7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33")

    assert code_of(post(server, long_room, "stranger@x", "hi")) == (403, "not_member")
    assert code_of(post(server, nowhere, long_room.buyer, "hi")) == (404, "room_not_found")
    assert code_of(post(server, long_room._replace(uuid="nope"), "a", "hi")) == (
        404, "room_not_found")
    assert code_of(post(server, long_room, None, "hi")) == (400, "bad_request")


def test_the_longest_content_counts_characters(server):
    room = server.new_room()

    for text in ["x" * 2000, "한" * 2000, "😀" * 2000]:
        assert post(server, room, room.buyer, text).status_code == 201
    assert [len(m["content"]) for m in server.http("GET", f"/chat/room/{room.uuid}").json()] == [
        2000] * 3


def test_posts_are_limited_per_user(start_server):
    server = start_server({"limits.messages_per_second": "1", "limits.messages_burst": "3"})
    room = server.new_room()
    answers = [post(server, room, room.buyer, f"{n}") for n in range(4)]

    assert [a.status_code for a in answers] == [201, 201, 201, 429]
    assert answers[3].json()["code"] == "rate_limited"
    assert int(answers[3].headers["retry-after"]) > 0
    assert post(server, room, room.seller, "the other").status_code == 201


# --- read markers ------------------------------------------------------------------------------


def read(server, room, user, seq):
    return server.http("POST", f"/chat/room/{room.uuid}/read", user=user, json={"seq": seq})


def test_read_moves_forward_only_and_counts_what_is_left(server):
    room = server.new_room()
    other = server.new_room(room.buyer, room.seller)
    for n in range(5):
        post(server, room, room.buyer, f"{n}")
    post(server, other, room.buyer, "elsewhere")

    def unread_after(seq):
        answer = read(server, room, room.seller, seq)
        assert answer.status_code == 200, answer.text
        assert list(answer.json()) == ["unread", "totalUnread"]
        return answer.json()["unread"], answer.json()["totalUnread"]

    assert unread_after(0) == (5, 6)
    assert unread_after(2) == (3, 4)
    assert unread_after(1) == (3, 4)
    assert unread_after(2) == (3, 4)
    assert page(server, room)["read"] == {room.buyer: 5, room.seller: 2}
    assert unread_after(1000) == (0, 1)
    assert page(server, room)["read"] == {room.buyer: 5, room.seller: 5}
    post(server, room, room.buyer, "one more")
    assert unread_after(0) == (1, 2)


def test_what_one_said_oneself_is_read(server):
    room = server.new_room()
    post(server, room, room.buyer, "1")
    post(server, room, room.seller, "2")

    assert read(server, room, room.seller, 0).json()["unread"] == 0
    assert read(server, room, room.buyer, 0).json()["unread"] == 1


@pytest.mark.parametrize("body, expected", [
    (b"{}", (400, "body_invalid")), (b'{"seq":null}', (400, "body_invalid")),
    (b'{"seq":-1}', (400, "body_invalid")), (b'{"seq":"x"}', (400, "body_invalid")),
    (b"", (400, "body_invalid"))])
def test_bad_markers(server, long_room, body, expected):
    answer = server.http("POST", f"/chat/room/{long_room.uuid}/read", user=long_room.buyer,
                         data=body)

    assert code_of(answer) == expected


def test_markers_are_for_members(server, long_room):
    assert code_of(read(server, long_room, "stranger@x", 1)) == (403, "not_member")
    assert code_of(read(server, long_room._replace(uuid="nope"), "a", 1)) == (
        404, "room_not_found")
