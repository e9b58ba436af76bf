"""Limits a user or a connection meets: rate, connections, content, slow readers, silence.
SPDX-License-Identifier: MIT
"""
import asyncio
import contextlib
import json
import re
import subprocess
import time

import pytest

from harness.server import program
from harness.stomp import Loop, encode
from harness.wait import eventually


RATE = BURST = 20


# --- rate --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def limited(start_server):
    return start_server({"limits.messages_per_second": str(RATE),
                         "limits.messages_burst": str(BURST)})


def test_the_rate_is_a_soft_error_for_who_listens(limited):
    room = limited.new_room()
    with limited.stomp(room.buyer) as client:
        client.subscribe("/user/queue/errors", id="e")
        client.send_text("".join(  # at once: a slow machine must not keep under the limit
            encode("SEND", {"destination": f"/pub/room/{room.uuid}/message", "receipt": f"{n}"},
                   json.dumps({"content": f"{n}"})) for n in range(BURST + 10)))
        error = client.expect("MESSAGE", subscription="e")
        assert (error.headers["code"], error.headers["retry"]) == ("rate_limited", "true")
        assert error.headers["status"] == "429"
        refused = int(error.headers["receipt-id"])
        assert refused >= BURST
        for n in range(BURST):
            client.expect("RECEIPT", receipt_id=n)
        eventually(lambda: client.post(room.uuid, "again", receipt="again") or
                   client.expect("RECEIPT", receipt_id="again", seconds=0.2))


def test_without_errors_reading_pauses_and_nothing_is_lost(limited):
    room = limited.new_room()
    began = time.monotonic()
    with limited.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid)
        for n in range(BURST + 30):
            client.post(room.uuid, f"{n}", receipt=f"{n}")
        client.frame("BEGIN", transaction="t", receipt="behind")  # everything waits, not SENDs only
        seqs = [int(client.expect("RECEIPT", receipt_id=f"{n}").headers["seq"]) for n in range(BURST + 30)]
        client.expect("RECEIPT", receipt_id="behind")
        heard = client.messages(BURST + 30)
    assert seqs == list(range(1, BURST + 31))
    assert [m.json["content"] for m in heard] == [f"{n}" for n in range(BURST + 30)]
    assert time.monotonic() - began > 30 / RATE * 0.7


def test_the_limit_is_of_the_user_and_not_of_the_connection(limited):
    room = limited.new_room()
    with limited.stomp(room.buyer) as first, limited.stomp(room.buyer) as second:
        for client in (first, second):
            client.subscribe("/user/queue/errors", id="e")
        for n in range(BURST):
            first.post(room.uuid, f"{n}", receipt="r")
        for n in range(BURST):
            first.expect("RECEIPT", receipt_id="r")
        for n in range(BURST):
            second.post(room.uuid, "more")
        second.expect("MESSAGE", code="rate_limited")
    with limited.stomp(room.seller) as other:
        other.say(room.uuid, "of another user")


def test_coming_back_gives_no_fresh_start(limited):
    room = limited.new_room()

    def comes_and_is_refused():
        """A burst sent at once fits one account, whatever came before; a slow machine may take
        a second between two of them."""
        with limited.stomp(room.buyer) as client:
            client.subscribe("/user/queue/errors", id="e")
            client.send_text("".join(encode("SEND", {
                "destination": f"/pub/room/{room.uuid}/message", "receipt": f"{n}"},
                '{"content":"x"}') for n in range(BURST)))
            client.ask("DISCONNECT")
            return any(f.headers.get("code") == "rate_limited" for f in client.frames)

    eventually(comes_and_is_refused)


# --- connections of a user ---------------------------------------------------------------------


def test_the_oldest_connection_is_replaced(start_server):
    server = start_server({"limits.connections_per_user": "2"})
    with contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(server.stomp("a@x")) for _ in range(3))
        other = stack.enter_context(server.stomp("b@x"))

        error = first.expect_error("replaced")
        assert (error.headers["status"], error.headers["retry"]) == ("409", "false")
        assert first.expect_close() == (1008, "replaced")
        for client in (second, third, other):
            assert client.nothing_came()
    server.kill()


def test_an_operator_closes_a_users_connections(server):
    with server.stomp("closed@x") as first, server.stomp("closed@x") as second, \
            server.stomp("kept@x") as kept:
        assert server.admin("POST", "/admin/users/closed@x/disconnect").status_code == 204
        for client in (first, second):
            client.expect_error("replaced")
            assert client.expect_close()[0] == 1008
        assert kept.nothing_came()


