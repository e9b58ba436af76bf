"""reuse-chat verify: silent on what a server wrote, and each planted fault is named.
SPDX-License-Identifier: MIT
"""
import contextlib
import json
import os
import subprocess
import uuid

import jsonschema
import pymysql
import pytest

from harness import schema
from harness.backing import ROOT, Database
from harness.server import program
from harness.wait import eventually

SOUND, FINDINGS, UNCHECKED, USAGE = 0, 1, 2, 64
CHECKS = ["seq", "last_seq", "markers", "orphans", "idempotency_keys", "message_ids", "outbox",
          "topic_to_database", "database_to_topic"]
NOWHERE = "mysql://nobody:nothing@127.0.0.1:1/nowhere"


def verify(*flags):
    return subprocess.run([program(), "verify", *flags], capture_output=True, text=True, timeout=120,
                          check=False, env={**os.environ, "SERVER_ID": "verifier"})


@pytest.fixture(name="run")
def run_fixture(database, topics):
    """run(): exit status and the checks of the report by their names."""
    def run(*flags):
        ended = verify("--json", f"--database.url={database.url}", f"--kafka.brokers={topics.brokers}",
                       *(f"--{k}={v}" for k, v in topics.names.items()), *flags)
        assert ended.stdout, ended.stderr
        report = json.loads(ended.stdout)
        with open(f"{ROOT}/generated/contract/VerifyReport.schema.json", encoding="utf-8") as f:
            jsonschema.Draft202012Validator(json.load(f)).validate(report)
        assert [c["name"] for c in report["checks"]] == CHECKS
        return ended.returncode, {c["name"]: c for c in report["checks"]}
    return run


@pytest.fixture(name="room")
def room_fixture(server, topics):
    """A room of five messages, all of them on the topic."""
    room = server.new_room()
    with server.stomp(room.buyer) as buyer, server.stomp(room.seller) as seller:
        for i in range(5):
            (buyer, seller)[i % 2].say(room.uuid, f"텍스트 {i}", **{"idempotency-key": f"k{i}"})
    eventually(lambda: len([r for r in topics.records(topics.chat, 0)
                            if r.key() == room.uuid.encode()]) == 5, 20)
    return room


@contextlib.contextmanager
def planted(database, *sql, undo=()):
    """Statements that the tables' own rules would refuse."""
    def run(statements):
        with pymysql.connect(**database.login, database=database.name) as connection:
            cursor = connection.cursor()
            cursor.execute("SET foreign_key_checks = 0")
            for statement in statements:
                cursor.execute(statement)
    run(sql)
    try:
        yield
    finally:
        run(undo)


def texts(check):
    return [f["text"] for f in check["findings"]]


def only(checks, name):
    """The findings of that check, the only one that has any."""
    assert [c["name"] for c in checks.values() if c["found"]] == [name], checks
    assert checks[name]["state"] == "findings" and checks[name]["found"] == len(texts(checks[name]))
    return texts(checks[name])


def test_what_a_server_wrote_is_sound(run, room):
    status, checks = run()

    assert status == SOUND, checks
    assert {c["state"] for c in checks.values()} == {"sound"}
    assert checks["seq"]["examined"] >= 5 and checks["topic_to_database"]["examined"] >= 5
    assert checks["database_to_topic"]["examined"] >= 5
    assert run("--tail=1")[0] == SOUND


@pytest.mark.parametrize("removed, said", [
    ("seq = 3", ["message 3 is missing"]),
    ("seq IN (1, 2, 4)", ["messages 1 to 2 are missing", "message 4 is missing"]),
    ("seq IN (2, 3, 4)", ["messages 2 to 4 are missing"]),
])
def test_holes(run, room, database, removed, said):
    where = f"room_id = (SELECT id FROM room WHERE roomuuid = '{room.uuid}')"
    with planted(database, f"CREATE TABLE kept AS SELECT * FROM chat WHERE {where}",
                 f"DELETE FROM chat WHERE {where} AND {removed}",
                 undo=[f"DELETE FROM chat WHERE {where}", "INSERT INTO chat SELECT * FROM kept",
                       "DROP TABLE kept"]):
        status, checks = run("--no-topic")
        assert run()[1]["topic_to_database"]["found"] == removed.count(",") + 1

    assert status == FINDINGS
    assert texts(checks["seq"]) == said
    assert checks["seq"]["findings"][0]["room"] == room.uuid
    assert checks["topic_to_database"]["state"] == "skipped"


