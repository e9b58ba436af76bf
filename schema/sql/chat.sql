-- Messages: their order, their history, and what waits to be published.

-- Takes n sequence numbers of an open room for one batch; insert_id of the result is its new last_seq.
-- from_0 and from_1 tell the place in the batch (1…n) of the last message of either side, 0 for none.
-- Assignments run from left to right, so last_seq is still the old one above its own line.
-- @query room_take_seq exec
-- @param n      u32 1..1024
-- @param from_0 u32 0..1024
-- @param from_1 u32 0..1024
UPDATE room SET
  last_seq_0 = CASE WHEN :from_0 > 0 THEN last_seq + :from_0 ELSE last_seq_0 END,
  last_seq_1 = CASE WHEN :from_1 > 0 THEN last_seq + :from_1 ELSE last_seq_1 END,
  updated_at = :updated_at,
  last_seq = LAST_INSERT_ID(last_seq + :n)
WHERE id = :id AND state = 'open' AND access_version = :access_version;

-- The rows of several rooms, locked in the order given: by id, so that no two writers wait for each other.
-- The text is [id, …]. The join order is fixed: JSON_TABLE leads, each row is one look-up of a key.
-- @query rooms_lock many
-- @param ids text(16000)
-- @allow scan because JSON_TABLE is a list
SELECT r.id, r.state, r.access_version, r.last_seq
FROM JSON_TABLE(:ids, '$[*]' COLUMNS (id BIGINT PATH '$')) j STRAIGHT_JOIN room r ON r.id = j.id
FOR UPDATE;

-- New last seqs of rooms that rooms_lock has locked: [[id, last_seq, last_seq_0, last_seq_1], …], where
-- 0 is what a side keeps.
-- @query rooms_put_seqs exec
-- @param rooms text(32000)
-- @param updated_at room.updated_at
-- @allow scan because JSON_TABLE is a list
UPDATE JSON_TABLE(:rooms, '$[*]' COLUMNS (id BIGINT PATH '$[0]', last_seq BIGINT PATH '$[1]',
         last_seq_0 BIGINT PATH '$[2]', last_seq_1 BIGINT PATH '$[3]')) j
STRAIGHT_JOIN room r ON r.id = j.id
SET r.last_seq = j.last_seq, r.last_seq_0 = GREATEST(r.last_seq_0, j.last_seq_0),
    r.last_seq_1 = GREATEST(r.last_seq_1, j.last_seq_1), r.updated_at = :updated_at;

-- Stores messages.
-- @query chat_insert exec batch
INSERT INTO chat (room_id, seq, id, sender, message, timestamp, idempotency_key)
VALUES (:room_id, :seq, :id, :sender, :message, :timestamp, :idempotency_key);

-- Messages of a room after a seq, oldest first.
-- @query chat_after many
-- @row   chat_row
-- @param after chat.seq
-- @param limit u32 1..5000
SELECT c.seq, c.id, c.sender, c.message, c.timestamp, c.idempotency_key
FROM chat c WHERE c.room_id = :room_id AND c.seq > :after ORDER BY c.seq LIMIT :limit;

-- What the whole history of a room shows of each message, after a seq, oldest first.
-- @query chat_history many
-- @param after chat.seq
-- @param limit u32 1..5000
SELECT c.seq, c.sender, c.message, c.timestamp
FROM room r JOIN chat c ON c.room_id = r.id
WHERE r.roomuuid = :roomuuid AND r.state <> 'closed' AND c.seq > :after ORDER BY c.seq LIMIT :limit;

-- Messages of a room before a seq, newest first.
-- @query chat_before many
-- @row   chat_row
-- @param before chat.seq
-- @param limit u32 1..5000
SELECT c.seq, c.id, c.sender, c.message, c.timestamp, c.idempotency_key
FROM chat c WHERE c.room_id = :room_id AND c.seq < :before ORDER BY c.seq DESC LIMIT :limit;

-- A message by its place.
-- @query chat_by_seq one
-- @row   chat_row
SELECT c.seq, c.id, c.sender, c.message, c.timestamp, c.idempotency_key
FROM chat c WHERE c.room_id = :room_id AND c.seq = :seq;

-- A message by its UUID: did an earlier COMMIT hold? If that COMMIT is still under way, waits for it.
-- @query chat_by_id one
-- @row   chat_row
SELECT c.seq, c.id, c.sender, c.message, c.timestamp, c.idempotency_key
FROM chat c WHERE c.id = :id LOCK IN SHARE MODE;

-- A message by its idempotency key.
-- @query chat_by_key one
-- @row   chat_row
SELECT c.seq, c.id, c.sender, c.message, c.timestamp, c.idempotency_key
FROM chat c WHERE c.room_id = :room_id AND c.sender = :sender AND c.idempotency_key = :idempotency_key;

-- The last seq of some rooms; a room that is not there any more has no row.
-- @query room_last_seqs many
SELECT r.id, r.last_seq, r.state FROM room r WHERE r.id IN (:ids*);

-- What one transaction publishes.
-- @query outbox_insert exec
INSERT INTO outbox (server_id, payload) VALUES (:server_id, :payload);

-- Rows that are published.
-- @query outbox_delete exec
DELETE FROM outbox WHERE id IN (:ids*);

-- Rows that their owner did not publish within some seconds, oldest first, locked for this relay.
-- @query outbox_take many
-- @row   outbox_row
-- @param after outbox.id
-- @param age   u32 0..86400
-- @param limit u32 1..256
-- @allow scan because rows live for milliseconds and the oldest stand first
SELECT o.id, o.server_id, o.payload FROM outbox o
WHERE o.id > :after AND o.created_at <= CURRENT_TIMESTAMP(6) - INTERVAL :age SECOND
ORDER BY o.id LIMIT :limit FOR UPDATE SKIP LOCKED;

-- The same for the rows of one server, whatever their age: while it leaves publishing to its relay.
-- @query outbox_take_own many
-- @row   outbox_row
-- @param after outbox.id
-- @param limit u32 1..256
-- @allow scan because rows live for milliseconds and the oldest stand first
SELECT o.id, o.server_id, o.payload FROM outbox o
WHERE o.id > :after AND o.server_id = :server_id ORDER BY o.id LIMIT :limit FOR UPDATE SKIP LOCKED;

-- How many rows wait, and the age of the oldest in seconds.
-- @query outbox_status one
-- @allow scan because rows live for milliseconds
SELECT COUNT(*) AS waiting,
       CAST(COALESCE(TIMESTAMPDIFF(SECOND, MIN(o.created_at), CURRENT_TIMESTAMP(6)), 0) AS SIGNED) AS age
FROM outbox o;
