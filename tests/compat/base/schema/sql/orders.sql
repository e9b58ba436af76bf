-- Orders of a buyer.
-- @query order_list many
-- @param limit u32 1..100
SELECT o.id, o.buyer, o.note FROM orders o WHERE o.buyer = :buyer ORDER BY o.id LIMIT :limit;

-- A new order.
-- @query order_insert exec
INSERT INTO orders (id, buyer, note) VALUES (:id, :buyer, :note);
