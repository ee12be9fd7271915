-- Up Migration

-- A round is what a person asks for once: the submission, then each retry. How often a provider may be asked to make the same
-- output is counted within one. Work of mode `check` only asks about what was bought before, and never buys.
alter table generation_jobs
  add column round  smallint not null default 1,
  add column mode   text not null default 'make' check (mode in ('make', 'check'));

-- How a call ended, where it did not end by itself. `cancel_tried_at` is when the provider was last asked to stop it.
alter table provider_calls
  add column round            smallint not null default 1,
  add column outcome          text check (outcome in ('finished', 'failed', 'unknown', 'cancelled', 'too-late')),
  add column cancel_tried_at  timestamptz;

-- How a provider's lane stands. After a few failures in a row on the provider's side it is paused, and one generation at a
-- time probes it.
create table provider_lanes (
  provider      text primary key,
  failures      integer not null default 0,
  paused_until  timestamptz
);

-- Outputs that are only at their provider, and are still being tried for.
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

-- Objects that nothing refers to any more. Whoever stores an object of that key again takes it off this list first.
create table object_removals (
  key           text primary key,
  remove_after  timestamptz not null
);
create index object_removals_due on object_removals (remove_after);

create index generations_unfinished on generations (workspace_id)
  where status in ('queued', 'processing', 'uploading');
create index generations_trash on generations (deleted_at) where deleted_at is not null;
create index generation_jobs_due on generation_jobs (next_check_at) where next_check_at is not null;
