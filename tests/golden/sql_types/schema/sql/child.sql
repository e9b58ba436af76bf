-- Children with the name of their item.
-- @query child_names many
-- @row   item_name
-- @param limit u32 1..9
SELECT i.id, i.title, 'a?b:c' AS mark FROM child c JOIN item i ON i.id = c.item_id
WHERE c.item_id = :item_id ORDER BY c.n LIMIT :limit;

-- A child if there is no such child yet.
-- @query child_add exec
INSERT INTO child (item_id, n)
SELECT i.id, :n FROM item i WHERE i.id = :item_id;

-- Children of some items.
-- @query child_delete exec
DELETE FROM child WHERE item_id IN (:ids*);
