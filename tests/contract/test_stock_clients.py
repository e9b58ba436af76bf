"""The clients that exist talk to the server unchanged: stompjs 2.3.3 raw and over each transport of
SockJS, the current @stomp/stompjs, webstomp-client.
SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from harness.backing import ROOT


@pytest.fixture(scope="module")
def server(start_server):
    """Takes longer messages than by default, so that stompjs 2.3.3 has to cut its frames."""
    return start_server({"limits.content_chars": "20000"})


def talk(script, client, server):
    room = server.new_room()

    done = subprocess.run(
        ["node", script, client, server.url, room.uuid, room.buyer], timeout=90, check=False,
        cwd=os.path.join(ROOT, "tests", "clients"), capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    stored = server.http("GET", f"/chat/room/{room.uuid}").json()
    assert [len(m["content"]) for m in stored] == [5, len('안녕하세요 😀 "quoted" \\ back'), 17000]


@pytest.mark.parametrize("client", ["stompjs2", "stompjs2-sockjs", "stompjs7", "webstomp"])
def test_a_stock_client_hears_what_it_said(server, client):
    talk("stock.mjs", client, server)


@pytest.mark.parametrize("transport", ["websocket", "xhr-streaming", "xhr-polling", "eventsource",
                                       "htmlfile"])
def test_stompjs_over_sockjs_in_a_browser_hears_what_it_said(server, transport):
    talk("sockjs_browser.mjs", transport, server)
