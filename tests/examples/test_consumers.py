"""The consumers of examples/, run by the commands of its README: what two servers, one with JSON and one
with protobuf values, have published, with what a topic may have besides.
SPDX-License-Identifier: MIT
"""
import collections
import json
import os
import re
import shlex
import subprocess
import uuid

import pytest

from harness import schema
from harness.backing import ROOT
from harness.wait import eventually, patience

EXAMPLES = os.path.join(ROOT, "examples")
LANGUAGES = ["Python", "JavaScript", "Java", "Go"]
TEXTS = ["안녕 😀", "a\tb\n\"c\" \\ \x1f", "<b>&amp;</b> \u2028 '", "x" * 2000, "5"]

Told = collections.namedtuple("Told", "lines counts")
Said = collections.namedtuple("Said", "lines counts")


def commands():
    """Language: the command that the README gives for it."""
    with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| (\w+) \(.*\| `(.*)` \|$", file.read(), re.M)
    return {language: shlex.split(command) for language, command in rows}


def run_all(topics, tag, until):
    """What each language's consumer told; all run side by side, each with a group of its own."""
    children = {
        language: subprocess.Popen(
            [*command, "--brokers", topics.brokers, "--topic", topics.chat, "--group",
             f"{tag}-{language}", "--until", str(until)],
            cwd=EXAMPLES, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for language, command in commands().items()}
    try:
        return {language: told_of(language, child) for language, child in children.items()}
    finally:
        for child in children.values():
            child.kill()


def told_of(language, child):
    out, err = child.communicate(timeout=patience(90))
    assert child.returncode == 0, f"{language}: {err.decode()}"
    *lines, counts = out.decode().removesuffix("\n").split("\n")
    return Told([line_of(line) for line in lines], json.loads(counts))


def line_of(line):
    *columns, content = line.split("\t")
    return (*columns, json.loads(content))


def headers_of(record):
    return {name: value.decode() for name, value in record.headers() or []}


def chat(room, content):
    return json.dumps({"roomUUID": room, "sender": "kim@x", "content": content,
                       "timestamp": "2025-01-20T10:30:00"})


def converse(servers, rooms):
    """The two members of each room, each on a server of their own, say TEXTS in turns. The lines that
    consumers are to print."""
    for room in rooms:
        members = [servers[0].stomp(room.buyer), servers[1].stomp(room.seller)]
        for text in TEXTS:
            for member in members:
                member.say(room.uuid, text)
        for member in members:
            member.close()
    return [(room.uuid, str(item["seq"]), item["sender"], item["timestamp"], item["content"])
            for room in rooms
            for item in servers[0].http("GET", f"/chat/room/{room.uuid}/messages",
                                        room.buyer).json()["items"]]


def repeat(topics, record):
    topics.produce(topics.chat, record.value(), record.key(), headers_of(record))


def redeliver(topics, database, record, count):
    """As after the crash of a server that published and did not come to note it: the row is in the outbox
    still, and another server's relay takes it."""
    batch = schema.message("reuse.event.OutboxBatch")
    batch.records.add(topic=topics.chat, key=record.key().decode(), value=record.value(), headers=[
        schema.message("reuse.event.OutboxHeader", name=name, value=value)
        for name, value in headers_of(record).items()])
    database.rows("INSERT INTO outbox (created_at, server_id, payload) VALUES "
                  "(UTC_TIMESTAMP() - INTERVAL 1 DAY, 'crashed', %s)", batch.SerializeToString())
    eventually(lambda: len(topics.records(topics.chat, count)) == count, 40, "the redelivery")


def strangers(topics):
    """Records of other producers: out of order, without headers, broken, without a number, of an unknown
    type. Their lines."""
    room, old = str(uuid.uuid4()), str(uuid.uuid4())
    for seq in (1, 3, 2):
        topics.produce(topics.chat, chat(room, f"{seq}"), room, {
            "ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": f"/chat/room/{room}",
            "ce_type": "reuse.chat.message.v1", "ce_sequence": f"{seq:019}",
            "content-type": "application/json"})
    topics.produce(topics.chat, chat(old, "of the replaced service"))
    topics.produce(topics.chat, "no JSON")
    topics.produce(topics.chat, chat(room, "later"), room, {
        "ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": "/chat",
        "ce_type": "reuse.chat.message.v9", "content-type": "application/json"})
    topics.produce(topics.chat, chat(room, "without a number"), room, {
        "ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": "/chat",
        "ce_type": "reuse.chat.message.v1", "content-type": "application/json"})
    rows = [(room, "1", "1"), (room, "3", "3"), (room, "2", "2"), (old, "-", "of the replaced service")]
    return [(room, seq, "kim@x", "2025-01-20T10:30:00", text) for room, seq, text in rows]


def inversions(records):
    """How many are not one above the greatest before them in their room: servers that write a room at
    the same time may do so, and strangers() does."""
    last, seen, count = {}, set(), 0
    for record in records:
        headers = headers_of(record)
        if headers.get("ce_type") != "reuse.chat.message.v1" or headers["ce_id"] in seen \
                or "ce_sequence" not in headers:
            continue
        seen.add(headers["ce_id"])
        room, seq = record.key(), int(headers["ce_sequence"])
        count += room in last and seq != last[room] + 1
        last[room] = max(seq, last.get(room, 0))
    return count


@pytest.fixture(scope="module")
def servers(start_server):
    return [start_server(), start_server({"kafka.value": "protobuf"})]


@pytest.fixture(scope="module")
def said(servers, topics, database):
    lines = converse(servers, [servers[0].new_room() for _ in range(2)])
    records = topics.records(topics.chat, len(lines))
    kinds = {headers_of(r)["content-type"]: r for r in records}
    assert sorted(kinds) == ["application/json", "application/protobuf"]
    for record in kinds.values():
        repeat(topics, record)
    redeliver(topics, database, records[0], len(lines) + 3)
    lines += strangers(topics)
    records = topics.records(topics.chat, len(lines) + 6)
    assert inversions(records) >= 2
    return Said(lines, {"records": len(lines) + 6, "messages": len(lines), "duplicates": 3,
                        "out_of_order": inversions(records), "skipped": 3})


@pytest.fixture(scope="module")
def told(said, topics, tag):
    return run_all(topics, tag, said.counts["records"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_message_is_told_once(said, told, language):
    assert told[language].counts == said.counts
    assert sorted(told[language].lines) == sorted(said.lines)


def test_they_go_on_where_they_ended(told, servers, topics, tag):
    room = servers[0].new_room()
    with servers[0].stomp(room.buyer) as buyer:
        buyer.say(room.uuid, "one more")

    again = run_all(topics, tag, 1)

    assert sorted(again) == sorted(told)
    for language, more in again.items():
        assert [(line[0], line[1], line[4]) for line in more.lines] == [
            (room.uuid, "1", "one more")], language


def test_the_one_in_javascript_has_the_published_types():
    done = subprocess.run(
        [os.path.join(ROOT, "web", "docs", "node_modules", ".bin", "tsc"), "--noEmit", "--skipLibCheck", "--allowJs",
         "--checkJs", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext",
         "--types", "node", "javascript/consumer.mjs"],
        cwd=EXAMPLES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
