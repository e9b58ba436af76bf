# SPDX-License-Identifier: MIT
"""src/net over real sockets: net_probe is the server, plain sockets and websockets the clients.

usage: test_net_probe.py PATH_OF_NET_PROBE [unittest arguments]
"""
import asyncio
import base64
import contextlib
import http.client
import os
import re
import resource
import select
import socket
import struct
import subprocess
import sys
import time
import unittest

import websockets

PROBE = None
DEADLINE = 20


class Probe:
    """A net_probe of its own; its exit code tells of leaks and of calls that did not pair."""

    def __init__(self, timeout_ms=1000, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen([PROBE, str(timeout_ms)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, preexec_fn=limit)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(DEADLINE)
        self.process.stdout.close()
        assert code == 0, f"net_probe ended with {code}"

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port))
        s.settimeout(DEADLINE)
        return s

    def ask(self, request):
        """Everything that comes until the server ends the connection."""
        with self.connect() as s:
            s.sendall(request)
            return read_to_end(s)

    def get(self, path, headers=""):
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"
                        .encode())

    def counters(self):
        body = self.get("/counters").split(b"\r\n\r\n")[1].decode()
        return {k: int(v) for k, v in (word.split("=") for word in body.split())}

    def ws_uri(self, path="/ws"):
        return f"ws://127.0.0.1:{self.port}{path}"


def read_to_end(s):
    out = b""
    while True:
        try:
            piece = s.recv(65536)
        except ConnectionResetError:
            return out
        if not piece:
            return out
        out += piece


def read_exactly(s, n):
    out = b""
    while len(out) < n:
        piece = s.recv(n - len(out))
        assert piece, "the connection ended early"
        out += piece
    return out


def wait_until(is_true):
    end = time.monotonic() + DEADLINE
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def memory_kb(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(field + r":\s+(\d+)", f.read()).group(1))


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        user, system = f.read().rsplit(") ", 1)[1].split()[11:13]
    return (int(user) + int(system)) * 1000 // os.sysconf("SC_CLK_TCK")


def status_of(answer):
    match = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    return int(match.group(1)) if match else None


def body_of(answer):
    return answer.split(b"\r\n\r\n", 1)[1]


class NetTest(unittest.TestCase):
    timeout_ms = 1000

    def setUp(self):
        self.probe = Probe(self.timeout_ms)

    def tearDown(self):
        self.probe.close()

    def assert_status(self, request, status):
        answer = self.probe.ask(request)
        self.assertEqual(status_of(answer), status, (request[:200], answer[:300]))
        return answer


    def assert_memory_stayed_small(self):
        if not os.environ.get("NET_PROBE_SANITIZED"):
            self.assertLess(memory_kb(self.probe.process.pid, "VmHWM"), 40000)


def coded(coding, body=b"0\r\n\r\n", path=b"/"):
    """A request with a Transfer-Encoding."""
    return (b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + coding +
            b"\r\n\r\n" + body)


