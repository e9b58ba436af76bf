"""What a newcomer does: a member is added to the inbox, from the column to the contracts, without a line
of C by hand; added where it must not be, it is refused with file, line and rule.
SPDX-License-Identifier: MIT
"""
import json
import os
import shutil
import subprocess

import pytest

from tree import ROOT, Tree

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


def test_regen_itself_refuses_and_writes_nothing_unless_told(tree):
    for name in ("tools", "codegen", "generated", "docs", "tests/harness"):
        shutil.copytree(f"{ROOT}/{name}", f"{tree.root}/{name}", dirs_exist_ok=True)
    shutil.copy(f"{ROOT}/.clang-format", tree.root)
    tree.add_column()
    line = tree.add_field("schema/proto/chat.proto", "ChatDto")
    schema = f"{tree.root}/generated/contract/ChatDto.schema.json"

    def regen(*flags):
        return subprocess.run([f"{tree.root}/tools/regen", *flags], capture_output=True, text=True,
                              timeout=100, check=False)

    refused = regen()
    assert refused.returncode == 1
    assert refused.stderr == (f"schema/proto/chat.proto:{line}: FROZEN_NO_CHANGE: ChatDto is frozen: "
                              "no field product_url\nregen: nothing is written\n")
    with open(schema, encoding="utf-8") as f:
        assert "productUrl" not in f.read()

    assert regen("--breaking").returncode == 0
    with open(schema, encoding="utf-8") as f:
        assert "productUrl" in f.read()
