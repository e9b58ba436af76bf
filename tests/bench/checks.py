#!/usr/bin/python3
"""Does the generator find what a server does wrong? Against the bare fan-out server, which is told
to lose, repeat, swap or refuse deliveries, and counts every n-th of them itself.

  tests/bench/checks.py REUSE_CHAT CEILING_FANOUT
SPDX-License-Identifier: MIT
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

EVERY = 97  # prime: the faults wander over rooms and users


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Fanout:
    """The server, with a fault or none, while the with block lasts."""

    def __init__(self, program, fault):
        self.port = free_port()
        self.command = [program, str(self.port), *([fault, str(EVERY)] if fault else [])]

    def __enter__(self):
        self.process = subprocess.Popen(self.command)
        deadline = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", self.port)) != 0:
            assert self.process.poll() is None and time.monotonic() < deadline, "no server"
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def bench(program, url, *flags):
    """The exit status and what was found."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        done = subprocess.run(
            [program, "bench", f"--urls={url}", "--rooms=5", "--seconds=0.5", "--warmup=0.1", "--deadline=2",
             f"--json={out.name}", *flags], stdout=subprocess.DEVNULL, timeout=60, check=False)
        return done.returncode, json.load(out)


def expect(what, found, **expected):
    wrong = {k: found.get(k) for k, is_right in expected.items() if not is_right(found.get(k))}
    print(f"{'failed' if wrong else 'ok':7} {what} {wrong or ''}", flush=True)
    return not wrong


def zero(value):
    return value == 0


def one_in(deliveries):
    return lambda value: value == deliveries // EVERY


def some(value):
    return value > 0




def check_mode(generator, server, flags):
    what = " ".join(flags)
    good = True
    with Fanout(server, None) as url:
        status, found = bench(generator, url, *flags)
        good &= expect(f"{what}: nothing is wrong", {**found, "status": status}, status=zero,
                       sent=some, lost=zero, duplicates=zero, out_of_order=zero,
                       unreceipted=zero, connections_ended=zero)
        good &= expect(f"{what}: everything arrives", found,
                       delivered=lambda n: n == 2 * found["sent"])
    with Fanout(server, "lose") as url:
        status, found = bench(generator, url, *flags)
        good &= expect(f"{what}: every lost one is counted", {**found, "status": status},
                       status=lambda s: s == 1, lost=one_in(2 * found["sent"]))
    return good


def check_messages(generator, server, flags):
    """What seq shows, which typing does not have."""
    what = " ".join(flags)
    good = True
    with Fanout(server, "repeat") as url:
        status, found = bench(generator, url, *flags)
        good &= expect(f"{what}: every repeated one is counted", {**found, "status": status},
                       status=lambda s: s == 1, lost=zero, out_of_order=zero,
                       duplicates=one_in(2 * found["sent"]))
    with Fanout(server, "swap") as url:
        status, found = bench(generator, url, *flags)
        # The last of all may wait for one that never follows: one a subscriber at most.
        good &= expect(f"{what}: every swapped one is counted", {**found, "status": status},
                       status=lambda s: s == 1, duplicates=zero, lost=lambda n: n <= 10,
                       out_of_order=lambda n: n + found["lost"] == 2 * found["sent"] // EVERY)
    with Fanout(server, "close") as url:
        status, found = bench(generator, url, *flags)
        good &= expect(f"{what}: who was refused is told", {**found, "status": status},
                       status=lambda s: s == 1, connections_ended=some,
                       connections_ended_why=lambda t: "slow_consumer (close 1013)" in t)
    return good


def main():
    generator, server = (os.path.abspath(p) for p in sys.argv[1:3])
    good = check_mode(generator, server, ["--mode=chat", "--receipts=on"])
    good &= check_mode(generator, server, ["--mode=chat", "--rate=3000"])
    good &= check_mode(generator, server, ["--mode=typing", "--rate=3000"])
    good &= check_messages(generator, server, ["--receipts=on"])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
