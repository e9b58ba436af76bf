"""SockJS over real HTTP: the rules of sockjs-protocol 0.3.3, and where the replaced service decided
otherwise, as that did.
SPDX-License-Identifier: MIT
"""
import http.client
import itertools
import json
import os
import re
import select
import socket
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from sockjs_client import (DISCONNECT, HEARTBEAT, NO_CACHE, OUTBOUND, SESSIONS, STREAM, Stream,
                           calm_server, numbers, path, server, xhr_stream)


# --- fixed answers ----------------------------------------------------------------------------


def test_greeting(server):
    r = server.get("/echo/")
    assert (r.status, r.body) == (200, "Welcome to SockJS!\n")
    assert r["content-type"] == "text/plain;charset=UTF-8"
    assert r["set-cookie"] is None


def test_info(server):
    r = server.get("/echo/info")
    assert r.status == 200
    assert r["content-type"] == "application/json;charset=UTF-8"
    assert r["cache-control"] == NO_CACHE
    assert r["set-cookie"] is None
    assert re.fullmatch(
        r'\{"entropy":-?\d+,"origins":\["\*:\*"\],"cookie_needed":true,"websocket":true\}', r.body)
    entropies = {json.loads(server.get("/echo/info").body)["entropy"] for _ in range(4)}
    assert len(entropies) > 1
    assert server.post("/echo/info").status == 405


@pytest.mark.parametrize("suffix", [
    "/a", "/a.html", "/a/a", "/a/a/", "/a/", "/iframe.html", "/iframe-1.html", "/infox", "/INFO",
    "/a/a/jsonp", "/a/a/jsonp_send", "/a/a/other", "/a./a/xhr", "/a/a./xhr", "/.a/a/xhr", "/a/a/xhr/",
    "/a/a/a/xhr", "//xhr"])
def test_other_paths_are_404(server, suffix):
    for method in ("GET", "POST"):
        r = server.request(method, "/echo" + suffix)
        assert (r.status, r.body, r["content-type"]) == (404, "", None)


def test_neighbours_of_the_prefix_are_not_ours(server):
    assert "sessions" in json.loads(server.get("/echoes").body)


@pytest.mark.parametrize("suffix", ["", "/websocket", "/0/0/websocket"])
def test_websocket_paths_need_an_upgrade(server, suffix):
    r = server.get("/echo" + suffix)
    assert (r.status, r.body) == (400, 'Can "Upgrade" only to "WebSocket".')


@pytest.mark.parametrize("method,transport", [
    ("GET", "xhr"), ("GET", "xhr_send"), ("PUT", "xhr_streaming"), ("POST", "eventsource"),
    ("POST", "htmlfile"), ("DELETE", "websocket"), ("POST", "websocket")])
def test_each_transport_has_one_method(server, method, transport):
    r = server.request(method, f"/echo/a/a/{transport}")
    assert (r.status, r.body, r["content-type"]) == (405, "", None)
    allowed = "POST" if transport.startswith("xhr") else "GET"
    assert r["allow"] == f"OPTIONS, {allowed}"


def test_any_value_is_a_session_id(server):
    for part in ("/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20"):
        assert server.post(f"/echo{part}{next(numbers)}/xhr").body == "o\n"


# --- CORS -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix,methods", [
    ("/info", "OPTIONS, GET"), ("/abc/abc/xhr", "OPTIONS, POST"), ("/abc/abc/xhr_send", "OPTIONS, POST"),
    ("/abc/abc/xhr_streaming", "OPTIONS, POST"), ("/abc/abc/eventsource", "OPTIONS, GET")])
@pytest.mark.parametrize("origin", [None, "http://x", "null"])
def test_options(server, suffix, methods, origin):
    r = server.request("OPTIONS", "/echo" + suffix, **({"origin": origin} if origin else {}))
    assert (r.status, r.body) == (204, "")
    assert r["cache-control"] == "public, max-age=31536000"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", r["expires"])
    assert r["access-control-max-age"] == "31536000"
    assert r["access-control-allow-methods"] == methods
    assert r["access-control-allow-origin"] == origin
    assert r["access-control-allow-credentials"] == ("true" if origin else None)


