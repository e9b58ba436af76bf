"""The table "What a change triggers" of docs/contracts.md: each line is done to a copy of the schema, and
says what comes of it.
SPDX-License-Identifier: MIT
"""
import filecmp
import fnmatch
import os
import re
import subprocess

import pytest

from tree import ROOT, Tree

ROOM, CHAT, WIRE = "schema/proto/room.proto", "schema/proto/chat.proto", "schema/proto/wire.proto"
SETTINGS, ERRORS, EVENT = ("schema/proto/settings.proto", "schema/proto/errors.proto",
                           "schema/proto/event.proto")
QUERIES, TABLES = "schema/sql/room.sql", "migrations/0002_tables.sql"


def add_field(tree):
    tree.add_column()
    tree.add_field(ROOM, "InboxItem")


def add_to_frozen(tree):
    tree.add_column()
    tree.add_field(CHAT, "ChatDto")


def rename_field(tree):
    tree.change(ROOM, "  int64 unread = 11;", "  int64 unseen = 11;")
    tree.change(ROOM, '\\"otherReadSeq\\":0,\\"unread\\":0', '\\"otherReadSeq\\":0,\\"unseen\\":0')


def remove_field(tree):
    tree.change(ROOM, "  // last_seq - read_seq.\n  int64 unread = 11;\n", "")
    tree.change(ROOM, '\\"otherReadSeq\\":0,\\"unread\\":0', '\\"otherReadSeq\\":0')


def add_route(tree):
    tree.change(ROOM, "  // Users blocked by the caller.\n  rpc Blocks(CallerRef)",
                "  // The same, under another name.\n"
                "  rpc Count(CallerRef) returns (UnreadTotal) {\n"
                '    option (reuse.rpc).http = {method: "GET", path: "/user/count", user: "user", '
                'identity: "always"};\n  }\n  // Users blocked by the caller.\n  rpc Blocks(CallerRef)')


def add_migration(tree, sql):
    with open(f"{tree.root}/migrations/9999_change.sql", "w", encoding="utf-8") as f:
        f.write(sql + "\n")


def remove_column(tree):
    add_migration(tree, "ALTER TABLE user_block DROP COLUMN created_at;")
    tree.change(QUERIES, "(user, blocked, created_at) VALUES (:user, :blocked, :created_at)",
                "(user, blocked) VALUES (:user, :blocked)")


def one(name, old, new):
    return lambda tree: tree.change(name, old, new)


CHANGES = {
    "a field is added": add_field,
    "… to a message of the replaced service": add_to_frozen,
    "a field is renamed": rename_field,
    "a field is removed": remove_field,
    "a limit is narrowed": one(ROOM, "{max_items: 50, min: 1", "{max_items: 49, min: 1"),
    "a limit is widened": one(ROOM, "{max_items: 50, min: 1", "{max_items: 51, min: 1"),
    "a JSON form changes": one(ROOM, "optional int64 updated_at = 13 [(reuse.field) = "
                               "{json: JSON_LOCAL_DATETIME}];", "optional int64 updated_at = 13;"),
    "a route is added": add_route,
    "a route's path changes": one(ROOM, 'path: "/user/unread"', 'path: "/user/unseen"'),
    "an error is added": one(ERRORS, "  ERR_UNAVAILABLE = 108", "  ERR_LATER = 900 [(reuse.error) = "
                             '{status: 503, title: "later"}];\n  // Away.\n  ERR_UNAVAILABLE = 108'),
    "an error's status changes": one(ERRORS, "ERR_ROOM_FROZEN = 35 [(reuse.error) = {status: 409",
                                     "ERR_ROOM_FROZEN = 35 [(reuse.error) = {status: 403"),
    "a setting's default changes": one(SETTINGS, 'key: "drain.timeout", default: "30s"',
                                       'key: "drain.timeout", default: "20s"'),
    "a setting's key changes": one(SETTINGS, 'drain_timeout = 29 [(reuse.setting) = {key: "drain.timeout"',
                                   'drain_time = 29 [(reuse.setting) = {key: "drain.time"'),
    "a `ce_type` changes": one(EVENT, '"reuse.room.state.v1"', '"reuse.room.state.v2"'),
    "a column is added": lambda tree: add_migration(
        tree, "ALTER TABLE room ADD COLUMN colour VARCHAR(20) NULL;"),
    "a column is widened": lambda tree: add_migration(
        tree, "ALTER TABLE report MODIFY reason VARCHAR(100) NOT NULL;"),
    "a column is removed": remove_column,
    "a query gives another column": one(QUERIES, "SELECT b.blocked FROM user_block b",
                                        "SELECT b.blocked, b.created_at FROM user_block b"),
    "a query is added": one(QUERIES, "-- Users whom a user blocks.", "-- How many users one blocks.\n"
                            "-- @query block_count one\nSELECT COUNT(*) AS n FROM user_block b "
                            "WHERE b.user = :user;\n\n-- Users whom a user blocks."),
    "an old migration is edited": one(TABLES, "comment VARCHAR(2000) NULL", "comment VARCHAR(2001) NULL"),
}


def table():
    """Change → the cells of its line."""
    with open(f"{ROOT}/docs/contracts.md", encoding="utf-8") as f:
        part = f.read().partition("## What a change triggers\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]
    return {line[0]: line[1:] for line in lines}


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


def format_code(tree):
    """As generate.sh does with what is not refused."""
    subprocess.run(f"find {tree.out} -name '*.[ch]' -exec clang-format -i "
                   f"--style=file:{ROOT}/.clang-format {{}} +", shell=True, check=True)


def changed_files(tree):
    """Of what is generated, against what is committed; code of the tests left out."""
    changed = set()
    for folder, _, names in os.walk(tree.out):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), tree.out)
            old = f"{ROOT}/{path}" if path.startswith("docs/") else f"{ROOT}/generated/{path}"
            if not os.path.exists(old) or not filecmp.cmp(old, os.path.join(folder, name), False):
                changed.add(path)
    return sorted(p for p in changed if not re.match(r"c/(test_|examples)|image$|.*vectors", p))


def test_the_table_has_every_change():
    assert list(table()) == list(CHANGES)


@pytest.mark.parametrize("change", CHANGES)
def test_a_line_of_the_table_is_true(change, tmp_path):
    files, gate, _ = table()[change]
    tree = Tree(tmp_path)
    CHANGES[change](tree)

    said = tree.generate()

    rules = sorted(set(re.findall(r": ([A-Z_]{6,}): ", said)))
    if said:
        format_code(tree)
    assert rules == sorted(words(gate)) and (rules or not said), said
    made, patterns = changed_files(tree), words(files)
    assert [p for p in made if not any(fnmatch.fnmatch(p, w) for w in patterns)] == [], "not in the table"
    assert [w for w in patterns if not fnmatch.filter(made, w)] == [], "in the table, but unchanged"
