"""kill -9 of `reuse-chat migrate up` behind each statement that changes something: the next run goes on,
and at the end tables and rows are those of a run that nobody disturbed.
SPDX-License-Identifier: MIT
"""
import select
import socket
import urllib.parse

import pytest

from harness.migrate import REFERENCE, launch, migrate, migrated, tables
from harness.wait import patience

COM_QUERY = 3
# What two runs differ in; a number that was given in vain is not given again.
TIMES = {"schema_migration": ("started_at", "finished_at"), "set_aside": ("created_at", "id")}
HARMLESS = ("SELECT ", "SET ", "START ")


class Killer:
    """A proxy between the program and the database. It kills the program when the database has
    executed a statement and the answer was not yet delivered: the worst moment, and the one before the
    next statement too. What was killed once runs undisturbed from then on."""

    def __init__(self, url):
        at = urllib.parse.urlsplit(url)
        self.upstream = (at.hostname, at.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.url = at._replace(netloc=at.netloc.replace(f":{at.port}", f":{port}")).geturl()
        self.killed_at = set()

    def close(self):
        self.listener.close()

    def run(self):
        """One run. The statement it was killed at, or None: it ended."""
        child = launch(self.url, "up")
        try:
            self.listener.settimeout(patience(20))
            client, _ = self.listener.accept()
            with client, socket.create_connection(self.upstream) as server:
                statement = self.carry(client, server, child)
            out, log = child.communicate(timeout=patience(60))
        finally:
            child.kill()
        assert child.returncode == (0 if statement is None else -9), f"{out}{log}"
        return statement

    def carry(self, client, server, child):
        taken, last, doomed = b"", "", None
        while True:
            ready, _, _ = select.select([client, server], [], [], patience(60))
            assert ready, "nothing is said any more"
            if server in ready:
                answer = server.recv(1 << 16)
                if doomed is not None:
                    child.kill()
                    child.wait()
                    return doomed
                client.sendall(answer)
            if client in ready:
                sent = client.recv(1 << 16)
                if not sent:
                    return None
                taken, statements = queries(taken + sent)
                for statement in statements:
                    # one COMMIT is told from another by what was before it
                    key, last = (last if statement == "COMMIT" else "", statement), statement
                    if doomed is None and key not in self.killed_at \
                            and not statement.startswith(HARMLESS):
                        self.killed_at.add(key)
                        doomed = statement
                server.sendall(sent)


def queries(data):
    """The rest after whole packets, and the statements in these."""
    found = []
    while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[:3], "little"):
        end = 4 + int.from_bytes(data[:3], "little")
        if data[3] == 0 and end > 4 and data[4] == COM_QUERY:
            found.append(data[5:end].decode())
        data = data[end:]
    return data, found


def rows_of(database):
    """All rows of all tables, without what tells when they were made."""
    found = {}
    for table in tables(database):
        rows = database.rows(f"SELECT * FROM {table}")
        for row in rows:
            for column in TIMES.get(table, ()):
                row.pop(column)
        found[table] = sorted(rows, key=repr)
    return found


@pytest.mark.parametrize("before", ["", REFERENCE], ids=["empty", "reference"])
def test_a_run_killed_behind_each_statement_goes_on(new_database, before):
    undisturbed, database = new_database(), new_database()
    undisturbed.run_all(before)
    migrated(undisturbed.url, "up")
    database.run_all(before)
    killer = Killer(database.url)

    while killer.run() is not None:
        pass  # each run also refuses tables that have drifted
    killer.close()

    assert migrate(database.url, "verify")[0] == 0
    assert rows_of(database) == rows_of(undisturbed)
    told = " ".join(statement for _, statement in killer.killed_at)
    for word in ("CREATE TABLE chat", "RENAME TABLE", "DROP TABLE", "CREATE INDEX", "INSERT INTO chat",
                 "UPDATE room", "COMMIT", "SET state = 'done'"):
        assert word in told, word
