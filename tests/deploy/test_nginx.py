"""deploy/nginx.conf in front of two servers: what goes through it, and where it goes.
SPDX-License-Identifier: MIT
"""
import os
import re
import uuid

import pytest
import requests

from harness.backing import ROOT
from harness.process import Process, free_port
from harness.stomp import Stomp
from harness.wait import eventually


class Nginx(Process):
    """The file as it is, but for addresses, and for what only root may."""

    def __init__(self, folder, servers):
        super().__init__(folder / "log")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.conf = str(folder / "nginx.conf")
        with open(os.path.join(ROOT, "deploy", "nginx.conf"), encoding="utf-8") as f:
            text = f.read()
        for name, server in servers.items():
            text = text.replace(f"{name}:8070", f"127.0.0.1:{server.settings['server.port']}")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        text = text.replace("worker_rlimit_nofile 65536;", "")
        text = text.replace("worker_connections 16384;", "worker_connections 500;")
        text = text.replace("worker_processes auto;", "worker_processes 1;")
        text = text.replace("http {", f"""http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;""", 1)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"user root;\ndaemon off;\npid {folder}/pid;\nerror_log stderr;\n{text}")

    def command(self):
        return ["/usr/sbin/nginx", "-e", "stderr", "-c", self.conf]

    def answers(self):
        try:
            return requests.get(self.url + "/actuator/health", timeout=5).status_code == 200
        except requests.RequestException:
            return False


@pytest.fixture(scope="module")
def servers(start_server):
    return {"chat-1": start_server(), "chat-2": start_server()}


@pytest.fixture(scope="module")
def nginx(servers, tmp_path_factory):
    process = Nginx(tmp_path_factory.mktemp("nginx"), servers).start()
    yield process
    process.end()


class SockJS:
    """A polling session; its server is the one that CONNECTED names."""

    def __init__(self, nginx, user):
        self.at = f"{nginx.url}/ws-stomp/{uuid.uuid4().int % 1000:03}/{uuid.uuid4().hex[:8]}"
        # A connection of its own each: what a browser on several networks does.
        assert self.post("xhr").text == "o\n"
        sent = self.post("xhr_send", f'["CONNECT\\naccept-version:1.2\\nsender:{user}\\n\\n\\u0000"]')
        assert sent.status_code == 204, sent.text
        answer = self.post("xhr").text
        assert "CONNECTED" in answer, answer
        self.server = re.search(r"\\nserver:\S+ (.*?)\\n", answer).group(1)

    def post(self, transport, body=""):
        return requests.post(f"{self.at}/{transport}", data=body, timeout=10,
                             headers={"Content-Type": "text/plain", "Connection": "close"})


def test_each_sockjs_session_stays_at_one_server_and_all_are_used(nginx, servers):
    sessions = [SockJS(nginx, f"poll-{n}@x") for n in range(16)]

    ids = {s.settings["server.id"] for s in servers.values()}
    assert {s.server for s in sessions} == ids


def test_two_users_talk_through_websockets(nginx, servers):
    room = servers["chat-1"].new_room()
    url = nginx.url.replace("http", "ws") + "/ws-stomp"
    with Stomp(url, room.buyer) as buyer, Stomp(url, room.seller) as seller:
        seller.subscribe_room(room.uuid)
        buyer.post(room.uuid, "through the proxy", receipt="1")
        buyer.expect("RECEIPT", receipt_id="1")
        assert seller.expect("MESSAGE").json["content"] == "through the proxy"


def test_the_admin_listener_stays_inside(nginx):
    for method, path in (("GET", "/metrics"), ("GET", "/readyz"), ("GET", "/healthz"),
                         ("PATCH", "/admin/rooms/x"), ("POST", "/admin/users/x/disconnect")):
        assert requests.request(method, nginx.url + path, timeout=10).status_code == 404, path


def test_a_body_that_is_too_large_gets_the_servers_answer(nginx):
    answer = requests.post(nginx.url + "/room/create", data=b"x" * 70000, timeout=10,
                           headers={"Content-Type": "application/json", "X-Auth-User": "a@x"})

    assert answer.status_code == 413
    assert answer.json()["code"] == "payload_too_large"


def test_a_server_that_stops_is_left_out(nginx, servers):
    """The last test of the file: it stops a server."""
    stopped = servers["chat-1"]
    assert stopped.stop() == 0

    for n in range(8):
        assert requests.get(nginx.url + "/actuator/health", timeout=10).status_code == 200
        assert SockJS(nginx, f"left-{n}@x").server == servers["chat-2"].settings["server.id"]
