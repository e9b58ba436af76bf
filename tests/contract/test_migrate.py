"""The subcommand migrate: what it does, prints and ends with, and what a server's start makes of a
database that is not as the migrations left it.
SPDX-License-Identifier: MIT
"""
import os

import pytest

from harness.backing import ROOT, Database
from harness.migrate import REFERENCE, launch, migrate, migrated, tables
from harness.wait import patience

FILES = sorted(f"{ROOT}/migrations/{name}" for name in os.listdir(f"{ROOT}/migrations"))
LAST = len(FILES)
WHOLE = f"the tables are as migration {LAST} left them\n"


@pytest.fixture(scope="module")
def whole(backing, tag):
    """A database with all tables; each test puts back what it changed."""
    database = Database(backing["DATABASE_URL"], tag + "_whole").create()
    migrated(database.url, "up")
    yield database
    database.drop()


def start(start_server, database, **settings):
    """What a server says that does not start; its exit status."""
    with pytest.raises(RuntimeError) as error:
        start_server({"database.url": database.url, **settings})
    return int(str(error.value).split("ended with ")[1].split(":")[0]), str(error.value)


def states(database, count=LAST):
    """Of the first migrations; those behind them are pending."""
    _, out, _ = migrate(database.url, "status")
    found = [line.split()[2] for line in out.splitlines()]
    assert found[count:] == ["pending"] * (LAST - count)
    return found[:count]


def test_up_brings_an_empty_database_up_to_date(new_database):
    database = new_database()
    assert migrate(database.url, "status")[0] == 1
    assert migrate(database.url, "verify")[:2] == (1, "no migration is done\n")
    assert tables(database) == []

    migrated(database.url, "up")

    status, out, _ = migrate(database.url, "status")
    assert status == 0 and out.startswith("0001 reference            done 13/13 \n")
    assert states(database) == ["done"] * LAST
    assert migrate(database.url, "verify")[:2] == (0, WHOLE)
    assert migrate(database.url, "wait")[0] == 0
    assert migrated(database.url, "up", "--dry-run") == "-- nothing to do\n"
    before = database.rows("SELECT * FROM schema_migration")
    migrated(database.url)  # up is what it does if nothing is said
    assert database.rows("SELECT * FROM schema_migration") == before


def test_to_stops_at_a_migration(new_database):
    database = new_database()

    migrated(database.url, "up", "--to", "2")

    assert states(database, 2) == ["done", "done"]
    status, out, _ = migrate(database.url, "verify")
    assert (status, out) == (1, "the tables are as migration 2 left them\nthere are more migrations to do\n")
    assert migrate(database.url, "wait", "--to=2")[0] == 0
    assert "-- 0004" not in migrated(database.url, "up", "--to=3", "--dry-run")
    migrated(database.url, "up", "--to=1")  # it is further: nothing is taken back
    migrated(database.url, "up", "--to=2")
    assert states(database, 2) == ["done", "done"]
    migrated(database.url, "up")
    assert migrate(database.url, "verify")[0] == 0


def test_a_dry_run_changes_nothing_and_its_statements_are_the_tables(new_database):
    database = new_database()

    sql = migrated(database.url, "--dry-run", "up")

    assert tables(database) == []
    assert sql.startswith("-- 0001_reference.sql, statement 1 of 13\nCREATE TABLE IF NOT EXISTS room (")
    database.run_all(sql)
    assert "migrate baseline" in migrate(database.url, "verify")[1]
    status, _, log = migrate(database.url, "up")
    assert status == 65 and "migrate baseline" in log


def test_baseline_takes_tables_that_are_there(new_database, start_server):
    database = new_database()
    database.run_all(migrated(database.url, "up", "--dry-run"))

    migrated(database.url, "baseline")

    assert states(database) == ["baseline"] * LAST
    assert migrate(database.url, "status")[0] == migrate(database.url, "verify")[0] == 0
    migrated(database.url, "baseline")
    server = start_server({"database.url": database.url})
    assert server.http("GET", "/actuator/health").status_code == 200


def test_baseline_at_an_older_migration_leaves_the_rest_to_up(new_database):
    database = new_database()
    database.run_all(migrated(database.url, "up", "--to=3", "--dry-run"))
    status, out, _ = migrate(database.url, "baseline")
    assert status == 65 and "inquiry key inquiry_email is missing, recorded is: (email)\n" in out

    migrated(database.url, "baseline", "--to=3")

    assert states(database, 3) == ["baseline"] * 3
    migrated(database.url, "up")
    assert migrate(database.url, "verify")[0] == 0


def test_baseline_takes_neither_other_tables_nor_a_run_cut_short(new_database):
    database = new_database()
    database.run_all(REFERENCE)
    status, out, log = migrate(database.url, "baseline")
    assert status == 65 and "table set_aside is missing" in out and "not those" in log
    assert migrate(database.url, "status")[0] == 1

    migrated(database.url, "up")
    database.run_all(f"UPDATE schema_migration SET state = 'running' WHERE version = {LAST}")
    status, _, log = migrate(database.url, "baseline")
    assert status == 65 and "cut short" in log


