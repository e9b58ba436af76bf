"""The rules of sockjs-protocol 0.3.3, by the names of its tests, for /ws-stomp. Where the suite has an
echo, a CONNECT is answered here (CONNECTED) or a receipt comes back; where it has a service that closes
at once, a frame that is none is sent (ERROR, then the close).

Not served, as in the replaced service: the iframe page, jsonp, the greeting at the prefix without a
slash, WebSocket before RFC 6455, an endpoint with WebSockets off.
SPDX-License-Identifier: MIT
"""
import itertools
import json
import re
import select
import uuid

import pytest
import websockets

from harness.http import Connection, once
from harness.stomp import Loop, escape
from harness.wait import patience

BASE = "/ws-stomp"
NO_CACHE = "no-store, no-cache, must-revalidate, max-age=0"
CONNECT = "CONNECT\naccept-version:1.2\nheart-beat:0,0\nsender:sockjs@x\n\n\0"
TRANSPORTS = {"xhr_streaming": "POST", "eventsource": "GET", "htmlfile": "GET"}
numbers = itertools.count()


def session(server_id="000"):
    return f"{BASE}/{server_id}/{uuid.uuid4()}"


def get(server, path, *headers):
    return once(server.url, f"GET {path}", *headers)


def post(server, path, body="", *headers):
    body = body.encode()
    return once(server.url, f"POST {path}", f"Content-Length: {len(body)}", *headers, body=body)


def send(server, path, *messages):
    assert post(server, path + "/xhr_send", json.dumps(messages)).status == 204


def messages_of(frame):
    assert frame[0] == "a", frame
    return json.loads(frame[1:])


def has_type(answer, wanted):
    return answer.headers["content-type"].replace(" ", "").lower() == wanted.lower()


def has_cors(answer, origin):
    return (answer.headers["access-control-allow-origin"],
            answer.headers["access-control-allow-credentials"]) == (origin, "true")


def is_not_cached(answer):
    return answer.headers["cache-control"] == NO_CACHE and answer.headers["last-modified"] is None


def assert_options(server, path, methods):
    for origin in ("http://test", "null"):
        r = once(server.url, f"OPTIONS {path}", f"Origin: {origin}",
                 f"Access-Control-Request-Method: {methods}")
        assert (r.status, r.text) in ((200, ""), (204, ""))
        assert "public" in r.headers["cache-control"]
        assert re.search("max-age=[1-9][0-9]{6}", r.headers["cache-control"])
        assert r.headers["expires"]
        assert int(r.headers["access-control-max-age"]) > 1000000
        allowed = r.headers["access-control-allow-methods"]
        assert all(m in allowed for m in methods.split(", ")), allowed
        assert has_cors(r, origin)


class Stream:
    """A streaming answer, read chunk by chunk."""

    def __init__(self, server, path, transport, *headers):
        self.connection = Connection(server.url)
        method, query = TRANSPORTS[transport], "?c=%63allback" * (transport == "htmlfile")
        self.connection.request(f"{method} {path}/{transport}{query}", *headers,
                                *["Content-Length: 0"] * (method == "POST"))
        self.head = {}
        self.status = int(self._line().split()[1])
        while line := self._line():
            name, _, value = line.partition(":")
            self.head[name.lower()] = value.strip()

    @property
    def headers(self):
        return {"last-modified": None, **self.head}

    def _line(self):
        return self.connection.reader.readline().decode().rstrip("\r\n")

    def chunk(self):
        """"" at the end."""
        n = int(self._line(), 16)
        return self.connection.reader.read(n + 2)[:-2].decode()

    def frame(self):
        """What a chunk holds, out of the transport's wrapping."""
        text = self.chunk()
        page = re.fullmatch(r'<script>\np\((".*")\);\n</script>\r\n', text)
        return json.loads(page[1]) if page else text.removeprefix("data: ").rstrip("\r\n")

    def close(self):
        self.connection.__exit__()


def opened(server, path, transport="xhr_streaming", *headers):
    stream = Stream(server, path, transport, *headers)
    assert stream.status == 200 and stream.chunk()
    return stream


