-- A statement that nobody asks for.
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- @query note_undocumented one
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- An annotation that does not exist.
-- @query note_get one
-- @cache forever
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- A kind that does not exist.
-- @query note_some some
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- A kind that it is not.
-- @query note_exec exec
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- Nor this.
-- @query note_one one
DELETE FROM note WHERE room_id = :room_id AND seq = :seq;

-- A name that is taken.
-- @query note_exec exec
DELETE FROM note WHERE room_id = :room_id AND seq = :seq;

-- A batch of DELETEs.
-- @query note_delete exec batch
DELETE FROM note WHERE room_id = :room_id AND seq = :seq;

-- A reason is a word, not a thing.
-- @query note_allow one
-- @allow everything because of it
SELECT n.seq FROM note n WHERE n.room_id = :room_id AND n.seq = :seq;

-- Nothing follows.
-- @query note_end one
