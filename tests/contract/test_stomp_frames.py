"""Frames on the wire: how they are cut and joined, escaped, limited, receipted, and refused.
SPDX-License-Identifier: MIT
"""
import json
import uuid

import pytest

from harness.stomp import encode


@pytest.fixture(scope="module")
def room(server):
    return server.new_room()


def send_frame(room, content, extra="", eol="\n"):
    """A SEND as text."""
    lines = ["SEND", f"destination:/pub/room/{room.uuid}/message", *([extra] if extra else []),
             "", json.dumps({"content": content}, ensure_ascii=False)]
    return eol.join(lines[:-1]) + eol + lines[-1] + "\0"


def subscribed(server, room, version="1.2"):
    client = server.stomp()
    client.connect(room.buyer, version)
    client.subscribe_room(room.uuid, id="s")
    return client


# --- cutting and joining -----------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_frame_over_many_websocket_messages(server, room, size):
    text = "안녕 😀 " * (3 if size == 1 else 300)
    with subscribed(server, room) as client:
        frame = send_frame(room, text)
        for at in range(0, len(frame), size):
            client.send_text(frame[at:at + size])
        assert client.expect("MESSAGE").json["content"] == text


def test_characters_cut_in_two_by_binary_messages(server, room):
    with subscribed(server, room) as client:
        frame = send_frame(room, "한😀").encode()
        for at in range(len(frame)):
            client.send_bytes(frame[at:at + 1])
        assert client.expect("MESSAGE").json["content"] == "한😀"


def test_many_frames_in_one_websocket_message(server, room):
    with subscribed(server, room) as client:
        client.send_text("\n\r\n".join(send_frame(room, f"{n}") for n in range(50)) + "\n\n\n")
        assert [m.json["content"] for m in client.messages(50)] == [f"{n}" for n in range(50)]


def test_frames_cut_across_the_borders_of_messages(server, room):
    frames = "".join(send_frame(room, f"{n}", f"receipt:{n}") for n in range(20))
    with subscribed(server, room) as client:
        for at in range(0, len(frames), 61):
            client.send_text(frames[at:at + 61])
        seqs = [int(client.expect("RECEIPT", receipt_id=n).headers["seq"]) for n in range(20)]
        assert seqs == list(range(seqs[0], seqs[0] + 20))


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_binary_messages_are_accepted(server, room, version):
    with server.stomp() as client:
        client.send_bytes(encode("CONNECT", {"accept-version": version, "sender": room.buyer})
                          .encode())
        client.expect("CONNECTED")
        client.send_bytes(send_frame(room, "binary", "receipt:r").encode())
        client.expect("RECEIPT", receipt_id="r")  # every answer is text: others fail the client


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_lines_may_end_in_crlf(server, room, version):
    with subscribed(server, room, version) as client:
        client.send_text("\r\n" + send_frame(room, "crlf", "receipt:r", eol="\r\n"))
        assert client.expect("RECEIPT").headers["receipt-id"] == "r"
        assert client.expect("MESSAGE").json["content"] == "crlf"


def test_content_length_counts_bytes_and_decides(server, room):
    body = json.dumps({"content": "한"}, ensure_ascii=False)
    with subscribed(server, room) as client:
        client.send_text(f"SEND\ndestination:/pub/room/{room.uuid}/message\n"
                         f"content-length:{len(body.encode())}\n\n{body}\0")
        assert client.expect("MESSAGE").json["content"] == "한"
        client.subscribe("/user/queue/errors", id="e")
        client.send_text(f"SEND\ndestination:/pub/room/{room.uuid}/message\n"
                         f"content-length:{len(body.encode()) + 3}\n\n{body}\0ab\0")
        assert client.expect("MESSAGE", subscription="e").headers["code"] == "body_invalid"


def test_the_first_of_repeated_headers_counts(server, room):
    with subscribed(server, room) as client:
        client.send_text(send_frame(room, "x", "receipt:first\nreceipt:second\ndestination:/no"))
        assert client.expect("RECEIPT").headers["receipt-id"] == "first"