def test_a_preflight_is_answered_as_the_replaced_service_did(server):
    r = server.request("OPTIONS", "/echo/info", origin="http://x",
                       access_control_request_method="GET", access_control_request_headers="a, b")
    assert (r.status, r.body) == (200, "")
    assert r["access-control-allow-origin"] == "http://x"
    assert r["access-control-allow-methods"] == "GET"
    assert r["access-control-allow-headers"] == "a, b"
    assert r["access-control-allow-credentials"] == "true"
    assert r["access-control-max-age"] == "31536000"


def test_answers_carry_cors_headers_for_an_origin(server):
    url = path()
    for r in (server.post(url + "/xhr", origin="http://x"),
              server.post(url + "/xhr_send", '["a"]', origin="http://x"),
              server.post(url + "/xhr_send", "", origin="http://x"),
              server.get("/echo/info", origin="http://x"), server.get("/echo/a", origin="http://x")):
        assert r["access-control-allow-origin"] == "http://x"
        assert r["access-control-allow-credentials"] == "true"
        assert r["vary"] == "Origin"
    assert server.post(url + "/xhr")["access-control-allow-origin"] is None


def test_a_refused_origin_gets_nothing(server):
    for suffix in ("/info", "/a/a/xhr", "/a/a/htmlfile?c=x"):
        for method in ("GET", "POST", "OPTIONS"):
            r = server.request(method, "/echo" + suffix, origin="http://evil.example")
            assert (r.status, r.body) == (403, "Invalid CORS request" if method != "HEAD" else "")
            assert r["access-control-allow-origin"] is None
    assert server.stats()["opened"] == 0


# --- cookie -----------------------------------------------------------------------------------


def test_the_cookie_of_balancers_is_echoed(server):
    assert server.post(path() + "/xhr")["set-cookie"] == "JSESSIONID=dummy; Path=/; HttpOnly"
    r = server.post(path() + "/xhr", cookie="a=b; JSESSIONID=abc.def; c=d")
    assert r["set-cookie"] == "JSESSIONID=abc.def; Path=/; HttpOnly"
    for bad in ('x"y', "x y", "x,y", "x" * 129, ""):
        r = server.post(path() + "/xhr", cookie=f"JSESSIONID={bad}")
        assert r["set-cookie"] == "JSESSIONID=dummy; Path=/; HttpOnly"
    for transport in ("xhr_streaming", "eventsource", "htmlfile?c=x"):
        method = "POST" if transport.startswith("xhr") else "GET"
        s = Stream(server, method, f"{path()}/{transport}")
        assert s.headers["set-cookie"] == "JSESSIONID=dummy; Path=/; HttpOnly"
        s.close()


# --- polling ----------------------------------------------------------------------------------


def test_polling(server):
    url = path()
    r = server.post(url + "/xhr")
    assert (r.status, r.body) == (200, "o\n")
    assert r["content-type"] == "application/javascript;charset=UTF-8"
    assert r["cache-control"] == NO_CACHE
    r = server.post(url + "/xhr_send", '["a"]')
    assert (r.status, r.body) == (204, "")
    assert r["content-type"] == "text/plain;charset=UTF-8"
    assert r["cache-control"] == NO_CACHE
    server.post(url + "/xhr_send", '["b","c"]')
    assert server.post(url + "/xhr").body == 'a["a","b","c"]\n'


def test_the_server_part_of_the_path_does_not_matter(server):
    session = f"{os.getpid()}-{next(numbers)}"
    assert server.post(f"/echo/000/{session}/xhr").body == "o\n"
    assert server.post(f"/echo/111/{session}/xhr_send", '["a"]').status == 204
    assert server.post(f"/echo/999/{session}/xhr").body == 'a["a"]\n'


def two_polls(server, url):
    """Sends two polls at once; one must be refused. Returns the other one's connection."""
    polls = [server.connect(), server.connect()]
    for c in polls:
        c.request("POST", url + "/xhr")
    ready, _, _ = select.select([c.sock for c in polls], [], [], 10)
    assert len(ready) == 1
    refused, waiting = polls if polls[0].sock in ready else polls[::-1]
    assert refused.getresponse().read() == b'c[2010,"Another connection still open"]\n'
    refused.close()
    return waiting


