CREATE TABLE room (
  id BIGINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(20) NOT NULL,
  score DECIMAL(10, 2) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY room_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE note (
  room_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  body VARCHAR(100) NULL,
  made DATETIME(6) NOT NULL,
  PRIMARY KEY (room_id, seq),
  CONSTRAINT note_room FOREIGN KEY (room_id) REFERENCES room (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The second statement of the file is wrong, and its line is told.
ALTER TABLE note ADD COLUMN seq BIGINT NOT NULL;
