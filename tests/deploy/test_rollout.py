"""deploy/rollout against an engine that keeps one container in a folder: no engine runs in a test,
so this shows the order of the steps and the way back, not Docker.
SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from harness.backing import ROOT

ENGINE = """#!/bin/bash
cd "$(dirname "$0")"
echo "$1 ${*: -1}" >> calls
case $1 in
container)
    [ -e image ] || exit 1
    case $4 in
    *Image*) cat image ;;
    *ExitCode*) echo 0 ;;
    *Health*) grep -q bad image && echo unhealthy || echo healthy ;;
    esac ;;
run) echo "${*: -1}" > image ;;
rm) rm image ;;
esac
"""


@pytest.fixture
def rollout(tmp_path):
    engine = tmp_path / "docker"
    engine.write_text(ENGINE, encoding="utf-8")
    engine.chmod(0o755)
    (tmp_path / "env").write_text("", encoding="utf-8")

    def run(image, before=None):
        if before:
            (tmp_path / "image").write_text(before + "\n", encoding="utf-8")
        ended = subprocess.run(
            [os.path.join(ROOT, "deploy", "rollout"), image], timeout=30, check=False,
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}",
                 "ENV_FILE": str(tmp_path / "env"), "HEALTHY_SECONDS": "0"})
        calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
        steps = [c for c in calls if not c.startswith("container")]
        return ended.returncode, steps, (tmp_path / "image").read_text(encoding="utf-8").strip()

    return run


def test_the_old_server_is_stopped_in_order_before_the_new_one_starts(rollout):
    assert rollout("chat:2", before="chat:1") == (
        0, ["pull chat:2", "stop reuse-chat", "rm reuse-chat", "run chat:2"], "chat:2")


def test_the_first_server_of_a_host_is_started(rollout):
    assert rollout("chat:1") == (0, ["pull chat:1", "run chat:1"], "chat:1")


def test_an_image_that_does_not_get_healthy_gives_way_to_the_old_one(rollout):
    assert rollout("chat:bad", before="chat:1") == (
        1, ["pull chat:bad", "stop reuse-chat", "rm reuse-chat", "run chat:bad",
            "logs reuse-chat", "rm reuse-chat", "run chat:1"], "chat:1")