DRIFTS = [
    ("ALTER TABLE chat ADD COLUMN note INT NULL", "ALTER TABLE chat DROP COLUMN note",
     "chat column note is not recorded: int null"),
    ("ALTER TABLE outbox DROP COLUMN server_id",
     "ALTER TABLE outbox ADD COLUMN server_id VARCHAR(190) NOT NULL",
     "outbox column server_id is missing, recorded is: varchar(190) utf8mb4_bin not null"),
    ("ALTER TABLE chat MODIFY sender VARCHAR(100) NULL", "ALTER TABLE chat MODIFY sender VARCHAR(255) NULL",
     "chat column sender is: varchar(100) utf8mb4_bin null, recorded is: varchar(255) utf8mb4_bin null"),
    ("ALTER TABLE room ALTER state SET DEFAULT 'closed'", "ALTER TABLE room ALTER state SET DEFAULT 'open'",
     "room column state is: varchar(16) utf8mb4_bin not null default closed, "
     "recorded is: varchar(16) utf8mb4_bin not null default open"),
    ("ALTER TABLE room DROP INDEX room_pair_key", "ALTER TABLE room ADD UNIQUE KEY room_pair_key (pair_key)",
     "room key room_pair_key is missing, recorded is: unique (pair_key)"),
    ("ALTER TABLE room_user DROP FOREIGN KEY room_user_room",
     "ALTER TABLE room_user ADD CONSTRAINT room_user_room FOREIGN KEY (room_id) REFERENCES room (id)",
     "room_user reference room_user_room is missing, recorded is: (room_id) to room (id)"),
    ("RENAME TABLE report TO set_apart", "RENAME TABLE set_apart TO report",
     "table report is missing, recorded is: table InnoDB utf8mb4_bin"),
    ("CREATE TABLE reference_chat (a INT) ENGINE=InnoDB", "DROP TABLE reference_chat",
     "table reference_chat is not recorded: table InnoDB utf8mb4_general_ci"),
]


@pytest.mark.parametrize("change, back, told", DRIFTS, ids=[told.split(":")[0] for _, _, told in DRIFTS])
def test_a_drift_is_named_and_refused_at_the_start(whole, start_server, change, back, told):
    whole.run_all(change)
    try:
        status, out, _ = migrate(whole.url, "verify")
        refused = start(start_server, whole)
        up = migrate(whole.url, "up")[0]
    finally:
        whole.run_all(back)

    assert (status, out.splitlines()) == (65, [
        told, f"the tables are not as migration {LAST} left them: 1 differences"])
    assert refused[0] == 65 and told.split(",")[0] in refused[1]
    assert up == 65
    assert migrate(whole.url, "verify")[0] == 0


def test_a_drift_may_be_allowed(whole, start_server):
    whole.run_all("ALTER TABLE chat ADD COLUMN note INT NULL")
    try:
        server = start_server({"database.url": whole.url, "database.drift": "warn"})
        assert server.http("GET", "/actuator/health").status_code == 200
    finally:
        whole.run_all("ALTER TABLE chat DROP COLUMN note")

    assert "database.drift differences=1 first=\"chat column note is not recorded" in server.log()


def test_nothing_is_changed_in_tables_that_have_drifted(new_database):
    database = new_database()
    migrated(database.url, "up", "--to=3")
    database.run_all("ALTER TABLE chat ADD COLUMN note INT NULL")

    status, _, log = migrate(database.url, "up")

    assert status == 65 and "chat column note is not recorded" in log
    assert states(database, 3) == ["done"] * 3


def test_tables_of_others_and_the_order_of_columns_are_no_drift(whole):
    whole.run_all("CREATE TABLE other (a INT) ENGINE=InnoDB; "
                  "ALTER TABLE report MODIFY created_at DATETIME(6) NOT NULL FIRST")
    try:
        assert migrate(whole.url, "verify")[0] == 0
    finally:
        whole.run_all("DROP TABLE other; "
                      "ALTER TABLE report MODIFY created_at DATETIME(6) NOT NULL AFTER evidence")


def test_a_migration_that_was_changed_is_refused_at_the_start(new_database, start_server):
    database = new_database()
    migrated(database.url, "up")
    database.run_all("UPDATE schema_migration SET checksum = REVERSE(checksum) WHERE version = 2")

    answers = [migrate(database.url, word) for word in ("status", "up", "verify", "wait")]
    refused = start(start_server, database)

    assert [status for status, _, _ in answers] == [65] * 4
    assert "0002 tables               changed" in answers[0][1]
    assert "0002_tables.sql was changed after it was applied" in answers[1][2]
    assert refused[0] == 65 and "0002_tables.sql" in refused[1]
    migrated(database.url, "baseline")  # the tables are right, whatever made them
    assert states(database) == ["done", "baseline"] + ["done"] * (LAST - 2)
    assert migrate(database.url, "verify")[0] == 0


