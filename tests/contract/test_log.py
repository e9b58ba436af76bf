"""The log: who connected, subscribed and sent in which room on which server, never what; text or JSON;
its level can be changed while the server runs, as Spring Boot's is.
SPDX-License-Identifier: MIT
"""
import json
import re

import pytest

from harness.wait import eventually

ROOT = "/actuator/loggers/ROOT"
SECRET = "only the two may read this 비밀"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def chat(server, room):
    """Connects, subscribes, says something over STOMP and REST, leaves; the session's id."""
    with server.stomp(room.buyer) as buyer:
        buyer.subscribe_room(room.uuid)
        buyer.say(room.uuid, SECRET)
        session = buyer.connected.headers["session"]
    assert server.http("POST", f"/chat/room/{room.uuid}/messages", user=room.seller,
                       json={"content": SECRET}).status_code == 201
    return session


def json_lines(server):
    """Lines of the server itself: libraries and the program's start write plain ones."""
    return [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]


def test_json_lines_tell_who_did_what_where(start_server):
    server = start_server({"log.format": "json", "log.level": "debug"})
    room = server.new_room()

    session = chat(server, room)
    eventually(lambda: "stomp.closed" in server.log())

    lines = {line["event"]: line for line in json_lines(server)}
    here = {"server": server.settings["server.id"]}
    by_buyer = {**here, "user": room.buyer, "session": session}
    assert by_buyer.items() <= lines["stomp.connected"].items()
    assert {**by_buyer, "destination": f"/sub/chat/room/{room.uuid}"}.items() \
        <= lines["stomp.subscribed"].items()
    assert {**by_buyer, "room": room.uuid}.items() <= lines["stomp.send"].items()
    assert {**here, "user": room.seller, "room": room.uuid}.items() <= lines["rest.send"].items()
    assert by_buyer.items() <= lines["stomp.closed"].items()
    assert all(TIME.fullmatch(line["time"]) for line in lines.values())
    assert "only the two" not in server.log()


def test_text_lines_tell_the_same(start_server):
    server = start_server({"log.format": "text", "log.level": "debug"})
    room = server.new_room()

    session = chat(server, room)

    line = next(line for line in server.log().splitlines() if " stomp.send " in line)
    time, level, server_id, event, *fields = line.split()
    assert TIME.fullmatch(time)
    assert (level, server_id, event) == ("DEBUG", server.settings["server.id"], "stomp.send")
    assert fields == [f"user={room.buyer}", f"session={session}", f"room={room.uuid}"]
    assert "only the two" not in server.log()


def test_the_level_is_changed_at_run_time(start_server):
    server = start_server({"log.level": "warn"})
    room = server.new_room()
    assert server.admin("GET", ROOT).json() == {"configuredLevel": "WARN", "effectiveLevel": "WARN"}
    chat(server, room)
    assert "stomp." not in server.log()

    assert server.admin("POST", ROOT, json={"configuredLevel": "debug"}).status_code == 204

    assert server.admin("GET", ROOT).json()["effectiveLevel"] == "DEBUG"
    chat(server, room)
    assert " stomp.send " in server.log()
    assert server.admin("POST", ROOT, json={"configuredLevel": None}).status_code == 204
    assert server.admin("GET", ROOT).json()["effectiveLevel"] == "WARN"


@pytest.mark.parametrize("body", ['{"configuredLevel":"LOUD"}', '{"configuredLevel":1}', "", "x"])
def test_a_level_that_is_none_is_refused(server, body):
    assert server.admin("POST", ROOT, data=body).status_code == 400
    assert server.admin("GET", ROOT).json()["effectiveLevel"] == "DEBUG"


def test_the_level_is_the_operators(server):
    assert server.http("GET", ROOT).status_code == 404
    assert server.http("POST", ROOT, json={"configuredLevel": "ERROR"}).status_code == 404
