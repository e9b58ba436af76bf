-- The tables of this service. Ids are compared as bytes (utf8mb4_bin).

-- A chat of two users about a product.
CREATE TABLE room (
  id BIGINT NOT NULL AUTO_INCREMENT,
  product_name VARCHAR(255) NULL,
  roomuuid VARCHAR(255) NOT NULL,
  product_id VARCHAR(255) NULL,
  -- SHA-256 in lower-case hex of: smaller user, NUL, larger user, NUL, product_id or else product_name,
  -- users in the order of their bytes. NULL on all rooms of a pair and product but the oldest.
  pair_key CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- open, frozen, closed
  state VARCHAR(16) NOT NULL DEFAULT 'open',
  -- grows with members and blocks: what a cache may believe is compared with it
  access_version BIGINT NOT NULL DEFAULT 0,
  -- number of the last message, of the last one sent by the member of side 0 and of side 1
  last_seq BIGINT NOT NULL DEFAULT 0,
  last_seq_0 BIGINT NOT NULL DEFAULT 0,
  last_seq_1 BIGINT NOT NULL DEFAULT 0,
  created_at DATETIME(6) NULL,
  -- time of the last message
  updated_at DATETIME(6) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY room_roomuuid (roomuuid),
  UNIQUE KEY room_pair_key (pair_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A member of a room.
CREATE TABLE room_user (
  id BIGINT NOT NULL AUTO_INCREMENT,
  room_id BIGINT NOT NULL,
  user VARCHAR(255) NOT NULL,
  other VARCHAR(255) NULL,
  -- 0: first row of the room, 1: second, 2: any further one (only in a taken-over database)
  side TINYINT NOT NULL DEFAULT 0,
  read_seq BIGINT NOT NULL DEFAULT 0,
  delivered_seq BIGINT NOT NULL DEFAULT 0,
  -- the user left the room when its last_seq was this
  hidden_seq BIGINT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY room_user_member (room_id, user),
  KEY room_user_user (user, room_id),
  CONSTRAINT room_user_room FOREIGN KEY (room_id) REFERENCES room (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A message, the history of a room lies together, in the order of seq.
CREATE TABLE chat (
  room_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  -- UUID
  id VARCHAR(255) NOT NULL,
  sender VARCHAR(255) NULL,
  message MEDIUMTEXT NULL,
  timestamp DATETIME(6) NULL,
  idempotency_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  PRIMARY KEY (room_id, seq),
  UNIQUE KEY chat_id (id),
  UNIQUE KEY chat_idempotency (room_id, sender, idempotency_key),
  CONSTRAINT chat_room FOREIGN KEY (room_id) REFERENCES room (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a commit still owes to Kafka.
CREATE TABLE outbox (
  id BIGINT NOT NULL AUTO_INCREMENT,
  created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  server_id VARCHAR(190) NOT NULL,
  -- protobuf, OutboxBatch
  payload MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A question to the operators, to be mailed.
CREATE TABLE inquiry (
  id BIGINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(255) NOT NULL,
  email VARCHAR(255) NOT NULL,
  phone VARCHAR(255) NOT NULL,
  message MEDIUMTEXT NOT NULL,
  -- of the client
  address VARCHAR(64) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  -- queued, sent, failed
  state VARCHAR(16) NOT NULL DEFAULT 'queued',
  attempts INT NOT NULL DEFAULT 0,
  next_attempt_at DATETIME(6) NULL,
  sent_at DATETIME(6) NULL,
  last_error VARCHAR(500) NULL,
  PRIMARY KEY (id),
  KEY inquiry_next (state, next_attempt_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One user does not want to hear from another.
CREATE TABLE user_block (
  user VARCHAR(255) NOT NULL,
  blocked VARCHAR(255) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (user, blocked),
  KEY user_block_blocked (blocked)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A complaint about messages, the evidence outlives the room.
CREATE TABLE report (
  id BIGINT NOT NULL AUTO_INCREMENT,
  room_id BIGINT NULL,
  roomuuid VARCHAR(255) NOT NULL,
  reporter VARCHAR(255) NOT NULL,
  reason VARCHAR(64) NOT NULL,
  seqs VARCHAR(2000) NOT NULL,
  comment VARCHAR(2000) NULL,
  evidence MEDIUMTEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  KEY report_roomuuid (roomuuid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
