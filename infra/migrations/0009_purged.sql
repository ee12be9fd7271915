-- Up Migration

-- Generations that were purged and of whose calls a host may have answers in its journal: the word by which the host removes them.
create table purged_generations (
  id         uuid primary key,
  purged_at  timestamptz not null default now()
);
