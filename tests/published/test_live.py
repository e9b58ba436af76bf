"""A running server is what its contracts say: schemathesis from the OpenAPI alone, frames against the
AsyncAPI, the pages that show them.
SPDX-License-Identifier: MIT
"""
import json
import os
import subprocess
import sys

import jsonschema
import pytest

from harness.process import free_port
from harness.server import Server

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VIEWERS = os.path.exists(os.path.join(ROOT, "web", "docs", "node_modules", ".installed-lock.json"))

# 200 with an empty body, without a content type: the service that was replaced did so.
MAY_BE_EMPTY = """
[[operations]]
include-path-regex = '^/room/(enter/)?\\{roomUUID\\}$'
[operations.checks]
content_type_conformance.enabled = false
response_schema_conformance.enabled = false
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    server = Server(folder / "log", {
        "server.id": "published", "database.url": f"embedded:{folder}/data",
        "kafka.brokers": f"embedded:{free_port()}",
    }, "reuse-chat-embedded")
    yield server.start()
    server.kill()


def schemathesis(server, folder, config, *args):
    """A bounded run, the same each time; fails with schemathesis' own words."""
    with open(f"{HERE}/schemathesis.toml", encoding="utf-8") as f:
        (folder / "schemathesis.toml").write_text(config.get("before", "") + f.read()
                                                  + config.get("after", ""))
    done = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "schemathesis"),
         "--config-file", str(folder / "schemathesis.toml"), "run",
         f"{server.url}/schema/openapi.json", "--phases", "examples,coverage,fuzzing",
         "--continue-on-failure", "--seed", "1", "-n", "20", "--workers", "1", *args],
        capture_output=True, text=True, timeout=300, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


def test_schemathesis_finds_no_fault_as_anybody(server, tmp_path):
    said = schemathesis(server, tmp_path, {"after": MAY_BE_EMPTY}, "--exclude-tag", "admin")

    assert "Tested: 23" in said


def test_schemathesis_finds_no_fault_as_a_member(server, tmp_path):
    room = server.new_room()
    config = {"before": f'[parameters]\n"path.roomUUID" = "{room.uuid}"\n'}

    said = schemathesis(server, tmp_path, config, "--header", f"X-Auth-User: {room.buyer}",
                        "--exclude-tag", "admin", "--exclude-operation-id", "roomDelete")

    assert "Tested: 22" in said


def test_schemathesis_finds_no_fault_as_an_operator(server, tmp_path):
    said = schemathesis(server, tmp_path, {}, "--include-tag", "admin", "--url", server.admin_url)

    assert "Tested: 7" in said


LONG = "가" * 400


@pytest.mark.parametrize("method, path, status, body", [
    ("GET", f"/chat/room/{LONG}", 200, b"[]"),
    ("GET", f"/room/{LONG}", 200, b""),
    ("DELETE", f"/room/delete/{LONG}", 200, b"success"),
    ("GET", f"/chat/room/{LONG}/messages", 404, None),
    ("POST", f"/room/{LONG}/leave", 404, None),
])
def test_a_name_longer_than_any_rooms_is_unknown(server, method, path, status, body):
    """A name above its column was internal; the path in an error was cut within a character."""
    answer = server.http(method, path, user="buyer@x")

    assert answer.status_code == status
    if body is None:
        assert json.loads(answer.content.decode())["code"] == "room_not_found"
    else:
        assert answer.content == body


# --- frames ---


@pytest.fixture(scope="module")
def asyncapi(server):
    return server.http("GET", "/schema/asyncapi.json").json()


def check(asyncapi, message, frame):
    """Headers and body of a frame are those of a message of the document."""
    wanted = asyncapi["components"]["messages"][message]
    for part, value in (("headers", frame.headers), ("payload", frame.body)):
        if part in wanted:
            jsonschema.Draft202012Validator(
                {**wanted[part], "components": asyncapi["components"]}).validate(
                    json.loads(value) if part == "payload" else value)
    known = wanted["headers"]["$ref"].rpartition("/")[2]
    assert set(frame.headers) <= set(
        asyncapi["components"]["schemas"][known]["properties"]), frame.raw


def test_frames_are_those_of_the_document(server, asyncapi):
    room = server.new_room()
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        check(asyncapi, "CONNECTED", buyer.connected)
        check(asyncapi, "RECEIPT", buyer.subscribe_room(room.uuid))
        buyer.subscribe(f"/sub/chat/room/{room.uuid}/event")
        buyer.subscribe("/user/queue/errors")
        buyer.subscribe("/user/queue/rooms")

        check(asyncapi, "RECEIPT", seller.say(room.uuid, "hello 😀", idempotency_key="k"))
        check(asyncapi, "RECEIPT", seller.say(room.uuid, "hello 😀", idempotency_key="k"))
        said = f"/sub/chat/room/{room.uuid}"
        check(asyncapi, "chatMessageSubscribe", buyer.expect("MESSAGE", destination=said))
        for event, body in (("typing", '{"typing":true}'), ("read", '{"seq":1}')):
            seller.ask("SEND", body, destination=f"/pub/room/{room.uuid}/{event}")
            check(asyncapi, "eventRoomEventsSubscribe", buyer.expect(
                "MESSAGE", destination=said + "/event", body_has={"type": event}))
        check(asyncapi, "eventUserRoomsSubscribe",
              buyer.expect("MESSAGE", destination="/user/queue/rooms"))
        buyer.post(room.uuid, "")
        check(asyncapi, "eventErrorsSubscribe",
              buyer.expect("MESSAGE", destination="/user/queue/errors"))
        seller.frame("NONSENSE")
        check(asyncapi, "ERROR", seller.expect_error("unsupported_command"))


# --- pages ---


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json", "reuse-chat.d.ts"])
def test_contracts_are_served_as_generated(server, name):
    with open(f"{ROOT}/generated/contract/{name}", "rb") as f:
        assert server.http("GET", f"/schema/{name}").content == f.read()


def test_a_schema_is_served_by_the_name_of_its_message(server):
    schema = server.http("GET", "/schema/ChatDto.json").json()

    assert schema["title"] == "ChatDto"
    assert server.http("GET", "/schema/Nope.json").status_code == 404


def page(url):
    """What a person sees there, after the scripts."""
    return subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000",
         "--dump-dom", url], capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.skipif(not VIEWERS, reason="built without the viewers (tools/test brings them)")
@pytest.mark.parametrize("path, shown", [
    ("/docs", "/chat/room/{roomUUID}/messages"),
    ("/docs/events.html", "/pub/room/{roomUUID}/message"),
])
def test_the_viewers_show_the_contracts(server, path, shown):
    assert shown in page(server.url + path).replace("\u200b", "").replace("<wbr>", "")


def test_the_list_of_contracts_is_there_without_viewers(server):
    listed = server.http("GET", "/docs/files.html").text

    for name in ("openapi.json", "asyncapi.json", "reuse-chat.d.ts", "ChatDto.json"):
        assert f"/schema/{name}" in listed
        assert server.http("GET", f"/schema/{name}").status_code == 200
