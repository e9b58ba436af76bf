"""CONNECT and CONNECTED: versions, heart-beats, sub-protocols, identity; DISCONNECT.
SPDX-License-Identifier: MIT
"""
import re
import uuid

import pytest

from harness.http import Connection
from harness.stomp import Stomp


def connect_raw(server, *lines, **kwargs):
    """A client that sent a CONNECT of these lines."""
    client = server.stomp(**kwargs)
    client.send_text("\n".join(lines) + "\n\n\0")
    return client


@pytest.mark.parametrize("accept, version", [
    ("1.0", "1.0"), ("1.1", "1.1"), ("1.2", "1.2"), ("1.1,1.0", "1.1"), ("1.0,1.1,1.2", "1.2"),
    ("1.2,1.1,1.0", "1.2"), ("1.1,2.0", "1.1"), ("0.9, 1.0 ,1.1", "1.1"), (None, "1.0")])
def test_the_highest_common_version(server, accept, version):
    with server.stomp() as client:
        connected = client.connect("a@x", **{"accept-version": accept})

    assert connected.headers["version"] == version


@pytest.mark.parametrize("command", ["CONNECT", "STOMP"])
def test_connected_tells_all(server, command):
    with connect_raw(server, command, "accept-version:1.2", "heart-beat:10000,10000",
                     "sender:buyer@x", "host:any") as client:
        connected = client.expect("CONNECTED")

    assert list(connected.headers) == ["version", "heart-beat", "server", "session", "user-name",
                                       "max-frame-size"]
    assert re.fullmatch(r"reuse-chat/[\d.]+ " + server.settings["server.id"],
                        connected.headers["server"])
    assert uuid.UUID(connected.headers["session"])
    assert connected.headers["user-name"] == "buyer@x"
    assert connected.headers["max-frame-size"] == "65536"
    assert connected.body == ""


@pytest.mark.parametrize("version, asked, told", [
    ("1.2", "10000,10000", "10000,10000"), ("1.1", "10000,10000", "10000,10000"),
    ("1.1", "0,0", "10000,10000"), ("1.2", "60000,5000", "10000,10000"),
    ("1.2", None, "10000,10000"), ("1.0", "10000,10000", "0,0"), ("1.0", None, "0,0")])
def test_heart_beat_is_always_told(server, version, asked, told):
    with server.stomp() as client:
        connected = client.connect("a@x", version, heart_beat=asked)

    assert connected.headers["heart-beat"] == told


def test_over_sockjs_its_own_heart_beats_do(server):
    path = f"/ws-stomp/000/{uuid.uuid4().hex}"
    with Connection(server.url) as connection:
        def post(transport, body=""):
            connection.request(f"POST {path}/{transport}", "Content-Type: text/plain",
                               f"Content-Length: {len(body)}", body=body)
            return connection.answer("POST")

        assert post("xhr").text == "o\n"
        assert post("xhr_send", r'["CONNECT\naccept-version:1.1\nheart-beat:10000,10000\n'
                                r'sender:a@x\n\n\u0000"]').status == 204
        assert r"\nheart-beat:0,0\n" in post("xhr").text


@pytest.mark.parametrize("accept", ["2.0", "1.3", "", "x"])
def test_no_common_version(server, accept):
    with connect_raw(server, "CONNECT", f"accept-version:{accept}", "sender:a@x") as client:
        error = client.expect_error("unsupported_version")
        assert error.headers["version"] == "1.0,1.1,1.2"
        assert client.expect_close() == (1002, "unsupported_version")


@pytest.mark.parametrize("why, lines", [
    ("no heart-beat", ["heart-beat:x"]), ("half of one", ["heart-beat:1000"]),
    ("a negative one", ["heart-beat:-1,0"]), ("three", ["heart-beat:1,2,3"])])
def test_a_malformed_heart_beat(server, why, lines):
    with connect_raw(server, "CONNECT", "accept-version:1.2", "sender:a@x", *lines) as client:
        client.expect_error("malformed_frame")
        assert client.expect_close() == (1002, "malformed_frame"), why


@pytest.mark.parametrize("sender", [None, "", "u" * 191, "한" * 64, "a\x7fb"])
def test_connect_needs_an_identity(server, sender):
    with connect_raw(server, "CONNECT", "accept-version:1.2", "receipt:r",
                     *([f"sender:{sender}"] if sender is not None else [])) as client:
        error = client.expect_error("auth_required")
        assert error.headers["receipt-id"] == "r"
        assert client.expect_close() == (1008, "auth_required")


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
@pytest.mark.parametrize("user, told", [
    ("buyer@x", "buyer@x"), ("u" * 190, "u" * 190), ("김@x", "김@x"),
    ("a:b", "a%3Ab"), ("100%", "100%25"), ("a\\b", "a%5Cb"), ("a b", "a%20b"), (" a", "%20a"),
    ("김:é@x/?", "%EA%B9%80%3A%C3%A9%40x%2F%3F")])
