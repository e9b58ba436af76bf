"""A user named on topic user-delete is nowhere any more, whoever is killed meanwhile.
SPDX-License-Identifier: MIT
"""
import concurrent.futures
import json
import uuid

import confluent_kafka
import confluent_kafka.admin
import pytest

from harness.wait import eventually

JOIN_SECONDS = 40  # a killed member's partitions are given on after ten
ROOMS = 150


@pytest.fixture(name="group", scope="module")
def group_fixture(tag):
    """Of this file: other servers of the run are in team5."""
    return {"kafka.group_prefix": f"{tag}-"}


@pytest.fixture(name="servers", scope="module")
def servers_fixture(start_server, group):
    return start_server(group), start_server(group)


@pytest.fixture(name="user")
def user_fixture():
    return f"gone-{uuid.uuid4().hex[:8]}@x"


def delete(topics, user):
    topics.produce(topics.user_delete, user.encode())


def is_gone(database, user):
    return not any(database.value(f"SELECT COUNT(*) FROM {table} WHERE {column} = %s", user)
                   for table, column in [("room_user", "user"), ("room_user", "other"),
                                         ("chat", "sender"), ("user_block", "user"),
                                         ("user_block", "blocked"), ("inquiry", "email")])


def wait_gone(database, user):
    eventually(lambda: is_gone(database, user), JOIN_SECONDS, "the user is gone")


def events(topics, kind, at_least=1):
    """Values of the records of that type on topic chat-event, once there are so many."""
    def found():
        records = topics.records(topics.event, 0)
        values = [json.loads(r.value()) for r in records
                  if (b"ce_type", f"reuse.{kind}.v1".encode()) in
                  [(k.encode(), v) for k, v in r.headers()]]
        return values if len(values) >= at_least else None
    return eventually(found, 20, kind)


def deletions(topics, user):
    return [e for e in events(topics, "user.deleted") if e["user"] == user]


def metric(server, name):
    return next(float(line.split()[1]) for line in server.admin("GET", "/metrics").text.splitlines()
                if line.startswith(f"reuse_chat_{name} "))


def test_a_user_is_forgotten_everywhere(servers, database, topics, redis, user):
    a, b = servers
    room = a.new_room(buyer=user)
    a.http("POST", "/inquiry/upload", json={"name": "G", "email": user, "phone": "1",
                                            "message": "text"})
    b.http("PUT", "/user/blocks/somebody@x", user=user)
    with a.stomp(user) as here, b.stomp(user) as there, b.stomp(room.seller) as peer:
        here.say(room.uuid, "from me")
        peer.say(room.uuid, "to you")
        peer.subscribe(f"/sub/chat/room/{room.uuid}/event", id="v")

        delete(topics, user)

        for client in (here, there):
            client.expect_error("auth_required", JOIN_SECONDS)
            assert client.expect_close() == (1008, "auth_required")
        assert peer.expect("MESSAGE", 20, subscription="v",
                           body_has={"type": "room.state"}).json["state"] == "frozen"
        peer.subscribe("/user/queue/errors", id="e")
        peer.post(room.uuid, "anybody?")
        assert peer.expect("MESSAGE", subscription="e").headers["code"] == "room_frozen"
    wait_gone(database, user)

    for server in servers:
        history = server.http("GET", f"/chat/room/{room.uuid}").json()
        assert [m["content"] for m in history] == ["from me", "to you"]
        anonymous = history[0]["sender"]
        assert anonymous.startswith("deleted-") and history[1]["sender"] == room.seller
        item, = server.http("GET", "/room/inbox", user=room.seller).json()["items"]
        assert (item["other"], item["state"]) == (anonymous, "frozen")
        assert server.http("GET", "/room/list", user=user).json() == []
    assert not redis.client.keys(f"*{user}*")
    assert deletions(topics, user) == [{"user": user, "policy": "anonymize",
                                        "anonymousUser": anonymous}]
    inquiry, = database.rows("SELECT * FROM inquiry")
    assert (inquiry["name"], inquiry["phone"], inquiry["message"]) == (anonymous, "", "text")


def test_a_repeat_is_harmless(servers, database, topics, user):
    a, _ = servers
    room = a.new_room(buyer=user)
    with a.stomp(user) as client:
        client.say(room.uuid, "once")
    delete(topics, user)
    delete(topics, user)
    wait_gone(database, user)
    eventually(lambda: len(deletions(topics, user)) == 2, 20)
    assert len({json.dumps(e) for e in deletions(topics, user)}) == 1
    assert [m["content"] for m in a.http("GET", f"/chat/room/{room.uuid}").json()] == ["once"]


