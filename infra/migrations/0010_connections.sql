-- Up Migration

-- An account or a server at one kind of provider. Its id is in `generations.provider`, `models.provider` and `provider_lanes.provider`,
-- and names its subject and consumer. A key is encrypted with the connection's id as associated data; it never leaves the row otherwise.
-- `key_hmac` tells whether the key of the environment is still the same. `state` is what the last call or check found.
create table connections (
  id                  text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  kind                text not null,
  name                text not null,
  base_url            text,
  source              text not null check (source in ('built-in', 'environment', 'stored')),
  variable            text,
  draft               boolean not null default false,
  key_sealed          bytea,
  key_hmac            text,
  slots               smallint check (slots between 1 and 64),
  budget_micros       bigint check (budget_micros >= 0),
  assumed_micros      bigint check (assumed_micros >= 0),
  dialect             jsonb,
  found_dialect       jsonb,
  state               jsonb not null default '{"kind": "ok"}',
  revision            integer not null default 1,
  check_requested_at  timestamptz,
  check_claimed_at    timestamptz,
  checked_at          timestamptz,
  check_result        text,
  models_at           timestamptz,
  created_at          timestamptz not null default clock_timestamp(),
  removed_at          timestamptz
);

-- The processors that have connections of their environment, and the ids of these. A connection of the environment that no living
-- processor serves is not offered any more. A processor that is restarted does not take its connections away.
create table processors (
  id           uuid primary key,
  host         text not null,
  pid          integer not null,
  connections  text[] not null,
  seen_at      timestamptz not null default clock_timestamp()
);

-- What was bought. One row a call, from before it is made, and never removed: a generation that is purged was paid for. `reported_micros`
-- is the provider's own word, or follows from the usage that it reports. A call without an outcome is under way.
create table call_costs (
  generation_id     uuid not null,
  call              smallint not null,
  attempt           integer not null,
  workspace_id      uuid not null,
  connection        text not null,
  model             text not null,
  kind              text not null,
  count             smallint not null,
  currency          text not null default 'USD',
  estimated_micros  bigint,
  reported_micros   bigint,
  made_at           timestamptz not null default clock_timestamp(),
  ended_at          timestamptz,
  outcome           text check (outcome in ('finished', 'failed', 'unknown', 'not-billed')),
  outputs           smallint not null default 0,
  usage             jsonb,
  trace             text,
  receipt           jsonb,
  primary key (generation_id, call, attempt)
);
create index call_costs_time on call_costs (workspace_id, made_at);
create index call_costs_connection on call_costs (connection, made_at);

-- Models say more than before: a processor writes them anew when it starts.
delete from models;

-- Price of one output as it was estimated at the submission, in micro-units; null where it is not known.
alter table generations
  add column output_micros  bigint,
  add column currency       text not null default 'USD';

alter table generation_references add column role text not null default 'reference';

-- An adapter adds the headers of its connection when it fetches such an output; no header of a provider is stored.
-- A service of the version before still names the old column.
alter table generation_outputs add column needs_auth boolean not null default false;
update generation_outputs set provider_headers = null where provider_headers is not null;
alter table generation_outputs add constraint no_provider_headers check (provider_headers is null);

-- The only representation of a generation: list, single read, event and response are this text.
create or replace function generation_document(g generations) returns json
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
        'height', i.height,
        'role', r.role
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
