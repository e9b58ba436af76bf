"""A buyer and a seller chat through the page, each on another of the two servers of one
reuse-chat-embedded, as tools/run starts it; it is restarted meanwhile.
SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from harness.backing import ROOT
from harness.process import free_port, two_free_ports
from harness.server import Server


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded")
    server = Server(folder / "log", {
        "servers": "2", "server.port": str(two_free_ports()), "admin.port": str(two_free_ports()),
        "server.id": "chat-server-1", "database.url": f"embedded:{folder}/data",
        "kafka.brokers": f"embedded:{free_port()}",
    }, "reuse-chat-embedded")
    yield server.start()
    server.kill()


def test_two_people_chat_across_servers_and_a_restart(embedded, tmp_path):
    port = int(embedded.settings["server.port"])
    browser = subprocess.Popen(
        ["node", "browser.mjs", f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}",
         os.environ.get("PICTURES", str(tmp_path))],
        cwd=os.path.join(ROOT, "tests", "clients"), text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    for line in browser.stdout:
        said.append(line)
        if line == "restart\n":
            assert embedded.stop() == 0
        elif line == "away\n":
            embedded.start()
            browser.stdin.write("\n")
            browser.stdin.flush()

    assert browser.wait(30) == 0, "".join(said)
    assert said[-1] == "passed\n"
