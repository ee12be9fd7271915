-- Up Migration

-- The look through the store for objects that no row names, in one row, so that one process at a time makes it and another goes on
-- where it ended. `due_at` is the next sweep; while one runs, the time after which another process may go on with it.
create table garbage_sweep (
  singleton  boolean primary key default true check (singleton),
  due_at     timestamptz not null default now(),
  cursor     text,
  listed     bigint not null default 0,
  scheduled  bigint not null default 0,
  bytes      bigint not null default 0
);
insert into garbage_sweep default values;
