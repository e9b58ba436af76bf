"""Fixtures: the backing services are of the whole run, a database, topics, a Redis and servers of
one test file.
SPDX-License-Identifier: MIT
"""
import contextlib
import itertools
import os
import re
import uuid

import pytest

from harness.backing import ROOT, Cluster, Database, Redis, Topics
from harness.reports import Reports
from harness.server import Server

os.environ.setdefault("REUSE_CHAT", os.path.join(ROOT, "build", "dev", "reuse-chat"))
os.environ.setdefault("CLUSTER_DIR", os.path.join(ROOT, "build", "dev", "cluster"))


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    return Reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module", autouse=True)
def no_reports_at_the_end(reports):
    """Set up before all else of a file, so that it looks after all else of it is stopped."""
    yield
    reports.check()


@pytest.fixture(autouse=True)
def no_reports(reports):
    yield
    reports.check()


@pytest.fixture(scope="session")
def backing():
    """Addresses of MariaDB and Kafka; brings them up when a test is run by hand."""
    cluster = Cluster()
    cluster.run("up", "0")
    return cluster.env()


@pytest.fixture(scope="module")
def tag(request):
    """A name that only this run of this file has."""
    stem = re.sub(r"\W", "_", request.module.__name__.rpartition(".")[2].removeprefix("test_"))
    return f"{stem[:24]}_{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def database(backing, tag):
    made = Database(backing["DATABASE_URL"], tag).create()
    yield made
    made.drop()


@pytest.fixture
def new_database(backing, tag):
    """new_database(): a database without tables, for one test."""
    made = []

    def make():
        made.append(Database(backing["DATABASE_URL"], f"{tag}_{uuid.uuid4().hex[:8]}").create())
        return made[-1]

    yield make
    for database in made:
        database.drop()


@pytest.fixture(scope="module")
def topics(backing, tag):
    return Topics(backing["KAFKA_BROKERS"], tag + "-").create()


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    process = Redis(tmp_path_factory.mktemp("redis") / "log").start()
    yield process
    process.kill()


@pytest.fixture(scope="module")
def start_server(database, topics, redis, tag, tmp_path_factory):
    """start_server({"auth.mode": "jwt", …}): a server on this file's database, topics and Redis. Ids
    are of this file too: their lock is one of the whole MariaDB."""
    started, numbers = [], itertools.count(1)

    def start(settings=None, name="reuse-chat"):
        number = next(numbers)  # some are started side by side
        server = Server(tmp_path_factory.mktemp(f"server-{number}") / "log", {
            "server.id": f"{tag}-{number}", "database.url": database.url,
            "redis.url": redis.url, "kafka.brokers": topics.brokers, **topics.names,
            **(settings or {})}, name)
        started.append(server)
        return server.start()

    yield start
    with contextlib.ExitStack() as stack:  # each, also after one that ended badly
        for server in started:
            stack.callback(server.end)


@pytest.fixture(scope="module")
def server(start_server):
    """One server with the tests' defaults."""
    return start_server()


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory):
    """A MariaDB, Redis and Kafka that this file may kill."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.run("up", "0")
    yield cluster
    cluster.run("clean")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the end of its servers' logs."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for value in item.funcargs.values():
            if isinstance(value, Server) and value.child:
                report.sections.append((f"log of {value.settings['server.id']}",
                                        value.log()[-6000:]))
