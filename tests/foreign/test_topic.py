"""Topic chat beside the replaced service: its strict Jackson reads our records, and what it produced reaches
our subscribers. tests/foreign/Reference.java is its side, with its libraries.
SPDX-License-Identifier: MIT
"""
import json
import re

import pytest

from harness import java

TEXTS = ["안녕 😀", "\x00\x1f \t\r\n\b\f \\ \" / \x7f \u2028", "<b>'&", "x" * 2000, "null", "7"]


@pytest.fixture(scope="module")
def servers(start_server):
    return [start_server() for _ in range(2)]


@pytest.fixture
def room(servers):
    return servers[0].new_room("kim,%:😀@x", "판매자@x")


def test_its_strict_jackson_reads_our_records_and_writes_the_same_bytes(servers, topics, room):
    said = [text.replace("\x00", "") for text in TEXTS]
    with servers[0].stomp(room.buyer) as buyer, servers[1].stomp(room.seller) as seller:
        for text in said:
            buyer.say(room.uuid, text)
            seller.say(room.uuid, text)
    ours = [r.value().decode() for r in topics.records(topics.chat, 2 * len(said))]

    theirs = java.run("Reference", "consume", topics.brokers, topics.chat, str(len(ours)))

    assert sorted(theirs) == sorted(ours)
    assert sorted(json.loads(line)["content"] for line in theirs) == sorted(2 * said)


@pytest.mark.parametrize("how", ["text", "typed"])
def test_what_it_produced_reaches_subscribers_of_every_server(servers, topics, room, how):
    clients = [servers[0].stomp(room.buyer), servers[1].stomp(room.seller)]
    for client in clients:
        client.subscribe_room(room.uuid)
    said = [json.dumps({"roomUUID": room.uuid, "sender": room.seller, "content": text,
                        "timestamp": timestamp}, ensure_ascii=False, separators=(",", ":"))
            for text, timestamp in [("안녕 😀 \t", "2025-01-20T10:30:00"),
                                    ("half", "2025-01-20T10:30:00.5"), ("timeless", None)]]

    java.run("Reference", "produce", topics.brokers, topics.chat, how, lines=said)

    headers = [r.headers() for r in topics.records(topics.chat, 3) if r.key() is None]
    assert any(dict(h or ()).keys() == {"__TypeId__"} for h in headers) == (how == "typed")
    for client in clients:
        got = [client.expect("MESSAGE", 20, {"content": json.loads(s)["content"]}).body for s in said]
        assert got[:2] == said[:2]
        assert re.sub(r'"\d{4}-[^"]*"', "null", got[2]) == said[2]  # the server's time
        client.close()
    assert servers[0].http("GET", f"/chat/room/{room.uuid}").json() == []
