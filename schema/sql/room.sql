-- Rooms and their members.

-- A room with its members, one row each, and whether either blocks the other; a room without members
-- is one row with NULL member columns. Decides who may read and write.
-- @query room_load many
-- @allow filesort because a room has two members
SELECT r.id, r.roomuuid, r.product_name, r.state, r.access_version, r.last_seq,
       m.user, m.other, m.side, m.read_seq, m.delivered_seq,
       CASE WHEN m.side = 0 THEN r.last_seq_0 ELSE r.last_seq_1 END AS own_seq,
       EXISTS (SELECT 1 FROM user_block b WHERE b.user = m.user AND b.blocked = m.other) AS is_blocking
FROM room r LEFT JOIN room_user m ON m.room_id = r.id
WHERE r.roomuuid = :roomuuid ORDER BY m.side, m.id;

-- Who may read a room, and how far they have, one row each; a room without members is one row with
-- NULL member columns. What decides a SEND is left out.
-- @query room_readers many
-- @allow filesort because a room has two members
SELECT r.id, r.state, m.user, m.read_seq,
       CASE WHEN m.side = 0 THEN r.last_seq_0 ELSE r.last_seq_1 END AS own_seq
FROM room r LEFT JOIN room_user m ON m.room_id = r.id
WHERE r.roomuuid = :roomuuid ORDER BY m.side, m.id;

-- The room of a pair and a product; pair is smaller user, NUL, larger user, NUL, product.
-- @query room_by_pair one
-- @param pair bytes(2000)
SELECT r.id, r.roomuuid, r.product_name, r.state FROM room r WHERE r.pair_key = SHA2(:pair, 256);

-- A new room.
-- @query room_insert exec
-- @param pair bytes(2000)
INSERT INTO room (product_name, roomuuid, product_id, pair_key, created_at, updated_at)
VALUES (:product_name, :roomuuid, :product_id, SHA2(:pair, 256), :created_at, :updated_at);

-- Members of a new room.
-- @query room_user_insert exec batch
INSERT INTO room_user (room_id, user, other, side) VALUES (:room_id, :user, :other, :side);

-- A user's membership of a room, closed rooms excepted.
-- @query room_user_get one
-- @row   room_user_row
SELECT m.id, m.room_id, r.roomuuid, r.product_name, m.user, m.other
FROM room r JOIN room_user m ON m.room_id = r.id
WHERE r.roomuuid = :roomuuid AND m.user = :user AND r.state <> 'closed';

-- Memberships of a room, in the order they were made.
-- @query room_user_of_room many
-- @row   room_user_row
-- @allow filesort because a room has two members
SELECT m.id, m.room_id, r.roomuuid, r.product_name, m.user, m.other
FROM room r JOIN room_user m ON m.room_id = r.id
WHERE r.id = :id ORDER BY m.side, m.id;

-- A user's memberships, a page in the order of their rooms.
-- @query room_user_list many
-- @row   room_user_row
-- @param after room_user.room_id
-- @param limit u32 1..500
SELECT m.id, m.room_id, r.roomuuid, r.product_name, m.user, m.other
FROM room_user m JOIN room r ON r.id = m.room_id
WHERE m.user = :user AND m.room_id > :after AND r.state <> 'closed' ORDER BY m.room_id LIMIT :limit;

-- All memberships, a page in the order they were made.
-- @query room_user_all many
-- @row   room_user_row
-- @param after room_user.id
-- @param limit u32 1..500
SELECT m.id, m.room_id, r.roomuuid, r.product_name, m.user, m.other
FROM room_user m JOIN room r ON r.id = m.room_id
WHERE m.id > :after AND r.state <> 'closed' ORDER BY m.id LIMIT :limit;

-- Shows a hidden room to its members again.
-- @query room_user_unhide exec
UPDATE room_user SET hidden_seq = NULL WHERE room_id = :room_id AND user = :user;

-- Hides a room from a member's inbox until its next message.
-- @query room_user_hide exec
UPDATE room_user m JOIN room r ON r.id = m.room_id
SET m.hidden_seq = r.last_seq WHERE m.room_id = :room_id AND m.user = :user;

-- Moves a read marker forward.
-- @query room_user_read exec
-- @param seq room_user.read_seq
UPDATE room_user SET delivered_seq = GREATEST(delivered_seq, :seq), read_seq = :seq
WHERE room_id = :room_id AND user = :user AND read_seq < :seq;

-- Moves a delivered marker forward.
-- @query room_user_delivered exec
-- @param seq room_user.delivered_seq
UPDATE room_user SET delivered_seq = :seq
WHERE room_id = :room_id AND user = :user AND delivered_seq < :seq;

