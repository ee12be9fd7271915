-- Up Migration

-- Stored reference images without previews. A backfill moves very many, and their previews cost more than the rest of it. Until they
-- are made the image itself is shown.
create table previews_due (
  reference_id  uuid primary key references reference_images on delete cascade,
  due_at        timestamptz not null default clock_timestamp(),
  failures      integer not null default 0
);
create index previews_due_next on previews_due (due_at);
