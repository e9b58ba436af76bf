-- What a server asks of the database for itself.

-- Takes the lock of a server: two of one id on one database must not run. got is 1, 0 after the time-out.
-- Lock names are of the whole database server and short, so scope, which is database and id, is hashed.
-- @query server_lock one
-- @param scope   text(1200)
-- @param timeout u32 0..3600
SELECT GET_LOCK(CONCAT('reuse-chat:server:', LEFT(SHA2(:scope, 256), 40)), :timeout) AS got;

-- Whether this connection still holds it.
-- @query server_lock_check one
-- @param scope text(1200)
SELECT CAST(COALESCE(IS_USED_LOCK(CONCAT('reuse-chat:server:', LEFT(SHA2(:scope, 256), 40)))
       = CONNECTION_ID(), 0) AS SIGNED) AS is_ours;
