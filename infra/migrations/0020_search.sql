-- Up Migration

-- Search in every script. Texts are folded: case, accents, vowel marks and Unicode forms make no difference. Scripts that are written
-- without spaces have no words to look for; their characters are stored as overlapping pairs. An emoji is a word. A data migration
-- writes the rows that exist again; until then they are found by the words that they have.

-- Words in the order of the list, which is walked for words that are common; null until the data migration has written the row. A row is
-- compressed only above the size of a page, so that most words are tested as they are.
alter table generation_words add column created_at timestamptz;
alter table generation_words set (toast_tuple_target = 8160);
create index generation_words_newest on generation_words (workspace_id, created_at desc, generation_id desc);

-- Folds a text: its compatibility forms, case, accents of Latin, Greek and Cyrillic letters, vowel marks of Hebrew, Arabic and Syriac,
-- and characters without a shape. Marks of other scripts are parts of their letters and stay, as does the breve of the Cyrillic й.
create function folded_text(given text) returns text language plpgsql immutable parallel safe as $$
declare
  folded text;
begin
  if octet_length(given) = length(given) then
    return lower(given collate "C");
  end if;
  folded := replace(replace(normalize(given, nfkd), U&'\0438\0306', U&'\0439'), U&'\0418\0306', U&'\0419');
  folded := regexp_replace(folded collate "C", '[\u00AD\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7'
    '\u0610-\u061A\u061C\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u0711\u0730-\u074A'
    '\u0897-\u089F\u08CA-\u08E1\u08E3-\u08FF\u17B4\u17B5\u180B-\u180F\u1AB0-\u1AFF\u1DC0-\u1DFF\u200C-\u200F\u202A-\u202E'
    '\u2060-\u206F\u20D0-\u20FF\uFE00-\uFE0F\uFE20-\uFE2F\uFEFF\U000E0100-\U000E01EF]+', '', 'g');
  folded := casefold(folded collate pg_unicode_fast);
  -- Digits of other scripts; those of Arabic are below.
  if folded collate "C" ~ '[\u0966-\u096F\u09E6-\u09EF\u0A66-\u0A6F\u0AE6-\u0AEF\u0B66-\u0B6F\u0BE6-\u0BEF\u0C66-\u0C6F\u0CE6-\u0CEF\u0D66-\u0D6F\u0E50-\u0E59\u0ED0-\u0ED9\u0F20-\u0F29\u1040-\u1049\u17E0-\u17E9\u1810-\u1819]' then
    folded := translate(folded,
      U&'\0966\0967\0968\0969\096A\096B\096C\096D\096E\096F\09E6\09E7\09E8\09E9\09EA\09EB\09EC\09ED\09EE\09EF'
      '\0A66\0A67\0A68\0A69\0A6A\0A6B\0A6C\0A6D\0A6E\0A6F\0AE6\0AE7\0AE8\0AE9\0AEA\0AEB\0AEC\0AED\0AEE\0AEF'
      '\0B66\0B67\0B68\0B69\0B6A\0B6B\0B6C\0B6D\0B6E\0B6F\0BE6\0BE7\0BE8\0BE9\0BEA\0BEB\0BEC\0BED\0BEE\0BEF'
      '\0C66\0C67\0C68\0C69\0C6A\0C6B\0C6C\0C6D\0C6E\0C6F\0CE6\0CE7\0CE8\0CE9\0CEA\0CEB\0CEC\0CED\0CEE\0CEF'
      '\0D66\0D67\0D68\0D69\0D6A\0D6B\0D6C\0D6D\0D6E\0D6F\0E50\0E51\0E52\0E53\0E54\0E55\0E56\0E57\0E58\0E59'
      '\0ED0\0ED1\0ED2\0ED3\0ED4\0ED5\0ED6\0ED7\0ED8\0ED9\0F20\0F21\0F22\0F23\0F24\0F25\0F26\0F27\0F28\0F29'
      '\1040\1041\1042\1043\1044\1045\1046\1047\1048\1049\17E0\17E1\17E2\17E3\17E4\17E5\17E6\17E7\17E8\17E9'
      '\1810\1811\1812\1813\1814\1815\1816\1817\1818\1819',
      repeat('0123456789', 15));
  end if;
  -- Latin letters with a stroke, ligatures, and the letters and digits in which keyboards of the Arabic script differ.
  if folded collate "C" ~ '[\u00E6\u00F0\u00F8\u00FE\u0111\u0127\u0131\u0142\u0153\u0167\u0629\u0649\u0660-\u0669\u0671\u06A9\u06C1\u06CC\u06F0-\u06F9]' then
    folded := translate(folded,
      U&'\00F0\00F8\0111\0127\0131\0142\0167\0629\0649\0671\06A9\06C1\06CC\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'
      '\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9',
      U&'dodhilt\0647\064A\0627\0643\0647\064A01234567890123456789');
    folded := replace(replace(replace(folded, U&'\00E6', 'ae'), U&'\0153', 'oe'), U&'\00FE', 'th');
  end if;
  return normalize(folded, nfc);