# --- content -----------------------------------------------------------------------------------


def test_60_000_bytes_of_korean_cut_into_pieces_arrive_whole(start_server):
    """As stompjs 2.3.3 cuts them: 16,384 UTF-16 units a WebSocket message."""
    server = start_server({"limits.content_chars": "20000"})
    room, text = server.new_room(), "가나다라" * 5000
    assert len(text.encode()) == 60000
    frame = (f"SEND\ndestination:/pub/room/{room.uuid}/message\nreceipt:r\n\n" +
             json.dumps({"roomUUID": room.uuid, "sender": room.buyer, "content": text},
                        ensure_ascii=False) + "\0")
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid)
        for at in range(0, len(frame), 16384):
            buyer.send_text(frame[at:at + 16384])
        buyer.expect("RECEIPT", receipt_id="r")
        message = seller.expect("MESSAGE")
        assert message.json["content"] == text
    assert server.http("GET", f"/chat/room/{room.uuid}").json()[0]["content"] == text
    server.kill()


def test_by_default_so_long_a_message_is_refused(server):
    room = server.new_room()
    with server.stomp(room.buyer) as client:
        client.subscribe("/user/queue/errors", id="e")
        client.post(room.uuid, "가" * 20000, receipt="r")
        client.expect("MESSAGE", subscription="e", code="content_too_long", receipt_id="r")
        for text in ("가" * 2000, "😀" * 2000):
            client.say(room.uuid, text)


# --- slow readers, and silence -----------------------------------------------------------------


def test_a_slow_consumer_is_told_and_comes_back(start_server):
    server = start_server({"limits.outbound_bytes": "65536", "limits.content_chars": "20000"})
    room = server.new_room()
    with server.stomp(room.seller) as slow, server.stomp(room.buyer) as buyer:
        slow.subscribe_room(room.uuid)
        Loop.run(stop_reading(slow))
        sent = 0
        while "slow_consumer" not in server.log():
            buyer.say(room.uuid, f"{sent} " + "x" * 19000)
            sent += 1
            assert sent < 1000
        Loop.run(go_on_reading(slow))
        # The half-written frame is whole, the rest of the queue was dropped.
        code, reason = slow.expect_close()
        heard = [f for f in slow.frames if f.command == "MESSAGE"]
        error = [f for f in slow.frames if f.command == "ERROR"]
        assert (code, reason) == (1013, "slow_consumer")
        assert [e.headers["code"] for e in error] == ["slow_consumer"]
        assert [int(m.headers["seq"]) for m in heard] == list(range(1, len(heard) + 1))
        assert len(heard) < sent
    with server.stomp(room.seller) as back:
        receipt = back.subscribe_room(room.uuid, since=len(heard))
        assert receipt.headers["recovered"] == "true"
        assert [int(m.headers["seq"]) for m in back.messages(sent - len(heard))] == list(
            range(len(heard) + 1, sent + 1))
    server.kill()


def test_slow_consumers_are_told_though_they_read_only_after_the_end(start_server):
    """A socket is not filled to the brim, so that the last words find room when nobody reads. The
    bench reads again some seconds after the server gave its slow ones up."""
    server = start_server()
    done = subprocess.run(
        [program(), "bench", f"--urls={server.url}", "--mode=slow", "--rooms=1", "--rate=1000",
         "--content=1900", "--slow=3", "--warmup=0.2", "--seconds=6"],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^slow_told +3$", done.stdout, re.M), done.stdout
    server.kill()


async def stop_reading(client):
    client.ws.transport.pause_reading()
    await asyncio.sleep(0)


async def go_on_reading(client):
    client.ws.transport.resume_reading()
    await asyncio.sleep(0)


def test_the_server_beats_for_who_asks(server):
    with server.stomp("a@x", heart_beat="0,10000") as asks, \
            server.stomp("b@x", heart_beat="10000,0") as promises, \
            server.stomp("c@x", heart_beat="0,0") as neither, \
            server.stomp("d@x", version="1.0", heart_beat="0,10000") as old:
        eventually(lambda: asks.heartbeats, 11, "a heart-beat within 10 s")
        for client in (promises, neither, old):
            assert client.nothing_came() and client.heartbeats == 0
