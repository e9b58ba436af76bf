CREATE TABLE orders (
  id BIGINT NOT NULL PRIMARY KEY,
  buyer VARCHAR(60) NOT NULL,
  note VARCHAR(100) NULL,
  KEY orders_buyer (buyer, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
