#!/usr/bin/python3
"""Compiles each header of src/, generated/, web/ and codegen/ alone, twice in one unit (its guard
holds), with gcc and clang. A second argument names a build folder: its compile_commands.json
knows where the libraries' headers are.
SPDX-License-Identifier: MIT
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

import tree

COMPILERS = ("gcc", "clang")
FOLDERS = ("src/", "generated/", "web/", "codegen/")


def include_flags():
    """-I and -isystem flags of all commands of the build."""
    if len(sys.argv) < 3:
        return []
    with open(os.path.join(sys.argv[2], "compile_commands.json"), encoding="utf-8") as f:
        commands = " ".join(entry["command"] for entry in json.load(f))
    return sorted(set(re.findall(r"-I\S+", commands))) + [
        "-isystem" + path for path in sorted(set(re.findall(r"-isystem (\S+)", commands)))]


def compile_alone(root, compiler, flags, path):
    """What the compiler says of the header, or an empty text."""
    unit = f'#include "{path}"\n#include "{path}"\n'
    command = [compiler, "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra",
               "-Werror", "-Wstrict-prototypes", "-Wundef", "-I.", "-Isrc", *flags, "-x", "c", "-"]
    done = subprocess.run(command, cwd=root, input=unit, capture_output=True, text=True,
                          check=False)
    return "" if done.returncode == 0 else f"{path}:1: does not compile alone\n{done.stderr}"


def main():
    root = tree.root_of_args()
    flags = include_flags()
    paths = [p for p in tree.files(root, ".h") if p.startswith(FOLDERS)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_alone, root, c, flags, p) for p in paths for c in COMPILERS]
    tree.finish("headers", [j.result() for j in jobs if j.result()], len(paths))


main()