# --- BaseUrlGreeting, IframePage, JsonPolling, InfoTest ------------------------------------------


def test_base_url_greeting(server):
    r = get(server, BASE + "/")
    assert (r.status, r.text) == (200, "Welcome to SockJS!\n")
    assert has_type(r, "text/plain;charset=UTF-8")
    assert r.headers["set-cookie"] is None
    assert get(server, BASE).status == 400  # as the replaced service


@pytest.mark.parametrize("suffix", [
    "/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/", "/iframe.html", "/iframe-a.html",
    "/iframe-0.1.2.html?t=1", "/iframe.htm", "/IFRAME.HTML", "/iframe-/.html", "/a/a/jsonp?c=x"])
def test_not_found(server, suffix):
    assert get(server, BASE + suffix).status == 404


def test_info(server):
    r = get(server, BASE + "/info", "Origin: http://test")
    data = json.loads(r.text)
    assert r.status == 200 and has_type(r, "application/json;charset=UTF-8")
    assert is_not_cached(r) and has_cors(r, "http://test") and r.headers["set-cookie"] is None
    assert (data["websocket"], data["cookie_needed"], data["origins"]) == (True, True, ["*:*"])
    assert isinstance(data["entropy"], int)
    assert json.loads(get(server, BASE + "/info").text)["entropy"] != data["entropy"]


@pytest.mark.parametrize("suffix, methods", [
    ("/info", "OPTIONS, GET"), ("/abc/abc/xhr", "OPTIONS, POST"),
    ("/abc/abc/xhr_send", "OPTIONS, POST"), ("/abc/abc/xhr_streaming", "OPTIONS, POST")])
def test_options(server, suffix, methods):
    assert_options(server, BASE + suffix, methods)


# --- SessionURLs, Protocol -----------------------------------------------------------------------


@pytest.mark.parametrize("part", ["/a/a", "/_/_", "/1/", "/abcdefgh_i-j%20/abcdefg_i-j%20"])
def test_any_value(server, part):
    r = post(server, f"{BASE}{part}{next(numbers)}{uuid.uuid4().hex}/xhr")
    assert (r.status, r.text) == (200, "o\n")


@pytest.mark.parametrize("suffix", ["//", "/a./a", "/a/a.", "/./.", "/", "///"])
def test_invalid_paths(server, suffix):
    assert get(server, BASE + suffix + "/xhr").status == 404
    assert post(server, BASE + suffix + "/xhr").status == 404


def test_ignoring_server_id(server):
    path = session()
    other = path.replace("/000/", "/999/")
    assert post(server, path + "/xhr").text == "o\n"
    send(server, path, CONNECT)
    assert messages_of(post(server, other + "/xhr").text)[0].startswith("CONNECTED\n")


def test_simple_session(server):
    path = session()
    assert post(server, path + "/xhr").text == "o\n"
    send(server, path, CONNECT)
    assert messages_of(post(server, path + "/xhr").text)[0].startswith("CONNECTED\n")
    assert post(server, f"{BASE}/000/bad_session/xhr_send", '["a"]').status == 404
    refuses_a_second_receiver(server, path)


def refuses_a_second_receiver(server, path):
    """While a poll waits; which of two comes first is not known, so the one that is answered is it."""
    with Connection(server.url) as one, Connection(server.url) as other:
        for connection in (one, other):
            connection.request(f"POST {path}/xhr", "Content-Length: 0")
        ready, _, _ = select.select([one.socket, other.socket], [], [], patience(10))
        answer = (one if one.socket in ready else other).answer("POST")
        assert (answer.status, answer.text) == (200, 'c[2010,"Another connection still open"]\n')


def test_close_session(server):
    path = session()
    assert post(server, path + "/xhr").text == "o\n"
    send(server, path, "nonsense\n\n\0")
    assert messages_of(post(server, path + "/xhr").text)[0].startswith("ERROR\n")
    for _ in range(2):  # until it is forgotten
        r = post(server, path + "/xhr")
        assert (r.status, r.text) == (200, 'c[1002,"unsupported_command"]\n')


