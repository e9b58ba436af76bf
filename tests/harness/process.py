"""Child processes with a log file and a free port.
SPDX-License-Identifier: MIT
"""
import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile

from harness.wait import eventually, patience


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_reserved = {}  # port: its lock, held until this process ends


def reserve(port):
    """False if a test that runs beside this one has the port, though nobody listens there yet."""
    folder = os.path.join(tempfile.gettempdir(), f"reuse-chat-ports-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    lock = open(os.path.join(folder, str(port)), "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _reserved[port] = lock
    return True


def free_port(count=1):
    """The first of count neighbours. Below the kernel's own range, so that a port stays free while
    its server is restarted, and below tools/cluster's."""
    while True:
        ports = range(port := random.randrange(20000, 28000), port + count)
        if all(port_is_free(p) and p not in _reserved and reserve(p) for p in ports):
            return port


def two_free_ports():
    """The first of two neighbours: ports of servers of one process count up."""
    return free_port(2)


ENDS = (0, 64, 65, 69, 70, 75, 78, -signal.SIGKILL)  # in order, refused to start (sysexits.h), killed by a test


class Process:
    """command() and answers() come from the class that derives from it."""

    start_seconds = 20
    stop_seconds = 40

    def __init__(self, log_path):
        self.log_path = log_path
        self.child = None

    def launch(self):
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, env=self.environment())

    def start(self):
        self.launch()
        try:
            eventually(self._is_up, self.start_seconds, f"start of {self.command()[0]}")
        except BaseException:
            self.kill()  # no fixture knows it yet
            raise
        return self

    def environment(self):
        return None

    def _is_up(self):
        if self.child.poll() is not None:
            raise RuntimeError(f"ended with {self.child.returncode}:\n{self.log()[-4000:]}")
        return self.answers()

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self):
        """Its exit status."""
        return self.child.wait(patience(self.stop_seconds))

    def stop(self):
        """SIGTERM; its exit status."""
        if self.child and self.child.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait() if self.child else 0

    def kill(self):
        """SIGKILL, as a crash."""
        if self.child and self.child.poll() is None:
            self.signal(signal.SIGKILL)
            self.wait()

    def end(self):
        """At the end of a test: what still runs stops in order, and what ran before has not crashed."""
        is_running = self.child is not None and self.child.poll() is None
        try:
            status = self.stop()
        finally:
            self.kill()
        assert status == 0 if is_running else status in ENDS, \
            f"ended with {status}:\n{self.log()[-4000:]}"

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()
