"""MariaDB and Kafka of tools/cluster, and a Redis of one's own: a database and topics that no other
test file sees.
SPDX-License-Identifier: MIT
"""
import contextlib
import os
import subprocess
import time
import urllib.parse

import confluent_kafka
import confluent_kafka.admin
import pymysql
import redis

from harness.process import Process, free_port
from harness.wait import patience

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Cluster:
    """tools/cluster with a folder; of the whole run if none is given."""

    def __init__(self, folder=None):
        self.environ = dict(os.environ)
        if folder:
            self.environ["CLUSTER_DIR"] = str(folder)

    def run(self, *args):
        done = subprocess.run([f"{ROOT}/tools/cluster", *args], env=self.environ, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, f"tools/cluster {args}: {done.stdout}{done.stderr}"
        return done.stdout

    def env(self):
        return dict(line.split("=", 1) for line in self.run("env").splitlines())


class Database:
    """A database of its own on the cluster's MariaDB."""

    def __init__(self, base_url, name):
        at = urllib.parse.urlsplit(base_url)
        self.name = name
        self.url = at._replace(path="/" + name).geturl()
        self.login = {"host": at.hostname, "port": at.port, "user": at.username,
                      "password": at.password, "charset": "utf8mb4", "autocommit": True}

    def create(self):
        self._run(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        return self

    def drop(self):
        self._run(f"DROP DATABASE IF EXISTS {self.name}")

    def _run(self, sql):
        with pymysql.connect(**self.login) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def connect(self):
        """A connection; use with."""
        return pymysql.connect(**self.login, database=self.name)

    @contextlib.contextmanager
    def locked(self, sql, *values):
        """What SELECT … FOR UPDATE finds is locked meanwhile."""
        with self.connect() as connection, connection.cursor() as cursor:
            connection.begin()
            assert cursor.execute(sql, values) > 0
            yield
            connection.rollback()

    def run_all(self, sql):
        """Statements with a semicolon between them, which stands nowhere else."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in filter(None, map(str.strip, sql.split(";"))):
                cursor.execute(statement)

    def rows(self, sql, *values):
        """All rows, as dictionaries."""
        with self.connect() as connection:
            with connection.cursor(pymysql.cursors.DictCursor) as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()

    def value(self, sql, *values):
        """The first column of the first row."""
        return next(iter(self.rows(sql, *values)[0].values()))


class Redis(Process):
    """Its own Redis: keys of other tests are not there, and it may be killed."""

    def __init__(self, log_path):
        super().__init__(log_path)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.client = redis.Redis(port=self.port, decode_responses=True)

    def command(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no"]

    def answers(self):
        try:
            return self.client.ping()
        except redis.ConnectionError:
            return False


class Topics:
    """The three topics under names of their own."""

    def __init__(self, brokers, prefix, partitions=3):
        self.brokers = brokers
        self.names = {"kafka.topic": f"{prefix}chat", "kafka.event_topic": f"{prefix}event",
                      "kafka.user_delete_topic": f"{prefix}user-delete"}
        self.partitions = partitions

    @property
    def chat(self):
        return self.names["kafka.topic"]

    @property
    def event(self):
        return self.names["kafka.event_topic"]

    @property
    def user_delete(self):
        return self.names["kafka.user_delete_topic"]

    def create(self):
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.brokers})
        made = admin.create_topics([
            confluent_kafka.admin.NewTopic(name, self.partitions, 1)
            for name in self.names.values()])
        for name in made.values():
            name.result(30)
        return self

    def produce(self, topic, value, key=None, headers=None):
        """One record, acknowledged; in the partition where the servers put that key."""
        failures = []
        producer = confluent_kafka.Producer({"bootstrap.servers": self.brokers,
                                             "partitioner": "murmur2_random"})
        producer.produce(topic, value=value, key=key, headers=headers or {},
                         on_delivery=lambda error, _: error and failures.append(error))
        assert producer.flush(20) == 0 and not failures, failures

    def records(self, topic, at_least=1, seconds=20):
        """All records of a topic from its beginning, once at_least of them are there."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.brokers, "group.id": "reader", "fetch.wait.max.ms": 20,
            "enable.partition.eof": True, "enable.auto.commit": False})
        consumer.assign([confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING)
                         for p in range(self.partitions)])
        try:
            return self._read(consumer, at_least, time.monotonic() + patience(seconds))
        finally:
            consumer.close()

    def _read(self, consumer, at_least, end):
        records, ended = [], set()
        while len(records) < at_least or len(ended) < self.partitions:
            assert time.monotonic() < end, f"{len(records)} records, wanted {at_least}"
            record = consumer.poll(0.5)
            if record is None:
                continue
            if not record.error():
                ended.discard(record.partition())
                records.append(record)
            elif record.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                ended.add(record.partition())
        return records
