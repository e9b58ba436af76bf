"""Clients that exist, run unchanged: tests/clients/stock.mjs and sockjs_browser.mjs by node, stomp_py.py
by Python, and Spring's by Java. tools/test puts their libraries into build/python and build/spring.
SPDX-License-Identifier: MIT
"""
import json
import os
import subprocess

from harness.backing import ROOT

NODE = ["stompjs2", "stompjs2-sockjs", "stompjs2-sockjs-xhr-streaming", "stompjs2-sockjs-xhr-polling",
        "stompjs2-sockjs-eventsource", "stompjs7", "stompjs7-1.2", "stompjs7-1.1", "stompjs7-1.0",
        "stompjs7-binary", "stompjs7-split", "webstomp"]
SOCKJS_TRANSPORTS = ["websocket", "xhr-streaming", "xhr-polling", "eventsource", "htmlfile"]


STOMP_PY = ["stomp.py"]
SPRING = ["spring", "spring-sockjs-websocket", "spring-sockjs-xhr"]
CLIENTS = NODE + STOMP_PY + SPRING


def command(client):
    """What runs it, before its arguments."""
    if client in SPRING:
        jars = os.path.join(ROOT, "build", "spring")
        return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/classes:{jars}/*", "SpringClient"]
    if client in STOMP_PY:
        return [os.path.join(ROOT, "build", "python", "bin", "python"), "stomp_py.py"]
    return ["node", "sockjs_browser.mjs" if client in SOCKJS_TRANSPORTS else "stock.mjs"]


class StockClient:
    """Says texts in a room as user and hears what is said there until last."""

    def __init__(self, client, server, room_uuid, user, last, texts):
        self.child = subprocess.Popen(
            [*command(client), client, server.url, room_uuid, user, last, *texts],
            cwd=os.path.join(ROOT, "tests", "clients"), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def heard(self):
        """All that it heard, once it has left: ChatDtos as they came."""
        out, err = self.child.communicate(timeout=90)
        assert self.child.returncode == 0, out + err
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()
