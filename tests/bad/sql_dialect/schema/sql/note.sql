-- MySQL has none.
-- @query room_insert exec
INSERT INTO room (name) VALUES (:name)
RETURNING id;

-- Nor these.
-- @query room_next one
SELECT NEXT VALUE FOR room_seq AS n;

-- A word that is a keyword there only.
-- @query room_rank one
SELECT r.id AS rank FROM room r WHERE r.id = :id;

-- A row struct does not grow with the table.
-- @query room_star one
SELECT * FROM room r WHERE r.id = :id;
