-- Inquiries: stored first, mailed later.

-- A new inquiry.
-- @query inquiry_insert exec
INSERT INTO inquiry (name, email, phone, message, address, created_at, next_attempt_at)
VALUES (:name, :email, :phone, :message, :address, :created_at, :next_attempt_at);

-- Inquiries that are due, locked for this mailer.
-- @query inquiry_due many
-- @param now   inquiry.next_attempt_at
-- @param limit u32 1..100
SELECT q.id, q.name, q.email, q.phone, q.message, q.attempts, q.created_at
FROM inquiry q WHERE q.state = 'queued' AND q.next_attempt_at <= :now
ORDER BY q.next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED;

-- Puts an inquiry off, as tried once more.
-- @query inquiry_put_off exec
UPDATE inquiry SET attempts = attempts + 1, next_attempt_at = :next_attempt_at,
  last_error = :last_error WHERE id = :id AND state = 'queued';

-- The mail was taken by the mail server.
-- @query inquiry_sent exec
UPDATE inquiry SET state = 'sent', sent_at = :sent_at, next_attempt_at = NULL, last_error = NULL
WHERE id = :id;
