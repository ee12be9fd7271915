-- Up Migration

-- Returns whether a text is a data URL with a file: one with base64, or one of a picture, a film, a sound or a document. Prose that
-- begins with the word `data:` is none: after `base64,` it goes on with a short word and a blank. Only the beginning is looked at, as a
-- regular expression on the whole would take four times its memory.
create function is_file_url(given text) returns boolean
  language sql immutable strict parallel safe
  return left(given, 1000) ~* (
    '^[\s\uFEFF]*data:\s*('
    '([a-z0-9.+-]+/[a-z0-9.+-]+)?(\s*;\s*[a-z0-9-]+\s*=\s*("[^"]*"|[^;,"]*))*\s*;?\s*base64\s*,\s*(\S{20}|\S*\s*$|\S*[\r\n])'
    '|(image|video|audio|application)/[a-z0-9.+-]+(\s*;\s*(?!base64\s*,)[a-z0-9-]+(\s*=\s*("[^"]*"|[^;,"]*))?)*,)');

-- The rows that embed a file are marked when they are written. A query that finds them, whatever its plan, then reads no large value.
-- The data migration of the files marks those that are there.
alter table generation_raw add column has_file boolean not null default false;
drop index generation_raw_embedding;
create or replace function embeds_file(parameters jsonb) returns boolean
  language sql immutable strict parallel safe as $$
  select exists (
    select from jsonb_path_query(parameters, 'strict $.** ? (@.type() == "string")') as found (value)
    where is_file_url(value #>> '{}'))
$$;
create index generation_raw_files on generation_raw (created_at, generation_id) where has_file;

create function mark_file() returns trigger language plpgsql as $$
begin
  new.has_file := embeds_file(new.parameters);
  return new;
end
$$;
create trigger mark_file before insert or update of parameters on generation_raw
  for each row execute function mark_file();