def test_a_poll_waits_for_its_message(calm_server):
    url = path()
    calm_server.post(url + "/xhr")
    waiting = two_polls(calm_server, url)
    calm_server.post(url + "/xhr_send", '["late"]')
    assert waiting.getresponse().read() == b'a["late"]\n'
    waiting.close()


def test_an_unknown_session_takes_no_messages(server):
    r = server.post(path() + "/xhr_send", '["x"]')
    assert (r.status, r.body) == (404, "")


@pytest.mark.parametrize("body,text", [
    ("", "Payload expected."), ("  ", "Payload expected."), ('"x"', "Payload expected."),
    ("{}", "Payload expected."), ('["x', "Broken JSON encoding."), ("x", "Broken JSON encoding."),
    ('["x",]', "Broken JSON encoding."), ("[1]", "Broken JSON encoding.")])
def test_broken_payloads_are_answered_500_and_do_no_harm(server, body, text):
    url = path()
    server.post(url + "/xhr")
    r = server.post(url + "/xhr_send", body)
    assert (r.status, r.body) == (500, text)
    assert server.post(url + "/xhr_send", '["a"]').status == 204
    assert server.post(url + "/xhr").body == 'a["a"]\n'


def test_nothing_of_a_broken_payload_is_passed_on(server):
    url = path()
    server.post(url + "/xhr")
    assert server.post(url + "/xhr_send", '["a","b').status == 500
    assert server.stats()["messages"] == 0


def test_content_types_and_empty_arrays_are_taken(server):
    url = path()
    server.post(url + "/xhr")
    types = ["text/plain", "T", "application/json", "application/xml", "", "text/xml; charset=utf-8"]
    for t in types:
        assert server.post(url + "/xhr_send", '["a"]', content_type=t).status == 204
    assert server.post(url + "/xhr_send", "[]").status == 204
    assert server.post(url + "/xhr").body == "a[" + ",".join(['"a"'] * len(types)) + "]\n"


def test_unsafe_characters_are_escaped(server):
    url = path()
    server.post(url + "/xhr")
    text = "".join(map(chr, itertools.chain(range(0x200c, 0x2010), range(0x2028, 0x2030),
                                            range(0x2060, 0x2070), range(0xfff0, 0x10000))))
    server.post(url + "/xhr_send", json.dumps([text, "\0😀"]))
    escaped = "".join(f"\\u{ord(c):04x}" for c in text)
    assert server.post(url + "/xhr").body == f'a["{escaped}","\\u0000\\ud83d\\ude00"]\n'


def test_a_poll_is_bounded(server):
    url = path()
    server.post(url + "/xhr")
    server.post(url + "/xhr_send", '["!burst 20 999"]')
    got = 0
    while got < 20:
        body = server.post(url + "/xhr").body
        assert len(body) < STREAM + 1100
        got += len(json.loads(body[1:]))
    assert got == 20


def test_other_transports_cannot_take_a_session_over(server):
    url = path()
    server.post(url + "/xhr")
    assert server.post(url + "/xhr_streaming").status == 404
    assert server.get(url + "/eventsource").status == 404


# --- streaming --------------------------------------------------------------------------------


def test_xhr_streaming(server):
    url = path()
    s = xhr_stream(server, url, origin="http://x")
    assert s.status == 200
    assert s.headers["content-type"] == "application/javascript;charset=UTF-8"
    assert s.headers["cache-control"] == NO_CACHE
    assert s.headers["access-control-allow-origin"] == "http://x"
    assert s.line() == "o\n"
    assert server.post(url + "/xhr_send", '["x","y"]').status == 204
    assert s.line() == 'a["x"]\n'
    assert s.line() == 'a["y"]\n'
    s.close()


