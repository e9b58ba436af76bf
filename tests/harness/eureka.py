"""A registry that speaks Eureka's REST interface and keeps what it is told; it may forget, refuse, hang or be away.
SPDX-License-Identifier: MIT
"""
import contextlib
import http.server
import json
import threading

from harness.process import free_port


class Registry:
    """start() and stop() may be repeated, on the same port. calls: (method, path, status of the answer)
    of each, in order; instances: what was registered and not removed, by instance id."""

    def __init__(self):
        self.port = free_port()
        self.calls, self.instances = [], {}
        self.is_open = threading.Event()  # not set: calls hang
        self.is_open.set()
        self.waiting = 0
        self.refusal = None  # a status: all calls are answered so
        self.httpd = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.is_open.set()
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/eureka/"

    def start(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                registry.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = answer

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()
        return self

    def stop(self):
        """Also the connections that are kept: nobody answers."""
        if self.httpd:
            self.httpd.shutdown()
            self.httpd.server_close()
            self.httpd = None

    def answer(self, call):
        body = call.rfile.read(int(call.headers.get("Content-Length", 0)))
        self.waiting += 1
        self.is_open.wait(60)
        self.waiting -= 1
        status, answer = self.take(call, body)
        if self.httpd is None:  # stopped meanwhile
            call.close_connection = True
            return
        self.calls.append((call.command, call.path, status))
        with contextlib.suppress(ConnectionError):  # a caller that did not wait
            call.send_response(status)
            call.send_header("Content-Length", str(len(answer)))
            call.end_headers()
            call.wfile.write(answer)

    def take(self, call, body):
        """Status and body of the answer, as Eureka gives them."""
        if self.refusal:
            return self.refusal, b""
        path = call.path.partition("?")[0].split("/")
        if path[:3] != ["", "eureka", "apps"] or len(path) > 5:
            return 404, b""
        instance_id = path[4].replace("%3A", ":") if len(path) == 5 else None
        if call.command == "POST" and instance_id is None:
            assert call.headers["Content-Type"] == "application/json"
            instance = json.loads(body)["instance"]
            assert instance["app"] == path[3]
            self.instances[instance["instanceId"]] = instance
            return 204, b""
        if instance_id not in self.instances:
            return 404, b""
        if call.command == "DELETE":
            del self.instances[instance_id]
        if call.command == "GET":
            return 200, json.dumps({"instance": self.instances[instance_id]}).encode()
        return 200, b""

    def count(self, method, status=None):
        return sum(1 for m, _, s in self.calls if m == method and status in (None, s))