-- Closes a room for good: nothing is stored in it any more, and its pair may open another.
-- @query room_close exec
UPDATE room SET state = 'closed', pair_key = NULL, access_version = access_version + 1
WHERE id = :id;

-- Freezes a room or opens it again.
-- @query room_set_state exec
UPDATE room SET state = :state, access_version = access_version + 1
WHERE id = :id AND state <> 'closed';

-- Makes every server ask again who may write in the rooms of two users.
-- @query room_touch_pair exec
-- @param user  room_user.user
-- @param other room_user.other
UPDATE room r JOIN room_user m ON m.room_id = r.id
SET r.access_version = r.access_version + 1
WHERE m.user = :user AND m.other = :other;

-- Rooms whose deletion was cut short.
-- @query room_closed many
-- @param after room.id
-- @param limit u32 1..100
-- @allow scan because a server looks once, at its start
SELECT r.id, r.roomuuid FROM room r WHERE r.state = 'closed' AND r.id > :after
ORDER BY r.id LIMIT :limit;

-- Some messages of a closed room, oldest first.
-- @query chat_delete_some exec
DELETE FROM chat WHERE room_id = :room_id ORDER BY seq LIMIT 1000;

-- The members of a closed room.
-- @query room_user_delete exec
DELETE FROM room_user WHERE room_id = :room_id;

-- A closed room without messages and members.
-- @query room_delete exec
DELETE FROM room WHERE id = :id;

-- A page of a user's inbox, newest first; updated_at and id of the last row are the cursor.
-- @query inbox_page many
-- @param user     room_user.user
-- @param limit    u32 1..101
-- @param before   room.updated_at
-- @param before_id room.id
-- @allow filesort because the rooms of one user are few
SELECT r.id, r.roomuuid, r.product_name, r.product_id, r.state, r.last_seq, r.updated_at,
       m.other, m.read_seq,
       CASE WHEN m.side = 0 THEN r.last_seq_0 ELSE r.last_seq_1 END AS own_seq,
       CASE WHEN m.side = 0 THEN r.last_seq_1 ELSE r.last_seq_0 END AS other_own_seq,
       o.read_seq AS other_read_seq,
       c.id AS message_id, c.sender, c.message, c.timestamp,
       EXISTS (SELECT 1 FROM user_block b WHERE b.user = m.user AND b.blocked = m.other)
       OR EXISTS (SELECT 1 FROM user_block d WHERE d.user = m.other AND d.blocked = m.user) AS is_blocked
FROM room_user m
JOIN room r ON r.id = m.room_id
LEFT JOIN room_user o ON o.room_id = m.room_id AND o.user = m.other
LEFT JOIN chat c ON c.room_id = r.id AND c.seq = r.last_seq
WHERE m.user = :user AND (m.hidden_seq IS NULL OR r.last_seq > m.hidden_seq) AND r.state <> 'closed'
  AND (r.updated_at < :before OR (r.updated_at = :before AND r.id < :before_id))
ORDER BY r.updated_at DESC, r.id DESC LIMIT :limit;

-- Unread messages of a user, in all rooms of the inbox.
-- @query unread_total one
-- @param user room_user.user
SELECT CAST(COALESCE(SUM(GREATEST(r.last_seq - GREATEST(m.read_seq,
                CASE WHEN m.side = 0 THEN r.last_seq_0 ELSE r.last_seq_1 END), 0)), 0) AS SIGNED)
         AS total_unread,
       CAST(COALESCE(SUM(r.last_seq > GREATEST(m.read_seq,
                CASE WHEN m.side = 0 THEN r.last_seq_0 ELSE r.last_seq_1 END)), 0) AS SIGNED)
         AS rooms
FROM room_user m JOIN room r ON r.id = m.room_id
WHERE m.user = :user AND (m.hidden_seq IS NULL OR r.last_seq > m.hidden_seq) AND r.state <> 'closed';

-- Users whom a user blocks.
-- @query block_list many
SELECT b.blocked FROM user_block b WHERE b.user = :user ORDER BY b.blocked;

-- A new block; a repeat is a duplicate.
-- @query block_insert exec
INSERT INTO user_block (user, blocked, created_at) VALUES (:user, :blocked, :created_at);

-- Ends a block.
-- @query block_delete exec
DELETE FROM user_block WHERE user = :user AND blocked = :blocked;

-- A report with its evidence.
-- @query report_insert exec
INSERT INTO report (room_id, roomuuid, reporter, reason, seqs, comment, evidence, created_at)
VALUES (:room_id, :roomuuid, :reporter, :reason, :seqs, :comment, :evidence, :created_at);
