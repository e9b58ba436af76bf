"""A way to a service that can be cut: bytes go through, or nobody answers.
SPDX-License-Identifier: MIT
"""
import contextlib
import socket
import threading
import urllib.parse

from harness.process import free_port


class Relay:
    """url: that of the service, through here."""

    def __init__(self, url):
        at = urllib.parse.urlsplit(url)
        self.target, self.port = (at.hostname, at.port), free_port()
        login = at.netloc.rpartition("@")[0]
        self.url = at._replace(netloc=f"{login}@127.0.0.1:{self.port}" if login
                               else f"127.0.0.1:{self.port}").geturl()
        self.listener, self.open = None, []

    def __enter__(self):
        self.mend()
        return self

    def __exit__(self, *_):
        self.cut()

    def mend(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        """Connections break, new ones are refused."""
        for s in (self.listener, *self.open):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
        self.open.clear()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self.target)
                self.open += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
