-- Never reached: the table is not there.
-- @query note_get one
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;