end
$$;

-- Returns the words of a text with their positions. What is a `word` of a script with spaces, or an emoji, is one as a whole. Of a run of
-- characters of a script without spaces each character is one with the character that follows it (`pair`); the last one stands alone
-- (`end`), and so does a run of one (`single`). A text has 32,000 words at most: a tsvector has no more than 1 MB.
create function text_words(given text) returns table (word text, kind text, ordinal bigint)
  language plpgsql immutable parallel safe rows 100 as $$
declare
  folded text := left(folded_text(left(given, 100000)), 100000);
  -- Thai, Lao, Burmese, Hangul, Khmer, Tai, Balinese, Javanese, Han, kana, Bopomofo, Yi, Tangut.
  unspaced constant text := '\u0E01-\u0E3A\u0E40-\u0E4E\u0E50-\u0E59\u0E81-\u0EDF\u1000-\u1049\u1050-\u109F\u1100-\u11FF\u1780-\u17D3'
    '\u17D7\u17DC-\u17F9\u1950-\u19DF\u1A20-\u1A99\u1AA7\u1B00-\u1B59\u2E80-\u2FDF\u3005-\u3007\u3021-\u302F\u3031-\u3035\u303B\u303C'
    '\u3041-\u309F\u30A1-\u30FA\u30FC-\u30FF\u3105-\u318E\u31A0-\u31BF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\uA48C\uA960-\uA97C\uA980-\uA9C0'
    '\uA9CF-\uA9D9\uA9E0-\uA9FE\uAA60-\uAADD\uAC00-\uD7FB\uF900-\uFAFF\U00016FE0-\U00018DFF\U0001AFF0-\U0001B2FF\U00020000-\U0003FFFD';
  flag constant text := '\U0001F1E6-\U0001F1FF';
  tag constant text := '\U000E0020-\U000E007F';
  emoji constant text := '\u2194-\u2199\u21A9\u21AA\u2300-\u23FF\u25A0-\u27BF\u2934\u2935\u2B00-\u2BFF\U0001F000-\U0001F1E5\U0001F200-\U0001FAFF';
  -- Spaces, punctuation, other symbols, and private characters.
  separator constant text := '\u0001-/:-@\u005B-`\u007B-\u00BF\u00D7\u00F7\u02B9-\u02FF\u055A-\u055F\u0589-\u058F\u05BE\u05C0\u05C3\u05C6\u05F3'
    '\u05F4\u0600-\u060F\u061B-\u061F\u066A-\u066D\u06D4\u06DD\u06DE\u06E9\u0700-\u070F\u07F6-\u07F9\u0830-\u083E\u085E\u0964\u0965\u0970\u0DF4'
    '\u0E3F\u0E4F\u0E5A\u0E5B\u0F01-\u0F17\u0F3A-\u0F3D\u0F85\u0FBE-\u0FDA\u104A-\u104F\u10FB\u1360-\u1368\u1400\u166D\u166E\u1680\u169B\u169C'
    '\u16EB-\u16ED\u1735\u1736\u17D4-\u17D6\u17D8-\u17DB\u1800-\u180A\u1940-\u1945\u1AA0-\u1AA6\u1AA8-\u1AAD\u1B5A-\u1B6A\u1BFC-\u1BFF\u1C3B-\u1C3F'
    '\u1C7E\u1C7F\u1CC0-\u1CC7\u2000-\u206F\u20A0-\u20CF\u2100-\u2BFF\u2CF9-\u2CFF\u2E00-\u2E7F\u2FE0-\u3004\u3008-\u3020\u3030\u3036-\u303A'
    '\u303D-\u303F\u30A0\u30FB\u3190-\u319F\u31C0-\u31EF\u3200-\u33FF\u4DC0-\u4DFF\uA490-\uA4CF\uA4FE\uA4FF\uA60D-\uA60F\uA673\uA67E\uA6F2-\uA721'
    '\uA830-\uA839\uA874-\uA877\uA8CE\uA8CF\uA8F8-\uA8FA\uA92E\uA92F\uA95F\uA9C1-\uA9CE\uA9DA-\uA9DF\uAA5C-\uAA5F\uAADE\uAADF\uAAF0\uAAF1\uABEB'
    '\uD7FC-\uF8FF\uFD3E-\uFD4F\uFDFC-\uFDFF\uFE10-\uFE6F\uFFF0-\uFFFF\U0001D000-\U0001D3FF\U0001F000-\U0001FBFF\U000E0000-\U0010FFFF';
