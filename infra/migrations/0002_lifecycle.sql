-- Up Migration

-- A round is one request of a user: the submission, then each retry. The limit of calls for the same output holds within a round. A
-- job of mode `check` only polls earlier calls, and makes none that may be billed.
alter table generation_jobs
  add column round  smallint not null default 1,
  add column mode   text not null default 'make' check (mode in ('make', 'check'));

-- The outcome of a call. `cancel_tried_at` is the time of the last cancel request to the provider.
alter table provider_calls
  add column round            smallint not null default 1,
  add column outcome          text check (outcome in ('finished', 'failed', 'unknown', 'cancelled', 'too-late')),
  add column cancel_tried_at  timestamptz;

-- The circuit breaker of each provider. It opens after a few failures of the provider in a row, until `paused_until`; then one
-- generation at a time probes the provider (half-open).
create table provider_lanes (
  provider      text primary key,
  failures      integer not null default 0,
  paused_until  timestamptz
);

-- Temporary outputs, which are only at their provider until a rehost has stored them.
create table rehosts (
  generation_id  uuid not null,
  index          smallint not null,
  tries          integer not null default 0,
  next_try_at    timestamptz not null default now(),
  primary key (generation_id, index),
  foreign key (generation_id, index) references generation_outputs (generation_id, index) on delete cascade
);
create index rehosts_due on rehosts (next_try_at);
insert into rehosts (generation_id, index) select generation_id, index from generation_outputs where state = 'temporary';

-- Objects that no row refers to any more. Code that stores an object of that key again removes the key from this list first.
create table object_removals (
  key           text primary key,
  remove_after  timestamptz not null
);
create index object_removals_due on object_removals (remove_after);

create index generations_unfinished on generations (workspace_id)
  where status in ('queued', 'processing', 'uploading');
create index generations_trash on generations (deleted_at) where deleted_at is not null;
create index generation_jobs_due on generation_jobs (next_check_at) where next_check_at is not null;
