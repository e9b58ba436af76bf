"""A STOMP client that shows everything: it sends what it is told, right or wrong, and keeps each
frame that came with its raw text.
SPDX-License-Identifier: MIT
"""
import asyncio
import collections
import itertools
import json
import threading
import time

import websockets

from harness.wait import patience


class Frame(collections.namedtuple("Frame", "command headers body raw")):
    """raw: the text as it came."""

    @property
    def json(self):
        return json.loads(self.body)

    def has(self, members):
        """Its body is a JSON object with these members."""
        return members is None or members.items() <= self.json.items()


HEARTBEAT = Frame("", {}, "", "\n")
ESCAPES = (("\\", "\\\\"), ("\r", "\\r"), ("\n", "\\n"), (":", "\\c"))


class Loop:
    """One asyncio loop on a thread of its own, for all clients."""

    _loop = None

    @classmethod
    def run(cls, coroutine, seconds=20):
        if cls._loop is None:
            cls._loop = asyncio.new_event_loop()
            threading.Thread(target=cls._loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, cls._loop).result(patience(seconds))


def escape(text):
    for plain, escaped in ESCAPES:
        text = text.replace(plain, escaped)
    return text


def unescape(text):
    out, i = "", 0
    back = {escaped: plain for plain, escaped in ESCAPES}
    while i < len(text):
        n = 2 if text[i] == "\\" else 1
        out += back[text[i:i + n]] if n == 2 else text[i]
        i += n
    return out


def encode(command, headers, body=""):
    plain = command in ("CONNECT", "CONNECTED")
    lines = [f"{k}:{v}" if plain else f"{escape(k)}:{escape(v)}" for k, v in headers.items()]
    return "\n".join([command, *lines, "", body]) + "\0"


def decode(raw):
    """The frame of one WebSocket text message; anything else than one whole frame is a fault of
    the server."""
    if raw in ("\n", "\r\n"):
        return HEARTBEAT
    head, found, rest = raw.partition("\n\n")
    assert found and rest.endswith("\0"), f"no whole frame: {raw!r}"
    command, *lines = head.split("\n")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        assert colon, f"no header: {line!r} in {raw!r}"
        take = str if command == "CONNECTED" else unescape
        headers.setdefault(take(name), take(value))
    body = rest[:-1]
    if "content-length" in headers:
        assert int(headers["content-length"]) == len(body.encode()), raw
    else:
        assert "\0" not in body, f"more than one frame: {raw!r}"
    return Frame(command, headers, body, raw)


def names(headers):
    """Python names to header names: heart_beat → heart-beat."""
    return {k.replace("_", "-"): str(v) for k, v in headers.items() if v is not None}