def test_a_newer_database_is_served_and_not_compared(whole, start_server):
    whole.run_all(f"INSERT INTO schema_migration SELECT {LAST + 1}, 'later', checksum, statements, applied, "
                  "applied_sum, state, started_at, finished_at, error, tool, by_user, server "
                  f"FROM schema_migration WHERE version = {LAST}; ALTER TABLE chat ADD COLUMN later INT NULL")
    try:
        assert migrate(whole.url, "verify")[0] == 1
        server = start_server({"database.url": whole.url})
    finally:
        whole.run_all(f"DELETE FROM schema_migration WHERE version = {LAST + 1}; ALTER TABLE chat DROP COLUMN later")

    assert f"database.newer version={LAST + 1}" in server.log()


def test_a_statement_that_fails_is_told_and_recorded(new_database):
    database = new_database()
    database.run_all("CREATE TABLE set_aside (a INT) ENGINE=InnoDB")

    status, _, log = migrate(database.url, "up")

    assert status == 70 and "0001_reference.sql, statement 6, line" in log
    assert "0001 reference            failed 5/13 statement 6" in migrate(database.url, "status")[1]
    database.run_all("DROP TABLE set_aside")
    assert "statement 6 of 13" in migrated(database.url, "up", "--dry-run").splitlines()[0]
    migrated(database.url, "up")


def test_what_was_applied_and_not_counted_is_found_out(new_database):
    """Behind CREATE INDEX, the only statement of migration 4."""
    database = new_database()
    migrated(database.url, "up", "--to=4")
    cut_short = "UPDATE schema_migration SET state = 'running', applied = 0, " \
                "applied_sum = UNHEX(SHA2('', 256)) WHERE version = 4"
    database.run_all(cut_short)

    status, out, _ = migrate(database.url, "verify")
    assert status == 1 and "differences" not in out
    assert migrated(database.url, "up", "--to=4", "--dry-run") == "-- nothing to do\n"
    migrated(database.url, "up", "--to=4")
    assert states(database, 4) == ["done"] * 4

    database.run_all(cut_short + "; ALTER TABLE inquiry DROP INDEX inquiry_email, "
                     "ADD INDEX inquiry_email (email, name)")
    status, _, log = migrate(database.url, "up", "--database.drift=warn")
    assert status == 65 and "neither as before it nor as after it" in log
    assert "inquiry key inquiry_email is not recorded: (email, name)" in log


def test_whoever_is_busy_is_waited_for(new_database):
    database = new_database()
    with database.connect() as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(CONCAT('reuse-chat:migrate:', LEFT(DATABASE(), 40)), 0)")
        status, _, log = migrate(database.url, "up", "--migrate.wait=0")
        assert status == 75 and f"connection {other.thread_id()} is migrating" in log
        status, _, log = migrate(database.url, "wait", "--migrate.wait=300ms")
        assert status == 75 and "0001_reference is pending" in log
        assert tables(database) == []
    waiting = launch(database.url, "wait", "--migrate.wait=60s")
    try:
        migrated(database.url, "up", "--migrate.wait=60s")
        _, log = waiting.communicate(timeout=patience(60))
    finally:
        waiting.kill()
    assert waiting.returncode == 0, log


def test_a_server_that_may_not_migrate_waits_until_it_is_done(new_database, start_server):
    database = new_database()
    no = {"migrate.at_start": "false"}
    status, text = start(start_server, database, **no, **{"migrate.wait": "100ms"})
    assert status == 75 and "0001_reference is pending" in text
    assert tables(database) == []

    migrated(database.url, "up")

    start_server({"database.url": database.url, **no})
    database.run_all("ALTER TABLE chat ADD COLUMN note INT NULL")
    status, text = start(start_server, database, **no)
    assert status == 65 and "chat column note" in text


@pytest.mark.parametrize("words", [
    ("down",), ("up", "now"), ("status", "--dry-run"), ("verify", "--to=2"), ("up", "--to=0"),
    ("up", "--to=99"), ("up", "--to"), ("up", "--to", "x")], ids=" ".join)
def test_a_wrong_command_line_is_refused(whole, words):
    status, _, log = migrate(whole.url, *words)

    assert status == 64 and "see 'reuse-chat help'" in log


def test_a_database_that_is_not_there_is_told(whole):
    status, _, log = migrate(whole.url + "_not", "verify")

    assert status == 69 and "Unknown database" in log


def test_the_engine_inside_is_migrated_the_same_way(tmp_path):
    url = f"embedded:{tmp_path / 'data'}"

    assert migrate(url, "up", "--dry-run", name="reuse-chat-embedded")[0] == 0
    assert migrate(url, "verify", name="reuse-chat-embedded")[0] == 1
    assert migrate(url, "up", name="reuse-chat-embedded")[0] == 0
    assert migrate(url, "verify", name="reuse-chat-embedded")[:2] == (0, WHOLE)
