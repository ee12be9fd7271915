-- Up Migration

-- Old rows contain images as text inside their full parameters. The age of the generation is copied beside them, so that one partial
-- index lists the rows that still do, in order.
alter table generation_raw add column created_at timestamptz;
update generation_raw r set created_at = g.created_at from generations g where g.id = r.generation_id;
alter table generation_raw
  alter column created_at set default clock_timestamp(),
  alter column created_at set not null;

create function embeds_file(parameters jsonb) returns boolean
  language sql immutable strict parallel safe
  return parameters @? '$.** ? (@ like_regex "^\\s*data:" flag "i")';
create index generation_raw_embedding on generation_raw (created_at, generation_id) where embeds_file(parameters);

-- A run of the backfill. `batches` is the fence: a batch that is done increments it, and no other batch of that number counts.
create table backfill_runs (
  id           uuid primary key,
  kind         text not null check (kind in ('move', 'verify')),
  state        text not null default 'running' check (state in ('running', 'stopped', 'done')),
  verifies     uuid references backfill_runs,
  dry_run      boolean not null,
  batch_rows   integer not null,
  concurrency  integer not null,
  row_limit    integer,
  cursor       text,
  batches      integer not null default 0,
  pass         integer not null default 1,
  total        integer not null,
  processed    integer not null default 0,
  updated      integer not null default 0,
  skipped      integer not null default 0,
  images       integer not null default 0,
  bytes_moved  bigint not null default 0,
  bytes_saved  bigint not null default 0,
  created_at   timestamptz not null default clock_timestamp(),
  seen_at      timestamptz not null default clock_timestamp(),
  finished_at  timestamptz
);
create index backfill_runs_running on backfill_runs (seen_at) where state = 'running';

-- Generations that a run could not process, with a reason that contains nothing of the row.
create table backfill_failures (
  run_id         uuid not null references backfill_runs on delete cascade,
  generation_id  uuid not null,
  reason         text not null,
  temporary      boolean not null,
  primary key (run_id, generation_id)
);

-- Every image that was ever moved: its position in the row, its object, and the hash of the object's bytes. `prefix` is the text before
-- the base64, so that the original text can be restored.
create table backfill_manifest (
  generation_id  uuid not null references generations on delete cascade,
  field          text not null,
  position       integer not null,
  run_id         uuid references backfill_runs,
  key            text not null,
  sha256         bytea not null,
  bytes          bigint not null,
  prefix         text not null,
  moved_at       timestamptz not null default clock_timestamp(),
  primary key (generation_id, field, position, sha256)
);
create index backfill_manifest_run on backfill_manifest (run_id, generation_id);