def test_many_holes_are_counted(run, server, database):
    room = server.new_room()
    with server.stomp(room.buyer) as buyer:
        for _ in range(25):
            buyer.say(room.uuid, "x")
    database.rows("DELETE c FROM chat c JOIN room r ON r.id = c.room_id WHERE r.roomuuid = %s "
                  "AND c.seq %% 2 = 0", room.uuid)

    said = texts(run("--no-topic")[1]["seq"])

    assert len(said) == 11 and said[0] == "message 2 is missing"
    assert said[-1] == "12 messages are missing in all"
    assert server.http("DELETE", f"/room/delete/{room.uuid}").status_code == 200


@pytest.mark.parametrize("change, back, said", [
    ("last_seq = 7", "last_seq = 5", "last_seq is 7, the last message is 5"),
    ("last_seq_0 = 9", None, "last_seq_0 is 9, the last message of that side is "),
    ("last_seq_1 = 0", None, "last_seq_1 is 0, the last message of that side is "),
])
def test_numbers_of_a_room(run, room, database, change, back, said):
    column = change.split()[0]
    before = database.value(f"SELECT {column} FROM room WHERE roomuuid = %s", room.uuid)
    update = f"UPDATE room SET {{}} WHERE roomuuid = '{room.uuid}'"
    with planted(database, update.format(change), undo=[update.format(back or f"{column} = {before}")]):
        status, checks = run()

    assert status == FINDINGS
    found, = only(checks, "last_seq")
    assert found.startswith(said)


@pytest.mark.parametrize("column", ["read_seq", "delivered_seq", "hidden_seq"])
def test_markers(run, room, database, column):
    row = database.value("SELECT m.id FROM room_user m JOIN room r ON r.id = m.room_id "
                         "WHERE r.roomuuid = %s AND m.user = %s", room.uuid, room.buyer)
    update = f"UPDATE room_user SET {column} = {{}} WHERE id = {row}"
    with planted(database, update.format(6), undo=[update.format("0" if "hidden" not in column
                                                                 else "NULL")]):
        status, checks = run()

    assert status == FINDINGS
    found, = only(checks, "markers")
    assert f"row {row} of room_user" in found and f"{column} 6" in found


@pytest.mark.parametrize("table, columns", [
    ("chat", "room_id, seq, id, sender, message) VALUES (4711, 1, UUID(), 'x', 'x'"),
    ("room_user", "room_id, user, other) VALUES (4711, 'x', 'y'"),
])
def test_orphans(run, server, database, table, columns):
    assert server
    with planted(database, f"INSERT INTO {table} ({columns})",
                 undo=[f"DELETE FROM {table} WHERE room_id = 4711"]):
        status, checks = run()

    assert status == FINDINGS
    assert only(checks, "orphans") == [f"rows of {table} whose room_id is 4711: no such room"]


def test_a_reference_that_is_not_followed_is_told(run, server, database):
    """Or a table that is added would be forgotten here."""
    assert server
    with planted(database, "CREATE TABLE later (room BIGINT, CONSTRAINT later_room FOREIGN KEY (room) "
                 "REFERENCES room (id)) ENGINE=InnoDB", undo=["DROP TABLE later"]):
        _, checks = run()

    assert only(checks, "orphans") == ["later.room refers to room, which this program does not know"]


def test_repeated_keys_and_ids(run, room, database):
    """What unique keys forbid can be there when a dump was loaded without them."""
    place = "(SELECT id FROM room WHERE roomuuid = '{}')".format(room.uuid)
    first = database.rows("SELECT * FROM chat WHERE seq = 1 AND room_id = " + place)[0]
    with planted(database, "ALTER TABLE chat DROP INDEX chat_idempotency, DROP INDEX chat_id",
                 f"INSERT INTO chat (room_id, seq, id, sender, message, idempotency_key) "
                 f"SELECT room_id, 6, id, sender, 'again', idempotency_key FROM chat "
                 f"WHERE seq = 1 AND room_id = {place}",
                 f"UPDATE room SET last_seq = 6 WHERE roomuuid = '{room.uuid}'",
                 undo=[f"DELETE FROM chat WHERE seq = 6 AND room_id = {place}",
                       f"UPDATE room SET last_seq = 5 WHERE roomuuid = '{room.uuid}'",
                       "ALTER TABLE chat ADD UNIQUE KEY chat_id (id), "
                       "ADD UNIQUE KEY chat_idempotency (room_id, sender, idempotency_key)"]):
        status, checks = run("--no-topic")

    assert status == FINDINGS
    assert texts(checks["idempotency_keys"]) == [
        f"room with id {first['room_id']}: the key of message 1 stands 2 times"]
    assert texts(checks["message_ids"]) == [f"message {first['id']} stands 2 times"]


