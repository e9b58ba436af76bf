-- Which column is it compared with?
-- @query note_after many
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq > :after;

-- Annotations that say nothing right.
-- @query note_range many
-- @param room_id note.nope
-- @param seq     i64 9..1
-- @param extra   i64
-- @param text    varchar
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq AND n.body = :text;

-- A name and a number cannot be one parameter.
-- @query room_mixed exec
UPDATE room SET name = :x WHERE id = :x;

-- A parameter that is a column has no type.
-- @query note_bare one
SELECT :x AS x, n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- A list has brackets of its own.
-- @query note_list many
SELECT n.seq FROM note n WHERE n.room_id IN (:room_id, :ids*);

-- The ? is ours.
-- @query note_mark one
SELECT n.body FROM note n WHERE n.room_id = ? AND n.seq = :seq;
