-- Up Migration

-- Models of the configured providers with their capabilities, written by the processor. Ingest validates submissions against them,
-- query returns them.
create table models (
  id          text primary key,
  provider    text not null,
  position    smallint not null,
  capability  jsonb not null,
  updated_at  timestamptz not null default now()
);

-- Durations of a model's generations by number of outputs, from which estimates are learned.
create table model_timings (
  model        text not null,
  num_outputs  smallint not null,
  samples      integer not null default 0,
  seconds      real not null,
  primary key (model, num_outputs)
);

-- The public part of a generation. The full parameters are in generation_raw, so that a listing never reads a large value.
create table generations (
  id                 uuid primary key,
  workspace_id       uuid not null,
  user_id            uuid not null,
  client_id          uuid not null,
  fingerprint        bytea not null,
  version            bigint not null default 1,
  status             text not null default 'queued'
                     check (status in ('queued', 'processing', 'uploading', 'completed', 'failed', 'cancelled')),
  kind               text not null check (kind in ('image', 'video')),
  model              text not null,
  provider           text not null,
  prompt             text not null check (prompt !~* ';base64,'),
  parameters         jsonb not null default '{}' check (parameters::text !~* '(data:|;base64,)'),
  num_outputs        smallint not null check (num_outputs between 0 and 10),
  error              jsonb,
  waiting            jsonb,
  parent             jsonb,
  cost               jsonb,
  estimated_seconds  real,
  created_at         timestamptz not null default clock_timestamp(),
  started_at         timestamptz,
  completed_at       timestamptz,
  deleted_at         timestamptz,
  unique (workspace_id, client_id)
);
create index generations_newest on generations (workspace_id, created_at desc, id desc) where deleted_at is null;

-- The full parameters, one row per generation. Only administrators, data migrations and the backfill read them.
create table generation_raw (
  generation_id  uuid primary key references generations on delete cascade,
  parameters     jsonb not null
);

-- The state of a job, which changes many times a second, apart from the wide row that seldom changes. The attempt is the fence: a
-- worker writes only while its attempt is the latest.
create table generation_jobs (
  generation_id  uuid primary key references generations on delete cascade,
  attempt        integer not null default 0,
  failures       smallint not null default 0,
  lease_owner    text,
  lease_until    timestamptz,
  next_check_at  timestamptz,
  announced_at   timestamptz not null default now(),
  stage          text,
  progress       real check (progress between 0 and 1)
) with (fillfactor = 70);
create index generation_jobs_leased on generation_jobs (lease_until) where lease_until is not null;

create table generation_outputs (
  generation_id     uuid not null references generations on delete cascade,
  index             smallint not null check (index >= 0),
  state             text not null default 'pending'
                    check (state in ('pending', 'saving', 'stored', 'temporary', 'lost', 'failed')),
  kind              text not null check (kind in ('image', 'video')),
  key               text,
  placeholder       text,
  width             integer,
  height            integer,
  bytes             bigint,
  mime_type         text,
  duration          real,
  sha256            bytea,
  favourite         boolean not null default false,
  provider_url      text,
  provider_headers  jsonb,
  expires_at        timestamptz,
  error             jsonb,
  primary key (generation_id, index),
  check (state <> 'stored' or key is not null),
  check (state <> 'temporary' or provider_url is not null)
);

-- An image that is submitted with prompts, stored once per workspace by the hash of its bytes.
create table reference_images (
  id            uuid primary key,
  workspace_id  uuid not null,
  sha256        bytea not null,
  key           text not null,
  mime_type     text not null,
  bytes         bigint not null,
  width         integer not null,
  height        integer not null,
  created_at    timestamptz not null default clock_timestamp(),
  unique (workspace_id, sha256)
);

create table generation_references (
  generation_id  uuid not null references generations on delete cascade,
  position       smallint not null check (position >= 0),
  reference_id   uuid references reference_images,
  url            text,
  primary key (generation_id, position),
  check ((reference_id is null) <> (url is null))
);
create index generation_references_image on generation_references (reference_id);

