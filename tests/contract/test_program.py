"""The program on its command line: what it says and its exit status when it cannot serve.
SPDX-License-Identifier: MIT
"""
import os
import socket
import subprocess

import pytest

from harness.process import free_port
from harness.server import program

UNAVAILABLE, CONFIG, USAGE = 69, 78, 64
NOWHERE = "mysql://nobody:nothing@127.0.0.1:1/nowhere"


def run(*args, name="reuse-chat", **environ):
    plain = {k: v for k, v in os.environ.items() if not k.startswith("REUSE_CHAT_")}
    return subprocess.run([program(name), *args], capture_output=True, text=True, timeout=60,
                          check=False, env={**plain, **environ})


@pytest.mark.parametrize("args, said", [
    ([], "database.url"),
    (["serve"], "database.url"),
    (["serve", "--database.url=embedded:data"], "database.url"),
    (["serve", f"--database.url={NOWHERE}", "--server.port=eighty"], "server.port"),
    (["serve", f"--database.url={NOWHERE}", "--server.prot=80"], "server.prot"),
    (["serve", f"--database.url={NOWHERE}", "--auth.mode=none"], "auth.mode"),
])
def test_a_missing_or_wrong_setting_is_named(args, said):
    ended = run(*args)

    assert ended.returncode == CONFIG, ended.stderr
    assert said in ended.stderr


def test_an_unknown_command_is_refused():
    assert run("sevre").returncode == USAGE


def test_a_wrong_value_in_the_environment_is_named():
    ended = run("check", f"--database.url={NOWHERE}", REUSE_CHAT_SERVER_PORT="x")

    assert ended.returncode == CONFIG
    assert "server.port" in ended.stderr or "REUSE_CHAT_SERVER_PORT" in ended.stderr


def test_check_tells_values_and_origins_and_no_secrets(tmp_path):
    (tmp_path / "conf").write_text("log.level = warn\n", encoding="ascii")

    ended = run("check", f"--config={tmp_path}/conf", "--database.url=mysql://u:hidden@h:1/d",
                SERVER_PORT="8071")

    assert ended.returncode == 0, ended.stderr
    lines = {line.split(" = ")[0]: line for line in ended.stdout.splitlines()}
    assert "8071" in lines["server.port"] and "SERVER_PORT" in lines["server.port"]
    assert "warn" in lines["log.level"] and "file:1" in lines["log.level"]
    assert "hidden" not in ended.stdout


def test_help_names_every_setting_with_its_default():
    ended = run("help")

    assert ended.returncode == 0
    assert "--server.port" in ended.stdout and "8070" in ended.stdout


@pytest.mark.parametrize("taken", ["server.port", "admin.port"])
def test_a_port_in_use_is_told(tmp_path, taken):
    """An answer, not a crash: the server that could not start is told to stop as well."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        ports = {"server.port": free_port(), "admin.port": free_port(),
                 taken: s.getsockname()[1]}

        ended = run("serve", f"--database.url=embedded:{tmp_path}/data",
                    *[f"--{k}={v}" for k, v in ports.items()], name="reuse-chat-embedded")

    assert ended.returncode == UNAVAILABLE, ended.stderr
    assert str(ports[taken]) in ended.stderr


def test_a_second_server_of_an_id_is_refused_and_told(server, database, topics, redis):
    ended = run("serve", f"--server.id={server.settings['server.id']}",
                f"--server.port={free_port()}", f"--admin.port={free_port()}",
                f"--database.url={database.url}", f"--redis.url={redis.url}",
                f"--kafka.brokers={topics.brokers}")

    assert ended.returncode == UNAVAILABLE, ended.stderr
    assert server.settings["server.id"] in ended.stderr
    assert server.answers()