def test_a_message_is_one_frame_with_all_headers_in_order(server, room):
    with subscribed(server, room) as client:
        receipt = client.say(room.uuid, "안녕 😀", idempotency_key=f"k-{uuid.uuid4()}")
        message = client.expect("MESSAGE")

    assert list(message.headers) == [
        "destination", "subscription", "message-id", "seq", "timestamp", "idempotency-key",
        "content-type", "content-length"]
    assert message.headers["destination"] == f"/sub/chat/room/{room.uuid}"
    assert message.headers["subscription"] == "s"
    assert message.headers["content-type"] == "application/json"
    assert uuid.UUID(message.headers["message-id"])
    assert list(receipt.headers) == ["receipt-id", "message-id", "seq", "timestamp"]
    for name in ("message-id", "seq", "timestamp"):
        assert message.headers[name] == receipt.headers[name]
    assert list(message.json) == ["roomUUID", "sender", "content", "timestamp"]
    assert message.body == json.dumps(message.json, ensure_ascii=False, separators=(",", ":"))


# --- what a client names comes back --------------------------------------------------------------


@pytest.mark.parametrize("version, sent, back", [
    ("1.2", r"a\cb\\c\nd\re", r"a\cb\\c\nd\re"), ("1.2", "a:b", r"a\cb"),
    ("1.1", r"a\cb\\c\nd", r"a\cb\\c\nd"), ("1.0", r"a\cb", r"a\cb"), ("1.0", "a:b", "a:b"),
    ("1.2", "  blanks ", "  blanks "), ("1.1", "한글 😀", "한글 😀"), ("1.2", "", "")])
def test_ids_are_echoed_escaped_as_the_version_says(server, room, version, sent, back):
    with server.stomp() as client:
        client.connect(room.buyer, version)
        client.send_text(f"SUBSCRIBE\nid:{sent}\ndestination:/sub/chat/room/{room.uuid}\n"
                         f"receipt:{sent}\n\n\0")
        assert f"\nreceipt-id:{back}\n" in client.expect("RECEIPT").raw
        client.post(room.uuid, "x")
        assert f"\nsubscription:{back}\n" in client.expect("MESSAGE").raw


def test_stomp_1_0_without_subscription_ids(server, room):
    with server.stomp() as client:
        client.connect(room.buyer, "1.0")
        client.frame("SUBSCRIBE", destination=f"/sub/chat/room/{room.uuid}", receipt="r")
        client.expect("RECEIPT", receipt_id="r")
        client.post(room.uuid, "x")
        message = client.expect("MESSAGE")
        assert "subscription" not in message.headers
        assert message.headers["destination"] == f"/sub/chat/room/{room.uuid}"
        client.frame("UNSUBSCRIBE", destination=f"/sub/chat/room/{room.uuid}", receipt="u")
        client.expect("RECEIPT", receipt_id="u")
        client.say(room.uuid, "y")
        assert client.nothing_came()


def test_every_frame_is_receipted(server, room):
    with server.stomp(room.buyer) as client:
        destination = f"/sub/chat/room/{room.uuid}"
        assert list(client.subscribe(destination, id="s", ack="client-individual").headers) == [
            "receipt-id", "recovered", "first-seq", "last-seq", "replayed"]
        for name in (destination + "/event", "/user/queue/errors", "/user/queue/rooms"):
            assert list(client.subscribe(name).headers) == ["receipt-id"]
        client.ask("BEGIN", transaction="t")
        client.ask("ABORT", transaction="t")
        client.ask("BEGIN", transaction="t")
        client.ask("COMMIT", transaction="t")
        for command in ("ACK", "NACK"):
            client.say(room.uuid, "x")
            client.ask(command, id=client.expect("MESSAGE", subscription="s").headers["ack"])
        seq = int(client.say(room.uuid, "x").headers["seq"])
        for name, body in (("read", {"seq": seq}), ("delivered", {"seq": seq}),
                           ("typing", {"typing": True})):
            client.ask("SEND", json.dumps(body), destination=f"/pub/room/{room.uuid}/{name}")
        client.ask("UNSUBSCRIBE", id="s")
        client.ask("DISCONNECT")


