"""Database, Redis and Kafka go away, killed or frozen with their sockets held, and come back: what still
works meanwhile, what is said about it, and that nobody has to restart anything.
SPDX-License-Identifier: MIT
"""
import contextlib
import json
import os
import signal
import time

import confluent_kafka
import pytest

from harness.backing import Database
from harness.wait import eventually

BACK_SECONDS = 60  # a Kafka broker starts in five to twenty
CPU_SHARE_MAX = 0.5  # of one core, while something is away; a busy loop takes all of it


@pytest.fixture(name="servers", scope="module")
def servers_fixture(own_cluster, start_server):
    env = own_cluster.env()
    database = Database(env["DATABASE_URL"], "outage").create()
    settings = {"database.url": database.url, "redis.url": env["REDIS_URL"],
                "kafka.brokers": env["KAFKA_BROKERS"], "kafka.topic": "outage"}
    started = start_server(settings), start_server(settings)
    eventually(lambda: all(ready(s)["kafka"] == "up" for s in started), BACK_SECONDS)
    return started


@pytest.fixture(name="room")
def room_fixture(servers):
    return servers[0].new_room()


@pytest.fixture(name="pair")
def pair_fixture(servers, room):
    """The buyer on the first server, the seller, who listens, on the second."""
    with servers[0].stomp(room.buyer) as buyer, servers[1].stomp(room.seller) as seller:
        buyer.subscribe("/user/queue/errors", id="errors")
        seller.subscribe_room(room.uuid)
        yield buyer, seller


def ready(server):
    return server.admin("GET", "/readyz").json()


def cpu_seconds(server):
    with open(f"/proc/{server.child.pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def not_busy(servers):
    """Over at least two seconds, each server leaves the processor alone, and answers."""
    began, before = time.monotonic(), [cpu_seconds(s) for s in servers]
    yield
    eventually(lambda: time.monotonic() > began + 2 and
               all(s.admin("GET", "/healthz").status_code == 200 for s in servers))
    took = time.monotonic() - began
    for server, seconds in zip(servers, before):
        assert cpu_seconds(server) - seconds < CPU_SHARE_MAX * took


@contextlib.contextmanager
def away(cluster, way, *parts):
    pids = [int(cluster.run("pid", part)) for part in parts]
    for pid in pids:
        os.kill(pid, signal.SIGKILL if way == "killed" else signal.SIGSTOP)
    try:
        yield
    finally:
        for part, pid in zip(parts, pids):
            if way == "killed":
                cluster.run("start", part)
            else:
                os.kill(pid, signal.SIGCONT)


def assert_all_is_well(servers, room, pair):
    buyer, seller = pair
    eventually(lambda: all({**ready(s), "writeQueue": 0} == {
        "status": "UP", "database": "up", "kafka": "up", "sessions": "up", "isRelaying": False,
        "outboxWaiting": 0, "writeQueue": 0} for s in servers), BACK_SECONDS, "all is up again")
    seq = buyer.say(room.uuid, "again").headers["seq"]
    assert seller.expect("MESSAGE", seq=seq).json["content"] == "again"


@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_without_the_database_nothing_is_acknowledged(own_cluster, servers, room, pair, way):
    buyer, _ = pair
    with away(own_cluster, way, "db"):
        buyer.post(room.uuid, "lost?", receipt="lost", idempotency_key=f"key-{way}")
        refusal = buyer.expect("MESSAGE", 40, subscription="errors")
        assert refusal.headers["code"] in ("storage_unavailable", "outcome_unknown")
        eventually(lambda: all(ready(s)["database"] == "down" for s in servers), 40)
        with not_busy(servers):
            assert servers[0].admin("GET", "/readyz").status_code == 503
            answer = servers[0].http("GET", f"/chat/room/{room.uuid}", user=room.buyer)
            assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
            assert "Retry-After" in answer.headers
    assert_all_is_well(servers, room, pair)
    assert int(buyer.say(room.uuid, "lost?", idempotency_key=f"key-{way}").headers["seq"]) <= 2
    assert sorted(m["content"] for m in servers[1].http(
        "GET", f"/chat/room/{room.uuid}", user=room.seller).json()) == ["again", "lost?"]


@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_without_kafka_messages_are_stored_and_come_to_the_other_server(own_cluster, servers, room,
                                                                        pair, way):
    buyer, seller = pair
    with away(own_cluster, way, "kafka"):
        seqs = [buyer.say(room.uuid, f"m{i}").headers["seq"] for i in range(5)]
        eventually(lambda: all(ready(s)["kafka"] == "down" for s in servers), 60)
        assert [seller.expect("MESSAGE", 40).headers["seq"] for _ in seqs] == seqs
        with not_busy(servers):
            now = ready(servers[0])
            assert now["status"] == "UP" and (now["outboxWaiting"] > 0 or now["isRelaying"])
    assert_all_is_well(servers, room, pair)
    assert {f"m{i}" for i in range(5)} <= contents_of_topic(own_cluster)


def contents_of_topic(cluster):
    consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.env()["KAFKA_BROKERS"],
                                         "group.id": "outage", "enable.partition.eof": True,
                                         "auto.offset.reset": "earliest",
                                         "enable.auto.commit": False})
    consumer.assign([confluent_kafka.TopicPartition("outage", p, 0) for p in
                     consumer.list_topics("outage").topics["outage"].partitions])
    ends, contents = len(consumer.assignment()), set()
    while ends > 0:
        record = consumer.poll(20)
        assert record is not None, "the topic cannot be read"
        if record.error():
            ends -= record.error().code() == confluent_kafka.KafkaError._PARTITION_EOF
        else:
            contents.add(json.loads(record.value())["content"])
    consumer.close()
    return contents


