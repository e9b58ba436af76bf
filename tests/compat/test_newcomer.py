"""What a newcomer does: a member is added to the inbox, from the column to the contracts, without a line
of C by hand; added where it must not be, it is refused with file, line and rule.
SPDX-License-Identifier: MIT
"""
import glob
import json
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIELD = """  // Where the product is shown.
  optional string product_url = 99 [(reuse.field) = {column: "room.product_url"}];
"""


class Tree:
    """A copy of the schema, to be changed."""

    def __init__(self, folder):
        self.root, self.out = str(folder / "tree"), folder / "out"
        for name in ("schema", "migrations"):
            shutil.copytree(f"{ROOT}/{name}", f"{self.root}/{name}")

    def change(self, name, old, new):
        """The one place of old in a file becomes new."""
        with open(f"{self.root}/{name}", encoding="utf-8") as f:
            text = f.read()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        with open(f"{self.root}/{name}", "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))

    def add_column(self):
        last = max(os.path.basename(p) for p in glob.glob(f"{self.root}/migrations/*.sql"))
        with open(f"{self.root}/migrations/{int(last[:4]) + 1:04}_product_url.sql", "w",
                  encoding="utf-8") as f:
            f.write("ALTER TABLE room ADD COLUMN product_url VARCHAR(500) NULL;\n")

    def add_field(self, name, message):
        """At the end of a message and of its example; the line where it stands."""
        with open(f"{self.root}/{name}", encoding="utf-8") as f:
            head, start, rest = f.read().partition(f"\nmessage {message} {{\n")
        body, end, _ = rest.partition("\n}\n")
        assert start and body.count('}"') == 1, message
        changed = body.replace('}"', ',\\"productUrl\\":null}"') + "\n" + FIELD.rstrip("\n")
        self.change(name, start + body + end, start + changed + end)
        return (head + start + changed).count("\n") + 1

    def generate(self):
        """Compared with the last release; what is said."""
        last = subprocess.run([f"{ROOT}/tools/released"], capture_output=True, text=True,
                              check=True).stdout.strip()
        self.out.mkdir()
        done = subprocess.run(
            [f"{ROOT}/codegen/generate.sh", os.environ["REUSE_GEN"], self.root, str(self.out),
             "--compat", f"schema/released/{last}"],
            capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == (1 if done.stderr else 0), done.stderr
        return done.stderr

    def made(self, name):
        return (self.out / name).read_text(encoding="utf-8")


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_a_member_goes_from_its_column_to_the_contracts(tree):
    tree.add_column()
    tree.add_field("schema/proto/room.proto", "InboxItem")
    tree.change("schema/sql/room.sql", "r.product_id, r.state, r.last_seq, r.updated_at,",
                "r.product_id, r.product_url, r.state, r.last_seq, r.updated_at,")

    assert tree.generate() == ""

    assert "struct str product_url;" in tree.made("c/room.h")
    assert 'RECORD_NAMES("product_url", "productUrl")' in tree.made("c/room.c")
    assert "bytes product_url = 99;" in tree.made("pb/room.proto")
    assert "struct str product_url;" in tree.made("c/dao_room.h")
    schema = json.loads(tree.made("contract/InboxItem.schema.json"))
    assert schema["properties"]["productUrl"]["maxLength"] == 500
    assert "productUrl" in schema["required"]
    schemas = json.loads(tree.made("contract/openapi.json"))["components"]["schemas"]
    assert "productUrl" in schemas["InboxItem"]["properties"]
    assert "productUrl: string | null;" in tree.made("contract/reuse-chat.d.ts")
    assert "| `productUrl` | text, 0..500, or null |" in tree.made("docs/wire.md")


def test_the_generators_engine_shares_no_temporary_files(tree, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/nowhere")  # where it would put them, and fail
    assert tree.generate() == ""


def test_what_comes_out_compiles(tree):
    tree.add_column()
    tree.add_field("schema/proto/room.proto", "InboxItem")
    assert tree.generate() == ""
    (tree.out.parent / "generated").symlink_to(tree.out)

    for source in ("room.c", "dao_room.c"):
        subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra",
                        "-Werror", f"-I{tree.out.parent}", f"-I{ROOT}/src", f"-I{ROOT}",
                        str(tree.out / "c" / source)], check=True)


def test_a_frozen_message_takes_no_member(tree):
    tree.add_column()
    line = tree.add_field("schema/proto/chat.proto", "ChatDto")

    assert tree.generate() == (f"schema/proto/chat.proto:{line}: FROZEN_NO_CHANGE: ChatDto is frozen: "
                               "no field product_url\n")


def test_a_limit_is_not_wider_than_its_column(tree):
    tree.add_column()
    line = tree.add_field("schema/proto/room.proto", "InboxItem")
    tree.change("schema/proto/room.proto", 'column: "room.product_url"',
                'column: "room.product_url", max_chars: 501')

    assert tree.generate() == (
        f"schema/proto/room.proto:{line}: max_chars 501 is wider than column room.product_url, "
        "which holds 500\n")


def test_a_field_needs_its_column(tree):
    line = tree.add_field("schema/proto/room.proto", "InboxItem")

    said = tree.generate().splitlines()

    assert f"schema/proto/room.proto:{line}: no column room.product_url in the migrations" in said