begin
  if octet_length(folded) = length(folded) then
    return query
      select t.w, 'word', row_number() over ()
      from string_to_table(regexp_replace(folded collate "C", '[^0-9a-z]+', ' ', 'g'), ' ') with ordinality as t (w, n)
      where t.w <> '' limit 32000;
    return;
  end if;
  return query
    with runs as materialized (
      select replace(m.found[1], U&'\200B', '') as run, m.n, m.found[1] collate "C" ~ ('^[' || unspaced || ']') as is_unspaced
      from regexp_matches(folded collate "C",
        '[' || unspaced || '][\u200B' || unspaced || ']*|[' || flag || ']{1,2}|[' || emoji || '][' || tag || ']*|[^' || unspaced || separator || ']+', 'g')
        with ordinality as m (found, n)
    ), characters as materialized (
      select run, n, is_unspaced, case when is_unspaced then string_to_array(run, null) else array[run] end as c from runs
    )
    select p.c || coalesce(p.following, ''),
      case when not s.is_unspaced then 'word' when p.following is not null then 'pair' when p.n = 1 then 'single' else 'end' end,
      row_number() over ()
    from characters s, unnest(s.c, s.c[2:]) with ordinality as p (c, following, n)
    limit 32000;
end
$$;

-- Returns the query for the words of a text that follow each other. Null if it has none. The end of a run of characters is part of the pair
-- before it, and a single character is the beginning of a pair. If the text is a beginning, so is its last word. A lexeme has at most 2,046
-- bytes: what is so long is no word.
create function phrase_query(prefix text, given text, is_beginning boolean) returns text language plpgsql immutable parallel safe as $$
declare
  query text := '';
  suffix text := '';
  before bigint;
  w record;
begin
  for w in select * from text_words(given) t where t.kind <> 'end' and octet_length(t.word) < 2000 loop
    query := query || suffix || case when before is null then '' else ' <' || w.ordinal - before || '> ' end || '''' || prefix || w.word || '''';
    suffix := case when w.kind = 'single' then ':*' else '' end;
    before := w.ordinal;
  end loop;
  return nullif(query || case when is_beginning and w.kind = 'word' then ':*' else suffix end, '');
end
$$;

-- Builds the query for texts of a workspace with every phrase and every prefix. Null, which finds nothing, if it would contain no word.
-- Its plans are kept, also those of the functions that it calls.
create or replace function search_query(workspace uuid, beginnings text[], phrases text[]) returns tsquery
  language plpgsql immutable parallel safe set plan_cache_mode to force_generic_plan as $$
declare
  prefix constant text := words_prefix(workspace);
  built text;
begin
  select string_agg('(' || part || ')', ' & ') into built from (
    select phrase_query(prefix, b, true) from unnest(beginnings) b
    union all
    select phrase_query(prefix, p, false) from unnest(phrases) p
  ) parts (part);
  return built::tsquery;
end
$$;

-- Returns the query for what all of the queries find. Null if there are none.
create function all_of(queries tsquery[]) returns tsquery language plpgsql immutable parallel safe as $$
declare
  whole tsquery;
  query tsquery;
begin
  foreach query in array queries loop
    whole := coalesce(whole && query, query);
  end loop;
  return whole;
end
$$;

