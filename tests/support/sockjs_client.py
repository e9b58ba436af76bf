"""A running tests/support/sockjs_echo.c (its path is in SOCKJS_ECHO) and what speaks to it.
SPDX-License-Identifier: MIT
"""
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import time

import pytest

ECHO = os.environ["SOCKJS_ECHO"]
HEARTBEAT, DISCONNECT, STREAM, OUTBOUND, SESSIONS = 300, 1000, 4096, 200000, 40
NO_CACHE = "no-store, no-cache, must-revalidate, max-age=0"
numbers = itertools.count()


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body
        self.headers = response.headers

    def __getitem__(self, name):
        return self.headers[name]


class Server:
    def __init__(self, heartbeat=HEARTBEAT, disconnect=DISCONNECT):
        self.process = subprocess.Popen(
            [ECHO, str(STREAM), str(heartbeat), str(disconnect), str(OUTBOUND), str(SESSIONS)],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def request(self, method, path, body=None, **headers):
        """headers: x_refuse="1" is X-Refuse: 1."""
        c = self.connect()
        c.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        r = c.getresponse()
        answer = Answer(r, r.read().decode())
        c.close()
        return answer

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def post(self, path, body="", **headers):
        return self.request("POST", path, body, **headers)

    def stats(self):
        return json.loads(self.get("/control/stats").body)

    def until(self, name, value, seconds=10):
        deadline = time.monotonic() + seconds
        while self.stats()[name] != value:
            assert time.monotonic() < deadline, f"{name} is not {value}: {self.stats()}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def server():
    s = Server()
    yield s
    assert s.stop() == 0  # nothing leaked, every session that opened was told its end


@pytest.fixture
def calm_server():
    """One without heart-beats and time-outs within a test."""
    s = Server(heartbeat=60000, disconnect=60000)
    yield s
    assert s.stop() == 0


def path(service="/echo", server_id="000"):
    return f"{service}/{server_id}/{os.getpid()}-{next(numbers)}"


class Stream:
    """A streaming response that is still being written."""

    def __init__(self, server, method, path, **headers):
        self.connection = server.connect()
        self.connection.request(method, path, headers=headers)
        self.response = self.connection.getresponse()
        self.status, self.headers = self.response.status, self.response.headers

    def read(self, n):
        return self.response.read(n).decode()

    def line(self):
        return self.response.readline().decode()

    def is_over(self):
        return self.response.read() == b""

    def close(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self.response.close()


def xhr_stream(server, url, prelude=True, **headers):
    s = Stream(server, "POST", url + "/xhr_streaming", **headers)
    if prelude:
        assert s.read(2049) == "h" * 2048 + "\n"
    return s
