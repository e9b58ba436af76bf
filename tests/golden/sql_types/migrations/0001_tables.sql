-- One column of each kind that has a form in C; a semicolon and a quote in a comment aren't any.
CREATE TABLE item (
  id BIGINT NOT NULL AUTO_INCREMENT,
  big BIGINT UNSIGNED NOT NULL,
  tiny TINYINT NOT NULL,
  small SMALLINT UNSIGNED NULL,
  medium MEDIUMINT NULL,
  plain INT UNSIGNED NOT NULL DEFAULT 7,
  flag TINYINT NOT NULL CHECK (flag IN (0, 1)),
  kind ENUM('red', 'green') NOT NULL,
  code CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(40) NULL,
  body LONGTEXT NULL,
  digest BINARY(16) NULL,
  raw BLOB NULL,
  made DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  seen DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY item_code (code),
  KEY item_kind (kind, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE child (
  item_id BIGINT NOT NULL,
  n INT NOT NULL,
  note VARCHAR(10) NOT NULL DEFAULT 'it''s',
  PRIMARY KEY (item_id, n),
  CONSTRAINT child_item FOREIGN KEY (item_id) REFERENCES item (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