-- Returns a query for each of the first 16 words of a query. (No word has a quote in it.)
create function query_words(looked_for tsquery) returns tsquery[] language sql immutable parallel safe as $$
  select array(select distinct word[1]::tsquery from regexp_matches(looked_for::text, '''[^'']+''(?::\*)?', 'g') word limit 16)
$$;

-- Returns which share of the newest 200 generations of a workspace each query finds. Null if there are none.
create function newest_shares(workspace uuid, queries tsquery[]) returns float[] language plpgsql stable parallel safe
  set enable_seqscan to off set enable_bitmapscan to off as $$
begin
  return (
    select array_agg(share order by n) from (
      select q.n, avg((newest.words @@ q.query)::int)::float as share
      from (
        select words from generation_words w where w.workspace_id = workspace order by w.created_at desc, w.generation_id desc limit 200
      ) newest, unnest(queries) with ordinality as q (query, n)
      group by q.n
    ) shares
  );
end
$$;

-- Returns the query to look up in the index for a search. The index reads every row of each word, and is slow for phrases. So those of the words
-- are looked up that few of the newest generations have, and the search itself is tested on what they find.
create function selective_query(words tsquery[], shares float[]) returns tsquery language plpgsql immutable parallel safe as $$
begin
  return coalesce(
    all_of(array(select w.query from unnest(words, shares) as w (query, share) where w.share < 0.015)),
    all_of(array(select w.query from unnest(words, shares) as w (query, share) where w.share < 0.5)),
    all_of(words));
end
$$;

-- Returns generations of a workspace that a search finds, at most `most`: a caller that gets that many knows that there are more. The planner
-- cannot estimate the selectivity of words, of prefixes least of all, so the index of words is always used: the search is tested by the
-- function of the operator, and the workspace by an operator, that no index is used for.
create or replace function found_by_words(workspace uuid, looked_for tsquery, most integer) returns setof uuid
  language plpgsql stable parallel safe rows 500 set enable_seqscan to off as $$
declare
  words constant tsquery[] := query_words(looked_for);
  looked_up constant tsquery := selective_query(words, case when cardinality(words) > 1 then newest_shares(workspace, words) end);
begin
  return query
    select w.generation_id from generation_words w
    where w.words @@ looked_up and ts_match_vq(w.words, looked_for) and w.workspace_id is not distinct from workspace limit most;
end
$$;

create or replace function found_by_common_words(workspace uuid, looked_for tsquery) returns setof uuid
  language sql stable parallel safe rows 50000 set enable_seqscan to off as $$
  select generation_id from generation_words where words @@ looked_for and workspace_id is not distinct from workspace
$$;

-- Returns whether a search finds so many generations of a workspace, 1 in 20 of the newest 200 or `most` of all, that walking the list is
-- faster than looking them up.
create function is_common_search(workspace uuid, looked_for tsquery, most integer) returns boolean language plpgsql stable parallel safe
  set enable_seqscan to off set enable_bitmapscan to off as $$
declare
  walked integer;
  matches integer;
begin
  select count(*), count(*) filter (where newest.words @@ looked_for) into walked, matches
  from (
    select w.words from generation_words w where w.workspace_id = workspace order by w.created_at desc, w.generation_id desc limit 200
  ) newest;
  return (walked = 200 and matches >= 10) or (select count(*) from found_by_words(workspace, looked_for, most)) = most;
end
$$;

-- Returns the places in the list of all that a search finds, by the index of words.
create function found_positions(workspace uuid, looked_up tsquery, looked_for tsquery)
  returns table (created_at timestamptz, generation_id uuid)
  language plpgsql stable parallel safe set plan_cache_mode to force_generic_plan set enable_seqscan to off as $$
begin
  return query
    select w.created_at, w.generation_id from generation_words w
    where w.words @@ looked_up and ts_match_vq(w.words, looked_for) and w.workspace_id is not distinct from workspace;
end
$$;

-- Returns the documents of the newest generations before a position of the list that a search finds, newest first. It is one statement whose
-- plans are kept: to plan several takes longer than to run them. The list is walked while it finds enough: of the first 100 generations 1 in 50
-- or, of a search for several common words, as many as their shares let expect. Otherwise the words are looked up. Returns null alone until
-- the data migration has written all words of the workspace.
create function newest_found(workspace uuid, looked_for tsquery, before timestamptz, before_id uuid, wanted integer) returns setof text
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
    if share < 0.02 then
      exit when cardinality(words) < 2;
      if shares is null then
        shares := newest_shares(workspace, words);
        share := case when 0.05 < all(shares) then (select exp(sum(ln(s))) from unnest(shares) s) else 0 end;
      end if;
      exit when share < 0.003;
    end if;
    steps := ceil(2 * (wanted - found_count) / share);
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

-- The model comes first, as of a long prompt only the beginning is stored. A position is 16,383 at most: those after it begin again.
create or replace function write_words(made uuid) returns void language plpgsql as $$
begin
  insert into generation_words as existing (workspace_id, generation_id, created_at, words)
  select g.workspace_id, g.id, g.created_at, coalesce((
    select string_agg('''' || g.prefix || word || ''':' || 1 + (ordinal - 1) % 16383, ' ') from text_words(g.model || ' ' || g.prompt)
    where octet_length(word) < 2000
  ), '')::tsvector
  from (select *, words_prefix(workspace_id) as prefix from generations where id = made offset 0) g
  on conflict (generation_id) do update set created_at = excluded.created_at, words = excluded.words
  where existing.created_at is null or existing.words <> excluded.words;
end
$$;

drop function workspace_phrase(uuid, text);
drop function workspace_words(uuid, text);
drop function plain_words(text);
