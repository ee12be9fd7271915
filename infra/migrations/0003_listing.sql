-- Up Migration

-- What the list reads, and nothing else that it does not show: a row a generation, with its JSON text as everyone may see it and
-- what it is filtered by. The text stays in the row, and is not compressed until it is as long as a page: who reads a page of
-- the list pays for no unpacking.
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

-- One for each thing that can be asked for by itself; all in the order of the list, so that a page is read and not sorted.
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

-- Words to find a generation by. Apart, because they never change, and an index of words is dear to write.
create table generation_words (
  generation_id  uuid primary key references generations on delete cascade,
  words          tsvector not null
);
create index generation_words_words on generation_words using gin (words);

-- Text as it is searched: small letters, and every sign that is no letter and no digit parts two words.
create function plain_words(given text) returns text
  language sql immutable parallel safe
  return regexp_replace(lower(given), '[!-/:-@\[-`{-~]+', ' ', 'g');

-- Finds what has every phrase, word for word, and every beginning of a word. Null, which finds nothing, if there is no word in it.
create function search_query(beginnings text[], phrases text[]) returns tsquery
  language sql immutable parallel safe as $$
  select string_agg(part, ' & ')::tsquery from (
    select '(' || nullif(phraseto_tsquery('simple', plain_words(b))::text, '') || ':*)' from unnest(beginnings) b
    union all
    select '(' || nullif(phraseto_tsquery('simple', plain_words(p))::text, '') || ')' from unnest(phrases) p
  ) parts (part)
$$;

-- Generations with these words, in any workspace, but not more than so many: whoever gets that many knows that they are common.
-- Which words are rare nobody can guess (of beginnings least of all), so that the index is always asked.
create function found_by_words(looked_for tsquery, most integer) returns setof uuid
  language sql stable parallel safe rows 500 set enable_seqscan to off as $$
  select generation_id from generation_words where words @@ looked_for limit most
$$;

-- The one place where documents are written. (In SQL as a language it would be planned anew at each call.)
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

-- Runs when a transaction that changed a generation ends, on what is there then: outputs and progress may be written before the
-- version is raised or after. What is raised several times is written once.
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

-- Work over all rows that a newer version needs done once, and how far it has come.
create table upkeep (
  name         text primary key,
  cursor       uuid,
  finished_at  timestamptz
);
-- What is there was sanitized by the rule as it is.
insert into upkeep (name, finished_at) values ('parameters-1', now());