def test_user_names_need_no_unescaping(server, version, user, told):
    with server.stomp() as client:
        connected = client.connect(user, version)

    assert connected.headers["user-name"] == told


def test_values_made_by_the_server_need_no_unescaping(server):
    room = server.new_room()
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        seller.subscribe("/user/queue/errors", id="e")
        frames = [seller.subscribe_room(room.uuid, id="s"), buyer.say(room.uuid, "hi"),
                  seller.expect("MESSAGE", subscription="s")]
        seller.frame("SEND", destination="/nowhere")
        frames.append(seller.expect("MESSAGE", subscription="e"))

    for frame in frames:
        head = frame.raw.partition("\n\n")[0].split("\n")[1:]
        for line in head:
            value = line.partition(":")[2]
            assert not re.search(r"[:\\\r]|^ | $", value), line


@pytest.mark.parametrize("offered, taken", [
    (["v10.stomp", "v11.stomp", "v12.stomp"], "v10.stomp"),
    (["v12.stomp", "v11.stomp", "v10.stomp"], "v12.stomp"),
    (["v11.stomp"], "v11.stomp"), (["foo", "v12.stomp"], "v12.stomp"), ([], None)])
@pytest.mark.parametrize("path", ["", "/websocket"])
def test_sub_protocols(server, offered, taken, path):
    with Stomp(server.ws_url + path, "a@x", subprotocols=offered) as client:
        assert client.ws.subprotocol == taken


def test_another_websocket_version_is_told_which(server):
    with Connection(server.url) as connection:
        connection.request("GET /ws-stomp", "Upgrade: websocket", "Connection: Upgrade",
                           "Sec-WebSocket-Version: 8",
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        answer = connection.answer()
    assert answer.status == 426
    assert answer.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("first", ["SEND\ndestination:/x\n\n\0", "SUBSCRIBE\nid:1\n\n\0",
                                   "DISCONNECT\nreceipt:r\n\n\0", "BEGIN\ntransaction:t\n\n\0"])
def test_connect_comes_first(server, first):
    with server.stomp() as client:
        client.send_text(first)
        client.expect_error("malformed_frame")
        assert client.expect_close() == (1002, "malformed_frame")


def test_connect_comes_once(server):
    with server.stomp("a@x") as client:
        client.frame("CONNECT", **{"accept-version": "1.2", "sender": "a@x"})
        client.expect_error("malformed_frame")
        assert client.expect_close() == (1002, "malformed_frame")


def test_connect_is_awaited_only_so_long(start_server):
    server = start_server({"limits.connect_timeout": "1s"})
    with server.stomp() as client, server.stomp("a@x") as connected:
        client.send_text("\n\n")
        client.expect_error("connect_timeout")
        assert client.expect_close() == (1008, "connect_timeout")
        assert connected.nothing_came()
    server.kill()


@pytest.mark.parametrize("receipt", ["bye", None])
def test_disconnect(server, receipt):
    with server.stomp("a@x") as client:
        client.frame("DISCONNECT", receipt=receipt)
        if receipt:
            assert client.expect("RECEIPT").headers == {"receipt-id": "bye"}
        assert client.expect_close() == (1000, "")


def test_what_follows_disconnect_is_not_looked_at(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.send_text("DISCONNECT\nreceipt:bye\n\n\0SEND\ndestination:/pub/room/"
                         f"{room.uuid}/message\n\n{{\"content\":\"late\"}}\0NONSENSE\n\n\0")
        client.expect("RECEIPT", receipt_id="bye")
        assert client.expect_close() == (1000, "")
    assert server.http("GET", f"/chat/room/{room.uuid}").json() == []


def test_what_came_before_a_disconnect_is_stored_and_receipted(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.send_text("".join(
            f"SEND\ndestination:/pub/room/{room.uuid}/message\nreceipt:{n}\n\n"
            f'{{"content":"{n}"}}\0' for n in range(3)) + "DISCONNECT\nreceipt:bye\n\n\0")
        assert client.expect_close() == (1000, "")
    stored = server.http("GET", f"/chat/room/{room.uuid}").json()
    assert [m["content"] for m in stored] == ["0", "1", "2"]
