"""Walks the files of the project that the lints look at.
SPDX-License-Identifier: MIT
"""
import os
import sys

SKIPPED = {".git", "build", "data", "node_modules", "gen", "__pycache__", ".cache", ".venv"}


def root_of_args():
    """The project, or the folder named on the command line (the lints' own test)."""
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else here


def files(root, *suffixes):
    """Paths relative to root, in order; of all suffixes if none is given. The wrong trees that
    test the lints are skipped."""
    found = []
    for folder, subfolders, names in os.walk(root):
        at = os.path.relpath(folder, root)
        subfolders[:] = [s for s in subfolders if s not in SKIPPED
                         and os.path.normpath(os.path.join(at, s)) != "tests/lint/bad"]
        found += [os.path.normpath(os.path.join(at, n)) for n in names
                  if n not in SKIPPED and (not suffixes or n.endswith(suffixes))]
    return sorted(found)


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read().split("\n")


def finish(name, complaints, looked_at):
    """Prints what was found and ends; a lint that looked at nothing has failed too."""
    for complaint in complaints:
        print(complaint)
    if not looked_at:
        print(f"{name}: found nothing to look at")
    print(f"{name}: {looked_at} files, {len(complaints)} complaints")
    sys.exit(1 if complaints or not looked_at else 0)
