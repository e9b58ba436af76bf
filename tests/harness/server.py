"""A chat server of the build under test, and rooms on it.
SPDX-License-Identifier: MIT
"""
import collections
import os
import uuid

import requests

from harness.process import Process, free_port
from harness.stomp import Stomp
from harness.wait import patience

Room = collections.namedtuple("Room", "uuid buyer seller")

# Per-user limits stand in the way of tests that are not about them.
DEFAULTS = {
    "limits.messages_per_second": "0",
    "limits.connections_per_user": "0",
    "limits.rooms_per_hour": "0",
    "limits.inquiries_per_hour": "0",
    "drain.timeout": "2s",
    "log.level": "debug",
    "time.zone": "UTC",
}


def program(name="reuse-chat"):
    """The program under test: $REUSE_CHAT, or its neighbour of another name."""
    path = os.environ["REUSE_CHAT"]
    return os.path.join(os.path.dirname(path), name)


class Server(Process):
    """Settings are keys as in the settings file; what is not given has the tests' defaults."""

    def __init__(self, log_path, settings, name="reuse-chat"):
        super().__init__(log_path)
        self.name = name
        self.settings = {**DEFAULTS, "server.port": str(free_port()),
                         "admin.port": str(free_port()), **settings}

    def command(self):
        flags = [f"--{key}={value}" for key, value in self.settings.items() if value is not None]
        return [program(self.name), "serve", *flags]

    def environment(self):
        return {k: v for k, v in os.environ.items() if not k.startswith("REUSE_CHAT_")}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.settings['server.port']}"

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.settings['admin.port']}"

    @property
    def ws_url(self):
        return f"ws://127.0.0.1:{self.settings['server.port']}/ws-stomp"

    def answers(self):
        try:
            return requests.get(self.url + "/actuator/health", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def http(self, method, path, user=None, **kwargs):
        """A REST call, as user by X-Auth-User; the answer, whatever its status."""
        headers = {**({"X-Auth-User": user} if user is not None else {}),
                   **kwargs.pop("headers", {})}
        headers = {k: v.encode() for k, v in headers.items()}
        return requests.request(method, self.url + path, headers=headers,
                                timeout=patience(20), **kwargs)

    def admin(self, method, path, **kwargs):
        """A call to the admin listener."""
        return requests.request(method, self.admin_url + path, timeout=patience(20), **kwargs)

    def new_room(self, buyer=None, seller=None, name="bike"):
        """A room of two users that nobody else has."""
        tag = uuid.uuid4().hex[:8]
        buyer, seller = buyer or f"buyer-{tag}@x", seller or f"seller-{tag}@x"
        answer = self.http("POST", "/room/create", user=buyer,
                           params={"user": seller, "name": name, "product": tag})
        assert answer.status_code == 200, answer.text
        return Room(answer.json()[0]["room"]["roomUUID"], buyer, seller)

    def stomp(self, user=None, **kwargs):
        """A connected client; without a user only the WebSocket is open. Close it, or use with."""
        return Stomp(self.ws_url, user, **kwargs)
