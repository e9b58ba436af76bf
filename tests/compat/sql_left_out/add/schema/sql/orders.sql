-- A new order.
-- @query order_insert exec
INSERT INTO orders (id, buyer, note, colour) VALUES (:id, :buyer, :note, :colour);
