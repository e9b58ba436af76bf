"""tools/cluster: two servers on real MariaDB, Redis and Kafka; each part can be stopped, killed and
started again, and the chat goes on.
SPDX-License-Identifier: MIT
"""
import pytest

from harness.backing import Cluster, Database
from harness.stomp import Stomp
from harness.wait import eventually

import requests


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.run("up", "2")
    yield made
    made.run("clean")


def pids(cluster):
    return {line.split()[0]: line.split()[2] for line in cluster.run("status").splitlines()}


def new_room(cluster, product):
    answer = requests.post(cluster.env()["SERVER_1_URL"] + "/room/create", timeout=20,
                           params={"user": "seller@x", "name": product},
                           headers={"X-Auth-User": "buyer@x"})
    assert answer.status_code == 200, answer.text
    return answer.json()[0]["room"]["roomUUID"]


def connect(cluster, number, user):
    url = cluster.env()[f"SERVER_{number}_URL"].replace("http", "ws") + "/ws-stomp"
    return Stomp(url, user)


def assert_chat_across(cluster, room, text):
    with connect(cluster, 1, "buyer@x") as buyer, connect(cluster, 2, "seller@x") as seller:
        seller.subscribe_room(room)
        seq = buyer.say(room, text).headers["seq"]
        assert seller.expect("MESSAGE", seq=seq).headers["destination"].endswith(room)


def test_the_database_shares_no_temporary_files(cluster):
    base = Database(cluster.env()["DATABASE_URL"], "chat")
    assert base.value("SELECT @@tmpdir").startswith(cluster.environ["CLUSTER_DIR"])


def test_a_message_goes_from_one_server_to_the_other(cluster):
    assert_chat_across(cluster, new_room(cluster, "bike"), "hello")


@pytest.mark.parametrize("part", ["server-2", "db", "redis", "kafka"])
def test_a_killed_part_comes_back_and_the_chat_goes_on(cluster, part):
    room = new_room(cluster, f"lamp {part}")
    before = pids(cluster)

    cluster.run("kill", part)
    assert pids(cluster)[part] == "-"
    cluster.run("start", part)

    assert pids(cluster)[part] not in ("-", before[part])
    eventually(lambda: healthy(cluster), what="both servers are up")
    assert_chat_across(cluster, room, f"after {part}")


def healthy(cluster):
    return all(requests.get(cluster.env()[f"SERVER_{n}_URL"] + "/actuator/health", timeout=5)
               .status_code == 200 for n in (1, 2))


def test_up_mends_what_is_missing_and_leaves_the_rest(cluster):
    before = pids(cluster)
    cluster.run("stop", "server-1")

    cluster.run("up", "2")

    after = pids(cluster)
    assert after["server-1"] not in ("-", before["server-1"])
    assert {k: v for k, v in after.items() if k != "server-1"} == {
        k: v for k, v in before.items() if k != "server-1"}


def test_down_keeps_data_and_ports(cluster):
    env = cluster.env()
    room = new_room(cluster, "kept")

    cluster.run("down")
    assert set(pids(cluster).values()) == {"-"}
    cluster.run("up", "2")

    assert cluster.env() == env
    rooms = requests.get(env["SERVER_2_URL"] + "/room/list", headers={"X-Auth-User": "buyer@x"},
                         timeout=20).json()
    assert room in [r["room"]["roomUUID"] for r in rooms]
