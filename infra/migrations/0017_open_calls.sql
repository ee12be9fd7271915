-- Up Migration

-- Most calls of a connection that are open at its provider at once, whichever processor made them; null is the default of its kind.
alter table connections add column max_open smallint check (max_open between 1 and 1000);

-- The calls that have not ended, by their time: what is older than a day is given up, and counts no longer.
create index provider_calls_open on provider_calls (submitted_at) where finished_at is null;

-- The generations that wait for capacity at their connection, in their order.
create index generations_before_full_connection on generations (provider, created_at) where waiting ->> 'reason' = 'connection-full';

-- `waiting_since` is when a generation began to wait; null while it does not. `waiting_seen_at` is the last look at the provider's queue
-- that found it there: it may have been made from then on. Null where it is not in that queue: then it waits until it is worked on.
alter table generation_jobs
  add column waiting_since    timestamptz,
  add column waiting_seen_at  timestamptz;
