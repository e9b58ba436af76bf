"""HTTP as such: methods, parameters, CORS, and requests that are none.
SPDX-License-Identifier: MIT
"""
import contextlib
import json

import pytest

from harness.http import Connection, once

GETS = [("/chat/room/{room}", None), ("/chat/test", None), ("/chat/debug/sessions", None),
        ("/chat/debug/sessions/{buyer}", None), ("/chat/debug/server-status", None),
        ("/room/rooms", None), ("/room/list", "buyer"), ("/room/{room}", "buyer"),
        ("/room/enter/{room}", "buyer"), ("/test/", None), ("/test/local", None),
        ("/actuator/health", None), ("/chat/room/{room}/messages", "buyer"),
        ("/room/inbox", "buyer"), ("/user/unread", "buyer"), ("/user/blocks", "buyer"),
        ("/schema/openapi.json", None), ("/schema/asyncapi.json", None),
        ("/schema/ChatDto.json", None)]


@pytest.fixture(scope="module")
def room(server):
    return server.new_room()


def filled(path, user, room):
    headers = [f"X-Auth-User: {getattr(room, user)}"] if user else []
    return path.format(room=room.uuid, buyer=room.buyer), headers


@pytest.mark.parametrize("path, user", GETS)
def test_head_is_get_without_its_body(server, room, path, user):
    path, headers = filled(path, user, room)

    answer = once(server.url, f"GET {path}", *headers)
    with Connection(server.url) as connection:
        connection.request(f"HEAD {path}", *headers)
        head = connection.answer("HEAD")
        connection.request("GET /chat/test")
        assert connection.answer().text == "test response"  # and nothing stood before it

    assert (head.status, head.text) == (200, "")
    for name in ("content-type", "content-length"):
        if name == "content-type" or "timestamp" not in answer.text:
            assert head.headers[name] == answer.headers[name]


@pytest.mark.parametrize("path, user", GETS)
def test_options_and_another_method_tell_what_is_allowed(server, room, path, user):
    path, headers = filled(path, user, room)

    options = once(server.url, f"OPTIONS {path}", *headers)
    other = once(server.url, f"PATCH {path}", "Content-Length: 0", *headers)

    assert (options.status, options.text) == (200, "")
    for answer in (options, other):
        allow = [m.strip() for m in answer.headers["allow"].split(",")]
        assert {"GET", "HEAD", "OPTIONS"} <= set(allow)
        assert "PATCH" not in allow
    assert other.status == 405
    body = json.loads(other.text)
    assert list(body)[:4] == ["timestamp", "status", "error", "path"]
    assert (body["status"], body["error"], body["path"]) == (405, "Method Not Allowed", path)


@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/inquiry/upload", {"POST", "OPTIONS"}),
    ("PUT", "/room/create", {"POST", "GET", "HEAD", "OPTIONS"}),  # a room may be named "create"
    ("POST", "/room/delete/x", {"DELETE", "OPTIONS"}),
    ("GET", "/room/x/leave", {"POST", "OPTIONS"}),
    ("POST", "/user/blocks/x", {"PUT", "DELETE", "OPTIONS"}),
    ("BREW", "/chat/test", {"GET", "HEAD", "OPTIONS"}),
])
def test_the_wrong_method(server, method, path, allowed):
    answer = once(server.url, f"{method} {path}", "Content-Length: 0", "X-Auth-User: a")

    assert answer.status == 405
    assert {m.strip() for m in answer.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/admin/rooms/x",
                                  "/admin/users/x/disconnect"])
def test_operators_calls_are_not_on_the_main_listener(server, method, path):
    assert once(server.url, f"{method} {path}", "Content-Length: 0").status == 404


@pytest.mark.parametrize("method, path", [
    ("GET", "/chat/test"), ("OPTIONS", "/chat/test"), ("POST", "/room/create"), ("GET", "/"),
    ("OPTIONS", "/test/"), ("GET", "/ws-stomp/info"), ("GET", "/actuator/health")])
