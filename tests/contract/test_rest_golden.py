"""Answers recorded from the replaced service, byte for byte; only ids, times and UUIDs may differ,
and errors carry more members behind the four it had.
SPDX-License-Identifier: MIT
"""
import re

import pytest

from harness.http import once

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MASKS = {
    "ID": r"[1-9]\d*",
    "UUID": UUID,
    "INSTANT": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00",
    "MICROS": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?",
    "NANOS": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?",
    "INT": r"-?\d+",
}
TEXT = "text/plain;charset=UTF-8"
JSON = "application/json"


def matches(template, text):
    """<ID>, <UUID> … of the template stand for whatever there is of that form."""
    parts = re.split(r"<([A-Z]+)>", template)
    pattern = "".join(MASKS[p] if i % 2 else re.escape(p) for i, p in enumerate(parts))
    return re.fullmatch(pattern, text) is not None


def assert_answer(answer, status, content_type, template):
    assert answer.status == status
    assert answer.headers["content-type"] == content_type
    assert matches(template, answer.text), f"{answer.text}\nis not\n{template}"


def error(status, reason, path, code, title, detail):
    return ('{"timestamp":"<INSTANT>",' f'"status":{status},"error":"{reason}","path":"{path}",'
            f'"type":"urn:reuse-chat:error:{code}","title":"{title}","code":"{code}",'
            f'"detail":"{detail}"}}')


@pytest.fixture(scope="module")
def server(start_server):
    return start_server({"server.id": "chat-server-1"})


@pytest.fixture(scope="module")
def get(server):
    def ask(path, *headers):
        return once(server.url, f"GET {path}", *headers)
    return ask


NOBODY_ON = ('{"currentServerId":"chat-server-1","currentServerUsers":[],"userDetails":{},'
             '"serverUsers":{},"timestamp":"<NANOS>"}')


@pytest.mark.parametrize("path, user, status, content_type, body", [
    ("/chat/test", None, 200, TEXT, "test response"),
    ("/room/nope", "a", 200, None, ""),
    ("/room/create", "a", 200, None, ""),
    ("/room/enter/nope", "a", 200, None, ""),
    ("/room/list", "a", 200, JSON, "[]"),
    ("/chat/room/nope", None, 200, JSON, "[]"),
    ("/chat/debug/sessions", None, 200, JSON, NOBODY_ON),
    ("/chat/debug/sessions/zz", None, 200, JSON, '{"error":"User session not found"}'),
    ("/chat/debug/server-status", None, 200, JSON,
     '{"activeUsers":[],"serverId":"chat-server-1","timestamp":"<NANOS>"}'),
    ("/nope", None, 404, JSON,
     error(404, "Not Found", "/nope", "not_found", "not found", "not found")),
    ("/chat/test/", None, 404, JSON,
     error(404, "Not Found", "/chat/test/", "not_found", "not found", "not found")),
    ("/room/list", None, 400, JSON,
     error(400, "Bad Request", "/room/list", "bad_request", "bad request",
           "X-Auth-User is missing")),
    ("/actuator/health", None, 200, "application/vnd.spring-boot.actuator.v3+json",
     '{"status":"UP"}'),
    ("/ws-stomp", None, 400, None, 'Can "Upgrade" only to "WebSocket".'),
    ("/ws-stomp/", None, 200, TEXT, "Welcome to SockJS!\n"),
    ("/ws-stomp/info", None, 200, "application/json;charset=UTF-8",
     '{"entropy":<INT>,"origins":["*:*"],"cookie_needed":true,"websocket":true}'),
])
def test_gets(get, path, user, status, content_type, body):
    answer = get(path, *([f"X-Auth-User: {user}"] if user else []))

    assert_answer(answer, status, content_type, body)


def test_an_empty_body_has_a_length(get):
    assert get("/room/nope", "X-Auth-User: a").headers["content-length"] == "0"


@pytest.mark.parametrize("path", ["/test/", "/test/local"])
def test_the_test_pages_are_html(get, path):
    answer = get(path)

    assert answer.status == 200
    assert answer.headers["content-type"].lower().replace(" ", "") == "text/html;charset=utf-8"
    assert answer.text.lower().startswith("<!doctype html>")
    assert get("/test").status == 404


CREATED = ('[{"id":<ID>,"room":{"id":<ID>,"roomUUID":"<UUID>","productName":"bike 한글",'
           '"chatList":null,"roomUserList":null},"user":"seller@x","other":"buyer@x"},'
           '{"id":<ID>,"room":{"id":<ID>,"roomUUID":"<UUID>","productName":"bike 한글",'
           '"chatList":null,"roomUserList":null},"user":"buyer@x","other":"seller@x"}]')
