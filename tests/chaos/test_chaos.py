"""Servers, database, Redis and Kafka are killed (kill -9), stopped or frozen under load, alone and two
at a time. Then: every receipted message is in the history once, at its number; every subscriber, over
all its reconnects, saw each number once and in order; the topic holds each message; nothing is left in
the outbox.

CHAOS_KILLS=100 makes it long (5 in the test command), CHAOS_SECONDS=3600 goes on with them for at least
so long, CHAOS_SEED repeats a run's choices.
SPDX-License-Identifier: MIT
"""
import asyncio
import json
import os
import random
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import confluent_kafka
import pytest
import websockets

from harness.backing import ROOT, Cluster, Database
from harness.wait import eventually, patience

ROOMS = 6
IN_FLIGHT = 20
KILLS = int(os.environ.get("CHAOS_KILLS", "5"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", "0"))
VICTIMS = ["server-1", "server-2", "db", "redis", "kafka"]
FROZEN_SECONDS_MAX = 12  # beyond the time-outs of database and broker


def header_of(frame):
    """Headers of a frame, first of each name."""
    headers = {}
    for line in frame.split("\n\n", 1)[0].split("\n")[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name, value)
    return headers


def get(url, headers=None, method="GET"):
    request = urllib.request.Request(url, method=method, headers=headers or {},
                                     data=b"" if method == "POST" else None)
    with urllib.request.urlopen(request, timeout=patience(30)) as answer:
        return json.loads(answer.read())


class Talker:
    """A member of a room who sends and listens, and comes back whatever happens."""

    def __init__(self, scene, room, user, url):
        self.scene, self.room, self.user, self.url = scene, room, user, url
        self.last, self.sent, self.receipts, self.pending, self.faults = 0, 0, {}, {}, []
        self.paged = 0  # pages of the history read by REST

    async def run(self):
        while not self.scene.is_over:
            try:
                await self.session()
            except (OSError, asyncio.TimeoutError, websockets.WebSocketException):
                await asyncio.sleep(0.05)

    async def session(self):
        connecting = websockets.connect(self.url.replace("http", "ws", 1) + "/ws-stomp",
                                        open_timeout=patience(3), close_timeout=1)
        async with connecting as ws:
            await ws.send(f"CONNECT\naccept-version:1.2\nsender:{self.user}\n\n\0")
            await asyncio.wait_for(ws.recv(), patience(5))
            await ws.send(f"SUBSCRIBE\nid:1\ndestination:/sub/chat/room/{self.room}\n"
                          f"since:{self.last}\nreceipt:sub\n\n\0")
            for frame in self.pending.values():
                await ws.send(frame)
            listening = asyncio.create_task(self.listen(ws))
            try:
                while not self.scene.is_over and not listening.done():
                    if not self.scene.is_draining and len(self.pending) < IN_FLIGHT:
                        await self.say(ws)
                    await asyncio.sleep(0.003)
                    if self.scene.is_draining and not self.pending:
                        await asyncio.sleep(0.05)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def say(self, ws):
        self.sent += 1
        key = f"{self.user}-{self.sent}"
        self.pending[key] = (f"SEND\ndestination:/pub/room/{self.room}/message\nreceipt:{key}\n"
                             f"idempotency-key:{key}\n\n" + json.dumps({"content": key}) + "\0")
        await ws.send(self.pending[key])

    async def listen(self, ws):
        async for frame in ws:
            headers = header_of(frame)
            if frame.startswith("MESSAGE"):
                self.hear(int(headers["seq"]))
            elif frame.startswith("RECEIPT") and "seq" in headers:
                self.receipts[headers["receipt-id"]] = int(headers["seq"])
                self.pending.pop(headers["receipt-id"], None)
            elif headers.get("recovered") == "false":  # more than resume.max: read by REST
                await self.page_up_to(int(headers["last-seq"]))

    def hear(self, seq):
        if seq != self.last + 1:
            self.faults.append(f"after {self.last} came {seq}")
        self.last = seq

    async def page_up_to(self, last):
        while self.last < last:
            path = f"/chat/room/{self.room}/messages?after={self.last}&limit=200"
            page = await asyncio.to_thread(get, self.url + path, {"X-Auth-User": self.user})
            if not page["items"]:
                self.faults.append(f"no page after {self.last}")
                return
            for item in page["items"]:
                if item["seq"] <= last:  # the others come live
                    self.hear(item["seq"])
            self.paged += 1


class Scene:
    """The cluster, its rooms and their talkers."""

    def __init__(self, folder):
        self.cluster = Cluster(folder)
        self.cluster.run("up", "2", "--resume.max=100")  # so that reading by REST is met as well
        env = self.cluster.env()
        self.urls = [env["SERVER_1_URL"], env["SERVER_2_URL"]]
        self.brokers = env["KAFKA_BROKERS"]
        base = env["DATABASE_URL"]
        self.database = Database(base, urllib.parse.urlsplit(base).path[1:])
        self.is_draining = self.is_over = False
        self.rooms = [self.make_room(i) for i in range(ROOMS)]
        self.talkers = [Talker(self, room, f"{side}{i}@x", self.urls[side == "seller"])
                        for i, room in enumerate(self.rooms) for side in ("buyer", "seller")]

    def make_room(self, i):
        query = urllib.parse.urlencode({"user": f"seller{i}@x", "name": "bike"})
        made = get(self.urls[0] + "/room/create?" + query, {"X-Auth-User": f"buyer{i}@x"}, "POST")
        return made[0]["room"]["roomUUID"]

    async def tool(self, *words):
        done = await asyncio.create_subprocess_exec(
            f"{ROOT}/tools/cluster", *words, env=self.cluster.environ,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = await done.communicate()
        assert done.returncode == 0, f"{' '.join(words)}: {errors.decode()}"
        return output.decode()

    async def freeze(self, victim, seconds):
        """A process that does nothing but still holds its sockets."""
        pid = int(await self.tool("pid", victim))
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    async def strike(self, dice):
        """Takes one or two away, in a way, and gives them back; says what."""
        victims = dice.sample(VICTIMS, dice.choice([1, 1, 1, 2]))
        way = dice.choice(["kill", "kill", "kill", "stop", "freeze"])
        if way == "freeze":
            seconds = dice.uniform(0.5, FROZEN_SECONDS_MAX)
            await asyncio.gather(*(self.freeze(v, seconds) for v in victims))
        else:
            await asyncio.gather(*(self.tool(way, v) for v in victims))
            await asyncio.sleep(dice.random())
            # A server that starts waits for its database, so that comes first.
            for victim in sorted(victims, key=lambda v: v.startswith("server")):
                await self.tool("start", victim)
        await asyncio.sleep(dice.random())
        return f"{way} {'+'.join(victims)}"

    def count_receipts(self):
        return sum(len(t.receipts) for t in self.talkers)

    async def run(self, dice):
        tasks = [asyncio.create_task(t.run()) for t in self.talkers]
        strikes, end = [], time.monotonic() + SECONDS
        while len(strikes) < KILLS or time.monotonic() < end:
            before = self.count_receipts()
            strikes.append(await self.strike(dice))
            await self.wait(lambda low=before: self.count_receipts() > low + 100)
            print(f"{len(strikes)} {strikes[-1]}: {self.count_receipts()} receipts", flush=True)
        self.is_draining = True
        await self.wait(lambda: not any(t.pending for t in self.talkers))
        await self.wait(lambda: all(t.last == self.last_seq(t.room) for t in self.talkers))
        self.is_over = True
        await asyncio.gather(*tasks)
        return strikes

    @staticmethod
    async def wait(is_so, seconds=90):
        deadline = time.monotonic() + patience(seconds)
        while not is_so():
            assert time.monotonic() < deadline, "the fleet did not come back"
            await asyncio.sleep(0.1)

    def last_seq(self, room):
        return self.database.value("SELECT last_seq FROM room WHERE roomuuid = %s", room)

    def ids_of_topic(self):
        """ce_id of every record of the topic, from the beginning to the end as it is now."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.brokers, "group.id": "chaos",
                                             "enable.auto.commit": False})
        partitions = consumer.list_topics("chat").topics["chat"].partitions
        ids = set()
        for partition in partitions:
            at = confluent_kafka.TopicPartition("chat", partition, 0)
            _, end = consumer.get_watermark_offsets(at)
            consumer.assign([at])
            position = 0
            while position < end:
                record = consumer.poll(patience(10))
                assert record is not None and not record.error(), "the topic cannot be read"
                position = record.offset() + 1
                ids.add(dict(record.headers())["ce_id"].decode())
        consumer.close()
        return ids


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    made = Scene(tmp_path_factory.mktemp("cluster"))
    yield made
    made.cluster.run("clean")


def test_nothing_receipted_is_lost_doubled_or_out_of_order(scene):
    seed = os.environ.get("CHAOS_SEED", str(random.randrange(1 << 30)))
    strikes = asyncio.run(scene.run(random.Random(seed)))
    print(f"seed {seed}: {scene.count_receipts()} receipts, {len(strikes)} strikes, "
          f"{sum(t.paged for t in scene.talkers)} pages by REST")

    for talker in scene.talkers:
        assert talker.faults == [], f"{talker.user}, seed {seed}"
    for room in scene.rooms:
        history = [m["content"] for m in get(f"{scene.urls[0]}/chat/room/{room}")]
        assert len(set(history)) == len(history), f"doubled, seed {seed}"
        for talker in scene.talkers:
            for key, seq in talker.receipts.items() if talker.room == room else ():
                assert history[seq - 1] == key, f"lost or moved, seed {seed}"


def test_the_topic_holds_every_message_and_the_outbox_none(scene):
    eventually(lambda: scene.database.value("SELECT COUNT(*) FROM outbox") == 0, seconds=60)
    stored = {row["id"] for row in scene.database.rows("SELECT id FROM chat")}

    assert stored <= scene.ids_of_topic()
