-- What a server asks of the database for itself.

-- Takes the lock of a server id in this database: two servers of one id must not run. got is 1, 0 after
-- the time-out. Lock names are of the whole database server and short, so id and database are hashed.
-- @query server_lock one
-- @param id      text(190)
-- @param timeout u32 0..3600
SELECT GET_LOCK(CONCAT('reuse-chat:server:',
         LEFT(SHA2(CONCAT(DATABASE(), '/', :id), 256), 40)), :timeout) AS got;

-- Whether this connection still holds it.
-- @query server_lock_check one
-- @param id text(190)
SELECT CAST(COALESCE(IS_USED_LOCK(CONCAT('reuse-chat:server:',
         LEFT(SHA2(CONCAT(DATABASE(), '/', :id), 256), 40))) = CONNECTION_ID(), 0)
       AS SIGNED) AS is_ours;
