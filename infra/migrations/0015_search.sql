-- Up Migration

-- Words are stored once more, each with the prefix of its workspace. The words of all workspaces are in one index, in their order: a
-- search, that of a beginning too, reads those of its own workspace alone, and takes as long whatever the others have written. (A
-- column of its own in the index would not do: it is combined with the words only after the rows of both are read.)
truncate generation_words;
-- The data migration of the words fills the table again.
alter table generation_words add column workspace_id uuid not null;
alter table generation_words
  drop constraint generation_words_generation_id_fkey,
  add foreign key (workspace_id, generation_id) references generations (workspace_id, id) on delete cascade;

-- Without a list of pending entries: every search would read it, and with it what other workspaces have just written.
drop index generation_words_words;
create index generation_words_words on generation_words using gin (words) with (fastupdate = off);

drop function found_by_words(tsquery, integer);
drop function found_by_common_words(tsquery);
drop function search_query(text[], text[]);

-- Finds what a user has uploaded again, and what is in the trash of a workspace, without a look at the rows of others.
drop index generation_outputs_sha256;
create index generation_outputs_sha256 on generation_outputs (workspace_id, sha256) where sha256 is not null;
create index generations_trash_workspace on generations (workspace_id, deleted_at) where deleted_at is not null;

-- Returns the prefix of a workspace's words: 60 bits, all of the same length, so that none is the beginning of another.
create function words_prefix(workspace uuid) returns text
  language sql immutable parallel safe
  return left(encode(sha256(uuid_send(workspace)), 'base64'), 10);

-- Returns the words of a text as quoted lexemes with the prefix of the workspace, each with its positions. A lexeme has at most 2,046
-- bytes: what is so long is no word.
create function workspace_words(workspace uuid, given text) returns table (word text, positions smallint[])
  language sql immutable parallel safe as $$
  select '''' || replace(replace(words_prefix(workspace) || lexeme, '\', '\\'), '''', '''''') || '''', positions
  from unnest(to_tsvector('simple', plain_words(given))) where octet_length(lexeme) < 2000
$$;

-- Returns the words of a text that follow each other. Null if it has none.
create function workspace_phrase(workspace uuid, given text) returns text
  language sql immutable parallel safe as $$
  select string_agg(word, ' <-> ' order by position)
  from workspace_words(workspace, given), unnest(positions) position
$$;

-- Builds the query for texts of a workspace with every phrase and every prefix. Null, which finds nothing, if it would contain no word.
create function search_query(workspace uuid, beginnings text[], phrases text[]) returns tsquery
  language sql immutable parallel safe as $$
  select string_agg(part, ' & ')::tsquery from (
    select '(' || workspace_phrase(workspace, b) || ':*)' from unnest(beginnings) b
    union all
    select '(' || workspace_phrase(workspace, p) || ')' from unnest(phrases) p
  ) parts (part)
$$;

-- Returns generations of a workspace with these words, at most `most`: a caller that gets that many knows that the words are common.
-- The planner cannot estimate the selectivity of words, of prefixes least of all, so the index is always used.
create function found_by_words(workspace uuid, looked_for tsquery, most integer) returns setof uuid
  language sql stable parallel safe rows 500 set enable_seqscan to off as $$
  select generation_id from generation_words where words @@ looked_for and workspace_id = workspace limit most
$$;

-- Returns all generations of a workspace with these words, for words that are common. With so many rows expected they are joined at
-- once, instead of each being looked up.
create function found_by_common_words(workspace uuid, looked_for tsquery) returns setof uuid
  language sql stable parallel safe rows 50000 set enable_seqscan to off as $$
  select generation_id from generation_words where words @@ looked_for and workspace_id = workspace
$$;

create or replace function write_words(made uuid) returns void language plpgsql as $$
begin
  insert into generation_words (workspace_id, generation_id, words)
  select g.workspace_id, g.id, coalesce((
    select string_agg(word || ':' || array_to_string(positions, ','), ' ')
    from workspace_words(g.workspace_id, left(g.prompt, 100000) || ' ' || g.model)
  ), '')::tsvector
  from generations g where g.id = made
  on conflict (generation_id) do update set words = excluded.words;
end
$$;
