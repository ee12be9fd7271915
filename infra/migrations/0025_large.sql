-- Up Migration

-- Each of these statements takes as long as there are generations: a limit of the server is for others.
set local statement_timeout = 0;

-- A studio of hundreds of thousands of generations: fewer bytes of each, and timelines that do not count them one by one. The tables of
-- documents and words are written anew once.

-- Indexes in ascending order: new rows come last in them, and their pages fill up. In descending order each page was left half empty.
drop index generation_documents_newest, generation_documents_status, generation_documents_kind, generation_documents_model,
  generation_documents_favourite, generation_documents_references, generation_documents_trash, generation_documents_facets,
  generations_newest, generation_words_newest, generation_words_words;

-- Documents are compressed in their row, to half. Postgres compresses nothing in a row of less than 2 KB, as many are: the padding, of which
-- 25 bytes are stored, makes each row long enough. To decompress those of a page takes less than a tenth of its time.
alter table generation_documents
  alter column document set storage main, alter column status set storage main, alter column kind set storage main,
  alter column model set storage main;
alter table generation_documents set (toast_tuple_target = 256);
alter table generation_documents add column padding text storage main generated always as (
  case when octet_length(document) < 2000 then repeat(' ', 2000 - octet_length(document)) end) stored;

-- Every column that the list filters by is in the index of the whole list: what is counted, as a whole or by day, is read from there alone.
-- What most rows have, such as the usual status, is found by walking the list, and is in no index of its own.
create index generation_documents_newest on generation_documents (workspace_id, created_at, generation_id)
  include (status, kind, model, favourite, has_references, shown_outputs) where deleted_at is null;
create index generation_documents_status on generation_documents (workspace_id, status, created_at, generation_id)
  where deleted_at is null and status <> 'completed';
create index generation_documents_kind on generation_documents (workspace_id, kind, created_at, generation_id)
  where deleted_at is null and kind <> 'image';
create index generation_documents_model on generation_documents (workspace_id, model, created_at, generation_id)
  where deleted_at is null;
create index generation_documents_favourite on generation_documents (workspace_id, created_at, generation_id)
  where deleted_at is null and favourite;
create index generation_documents_references on generation_documents (workspace_id, created_at, generation_id)
  where deleted_at is null and has_references;
create index generation_documents_trash on generation_documents (workspace_id, created_at, generation_id)
  where deleted_at is not null;

-- Each change of a lease or of the next check is one of an index, and no update in place: space for it in each page was wasted.
alter table generation_jobs reset (fillfactor);

-- One index for the events of a generation and for the key.
alter table generation_events drop constraint generation_events_pkey;
drop index generation_events_generation;
alter table generation_events add primary key (generation_id, id);