def test_users_calls_are_not_on_the_admin_listener(server, method, path):
    assert once(server.admin_url, f"{method} {path}", "Content-Length: 0").status == 404


USER = "X-Auth-User: buyer@x"


@pytest.mark.parametrize("why, query, headers", [
    ("user twice", "user=a&user=b&name=c", [USER]),
    ("name twice", "user=a&name=c&name=c", [USER]),
    ("product twice", "user=a&name=c&product=1&product=2", [USER]),
    ("an empty user", "user=&name=c", [USER]),
    ("an empty name", "user=a&name=", [USER]),
    ("an empty caller", "user=a&name=c", ["X-Auth-User:"]),
    ("a blank caller", "user=a&name=c", ["X-Auth-User:   "]),
    ("two callers", "user=a&name=c", [USER, "X-Auth-User: other@x"]),
    ("the same caller twice", "user=a&name=c", [USER, USER]),
    ("a bad escape", "user=%zz&name=c", [USER]),
    ("half an escape", "user=a&name=%4", [USER]),
    ("no UTF-8", "user=a&name=%ff", [USER]),
    ("a NUL", "user=a%00&name=c", [USER]),
    ("a user id of 191 bytes", "user=" + "u" * 191 + "&name=c", [USER]),
    ("a control character", "user=a%01&name=c", [USER]),
])
def test_create_refuses(server, why, query, headers):
    answer = once(server.url, f"POST /room/create?{query}", "Content-Length: 0", *headers)

    assert answer.status == 400, why
    assert json.loads(answer.text)["code"] == "bad_request"
    assert once(server.url, "GET /room/list", USER).text == "[]"


def test_create_with_oneself(server):
    answer = once(server.url, "POST /room/create?user=buyer@x&name=c", "Content-Length: 0", USER)

    assert answer.status == 400
    assert json.loads(answer.text)["code"] == "room_with_self"


def test_create_by_a_form(server):
    def post(body, query=""):
        return once(server.url, f"POST /room/create{query}", "X-Auth-User: form@x",
                    "Content-Type: application/x-www-form-urlencoded;charset=UTF-8",
                    f"Content-Length: {len(body)}", body=body)

    made = post("user=seller%40x&name=red+bike+%ED%95%9C")
    assert made.status == 200
    assert json.loads(made.text)[0]["user"] == "seller@x"
    assert json.loads(made.text)[0]["room"]["productName"] == "red bike 한"
    assert post("name=red+bike+%ED%95%9C", "?user=seller@x").text == made.text
    assert post("user=seller%40x&user=b&name=c").status == 400
    assert post("user=%zz&name=c").status == 400


