-- Up Migration

-- URL of an image of a video, where its provider has one. Like that of the video it is for the studio alone.
alter table generation_outputs add column poster_url text;

-- A video with a placeholder has a poster: previews beside it, as an image has them. One that is only at its provider has none: its file
-- is no image.
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
          when o.state = 'stored' and (o.kind = 'image' or o.placeholder is not null) then '/media/' || regexp_replace(o.key, '\.[a-z0-9]+$', '') || '.w960.webp'
          when o.state = 'temporary' and o.kind = 'image' then '/media/remote/' || g.id || '/' || o.index
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
    'insteadOf', g.instead_of,
    'ranModel', g.ran_model,
    'author', g.author
  )
  from generation_jobs j where j.generation_id = g.id
$$;
