"""Waiting on conditions with a deadline; there is no other waiting in the tests. REUSE_TEST_SLOW=4
makes each deadline four times as long: under a sanitizer or on a busy machine.
SPDX-License-Identifier: MIT
"""
import os
import time

SLOW = float(os.environ.get("REUSE_TEST_SLOW", "1"))


def patience(seconds):
    """A deadline, as long as it must be here."""
    return seconds * SLOW


def eventually(condition, seconds=10, what=None):
    """The first true result of condition(), which may raise meanwhile; fails after the deadline
    with the last result or exception."""
    end = time.monotonic() + patience(seconds)
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError, LookupError) as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience(seconds)} s: {what or condition}; last: {last!r}")
        time.sleep(0.02)
