-- A new order.
-- @query order_insert exec
INSERT INTO orders (id, buyer) VALUES (:id, :buyer);