# --- WebsocketHttpErrors, Websocket, RawWebsocket ------------------------------------------------

UPGRADE = ["Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="]


def test_websocket_http_errors(server):
    path = f"{BASE}/0/0/websocket"
    assert get(server, path).status == 400
    assert get(server, path, "Upgrade: WebSocket", "Connection: close").status == 400
    for headers in (["Upgrade: WebSocket", "Connection: Upgrade"], []):
        r = post(server, path, "", *headers)
        assert r.status == 405 and r.headers["allow"]


@pytest.mark.parametrize("version, status", [("13", 101), ("7", 426), ("8", 426)])
def test_websocket_headers_sanity(server, version, status):
    with Connection(server.url) as connection:
        connection.request(f"GET {session()}/websocket", *UPGRADE[:2], UPGRADE[3],
                           f"Sec-WebSocket-Version: {version}", "Sec-WebSocket-Origin: http://asd")
        r = connection.answer()
    assert r.status == status
    if status == 101:
        assert r.headers["sec-websocket-accept"] == "HSmrc0sMlYUkAGmm5OPpG2HaGWk="
        assert r.headers["connection"].lower() == "upgrade"
        assert r.headers["upgrade"].lower() == "websocket"
        assert r.headers["content-length"] is None


class WebSocket:
    def __init__(self, server, path):
        async def connect():
            return await websockets.connect(f"ws{server.url[4:]}{path}", compression=None)
        self.ws = Loop.run(connect())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        Loop.run(self.ws.close())

    def send(self, text):
        Loop.run(self.ws.send(text))

    def recv(self):
        return Loop.run(self.ws.recv())

    def connects(self):
        self.send(json.dumps([CONNECT]))
        return messages_of(self.recv())[0].startswith("CONNECTED\n")


def test_websocket_transport_and_empty_frames(server):
    with WebSocket(server, session() + "/websocket") as ws:
        assert ws.recv() == "o"
        ws.send("")
        ws.send("[]")
        assert ws.connects()


def test_websocket_close(server):
    with WebSocket(server, session() + "/websocket") as ws:
        assert ws.recv() == "o"
        ws.send(json.dumps(["nonsense\n\n\0"]))
        assert messages_of(ws.recv())[0].startswith("ERROR\n")
        assert ws.recv() == 'c[1002,"unsupported_command"]'
        with pytest.raises(websockets.ConnectionClosed):
            ws.recv()


def test_websocket_reuse_session_id(server):
    path = session() + "/websocket"
    with WebSocket(server, path) as one, WebSocket(server, path) as other:
        assert one.recv() == other.recv() == "o"
        assert one.connects() and other.connects()
    with WebSocket(server, path) as again:
        assert again.recv() == "o"
        assert again.connects()


def test_websocket_broken_json(server):
    with WebSocket(server, session() + "/websocket") as ws:
        assert ws.recv() == "o"
        ws.send('["a')
        with pytest.raises(websockets.ConnectionClosed):
            ws.recv()


def test_raw_websocket(server):
    with WebSocket(server, BASE + "/websocket") as ws:
        ws.send(CONNECT)
        assert ws.recv().startswith("CONNECTED\n")
        ws.send("nonsense\n\n\0")
        assert ws.recv().startswith("ERROR\n")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            ws.recv()
        assert (closed.value.code, closed.value.reason) == (1002, "unsupported_command")


# --- XhrPolling, JSONEncoding --------------------------------------------------------------------


def test_xhr_polling_transport(server):
    path, origin = session(), "Origin: http://test"
    r = post(server, path + "/xhr", "", origin)
    assert (r.status, r.text) == (200, "o\n")
    assert has_type(r, "application/javascript;charset=UTF-8")
    assert has_cors(r, "http://test") and is_not_cached(r)
    r = post(server, path + "/xhr_send", json.dumps([CONNECT]), origin)
    assert (r.status, r.text) == (204, "")
    assert has_type(r, "text/plain;charset=UTF-8")
    assert has_cors(r, "http://test") and is_not_cached(r)


