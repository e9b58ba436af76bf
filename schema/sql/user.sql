-- The deletion of a user, room by room.

-- What stands for a deleted user: the same for the same user, so that a deletion may be taken up again.
-- @query user_anonymous one
-- @param user room_user.user
SELECT CONCAT('deleted-', LEFT(SHA2(:user, 256), 16)) AS id;

-- Rooms of a user, the oldest first; closed ones too.
-- @query user_rooms many
-- @param limit u32 1..100
SELECT r.id, r.roomuuid, r.product_name, r.state
FROM room_user m JOIN room r ON r.id = m.room_id
WHERE m.user = :user ORDER BY m.room_id LIMIT :limit;

-- Shuts a room that one of its members leaves for good: it stays, but nobody writes in it.
-- @query room_anonymize exec
UPDATE room SET state = 'frozen', pair_key = NULL, access_version = access_version + 1
WHERE id = :id AND state <> 'closed';

-- A member's name in a room.
-- @query room_user_anonymize exec
-- @param user      room_user.user
-- @param anonymous room_user.user
UPDATE room_user SET user  = CASE WHEN user = :user THEN :anonymous ELSE user END,
                     other = CASE WHEN other = :user THEN :anonymous ELSE other END
WHERE room_id = :room_id;

-- A sender's name on the messages of a stretch of a room.
-- @query chat_anonymize exec
-- @param user      chat.sender
-- @param anonymous chat.sender
-- @param after     chat.seq
-- @param upto      chat.seq
UPDATE chat SET sender = :anonymous
WHERE room_id = :room_id AND seq > :after AND seq <= :upto AND sender = :user;

-- A reporter's name; what was reported stays as it is.
-- @query report_anonymize exec
-- @param user      report.reporter
-- @param anonymous report.reporter
UPDATE report SET reporter = :anonymous WHERE roomuuid = :roomuuid AND reporter = :user;

-- Whom a deleted user blocked.
-- @query user_blocks_delete exec
DELETE FROM user_block WHERE user = :user;

-- Who blocked a deleted user.
-- @query user_blocked_delete exec
DELETE FROM user_block WHERE blocked = :user;

-- Who asked, in the inquiries of a deleted user.
-- @query inquiry_anonymize exec
-- @param user      inquiry.email
-- @param anonymous inquiry.email
UPDATE inquiry SET name = :anonymous, email = :anonymous, phone = '', address = ''
WHERE email = :user;

-- The inquiries of a deleted user.
-- @query inquiry_delete exec
-- @param user inquiry.email
DELETE FROM inquiry WHERE email = :user;

-- Rows of the outbox that name a user in the header ce_users, where the name is percent-encoded; a row
-- that is being published is skipped.
-- @query outbox_of_user many
-- @row   outbox_row
-- @param after   outbox.id
-- @param encoded bytes(4000)
-- @param limit   u32 1..100
SELECT o.id, o.server_id, o.payload FROM outbox o
WHERE o.id > :after AND INSTR(o.payload, :encoded) > 0
ORDER BY o.id LIMIT :limit FOR UPDATE SKIP LOCKED;

-- Other records in the place of those of a row.
-- @query outbox_rewrite exec
UPDATE outbox SET payload = :payload WHERE id = :id;
