#!/usr/bin/python3
"""Checks every #include against tools/layers.txt.
SPDX-License-Identifier: MIT
"""
import collections
import fnmatch
import os
import re

import tree

# The C library and the system: free for all. uthash.h is macros without a library.
FREE = re.compile(r"^(sys|arpa|netinet|net|linux)/\w+\.h$|^(alloca|assert|complex|ctype|dirent|dlfcn"
                  r"|endian|errno|fcntl|fenv|float|fnmatch|ftw|getopt|inttypes|iso646|langinfo"
                  r"|libgen|limits|locale|malloc|math|netdb|poll|pthread|pwd|regex|sched|semaphore"
                  r"|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio"
                  r"|stdlib|stdnoreturn|string|strings|syslog|threads|time|uchar|unistd|wchar"
                  r"|wctype|uthash|utlist|utarray)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

Layer = collections.namedtuple("Layer", "name pattern may headers")


def read_layers(root):
    layers, private, complaints = [], [], []
    for number, line in enumerate(tree.lines(root, "tools/layers.txt"), 1):
        words = line.partition("#")[0].split()
        if len(words) == 2 and words[0] == "private":
            private.append(words[1])
        elif len(words) >= 3 and words[2] == ":":
            may = {w for w in words[3:] if not w.startswith("<")}
            headers = {w.strip("<>") for w in words[3:] if w.startswith("<")}
            layers.append(Layer(words[0], words[1], may, headers))
        elif words:
            complaints.append(f"tools/layers.txt:{number}: not understood")
    return layers, private, complaints


def check_homes(layers):
    homes = collections.defaultdict(set)
    for layer in layers:
        for header in layer.headers if layer.pattern.startswith(("src/", "generated/")) else ():
            homes[header].add(layer.name)
    return [f"tools/layers.txt:1: {header} has several homes: {', '.join(sorted(names))}"
            for header, names in sorted(homes.items()) if len(names) > 1]


def layer_of(layers, path):
    return next((layer for layer in layers if fnmatch.fnmatch(path, layer.pattern)), None)


def resolve(root, includer, header):
    """The file of ours that an include means, or None."""
    for base in ("src", "", os.path.dirname(includer), "tests"):
        path = os.path.normpath(os.path.join(base, header))
        if os.path.exists(os.path.join(root, path)):
            return path
    return None


def allowed(layers, private, own, header, target):
    if "*" in own.may:
        return True
    if target is None:
        return bool(FREE.match(header)) or any(fnmatch.fnmatch(header, h) for h in own.headers)
    other = layer_of(layers, target)
    if other is None:
        return False
    if other is own:
        return True
    return other.name in own.may and not any(fnmatch.fnmatch(target, p) for p in private)


def check_file(root, layers, private, path):
    own = layer_of(layers, path)
    if own is None:
        return [f"{path}:1: no layer in tools/layers.txt has this file"]
    complaints = []
    for number, line in enumerate(tree.lines(root, path), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(2)
        target = resolve(root, path, header) if match.group(1) == '"' else None
        if not allowed(layers, private, own, header, target):
            folder = os.path.dirname(path)
            complaints.append(f"{path}:{number}: {folder} may not include {target or header}")
    return complaints


def main():
    root = tree.root_of_args()
    layers, private, complaints = read_layers(root)
    complaints += check_homes(layers)
    paths = tree.files(root, ".c", ".h")
    for path in paths:
        complaints += check_file(root, layers, private, path)
    tree.finish("layers", complaints, len(paths))


main()