-- Words are stored without the prefix of their workspace, and have it in the index alone.
alter table generation_words
  alter column words type tsvector using replace(words::text, '''' || words_prefix(workspace_id), '''')::tsvector;

-- 36 bits are enough: were two workspaces to have the same prefix, each search would still find the rows of its own alone.
create or replace function words_prefix(workspace uuid) returns text
  language sql immutable parallel safe
  return left(encode(sha256(uuid_send(workspace)), 'base64'), 6);

-- Returns words as the index has them: with the prefix of their workspace (`words_prefix`, which cannot be called while an index is built),
-- without positions. Each is there once more without its last character, after a hyphen. What a word is a beginning of, and not the
-- whole, is found by these: `tram:*` as `tram | -tram:*`. A search for a beginning reads each row of all words that begin so, and would
-- otherwise read those of the word itself, too, which is what people mean and which are many.
create function indexed_words(workspace uuid, words tsvector) returns tsvector language plpgsql immutable parallel safe as $$
declare
  prefix constant text := left(encode(sha256(uuid_send(workspace)), 'base64'), 6);
begin
  return array_to_tsvector(array(
    select prefix || word from unnest(tsvector_to_array(words)) word
    union all
    select distinct prefix || '-' || left(word, -1) from unnest(tsvector_to_array(words)) word where length(word) > 1
  ));
end
$$;

-- Returns a query for the index of words. It has no phrases: positions are not there. (No word has a quote or a hyphen in it.)
create function indexed_query(workspace uuid, query tsquery) returns tsquery language sql immutable parallel safe
  return regexp_replace(regexp_replace(query::text,
    '''([^'']+)''', '''' || words_prefix(workspace) || '\1''', 'g'),
    '''([^'']{6})([^'']+)'':\*', '(''\1\2'' | ''\1-\2'':*)', 'g')::tsquery;

create index generation_words_newest on generation_words (workspace_id, created_at, generation_id);
create index generation_words_words on generation_words using gin (indexed_words(workspace_id, words)) with (fastupdate = off);

create or replace function search_query(workspace uuid, beginnings text[], phrases text[]) returns tsquery
  language plpgsql immutable parallel safe set plan_cache_mode to force_generic_plan as $$
declare
  built text;
begin
  select string_agg('(' || part || ')', ' & ') into built from (
    select phrase_query('', b, true) from unnest(beginnings) b
    union all
    select phrase_query('', p, false) from unnest(phrases) p
  ) parts (part);
  return built::tsquery;
end
$$;

create or replace function found_by_words(workspace uuid, looked_for tsquery, most integer) returns setof uuid
  language plpgsql stable parallel safe rows 500 set enable_seqscan to off as $$
declare
  words constant tsquery[] := query_words(looked_for);
  looked_up constant tsquery :=
    indexed_query(workspace, selective_query(words, case when cardinality(words) > 1 then newest_shares(workspace, words) end));
begin
  return query
    select w.generation_id from generation_words w
    where indexed_words(w.workspace_id, w.words) @@ looked_up and ts_match_vq(w.words, looked_for)
      and w.workspace_id is not distinct from workspace limit most;
end
$$;

create or replace function found_by_common_words(workspace uuid, looked_for tsquery) returns setof uuid
  language plpgsql stable parallel safe rows 50000 set enable_seqscan to off as $$
declare
  looked_up constant tsquery := indexed_query(workspace, all_of(query_words(looked_for)));
begin
  return query
    select generation_id from generation_words w
    where indexed_words(w.workspace_id, w.words) @@ looked_up and ts_match_vq(w.words, looked_for)
      and w.workspace_id is not distinct from workspace;
end
$$;

create or replace function found_positions(workspace uuid, looked_up tsquery, looked_for tsquery)
  returns table (created_at timestamptz, generation_id uuid)
  language plpgsql stable parallel safe set plan_cache_mode to force_generic_plan set enable_seqscan to off as $$
declare
  indexed constant tsquery := indexed_query(workspace, looked_up);
begin
  return query
    select w.created_at, w.generation_id from generation_words w
    where indexed_words(w.workspace_id, w.words) @@ indexed and ts_match_vq(w.words, looked_for)
      and w.workspace_id is not distinct from workspace;
end
$$;

-- Returns the documents of the newest generations before a position of the list that a search finds, newest first. It is one statement whose
-- plans are kept: to plan several takes longer than to run them. The list is walked while it finds enough: of the first 100 generations 1 in 50
-- or, of a search for several common words, as many as their shares let expect. Words that are common are seldom together in some cases, so
-- that is checked where ten should have been found. Otherwise the words are looked up. Returns null alone until the data migration has
-- written all words of the workspace.
create or replace function newest_found(workspace uuid, looked_for tsquery, before timestamptz, before_id uuid, wanted integer) returns setof text
  language plpgsql stable parallel safe set plan_cache_mode to force_generic_plan set enable_seqscan to off set enable_bitmapscan to off
  set enable_hashjoin to off set enable_mergejoin to off as $$
declare
  words constant tsquery[] := query_words(looked_for);
  steps integer := 100;
  walked integer := 0;
  found_count integer := 0;
  rows integer;
  shares float[];
  share float;
begin
  if looked_for is null then
    return;
  end if;
  if exists (select from generation_words w where w.workspace_id = workspace and w.created_at is null) then
    return next null;
    return;
  end if;
  loop
    return query
      select d.document
      from (
        select w.created_at, w.generation_id, w.words @@ looked_for as is_found from generation_words w
        where w.workspace_id = workspace and (w.created_at, w.generation_id) < (before, before_id)
        order by w.created_at desc, w.generation_id desc limit steps
      ) w
      join generation_documents d on d.generation_id = w.generation_id and d.workspace_id = workspace and d.deleted_at is null
      where w.is_found
      order by w.created_at desc, w.generation_id desc limit wanted - found_count;
    get diagnostics rows = row_count;
    found_count := found_count + rows;
    if found_count = wanted then
      return;
    end if;
    select w.created_at, w.generation_id into before, before_id from generation_words w
    where w.workspace_id = workspace and (w.created_at, w.generation_id) < (before, before_id)
    order by w.created_at desc, w.generation_id desc offset steps - 1 limit 1;
    if not found then
      return;
    end if;
    walked := walked + steps;
    share := found_count::float / walked;
    steps := 1000000;
    if share < 0.02 then
      exit when cardinality(words) < 2;
      if shares is null then
        shares := newest_shares(workspace, words);
        share := case when 0.05 < all(shares) then (select exp(sum(ln(s))) from unnest(shares) s) else 0 end;
        steps := 10 / greatest(share, 0.003);
      end if;
      exit when share < 0.003;
    end if;
    steps := least(steps, ceil(2 * (wanted - found_count) / share));
  end loop;
  return query
    select d.document
    from (
      select * from found_positions(workspace, selective_query(words, shares), looked_for) p
      where (p.created_at, p.generation_id) < (before, before_id)
      order by p.created_at desc, p.generation_id desc
    ) p
    join generation_documents d on d.generation_id = p.generation_id and d.workspace_id = workspace and d.deleted_at is null
    order by p.created_at desc, p.generation_id desc limit wanted - found_count;
end
$$;

create or replace function write_words(made uuid) returns void language plpgsql as $$
begin
  insert into generation_words as existing (workspace_id, generation_id, created_at, words)
  select g.workspace_id, g.id, g.created_at, coalesce((
    select string_agg('''' || word || ''':' || 1 + (ordinal - 1) % 16383, ' ') from text_words(g.model || ' ' || g.prompt)
    where octet_length(word) < 2000
  ), '')::tsvector
  from (select * from generations where id = made offset 0) g
  on conflict (generation_id) do update set created_at = excluded.created_at, words = excluded.words
  where existing.created_at is null or existing.words <> excluded.words;
