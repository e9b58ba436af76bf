ALTER TABLE orders DROP INDEX orders_buyer;
