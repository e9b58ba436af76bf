"""The subcommand migrate, and the tables of the service that this one replaces.
SPDX-License-Identifier: MIT
"""
import os
import subprocess

from harness.server import program
from harness.wait import patience


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("REUSE_CHAT_")}


def launch(url, *words, name="reuse-chat"):
    return subprocess.Popen([program(name), "migrate", *words, f"--database.url={url}"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=environment())


def migrate(url, *words, **kwargs):
    """Its exit status, what it printed, and what it logged."""
    child = launch(url, *words, **kwargs)
    try:
        out, log = child.communicate(timeout=patience(60))
    finally:
        child.kill()
    return child.returncode, out, log


def migrated(url, *words):
    """What it printed; it must have succeeded."""
    status, out, log = migrate(url, *words)
    assert status == 0, f"{status}: {out}{log}"
    return out


def tables(database):
    return [row["name"] for row in database.rows(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() "
        "ORDER BY table_name")]


# As Hibernate made them, with rows that move, rows that are set aside, and the keys in the way.
REFERENCE = """
CREATE TABLE room (id bigint NOT NULL AUTO_INCREMENT, product_name varchar(255),
  roomuuid varchar(255), PRIMARY KEY (id)) ENGINE=InnoDB;
CREATE TABLE room_user (id bigint NOT NULL AUTO_INCREMENT, other varchar(255), user varchar(255),
  room_id bigint, PRIMARY KEY (id)) ENGINE=InnoDB;
CREATE TABLE chat (id varchar(255) NOT NULL, message varchar(255), sender varchar(255),
  timestamp datetime(6), room_id bigint, PRIMARY KEY (id)) ENGINE=InnoDB;
CREATE TABLE room_chat_list (room_id bigint NOT NULL, chat_list_id varchar(255) NOT NULL)
  ENGINE=InnoDB;
CREATE TABLE room_room_user_list (room_id bigint NOT NULL, room_user_list_id bigint NOT NULL)
  ENGINE=InnoDB;
ALTER TABLE room_chat_list ADD CONSTRAINT UK_1 UNIQUE (chat_list_id);
ALTER TABLE chat ADD CONSTRAINT FK1 FOREIGN KEY (room_id) REFERENCES room (id);
ALTER TABLE room_user ADD CONSTRAINT FK2 FOREIGN KEY (room_id) REFERENCES room (id);
ALTER TABLE room_chat_list ADD CONSTRAINT FK3 FOREIGN KEY (chat_list_id) REFERENCES chat (id);
ALTER TABLE room_room_user_list ADD CONSTRAINT FK5 FOREIGN KEY (room_user_list_id)
  REFERENCES room_user (id);
INSERT INTO room VALUES (1, 'bike', 'uuid-1'), (2, 'lamp', NULL), (3, 'lamp', 'uuid-3');
INSERT INTO room_user (id, user, other, room_id) VALUES (1, 'ann', 'bob', 1), (2, 'bob', 'ann', 1),
  (3, 'ann', 'cid', 3), (4, 'cid', 'ann', 3), (5, 'ann', 'bob', 2);
INSERT INTO chat (id, message, sender, timestamp, room_id) VALUES
  ('m-3', 'third', 'ann', '2025-01-02 00:00:00.5', 1), ('m-1', 'first', NULL, NULL, 1),
  ('m-2', 'second', 'bob', '2025-01-01', 1), ('m-4', 'lost room', 'ann', '2025-01-01', 2),
  ('m-5', 'hello', 'cid', '2025-01-03', 3);
INSERT INTO room_chat_list VALUES (1, 'm-1');
INSERT INTO room_room_user_list VALUES (1, 1), (1, 2)
"""
