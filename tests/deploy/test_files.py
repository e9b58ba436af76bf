"""What deploy/ has is understood by the programs that it is for.
SPDX-License-Identifier: MIT
"""
import os
import re
import subprocess

import pytest
import yaml

from harness.backing import ROOT
from harness.server import program

DEPLOY = os.path.join(ROOT, "deploy")


def run(*command, **environ):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environ})


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


@pytest.fixture
def unit(tmp_path):
    """The service's unit with the program under test; systemd wants it to exist."""
    path = tmp_path / "reuse-chat.service"
    path.write_text(read("deploy", "reuse-chat.service").replace(
        "/usr/bin/reuse-chat", program("reuse-chat")), encoding="utf-8")
    return str(path)


def test_the_unit_is_understood(unit):
    ended = run("systemd-analyze", "verify", "--man=no", unit)

    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_the_unit_lets_the_program_do_little(unit):
    """systemd's own figure, times ten: 0 is nothing at all, 96 an ordinary service."""
    ended = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit)

    assert ended.returncode == 0, ended.stdout


def test_the_unit_waits_longer_than_a_drain(unit):
    drain = re.search(r"^#drain\.timeout = (\d+)s$", run(program(), "config").stdout, re.M)
    patience = re.search(r"^TimeoutStopSec=(\d+)$", read("deploy", "reuse-chat.service"), re.M)

    assert int(patience.group(1)) >= int(drain.group(1)) + 10


def test_the_manual_renders_without_a_warning():
    ended = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                os.path.join(DEPLOY, "reuse-chat.1"), LC_ALL="C.UTF-8", MANWIDTH="80")

    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_manual_has_every_command():
    usage = run(program(), "help").stdout.split("]")[0].split("[")[1]
    manual = read("deploy", "reuse-chat.1")

    for command in usage.split("|"):
        assert re.search(rf"^\.BR? {command}\b|^\.BR version \", \" {command}$", manual, re.M), command


def test_the_settings_file_of_the_package_is_taken(tmp_path):
    made = tmp_path / "conf"
    ended = run("cmake", f"-DPROGRAM={program()}", f"-DOUTPUT={made}", "-P",
                os.path.join(DEPLOY, "conf.cmake"))
    assert ended.returncode == 0, ended.stderr

    checked = run(program(), "check", f"--config={made}", "--database.url=mysql://u:p@h/d")

    assert checked.returncode == 0, checked.stderr
    assert re.search(r"^server\.address = 0\.0\.0\.0  # file:\d+$", checked.stdout, re.M)


def test_compose_is_understood_and_fits_the_proxy():
    ended = run("docker-compose", "-f", os.path.join(DEPLOY, "docker-compose.yml"), "config")
    assert ended.returncode == 0, ended.stderr

    services = yaml.safe_load(ended.stdout)["services"]
    proxied = set(re.findall(r"server (\S+):8070 ", read("deploy", "nginx.conf")))
    address = services["nginx"]["networks"]["default"]["ipv4_address"]

    assert proxied == {name for name in services if name.startswith("chat-")}
    for name in proxied:
        assert services[name]["environment"]["REUSE_CHAT_AUTH_TRUSTED_PROXIES"] == address
    ids = [services[name]["environment"]["SERVER_ID"] for name in proxied]
    assert len(set(ids)) == len(ids)


def test_the_environment_of_compose_is_read_as_settings():
    """The replaced service's names, through the program that the image starts."""
    services = yaml.safe_load(read("deploy", "docker-compose.yml"))["services"]
    environ = {k: re.sub(r"\$\{\w+:-(.*)\}", r"\1", v)
               for k, v in services["chat-2"]["environment"].items()}

    ended = run(program(), "check", SERVER_ADDRESS="0.0.0.0", **environ)

    assert ended.returncode == 0, ended.stderr
    assert "server.id = chat-server-2  # env SERVER_ID" in ended.stdout
    assert "server.address = 0.0.0.0  # env SERVER_ADDRESS" in ended.stdout
    assert "database.url = ***  # env SPRING_DATASOURCE_URL" in ended.stdout
    assert "redis.url = ***  # env SPRING_DATA_REDIS_HOST" in ended.stdout
    assert "kafka.brokers = kafka:9092  # env SPRING_KAFKA_BOOTSTRAP_SERVERS" in ended.stdout
