#!/usr/bin/python3
"""Looks for what must stand in no file: paths of one machine, internet addresses that are not on
the short list (npm's lock files may name the sponsors' pages), and the words of
tools/lint/words.txt.
SPDX-License-Identifier: MIT
"""
import fnmatch
import re

import tree

LIST = "tools/lint/words.txt"
ADDRESS = re.compile(r"https?://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
BINARY = (".png", ".ico", ".bin", ".pb", ".woff2", ".jar", ".gz")


def read_list(root):
    """Lines "host NAME" allow an address, "word REGEX | what to do instead" forbid a text."""
    hosts, words = [], []
    for line in tree.lines(root, LIST):
        kind, _, rest = line.partition(" ")
        if kind == "host":
            hosts.append(rest.strip())
        elif kind == "word":
            pattern, _, advice = rest.partition(" | ")
            words.append((re.compile(pattern), advice))
    return hosts, words


def check_line(line, hosts, words):
    for match in ADDRESS.finditer(line) if hosts else ():
        if not any(fnmatch.fnmatch(match.group(1), host) for host in hosts):
            yield f"the address {match.group(1)} is not on the list of {LIST}"
    for pattern, advice in words:
        match = pattern.search(line)
        if match:
            yield f"'{match.group(0)}': {advice}"


def main():
    root = tree.root_of_args()
    hosts, words = read_list(root)
    paths = [p for p in tree.files(root) if p != LIST and not p.endswith(BINARY)]
    complaints = []
    for path in paths:
        allowed = None if path.endswith("package-lock.json") else hosts
        for number, line in enumerate(tree.lines(root, path), 1):
            complaints += [f"{path}:{number}: {c}" for c in check_line(line, allowed, words)]
    tree.finish("words", complaints, len(paths))


main()
