"""10,000 broken inputs against one server: each is answered or its connection ended, others notice
nothing, and the server is as large afterwards as it was before.
SPDX-License-Identifier: MIT
"""
import asyncio
import re
import urllib.parse

import pytest

from harness.broken import KINDS, Maker
from harness.wait import eventually, patience

INPUTS = 10000
SEED = 5
AT_ONCE = 200
SPARE_KB = 16 * 1024


@pytest.fixture(scope="module")
def server(start_server):
    """Its deadlines are short, so that what is incomplete is answered within the test."""
    return start_server({"limits.header_timeout": "1s", "log.level": "warn"})


def resident_kb(server):
    with open(f"/proc/{server.child.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def is_sanitized(server):
    """A sanitizer keeps what was freed."""
    with open(f"/proc/{server.child.pid}/maps", encoding="utf-8") as f:
        return re.search("lib[at]san", f.read()) is not None


async def give(at, kind, data):
    """Sends it. An HTTP client waits for a reaction; the others say that they are done, and the
    server has to end the connection."""
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        writer.write(data)
        if kind == "http":
            return await reader.read(65536)
        writer.write_eof()
        return await reader.read()
    except OSError:  # ended in the middle of it
        return b""
    finally:
        writer.transport.abort()


async def give_all(url, maker, count):
    """How many of each kind were given to it."""
    at, gate, given = urllib.parse.urlsplit(url), asyncio.Semaphore(AT_ONCE), dict.fromkeys(KINDS, 0)

    async def one(number, kind, data):
        try:
            await asyncio.wait_for(give(at, kind, data), patience(20))
            given[kind] += 1
        except TimeoutError as error:
            raise AssertionError(f"input {number}, {kind}, hangs: {data!r}") from error
        finally:
            gate.release()

    tasks = []
    for number in range(count):
        await gate.acquire()
        tasks.append(asyncio.ensure_future(one(number, *maker.make())))
    await asyncio.gather(*tasks)
    return given


def test_ten_thousand_broken_inputs(server):
    room, quiet = server.new_room(), server.new_room()
    with server.stomp(quiet.buyer) as bystander:
        bystander.subscribe_room(quiet.uuid)
        bystander.say(quiet.uuid, "before")
        before = resident_kb(server)

        given = asyncio.run(give_all(server.url, Maker(SEED, room), INPUTS))

        assert given == dict.fromkeys(KINDS, INPUTS // len(KINDS))
        bystander.say(quiet.uuid, "after")
        assert [m.json["content"] for m in bystander.messages(2)] == ["before", "after"]
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid)
        seq = int(client.say(room.uuid, "still here").headers["seq"])
        assert int(client.messages(1)[0].headers["seq"]) == seq
    assert server.http("GET", "/actuator/health").json() == {"status": "UP"}
    if not is_sanitized(server):
        after = eventually(lambda: resident_kb(server) <= before + SPARE_KB and resident_kb(server),
                           what=f"{before} KiB before, {resident_kb(server)} KiB after")
        print(f"{before} KiB before, {after} KiB after")