def test_eventsource(server):
    url = path()
    s = Stream(server, "GET", url + "/eventsource")
    assert s.headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert s.headers["cache-control"] == NO_CACHE
    assert s.line() == "\r\n"
    assert s.read(11) == "data: o\r\n\r\n"
    server.post(url + "/xhr_send", r'["  \u0000\n\r "]')
    assert s.line() == 'data: a["  \\u0000\\n\\r "]\r\n'
    s.close()


def test_htmlfile(server):
    url = path()
    s = Stream(server, "GET", url + "/htmlfile?c=%63allback")
    assert s.headers["content-type"] == "text/html;charset=UTF-8"
    assert s.headers["cache-control"] == NO_CACHE
    head = ""
    while "</script>" not in head:
        head += s.line()
    assert head.startswith("<!doctype html>\n<html><head>\n")
    assert "    var c = parent.callback;\n    c.start();\n" in head
    assert len(head) > 1000
    assert s.line() == "\r\n"
    opened = '<script>\np("o");\n</script>\r\n'
    assert s.read(len(opened)) == opened
    server.post(url + "/xhr_send", '["</script>"]')
    message = '<script>\np("a[\\"\\u003C\\/script\\u003E\\"]");\n</script>\r\n'
    assert s.read(len(message)) == message
    s.close()


@pytest.mark.parametrize("query", ["", "?c=", "?c=%20", "?c=*", "?c=abc(", "?c=abc%28", "?d=x"])
def test_htmlfile_needs_a_safe_callback(server, query):
    r = server.get(path() + "/htmlfile" + query)
    assert (r.status, r.body) == (500, '"callback" parameter required')
    assert server.stats()["opened"] == 0


@pytest.mark.parametrize("method,transport,prelude,wrapped", [
    ("POST", "xhr_streaming", 2049, 'a["{}"]\n'), ("GET", "eventsource", 2, 'data: a["{}"]\r\n\r\n')])
def test_a_streaming_response_ends_at_its_limit_and_nothing_is_lost(server, method, transport,
                                                                      prelude, wrapped):
    url = path()
    s = Stream(server, method, f"{url}/{transport}")
    s.read(prelude)
    server.post(url + "/xhr_send", json.dumps(["x" * 1000] * 6))
    body = s.read(1 << 20)
    assert body.count("x" * 1000) == 5  # 4096 bytes are full with the fifth
    s = Stream(server, method, f"{url}/{transport}")
    s.read(prelude)
    assert s.read(len(wrapped.format("x" * 1000))) == wrapped.format("x" * 1000)
    s.close()


def test_http_1_0_streams_until_close(server):
    c = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    c.sendall(f"POST {path('/close')}/xhr_streaming HTTP/1.0\r\ncontent-length: 0\r\n\r\n".encode())
    answer = b""
    while more := c.recv(65536):
        answer += more
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert "transfer-encoding" not in head.lower()
    assert "content-length" not in head.lower()
    assert body == "h" * 2048 + "\no\n" + 'c[3000,"Go away!"]\n'


# --- the end of sessions ----------------------------------------------------------------------


def test_a_closed_session_says_so_until_it_is_forgotten(server):
    url = path("/close")
    assert server.post(url + "/xhr").body == "o\n"
    assert server.post(url + "/xhr").body == 'c[3000,"Go away!"]\n'
    assert server.post(url + "/xhr").body == 'c[3000,"Go away!"]\n'
    assert server.post(url + "/xhr_send", '["x"]').status == 404
    server.until("closed", 1)
    server.until("sessions", 0)


def test_a_stream_is_closed_after_its_close_frame(server):
    url = path("/close")
    s = xhr_stream(server, url)
    assert s.line() == "o\n"
    assert s.line() == 'c[3000,"Go away!"]\n'
    assert s.is_over()
    s = xhr_stream(server, url)
    assert s.line() == 'c[3000,"Go away!"]\n'
    assert s.is_over()


def test_close_carries_code_and_reason_behind_what_was_queued(server):
    url = path()
    server.post(url + "/xhr")
    server.post(url + "/xhr_send", '["a","!close","never"]')
    assert server.stats()["closed"] == 0  # what is queued goes first
    assert server.post(url + "/xhr").body == 'a["a"]\n'
    server.until("closed", 1)
    assert server.post(url + "/xhr").body == 'c[1008,"not_member"]\n'
    assert server.stats()["messages"] == 2


