"""stomp.py says things to a room and hears what is said there; called as stock.mjs is:
python stomp_py.py CLIENT URL ROOM USER LAST TEXT…
SPDX-License-Identifier: MIT
"""
import json
import sys
import threading
import urllib.parse

import stomp


class Listener(stomp.ConnectionListener):
    def __init__(self, last):
        self.last, self.heard, self.fault = last, [], None
        self.is_over = threading.Event()

    def on_message(self, frame):
        self.heard.append(json.loads(frame.body))
        if self.heard[-1]["content"] == self.last:
            self.is_over.set()

    def on_error(self, frame):
        self.fault = f"ERROR {frame.headers} {frame.body}"
        self.is_over.set()


def main(_, url, room, user, last, *texts):
    at = urllib.parse.urlsplit(url)
    connection = stomp.WSConnection([(at.hostname, at.port)], ws_path="/ws-stomp",
                                    heartbeats=(10000, 10000))
    listener = Listener(last)
    connection.set_listener("", listener)
    connection.connect(wait=True, headers={"sender": user})
    connection.subscribe(f"/sub/chat/room/{room}", id="1")
    for content in texts:
        connection.send(f"/pub/room/{room}/message",
                        json.dumps({"roomUUID": room, "sender": user, "content": content},
                                   ensure_ascii=False))  # else longer than a frame may be
    if not listener.is_over.wait(60) or listener.fault:
        sys.exit(listener.fault or "not within 60 s")
    connection.disconnect()
    print(json.dumps(listener.heard))


main(*sys.argv[1:])
