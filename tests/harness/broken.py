"""Broken input: valid conversations of HTTP, WebSocket, STOMP and SockJS, changed at random. The same
seed gives the same bytes.
SPDX-License-Identifier: MIT
"""
import base64
import json
import random
import struct

KINDS = ("http", "websocket", "stomp", "sockjs")
TOKENS = [
    b"\0", b"\n", b"\r\n", b"\r\n\r\n", b" ", b":", b"\\", b"\\c", b"%00", b"%zz", b"\xff", b"\xed\xa0\x80",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n", b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Host: y\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\n", b"HTTP/1.0",
    b"HTTP/2.0", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"1;x=y\r\na\r\n", b"../", b"?user=a&user=b",
    b"content-length:1\n", b"content-length:99999999\n", b"receipt:r\n", b"transaction:t\n", b"id:0\n",
    b"heart-beat:1,1\n", b"accept-version:9.9\n", b"destination:/sub/chat/room/x\n", b"since:-1\n",
    b"SEND\n", b"CONNECT\n", b"DISCONNECT\n\n\0", b"BEGIN\ntransaction:t\n\n\0", b"COMMIT\ntransaction:t\n\n\0",
    b'["', b"[[[[", b'"]', b"\\ud800", b'{"content":', b"1e999", b"null", b"a" * 5000, b"A: b\r\n" * 120,
    b"\x81\xfe\xff\xff", b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x88\x80\0\0\0\0", b"\x89\xfe\0\x7e",
    b"\x01\x80\0\0\0\0", b"\xc1\x80\0\0\0\0", b"\x8f\x80\0\0\0\0", b"\x88\x82\0\0\0\0\x03\xee",
]


def request(line, *headers, body=None, chunked=False):
    data = b"" if body is None else body
    if chunked:
        cut = len(data) // 2
        data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (data[:cut], data[cut:]) if p) + \
            b"0\r\n\r\n"
        headers += ("Transfer-Encoding: chunked",)
    elif body is not None:
        headers += (f"Content-Length: {len(data)}",)
    return "\r\n".join([f"{line} HTTP/1.1", "Host: x", *headers, "", ""]).encode() + data