def test_two_receivers_are_one_too_many(server):
    url = path()
    first = xhr_stream(server, url)
    assert first.line() == "o\n"
    second = xhr_stream(server, url)
    assert second.line() == 'c[2010,"Another connection still open"]\n'
    assert second.is_over()
    server.post(url + "/xhr_send", '["x"]')
    assert first.line() == 'a["x"]\n'
    first.close()


def test_a_broken_poll_ends_the_session(calm_server):
    url = path()
    calm_server.post(url + "/xhr")
    two_polls(calm_server, url).close()
    calm_server.until("closed", 1)
    assert calm_server.post(url + "/xhr").body == 'c[1002,"Connection interrupted"]\n'


def test_a_broken_stream_ends_the_session(calm_server):
    url = path()
    xhr_stream(calm_server, url).close()
    calm_server.until("closed", 1)
    assert xhr_stream(calm_server, url).line() == 'c[1002,"Connection interrupted"]\n'


def test_a_session_ends_after_its_last_receiver(server):
    url = path()
    server.post(url + "/xhr")
    server.until("opened", 1)
    started = time.monotonic()
    server.until("closed", 1)
    assert time.monotonic() - started > (DISCONNECT - 150) / 1000
    assert server.stats()["sessions"] == 0
    assert server.post(url + "/xhr").body == "o\n"  # a new one


