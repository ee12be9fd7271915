-- Up Migration

-- Number of outputs of a generation that can be shown. Null until the document is written again: it is then counted from the outputs.
alter table generation_documents add column shown_outputs smallint;

-- Every column that the list filters by, in the order of the list: what is counted, as a whole or by day, is read from here alone.
create index generation_documents_facets on generation_documents
  (workspace_id, created_at desc) include (status, kind, model, favourite, has_references, shown_outputs, generation_id)
  where deleted_at is null;

-- The children of a generation.
create index generations_parent on generations (workspace_id, (parent ->> 'generationId')) where parent is not null;

-- Returns all generations with these words in any workspace, for words that are common. With so many rows expected they are joined at
-- once, instead of each being looked up.
create function found_by_common_words(looked_for tsquery) returns setof uuid
  language sql stable parallel safe rows 50000 set enable_seqscan to off as $$
  select generation_id from generation_words where words @@ looked_for
$$;

create or replace function write_document(changed uuid) returns void language plpgsql as $$
begin
  insert into generation_documents (generation_id, workspace_id, created_at, deleted_at, status, kind, model, favourite,
                                    has_references, shown_outputs, document)
  select g.id, g.workspace_id, g.created_at, g.deleted_at, g.status, g.kind, g.model,
         exists (select from generation_outputs o where o.generation_id = g.id and o.favourite),
         exists (select from generation_references r where r.generation_id = g.id),
         (select count(*) from generation_outputs o where o.generation_id = g.id and o.state in ('stored', 'temporary')),
         d.document
  from generations g, lateral (select generation_document(g)::text as document) d
  where g.id = changed and d.document is not null
  on conflict (generation_id) do update set
    deleted_at = excluded.deleted_at, status = excluded.status, favourite = excluded.favourite,
    has_references = excluded.has_references, shown_outputs = excluded.shown_outputs, document = excluded.document;
end
$$;
