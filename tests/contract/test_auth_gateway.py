"""auth.mode=gateway: X-Auth-User counts from trusted proxies only, on REST and on the upgrade; and
what trust mode warns of.
SPDX-License-Identifier: MIT
"""
import json
import socket

import pytest
import websockets

from harness.http import once
from harness.stomp import Stomp

GATEWAY = {"auth.mode": "gateway", "auth.trusted_proxies": "10.0.0.0/8, 127.0.0.1"}


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(GATEWAY)


@pytest.fixture(scope="module")
def untrusting(start_server):
    """We are no proxy of its."""
    return start_server({**GATEWAY, "auth.trusted_proxies": "10.0.0.0/8"})


@pytest.fixture(scope="module")
def room(server):
    return server.new_room()


def as_user(user):
    return {"X-Auth-User": user}


def code_of(answer):
    return answer.status, json.loads(answer.text)["code"]


def test_rest_and_stomp_for_who_comes_through_the_proxy(server, room):
    with Stomp(server.ws_url, http_headers=as_user(room.buyer)) as buyer:
        assert buyer.connect("liar@x").headers["user-name"] == room.buyer
        buyer.subscribe_room(room.uuid)
        assert buyer.say(room.uuid, "x").headers["seq"] == "1"
        assert buyer.expect("MESSAGE").json["sender"] == room.buyer
    assert len(server.http("GET", f"/chat/room/{room.uuid}", user=room.seller).json()) == 1


def test_sender_counts_for_nothing(server, room):
    with Stomp(server.ws_url, "liar@x", http_headers=as_user("stranger@x")) as stranger:
        stranger.subscribe("/user/queue/errors", id="e")
        stranger.post(room.uuid, "x")
        stranger.expect("MESSAGE", code="not_member")


def refused(url, headers):
    """The HTTP status of an upgrade that was refused."""
    with pytest.raises(websockets.InvalidStatusCode) as error:
        Stomp(url, http_headers=headers)
    return error.value.status_code


def test_an_upgrade_without_a_user_is_refused(server):
    assert refused(server.ws_url, {}) == 401
    assert refused(server.ws_url, as_user("")) == 400
    assert refused(server.ws_url, as_user("u" * 191)) == 400


def test_from_elsewhere_the_header_does_not_count(untrusting):
    assert refused(untrusting.ws_url, as_user("a@x")) == 403
    answer = once(untrusting.url, "GET /room/list", "X-Auth-User: a@x")
    assert code_of(answer) == (403, "forbidden")
    assert code_of(once(untrusting.url, "GET /room/list")) == (401, "auth_required")
    assert once(untrusting.url, "GET /chat/test").text == "test response"


@pytest.mark.parametrize("headers, expected", [
    (["X-Auth-User:"], (400, "bad_request")),
    (["X-Auth-User: a", "X-Auth-User: b"], (400, "bad_request")),
    (["X-Auth-User: " + "u" * 191], (400, "bad_request")),
    ([], (401, "auth_required")),
    (["Authorization: Bearer x"], (401, "auth_required")),
])
def test_bad_headers(server, headers, expected):
    assert code_of(once(server.url, "GET /room/list", *headers)) == expected


# Method, path, body; status without identity, of a stranger, of a member.
MATRIX = [
    ("GET", "/chat/room/{room}", "", 401, 403, 200),
    ("GET", "/chat/room/{room}/messages", "", 401, 403, 200),
    ("POST", "/chat/room/{room}/messages", '{"content":"x"}', 401, 403, 201),
    ("GET", "/room/rooms", "", 401, 200, 200),
    ("GET", "/room/{room}", "", 401, 200, 200),
    ("DELETE", "/room/delete/{room}", "", 401, 403, 200),
    ("GET", "/chat/debug/sessions", "", 404, 404, 404),
    ("GET", "/chat/debug/server-status", "", 404, 404, 404),
    ("GET", "/chat/test", "", 200, 200, 200),
]


@pytest.mark.parametrize("method, path, body, nobody, stranger, member", MATRIX,
                         ids=[f"{m[0]} {m[1]}" for m in MATRIX])
def test_the_matrix(server, method, path, body, nobody, stranger, member):
    room = server.new_room()
    path = path.format(room=room.uuid)

    for user, status in ((None, nobody), ("stranger@x", stranger), (room.buyer, member)):
        answer = once(server.url, f"{method} {path}", f"Content-Length: {len(body)}",
                      *([f"X-Auth-User: {user}"] if user else []), body=body)
        assert answer.status == status, (user, answer.text)


def test_rooms_are_the_callers_own(server, room):
    rows = server.http("GET", "/room/rooms", user=room.buyer).json()
    assert [(r["user"], r["room"]["roomUUID"]) for r in rows] == [(room.buyer, room.uuid)]


def test_the_client_is_the_last_untrusted_address(start_server, database):
    """Inquiries are limited by address."""
    server = start_server({**GATEWAY, "limits.inquiries_per_hour": "1"})

    def upload(*forwarded):
        return once(server.url, "POST /inquiry/upload", "Content-Length: 15",
                    *[f"X-Forwarded-For: {f}" for f in forwarded], body='{"message":"x"}').status

    assert upload("1.1.1.1, 2.2.2.2, 10.1.1.1") == 200
    assert upload("9.9.9.9, 2.2.2.2") == 429  # what stands before it is the client's own word
    assert upload("9.9.9.9", "2.2.2.2") == 429  # a proxy may add a header of its own
    assert upload("1.1.1.1") == 200
    assert upload("2001:db8::1") == 200
    assert upload() == 200 and upload() == 429
    assert [r["address"] for r in database.rows("SELECT address FROM inquiry ORDER BY id")] == [
        "2.2.2.2", "1.1.1.1", "2001:db8::1", "127.0.0.1"]
    server.kill()


# --- where a server listens --------------------------------------------------------------------


def other_address():
    """An address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = s.getsockname()[0]
    return None if address.startswith("127.") else address


def is_reachable(server, address):
    with socket.socket() as s:
        s.settimeout(2)
        return s.connect_ex((address, int(server.settings["server.port"]))) == 0


def test_trust_mode_listens_on_loopback_unless_told(start_server, server):
    closed = start_server()
    opened = start_server({"server.address": "0.0.0.0"})

    assert "auth.trust" in opened.log() and "auth.trust" not in closed.log()
    address = other_address()
    if address:
        assert not is_reachable(closed, address)
        assert is_reachable(opened, address)
        assert is_reachable(server, address)  # gateway mode needs no telling