-- Every call that may be billed. The row is written before the call, the request id before the job waits for the provider.
create table provider_calls (
  generation_id  uuid not null references generations on delete cascade,
  call           smallint not null,
  first_index    smallint not null,
  count          smallint not null,
  request_id     text,
  submitted_at   timestamptz,
  finished_at    timestamptz,
  primary key (generation_id, call)
);

-- Append-only: every transition of every generation.
create table generation_events (
  id             bigint generated always as identity primary key,
  generation_id  uuid not null references generations on delete cascade,
  at             timestamptz not null default clock_timestamp(),
  attempt        integer not null,
  from_status    text,
  to_status      text not null,
  detail         text
);
create index generation_events_generation on generation_events (generation_id, id);

-- Messages that are published because a transaction has committed. A relay publishes them. The id of the message on the bus is made
-- of the row's id and time, so that the bus discards a repeated publication.
create table outbox (
  id            bigint generated always as identity primary key,
  subject       text not null,
  payload       jsonb not null,
  created_at    timestamptz not null default clock_timestamp(),
  published_at  timestamptz
);
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;

-- Number of restarts of a stream of the bus that were detected. Sequence numbers are comparable only within an epoch.
create table bus_epoch (
  stream            text primary key,
  epoch             integer not null default 1,
  highest_sequence  bigint not null default 0
);

create function timestamp_text(at timestamptz) returns text
  language sql stable parallel safe
  return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- The only representation of a generation: list, single read, event and response are this text.
create function generation_document(g generations) returns json
  language sql stable as $$
  select json_build_object(
    'id', g.id,
    'clientId', g.client_id,
    'version', g.version,
    'status', g.status,
    'prompt', g.prompt,
    'model', g.model,
    'kind', g.kind,
    'parameters', g.parameters,
    'outputs', (
      select coalesce(json_agg(json_build_object(
        'index', o.index,
        'kind', o.kind,
        'state', o.state,
        'url', case o.state
          when 'stored' then '/media/' || o.key
          when 'temporary' then '/media/remote/' || g.id || '/' || o.index
        end,
        'previewUrl', case
          when o.state = 'stored' and o.kind = 'image' then '/media/' || regexp_replace(o.key, '\.[a-z0-9]+$', '') || '.w960.webp'
          when o.state = 'temporary' then '/media/remote/' || g.id || '/' || o.index
        end,
        'placeholder', o.placeholder,
        'width', o.width,
        'height', o.height,
        'bytes', o.bytes,
        'mimeType', o.mime_type,
        'duration', o.duration,
        'favourite', o.favourite,
        'expiresAt', case when o.state = 'temporary' then timestamp_text(o.expires_at) end,
        'error', o.error
      ) order by o.index), '[]'::json)
      from generation_outputs o where o.generation_id = g.id
    ),
    'references', (
      select coalesce(json_agg(json_build_object(
        'id', r.reference_id,
        'url', coalesce('/media/' || i.key, '/media/remote/' || g.id || '/ref/' || r.position),
        'previewUrl', coalesce('/media/' || regexp_replace(i.key, '\.[a-z0-9]+$', '') || '.w960.webp',
                               '/media/remote/' || g.id || '/ref/' || r.position),
        'width', i.width,
        'height', i.height
      ) order by r.position), '[]'::json)
      from generation_references r left join reference_images i on i.id = r.reference_id
      where r.generation_id = g.id
    ),
    'error', g.error,
    'waiting', g.waiting,
    'parent', g.parent,
    'cost', g.cost,
    'favourite', exists (select from generation_outputs o where o.generation_id = g.id and o.favourite),
    'attempt', j.attempt,
    'progress', j.progress,
    'estimatedSeconds', g.estimated_seconds,
    'createdAt', timestamp_text(g.created_at),
    'startedAt', timestamp_text(g.started_at),
    'completedAt', timestamp_text(g.completed_at),
    'deletedAt', timestamp_text(g.deleted_at)
  )
  from generation_jobs j where j.generation_id = g.id
$$;
