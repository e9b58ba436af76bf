-- A note by its place; the wrong name stands in the second line.
-- @query note_get one
SELECT n.seq,
       n.nope
FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- Counted in the file's lines as well.
-- @query note_syntax one
SELECT n.seq FROM note n
WHERE n.room_id = = :room_id;
