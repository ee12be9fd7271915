-- Up Migration

-- Reference pictures that are kept and have no previews yet: a backfill moves very many, and previews cost more than all else of
-- it. Until they are made the picture itself is shown.
create table previews_due (
  reference_id  uuid primary key references reference_images on delete cascade,
  due_at        timestamptz not null default clock_timestamp(),
  failures      integer not null default 0
);
create index previews_due_next on previews_due (due_at);