# --- malformed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("why, text", [
    ("a header without a colon", "SEND\ndestination\n\n\0"),
    ("an unknown escape", "SEND\ndestination:/a\\tb\n\n\0"),
    ("a bare CR in a header", "SEND\ndestination:/a\rb\n\n\0"),
    ("a NUL in a header", "SEND\ndest\0ination:/a\n\n\0"),
    ("a content-length that is no number", "SEND\ndestination:/a\ncontent-length:x\n\n\0"),
    ("no NUL after content-length", "SEND\ndestination:/a\ncontent-length:1\n\nab\0"),
    ("a body of SUBSCRIBE", "SUBSCRIBE\nid:1\ndestination:/user/queue/errors\n\nbody\0"),
    ("SEND without destination", "SEND\n\n{}\0"),
    ("SUBSCRIBE without destination", "SUBSCRIBE\nid:1\n\n\0"),
    ("SUBSCRIBE without id", "SUBSCRIBE\ndestination:/user/queue/errors\n\n\0"),
    ("SUBSCRIBE with another ack", "SUBSCRIBE\nid:1\ndestination:/user/queue/errors\nack:x\n\n\0"),
    ("UNSUBSCRIBE without id", "UNSUBSCRIBE\n\n\0"),
    ("UNSUBSCRIBE of nothing", "UNSUBSCRIBE\nid:nothing\n\n\0"),
    ("ACK without id", "ACK\n\n\0"), ("ACK of nothing", "ACK\nid:nothing\n\n\0"),
    ("NACK of nothing", "NACK\nid:1-7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33\n\n\0"),
    ("BEGIN without transaction", "BEGIN\n\n\0"),
    ("COMMIT of nothing", "COMMIT\ntransaction:t\n\n\0"),
    ("ABORT of nothing", "ABORT\ntransaction:t\n\n\0"),
    ("SEND in no transaction", "SEND\ndestination:/pub/room/7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33"
     "/message\ntransaction:t\n\n{\"content\":\"x\"}\0"),
])
def test_malformed_frames(server, why, text):
    with server.stomp("a@x") as client:
        client.subscribe("/user/queue/errors", id="e")  # it makes no difference
        client.send_text(text)
        client.expect_error("malformed_frame")
        assert client.expect_close() == (1002, "malformed_frame"), why


@pytest.mark.parametrize("command", ["FOO", "send", "CONNECTED", "MESSAGE", "RECEIPT", "ERROR",
                                     "한"])
def test_unsupported_commands(server, command):
    with server.stomp("a@x") as client:
        client.send_text(f"{command}\n\n\0")
        client.expect_error("unsupported_command")
        assert client.expect_close() == (1002, "unsupported_command")


def test_nack_is_no_command_of_1_0(server):
    with server.stomp() as client:
        client.connect("a@x", "1.0")
        client.frame("NACK", message_id="x")
        client.expect_error("unsupported_command")


@pytest.mark.parametrize("why, first, second", [
    ("a subscription id", "SUBSCRIBE\nid:1\ndestination:/user/queue/errors\n\n\0",
     "SUBSCRIBE\nid:1\ndestination:/user/queue/rooms\nreceipt:r\n\n\0"),
    ("a transaction", "BEGIN\ntransaction:t\n\n\0", "BEGIN\ntransaction:t\nreceipt:r\n\n\0")])
def test_repeated_names(server, why, first, second):
    with server.stomp("a@x") as client:
        client.send_text(first + second)
        error = client.expect_error("malformed_frame")
        assert error.headers["receipt-id"] == "r", why


