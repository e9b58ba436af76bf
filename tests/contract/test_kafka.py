"""Topic chat and topic chat-event: records as any consumer reads them, and records of others.
SPDX-License-Identifier: MIT
"""
import datetime
import json
import os
import re
import subprocess
import tempfile
import urllib.parse
import uuid

import confluent_kafka
import pytest

from harness.backing import ROOT
from harness.stomp import encode
from harness.wait import eventually

NAMES = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_sequence", "ce_users",
         "ce_server", "ce_subject", "content-type"]


@pytest.fixture
def room(server):
    return server.new_room()


def headers_of(record):
    return {name: value.decode() for name, value in record.headers() or []}


def records_of(topics, topic, room, at_least=1):
    """Those of a room, as soon as there are so many."""
    return eventually(lambda: at_least_so_many(topics, topic, room, at_least), 20)


def at_least_so_many(topics, topic, room, count):
    found = [r for r in topics.records(topic, 0) if r.key() == room.uuid.encode()]
    return found if len(found) >= count else None


# --- what is written ---------------------------------------------------------------------------


def test_a_message_is_a_record(server, topics, room):
    with server.stomp(room.buyer) as buyer:
        buyer.subscribe_room(room.uuid)
        receipt = buyer.say(room.uuid, "안녕 😀 \x1f")
        message = buyer.expect("MESSAGE")

    record, = records_of(topics, topics.chat, room)
    assert record.value().decode() == message.body  # byte for byte the four members
    assert list(json.loads(record.value())) == ["roomUUID", "sender", "content", "timestamp"]
    assert "😀" in record.value().decode() and "\\u001F" in record.value().decode()
    headers = headers_of(record)
    assert sorted(headers) == sorted(NAMES) and len(record.headers()) == len(NAMES)
    at = datetime.datetime.fromisoformat(headers.pop("ce_time").replace("Z", "+00:00"))
    assert int(at.timestamp() * 1000) == int(receipt.headers["timestamp"])
    assert headers == {
        "ce_specversion": "1.0", "ce_id": receipt.headers["message-id"],
        "ce_source": f"/chat/room/{room.uuid}", "ce_type": "reuse.chat.message.v1",
        "ce_subject": room.uuid, "ce_sequence": "0000000000000000001",
        "ce_users": headers["ce_users"], "ce_server": server.settings["server.id"],
        "content-type": "application/json"}
    assert set(headers["ce_users"].split(",")) == {
        urllib.parse.quote(u, safe="!~*'()") for u in (room.buyer, room.seller)}


def test_users_are_encoded_each(server, topics):
    room = server.new_room("a,b %:김@x", "판매자@x")
    with server.stomp(room.buyer) as buyer:
        buyer.say(room.uuid, "x")

    record, = records_of(topics, topics.chat, room)
    assert {urllib.parse.unquote(u) for u in headers_of(record)["ce_users"].split(",")} == {
        room.buyer, room.seller}


def test_messages_of_a_room_are_in_one_partition_in_order(server, topics, room):
    with server.stomp(room.buyer) as buyer:
        for n in range(100):
            buyer.post(room.uuid, f"{n}")

    records = records_of(topics, topics.chat, room, 100)
    assert len({r.partition() for r in records}) == 1
    assert [int(headers_of(r)["ce_sequence"]) for r in records] == list(range(1, 101))
    assert len({headers_of(r)["ce_id"] for r in records}) == 100


def test_keys_go_where_javas_partitioner_puts_them(server, topics):
    rooms = [server.new_room() for _ in range(8)]
    for room in rooms:
        with server.stomp(room.buyer) as buyer:
            buyer.say(room.uuid, "x")
    keys = {room.uuid.encode() for room in rooms}

    records = eventually(lambda: [r for r in topics.records(topics.chat, 0) if r.key() in keys]
                         if keys <= {r.key() for r in topics.records(topics.chat, 0)} else None)
    for record in records:
        assert record.partition() == (murmur2(record.key()) & 0x7fffffff) % 3


