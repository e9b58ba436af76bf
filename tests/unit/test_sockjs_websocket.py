"""SockJS over real WebSockets, and raw ones on the same paths.
SPDX-License-Identifier: MIT
"""
import asyncio
import contextlib
import os
import sys
import time

import pytest
import websockets

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from sockjs_client import HEARTBEAT, OUTBOUND, calm_server, path, server


def ws(server, suffix, **options):
    return websockets.connect(f"ws://127.0.0.1:{server.port}{suffix}", max_size=1 << 22, **options)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 20))


async def refused(connection):
    with pytest.raises(websockets.InvalidStatusCode) as e:
        await connection
    return e.value.status_code


def test_websocket(server):
    async def talk():
        async with ws(server, path() + "/websocket") as w:
            assert await w.recv() == "o"
            await w.send('["a","😀"]')
            assert await w.recv() == 'a["a"]'
            assert await w.recv() == 'a["\\ud83d\\ude00"]'
            await w.send("")  # empty messages are ignored
            await w.send("[]")
            await w.send(['["in ', "fragm", 'ents"]'])
            assert await w.recv() == 'a["in fragments"]'
            await w.send(b'["binary"]')
            assert await w.recv() == 'a["binary"]'
    run(talk())
    server.until("closed", 1)


def test_websocket_sessions_may_share_their_id(server):
    async def talk():
        url = path() + "/websocket"
        async with ws(server, url) as a, ws(server, url) as b:
            assert await a.recv() == "o" and await b.recv() == "o"
            await a.send('["a"]')
            await b.send('["b"]')
            assert await a.recv() == 'a["a"]' and await b.recv() == 'a["b"]'
    run(talk())


def test_websocket_close(server):
    async def talk():
        async with ws(server, path("/close") + "/websocket") as w:
            assert await w.recv() == "o"
            assert await w.recv() == 'c[3000,"Go away!"]'
            with pytest.raises(websockets.ConnectionClosed):
                await w.recv()
            assert (w.close_code, w.close_reason) == (3000, "Go away!")
    run(talk())


@pytest.mark.parametrize("message", ['["a', "x", '"x"', "{}", '["a"] x'])
def test_websocket_broken_json_ends_it(server, message):
    async def talk():
        async with ws(server, path() + "/websocket") as w:
            assert await w.recv() == "o"
            await w.send(message)
            frames = []
            with pytest.raises(websockets.ConnectionClosed):
                while True:
                    frames.append(await w.recv())
            assert not any(frame.startswith("c") for frame in frames)
            assert (w.close_code, w.close_reason) == (1007, "Broken JSON encoding.")
    run(talk())
    server.until("closed", 1)


def test_websocket_heartbeats_only_when_idle(server):
    async def talk():
        async with ws(server, path() + "/websocket") as w:
            assert await w.recv() == "o"
            started = time.monotonic()
            assert await w.recv() == "h"
            assert time.monotonic() - started > (HEARTBEAT - 150) / 1000
            assert await w.recv() == "h"
    run(talk())


def test_websocket_messages_take_the_place_of_heartbeats(server):
    async def talk():
        async with ws(server, path() + "/websocket") as w:
            assert await w.recv() == "o"
            for _ in range(8):
                await w.send('["a"]')
                assert await w.recv() == 'a["a"]'
                heard = time.monotonic()
                with contextlib.suppress(asyncio.TimeoutError):
                    assert await asyncio.wait_for(w.recv(), HEARTBEAT / 3000) == "h"
                    assert time.monotonic() - heard > HEARTBEAT / 2000
    run(talk())


@pytest.mark.parametrize("suffix", ["", "/websocket"])
def test_raw_websocket(server, suffix):
    async def talk():
        async with ws(server, "/echo" + suffix, subprotocols=["v12.stomp", "v11.stomp"]) as w:
            await w.send("Hello world!\uffff")
            assert await w.recv() == "Hello world!\uffff"
            await w.send('["a"]')
            assert await w.recv() == '["a"]'
            await w.send("!close")
            with pytest.raises(websockets.ConnectionClosed):
                await w.recv()
            assert (w.close_code, w.close_reason) == (1008, "not_member")
    run(talk())
    server.until("closed", 1)


def test_refused_upgrades(server):
    async def talk():
        assert await refused(ws(server, "/echo/a/a/xhr")) == 404
        assert await refused(ws(server, "/nowhere")) == 404
        for suffix in ("/echo", "/echo/websocket", path() + "/websocket"):
            assert await refused(ws(server, suffix, origin="http://evil.example")) == 403
            assert await refused(ws(server, suffix, extra_headers={"X-Refuse": "1"})) == 401
    run(talk())
    assert server.stats()["opened"] == 0


def test_websocket_what_waits_is_bounded(server):
    async def talk():
        async with ws(server, path() + "/websocket") as w:
            assert await w.recv() == "o"
            await w.send(f'["!burst 200 {OUTBOUND // 5}"]')
            last = None
            with pytest.raises(websockets.ConnectionClosed):
                while True:
                    last = await w.recv()
            assert last == 'c[1013,"slow_consumer"]'
    run(talk())


@pytest.mark.parametrize("suffix,first,one,two", [
    ("/websocket", None, "!pause", "1"), ("/a/a/websocket", "o", '["!pause"]', '["1"]')])
def test_websocket_pause_and_resume(calm_server, suffix, first, one, two):
    async def talk():
        async with ws(calm_server, "/echo" + suffix) as w:
            assert first is None or await w.recv() == first
            await w.send(one)
            await asyncio.to_thread(calm_server.until, "messages", 1)
            await w.send(two)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(w.recv(), 0.2)
            assert calm_server.stats()["messages"] == 1
            calm_server.get("/control/resume")
            assert "1" in await w.recv()
    run(talk())


@pytest.mark.parametrize("suffix,wrap", [("/websocket", "{}"), ("/a/a/websocket", '["{}"]')])
def test_websocket_drained_is_told_once(calm_server, suffix, wrap):
    async def talk():
        async with ws(calm_server, "/echo" + suffix) as w:
            await w.send(wrap.format(f"!burst 9 {OUTBOUND // 10}"))
            await w.send(wrap.format("!drain"))
            await asyncio.to_thread(calm_server.until, "drained", 1)
            assert calm_server.stats()["peer"] == "127.0.0.1"
            assert calm_server.stats()["behind_ms"] >= 0
            await w.send(wrap.format("again"))
            while "again" not in await w.recv():
                pass
            assert calm_server.stats()["drained"] == 1
    run(talk())