class Stomp:
    """user: CONNECT is sent as that user and CONNECTED awaited; headers: further ones of it."""

    def __init__(self, url, user=None, subprotocols=("v12.stomp",), http_headers=None,
                 version="1.2", **headers):
        self.frames = collections.deque()  # not yet taken
        self.heartbeats = 0
        self.close_code = self.close_reason = None
        self._arrived = threading.Condition()
        self._numbers = itertools.count(1)
        self.ws = Loop.run(self._open(url, subprotocols, http_headers))
        self.connected = None if user is None else self.connect(user, version, **headers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    async def _open(self, url, subprotocols, http_headers):
        ws = await websockets.connect(
            url, subprotocols=list(subprotocols) or None, extra_headers=http_headers or {},
            max_size=None, ping_interval=None, open_timeout=patience(20), compression=None)
        asyncio.ensure_future(self._receive(ws))
        return ws

    async def _receive(self, ws):
        try:
            async for message in ws:
                frame = decode(message) if isinstance(message, str) else message
                with self._arrived:
                    if frame is HEARTBEAT:
                        self.heartbeats += 1
                    else:
                        self.frames.append(frame)
                    self._arrived.notify_all()
        except (websockets.ConnectionClosed, AssertionError) as error:
            if isinstance(error, AssertionError):
                self.frames.append(error)
        with self._arrived:
            self.close_code, self.close_reason = ws.close_code, ws.close_reason
            self._arrived.notify_all()

    # --- sending ---

    def send_text(self, text):
        """A WebSocket text message as it is."""
        Loop.run(self.ws.send(text))

    def send_bytes(self, data):
        """A binary one."""
        Loop.run(self.ws.send(data))

    def frame(self, command, body="", **headers):
        self.send_text(encode(command, names(headers), body))

    def connect(self, user, version="1.2", **headers):
        self.frame("CONNECT", **{"accept-version": version, "heart-beat": "0,0", "sender": user,
                                 **headers})
        return self.expect("CONNECTED")

    def subscribe(self, destination, id=None, **headers):
        """Subscribes and waits for the RECEIPT, which it returns."""
        id = id or f"sub-{next(self._numbers)}"
        return self.ask("SUBSCRIBE", destination=destination, id=id, **headers)

    def subscribe_room(self, room_uuid, **headers):
        return self.subscribe(f"/sub/chat/room/{room_uuid}", **headers)

    def post(self, room_uuid, content, **headers):
        """SENDs a message without waiting."""
        self.frame("SEND", json.dumps({"content": content}, ensure_ascii=False),
                   destination=f"/pub/room/{room_uuid}/message", **headers)

    def say(self, room_uuid, content, **headers):
        """SENDs a message and waits for its RECEIPT, which it returns."""
        receipt = f"r-{next(self._numbers)}"
        self.post(room_uuid, content, receipt=receipt, **headers)
        return self.expect("RECEIPT", receipt_id=receipt)

    def ask(self, command, body="", **headers):
        """Sends a frame with a receipt header and waits for the RECEIPT, which it returns."""
        receipt = f"r-{next(self._numbers)}"
        self.frame(command, body, receipt=receipt, **headers)
        return self.expect("RECEIPT", receipt_id=receipt)

    # --- receiving ---

    def expect(self, command, seconds=10, body_has=None, **headers):
        """Takes the first frame of that command, those headers and those members of its JSON;
        others stay. An ERROR, a fault in a frame or a close meanwhile fails."""
        wanted = names(headers)
        end = time.monotonic() + patience(seconds)
        with self._arrived:
            while True:
                for frame in self.frames:
                    if self._is(frame, command, wanted) and frame.has(body_has):
                        self.frames.remove(frame)
                        return frame
                left = end - time.monotonic()
                if left <= 0 or self.close_code is not None:
                    raise AssertionError(
                        f"no {command} {wanted} {body_has or ''}; closed {self.close_code}; "
                        f"there is {list(self.frames)}")
                self._arrived.wait(left)

    @staticmethod
    def _is(frame, command, wanted):
        if isinstance(frame, AssertionError):
            raise frame
        if not isinstance(frame, Frame):
            raise AssertionError(f"a binary message: {frame!r}")
        if frame.command == "ERROR" != command:
            raise AssertionError(f"ERROR: {frame.raw!r}")
        return frame.command == command and wanted.items() <= frame.headers.items()

    def messages(self, count, seconds=10):
        """The next count MESSAGEs of any subscription, in order."""
        return [self.expect("MESSAGE", seconds) for _ in range(count)]

    def settle(self):
        """The server has worked off all that was sent: it answered one more frame."""
        self.ask("BEGIN", transaction="barrier")
        self.ask("ABORT", transaction="barrier")

    def nothing_came(self):
        """True; fails if a frame is waiting after the server has worked off all that was sent."""
        self.settle()
        assert not self.frames, f"there is {list(self.frames)}"
        return True

    def expect_error(self, code, seconds=10):
        """An ERROR of that code; returns it."""
        error = self.expect("ERROR", seconds)
        assert error.headers.get("code") == code, error.raw
        return error

    def expect_close(self, seconds=10):
        """(code, reason) of the close."""
        end = time.monotonic() + patience(seconds)
        with self._arrived:
            while self.close_code is None:
                left = end - time.monotonic()
                assert left > 0, f"not closed; there is {list(self.frames)}"
                self._arrived.wait(left)
        return self.close_code, self.close_reason

    def close(self):
        Loop.run(self.ws.close())

    def abort(self):
        """The socket goes away without a word."""
        async def cut():
            self.ws.transport.abort()
        Loop.run(cut())
