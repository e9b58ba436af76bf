"""The programs in Java of tests/foreign.
SPDX-License-Identifier: MIT
"""
import os
import subprocess

from harness.backing import ROOT
from harness.wait import patience

GEN = os.path.join(ROOT, "tests", "foreign", "gen")


def run(program, *args, lines=()):
    """The lines that it writes, given lines on its standard input."""
    done = subprocess.run(
        ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
         "-cp", f"{GEN}/classes:{GEN}/lib/*", program, *args],
        input="".join(line + "\n" for line in lines), capture_output=True, encoding="utf-8",
        timeout=patience(60), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n").split("\n")
