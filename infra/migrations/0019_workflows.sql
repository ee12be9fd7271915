-- Up Migration

-- Workflows that were uploaded for a connection to ComfyUI. Each is a model of it. `problem` is why its server cannot run it.
create table workflows (
  connection text not null references connections (id) on delete cascade,
  name text not null check (length(name) between 1 and 80),
  graph jsonb not null,
  problem text,
  checked_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  primary key (connection, name)
);
