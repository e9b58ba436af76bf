-- PREPARE does not mind that made is missing.
-- @query note_insert exec
INSERT INTO note (room_id, seq, body) VALUES (:room_id, :seq, :body);

-- Which columns these are changes with the table.
-- @query note_insert_all exec
INSERT INTO note VALUES (:room_id, :seq, :body, :made);
