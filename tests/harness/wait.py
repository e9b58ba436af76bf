"""Waiting on conditions with a deadline; there is no other waiting in the tests.
SPDX-License-Identifier: MIT
"""
import time


def eventually(condition, seconds=10, what=None):
    """The first true result of condition(), which may raise meanwhile; fails after the deadline
    with the last result or exception."""
    end = time.monotonic() + seconds
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError, LookupError) as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition}; last: {last!r}")
        time.sleep(0.02)