def test_each_user_is_one_servers(servers, database, topics):
    before = sum(metric(s, "users_deleted_total") for s in servers)
    users = [f"one-of-{i}-{uuid.uuid4().hex[:6]}@x" for i in range(12)]
    for i, user in enumerate(users):
        servers[i % 2].new_room(seller=user)
    for user in users:
        delete(topics, user)
    for user in users:
        wait_gone(database, user)
    eventually(lambda: sum(metric(s, "users_deleted_total") for s in servers) == before + 12)


def test_what_names_nobody_is_skipped(servers, database, topics, user):
    servers[0].new_room(buyer=user)
    before = sum(metric(s, "kafka_records_malformed_total") for s in servers)
    for bad in (b"", None, b"\xff\xfe", b" \n", b"x" * 300):
        topics.produce(topics.user_delete, bad, key=b"same partition")
    topics.produce(topics.user_delete, f"{user}\n".encode(), key=b"same partition")
    wait_gone(database, user)
    assert sum(metric(s, "kafka_records_malformed_total") for s in servers) == before + 5


def test_what_fails_is_tried_again(servers, database, topics, user):
    servers[0].new_room(buyer=user)
    database.rows("RENAME TABLE user_block TO user_block_away")
    try:
        delete(topics, user)
        eventually(lambda: any("user.delete_failed" in s.log() for s in servers), JOIN_SECONDS)
        assert deletions(topics, user) == []
    finally:
        database.rows("RENAME TABLE user_block_away TO user_block")
    wait_gone(database, user)
    eventually(lambda: deletions(topics, user), 40)


def make_rooms(server, user, count):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda i: server.new_room(buyer=user, name=f"n{i}"), range(count)))


@pytest.mark.parametrize("policy, end", [("anonymize", "kill"), ("purge", "kill"),
                                         ("anonymize", "stop")])
def test_what_a_server_left_half_done_is_ended(start_server, tag, database, topics, user, policy,
                                               end):
    """With a topic and a group of its own, so that nobody else could end it."""
    topic = f"{tag}-{policy}-{end}"
    server = start_server({"kafka.group_prefix": f"{topic}-", "user_delete.policy": policy,
                           "kafka.user_delete_topic": topic})
    make_rooms(server, user, ROOMS)
    with server.stomp(user) as client:
        client.say(server.http("GET", "/room/list", user=user).json()[-1]["room"]["roomUUID"], "x")
    rooms = [r["room_id"] for r in database.rows("SELECT room_id FROM room_user WHERE user = %s",
                                                 user)]
    left = "SELECT COUNT(*) FROM room_user WHERE user = %s"
    assert len(rooms) == ROOMS

    topics.produce(topic, user.encode())
    eventually(lambda: database.value(left, user) < ROOMS, JOIN_SECONDS)
    getattr(server, end)()
    assert database.value(left, user) > 0, "it was too fast to be ended in between"
    server.start()

    wait_gone(database, user)
    eventually(lambda: deletions(topics, user), 20)
    states = [r["state"] for r in database.rows("SELECT state FROM room WHERE id IN %s", rooms)]
    texts = database.value("SELECT COUNT(*) FROM chat WHERE room_id IN %s", rooms)
    assert states == ([] if policy == "purge" else ["frozen"] * ROOMS)
    assert texts == (0 if policy == "purge" else 1)


def test_the_offset_is_committed_when_nothing_is_left(servers, topics, group, database, user):
    servers[0].new_room(buyer=user)
    delete(topics, user)
    wait_gone(database, user)
    reader = confluent_kafka.Consumer({"bootstrap.servers": topics.brokers,
                                       "group.id": group["kafka.group_prefix"].rstrip("-")})

    def lag():
        partitions = [confluent_kafka.TopicPartition(topics.user_delete, p) for p in range(3)]
        committed = {p.partition: p.offset for p in reader.committed(partitions, 10)}
        ends = {p.partition: reader.get_watermark_offsets(p, 10)[1] for p in partitions}
        return sum(ends[p] - max(committed[p], 0) for p in ends)
    eventually(lambda: lag() == 0, 20)
    reader.close()


def test_the_group_has_the_name_that_it_always_had(start_server, topics):
    start_server()
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": topics.brokers})
    eventually(lambda: [g for g in admin.list_groups("team5", 10) if g.members], JOIN_SECONDS)