def murmur2(data):
    """org.apache.kafka.common.utils.Utils.murmur2."""
    m, mask = 0x5bd1e995, 0xffffffff
    h = 0x9747b28c ^ len(data)
    for at in range(0, len(data) & ~3, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    tail = data[len(data) & ~3:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def test_the_outbox_is_empty_afterwards(server, database, topics, room):
    with server.stomp(room.buyer) as buyer:
        for n in range(20):
            buyer.say(room.uuid, f"{n}")
    records_of(topics, topics.chat, room, 20)
    eventually(lambda: database.value("SELECT COUNT(*) FROM outbox") == 0)


@pytest.mark.parametrize("what", ["created", "read", "delivered", "state", "deleted"])
def test_other_events_go_to_their_own_topic(server, topics, room, what):
    with server.stomp(room.buyer) as buyer:
        buyer.say(room.uuid, "x")
    with server.stomp(room.seller) as seller:
        if what in ("read", "delivered"):
            seller.ask("SEND", '{"seq":1}', destination=f"/pub/room/{room.uuid}/{what}")
    if what == "state":
        server.admin("PATCH", f"/admin/rooms/{room.uuid}", json={"state": "frozen"})
    if what == "deleted":
        server.http("DELETE", f"/room/delete/{room.uuid}")
    kind = {"created": "reuse.room.created.v1", "state": "reuse.room.state.v1",
            "deleted": "reuse.room.deleted.v1"}.get(what, f"reuse.message.{what}.v1")

    record = eventually(lambda: [r for r in records_of(topics, topics.event, room)
                                 if headers_of(r)["ce_type"] == kind], 20)[0]
    headers, value = headers_of(record), json.loads(record.value())
    assert headers["ce_source"] == f"/chat/room/{room.uuid}"
    assert headers["ce_subject"] == room.uuid == value["roomUUID"]
    assert headers["content-type"] == "application/json"
    assert set(headers["ce_users"].split(",")) == {
        urllib.parse.quote(u, safe="!~*'()") for u in (room.buyer, room.seller)}
    if what in ("read", "delivered"):
        assert (value["user"], value["seq"]) == (room.seller, 1)
    else:
        assert set(value["users"]) == {room.buyer, room.seller}
        assert value["state"] == {"created": "open", "state": "frozen"}.get(what, "deleted")


def test_typing_is_thinned_for_others_and_the_latest_state_comes_last(server, topics, room):
    typing = [n % 2 == 0 for n in range(40)]
    with server.stomp(room.seller) as watcher, server.stomp(room.buyer) as buyer:
        watcher.subscribe(f"/sub/chat/room/{room.uuid}/event", id="v")
        buyer.send_text("".join(
            encode("SEND", {"destination": f"/pub/room/{room.uuid}/typing"},
                   json.dumps({"typing": state})) for state in typing))
        told = [watcher.expect("MESSAGE", body_has={"type": "typing"}).json["typing"]
                for _ in typing]
    assert told == typing  # those who are here are told each

    def records():
        found = [json.loads(r.value())["typing"] for r in topics.records(topics.event, 0)
                 if r.key() == room.uuid.encode()
                 and headers_of(r)["ce_type"] == "reuse.member.typing.v1"]
        return found if len(found) > 1 and found[-1] is False else None

    found = eventually(records, 20, "the latest state")
    assert found[0] is True and len(found) <= 4


def test_offsets_are_committed_under_the_servers_group(server, topics, room):
    with server.stomp(room.buyer) as buyer:
        buyer.say(room.uuid, "x")
    group = f"team5-{server.settings['server.id']}"
    consumer = confluent_kafka.Consumer({"bootstrap.servers": topics.brokers, "group.id": group})
    partitions = [confluent_kafka.TopicPartition(topics.chat, p) for p in range(3)]

    def lag():
        committed = consumer.committed(partitions, timeout=5)
        ends = [consumer.get_watermark_offsets(p, timeout=5)[1] for p in partitions]
        return [end - c.offset if c.offset >= 0 else end for c, end in zip(committed, ends)]

    try:
        eventually(lambda: sum(lag()) == 0, 20, "no lag")
    finally:
        consumer.close()


# --- what is read ------------------------------------------------------------------------------


def value(room, content="from elsewhere", timestamp=None):
    return json.dumps({"roomUUID": room.uuid, "sender": room.seller, "content": content,
                       "timestamp": timestamp}, ensure_ascii=False)


@pytest.fixture
def listener(server, room):
    with server.stomp(room.buyer) as client:
        client.subscribe_room(room.uuid, id="s")
        yield client


@pytest.mark.parametrize("key", ["room", None, "other"])
def test_a_record_without_headers_is_delivered_live(server, topics, room, listener, key):
    topics.produce(topics.chat, value(room, "안녕 😀", "2025-01-20T10:30:00"),
                   key=room.uuid if key == "room" else key)

    message = listener.expect("MESSAGE", subscription="s")
    assert "seq" not in message.headers
    topic, partition, offset = message.headers["message-id"].rsplit("-", 2)
    assert topic == topics.chat and partition.isdigit() and offset.isdigit()
    assert message.body == value(room, "안녕 😀", "2025-01-20T10:30:00").replace(
        '": ', '":').replace(', "', ',"')
    assert server.http("GET", f"/chat/room/{room.uuid}").json() == []
    assert listener.say(room.uuid, "ours").headers["seq"] == "1"


def test_a_null_timestamp_becomes_the_servers(topics, room, listener):
    topics.produce(topics.chat, value(room), key=room.uuid)

    told = listener.expect("MESSAGE").json["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?", told)
    age = datetime.datetime.utcnow() - datetime.datetime.strptime(told[:19], "%Y-%m-%dT%H:%M:%S")
    assert abs(age.total_seconds()) < 30


@pytest.mark.parametrize("why, data, headers", [
    ("no JSON", "hello", {}), ("nothing", "", {}), ("a tombstone", None, {}),
    ("an array", "[]", {}), ("no UTF-8", b"\xff\xfe", {}), ("no room", '{"content":"x"}', {}),
    ("a broken id", None, {"ce_specversion": "1.0", "ce_type": "reuse.chat.message.v1"}),
    ("no sequence", "{room}", {"ce_specversion": "1.0", "ce_type": "reuse.chat.message.v1",
                               "ce_id": str(uuid.uuid4()), "content-type": "application/json"}),
    ("a bad sequence", "{room}", {
        "ce_specversion": "1.0", "ce_type": "reuse.chat.message.v1", "ce_id": str(uuid.uuid4()),
        "ce_sequence": "x", "content-type": "application/json"}),
    ("headers and no JSON", "hello", {
        "ce_specversion": "1.0", "ce_type": "reuse.chat.message.v1", "ce_id": str(uuid.uuid4()),
        "ce_sequence": "0000000000000000001", "content-type": "application/json"}),
])
def test_malformed_records_are_counted_and_skipped(server, topics, room, listener, why, data,
                                                   headers):
    def malformed():
        return int(re.search(r"\nreuse_chat_kafka_records_malformed_total (\d+)",
                             server.admin("GET", "/metrics").text)[1])

    before = malformed()
    data = value(room) if data == "{room}" else data
    topics.produce(topics.chat, data, key=room.uuid, headers=headers)

    eventually(lambda: malformed() == before + 1, what=why)
    topics.produce(topics.chat, value(room, "behind"), key=room.uuid)
    assert listener.expect("MESSAGE").json["content"] == "behind"
    assert listener.nothing_came()


def test_an_unknown_type_is_skipped_in_silence(topics, room, listener):
    topics.produce(topics.chat, value(room), key=room.uuid, headers={
        "ce_specversion": "1.0", "ce_type": "reuse.chat.message.v9", "ce_id": str(uuid.uuid4()),
        "ce_sequence": "0000000000000000001"})
    topics.produce(topics.chat, value(room, "behind"), key=room.uuid)
    assert listener.expect("MESSAGE").json["content"] == "behind"


def copy_of(record, **changed):
    headers = {**headers_of(record), **changed}
    return {"value": record.value(), "key": record.key(), "headers": headers}


def test_repeats_of_our_own_records_are_told_once(server, topics, room, listener):
    listener.say(room.uuid, "once")
    listener.expect("MESSAGE")
    record, = records_of(topics, topics.chat, room)
    for server_id in (server.settings["server.id"], "another-server"):
        topics.produce(topics.chat, **copy_of(record, ce_server=server_id))
    topics.produce(topics.chat, value(room, "behind"), key=room.uuid)

    assert listener.expect("MESSAGE").json["content"] == "behind"
    assert listener.nothing_came()


def test_a_user_with_an_encoded_id_is_told_of_a_message_of_another_server(server, topics):
    buyer, seller = "böyer, 1%@x", "sel:ler@x"
    room = server.new_room(buyer, seller)
    with server.stomp(seller) as listener:
        listener.subscribe("/user/queue/rooms", id="q")
        with server.stomp(buyer) as client:
            client.say(room.uuid, "first")
        assert listener.expect("MESSAGE", body_has={"type": "message"}).json["preview"] == "first"
        record, = records_of(topics, topics.chat, room)
        topics.produce(topics.chat, **copy_of(record, ce_server="another-server"))
        told = listener.expect("MESSAGE", body_has={"type": "message"}).json
    assert (told["roomUUID"], told["sender"]) == (room.uuid, buyer)


def test_a_record_of_what_was_never_stored_is_dropped(server, topics, room, listener):
    listener.say(room.uuid, "first")
    record, = records_of(topics, topics.chat, room)
    topics.produce(topics.chat, **copy_of(record, ce_server="ghost", ce_id=str(uuid.uuid4()),
                                          ce_sequence="0000000000000000005"))
    listener.say(room.uuid, "second")
    listener.say(room.uuid, "third")
    assert [m.headers["seq"] for m in listener.messages(3)] == ["1", "2", "3"]
    eventually(lambda: "\nreuse_chat_feed_dropped_records_total 1\n"
               in server.admin("GET", "/metrics").text)
    assert listener.nothing_came()


# --- protobuf ----------------------------------------------------------------------------------


def test_the_value_as_protobuf(start_server, topics):
    server = start_server({"kafka.value": "protobuf"})
    room = server.new_room()
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid)
        buyer.say(room.uuid, "안녕 😀")
        assert seller.expect("MESSAGE").json["content"] == "안녕 😀"

    record, = records_of(topics, topics.chat, room)
    assert headers_of(record)["content-type"] == "application/protobuf"
    decoded = decode_protobuf(record.value())
    assert f'room_uuid: "{room.uuid}"' in decoded
    assert f'sender: "{room.buyer}"' in decoded
    assert 'content: "' + "".join(f"\\{b:03o}" for b in "안녕".encode()) in decoded
    server.kill()


def decode_protobuf(data):
    """As protoc prints it with the published schema."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with open(file.name, "rb") as stdin:
            return subprocess.run(
                ["protoc", f"-I{os.path.join(ROOT, 'schema', 'proto')}", "-I/usr/include",
                 "--decode=reuse.chat.ChatDto", "chat.proto"],
                stdin=stdin, capture_output=True, text=True, check=True).stdout


def test_a_change_of_a_connection_is_logged_once(server):
    eventually(lambda: server.admin("GET", "/readyz").json()["kafka"] == "up", 20)
    for role in ("producer", "consumer"):
        told = [line for line in server.log().splitlines()
                if f"kafka.up role={role}" in line or f"kafka.{role} state=" in line]
        assert len(told) == 1, told
