"""Runs the cases of Autobahn's test suite for WebSocket servers. The cases are the suite's own, in
build/autobahn where tools/test puts them; they are Python 2, whose strings are bytes, so they are read
as if each byte were a character. The client that the cases drive is here.
SPDX-License-Identifier: MIT
"""
import asyncio
import base64
import binascii
import builtins
import codecs
import os
import re
import struct
import types
import urllib.parse

from harness.backing import ROOT
from harness.wait import patience

CASES = os.path.join(ROOT, "build", "autobahn", "autobahntestsuite", "case")
PASSED = ("OK", "NON-STRICT", "INFORMATIONAL")
# The last: it closed rightly, but waits a little longer for our answer than the suite would like.
CLOSED = ("OK", "INFORMATIONAL", "FAILED BY CLIENT")
AT_ONCE = 40  # connections


def to_bytes(s):
    return s.encode("latin-1") if isinstance(s, str) else bytes(s)


class Utf8Validator:
    """Of the suite's library: what it needs of it to make its sequences."""

    def reset(self):
        pass

    def validate(self, text):
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(to_bytes(text))
        except UnicodeDecodeError:
            return False, False
        return True, not decoder.getstate()[0]


# --- the suite's modules -----------------------------------------------------------------------


class Suite:
    """The suite's case classes, by id: "1.1.2"."""

    def __init__(self):
        assert os.path.isdir(CASES), f"{CASES} is not there: tools/test installs it"
        self.modules = {
            "autobahn.websocket.protocol": types.SimpleNamespace(WebSocketProtocol=Client),
            "autobahn.websocket.utf8validator": types.SimpleNamespace(Utf8Validator=Utf8Validator),
            "binascii": types.SimpleNamespace(b2a_hex=lambda s: binascii.hexlify(to_bytes(s))),
        }
        self.case = self._load("case").Case
        # What we send is text, whatever we were sent: which of the two it is is not compared.
        self.case.compare = lambda _, one, other: plain(one) == plain(other)
        self.by_id = {}
        for file in sorted(os.listdir(CASES)):
            # Not those of compression, which is not spoken, and one that the suite leaves out.
            if re.match(r"case([1-79]|10)_.*\.py$", file) and file != "case9_9_1.py":
                found = vars(self._load(file[:-3])).values()
                for case in [c for v in found for c in (v if isinstance(v, list) else [v])]:
                    if isinstance(case, type) and issubclass(case, self.case) and case is not self.case:
                        self.by_id[case.__name__[4:].replace("_", ".")] = case

    def _import(self, name, globals=None, locals=None, fromlist=(), level=0):
        if os.path.exists(os.path.join(CASES, name + ".py")):
            return self._load(name)
        return self.modules.get(name) or __import__(name, globals, locals, fromlist, level)

    def _load(self, name):
        if name not in self.modules:
            with open(os.path.join(CASES, name + ".py"), encoding="latin-1") as f:
                source = f.read()
            for pattern, new in ((r"^# coding.*", ""), (r"^(\s*)print\b.*", r"\1pass"),
                                 (r"\(object, Case, \)", "(Case,)"), (r"\) / self", ") // self")):
                source = re.sub(pattern, new, source, flags=re.M)
            module = types.ModuleType(name)
            module.__builtins__ = {**vars(builtins), "__import__": self._import, "xrange": range}
            self.modules[name] = module
            exec(compile(source, name, "exec"), vars(module))
        return self.modules[name]

    def needs_echo(self, case_id):
        """There is no way to pass it but by an echo."""
        case = self.by_id[case_id](Dry())
        case.onOpen()
        return not any(all(e[0] != "message" for e in events) for events in case.expected.values())

    def run(self, url, ids, has_echo=True):
        """{id: (behaviour, behaviour of the close, why)} of those that did not pass as they should,
        and how many did so only as the suite's NON-STRICT."""
        async def run_all():
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(case_id):
                async with gate:
                    return case_id, await Client(self.by_id[case_id], has_echo).run(url)
            return dict(await asyncio.gather(*[one(i) for i in ids]))

        results = asyncio.run(run_all())
        return {i: r for i, r in results.items() if r[0] not in PASSED or r[1] not in CLOSED}