@pytest.mark.parametrize("why, data, status", [
    ("a bad escape in the path", "GET /chat/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("half an escape", "GET /chat/test% HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("a path that is no UTF-8", "GET /chat/%c3%28 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("a NUL in the path", "GET /chat/%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("dots in the path", "GET /room/../chat/test HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    ("no Host", "GET /chat/test HTTP/1.1\r\n\r\n", 400),
    ("two lengths", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
     "Content-Length: 2\r\n\r\nab", 400),
    ("a length that is no number", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\n"
     "Content-Length: x\r\n\r\n", 400),
    ("a long target", "GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    ("many headers", "GET /chat/test HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 101 + "\r\n", 431),
    ("long headers", "GET /chat/test HTTP/1.1\r\nHost: x\r\nA: " + "b" * 17000 + "\r\n\r\n", 431),
    ("no HTTP at all", "hello there\r\n\r\n", 400),
    ("another HTTP", "GET /chat/test HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ("a length and chunks", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("chunks in HTTP/1.0", "POST /inquiry/upload HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\n\r\n", 400),
    ("a coding behind chunked", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\n"
     "Transfer-Encoding: chunked, gzip\r\n\r\n", 400),
    ("a coding besides chunked", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\n"
     "Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("a chunk of no size", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\n"
     "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ("chunks that no route takes", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\n"
     "Transfer-Encoding: chunked\r\n\r\nf4240\r\n", 413),
    ("a body that no route takes", "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\n"
     "Content-Length: 1000000\r\n\r\n", 413),
])
def test_what_is_no_request_is_refused_and_the_connection_closed(server, why, data, status):
    with Connection(server.url) as connection:
        connection.send(data)
        answer = connection.answer()
        assert answer.status == status, why
        assert answer.headers["connection"] == "close"
        assert connection.is_closed()


def test_a_post_without_a_length_has_no_body(server):
    answer = once(server.url, "POST /room/create?user=a&name=no%20length", "X-Auth-User: b")
    assert answer.status == 200

    answer = once(server.url, "POST /inquiry/upload", "Content-Type: application/json")
    assert answer.status == 400


def in_chunks(body, size):
    """body as chunks of size, and their end."""
    data = body.encode()
    pieces = [data[i:i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 10000])
def test_bodies_in_chunks_are_bodies(server, size):
    room = server.new_room()
    buyer = f"X-Auth-User: {room.buyer}"
    chunked = ["Transfer-Encoding: chunked", "Content-Type: application/json"]
    content = f"한 조각 {size}"

    with Connection(server.url) as connection:
        connection.request(f"POST /chat/room/{room.uuid}/messages", buyer, *chunked)
        connection.send(in_chunks(json.dumps({"content": content}), size))
        assert connection.answer().status == 201
        connection.request("POST /room/create", buyer, chunked[0],
                           "Content-Type: application/x-www-form-urlencoded")
        connection.send(in_chunks(f"user=form%40x&name=chunks%20{size}", size))
        assert json.loads(connection.answer().text)[0]["user"] == "form@x"
        connection.request(f"GET /chat/room/{room.uuid}", buyer)
        assert json.loads(connection.answer().text)[-1]["content"] == content


def test_a_body_that_is_announced_is_asked_for(server):
    for length in ("Content-Length: 5", "Transfer-Encoding: chunked"):
        with Connection(server.url) as connection:
            connection.request("POST /inquiry/upload", "Expect: 100-continue", length)
            assert connection.reader.read(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.send("hello" if "Length" in length else "5\r\nhello\r\n0\r\n\r\n")
            assert connection.answer().status == 400


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server):
    with Connection(server.url) as connection:
        connection.request("POST /inquiry/upload", "Expect: 100-continue", "Content-Length: 99999")
        assert connection.answer().status == 413
        assert connection.is_closed()


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body", ["", "Content-Length: 0\r\n\r\n", "Content-Length: 2\r\n\r\n{}",
                                  "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"])
def test_whatever_comes_with_or_without_a_body_is_answered(server, room, method, body):
    """And the request behind it on the same connection, too."""
    paths = ["/chat/test", "/room/create", "/inquiry/upload", f"/chat/room/{room.uuid}/messages",
             "/room/delete/x", "/ws-stomp", "/ws-stomp/", "/ws-stomp/info", "/ws-stomp/0/0/xhr_send",
             "/nope", "/schema/openapi.json"]
    with Connection(server.url) as connection:
        for path in paths:
            connection.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{body or chr(13) + chr(10)}")
            assert 200 <= connection.answer(method).status < 500 or "xhr_send" in path
            connection.request("GET /chat/test")
            assert connection.answer().text == "test response"


def test_the_largest_body_is_taken(server):
    text = "m" * (65536 - len('{"name":"","email":"","phone":"","message":""}'))
    body = json.dumps({"name": "", "email": "", "phone": "", "message": text},
                      separators=(",", ":"))
    assert len(body) == 65536

    answer = once(server.url, "POST /inquiry/upload", "Content-Length: 65536", body=body)
    assert answer.status in (200, 400, 413)  # the column decides, not HTTP
    assert answer.headers["connection"] != "close"


def test_too_large_a_body(server):
    answer = once(server.url, "POST /inquiry/upload", "Content-Length: 65537", body="x" * 65537)
    assert answer.status == 413
    assert json.loads(answer.text)["code"] == "payload_too_large"


def test_requests_sent_ahead_are_answered_in_order(server, room):
    with Connection(server.url) as connection:
        buyer = f"X-Auth-User: {room.buyer}"
        connection.send(b"".join(
            f"GET {path} HTTP/1.1\r\nHost: x\r\n{buyer}\r\n\r\n".encode()
            for path in ["/room/list", "/chat/test", f"/chat/room/{room.uuid}", "/nope"] * 5))
        for _ in range(5):
            assert room.uuid in connection.answer().text
            assert connection.answer().text == "test response"
            assert connection.answer().text == "[]"
            assert connection.answer().status == 404


def test_http_1_0_and_connection_close(server):
    with Connection(server.url) as connection:
        connection.send("GET /chat/test HTTP/1.0\r\n\r\n")
        assert connection.answer().text == "test response"
        assert connection.is_closed()
    with Connection(server.url) as connection:
        connection.request("GET /chat/test", "Connection: close")
        assert connection.answer().text == "test response"
        assert connection.is_closed()


def test_slow_headers_and_bodies_end(start_server):
    server = start_server({"limits.header_timeout": "1s"})
    post = "POST /inquiry/upload HTTP/1.1\r\nHost: x\r\n"
    sent = ["G", "GET /chat/te", "GET /chat/test HTTP/1.1\r\nHost: x\r\n",
            post + "Content-Length: 10\r\n\r\nab", post + "Transfer-Encoding: chunked\r\n\r\n",
            post + "Transfer-Encoding: chunked\r\n\r\na\r\nab",
            post + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n"]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(server.url)) for _ in sent]
        for connection, data in zip(connections, sent):
            connection.send(data)
        for connection in connections:
            assert connection.answer().status == 408
            assert connection.is_closed()
    server.kill()


# --- CORS --------------------------------------------------------------------------------------


def test_a_preflight_allows_the_users_header(server):
    answer = once(server.url, "OPTIONS /room/list", "Origin: http://shop.example",
                  "Access-Control-Request-Method: GET",
                  "Access-Control-Request-Headers: x-auth-user,idempotency-key")

    assert answer.status == 200 and answer.text == ""
    assert answer.headers["access-control-allow-origin"] == "http://shop.example"
    assert "GET" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().split(",")
    assert {"x-auth-user", "idempotency-key"} <= {h.strip() for h in allowed}


@pytest.mark.parametrize("line", ["GET /chat/test", "GET /nope", "GET /inquiry/upload",
                                  "GET /room/list", "GET /test/", "GET /ws-stomp/info"])
def test_answers_and_errors_are_readable_from_other_origins(server, line):
    answer = once(server.url, line, "Origin: http://shop.example")

    assert answer.headers["access-control-allow-origin"] == "http://shop.example"
    assert "origin" in answer.headers["vary"].lower()


def test_without_an_origin_nothing_is_said_of_it(server):
    assert once(server.url, "GET /chat/test").headers["access-control-allow-origin"] is None


@pytest.fixture(scope="module")
def strict(start_server):
    return start_server({"http.allowed_origins": "https://shop.example, http://localhost:3000"})


@pytest.mark.parametrize("origin, is_allowed", [
    ("https://shop.example", True), ("http://localhost:3000", True),
    ("http://shop.example", False), ("https://evil.example", False), ("null", False),
    ("https://shop.example.evil.example", False)])
def test_allowed_origins(strict, origin, is_allowed):
    preflight = once(strict.url, "OPTIONS /room/list", f"Origin: {origin}",
                     "Access-Control-Request-Method: GET")
    answer = once(strict.url, "GET /chat/test", f"Origin: {origin}")
    info = once(strict.url, "GET /ws-stomp/info", f"Origin: {origin}")
    upgrade = once(strict.url, "GET /ws-stomp", f"Origin: {origin}", "Upgrade: websocket",
                   "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==") if not is_allowed else None

    assert preflight.status == (200 if is_allowed else 403)
    told = answer.headers["access-control-allow-origin"]
    assert told == (origin if is_allowed else None)
    assert info.status == (200 if is_allowed else 403)
    assert upgrade is None or upgrade.status == 403
