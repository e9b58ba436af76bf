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

-- Leaves locked inquiries to this mailer until next_attempt_at, as tried once more.
-- @query inquiry_claim exec
UPDATE inquiry SET attempts = attempts + 1, next_attempt_at = :next_attempt_at
WHERE id IN (:ids*);

-- The mail server did not take the mail of that attempt; state is queued or failed.
-- @query inquiry_not_sent exec
-- @param state inquiry.state
UPDATE inquiry SET state = :state, next_attempt_at = :next_attempt_at, last_error = :last_error
WHERE id = :id AND attempts = :attempts AND state = 'queued';

-- The mail server took the mail.
-- @query inquiry_sent exec
UPDATE inquiry SET state = 'sent', sent_at = :sent_at, next_attempt_at = NULL, last_error = NULL
WHERE id = :id;

-- How many inquiries wait; no more than the limit are counted.
-- @query inquiry_waiting one
-- @param limit u32 1..100000
-- @allow scan because the inner rows are those of an index, and no more than the limit
SELECT COUNT(*) AS waiting
FROM (SELECT q.id FROM inquiry q WHERE q.state = 'queued' LIMIT :limit) w;