def plain(events):
    return [tuple(to_bytes(e) for e in event if not isinstance(e, bool)) for event in events]


# --- the client that a case drives -------------------------------------------------------------


class Protocol:
    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_GOING_AWAY = 1001
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    STATE_CLOSED, STATE_OPEN, STATE_CLOSING = range(3)


class Dry(Protocol):
    """A client that does nothing: a case tells it what it expects."""

    state = Protocol.STATE_OPEN

    def __getattr__(self, name):
        return lambda *_, **__: None


class Client(Protocol):
    """One connection, with the names and the meanings of the suite's own client."""

    def __init__(self, case, has_echo):
        self.case = case(self)
        self.has_echo = has_echo
        self.factory = types.SimpleNamespace(isServer=False)
        self.state = self.STATE_CLOSED
        self.connectionWasOpen = self.closedByMe = self.failedByMe = False
        self.droppedByMe = self.wasClean = False
        self.remoteCloseCode = self.localCloseReason = None
        self.createWirelog = True
        self.autoFragmentSize = 0
        self.txFrameStats = {}
        self.fault = None  # of the server, whatever the case expects
        self.to_send = asyncio.Queue()
        self.timers = []
        self.fragments = None  # (opcode, bytes) of a message that is coming
        self.frame_open = None  # (mask, bytes sent) of a frame that is being sent in pieces

    async def run(self, url):
        at = urllib.parse.urlsplit(url)
        self.reader, self.writer = await asyncio.open_connection(at.hostname, at.port)
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(f"GET {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nUpgrade: websocket\r\n"
                          f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        answer = await self.reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        self.connectionWasOpen, self.state = True, self.STATE_OPEN
        sender = asyncio.ensure_future(self._send())
        try:
            self.case.onOpen()
            await self._receive()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self.state = self.STATE_CLOSED
        for timer in self.timers:
            timer.cancel()
        sender.cancel()
        self.writer.close()
        self.case.onConnectionLost(self.failedByMe)
        if self.fault:
            return "FAILED", self.case.behaviorClose, self.fault
        return (self.case.behavior, self.case.behaviorClose,
                f"{self.case.result} {self.case.resultClose} {self.case.received!r:.200} "
                f"{self.remoteCloseCode}")

    # --- receiving ---

    async def _receive(self):
        while True:
            first, second = await self.reader.readexactly(2)
            length = second & 127
            if length == 126:
                length = struct.unpack(">H", await self.reader.readexactly(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", await self.reader.readexactly(8))[0]
            payload = await self.reader.readexactly(length)
            opcode, is_fin = first & 15, first >> 7
            if second & 128 or first & 0x70 or opcode not in (0, 1, 2, 8, 9, 10) or \
                    (opcode > 7 and (length > 125 or not is_fin)):
                self.fault = f"the server sent a bad frame: {first:02x} {second:02x}"
                self._drop()
            elif opcode == 8:
                self._on_close(payload)
            elif opcode == 9:
                self.case.onPing(payload)
                self.sendFrame(10, payload)
            elif opcode == 10:
                self.case.onPong(payload)
            else:
                self._on_data(opcode, is_fin, payload)

    def _on_data(self, opcode, is_fin, payload):
        if (opcode == 0) == (self.fragments is None):
            self.fault = "the server sent fragments out of order"
        kind, pieces = self.fragments or (opcode, [])
        pieces.append(payload)
        self.fragments = None if is_fin else (kind, pieces)
        if not is_fin:
            return
        message = b"".join(pieces)
        if self.has_echo:
            self.case.onMessage(message, kind == 2)

    def _on_close(self, payload):
        self.remoteCloseCode = struct.unpack(">H", payload[:2])[0] if payload else None
        if len(payload) == 1 or self.remoteCloseCode in (1004, 1005, 1006, 1015):
            self.fault = f"the server sent a bad close: {payload!r}"
        self.wasClean = True
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(self.CLOSE_STATUS_CODE_NORMAL, isReply=True)
        self._later(1, self._drop)  # the server is to close the connection

    # --- sending ---

    async def _send(self):
        while True:
            data, chop = await self.to_send.get()
            for i in range(0, len(data), chop or len(data)):
                self.writer.write(data[i:i + (chop or len(data))])
                await asyncio.sleep(0)
            if self.writer.transport.get_write_buffer_size() > 1 << 20:
                await self.writer.drain()

    def _put(self, data, chop=None):
        if self.state != self.STATE_CLOSED:
            self.to_send.put_nowait((data, chop))

    def _put_head(self, opcode, is_fin, rsv, length, mask):
        short = length if length < 126 else 126 if length < 65536 else 127
        self.txFrameStats[opcode] = self.txFrameStats.get(opcode, 0) + 1
        return bytes([is_fin << 7 | rsv << 4 | opcode, 128 | short]) + \
            (struct.pack(">H", length) if short == 126 else
             struct.pack(">Q", length) if short == 127 else b"") + mask

    def sendFrame(self, opcode, payload="", fin=True, rsv=0, payload_len=None, chopsize=None,
                  sync=False):
        payload = to_bytes(payload)
        if payload_len is not None:
            payload = (payload * (payload_len // max(1, len(payload)) + 1))[:payload_len]
        mask = os.urandom(4)
        self._put(self._put_head(opcode, fin, rsv, len(payload), mask) + masked(payload, mask),
                  chopsize)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None):
        payload = to_bytes(payload)
        size = fragmentSize or self.autoFragmentSize or max(1, len(payload))
        starts = range(0, max(1, len(payload)), size)
        for i in starts:
            self.sendFrame((2 if isBinary else 1) if i == 0 else 0, payload[i:i + size],
                           fin=i == starts[-1])

    def beginMessage(self, isBinary=False):
        self.message_opcode = 2 if isBinary else 1

    def beginMessageFrame(self, length):
        mask = os.urandom(4)
        self.frame_open = [mask, 0]
        self._put(self._put_head(self.message_opcode, False, 0, length, mask))
        self.message_opcode = 0

    def sendMessageFrameData(self, payload):
        mask, at = self.frame_open
        turn = at % 4
        self._put(masked(to_bytes(payload), mask[turn:] + mask[:turn]))
        self.frame_open[1] += len(payload)

    def endMessage(self):
        self.sendFrame(0)

    def sendClose(self, code=None, reason=None):
        self.sendCloseFrame(code, reason)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        if self.state != self.STATE_OPEN:
            return
        self.localCloseReason = reasonUtf8
        self.closedByMe = not isReply
        self.sendFrame(8, b"" if code is None else
                       struct.pack(">H", code) + to_bytes(reasonUtf8 or b""))
        self.state = self.STATE_CLOSING
        self._later(5, self._drop)

    # --- later ---

    def _later(self, seconds, do):
        self.timers.append(asyncio.get_running_loop().call_later(patience(seconds), do))

    def _drop(self):
        self.droppedByMe = True
        self.writer.transport.abort()

    def continueLater(self, delay, fun, _tag=None):
        self._later(delay, lambda: fun() if self.state != self.STATE_CLOSED else None)

    def closeAfter(self, delay):
        self._later(delay, self.sendClose)

    def killAfter(self, delay):
        def kill():
            self.failedByMe = True
            self.sendCloseFrame(self.CLOSE_STATUS_CODE_GOING_AWAY)
        self._later(delay, kill)

    def enableWirelog(self, _):
        pass


def masked(data, mask):
    n = len(data)
    key = (mask * (n // 4 + 1))[:n]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(n, "big")