class Requests(NetTest):
    def test_bodies_in_chunks(self):
        chunks = b"4\r\nuser\r\n1;a=b\r\n=\r\n5\r\na%20b\r\n0\r\nX-Trailer: t\r\n\r\n"
        with self.probe.connect() as s:
            s.sendall(coded(b"Chunked", chunks) * 2 + b"GET /small HTTP/1.1\r\nHost: x\r\n"
                      b"Connection: close\r\n\r\n")
            answers = read_to_end(s)
        self.assertEqual(answers.count(b"form=[a b] 1\nbody=[user=a%20b]HTTP/1.1 200"), 2)
        self.assertTrue(answers.endswith(b"\r\n\r\nok"))

    def test_the_largest_body_in_chunks_byte_by_byte(self):
        data = os.urandom(5000).hex().encode()
        chunks = b"".join(b"1\r\n%c\r\n" % c for c in data) + b"%x\r\n" % (65536 - len(data))
        end = b"\r\n0\r\n\r\nGET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answers = self.probe.ask(coded(b"chunked", chunks + b"y" * (65536 - len(data)) + end))
        self.assertIn(b"body=[" + data + b"y" * (65536 - len(data)) + b"]", answers)
        self.assertTrue(answers.endswith(b"\r\n\r\nok"))

    def test_chunks_that_do_not_come_are_late(self):
        with contextlib.ExitStack() as stack:
            waiting = []
            for body in (b"", b"5", b"5\r\nabc", b"5\r\nabcde", b"0\r\n", b"0\r\nA: b\r\n"):
                s = stack.enter_context(self.probe.connect())
                s.sendall(coded(b"chunked", body))
                waiting.append((body, s))
            for body, s in waiting:
                self.assertEqual(status_of(read_to_end(s)), 408, body)

    def test_who_leaves_within_a_chunk_is_forgotten(self):
        with self.probe.connect() as s:
            s.sendall(coded(b"chunked", b"5\r\nab"))
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(read_to_end(s), b"")

    def test_continue_is_said_before_chunks(self):
        with self.probe.connect() as s:
            s.sendall(b"POST /small HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                      b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.assertEqual(read_exactly(s, 25), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b"1\r\na\r\n0\r\n\r\n")
            self.assertEqual(status_of(read_to_end(s)), 200)

    def test_a_handshake_has_no_body(self):
        for body in (b"Content-Length: 1\r\n\r\na",
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            self.assert_status(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                               b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                               b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + body, 400)

    def test_broken_requests_are_refused_and_the_connection_ends(self):
        host = b"Host: x\r\n"
        for status, request, why in [
            (400, b"GET /\r\n\r\n", "no version"),
            (400, b"GET / HTTP/1.1\r\n\r\n", "no Host"),
            (400, b"GET / HTTP/1.1\r\n" + host + host + b"\r\n", "two Hosts"),
            (400, b"GET / HTTP/1.1\nHost: x\n\n", "bare LF"),
            (400, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "blank before the colon"),
            (400, b"GET / HTTP/1.1\r\n" + host + b"A: b\r\n c\r\n\r\n", "folding"),
            (400, b"GET / HTTP/1.1\r\n" + host + b"A: \x00\r\n\r\n", "NUL in a value"),
            (400, b"GET / HTTP/1.1\r\n" + host + b"A\r\n\r\n", "no colon"),
            (400, b"G(T / HTTP/1.1\r\n" + host + b"\r\n", "method is no token"),
            (400, b"GET /%zz HTTP/1.1\r\n" + host + b"\r\n", "bad escape"),
            (400, b"GET /%ff HTTP/1.1\r\n" + host + b"\r\n", "not UTF-8"),
            (400, b"GET /%00 HTTP/1.1\r\n" + host + b"\r\n", "NUL in the path"),
            (404, b"GET /a/../b HTTP/1.1\r\n" + host + b"\r\n", "a step up"),
            (404, b"GET /a/%2e%2E/b HTTP/1.1\r\n" + host + b"\r\n", "an escaped step up"),
            (400, b"GET a HTTP/1.1\r\n" + host + b"\r\n", "no leading slash"),
            (400, b"CONNECT a:1 HTTP/1.1\r\n" + host + b"\r\n", "authority form"),
            (505, b"PRI * HTTP/2.0\r\n\r\n", "HTTP/2"),
            (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n", "long target"),
            (431, b"GET / HTTP/1.1\r\nA: " + b"a" * 20000, "long head"),
            (431, b"GET / HTTP/1.1\r\n" + host + b"A: b\r\n" * 100 + b"\r\n", "many headers"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n", "sign"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: +1\r\n\r\n", "sign"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1x\r\n\r\na", "letters"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Content-Length:\r\n\r\n", "empty"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1, 1\r\n\r\na", "list"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1\r\n" * 2 + b"\r\na",
             "twice"),
            (413, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 65537\r\n\r\n", "large"),
            (413, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 99999999999999999999\r\n"
             b"\r\n", "beyond 64 bits"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n"
             b"Content-Length: 1\r\n\r\na", "both lengths"),
            (400, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n"
             b"transfer-encoding:chunked\r\n\r\n0\r\n\r\n", "both lengths"),
            (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "chunks in HTTP/1.0"),
            (400, coded(b"identity"), "another coding"),
            (400, coded(b""), "no coding"),
            (400, coded(b"xchunked"), "nearly chunked"),
            (400, coded(b"chunked;q=1"), "chunked with a parameter"),
            (400, coded(b"\x0bchunked"), "a control character"),
            (400, coded(b"chunked, chunked"), "twice"),
            (400, coded(b"chunked\r\nTransfer-Encoding: chunked"), "twice"),
            (400, coded(b"chunked, gzip"), "chunked is not the last"),
            (400, coded(b"chunked\r\nTransfer-Encoding: identity"), "chunked is not the last"),
            (501, coded(b"gzip, chunked"), "a coding besides"),
            (501, coded(b"gzip\r\nTransfer-Encoding: chunked"), "a coding besides"),
            (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
             "a blank before the colon"),
            (400, coded(b"chunked", b"1\na\r\n0\r\n\r\n"), "a bare LF"),
            (400, coded(b"chunked", b"0x1\r\na\r\n0\r\n\r\n"), "a size as in C"),
            (413, coded(b"chunked", b"10001\r\n"), "a chunk above the ceiling"),
            (413, coded(b"chunked", b"8000\r\n" + b"x" * 0x8000 + b"\r\n8001\r\n"),
             "chunks above the ceiling"),
            (413, coded(b"chunked", b"ffffffffffffffff\r\n"), "the largest size"),
            (431, coded(b"chunked", (b"1;" + b"e" * 200 + b"\r\na\r\n") * 90), "extensions"),
            (431, coded(b"chunked", b"0\r\n" + b"A: b\r\n" * 5000), "trailers"),
        ]:
            with self.subTest(why):
                answer = self.assert_status(request, status)
                self.assertIn(b"\r\nConnection: close\r\n", answer)
                self.assertEqual(answer.count(b"HTTP/1.1"), 1, answer)

    def test_the_error_of_a_refused_request_comes_from_the_handler(self):
        answer = self.probe.ask(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n")
        self.assertIn(b"Content-Type: application/json", answer)
        self.assertEqual(body_of(answer), b'{"path":"/x","code":"payload_too_large"}')

    def test_an_answer_arrives_though_the_refused_body_is_still_coming(self):
        with self.probe.connect() as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n")
            try:
                s.sendall(b"x" * 9000000)
            except OSError:
                pass
            self.assertEqual(status_of(read_to_end(s)), 413)

    def test_a_request_is_told_as_it_is(self):
        body = body_of(self.probe.get(
            "/a+b%20c//%ED%95%9C?user=a%26b+%2B&x&user=2&user",
            "X-Auth-User: first\r\nx-auth-user:second \r\nAUTHORIZATION: \t Bearer  x\t\r\n"))
        self.assertEqual(body.decode(),
                         "GET\npath=[/a+b c//한]\nquery=[user=a%26b+%2B&x&user=2&user]\n"
                         "peer=127.0.0.1\nx-auth-user=[first] 2\n"
                         "authorization=[Bearer  x] 1\nuser=[a&b +] 3\nform=(none) 0\nbody=[]")

    def test_what_cannot_be_decoded_in_a_query_is_no_value(self):
        for query in ["user=%", "user=%f", "user=%zz", "user=%ff", "user=a&user=%00"]:
            with self.subTest(query):
                self.assertIn(b"user=(none) -1\n", self.probe.get("/?" + query))
        self.assertIn(b"user=(none) 0\n", self.probe.get("/?%zz=1&usera=2&use=3"))
        self.assertIn(b"user=[a;user=b] 1\n", self.probe.get("/?user=a;user=b"))
        self.assertIn(b"user=[x] 1\n", self.probe.get("/?%75ser=x"))

    def test_bodies(self):
        head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        for length, body in [("", b""), ("Content-Length: 0\r\n", b""),
                             ("Content-Length: 00005\r\n", b"12345"),
                             ("Content-Length: 65536\r\n", b"u" * 65536)]:
            with self.subTest(length):
                answer = self.assert_status(head.encode() + length.encode() + b"\r\n" + body,
                                            200)
                self.assertTrue(answer.endswith(b"body=[" + body + b"]"))

    def test_a_form_body_is_decoded(self):
        body = b"user=a+%ED%95%9C&x=1"
        answer = self.probe.ask(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.assertIn("form=[a 한] 1\n".encode(), answer)

    def test_every_method_reaches_the_handler(self):
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]:
            self.assertTrue(body_of(self.probe.ask(
                f"{method} /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()))
                .startswith(method.encode() + b"\n"))
        for method in ["TRACE", "PROPFIND", "get"]:
            self.assertTrue(body_of(self.probe.ask(
                f"{method} /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()))
                .startswith(b"OTHER\n"))
        self.assertIn(b"path=[*]", self.probe.ask(
            b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        self.assertIn(b"path=[/p]\nquery=[q]", self.probe.ask(
            b"GET http://host:1/p?q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))

    def test_head_has_the_headers_of_get_and_no_body(self):
        get = self.probe.get("/small")
        head = self.probe.ask(b"HEAD /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(re.sub(rb"Date: [^\r]*", b"", get),
                         re.sub(rb"Date: [^\r]*", b"", head) + b"ok")

    def test_headers_of_an_answer(self):
        answer = self.probe.get("/empty")
        self.assertEqual(status_of(answer), 204)
        self.assertRegex(answer, rb"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n")
        self.assertIn(b"\r\nx-one: 1\r\n", answer)
        self.assertIn(b"\r\nx-split: a  x-evil: 1\r\n", answer)
        self.assertNotIn(b"Content-Length", answer)
        self.assertNotIn(b"Server", answer)
        self.assertIn(b"404 Not Found", self.probe.get("/missing"))

    def test_expect_100_continue_is_answered_before_the_body(self):
        with self.probe.connect() as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n"
                      b"Expect: 100-continue\r\n\r\n")
            self.assertEqual(read_exactly(s, 25), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b"ab")
            self.assertTrue(read_to_end(s).endswith(b"body=[ab]"))

    def test_a_request_byte_by_byte(self):
        with self.probe.connect() as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in (b"\r\nPOST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                         b"Connection: close\r\n\r\nabc"):
                s.sendall(bytes([byte]))
            self.assertTrue(read_to_end(s).endswith(b"body=[abc]"))

    def test_http_1_0(self):
        self.assertIn(b"Connection: close", self.probe.ask(b"GET /small HTTP/1.0\r\n\r\n"))
        with self.probe.connect() as s:
            for _ in range(3):
                s.sendall(b"GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                answer = b""
                while not answer.endswith(b"ok"):
                    answer += read_exactly(s, 1)
                self.assertIn(b"Connection: keep-alive", answer)

    def test_an_upgrade_to_something_else_is_an_ordinary_request(self):
        self.assertIn(b"path=[/x]", self.probe.get("/x", "Upgrade: h2c\r\n"))


class Connections(NetTest):
    def test_20000_requests_sent_ahead_are_answered_in_order(self):
        n = 20000
        request = b"".join(b"GET /n%d HTTP/1.1\r\nHost: x\r\n\r\n" % i for i in range(n))
        with self.probe.connect() as s:
            s.setblocking(False)
            sent, got = 0, b""
            end = time.monotonic() + 60
            while got.count(b"body=[]") < n:
                self.assertLess(time.monotonic(), end)
                r, w, _ = select.select([s], [s] if sent < len(request) else [], [], 1)
                if w:
                    sent += s.send(request[sent:sent + 65536])
                if r:
                    got += s.recv(1 << 20)
            self.assertEqual([int(x) for x in re.findall(rb"path=\[/n(\d+)\]", got)],
                             list(range(n)))

    def test_requests_sent_ahead_wait_for_a_late_answer(self):
        with self.probe.connect() as s:
            s.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
                      b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = read_to_end(s)
        self.assertLess(answer.index(b"late"), answer.index(b"\r\n\r\nok"))

    def test_a_reader_of_nothing_does_not_make_requests_pile_up(self):
        with self.probe.connect() as s:
            s.setblocking(False)
            request = b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
            while select.select([], [s], [], 0.3)[1]:  # until the server reads no more
                s.send(request)
            self.assert_memory_stayed_small()

    def test_a_big_body_arrives_whole(self):
        answer = self.probe.get("/big")
        self.assertIn(b"Content-Length: 5000000\r\n", answer)
        self.assertEqual(body_of(answer), b"x" * 5000000)

    def test_keep_alive(self):
        c = http.client.HTTPConnection("127.0.0.1", self.probe.port, timeout=DEADLINE)
        for _ in range(100):
            c.request("GET", "/small")
            self.assertEqual(c.getresponse().read(), b"ok")
            sock = c.sock
            self.assertIsNotNone(sock)
        c.close()

    def test_slow_heads_and_bodies_end_with_408(self):
        for begin in [b"GET / HTTP/1.1\r\nHos",
                      b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n123"]:
            with self.subTest(begin), self.probe.connect() as s:
                began = time.monotonic()
                s.sendall(begin)
                answer = read_to_end(s)
                self.assertEqual(status_of(answer), 408)
                self.assertGreater(time.monotonic() - began, 0.9)
                self.assertLess(time.monotonic() - began, 4)

    def test_drips_do_not_prolong_the_deadline_of_a_head(self):
        with self.probe.connect() as s:
            began = time.monotonic()
            while not select.select([s], [], [], 0.05)[0]:
                s.sendall(b"G")
                self.assertLess(time.monotonic() - began, 3)
            self.assertEqual(status_of(read_to_end(s)), 408)

    def test_a_connection_that_says_nothing_is_closed(self):
        with self.probe.connect() as s:
            self.assertEqual(read_to_end(s), b"")

    def test_a_keep_alive_connection_may_rest_longer_than_a_head_may_take(self):
        with self.probe.connect() as s:
            s.sendall(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"ok", s.recv(1000))
            self.assertEqual(select.select([s], [], [], 1.5)[0], [])

    def test_no_new_connections_after_listening_has_stopped(self):
        with self.probe.connect() as s, self.probe.connect() as second:
            second.sendall(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertNotIn(b"Connection: close", second.recv(1000))
            s.sendall(b"GET /drain HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"ok", s.recv(1000))
            with self.assertRaises(ConnectionRefusedError):
                self.probe.connect()
            second.sendall(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"Connection: close", read_to_end(second))

    def test_an_abandoned_request_is_told(self):
        for path in ["/never", "/late", "/tick"]:
            before = self.probe.counters()["abandoned"]
            with self.probe.connect() as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            wait_until(lambda: self.probe.counters()["abandoned"] == before + 1)

    def test_an_answer_to_nobody_goes_nowhere(self):
        with self.probe.connect() as s:
            s.sendall(b"GET /late/quiet HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: self.probe.counters()["sockets"] == 1)
        wait_until(lambda: self.probe.counters()["late"] == 1)
        self.assertEqual(self.probe.counters()["abandoned"], 0)

    def test_requests_in_flight_do_not_outlive_the_server(self):
        for path in ["/never", "/tick", "/late"]:
            s = self.probe.connect()
            self.addCleanup(s.close)
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


class Streams(NetTest):
    def test_pieces_are_chunks(self):
        answer = self.probe.get("/stream/short")
        self.assertIn(b"Transfer-Encoding: chunked", answer)
        self.assertEqual(body_of(answer), b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")

    def test_http_1_0_gets_the_pieces_and_an_end(self):
        answer = self.probe.ask(b"GET /stream/short HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        self.assertNotIn(b"chunked", answer)
        self.assertEqual(body_of(answer), b"one two")

    def test_head_of_a_stream_has_no_body_and_the_connection_goes_on(self):
        answer = self.probe.ask(b"HEAD /stream/short HTTP/1.1\r\nHost: x\r\n\r\n"
                                b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertIn(b"Transfer-Encoding: chunked\r\n\r\nHTTP/1.1 200", answer)

    def test_a_long_stream_is_written_as_the_client_reads(self):
        c = http.client.HTTPConnection("127.0.0.1", self.probe.port, timeout=DEADLINE)
        c.request("GET", "/stream")
        answer = c.getresponse()
        self.assertEqual(len(answer.read(8192)), 8192)
        self.assertEqual(len(answer.read()), 2000 * 8192 - 8192)
        self.assert_memory_stayed_small()
        c.request("GET", "/small")
        self.assertEqual(c.getresponse().read(), b"ok")
        c.close()

    def test_a_stream_over_its_ceiling_ends_the_connection(self):
        with self.probe.connect() as s:
            s.sendall(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: self.probe.counters()["abandoned"] == 1)

    def test_an_aborted_answer_is_seen_to_be_none(self):
        for version in ["1.0", "1.1"]:
            with self.probe.connect() as s:
                s.sendall(f"GET /stream/abort HTTP/{version}\r\nHost: x\r\n\r\n".encode())
                with self.assertRaises(ConnectionResetError):
                    while s.recv(1000):
                        continue

    def test_pieces_leave_at_once(self):
        with self.probe.connect() as s:
            s.sendall(b"GET /tick HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            while got.count(b"tick") < 5:
                got += s.recv(1000)


# --- WebSocket --------------------------------------------------------------------------------

def frame(opcode, payload, fin=True, mask=b"\x01\x02\x03\x04", length=None):
    n = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | opcode])
    if n < 126:
        head += bytes([0x80 | n])
    elif n < 65536:
        head += bytes([0x80 | 126]) + struct.pack(">H", n)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", n)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def read_frame(s):
    head = read_exactly(s, 2)
    n = head[1]
    if n == 126:
        n = struct.unpack(">H", read_exactly(s, 2))[0]
    elif n == 127:
        n = struct.unpack(">Q", read_exactly(s, 8))[0]
    return head[0], read_exactly(s, n)


HANDSHAKE = ("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")


class WebSocketTest(NetTest):
    def open_raw(self, early=b"", path="/ws"):
        s = self.probe.connect()
        self.addCleanup(s.close)
        s.sendall(HANDSHAKE.replace("/ws", path).encode() + b"\r\n" + early)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(s, 1)
        self.assertIn(b"101", head)
        return s

    def run_async(self, coroutine):
        asyncio.run(asyncio.wait_for(coroutine, DEADLINE))


class WebSockets(WebSocketTest):
    def test_the_handshake_is_answered_as_rfc_6455_says(self):
        with self.probe.connect() as s:
            s.sendall(HANDSHAKE.encode() + b"\r\n")
            head = s.recv(1000)
            self.assertIn(b"HTTP/1.1 101 ", head)
            self.assertIn(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head)
            self.assertNotIn(b"Sec-WebSocket-Protocol", head)

    def test_handshakes_are_refused(self):
        for status, old, new in [
            (426, "Version: 13", "Version: 12"),
            (426, "Sec-WebSocket-Version: 13\r\n", ""),
            (426, "Version: 13", "Version: 013"),
            (400, "Connection: Upgrade", "Connection: close"),
            (400, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"),
            (400, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ!=="),
            (400, "Upgrade: websocket\r\n", "Upgrade: websocket\r\nContent-Length: 3\r\n"),
            (404, "/ws", "/other"),
            (403, "Host: x", "Host: x\r\nOrigin: http://evil"),
        ]:
            with self.subTest(new or old), self.probe.connect() as s:
                request = HANDSHAKE.replace(old, new, 1)
                self.assertNotEqual(request, HANDSHAKE)
                s.sendall(request.encode() + b"\r\n")
                answer = s.recv(1000)
                self.assertEqual(status_of(answer), status, answer)
                if status == 426:
                    self.assertIn(b"\r\nsec-websocket-version: 13\r\n", answer)
                    self.assertIn(b"\r\nupgrade: websocket\r\n", answer)

    def test_a_refused_handshake_leaves_the_connection_usable(self):
        with self.probe.connect() as s:
            s.sendall(HANDSHAKE.replace("/ws", "/other").encode() + b"\r\n")
            self.assertIn(b'"code":"not_found"', s.recv(1000))
            s.sendall(HANDSHAKE.encode() + b"\r\n")
            self.assertEqual(status_of(s.recv(1000)), 101)

    def test_a_post_is_no_upgrade(self):
        answer = self.probe.ask(HANDSHAKE.replace("GET", "POST").replace(
            "Connection: Upgrade", "Connection: close, upgrade").encode() + b"\r\n")
        self.assertIn(b"POST\npath=[/ws]", answer)

    def test_sub_protocols(self):
        async def run():
            for offered, chosen in [
                (["v12.stomp", "v11.stomp", "v10.stomp"], "v12.stomp"),
                (["v10.stomp", "v11.stomp"], "v10.stomp"),
                (["soap", "v11.stomp"], "v11.stomp"),
                (["soap", "none"], None),
                (None, None),
            ]:
                async with websockets.connect(self.probe.ws_uri(),
                                              subprotocols=offered) as ws:
                    self.assertEqual(ws.subprotocol, chosen)
                    await ws.send("한")
                    self.assertEqual(await ws.recv(), "한")
        self.run_async(run())

    def test_the_tag_of_the_upgrade_reaches_on_open(self):
        async def run():
            async with websockets.connect(self.probe.ws_uri("/ws?greet=1")) as ws:
                self.assertEqual(await ws.recv(), "hello 127.0.0.1")
        self.run_async(run())

    def test_messages_of_every_length_of_length(self):
        async def run():
            async with websockets.connect(self.probe.ws_uri(), max_size=None) as ws:
                for n in [0, 1, 125, 126, 127, 2047, 2048, 2049, 4096, 65535, 65536]:
                    await ws.send("x" * n)
                    self.assertEqual(len(await ws.recv()), n)
                await ws.send(b"binary")
                self.assertEqual(await ws.recv(), "binary")
        self.run_async(run())

    def test_a_message_in_fragments_is_one_message(self):
        async def run():
            async with websockets.connect(self.probe.ws_uri()) as ws:
                await ws.send(iter(["a", "", "한", "b" * 3000]))
                self.assertEqual(await ws.recv(), "a한" + "b" * 3000)
        self.run_async(run())

    def test_a_long_message_of_wide_characters_arrives_in_pieces_that_fit_together(self):
        async def run():
            async with websockets.connect(self.probe.ws_uri()) as ws:
                for n in [681, 682, 683, 10000]:
                    await ws.send("한" * n)
                    self.assertEqual(await ws.recv(), "한" * n)
        self.run_async(run())

    def test_frames_sent_with_the_handshake_are_not_lost(self):
        for n in [1, 100, 400]:
            s = self.open_raw(early=frame(1, b"early" * 10) * n)
            for _ in range(n):
                self.assertEqual(read_frame(s), (0x81, b"early" * 10))

    def test_frames_byte_by_byte(self):
        s = self.open_raw()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(1, b"ab", fin=False) + frame(9, b"ping") + frame(0, b"c" * 200):
            s.sendall(bytes([byte]))
        self.assertEqual(read_frame(s), (0x8a, b"ping"))
        self.assertEqual(read_frame(s), (0x81, b"ab" + b"c" * 200))

    def test_pongs_come_between_frames(self):
        s = self.open_raw()
        s.sendall((frame(1, b"repeat 2000") + frame(9, b"p")) * 20)
        pongs = messages = 0
        while messages < 40000:
            head, payload = read_frame(s)
            self.assertIn((head, payload), [(0x81, b"x"), (0x8a, b"p")])
            pongs += head == 0x8a
            messages += head == 0x81
        self.assertGreater(pongs, 0)

    def test_broken_frames_close_with_the_right_code(self):
        for code, data, why in [
            (1007, frame(1, b"\xff\xfe"), "not UTF-8"),
            (1007, frame(1, b"\xed\xa0\x80"), "a surrogate"),
            (1007, frame(1, b"a\xed\x95"), "half a character"),
            (1002, frame(0x41, b"a"), "reserved bit"),
            (1002, frame(3, b"a"), "unknown opcode"),
            (1002, frame(0, b"a"), "a continuation of nothing"),
            (1002, frame(9, b"a", fin=False), "a ping in fragments"),
            (1002, frame(8, struct.pack(">H", 1005)), "close code 1005 on the wire"),
            (1009, frame(1, b"a" * 100, length=65537), "announces too much"),
            (1009, frame(2, b"a" * 100, length=1 << 62), "announces far too much"),
            (1009, frame(1, b"a", fin=False) + frame(0, b"a", length=65537), "continued"),
        ]:
            with self.subTest(why):
                s = self.open_raw()
                s.sendall(data)
                head, payload = read_frame(s)
                self.assertEqual((head, struct.unpack(">H", payload[:2])[0]), (0x88, code))

    def test_close_codes_and_reasons(self):
        async def run():
            for code in [1000, 1001, 1008, 1011, 1012, 1013, 3000, 4001]:
                async with websockets.connect(self.probe.ws_uri()) as ws:
                    began = time.monotonic()
                    await ws.send(f"close {code}")
                    self.assertEqual(await ws.recv(), "bye")
                    with self.assertRaises(websockets.ConnectionClosed) as e:
                        await ws.recv()
                    self.assertEqual((e.exception.code, e.exception.reason),
                                     (code, "a reason"))
                    self.assertLess(time.monotonic() - began, 1.8)
        self.run_async(run())

    def test_a_close_may_come_in_any_callback(self):
        s = self.open_raw(path="/ws?close")
        self.assertEqual(read_frame(s), (0x81, b"hello 127.0.0.1"))
        self.assertEqual(read_frame(s), (0x88, struct.pack(">H", 4000)))
        s = self.open_raw()
        s.sendall(frame(1, b"drain and close"))
        self.assertEqual(read_frame(s), (0x81, b"drained"))
        self.assertEqual(read_frame(s), (0x88, struct.pack(">H", 4002)))

    def test_nothing_follows_our_close_frame(self):
        s = self.open_raw()
        s.sendall(frame(1, b"close 1000"))
        self.assertEqual(read_frame(s), (0x81, b"bye"))
        self.assertEqual(read_frame(s)[0], 0x88)
        s.sendall(frame(8, struct.pack(">H", 1000)))
        self.assertEqual(read_to_end(s), b"")

    def test_the_clients_close_is_answered(self):
        s = self.open_raw()
        s.sendall(frame(8, struct.pack(">H", 1000) + b"ciao"))
        self.assertEqual(read_frame(s), (0x88, struct.pack(">H", 1000) + b"ciao"))
        self.assertEqual(read_to_end(s), b"")
        wait_until(lambda: self.probe.counters()["closed"] == 1)

    def test_a_client_that_does_not_answer_a_close_is_cut_off(self):
        s = self.open_raw()
        began = time.monotonic()
        s.sendall(frame(1, b"close 1000"))
        self.assertEqual(read_frame(s)[1], b"bye")
        self.assertEqual(read_frame(s)[0], 0x88)
        self.assertEqual(read_to_end(s), b"")
        self.assertGreater(time.monotonic() - began, 1)
        self.assertLess(time.monotonic() - began, 4)
        wait_until(lambda: self.probe.counters()["closed"] == 1)

    def test_messages_after_a_close_are_not_delivered(self):
        s = self.open_raw()
        s.sendall(frame(1, b"close 1000") + frame(1, b"ignored") * 100)
        self.assertEqual(read_frame(s), (0x81, b"bye"))
        self.assertEqual(read_frame(s)[0], 0x88)

    def test_a_reset_is_a_close(self):
        for _ in range(50):
            s = self.open_raw(early=frame(1, b"repeat 1000"))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        wait_until(lambda: self.probe.counters()["closed"] == 50)
        self.assertEqual(self.probe.counters()["sockets"], 1)

    def test_a_reset_before_101_pairs_open_and_close(self):
        for _ in range(200):
            s = self.probe.connect()
            s.sendall(HANDSHAKE.encode() + b"\r\n")
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        wait_until(lambda: self.probe.counters()["sockets"] == 1)
        counters = self.probe.counters()
        self.assertEqual(counters["opened"], counters["closed"])

    def test_pause_and_resume(self):
        s = self.open_raw()
        s.sendall(frame(1, b"pause") + frame(1, b"meanwhile"))
        self.assertEqual(read_frame(s), (0x81, b"resumed"))
        self.assertEqual(read_frame(s), (0x81, b"meanwhile"))
        s.sendall(frame(1, b"pause"))
        s.sendall(frame(1, b"later" * 3000))
        self.assertEqual(read_frame(s), (0x81, b"resumed"))
        self.assertEqual(read_frame(s), (0x81, b"later" * 3000))


class SlowReaders(WebSocketTest):
    def open_stuck(self, order):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(DEADLINE)
        s.connect(("127.0.0.1", self.probe.port))
        self.addCleanup(s.close)
        s.sendall(HANDSHAKE.encode() + b"\r\n" + frame(1, order))
        wait_until(lambda: self.probe.counters()["stuck"] == 1)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(s, 1)
        return s

    def test_the_queue_has_a_ceiling_and_tells_when_it_drains(self):
        s = self.open_stuck(b"fill")
        self.assertEqual(self.probe.counters()["drained"], 0)
        self.assert_memory_stayed_small()
        while True:
            payload = read_frame(s)[1]
            if payload == b"drained":
                break
            self.assertEqual(payload, b"f" * 1000)
        self.assertEqual(self.probe.counters()["drained"], 1)

    def test_a_dropped_queue_keeps_frames_whole_and_the_close_follows(self):
        s = self.open_stuck(b"fill and drop")
        frames = []
        while not frames or frames[-1][0] != 0x88:
            frames.append(read_frame(s))
        self.assertEqual(frames[-1], (0x88, struct.pack(">H", 1013) + b"slow_consumer"))
        self.assertEqual(frames[-2], (0x81, b"too slow"))
        self.assertTrue(all(f == (0x81, b"f" * 1000) for f in frames[:-2]))

    def test_a_reader_of_nothing_is_cut_off_two_seconds_after_the_close(self):
        s = self.open_stuck(b"fill and drop")
        began = time.monotonic()
        wait_until(lambda: self.probe.counters()["closed"] == 1)
        self.assertLess(time.monotonic() - began, 4)
        s.close()


class FewDescriptors(NetTest):
    def setUp(self):
        self.probe = Probe(timeout_ms=20000, descriptors=40)

    def test_running_out_of_descriptors_is_survived_without_spinning(self):
        sockets = [self.probe.connect() for _ in range(60)]
        for s in sockets:
            s.sendall(HANDSHAKE.encode() + b"\r\n")
        opened = [s for s in sockets if select.select([s], [], [], 0.1)[0]]
        self.assertGreater(len(opened), 10)
        self.assertLess(len(opened), 40)
        before = cpu_ms(self.probe.process.pid)
        self.assertEqual(select.select(sockets[-1:], [], [], 1)[0], [])
        self.assertLess(cpu_ms(self.probe.process.pid) - before, 300)
        for s in sockets:
            s.close()
        wait_until(lambda: self.probe.counters()["sockets"] == 1)


class Many(NetTest):
    timeout_ms = 20000

    def test_2000_idle_websockets_cost_little(self):
        n = 2000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < n + 100:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, n + 1000), hard))
        before = memory_kb(self.probe.process.pid, "VmRSS")
        sockets = [self.probe.connect() for _ in range(n)]
        for s in sockets:
            s.sendall(HANDSHAKE.encode() + b"\r\n")
        for s in sockets:
            self.assertIn(b"101", s.recv(1000))
        after = memory_kb(self.probe.process.pid, "VmRSS")
        print(f"{(after - before) * 1024 // n} bytes of RSS per idle WebSocket",
              file=sys.stderr)
        if not os.environ.get("NET_PROBE_SANITIZED"):
            self.assertLess((after - before) * 1024 / n, 6 * 1024)
        for s in sockets[::2]:
            s.sendall(frame(1, b"x"))
        for s in sockets[::2]:
            self.assertEqual(read_frame(s), (0x81, b"x"))
        for s in sockets[::2]:
            s.close()
        wait_until(lambda: self.probe.counters()["closed"] == n // 2)
        self.assertEqual(self.probe.counters()["sockets"], n // 2 + 1)
        for s in sockets[1:n // 2:2]:
            s.sendall(frame(1, b"close 1012"))
        for s in sockets[1:n // 2:2]:
            self.assertEqual(read_frame(s), (0x81, b"bye"))
            self.assertEqual(read_frame(s), (0x88, struct.pack(">H", 1012) + b"a reason"))
        self.probe.process.stdin.close()  # the rest is closed by the server
        self.assertEqual(self.probe.process.wait(DEADLINE), 0)
        for s in sockets[1::2]:
            self.assertEqual(read_to_end(s), b"")
            s.close()

    def tearDown(self):
        if self.probe.process.poll() is None:
            self.probe.close()
        else:
            self.probe.process.stdout.close()


if __name__ == "__main__":
    PROBE = sys.argv.pop(1)
    unittest.main()
