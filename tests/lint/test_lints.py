"""Each lint finds the fault it is there for in a small tree, and is silent on the mended one.
SPDX-License-Identifier: MIT
"""
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

LAYERS = "base src/base/* :\ndb src/db/* : base <mysql.h>\nstomp src/stomp/* : base\n"
PARSER = "src/stomp/parser.c"
LONG_BODY = "    n++;\n" * 60
SEVEN = ", ".join(f"int {c}" for c in "abcdefg")

# (lint, why, files of the wrong tree, its complaint, files that mend it)
CASES = [
    ("layers", "a library's header has one home",
     {"tools/layers.txt": LAYERS, PARSER: "#include <stdio.h>\n#include <mysql.h>\n"},
     f"{PARSER}:2: src/stomp may not include mysql.h",
     {PARSER: "#include <stdio.h>\n"}),
    ("layers", "a layer includes only what it may",
     {"tools/layers.txt": LAYERS, "src/db/db.h": "", PARSER: '#include "db/db.h"\n'},
     f"{PARSER}:1: src/stomp may not include src/db/db.h",
     {"tools/layers.txt": LAYERS.replace("stomp/* : base", "stomp/* : base db")}),
    ("layers", "private headers stay at home",
     {"tools/layers.txt": LAYERS + "private src/base/*_internal.h\n",
      "src/base/a_internal.h": "", PARSER: '#include "base/a_internal.h"\n'},
     f"{PARSER}:1: src/stomp may not include src/base/a_internal.h",
     {"tools/layers.txt": LAYERS}),
    ("layers", "a second home is none",
     {"tools/layers.txt": LAYERS + "net src/net/* : base <mysql.h>\n", PARSER: ""},
     "tools/layers.txt:1: mysql.h has several homes: db, net",
     {"tools/layers.txt": LAYERS}),
    ("layers", "every file has a layer",
     {"tools/layers.txt": LAYERS, "src/misc/x.c": ""},
     "src/misc/x.c:1: no layer in tools/layers.txt has this file",
     {"tools/layers.txt": LAYERS + "misc src/misc/* :\n"}),
    ("size", "functions are short",
     {"src/a.c": f"int f(int n)\n{{\n{LONG_BODY}    return n;\n}}\n"},
     "src/a.c:1: src/a.c:f has 64 lines, more than 60",
     {"src/a.c": "int f(int n)\n{\n    return n;\n}\n"}),
    ("size", "parameters are few, function pointers count as one",
     {"src/a.c": f"int f({SEVEN})\n{{\n    return a;\n}}\n"},
     "src/a.c:1: src/a.c:f has 7 parameters, more than 6",
     {"src/a.c": "int f(int a, int b, int (*c)(int, int), int d, int e, int g)\n{\n    return a;\n}\n"}),
    ("size", "files are short", {"src/a.c": "\n" * 601},
     "src/a.c:1: src/a.c has 601 lines, more than 600", {"src/a.c": "\n" * 600}),
    ("size", "headers are shorter", {"src/a.h": "\n" * 201},
     "src/a.h:1: src/a.h has 201 lines, more than 200",
     {"tools/lint/size.txt": "src/a.h: the reason\n"}),
    ("size", "an exception has a reason", {"tools/lint/size.txt": "src/a.h:\n", "src/a.h": "\n" * 201},
     "tools/lint/size.txt:1: an exception needs its reason",
     {"tools/lint/size.txt": "src/a.h: the reason\n"}),
    ("size", "an exception is needed", {"tools/lint/size.txt": "src/a.c: why\n", "src/a.c": ""},
     "tools/lint/size.txt:1: src/a.c needs no exception", {"tools/lint/size.txt": ""}),
    ("headers", "a header includes what it uses", {"src/a.h": "static inline size_t f(void);\n"},
     "src/a.h:1: does not compile alone", {"src/a.h": "#include <stddef.h>\nsize_t f(void);\n"}),
    ("headers", "a header has a guard", {"src/a.h": "struct s {\n    int a;\n};\n"},
     "src/a.h:1: does not compile alone", {"src/a.h": "#pragma once\nstruct s {\n    int a;\n};\n"}),
    ("format", "as clang-format leaves it", {"src/a.c": "int  a;\n"},
     "src/a.c:1: not as clang-format -i leaves it", {"src/a.c": "int a;\n"}),
    ("words", "no path of one machine", {"a.sh": "\ncd /" + "work/x\n"},
     f"a.sh:2: '/{'work'}/': a path of one machine", {"a.sh": "cd build/work/x\n"}),
    ("words", "no home folder", {"a.sh": "cd /" + "home/jo/x\n"},
     f"a.sh:1: '/{'home'}/jo': a path of one machine", {"a.sh": "cd ~/x\n"}),
    ("words", "addresses are on the list", {"a.md": "see https://" + "files.example.net/x\n"},
     "a.md:1: the address files.example.net is not on the list of tools/lint/words.txt",
     {"a.md": "see https://" + "example.com/x\n"}),
    ("words", "open questions are NEEDSWORK", {"a.c": "/* TO" + "DO later */\n"},
     "a.c:1: 'TO" + "DO': write NEEDSWORK: with the open question, or do it",
     {"a.c": "/* NEEDSWORK: later? */\n"}),
]


def write(root, files):
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def lint(name, root):
    return subprocess.run([f"{ROOT}/tools/lint/{name}.py", root], capture_output=True, text=True,
                          check=False)


@pytest.mark.parametrize("name,why,wrong,complaint,mended", CASES,
                         ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_lint_finds_its_fault(tmp_path, name, why, wrong, complaint, mended):
    (tmp_path / "tools" / "lint").mkdir(parents=True)
    shutil.copy(f"{ROOT}/tools/lint/words.txt", tmp_path / "tools" / "lint")
    shutil.copy(f"{ROOT}/.clang-format", tmp_path)
    write(tmp_path, wrong)

    found = lint(name, tmp_path)
    assert complaint in found.stdout.splitlines(), why + found.stdout + found.stderr
    assert found.returncode == 1, why

    write(tmp_path, mended)
    silent = lint(name, tmp_path)
    assert silent.returncode == 0, why + silent.stdout + silent.stderr


def test_a_lint_that_sees_no_files_fails(tmp_path):
    (tmp_path / "tools" / "lint").mkdir(parents=True)
    (tmp_path / "tools" / "layers.txt").write_text(LAYERS)
    for name in ("layers", "size", "headers", "format"):
        assert lint(name, tmp_path).returncode != 0, name


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_banned_functions_are_refused_and_library_headers_are_not(compiler, tmp_path):
    """_FORTIFY_SOURCE makes macros of some of them, which must not be in the way."""
    source = tmp_path / "a.c"

    def compile_it(body):
        source.write_text(f'#include <stdio.h>\n#include <string.h>\n#include "base/banned.h"\n{body}\n')
        return subprocess.run([compiler, "-O2", "-D_FORTIFY_SOURCE=2", "-Werror", "-fsyntax-only",
                               f"-I{ROOT}/src", str(source)], capture_output=True, text=True, check=False)

    assert compile_it("int n;").stderr == ""
    assert "poisoned" in compile_it("int f(char *s) { return sprintf(s, s); }").stderr
