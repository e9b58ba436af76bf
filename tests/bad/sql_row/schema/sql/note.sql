-- The row as it is first seen.
-- @query note_get one
-- @row   note_row
SELECT n.seq, n.body FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- body is never NULL here.
-- @query note_text one
-- @row   note_row
SELECT n.seq, COALESCE(n.body, '') AS body FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- A column more.
-- @query note_more one
-- @row   note_row
SELECT n.seq, n.body, n.made FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- Columns that C cannot name or hold.
-- @query room_sums one
SELECT COUNT(*), SUM(n.seq) AS total, r.score, r.name AS default_, r.name AS default_
FROM note n JOIN room r ON r.id = n.room_id
WHERE n.room_id = :room_id GROUP BY r.id, r.score, r.name;

-- No row at all.
-- @query note_delete exec
-- @row   note_row
DELETE FROM note WHERE room_id = :room_id AND seq = :seq;