def test_an_id_is_free_again_after_unsubscribe_and_after_a_refusal(server, room):
    with server.stomp(room.buyer) as client:
        client.subscribe("/user/queue/errors", id="e")
        for _ in range(2):
            client.frame("SUBSCRIBE", id="s", destination="/sub/chat/room/nope")
            client.expect("MESSAGE", code="room_not_found")
        client.subscribe_room(room.uuid, id="s")
        client.ask("UNSUBSCRIBE", id="s")
        client.subscribe_room(room.uuid, id="s")


def test_an_error_frame_tells_all(server):
    with server.stomp("a@x") as client:
        client.frame("SEND", "{}", destination="/nowhere", receipt="r 1")
        error = client.expect_error("destination_unknown")
        assert client.expect_close() == (1008, "destination_unknown")

    assert list(error.headers) == ["message", "code", "status", "retry", "receipt-id",
                                   "content-type", "content-length"]
    assert error.headers["message"] == "unknown destination"
    assert (error.headers["status"], error.headers["retry"]) == ("404", "false")
    assert error.headers["receipt-id"] == "r 1"
    assert list(error.json) == ["timestamp", "status", "error", "path", "type", "title", "code",
                                "detail"]
    assert error.json["status"] == 404 and error.json["error"] == "Not Found"
    assert error.json["path"] == "/nowhere"
    assert error.json["type"] == "urn:reuse-chat:error:destination_unknown"


def test_text_that_is_no_utf_8(server):
    with server.stomp("a@x") as client:
        client.ws.transport.write(b"\x81\x82\x00\x00\x00\x00\xc3\x28")  # a masked text frame
        assert client.expect_close()[0] == 1007


def test_a_body_that_is_no_utf_8(server, room):
    with subscribed(server, room) as client:
        client.subscribe("/user/queue/errors", id="e")
        client.send_bytes(f"SEND\ndestination:/pub/room/{room.uuid}/message\n\n".encode() +
                          b'{"content":"\xc3\x28"}\0')
        assert client.expect("MESSAGE", subscription="e").headers["code"] == "body_invalid"


# --- limits ------------------------------------------------------------------------------------


def test_a_large_frame_before_connect(server):
    with server.stomp() as client:
        client.send_text("CONNECT\nsender:a@x\n" + "a:b\n" * 2 + f"c:{'d' * 4000}\n" * 3)
        client.expect_error("frame_too_large")
        assert client.expect_close() == (1009, "frame_too_large")


def test_a_large_frame(server, room):
    overhead = len(send_frame(room, ""))
    with server.stomp(room.buyer) as client:
        client.subscribe("/user/queue/errors", id="e")
        client.send_text(send_frame(room, "x" * (65536 - overhead)))
        assert client.expect("MESSAGE").headers["code"] == "content_too_long"
        client.send_text(send_frame(room, "x" * (65537 - overhead)))
        client.expect_error("frame_too_large")
        assert client.expect_close() == (1009, "frame_too_large")


def test_many_headers(server):
    with server.stomp("a@x") as client:
        client.send_text("BEGIN\ntransaction:t\nreceipt:r\n" + "a:b\n" * 62 + "\n\0")
        client.expect("RECEIPT", receipt_id="r")
        client.send_text("BEGIN\ntransaction:u\nreceipt:r\n" + "a:b\n" * 63 + "\n\0")
        client.expect_error("header_limit")
        assert client.expect_close() == (1009, "header_limit")


def test_a_long_header(server):
    with server.stomp("a@x") as client:
        client.send_text(f"BEGIN\ntransaction:{'t' * (4096 - len('transaction:'))}\nreceipt:r\n\n\0")
        client.expect("RECEIPT", receipt_id="r")
        client.send_text(f"BEGIN\ntransaction:{'t' * 4096}\n\n\0")
        client.expect_error("header_limit")
        assert client.expect_close() == (1009, "header_limit")


def test_what_came_before_a_malformed_frame_is_stored(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.send_text(send_frame(room, "good", "receipt:g") + "NONSENSE\n\n\0" +
                         send_frame(room, "behind"))
        client.expect_error("unsupported_command")
        client.expect_close()
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid, since=0)
        assert client.expect("MESSAGE").json["content"] == "good"
        assert client.nothing_came()
