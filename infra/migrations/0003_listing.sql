-- Up Migration

-- The rows that the list reads: one per generation, with its public JSON text and the columns of the filters. The text stays in the
-- row and is compressed only above the size of a page, so that a page of the list needs no decompression.
create table generation_documents (
  generation_id   uuid primary key references generations on delete cascade,
  workspace_id    uuid not null,
  created_at      timestamptz not null,
  deleted_at      timestamptz,
  status          text not null,
  kind            text not null,
  model           text not null,
  favourite       boolean not null,
  has_references  boolean not null,
  document        text not null
) with (toast_tuple_target = 8160);

-- One index per filter, each in the order of the list, so that a page needs no sort.
create index generation_documents_newest on generation_documents (workspace_id, created_at desc, generation_id desc)
  where deleted_at is null;
create index generation_documents_status on generation_documents (workspace_id, status, created_at desc, generation_id desc)
  where deleted_at is null;
create index generation_documents_kind on generation_documents (workspace_id, kind, created_at desc, generation_id desc)
  where deleted_at is null;
create index generation_documents_model on generation_documents (workspace_id, model, created_at desc, generation_id desc)
  where deleted_at is null;
create index generation_documents_favourite
  on generation_documents (workspace_id, favourite, created_at desc, generation_id desc) where deleted_at is null;
create index generation_documents_references
  on generation_documents (workspace_id, has_references, created_at desc, generation_id desc) where deleted_at is null;
create index generation_documents_trash on generation_documents (workspace_id, created_at desc, generation_id desc)
  where deleted_at is not null;

-- Search words of a generation, in a table of their own: they never change, and their index is expensive to write.
create table generation_words (
  generation_id  uuid primary key references generations on delete cascade,
  words          tsvector not null
);
create index generation_words_words on generation_words using gin (words);

-- Normalizes text for the search: lower case, and every ASCII punctuation mark separates words.
create function plain_words(given text) returns text
  language sql immutable parallel safe
  return regexp_replace(lower(given), '[!-/:-@\[-`{-~]+', ' ', 'g');

-- Builds the query for texts with every phrase and every prefix. Null, which finds nothing, if it would contain no word.
create function search_query(beginnings text[], phrases text[]) returns tsquery
  language sql immutable parallel safe as $$
  select string_agg(part, ' & ')::tsquery from (
    select '(' || nullif(phraseto_tsquery('simple', plain_words(b))::text, '') || ':*)' from unnest(beginnings) b
    union all
    select '(' || nullif(phraseto_tsquery('simple', plain_words(p))::text, '') || ')' from unnest(phrases) p
  ) parts (part)
$$;

-- Returns generations with these words in any workspace, at most `most`: a caller that gets that many knows that the words are
-- common. The planner cannot estimate the selectivity of words, of prefixes least of all, so the index is always used.
create function found_by_words(looked_for tsquery, most integer) returns setof uuid
  language sql stable parallel safe rows 500 set enable_seqscan to off as $$
  select generation_id from generation_words where words @@ looked_for limit most
$$;

-- The only writer of documents. In plpgsql, because a SQL function would be planned at each call.
create function write_document(changed uuid) returns void language plpgsql as $$
begin
  insert into generation_documents
    (generation_id, workspace_id, created_at, deleted_at, status, kind, model, favourite, has_references, document)
  select g.id, g.workspace_id, g.created_at, g.deleted_at, g.status, g.kind, g.model,
         exists (select from generation_outputs o where o.generation_id = g.id and o.favourite),
         exists (select from generation_references r where r.generation_id = g.id),
         d.document
  from generations g, lateral (select generation_document(g)::text as document) d
  where g.id = changed and d.document is not null
  on conflict (generation_id) do update set
    deleted_at = excluded.deleted_at, status = excluded.status, favourite = excluded.favourite,
    has_references = excluded.has_references, document = excluded.document;
end
$$;

create function write_words(made uuid) returns void language plpgsql as $$
begin
  insert into generation_words (generation_id, words)
  select id, to_tsvector('simple', plain_words(prompt || ' ' || model)) from generations where id = made
  on conflict (generation_id) do nothing;
end
$$;

-- Runs at the end of a transaction that changed a generation, on the final rows: outputs and progress may be written before or after
-- the version is raised. A version that is raised several times writes the document once.
create function keep_document() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform write_words(new.id);
  end if;
  if exists (select from generations where id = new.id and version = new.version) then
    perform write_document(new.id);
  end if;
  return null;
end
$$;
create constraint trigger keep_document after insert or update on generations
  deferrable initially deferred for each row execute function keep_document();

-- Data migrations, each with its progress.
create table upkeep (
  name         text primary key,
  cursor       uuid,
  finished_at  timestamptz
);
-- The existing rows were sanitized by the current rule.
insert into upkeep (name, finished_at) values ('parameters-1', now());
