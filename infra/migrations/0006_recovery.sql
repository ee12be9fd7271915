-- Up Migration

-- `host` is the journal in which the answer of a call is written before anything else is done with it, `attempt` the claim that made
-- the call: the call is made only when this note of it has been read back.
alter table provider_calls
  add column host     text,
  add column attempt  integer;

-- Journals of answers, one a host. A host whose processors are gone has an old `seen_at`.
create table journal_hosts (
  id       text primary key,
  name     text not null,
  seen_at  timestamptz not null default clock_timestamp()
);

-- Facts of the whole studio, in one row. `id` is also in the object `studio-id` of the store. A studio in mode `restored` was restored
-- from a backup whose original may still run: it makes no calls and removes no objects until it has taken over.
create table studio (
  singleton              boolean primary key default true check (singleton),
  id                     uuid not null default gen_random_uuid(),
  mode                   text not null default 'active' check (mode in ('active', 'restored')),
  removals_paused_until  timestamptz
);
insert into studio default values;