end
$$;

-- The days (UTC) before this one are summed up for the timelines of every workspace. Those from it on are counted.
create table timeline_state (
  singleton      boolean primary key default true check (singleton),
  summed_before  date not null default '-infinity'
);
insert into timeline_state default values;

-- How many generations of a day a list has that are not in the trash: the list of all (facet ''), and those of one kind, status or model, of
-- favourites and of generations with references (`kind:video`, `favourite`). Each number is of a quarter of an hour that has any, as time
-- zones differ by that: its number in the day, times 2^24, and the generations from the beginning of the day to its end.
create table timeline_days (
  workspace_id  uuid not null,
  facet         text not null,
  day           date not null,
  counts        integer[] not null,
  primary key (workspace_id, facet, day)
);

-- Days that are summed up and whose generations have changed since. They are counted until they are summed up again. A day may be here
-- several times: rows are only added, so that nobody waits for another.
create table timeline_changes (
  workspace_id  uuid not null,
  day           date not null
);
create index timeline_changes_day on timeline_changes (workspace_id, day);

-- Whoever sums up days has the lock for itself, so that it does not miss what is not committed yet. A transaction that began before its day
-- was over takes no lock, and has ended within the hour after which the day is summed up.
create function mark_timeline_day() returns trigger language plpgsql as $$
declare
  changed constant generation_documents := case tg_op when 'DELETE' then old else new end;
  changed_day constant date := (changed.created_at at time zone 'UTC')::date;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('darkroom timeline days', 0));
  insert into timeline_changes (workspace_id, day)
  select changed.workspace_id, changed_day from timeline_state
  where changed_day < summed_before
    and not exists (select from timeline_changes c where c.workspace_id = changed.workspace_id and c.day = changed_day);
  return null;
end
$$;
create trigger mark_inserted_day after insert on generation_documents
  for each row when (new.created_at < date_trunc('day', now(), 'UTC')) execute function mark_timeline_day();
create trigger mark_deleted_day after delete on generation_documents
  for each row when (old.created_at < date_trunc('day', now(), 'UTC')) execute function mark_timeline_day();
create trigger mark_updated_day after update on generation_documents
  for each row when (
    old.created_at < date_trunc('day', now(), 'UTC')
    and (old.deleted_at is null, old.status, old.kind, old.model, old.favourite, old.has_references)
      is distinct from (new.deleted_at is null, new.status, new.kind, new.model, new.favourite, new.has_references)
  ) execute function mark_timeline_day();
