"""What sanitizers report: each process under one writes its own file into one folder, whoever started
it and however it ended. The tests of programs without a sanitizer never see one.
SPDX-License-Identifier: MIT
"""
import glob
import os

OPTIONS = ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")


class Reports:
    """Processes started from now on write here."""

    def __init__(self, folder):
        self.pattern = f"{folder}/report.*"
        self.taken = {}  # path: bytes
        for name in OPTIONS:
            given = os.environ.get(name)
            os.environ[name] = f"{given + ':' if given else ''}log_path={folder}/report"

    def take(self):
        """What has come since the last time."""
        new = ""
        for path in sorted(glob.glob(self.pattern)):
            with open(path, encoding="utf-8", errors="replace") as f:
                f.seek(self.taken.get(path, 0))
                new += f.read()
                self.taken[path] = f.tell()
        return new

    def check(self):
        new = self.take()
        assert not new, f"a sanitizer reports:\n{new}"
