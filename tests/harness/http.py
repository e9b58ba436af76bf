"""HTTP as bytes: what a client library would not send, and answers as they came.
SPDX-License-Identifier: MIT
"""
import http.client
import io
import socket
import urllib.parse

from harness.wait import patience


class Connection:
    """A socket to a server: send() bytes, answer() reads the next answer, also of requests that
    were sent ahead."""

    def __init__(self, url, seconds=10):
        at = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((at.hostname, at.port), patience(seconds))
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def request(self, line, *headers, body=b""):
        """line: "GET /path"; headers: "Name: value", after Host."""
        body = body.encode() if isinstance(body, str) else body
        self.send("\r\n".join([f"{line} HTTP/1.1", "Host: test", *headers, "", ""]).encode() + body)

    def answer(self, method="GET"):
        answer = http.client.HTTPResponse(_Kept(self.reader), method=method)
        answer.begin()
        answer.text = answer.read().decode()
        return answer

    def is_closed(self):
        """True when the server sends nothing more; waits for it."""
        try:
            return self.reader.read(1) == b""
        except ConnectionResetError:
            return True


class _Kept:
    """HTTPResponse closes the file it reads from; the next answer is in the same one."""

    def __init__(self, reader):
        self.reader = reader

    def makefile(self, _):
        return _Unclosed(self.reader)


class _Unclosed(io.BufferedIOBase):
    def __init__(self, reader):
        super().__init__()
        self.reader = reader

    def readable(self):
        return True

    def read(self, n=-1):
        return self.reader.read(n)

    def read1(self, n=-1):
        return self.reader.read1(n)

    def readinto(self, buffer):
        return self.reader.readinto(buffer)

    def readline(self, limit=-1):
        return self.reader.readline(limit)


def once(url, line, *headers, body=b""):
    """One request on a connection of its own; its answer."""
    with Connection(url) as connection:
        connection.request(line, *headers, body=body)
        return connection.answer(line.split()[0])