def upgrade(path="/ws-stomp"):
    return request(f"GET {path}", "Upgrade: websocket", "Connection: Upgrade",
                   "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                   "Sec-WebSocket-Protocol: v12.stomp, v11.stomp")


class Maker:
    """room: of harness.server; make() gives (kind, bytes)."""

    def __init__(self, seed, room):
        self.random = random.Random(seed)
        self.room = room
        self.made = 0

    def make(self):
        kind = KINDS[self.made % len(KINDS)]
        self.made += 1
        return kind, getattr(self, "_" + kind)()

    # --- valid conversations ---

    def _requests(self):
        user, room = f"X-Auth-User: {self.room.buyer}", self.room.uuid
        content = json.dumps({"content": "안녕하세요 hello"}).encode()
        form = b"user=other%40x&name=a+bike"
        return [
            request("GET /chat/test"), request(f"GET /chat/room/{room}", user),
            request(f"GET /chat/room/{room}/messages?before=9&limit=5", user),
            request("GET /room/list", user), request("GET /room/inbox?limit=3", user),
            request("OPTIONS /room/list", "Origin: http://x", "Access-Control-Request-Method: GET"),
            request(f"POST /chat/room/{room}/messages", user, body=content),
            request(f"POST /chat/room/{room}/messages", user, "Idempotency-Key: k", body=content,
                    chunked=True),
            request("POST /room/create", user, "Content-Type: application/x-www-form-urlencoded",
                    body=form, chunked=bool(self.random.getrandbits(1))),
            request("POST /inquiry/upload", body=b'{"name":"a","email":"a@x","message":"m"}'),
            request(f"POST /chat/room/{room}/read", user, body=b'{"seq":1}'),
            request("GET /schema/openapi.json"), request("GET /ws-stomp/info"), upgrade(),
        ]

    def _frames(self):
        room = self.room.uuid
        send = json.dumps({"content": "안녕"}, ensure_ascii=False)
        return [
            f"CONNECT\naccept-version:1.0,1.1,1.2\nheart-beat:0,0\nsender:{self.room.buyer}\n\n\0",
            f"SUBSCRIBE\nid:0\ndestination:/sub/chat/room/{room}\nsince:0\nreceipt:s\n\n\0",
            f"SEND\ndestination:/pub/room/{room}/message\nreceipt:m\n\n{send}\0",
            f"SEND\ndestination:/pub/room/{room}/typing\n\n{{\"typing\":true}}\0",
            f"BEGIN\ntransaction:t\n\n\0SEND\ntransaction:t\ndestination:/pub/room/{room}/message\n"
            f"content-length:{len(send.encode())}\n\n{send}\0ABORT\ntransaction:t\n\n\0",
            "UNSUBSCRIBE\nid:0\n\n\0", "\n\n", "DISCONNECT\nreceipt:d\n\n\0",
        ]

    def _message(self, payload, opcode=1):
        """One WebSocket message, perhaps in fragments."""
        out, cuts = b"", sorted(self.random.randrange(len(payload) + 1)
                                for _ in range(self.random.choice((0, 0, 1, 3))))
        starts = [0, *cuts]
        for i, (a, b) in enumerate(zip(starts, [*cuts, len(payload)])):
            piece, mask = payload[a:b], self.random.randbytes(4)
            n = len(piece)
            head = bytes([(i == len(cuts)) << 7 | (opcode if i == 0 else 0)])
            head += bytes([128 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n) \
                if n < 65536 else b"\xff" + struct.pack(">Q", n)
            out += head + mask + bytes(c ^ mask[j % 4] for j, c in enumerate(piece))
        return out

    # --- kinds ---

    def _http(self):
        all_of_them = self._requests()
        return self._break(b"".join(self.random.choices(all_of_them, k=self.random.randint(1, 3))))

    def _websocket(self):
        frames = [self._message(f.encode(), self.random.choice((1, 1, 2))) for f in self._frames()]
        frames.insert(self.random.randrange(len(frames)), self._message(b"ping", 9))
        return upgrade() + self._break(b"".join(frames[:self.random.randint(1, len(frames))]))

    def _stomp(self):
        frames = [f.encode() for f in self._frames()]
        text = frames[0] * bool(self.random.randrange(8)) + self._break(b"".join(
            self.random.sample(frames[1:], self.random.randint(1, len(frames) - 1))))
        path = self.random.choice(("/ws-stomp", "/ws-stomp/websocket"))
        return upgrade(path) + self._message(text, self.random.choice((1, 2)))

    def _sockjs(self):
        name = base64.b32encode(self.random.randbytes(5)).decode()
        payload = json.dumps(self._frames()[:self.random.randint(1, 8)]).encode()
        if self.random.randrange(3) == 0:
            return upgrade(f"/ws-stomp/000/{name}/websocket") + self._message(self._break(payload))
        transport = self.random.choice(("xhr", "xhr_streaming", "eventsource", "htmlfile?c=x"))
        begin = request(f"{'POST' if 'xhr' in transport else 'GET'} /ws-stomp/000/{name}/{transport}")
        if self.random.randrange(3) == 0:
            return self._break(begin)
        opens = request(f"POST /ws-stomp/000/{name}/xhr", body=b"")
        return opens + request(f"POST /ws-stomp/000/{name}/xhr_send", body=self._break(payload),
                               chunked=bool(self.random.getrandbits(1))) + begin

    # --- what is done to them ---

    def _break(self, data):
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            data = self.random.choice((self._flip, self._cut, self._drop, self._double, self._insert,
                                       self._insert, self._swap))(data)
        return data

    def _span(self, data):
        a, b = sorted(self.random.randrange(len(data) + 1) for _ in range(2))
        return a, min(b, a + self.random.choice((1, 4, 64, 4096)))

    def _flip(self, data):
        out = bytearray(data)
        for _ in range(self.random.choice((1, 2, 8))):
            if out:
                out[self.random.randrange(len(out))] ^= 1 << self.random.randrange(8)
        return bytes(out)

    def _cut(self, data):
        return data[:self.random.randrange(len(data) + 1)]

    def _drop(self, data):
        a, b = self._span(data)
        return data[:a] + data[b:]

    def _double(self, data):
        a, b = self._span(data)
        return data[:a] + data[a:b] * self.random.choice((2, 3, 50)) + data[b:]

    def _insert(self, data):
        at = self.random.randrange(len(data) + 1)
        return data[:at] + self.random.choice(TOKENS) + data[at:]

    def _swap(self, data):
        a, b = self._span(data)
        return data[b:] + data[a:b] + data[:a]