LISTED = ('{"id":<ID>,"room":{"id":<ID>,"roomUUID":"<UUID>","productName":"bike 한글",'
          '"chatList":[],"roomUserList":[]},"user":"buyer@x","other":"seller@x"}')


@pytest.fixture(scope="module")
def created(server):
    return once(server.url, "POST /room/create?user=seller@x&name=bike%20%ED%95%9C%EA%B8%80",
                "X-Auth-User: buyer@x", "Content-Length: 0")


@pytest.fixture(scope="module")
def room_uuid(created):
    return re.search(UUID, created.text)[0]


def test_create(created):
    assert_answer(created, 200, JSON, CREATED)
    rooms = re.findall(r'"room":\{"id":(\d+),"roomUUID":"([^"]+)"', created.text)
    assert rooms[0] == rooms[1]


@pytest.mark.parametrize("query, headers, detail", [
    ("user=a&name=b", (), "X-Auth-User is missing"),
    ("user=a", ("X-Auth-User: c",), "name: missing"),
    ("name=b", ("X-Auth-User: c",), "user: missing"),
])
def test_create_without_what_it_needs(server, query, headers, detail):
    answer = once(server.url, f"POST /room/create?{query}", "Content-Length: 0", *headers)

    assert_answer(answer, 400, JSON, error(400, "Bad Request", "/room/create", "bad_request",
                                           "bad request", detail))


def test_the_room_is_listed_and_found(get, room_uuid):
    buyer = "X-Auth-User: buyer@x"

    assert_answer(get("/room/list", buyer), 200, JSON, f"[{LISTED}]")
    assert_answer(get(f"/room/{room_uuid}", buyer), 200, JSON, LISTED)
    assert_answer(get(f"/room/enter/{room_uuid}", buyer), 200, JSON, LISTED)
    assert_answer(get(f"/room/{room_uuid}", "X-Auth-User: stranger@x"), 200, None, "")
    seller = LISTED.replace('"user":"buyer@x","other":"seller@x"',
                            '"user":"seller@x","other":"buyer@x"')
    assert_answer(get("/room/rooms"), 200, JSON, f"[{seller},{LISTED}]")


def test_the_history(server, get, room_uuid):
    texts = ["안녕 hi", "😀 \x1f \" \\ / \n", "<b>"]
    with server.stomp("buyer@x") as buyer:
        for text in texts:
            buyer.say(room_uuid, text)

    def item(content):
        return (f'{{"roomUUID":"{room_uuid}","sender":"buyer@x","content":"{content}",'
                '"timestamp":"<MICROS>"}')
    expected = [r"안녕 hi", r'😀 \u001F \" \\ / \n', "<b>"]
    answer = get(f"/chat/room/{room_uuid}")
    masked = re.sub(r'"timestamp":"' + MASKS["MICROS"] + '"', '"timestamp":"<MICROS>"', answer.text)
    assert answer.headers["content-type"] == JSON
    assert masked == "[" + ",".join(item(c) for c in expected) + "]"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "image/png"])
def test_accept_is_ignored(get, accept):
    assert_answer(get("/chat/test", f"Accept: {accept}"), 200, TEXT, "test response")
    assert get("/chat/room/nope", f"Accept: {accept}").text == "[]"


def test_delete_of_nothing_succeeds(server):
    assert_answer(once(server.url, "DELETE /room/delete/nope"), 200, TEXT, "success")


def test_an_inquiry_succeeds_without_a_mail_server(server):
    body = '{"name":"Kim","email":"kim@example.com","phone":"","message":"문의 hello"}'
    answer = once(server.url, "POST /inquiry/upload", "Content-Type: application/json",
                  f"Content-Length: {len(body.encode())}", body=body)

    assert_answer(answer, 200, TEXT, "success")


def test_preflight_of_sockjs_info(server):
    answer = once(server.url, "OPTIONS /ws-stomp/info", "Origin: http://x",
                  "Access-Control-Request-Method: GET")

    assert answer.status == 200 and answer.text == ""
    assert {k.lower(): v for k, v in answer.getheaders() if k.lower().startswith("access-")} == {
        "access-control-allow-origin": "http://x", "access-control-allow-methods": "GET",
        "access-control-allow-credentials": "true", "access-control-max-age": "31536000"}
