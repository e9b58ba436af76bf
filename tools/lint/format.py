#!/usr/bin/python3
"""Checks that every C file, generated ones too, is as clang-format leaves it.
Mend with: clang-format -i FILE
SPDX-License-Identifier: MIT
"""
import re
import subprocess

import tree


def main():
    root = tree.root_of_args()
    paths = tree.files(root, ".c", ".h")
    done = subprocess.run(["clang-format", "--dry-run", "--style=file", *paths], cwd=root,
                          capture_output=True, text=True, check=False)
    found = re.findall(r"^([^:\n]+):(\d+):\d+: .*\[-Wclang-format-violations\]", done.stderr, re.M)
    complaints = [f"{path}:{line}: not as clang-format -i leaves it"
                  for path, line in reversed({p: n for p, n in reversed(found)}.items())]
    if done.returncode != 0:
        complaints.append(done.stderr)
    tree.finish("format", complaints, len(paths))


main()