def messages_row(room_id, first_seq, messages):
    """The payload of a row that says where its messages stand, in hexadecimal."""
    row = schema.message("reuse.event.OutboxMessages", time_us=1, topic="chat")
    row.ranges.add(room_id=room_id, first_seq=first_seq, messages=messages)
    return row.SerializeToString().hex()


@pytest.mark.parametrize("row, said", [
    ("UTC_TIMESTAMP(6), 'gone-1', 'no batch'", "row 1 cannot be read"),
    ("UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE, 'gone-1', ''",
     "row 1 of server gone-1 is unsent since 12"),
    ("UTC_TIMESTAMP(6) - INTERVAL 10 SECOND, 'gone-1', ''", None),
    (f"UTC_TIMESTAMP(6), 'gone-1', X'{messages_row(1, 1, 2)}'", None),
])
def test_the_outbox(backing, tag, row, said):
    """Of a database without a server, whose relay would take the row."""
    quiet = Database(backing["DATABASE_URL"], f"{tag}_quiet").create()
    try:
        assert subprocess.run([program(), "migrate", f"--database.url={quiet.url}"], check=False,
                              capture_output=True).returncode == 0
        quiet.rows(f"INSERT INTO outbox (created_at, server_id, payload) VALUES ({row})")
        ended = verify("--json", f"--database.url={quiet.url}")
    finally:
        quiet.drop()

    checks = {c["name"]: c for c in json.loads(ended.stdout)["checks"]}
    assert ended.returncode == (FINDINGS if said else SOUND)
    assert checks["outbox"]["examined"] == 1
    assert not said or only(checks, "outbox")[0].startswith(said)


def record_of(topics, room, seq):
    return next(r for r in topics.records(topics.chat, 0) if r.key() == room.uuid.encode()
                and dict(r.headers())["ce_sequence"] == b"%019d" % seq)


def test_a_record_without_its_message(run, room, topics):
    """As after a database that lost commits; a repeat of a record is none."""
    record = record_of(topics, room, 5)
    topics.produce(topics.chat, record.value(), record.key(), record.headers())
    assert run()[0] == SOUND
    lost = str(uuid.uuid4())
    headers = {**dict(record.headers()), "ce_id": lost.encode(), "ce_sequence": b"%019d" % 6}

    topics.produce(topics.chat, record.value(), record.key(), headers)

    status, checks = run()
    assert status == FINDINGS
    assert f"message 6 ({lost}) is on the topic and not in the database, whose last is 5" in only(
        checks, "topic_to_database")


@pytest.mark.parametrize("waits", [False, True], ids=["nowhere", "in the outbox"])
def test_a_message_without_its_record(run, room, database, waits):
    sql = ("INSERT INTO chat (room_id, seq, id, sender, message, timestamp) SELECT room_id, 6, '{}', "
           "sender, 'silent', timestamp FROM chat WHERE seq = 5 AND room_id = "
           "(SELECT id FROM room WHERE roomuuid = '{}')")
    silent = str(uuid.uuid4())
    before = run()[1]["topic_to_database"]["found"]
    room_id = database.rows("SELECT id FROM room WHERE roomuuid = %s", room.uuid)[0]["id"]
    row = f"INSERT INTO outbox (server_id, payload) VALUES ('gone-1', X'{messages_row(room_id, 6, 1)}')"
    with planted(database, sql.format(silent, room.uuid), *[row] * waits,
                 f"UPDATE room SET last_seq = 6, last_seq_0 = IF(last_seq_0 = 5, 6, last_seq_0), "
                 f"last_seq_1 = IF(last_seq_1 = 5, 6, last_seq_1) WHERE roomuuid = '{room.uuid}'",
                 undo=["DELETE FROM outbox WHERE server_id = 'gone-1'",
                       f"DELETE FROM chat WHERE id = '{silent}'",
                       f"UPDATE room SET last_seq = 5, last_seq_0 = LEAST(last_seq_0, 5), last_seq_1 = "
                       f"LEAST(last_seq_1, 5) WHERE roomuuid = '{room.uuid}'"]):
        status, checks = run()

    assert checks["topic_to_database"]["found"] == before
    assert checks["last_seq"]["found"] == checks["outbox"]["found"] == 0, checks
    assert status == (SOUND if waits and not before else FINDINGS)
    assert texts(checks["database_to_topic"]) == ([] if waits else [
        f"message 6 ({silent}) is neither on the topic nor in the outbox"])


