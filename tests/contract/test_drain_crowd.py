"""SIGTERM with 1,000 connections and load: nobody new, what was taken is receipted, everybody is told,
presence is cleared, exit 0 in time.
SPDX-License-Identifier: MIT
"""
import asyncio
import json
import time

import websockets

from harness.stomp import decode, encode
from harness.wait import eventually, patience

CROWD = 1000
ROOMS = 20  # both of each room talk
DRAIN_S = 4
LINGER_S = 2.5 + 3  # closes that are not answered, Kafka's last reports


class Member:
    """One user's connection; with a room it says something again as soon as it has its receipt."""

    def __init__(self, user, room=None):
        self.user, self.room = user, room
        self.receipts, self.errors = [], []
        self.ws = None
        self.n_sent = 0

    async def open(self, url, gate):
        async with gate:
            self.ws = await websockets.connect(url, subprotocols=["v12.stomp"], ping_interval=None,
                                               open_timeout=patience(20), compression=None)
            await self.ws.send(encode("CONNECT", {"accept-version": "1.2", "sender": self.user}))
            assert decode(await self.ws.recv()).command == "CONNECTED"

    async def say(self):
        self.n_sent += 1
        await self.ws.send(encode("SEND", {
            "destination": f"/pub/room/{self.room}/message", "receipt": f"{self.n_sent}"},
            json.dumps({"content": f"{self.n_sent}"})))

    async def live(self):
        """Until the server closes; its code."""
        try:
            if self.room:
                await self.say()
            async for raw in self.ws:
                await self.take(decode(raw))
        except websockets.ConnectionClosed:
            pass
        return self.ws.close_code

    async def take(self, frame):
        if frame.command == "RECEIPT":
            self.receipts.append(int(frame.headers["receipt-id"]))
            await self.say()
        elif frame.command == "ERROR":
            self.errors.append(frame.headers["code"])


async def refused(port):
    """The moment from which no connection is taken."""
    end = time.monotonic() + patience(2)
    while time.monotonic() < end:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
        except ConnectionRefusedError:
            return time.monotonic()
        except ConnectionResetError:
            pass  # it had not been accepted yet
        await asyncio.sleep(0)
    raise AssertionError("new connections are taken")


async def drain_a_crowd(server, members, n_online):
    gate = asyncio.Semaphore(50)
    await asyncio.gather(*(m.open(server.ws_url, gate) for m in members))
    living = [asyncio.ensure_future(m.live()) for m in members]
    run = asyncio.get_running_loop().run_in_executor
    await run(None, eventually, lambda: n_online() == CROWD, 20, "all are online")
    await run(None, eventually, lambda: all(len(m.receipts) > 3 for m in members if m.room), 20)

    began = time.monotonic()
    server.signal(15)
    refused_s = await refused(int(server.settings["server.port"])) - began
    codes = await asyncio.gather(*living)
    assert await run(None, server.wait) == 0
    return refused_s, time.monotonic() - began, codes


def test_a_thousand_connections_are_drained(start_server, redis, database):
    server = start_server({"drain.timeout": f"{DRAIN_S}s", "log.level": "info"})
    rooms = [server.new_room() for _ in range(ROOMS)]
    members = [Member(user, r.uuid) for r in rooms for user in (r.buyer, r.seller)]
    members += [Member(f"idle-{n}@x") for n in range(CROWD - len(members))]
    users = f"server:users:{server.settings['server.id']}"

    refused_s, all_s, codes = asyncio.run(
        drain_a_crowd(server, members, lambda: redis.client.scard(users)))

    assert refused_s < patience(1)
    assert all_s < patience(DRAIN_S + LINGER_S)
    assert set(codes) == {1012} and len(codes) == CROWD
    assert {tuple(m.errors) for m in members} == {("shutting_down",)}
    for m in members[:2 * ROOMS]:
        stored = database.value("SELECT COUNT(*) AS n FROM chat WHERE sender = %s", m.user)
        assert m.receipts == list(range(1, stored + 1))
    assert not list(redis.client.scan_iter("*session*"))
    assert not redis.client.exists(users) and not redis.client.smembers("servers")