def test_polling_keeps_a_session(server):
    url = path()
    server.post(url + "/xhr")
    for _ in range(2 * DISCONNECT // HEARTBEAT):
        assert server.post(url + "/xhr").body == "h\n"
    assert server.stats()["closed"] == 0


def test_streams_have_heartbeats(server):
    s = xhr_stream(server, path())
    assert s.line() == "o\n"
    started = time.monotonic()
    assert s.line() == "h\n"
    assert s.line() == "h\n"
    assert time.monotonic() - started > (2 * HEARTBEAT - 150) / 1000
    s.close()


# --- who may, and how much --------------------------------------------------------------------


def test_a_refused_connection_has_its_status(server):
    r = server.post(path() + "/xhr", x_refuse="1")
    assert (r.status, r.body) == (401, '{"code":"auth_required"}')
    assert server.stats() | {"sessions": 0, "opened": 0} == server.stats()


def test_a_stranger_cannot_use_a_session(server):
    url = path()
    server.post(url + "/xhr")
    assert server.post(url + "/xhr", x_stranger="1").status == 403
    assert server.post(url + "/xhr_send", '["a"]', x_stranger="1").status == 403
    assert server.post(url + "/xhr_send", '["b"]').status == 204
    assert server.post(url + "/xhr").body == 'a["b"]\n'


def test_sessions_are_bounded(calm_server):
    statuses = [calm_server.post(path() + "/xhr").status for _ in range(SESSIONS + 1)]
    assert statuses == [200] * SESSIONS + [503]
    assert calm_server.stats()["opened"] == SESSIONS


def test_what_waits_is_bounded(server):
    url = path()
    server.post(url + "/xhr")
    server.post(url + "/xhr_send", f'["!burst 10 {OUTBOUND // 5}"]')
    assert server.post(url + "/xhr").body == 'a["slow"]\n'
    assert server.post(url + "/xhr").body == 'c[1013,"slow_consumer"]\n'


def test_drained_is_told_once(server):
    url = path()
    server.post(url + "/xhr")
    server.post(url + "/xhr_send", f'["!burst 2 {OUTBOUND // 3}","!drain"]')
    assert server.stats()["drained"] == 0
    assert server.stats()["waiting"] > OUTBOUND // 2
    while server.stats()["drained"] == 0:
        server.post(url + "/xhr")
    server.post(url + "/xhr")
    assert server.stats()["drained"] == 1


def test_a_queue_tells_how_long_it_waits(calm_server):
    url = path()
    calm_server.post(url + "/xhr")
    assert calm_server.stats()["peer"] == "127.0.0.1"
    assert calm_server.stats()["behind_ms"] == 0
    calm_server.post(url + "/xhr_send", '["a"]')
    deadline = time.monotonic() + 10
    while calm_server.stats()["behind_ms"] < 50:
        assert time.monotonic() < deadline
    calm_server.post(url + "/xhr")
    assert calm_server.stats()["behind_ms"] == 0


def test_a_message_too_large_for_a_response_ends_the_session(calm_server):
    """It fits the session's ceiling, but with its wrap not that of the connection."""
    url = path()
    s = xhr_stream(calm_server, url)
    assert s.line() == "o\n"
    calm_server.post(url + "/xhr_send", f'["!burst 1 {OUTBOUND - 20}"]')
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        s.response.read()
    calm_server.until("closed", 1)
    assert xhr_stream(calm_server, url).line() == 'c[1002,"Connection interrupted"]\n'


def begin_send(server, url, body):
    c = server.connect()
    c.request("POST", url + "/xhr_send", body)
    return c


def is_answered(connection, seconds):
    return bool(select.select([connection.sock], [], [], seconds)[0])


def test_paused_sends_wait_and_come_in_order(calm_server):
    url = path()
    s = xhr_stream(calm_server, url)
    assert s.line() == "o\n"
    calm_server.post(url + "/xhr_send", '["!pause"]')
    held = begin_send(calm_server, url, '["1","2"]')
    assert not is_answered(held, 0.2)
    assert calm_server.stats()["messages"] == 1
    calm_server.get("/control/resume")
    assert held.getresponse().status == 204
    assert [s.line(), s.line()] == ['a["1"]\n', 'a["2"]\n']
    held.close()
    s.close()


def test_a_pause_takes_hold_inside_of_a_body(calm_server):
    url = path()
    s = xhr_stream(calm_server, url)
    assert s.line() == "o\n"
    held = begin_send(calm_server, url, json.dumps(["!pause"] + ["x" * 1000] * 40))
    assert not is_answered(held, 0.2)
    assert calm_server.stats()["messages"] < 10
    calm_server.get("/control/resume")
    assert held.getresponse().status == 204
    assert calm_server.stats()["messages"] == 41
    held.close()
    s.close()


def test_held_sends_are_bounded(calm_server):
    url = path()
    calm_server.post(url + "/xhr")
    calm_server.post(url + "/xhr_send", '["!pause"]')
    sends = [begin_send(calm_server, url, f'["{i}"]') for i in range(5)]
    ready, _, _ = select.select([c.sock for c in sends], [], [], 10)
    assert len(ready) == 1
    refused = [c for c in sends if c.sock in ready][0]
    assert refused.getresponse().status == 503
    calm_server.get("/control/resume")
    for c in sends:
        if c is not refused:
            assert c.getresponse().status == 204
        c.close()
    assert calm_server.stats()["messages"] == 5


def test_a_held_send_that_breaks_ends_the_session(calm_server):
    url = path()
    s = xhr_stream(calm_server, url)
    assert s.line() == "o\n"
    calm_server.post(url + "/xhr_send", '["!pause"]')
    held = begin_send(calm_server, url, '["lost"]')
    assert not is_answered(held, 0.2)
    held.close()
    assert s.line() == 'c[1002,"Connection interrupted"]\n'
    assert s.is_over()
    calm_server.until("closed", 1)
    assert calm_server.stats()["messages"] == 1


def test_a_close_answers_what_is_held(calm_server):
    url = path()
    calm_server.post(url + "/xhr")
    calm_server.post(url + "/xhr_send", '["!pause"]')
    sends = [begin_send(calm_server, url, body) for body in ('["!close","never"]', '["never"]')]
    assert not is_answered(sends[0], 0.2)
    calm_server.get("/control/resume")
    assert sorted(c.getresponse().status for c in sends) in ([204, 404], [404, 404])
    calm_server.until("closed", 1)
    for c in sends:
        c.close()


def test_sessions_that_live_are_told_their_end_at_shutdown(server):
    streams = [xhr_stream(server, path()) for _ in range(3)]
    server.post(path() + "/xhr")
    assert server.stats()["opened"] == 4
    assert server.stop() == 0
    for s in streams:
        s.close()
