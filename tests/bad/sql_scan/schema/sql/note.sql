-- No index begins with body.
-- @query note_by_body many
SELECT n.seq FROM note n WHERE n.body = :body;

-- All of them, without a reason.
-- @query note_all many
-- @allow scan
SELECT n.seq FROM note n;

-- An index that is read from end to end is a scan too.
-- @query note_count one
SELECT COUNT(*) AS n FROM note n;

-- All of them again.
-- @query note_clear exec
DELETE FROM note;

-- An UPDATE says "index" where it reads the table.
-- @query note_stamp exec
UPDATE note SET made = :made WHERE body = :body;

-- The order of seq would be free of charge.
-- @query note_by_time many
SELECT n.seq FROM note n WHERE n.room_id = :room_id ORDER BY n.made;