def test_xhr_polling_invalid_json(server):
    path = session()
    assert post(server, path + "/xhr_send", '["x"]').status == 404  # no such session
    assert post(server, path + "/xhr").text == "o\n"
    for body, text in (('["x', "Broken JSON encoding."), ("", "Payload expected.")):
        r = post(server, path + "/xhr_send", body)
        assert r.status == 500 and text in r.text
    send(server, path, CONNECT)
    assert messages_of(post(server, path + "/xhr").text)[0].startswith("CONNECTED\n")


def test_xhr_polling_content_types_and_empty_frames(server):
    path = session()
    types = ["text/plain", "T", "application/json", "application/xml", "", "text/xml",
             "application/json; charset=utf-8", "text/xml; charset=utf-8"]
    assert post(server, path + "/xhr").text == "o\n"
    send(server, path)
    send(server, path, CONNECT)
    for i, name in enumerate(types):
        r = post(server, path + "/xhr_send", json.dumps([begin(f"t{i}")]), f"Content-Type: {name}")
        assert (r.status, r.text) == (204, "")
    heard = poll(server, path, 1 + len(types))
    assert ["receipt-id:t" in m for m in heard] == [False] + [True] * len(types)


def begin(receipt):
    """Frames that are answered by one RECEIPT and change nothing."""
    return f"BEGIN\ntransaction:t\nreceipt:{escape(receipt)}\n\n\0ABORT\ntransaction:t\n\n\0"


def poll(server, path, count):
    heard = []
    while len(heard) < count:
        heard += messages_of(post(server, path + "/xhr").text)
    return heard


@pytest.mark.parametrize("asked, told", [("a, b, c", "a, b, c"), ("", None), (None, None)])
def test_xhr_polling_request_headers_cors(server, asked, told):
    r = once(server.url, f"OPTIONS {session()}/xhr", "Origin: http://test",
             "Access-Control-Request-Method: POST",
             *[f"Access-Control-Request-Headers: {asked}"] * (asked is not None))
    assert r.status in (200, 204) and has_cors(r, "http://test")
    assert r.headers["access-control-allow-headers"] == told


# What a client escapes because browsers change it on their way, and what a server must escape.
CLIENT_ESCAPES = re.compile("[\\x01-\\x1f\\x7f-\\x9f\\xad\\u0300-\\u06ff\\u2000-\\u20ff\\uf900-\\ufb4e"
                            "\\ufeff\\ufff0-\\uffff]")
SERVER_ESCAPES = re.compile("[\\u200c-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ufff0-\\uffff]")


def test_xhr_server_encodes_and_decodes(server):
    path = session()
    assert post(server, path + "/xhr").text == "o\n"
    send(server, path, CONNECT)
    poll(server, path, 1)
    for pattern in (SERVER_ESCAPES, CLIENT_ESCAPES):
        every = [chr(i) for i in range(0x10000) if pattern.match(chr(i))]
        for i in range(0, len(every), 1000):
            text = "".join(every[i:i + 1000])
            send(server, path, begin(text))
            raw = post(server, path + "/xhr").text
            assert f"receipt-id:{escape(text)}\n" in messages_of(raw)[0]
            assert not SERVER_ESCAPES.search(raw)


# --- XhrStreaming, EventSource, HtmlFile ---------------------------------------------------------

PRELUDES = {"xhr_streaming": ("application/javascript;charset=UTF-8", "h" * 2048 + "\n"),
            "eventsource": ("text/event-stream;charset=UTF-8", "\r\n"),
            "htmlfile": ("text/html;charset=UTF-8", None)}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_streaming_transport(server, transport):
    path, (content_type, prelude) = session(), PRELUDES[transport]
    stream = Stream(server, path, transport, "Origin: http://test")
    assert stream.status == 200 and has_type(stream, content_type)
    assert is_not_cached(stream) and has_cors(stream, "http://test")
    first = stream.chunk()
    assert first == prelude or ("var c = parent.callback;" in first and len(first) > 1024)
    assert stream.frame() == "o"
    send(server, path, CONNECT)
    assert messages_of(stream.frame())[0].startswith("CONNECTED\n")
    send(server, path, begin("  \t \u2028 </script>"))
    assert "receipt-id:  \t \u2028 </script>\n" in messages_of(stream.frame())[0]
    stream.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_streaming_response_limit(server, transport):
    """128 KiB; what is behind it comes on the next one."""
    path = session()
    stream = opened(server, path, transport)
    assert stream.frame() == "o"
    send(server, path, CONNECT)
    assert stream.frame()
    for _ in range(3):
        send(server, path, *[begin("x" * 1000) for _ in range(50)])
    got, heard = 0, 0
    while chunk := stream.chunk():
        got += len(chunk)
        heard += chunk.count("RECEIPT")
    assert 128 * 1024 - 200 <= got <= 128 * 1024 + 120 * 1024
    again = opened(server, path, transport)
    while heard < 150:
        heard += again.chunk().count("RECEIPT")
    assert heard == 150
    stream.close()
    again.close()


