"""Eureka: the server registers, renews, is removed when it drains, and no registry's trouble is its own.
SPDX-License-Identifier: MIT
"""
import signal
import time

import pytest

from harness.eureka import Registry
from harness.relay import Relay
from harness.wait import eventually, patience

RENEWAL = {"eureka.renewal_interval": "1s", "eureka.app": "chat-service"}


@pytest.fixture
def registry():
    with Registry() as made:
        yield made


def start(start_server, registry, **settings):
    return start_server({**RENEWAL, "eureka.url": registry.url, **settings})


def only(registry):
    """The one instance that is registered."""
    (instance,) = registry.instances.values()
    return instance


def chat_works(server):
    room = server.new_room()
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        seller.subscribe_room(room.uuid)
        buyer.say(room.uuid, "hello")
        return seller.expect("MESSAGE").json["content"] == "hello"


def test_it_registers_renews_and_is_removed(start_server, registry):
    server = start(start_server, registry, **{"server.host": "chat.example"})
    port = int(server.settings["server.port"])
    eventually(lambda: registry.count("PUT", 200) >= 2, 20, "heart-beats")

    instance = only(registry)
    assert instance["instanceId"] == f"chat.example:{server.settings['server.id']}:{port}"
    assert instance["app"] == "CHAT-SERVICE" and instance["vipAddress"] == "chat-service"
    assert instance["hostName"] == "chat.example" and instance["ipAddr"] == "127.0.0.1"
    assert instance["port"] == {"$": port, "@enabled": "true"}
    assert instance["status"] == "UP"
    assert instance["healthCheckUrl"] == f"http://chat.example:{port}/actuator/health"
    assert instance["leaseInfo"] == {"renewalIntervalInSecs": 1, "durationInSecs": 3}
    assert instance["dataCenterInfo"]["name"] == "MyOwn"
    assert registry.count("POST") == 1
    path = f"/eureka/apps/CHAT-SERVICE/chat.example%3A{server.settings['server.id']}%3A{port}"
    assert ("PUT", path + "?status=UP", 200) in registry.calls

    assert server.stop() == 0

    assert not registry.instances
    assert registry.calls[-1] == ("DELETE", path, 200)


def test_it_is_removed_when_the_drain_begins(start_server, registry, database):
    server = start(start_server, registry, **{"drain.timeout": "20s"})
    room = server.new_room()
    eventually(lambda: registry.instances)
    with server.stomp(room.buyer) as buyer:
        with database.locked("SELECT id FROM room WHERE roomuuid = %s FOR UPDATE", room.uuid):
            buyer.post(room.uuid, "waits", receipt="1")
            buyer.settle()
            server.signal(signal.SIGTERM)
            eventually(lambda: not registry.instances, 5, "removed while it drains")
            assert server.child.poll() is None
        buyer.expect("RECEIPT", receipt_id="1")
    assert server.wait() == 0


def test_a_registry_that_forgot_is_told_again(start_server, registry):
    server = start(start_server, registry)
    eventually(lambda: registry.instances)

    registry.instances.clear()

    eventually(lambda: registry.instances, 10, "registered again")
    assert registry.count("PUT", 404) == 1
    assert server.stop() == 0


def test_a_registry_that_comes_late_goes_and_comes_back(start_server, registry):
    registry.stop()
    server = start(start_server, registry)
    eventually(lambda: "eureka.unavailable" in server.log())
    assert chat_works(server)

    registry.start()
    eventually(lambda: registry.instances, 20)
    registry.stop()
    eventually(lambda: server.log().count("eureka.unavailable") == 2)
    registry.instances.clear()
    registry.start()

    eventually(lambda: registry.instances, 20)
    assert server.log().count("eureka.unavailable") == 2  # each time once
    assert server.stop() == 0


def test_a_registry_that_refuses_is_told_of(start_server, registry):
    registry.refusal = 401
    server = start(start_server, registry)
    eventually(lambda: "during=eureka.registered why=\"it answered 401\"" in server.log())
    registry.refusal = None
    eventually(lambda: registry.count("PUT", 200) > 0, 20)

    registry.refusal = 403

    eventually(lambda: "during=eureka.renewed why=\"it answered 403\"" in server.log())
    registry.refusal = None
    eventually(lambda: "eureka.renewed app=" in server.log(), 20)
    registry.refusal = 403
    assert server.stop() == 0
    assert "eureka.not_removed why=\"it answered 403\"" in server.log()


def test_the_second_registry_is_asked_if_the_first_is_away(start_server, registry):
    away = Registry()
    server = start(start_server, registry, **{"eureka.url": f"{away.url}, {registry.url.rstrip('/')}"})

    eventually(lambda: registry.instances, 20)
    assert "eureka.unavailable" not in server.log()
    assert server.stop() == 0
    assert not registry.instances


def test_a_registry_that_hangs_holds_up_nobody(start_server, registry):
    registry.is_open.clear()
    server = start(start_server, registry)
    eventually(lambda: registry.waiting > 0)

    assert chat_works(server)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < patience(6)


def test_without_a_database_it_is_down(start_server, registry, database):
    """As /readyz says."""
    with Relay(database.url) as relay:
        server = start(start_server, registry, **{"database.url": relay.url})
        eventually(lambda: registry.instances)
        assert only(registry)["status"] == "UP"

        relay.cut()
        eventually(lambda: only(registry)["status"] == "DOWN", 30)
        assert server.admin("GET", "/readyz").status_code == 503
        relay.mend()
        eventually(lambda: only(registry)["status"] == "UP", 30)

        assert server.stop() == 0


@pytest.mark.parametrize("settings", [{"eureka.url": ""}, {"eureka.enabled": "false"}])
def test_it_is_off_without_an_address_or_when_told(start_server, registry, settings):
    server = start(start_server, registry, **settings)

    assert chat_works(server)
    assert server.stop() == 0
    assert not registry.calls
