-- The tables that the Java service left, made here if they are not there, so that an empty database
-- and a taken-over one go the same way from here on. They are emptied and dropped by 0003.

CREATE TABLE IF NOT EXISTS room (
  id BIGINT NOT NULL AUTO_INCREMENT,
  product_name VARCHAR(255) NULL,
  roomuuid VARCHAR(255) NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS room_user (
  id BIGINT NOT NULL AUTO_INCREMENT,
  other VARCHAR(255) NULL,
  user VARCHAR(255) NULL,
  room_id BIGINT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS chat (
  id VARCHAR(255) NOT NULL,
  message VARCHAR(255) NULL,
  sender VARCHAR(255) NULL,
  timestamp DATETIME(6) NULL,
  room_id BIGINT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS room_chat_list (
  room_id BIGINT NOT NULL,
  chat_list_id VARCHAR(255) NOT NULL,
  PRIMARY KEY (chat_list_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS room_room_user_list (
  room_id BIGINT NOT NULL,
  room_user_list_id BIGINT NOT NULL,
  PRIMARY KEY (room_user_list_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Rows of a taken-over database that have no place in the new tables. Nothing is ever dropped.
CREATE TABLE set_aside (
  id BIGINT NOT NULL AUTO_INCREMENT,
  source VARCHAR(64) NOT NULL,
  source_id VARCHAR(255) NULL,
  reason VARCHAR(255) NOT NULL,
  row_json MEDIUMTEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The join tables go first: their foreign keys hold chat, room_user and room.
INSERT INTO set_aside (source, source_id, reason, row_json, created_at)
SELECT 'room_chat_list', l.chat_list_id, 'join table of the Java service',
       JSON_OBJECT('room_id', l.room_id, 'chat_list_id', l.chat_list_id), CURRENT_TIMESTAMP(6)
FROM room_chat_list l;

INSERT INTO set_aside (source, source_id, reason, row_json, created_at)
SELECT 'room_room_user_list', l.room_user_list_id, 'join table of the Java service',
       JSON_OBJECT('room_id', l.room_id, 'room_user_list_id', l.room_user_list_id), CURRENT_TIMESTAMP(6)
FROM room_room_user_list l;

DROP TABLE IF EXISTS room_chat_list;

DROP TABLE IF EXISTS room_room_user_list;

RENAME TABLE chat TO reference_chat;

RENAME TABLE room_user TO reference_room_user;

RENAME TABLE room TO reference_room;
