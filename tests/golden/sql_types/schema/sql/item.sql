-- A file may begin with a comment of its own.

-- Everything about an item.
-- @query item_get one
SELECT i.id, i.big, i.tiny, i.small, i.medium, i.plain, i.flag, i.kind, i.code, i.title, i.body,
       i.digest, i.raw, i.made, i.seen
FROM item i WHERE i.code = :code;

-- A new item.
-- @query item_insert exec batch
INSERT INTO item (big, tiny, small, medium, flag, kind, code, title, body, digest, raw, seen)
VALUES (:big, :tiny, :small, :medium, :flag, :kind, :code, :title, :body, :digest, :raw, :seen);

-- Items by their codes; the text 'a?b:c' is no parameter, nor is "x:y".
-- @query item_by_codes many
-- @row   item_name
SELECT i.id, i.title /* :no */, 'a?b:c' AS mark
FROM item i # :neither
WHERE i.code IN (:codes*) AND i.`title` <> "x:y";

-- Adds one.
-- @query item_count one
-- @allow scan because a test may
SELECT COUNT(*) AS n, CAST(COALESCE(SUM(i.plain), 0) AS SIGNED) AS total, MAX(i.seen) AS last
FROM item i;

-- May set a title to NULL where it stands, and takes a number with a range.
-- @query item_touch exec
-- @param step   i32 -5..5
-- @param note?  text(12)
-- @param since  datetime
UPDATE item i SET i.title = :title, i.medium = i.medium + :step, i.body = CONCAT(COALESCE(:note, ''), '!')
WHERE i.id = :id AND i.made > :since;