def test_other_contents_and_places(run, room, database):
    where = f"WHERE seq = 2 AND room_id = (SELECT id FROM room WHERE roomuuid = '{room.uuid}')"
    with planted(database, f"UPDATE chat SET message = 'forged' {where}",
                 undo=[f"UPDATE chat SET message = '텍스트 1' {where}"]):
        said = texts(run()[1]["topic_to_database"])
    assert "message 2 has another text on the topic" in said
    with planted(database, f"UPDATE chat SET seq = 77 {where}",
                 undo=[f"UPDATE chat SET seq = 2 {where.replace('seq = 2', 'seq = 77')}"]):
        said = texts(run()[1]["topic_to_database"])
    assert any(f"is 2 on the topic, 77 of room {room.uuid}" in text for text in said)


def test_records_of_others_are_no_fault(run, room, topics):
    before = run()[1]["topic_to_database"]
    value = json.dumps({"roomUUID": room.uuid, "sender": "s", "content": "c", "timestamp": None})
    topics.produce(topics.chat, value.encode(), room.uuid.encode())
    topics.produce(topics.chat, b"\xff", headers={"ce_id": b"broken"})

    after = run()[1]["topic_to_database"]

    assert after["found"] == before["found"] and after["examined"] == before["examined"] + 2
    assert "1 of other producers, 1 malformed" in after["note"]


def test_a_room_that_was_deleted_is_no_fault(run, room, server):
    def of_gone_rooms(checks):
        return int(checks["topic_to_database"]["note"].split(", ")[-1].split()[0])

    before = run()[1]
    assert server.http("DELETE", f"/room/delete/{room.uuid}").text == "success"
    after = run()[1]
    assert after["topic_to_database"]["found"] == before["topic_to_database"]["found"]
    assert of_gone_rooms(after) == of_gone_rooms(before) + 5


# --- what cannot be looked at ------------------------------------------------------------------


def test_what_cannot_be_checked_is_told(run, database, room):
    assert room
    ended = verify("--json", f"--database.url={NOWHERE}")
    assert ended.returncode == UNCHECKED
    report = json.loads(ended.stdout)
    assert report["result"] == "unchecked"
    assert {c["state"] for c in report["checks"][:7]} == {"failed"}
    assert "connect" in report["checks"][0]["note"]

    status, checks = run("--kafka.topic=not-there")
    assert status == UNCHECKED and checks["seq"]["state"] == "sound"
    assert checks["database_to_topic"]["state"] == "failed"
    assert "not-there" in checks["database_to_topic"]["note"]

    assert verify(f"--database.url={database.url}", "--no-topic").returncode == SOUND


def test_the_text_is_for_people(database, room, topics):
    update = f"UPDATE room SET last_seq = {{}} WHERE roomuuid = '{room.uuid}'"
    with planted(database, update.format(8), undo=[update.format(5)]):
        ended = verify(f"--database.url={database.url}", "--no-topic")

    lines = ended.stdout.splitlines()
    assert ended.returncode == FINDINGS and lines[-1] == "findings"
    assert f"  room {room.uuid}: last_seq is 8, the last message is 5" in lines
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:-1] == CHECKS
    assert topics


@pytest.mark.parametrize("words", [("--tail=0",), ("--tail=x",), ("--tail=10001",), ("chat",)], ids=" ".join)
def test_a_wrong_command_line_is_refused(words):
    assert verify(f"--database.url={NOWHERE}", *words).returncode == USAGE


def test_flags_may_come_first():
    ended = subprocess.run([program(), "--json", "--no-topic", "verify", f"--database.url={NOWHERE}"],
                           capture_output=True, check=False, timeout=120)
    assert ended.returncode == UNCHECKED and json.loads(ended.stdout)["result"] == "unchecked"