@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_without_redis_the_chat_goes_on(own_cluster, servers, room, pair, way):
    buyer, seller = pair
    with away(own_cluster, way, "redis"):
        seq = buyer.say(room.uuid, "still here").headers["seq"]
        assert seller.expect("MESSAGE", seq=seq)
        for server in servers:
            with server.stomp("late@x") as late:  # seen when something is to be written
                assert late.nothing_came()
        eventually(lambda: all(ready(s)["sessions"] == "down" for s in servers), 40)
        with not_busy(servers):
            assert all(ready(s)["status"] == "UP" for s in servers)
    assert_all_is_well(servers, room, pair)
    shown = f"/chat/debug/sessions/{room.buyer}"
    eventually(lambda: servers[1].http("GET", shown).json().get("sessionInfo"))


def test_all_at_once(own_cluster, servers, room, pair):
    buyer, _ = pair
    pids = [s.child.pid for s in servers]
    with away(own_cluster, "killed", "db", "kafka", "redis"):
        buyer.post(room.uuid, "?", receipt="r")
        buyer.expect("MESSAGE", 40, subscription="errors")
        eventually(lambda: all((r["database"], r["kafka"], r["sessions"]) == ("down",) * 3
                               for r in map(ready, servers)), 60)
        with not_busy(servers):
            pass
    assert_all_is_well(servers, room, pair)
    assert [s.child.pid for s in servers] == pids


def test_a_killed_servers_users_miss_nothing_on_the_other(servers, room):
    one, other = servers
    with one.stomp(room.buyer) as hearer, other.stomp(room.seller) as talker:
        hearer.subscribe_room(room.uuid)
        talker.say(room.uuid, "1")
        last = hearer.expect("MESSAGE").headers["seq"]
        for i in range(2, 30):
            talker.post(room.uuid, str(i))
        hearer.expect("MESSAGE")
        one.kill()
        talker.say(room.uuid, "30")
    with other.stomp(room.buyer) as again:
        again.subscribe_room(room.uuid, since=last)
        assert [m.json["content"] for m in again.messages(29)] == [str(i) for i in range(2, 31)]
    one.start()
