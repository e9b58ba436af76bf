"""What a service manager sees of the program: ready, alive, stopping.
SPDX-License-Identifier: MIT
"""
import contextlib
import ctypes
import os
import signal
import socket

import pytest

from harness.server import Server
from harness.wait import patience


class Notified(Server):
    """A server whose service manager is this test: lines() waits for what it is told."""

    def __init__(self, folder, settings, watchdog_us=None):
        super().__init__(folder / "log", settings)
        self.watchdog_us = watchdog_us
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def environment(self):
        watchdog = {"WATCHDOG_USEC": str(self.watchdog_us)} if self.watchdog_us else {}
        return {**super().environment(), "NOTIFY_SOCKET": self.path, **watchdog}

    def next(self, seconds=20):
        self.socket.settimeout(patience(seconds))
        return self.socket.recv(4096).decode()

    def expect(self, word):
        said = [self.next()]
        while said[-1] != word:
            said.append(self.next())
        return said


def loop_thread(pid):
    def name(tid):
        with open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii") as f:
            return f.read().strip()

    return next(int(tid) for tid in os.listdir(f"/proc/{pid}/task") if name(tid) == "loop")


@contextlib.contextmanager
def held(tid):
    """Stops one thread of a child, as a debugger does; signals stop all of them."""
    attach, detach = 16, 17
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    assert ptrace(attach, tid, None, None) == 0, os.strerror(ctypes.get_errno())
    wait_all = 0x40000000  # __WALL: a thread is no process to wait for
    os.waitpid(tid, wait_all)
    yield
    assert ptrace(detach, tid, None, None) == 0, os.strerror(ctypes.get_errno())


@pytest.fixture
def start(tmp_path, database):
    started = []

    def start_one(watchdog_us=None):
        server = Notified(tmp_path, {"server.id": f"notified-{tmp_path.name}",
                                     "database.url": database.url}, watchdog_us)
        started.append(server)
        return server.start()

    yield start_one
    for server in started:
        server.end()
        server.socket.close()


def test_the_watchdog_hears_of_a_server_that_lives_from_ready_to_stopping(start):
    server = start(watchdog_us=400_000)

    assert server.next() == "READY=1"
    assert [server.next() for _ in range(5)] == ["WATCHDOG=1"] * 5
    server.signal(signal.SIGTERM)
    assert set(server.expect("STOPPING=1")) <= {"WATCHDOG=1", "STOPPING=1"}
    assert server.wait() == 0


def test_the_watchdog_hears_nothing_of_a_server_that_hangs(start):
    """One thread alone is held: the main one goes on, and must not speak for it."""
    server = start(watchdog_us=400_000)
    server.expect("READY=1")
    server.expect("WATCHDOG=1")

    with held(loop_thread(server.child.pid)):
        with pytest.raises(TimeoutError):
            for _ in range(10):
                server.next(seconds=2)

    server.expect("WATCHDOG=1")


def test_without_a_watchdog_there_is_no_ping(start):
    server = start()

    assert server.next() == "READY=1"
    server.signal(signal.SIGTERM)
    assert server.next() == "STOPPING=1"
    assert server.wait() == 0
