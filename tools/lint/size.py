#!/usr/bin/python3
"""Checks that functions, files and headers stay short. tools/lint/size.txt lists the exceptions,
each with its reason; one that is no longer needed is a complaint too.
SPDX-License-Identifier: MIT
"""
import json
import os
import subprocess

import tree

FUNCTION_LINES, FILE_LINES, HEADER_LINES, PARAMETERS = 60, 600, 200, 6
TEST_LINES = 120  # of a function: the table of its cases is part of it


def functions(root, paths):
    command = ["ctags", "--output-format=json", "--fields=+neS", "--kinds-C=f",
               "--language-force=C", "-f", "-", "-L", "-"]
    tags = subprocess.run(command, cwd=root, input="\n".join(paths), text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in tags.splitlines() if line.startswith("{")]


def count_parameters(signature):
    """Commas outside of inner parentheses, plus one."""
    inner = signature.strip()[1:-1]
    depth, count = 0, 1 if inner.strip() not in ("", "void") else 0
    for c in inner:
        depth += (c == "(") - (c == ")")
        count += c == "," and depth == 0
    return count


def measure(root, paths):
    """Yields (path, line, what, its size, its limit, the unit of both)."""
    for path in paths:
        limit = HEADER_LINES if path.endswith(".h") else FILE_LINES
        if not path.startswith("generated/"):  # as long as the schema
            yield path, 1, path, len(tree.lines(root, path)) - 1, limit, "lines"
    for f in functions(root, paths):
        what = f"{f['path']}:{f['name']}"
        limit = TEST_LINES if f["path"].startswith("tests/") else FUNCTION_LINES
        if "end" in f:
            yield f["path"], f["line"], what, f["end"] - f["line"] + 1, limit, "lines"
        parameters = count_parameters(f.get("signature", "()"))
        yield f["path"], f["line"], what, parameters, PARAMETERS, "parameters"


def read_exceptions(root):
    """WHAT: reason, one a line; WHAT is FILE or FILE:FUNCTION."""
    exceptions, complaints = {}, []
    path = "tools/lint/size.txt"
    if not os.path.exists(os.path.join(root, path)):
        return {}, []
    for number, line in enumerate(tree.lines(root, path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        what, _, reason = line.partition(": ")
        if not reason.strip():
            complaints.append(f"{path}:{number}: an exception needs its reason")
        exceptions[what.strip()] = number
    return exceptions, complaints


def main():
    root = tree.root_of_args()
    exceptions, complaints = read_exceptions(root)
    used = set()
    paths = tree.files(root, ".c", ".h")
    for path, line, what, size, limit, unit in measure(root, paths):
        if size <= limit:
            continue
        if what in exceptions:
            used.add(what)
        else:
            complaints.append(f"{path}:{line}: {what} has {size} {unit}, more than {limit}")
    for what in sorted(set(exceptions) - used):
        complaints.append(f"tools/lint/size.txt:{exceptions[what]}: {what} needs no exception")
    tree.finish("size", complaints, len(paths))


main()
