-- Up Migration

-- The name of who made a generation in another system. There are no accounts here that it could belong to.
alter table generations add column author text check (length(author) between 1 and 200);

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
        'placeholder', case when o.state <> 'deleted' then o.placeholder end,
        'width', o.width,
        'height', o.height,
        'bytes', o.bytes,
        'mimeType', o.mime_type,
        'duration', o.duration,
        'favourite', o.favourite,
        'expiresAt', case when o.state = 'temporary' then timestamp_text(o.expires_at) end,
        'error', case
          when o.state <> 'deleted' then o.error
          when o.deleted_from is null then jsonb_build_object('code', 'purged', 'message', 'It is deleted permanently.')
        end
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
    'deletedAt', timestamp_text(g.deleted_at),
    'author', g.author
  )
  from generation_jobs j where j.generation_id = g.id
$$;

-- An output that was imported was completed long ago: what counts is for how long it has been tried.
alter table rehosts add column created_at timestamptz not null default now();

-- References that are at an address of another server, one row an address however many generations have it, until they are stored here.
-- `error` is why one was given up; it is tried no more then.
create table reference_rehosts (
  workspace_id  uuid not null,
  url           text not null check (length(url) <= 2048),
  tries         integer not null default 0,
  next_try_at   timestamptz not null default now(),
  created_at    timestamptz not null default now(),
  error         text,
  primary key (workspace_id, url)
);
create index reference_rehosts_due on reference_rehosts (next_try_at);
create index generation_references_url on generation_references (workspace_id, url) where url is not null;
insert into reference_rehosts (workspace_id, url)
  select distinct workspace_id, url from generation_references where url ~* '^https?://' and length(url) <= 2048;

-- Replaces the address of a reference in the parameters of a generation, wherever it stands. `pointer` is what a stored reference has.
create function replace_reference_url(parameters jsonb, old text, pointer jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(parameters) <> 'object' then parameters else parameters
    || case when parameters ->> 'referenceImageUrl' = old then pointer else '{}' end
    || case when parameters ->> 'referenceImage' = old
         then jsonb_build_object('referenceImage', pointer -> 'referenceImageUrl') else '{}' end
    || case when jsonb_typeof(parameters -> 'referenceImages') = 'array' and parameters -> 'referenceImages' ? old
         then jsonb_build_object('referenceImages', (
           select jsonb_agg(case when item = to_jsonb(old) then pointer -> 'referenceImageUrl' else item end order by n)
           from jsonb_array_elements(parameters -> 'referenceImages') with ordinality list (item, n)))
         else '{}' end
  end
$$;
