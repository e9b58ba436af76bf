"""The clients that exist talk to the server unchanged: stompjs 2.3.3 raw and over SockJS, the current
@stomp/stompjs in each version of STOMP, webstomp-client, stomp.py, Spring's WebSocketStompClient.
SPDX-License-Identifier: MIT
"""
import pytest

from harness.stock import CLIENTS, StockClient

# The last is above the 16,384 units that stompjs 2.3.3 puts into one WebSocket message.
TEXTS = ["hello", '안녕하세요 😀 "quoted" \\ back', "한" * 17000]


@pytest.fixture(scope="module")
def server(start_server):
    """Takes longer messages than by default, so that stompjs 2.3.3 has to cut its frames."""
    return start_server({"limits.content_chars": "20000"})


@pytest.mark.parametrize("client", CLIENTS)
def test_a_stock_client_hears_what_it_said(server, client):
    room = server.new_room()

    with StockClient(client, server, room.uuid, room.buyer, TEXTS[-1], TEXTS) as stock:
        heard = stock.heard()

    assert [m["content"] for m in heard] == TEXTS
    assert {m["sender"] for m in heard} == {room.buyer}
    assert server.http("GET", f"/chat/room/{room.uuid}").json() == heard
