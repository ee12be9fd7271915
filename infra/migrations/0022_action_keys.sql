-- Up Migration

-- Keys by which a client repeats an action on a generation without doing it twice (the header Idempotency-Key). They go with their
-- generation.
create table action_keys (
  workspace_id  uuid not null,
  key           uuid not null,
  generation_id uuid not null,
  action        text not null check (action in ('retry', 'complete', 'check')),
  created_at    timestamptz not null default clock_timestamp(),
  primary key (workspace_id, key),
  foreign key (workspace_id, generation_id) references generations (workspace_id, id) on delete cascade
);
create index action_keys_generation on action_keys (workspace_id, generation_id);
