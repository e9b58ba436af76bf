-- MariaDB 10.11 runs it once: from the second execution on it is "Mixing of GROUP columns".
-- @query note_total one
SELECT CAST(COALESCE(SUM(x.seq), 0) AS SIGNED) AS total
FROM (SELECT n.seq FROM note n WHERE n.room_id = :room_id) x;
