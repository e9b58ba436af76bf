"""Stock clients on one server, over each transport of SockJS too, talk with somebody on the other,
both quickly and at once.
SPDX-License-Identifier: MIT
"""
import pytest

from harness.stock import CLIENTS, SOCKJS_TRANSPORTS, StockClient

COUNT = 20


@pytest.fixture(scope="module")
def servers(start_server):
    settings = {"limits.content_chars": "20000"}
    return start_server(settings), start_server(settings)


@pytest.mark.parametrize("client", CLIENTS + SOCKJS_TRANSPORTS)
def test_twenty_quick_messages_each_way(servers, client):
    room = servers[0].new_room()
    texts = [f"{client} {n}" for n in range(COUNT - 1)] + ["한" * 17000]
    with servers[1].stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid)
        with StockClient(client, servers[0], room.uuid, room.buyer, "bye", texts) as stock:
            first = seller.expect("MESSAGE", seconds=60)  # it has subscribed and is talking
            for n in range(COUNT):
                seller.post(room.uuid, f"seller {n}")
            told = [first, *seller.messages(2 * COUNT - 1)]
            seller.say(room.uuid, "bye")
            told.append(seller.expect("MESSAGE"))
            heard = stock.heard()

    assert [m.json for m in told] == heard
    assert [int(m.headers["seq"]) for m in told] == list(range(1, 2 * COUNT + 2))
    for sender, expected in ((room.buyer, texts),
                             (room.seller, [f"seller {n}" for n in range(COUNT)] + ["bye"])):
        assert [m["content"] for m in heard if m["sender"] == sender] == expected


@pytest.mark.parametrize("first, second", [("stompjs2", "stompjs7"), ("webstomp", "stompjs2"),
                                           ("stompjs7-1.0", "webstomp"), ("stomp.py", "spring"),
                                           ("spring-sockjs-websocket", "stomp.py")])
def test_two_stock_clients_hear_the_same(servers, first, second):
    room = servers[0].new_room()
    names = [f"{c} {n}" for c in (first, second) for n in range(COUNT)]
    with servers[1].stomp(room.seller) as listener:
        listener.subscribe_room(room.uuid)
        with StockClient(first, servers[0], room.uuid, room.buyer, "bye", names[:COUNT]) as a, \
                StockClient(second, servers[1], room.uuid, room.seller, "bye", names[COUNT:]) as b:
            told = [m.json for m in listener.messages(2 * COUNT, 30)]
            listener.say(room.uuid, "bye")
            heard = [client.heard() for client in (a, b)]

    assert {m["content"] for m in told} == set(names)
    for hearing, own in zip(heard, (names[:COUNT], names[COUNT:])):
        contents = [m["content"] for m in hearing]
        # Live from its SUBSCRIBE on: all of its own, and the same end as everybody.
        assert hearing[:-1] == told[len(told) - len(hearing) + 1:]
        assert [c for c in contents if c in own] == own
