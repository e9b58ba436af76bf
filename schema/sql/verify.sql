-- What `reuse-chat verify` asks: it looks at everything once, a page at a time, and changes nothing.

-- Rooms and what is in them, a page in the order of their ids; one statement, so that room and messages
-- are of one moment. from_0 and from_1 are the last messages of the members of side 0 and 1.
-- @query verify_rooms many
-- @param after room.id
-- @param limit u32 1..1000
-- @allow scan because every message is counted, in the order of the primary key
-- @allow filesort because the page is grouped by its room
SELECT r.id, r.roomuuid, r.state, r.last_seq, r.last_seq_0, r.last_seq_1, r.has_members,
       COUNT(c.seq) AS messages,
       CAST(COALESCE(MIN(c.seq), 0) AS SIGNED) AS first,
       CAST(COALESCE(MAX(c.seq), 0) AS SIGNED) AS last,
       CAST(COALESCE(MAX(CASE WHEN c.sender = r.user_0 THEN c.seq END), 0) AS SIGNED) AS from_0,
       CAST(COALESCE(MAX(CASE WHEN c.sender = r.user_1 THEN c.seq END), 0) AS SIGNED) AS from_1
FROM (SELECT p.id, p.roomuuid, p.state, p.last_seq, p.last_seq_0, p.last_seq_1,
             EXISTS (SELECT 1 FROM room_user e WHERE e.room_id = p.id) AS has_members,
             (SELECT MIN(a.user) FROM room_user a WHERE a.room_id = p.id AND a.side = 0) AS user_0,
             (SELECT MIN(b.user) FROM room_user b WHERE b.room_id = p.id AND b.side = 1) AS user_1
      FROM room p WHERE p.id > :after ORDER BY p.id LIMIT :limit) r
LEFT JOIN chat c ON c.room_id = r.id
GROUP BY r.id, r.roomuuid, r.state, r.last_seq, r.last_seq_0, r.last_seq_1, r.has_members
ORDER BY r.id;

-- Messages of a room without a next one, below its last message: behind each is a hole.
-- @query verify_holes many
-- @param last  chat.seq
-- @param limit u32 1..1000
-- @allow scan because only a room in which messages are missing is looked at
SELECT c.seq FROM chat c LEFT JOIN chat n ON n.room_id = c.room_id AND n.seq = c.seq + 1
WHERE c.room_id = :room_id AND c.seq < :last AND n.seq IS NULL ORDER BY c.seq LIMIT :limit;

-- Members whose markers lie beyond the last message.
-- @query verify_markers many
-- @param after room_user.id
-- @param limit u32 1..1000
-- @allow scan because every member is looked at
SELECT m.id, r.roomuuid, r.last_seq, m.read_seq, m.delivered_seq, COALESCE(m.hidden_seq, 0) AS hidden_seq
FROM room_user m JOIN room r ON r.id = m.room_id
WHERE m.id > :after
  AND (m.read_seq > r.last_seq OR m.delivered_seq > r.last_seq OR m.hidden_seq > r.last_seq)
ORDER BY m.id LIMIT :limit;

-- Messages whose room is not there, by its id.
-- @query verify_orphans_chat many
-- @row   verify_orphan
-- @param after chat.room_id
-- @param limit u32 1..1000
-- @allow scan because every room of the messages is looked at, from index entry to index entry
-- @allow filesort because there are no more rows than rooms
SELECT o.parent FROM (SELECT DISTINCT c.room_id AS parent FROM chat c WHERE c.room_id > :after) o
LEFT JOIN room r ON r.id = o.parent WHERE r.id IS NULL ORDER BY o.parent LIMIT :limit;

-- Members whose room is not there, by its id.
-- @query verify_orphans_room_user many
-- @row   verify_orphan
-- @param after room_user.room_id
-- @param limit u32 1..1000
-- @allow scan because every room of the members is looked at, from index entry to index entry
-- @allow filesort because there are no more rows than rooms
SELECT o.parent FROM (SELECT DISTINCT m.room_id AS parent FROM room_user m WHERE m.room_id > :after) o
LEFT JOIN room r ON r.id = o.parent WHERE r.id IS NULL ORDER BY o.parent LIMIT :limit;

-- References between tables, of which the two above follow those to table room.
-- @query verify_references many
-- @allow scan because the catalogue is no table of ours
-- @allow filesort because there are few
SELECT k.TABLE_NAME AS child, k.COLUMN_NAME AS child_column, k.REFERENCED_TABLE_NAME AS parent
FROM information_schema.KEY_COLUMN_USAGE k
WHERE k.TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY k.TABLE_NAME, k.COLUMN_NAME;

-- Idempotency keys that stand more than once in a room, for one sender.
-- @query verify_repeated_keys many
-- @param limit u32 1..1000
-- @allow scan because every key is looked at, in the order of its index
-- @allow filesort because the index may be what is missing
SELECT k.room_id, CAST(COUNT(*) AS SIGNED) AS times, CAST(MIN(k.seq) AS SIGNED) AS first
FROM chat k WHERE k.idempotency_key IS NOT NULL
GROUP BY k.room_id, k.sender, k.idempotency_key HAVING COUNT(*) > 1
ORDER BY k.room_id LIMIT :limit;

-- Ids of messages that stand more than once.
-- @query verify_repeated_ids many
-- @param after chat.id
-- @param limit u32 1..1000
-- @allow scan because every id is looked at, in the order of its index
-- @allow filesort because the index may be what is missing
SELECT c.id, CAST(COUNT(*) AS SIGNED) AS times FROM chat c WHERE c.id > :after
GROUP BY c.id HAVING COUNT(*) > 1 ORDER BY c.id LIMIT :limit;

-- What waits to be published, a page in the order of its ids.
-- @query verify_outbox many
-- @param after outbox.id
-- @param limit u32 1..100
SELECT o.id, o.server_id, o.payload,
       CAST(TIMESTAMPDIFF(SECOND, o.created_at, CURRENT_TIMESTAMP(6)) AS SIGNED) AS age
FROM outbox o WHERE o.id > :after ORDER BY o.id LIMIT :limit;

-- Messages by their ids; the text as its checksum.
-- @query verify_messages many
-- @allow scan because few ids may be a large part of a small table
SELECT c.id, r.roomuuid, c.seq, CAST(COALESCE(CRC32(c.message), 0) AS SIGNED) AS checksum
FROM chat c JOIN room r ON r.id = c.room_id WHERE c.id IN (:ids*);

-- A room by its UUID, closed ones excepted: their messages are being removed.
-- @query verify_room one
SELECT r.id, r.last_seq FROM room r WHERE r.roomuuid = :roomuuid AND r.state <> 'closed';

-- Rooms with a message since then, a page in the order of their ids.
-- @query verify_recent_rooms many
-- @param after room.id
-- @param since room.updated_at
-- @param limit u32 1..1000
-- @allow scan because there is no index on the time of the last message
SELECT r.id, r.roomuuid, r.last_seq FROM room r
WHERE r.id > :after AND r.updated_at >= :since AND r.state <> 'closed' ORDER BY r.id LIMIT :limit;

-- Places and ids of a room's messages before a seq, newest first.
-- @query verify_recent_messages many
-- @param before chat.seq
-- @param limit u32 1..1000
SELECT c.seq, c.id, c.timestamp FROM chat c
WHERE c.room_id = :room_id AND c.seq < :before ORDER BY c.seq DESC LIMIT :limit;
