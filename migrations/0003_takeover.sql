-- Rows of the Java service move into the new tables, what has no place there is set aside.
-- On an empty database all of this finds nothing.
--
-- Rooms that share one roomuuid become the oldest of them: clients know a room by its uuid only, so
-- messages and members of the others move there and stay visible, the other room rows are set aside.

INSERT INTO room (id, product_name, roomuuid)
SELECT r.id, r.product_name, r.roomuuid
FROM reference_room r
JOIN (SELECT MIN(id) AS id FROM reference_room
      WHERE roomuuid IS NOT NULL
      GROUP BY CONVERT(roomuuid USING utf8mb4) COLLATE utf8mb4_bin) oldest ON oldest.id = r.id;

INSERT INTO set_aside (source, source_id, reason, row_json, created_at)
SELECT 'room', r.id,
       CASE WHEN r.roomuuid IS NULL THEN 'no roomuuid' ELSE 'roomuuid of an older room' END,
       JSON_OBJECT('id', r.id, 'product_name', r.product_name, 'roomuuid', r.roomuuid),
       CURRENT_TIMESTAMP(6)
FROM reference_room r
LEFT JOIN room n ON n.id = r.id
WHERE n.id IS NULL
ORDER BY r.id;

-- Members in the order of their ids, of two rows of one user in one room the older stays.
INSERT INTO room_user (id, room_id, user, other, side)
SELECT u.id, kept.room_id, u.user, u.other,
       LEAST(ROW_NUMBER() OVER (PARTITION BY kept.room_id ORDER BY u.id) - 1, 2)
FROM reference_room_user u
JOIN (SELECT MIN(m.id) AS id, n.id AS room_id
      FROM reference_room_user m
      JOIN reference_room r ON r.id = m.room_id
      JOIN room n ON n.roomuuid = CONVERT(r.roomuuid USING utf8mb4) COLLATE utf8mb4_bin
      WHERE m.user IS NOT NULL
      GROUP BY n.id, CONVERT(m.user USING utf8mb4) COLLATE utf8mb4_bin) kept ON kept.id = u.id;

INSERT INTO set_aside (source, source_id, reason, row_json, created_at)
SELECT 'room_user', u.id,
       CASE WHEN u.user IS NULL THEN 'no user'
            WHEN r.roomuuid IS NULL THEN 'no room'
            ELSE 'the same member twice in a room' END,
       JSON_OBJECT('id', u.id, 'other', u.other, 'user', u.user, 'room_id', u.room_id),
       CURRENT_TIMESTAMP(6)
FROM reference_room_user u
LEFT JOIN room_user n ON n.id = u.id
LEFT JOIN reference_room r ON r.id = u.room_id
WHERE n.id IS NULL
ORDER BY u.id;

-- Numbered by time, then by the bytes of the id, no time comes first. An id with a trailing blank
-- could be equal to another under the new key (and no UUID has one).
INSERT INTO chat (room_id, seq, id, sender, message, timestamp)
SELECT n.id,
       ROW_NUMBER() OVER (PARTITION BY n.id
                          ORDER BY c.timestamp, CAST(CONVERT(c.id USING utf8mb4) AS BINARY)),
       c.id, c.sender, c.message, c.timestamp
FROM reference_chat c
JOIN reference_room r ON r.id = c.room_id
JOIN room n ON n.roomuuid = CONVERT(r.roomuuid USING utf8mb4) COLLATE utf8mb4_bin
WHERE c.id NOT LIKE '% ';

INSERT INTO set_aside (source, source_id, reason, row_json, created_at)
SELECT 'chat', c.id,
       CASE WHEN r.roomuuid IS NULL THEN 'no room' ELSE 'id ends with a blank' END,
       JSON_OBJECT('id', c.id, 'message', c.message, 'sender', c.sender, 'timestamp', c.timestamp,
                   'room_id', c.room_id),
       CURRENT_TIMESTAMP(6)
FROM reference_chat c
LEFT JOIN reference_room r ON r.id = c.room_id
WHERE r.roomuuid IS NULL OR c.id LIKE '% ';

UPDATE room r
JOIN (SELECT c.room_id, MAX(c.seq) AS last_seq, MAX(c.timestamp) AS updated_at,
             MAX(CASE WHEN u.side = 0 THEN c.seq ELSE 0 END) AS last_seq_0,
             MAX(CASE WHEN u.side = 1 THEN c.seq ELSE 0 END) AS last_seq_1
      FROM chat c
      LEFT JOIN room_user u ON u.room_id = c.room_id AND u.user = c.sender
      GROUP BY c.room_id) m ON m.room_id = r.id
SET r.last_seq = m.last_seq, r.updated_at = m.updated_at,
    r.last_seq_0 = m.last_seq_0, r.last_seq_1 = m.last_seq_1;

-- A room whose messages have no time, or that has none: the oldest of an inbox, not absent from it.
UPDATE room SET updated_at = '1970-01-01 00:00:00' WHERE updated_at IS NULL;

-- Everything old counts as delivered and read.
UPDATE room_user u JOIN room r ON r.id = u.room_id
SET u.read_seq = r.last_seq, u.delivered_seq = r.last_seq;

-- One room per pair and product, rooms without exactly two members keep no key.
UPDATE room r
JOIN (SELECT MIN(p.room_id) AS room_id, p.pair_key
      FROM (SELECT k.id AS room_id,
                   SHA2(CONCAT(CASE WHEN CAST(a.user AS BINARY) < CAST(b.user AS BINARY)
                                    THEN a.user ELSE b.user END, X'00',
                               CASE WHEN CAST(a.user AS BINARY) < CAST(b.user AS BINARY)
                                    THEN b.user ELSE a.user END, X'00',
                               k.product_name), 256) AS pair_key
            FROM room k
            JOIN room_user a ON a.room_id = k.id AND a.side = 0
            JOIN room_user b ON b.room_id = k.id AND b.side = 1
            LEFT JOIN room_user more ON more.room_id = k.id AND more.side = 2
            WHERE more.id IS NULL) p
      WHERE p.pair_key IS NOT NULL
      GROUP BY p.pair_key) oldest ON oldest.room_id = r.id
SET r.pair_key = oldest.pair_key;

DROP TABLE IF EXISTS reference_chat;

DROP TABLE IF EXISTS reference_room_user;

DROP TABLE IF EXISTS reference_room;
