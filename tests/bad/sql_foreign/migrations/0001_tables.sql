-- Of a table that may be there before, nothing is known but that it is there.
CREATE TABLE IF NOT EXISTS page (
  id BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- It keeps that under another name,
RENAME TABLE page TO leaf;

-- so that a change of it cannot be found out about.
ALTER TABLE leaf ADD COLUMN title VARCHAR(20) NULL;
