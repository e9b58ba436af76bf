"""Clients that exist, run unchanged by node: tests/clients/stock.mjs and sockjs_browser.mjs.
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


class StockClient:
    """Says texts in a room as user and hears what is said there until last."""

    def __init__(self, client, server, room_uuid, user, last, texts):
        script = "sockjs_browser.mjs" if client in SOCKJS_TRANSPORTS else "stock.mjs"
        self.child = subprocess.Popen(
            ["node", script, client, server.url, room_uuid, user, last, *texts],
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
