"""Two servers of one process, stopped again and again in the middle of everything: the exit status is 0,
within the drain's time. STOP_ROUNDS=20 makes it long.
SPDX-License-Identifier: MIT
"""
import contextlib
import itertools
import os
import signal
import threading
import time

import pytest
import requests

from harness.process import free_port, two_free_ports
from harness.server import Server
from harness.stomp import Stomp
from harness.wait import eventually, patience

ROUNDS = int(os.environ.get("STOP_ROUNDS", "3"))
DRAIN_S = 2
LINGER_S = 2.5 + 3 + 5  # closes that are not answered, Kafka's last reports, the engine's end
TALKERS = 4


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    server = Server(folder / "log", {
        "servers": "2", "server.port": str(two_free_ports()), "admin.port": str(two_free_ports()),
        "server.id": "chat-server-1", "database.url": f"embedded:{folder}/data",
        "kafka.brokers": f"embedded:{free_port()}", "drain.timeout": f"{DRAIN_S}s",
        "log.level": "info",
    }, "reuse-chat-embedded")
    yield server
    server.end()


def url(pair, number):
    return f"http://127.0.0.1:{int(pair.settings['server.port']) + number}"


class Talker(threading.Thread):
    """Says something, subscribes and reads over REST until the connection is closed."""

    def __init__(self, pair, number, room, stack):
        super().__init__(daemon=True)
        self.room, self.user, self.url = room, room.buyer if number % 2 else room.seller, url(pair, number % 2)
        self.client = Stomp(self.url.replace("http", "ws") + "/ws-stomp", self.user)
        stack.callback(self.client.abort)
        self.client.subscribe_room(room.uuid)
        self.faults = []

    def run(self):
        for n in itertools.count():
            if self.client.close_code is not None:
                return
            with contextlib.suppress(Exception):  # closed meanwhile
                self.say(n)

    def say(self, n):
        self.client.post(self.room.uuid, f"{self.user} {n}", receipt=f"{n}")
        if n % 20 == 0:
            self.client.frame("SUBSCRIBE", id=f"s{n}", since="0",
                              destination=f"/sub/chat/room/{self.room.uuid}")
            self.client.frame("UNSUBSCRIBE", id=f"s{n}")
            requests.get(f"{self.url}/chat/room/{self.room.uuid}", timeout=patience(20),
                         headers={"X-Auth-User": self.user})

    def heard(self):
        return sum(1 for frame in list(self.client.frames) if frame.command == "MESSAGE")


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_servers_stop_under_load(pair, round_):
    pair.start()
    with contextlib.ExitStack() as stack:
        rooms = [pair.new_room() for _ in range(TALKERS // 2)]
        eventually(lambda: requests.get(url(pair, 1), timeout=5).ok, what="the second server")
        talkers = [Talker(pair, n, rooms[n // 2], stack) for n in range(TALKERS)]
        for talker in talkers:
            talker.start()
        eventually(lambda: all(t.heard() > 30 * round_ for t in talkers), 60, "talk")

        began = time.monotonic()
        pair.signal(signal.SIGTERM)

        assert pair.wait() == 0
        assert time.monotonic() - began < patience(DRAIN_S + LINGER_S)
        for talker in talkers:
            assert talker.client.expect_close()
            talker.join(patience(20))
            assert not talker.is_alive()


@pytest.mark.parametrize("word", ["chat-server-2 database.connected", "kafka.up", "is ready"])
def test_a_signal_during_the_start_ends_it(pair, word):
    before = len(pair.log())
    pair.launch()
    eventually(lambda: word in pair.log()[before:], 30, word)

    pair.signal(signal.SIGTERM)

    assert pair.wait() == 0