@pytest.mark.parametrize("query, text", [
    ("", '"callback" parameter required'), ("?c=%20", "callback"), ("?c=*", "callback"),
    ("?c=abc(", "callback"), ("?c=abc%28", "callback")])
def test_htmlfile_callback(server, query, text):
    r = get(server, f"{session()}/htmlfile{query}")
    assert r.status == 500 and text in r.text


# --- JsessionidCookie ----------------------------------------------------------------------------


@pytest.mark.parametrize("transport", [None, *TRANSPORTS])
def test_jsessionid_cookie(server, transport):
    for sent, told in (([], "JSESSIONID=dummy"),
                       (["Cookie: a=b; JSESSIONID=abcdef"], "JSESSIONID=abcdef")):
        if transport:
            answer = Stream(server, session(), transport, *sent)
            answer.close()
        else:
            answer = post(server, session() + "/xhr", "", *sent)
        value, path = answer.headers["set-cookie"].split(";")[:2]
        assert (value.strip(), path.strip().lower()) == (told, "path=/")


# --- HandlingClose -------------------------------------------------------------------------------


def test_close_frame(server):
    path = session()
    one = opened(server, path)
    assert one.frame() == "o"
    send(server, path, "nonsense\n\n\0")
    assert messages_of(one.frame())[0].startswith("ERROR\n")
    assert one.frame() == 'c[1002,"unsupported_command"]'
    other = opened(server, path)
    assert other.frame() == 'c[1002,"unsupported_command"]'
    assert one.chunk() == other.chunk() == ""


def test_close_request_and_abort_xhr_streaming(server):
    path = session()
    one = opened(server, path)
    assert one.frame() == "o"
    other = opened(server, path)
    assert other.frame() == 'c[2010,"Another connection still open"]'
    assert other.chunk() == ""
    one.close()
    third = opened(server, path)
    assert third.frame() in ("o", 'c[1002,"Connection interrupted"]')
    third.close()


def test_abort_xhr_polling(server):
    path = session()
    assert post(server, path + "/xhr").text == "o\n"
    refuses_a_second_receiver(server, path)  # and both of them leave
    assert post(server, path + "/xhr").text in ("o\n", 'c[1002,"Connection interrupted"]\n')


# --- Http10, Http11 ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_http_synchronous(server, version):
    with Connection(server.url) as connection:
        for _ in range(2):
            connection.send(f"GET {BASE}/ HTTP/{version}\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n")
            r = connection.answer()
            assert (r.status, r.text) == (200, "Welcome to SockJS!\n")
            assert r.headers["content-length"] == "19" and r.headers["transfer-encoding"] is None


def test_http_streaming(server):
    one = opened(server, session())
    assert one.headers["transfer-encoding"] == "chunked" and "content-length" not in one.headers
    one.close()
    with Connection(server.url) as connection:
        connection.send(f"POST {session()}/xhr_streaming HTTP/1.0\r\nConnection: Keep-Alive\r\n"
                        "Content-Length: 0\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.reader.readline()
        assert head.split()[1] == b"200"
        assert b"transfer-encoding" not in head.lower() and b"content-length" not in head.lower()
        assert connection.reader.read(2049) == b"h" * 2048 + b"\n"
        assert connection.reader.read(2) == b"o\n"
