-- Up Migration

-- What belongs to people carries its workspace, and refers to other rows by it: a join cannot leave it. A studio that has one workspace
-- so far, as every one has before there are accounts, gets the column as a default, which rewrites no row. In any other the column is
-- filled from the row that it belongs to.
alter table generations add constraint generations_workspace_key unique (workspace_id, id);
alter table reference_images add constraint reference_images_workspace_key unique (workspace_id, id);

-- What concerns generations that are gone.
delete from backfill_failures f where not exists (select from generations g where g.id = f.generation_id);
create index backfill_failures_generation on backfill_failures (generation_id);

create function pg_temp.add_workspace(changed text, key_column text, owner text) returns void language plpgsql as $$
declare
  workspaces uuid[];
begin
  select array_agg(distinct w.id) into workspaces from (
    (select workspace_id from generations order by workspace_id limit 1)
    union (select workspace_id from generations order by workspace_id desc limit 1)
    union (select workspace_id from reference_images order by workspace_id limit 1)
    union (select workspace_id from reference_images order by workspace_id desc limit 1)
  ) w (id);
  if cardinality(workspaces) = 1 then
    execute format('alter table %I add column workspace_id uuid not null default %L', changed, workspaces[1]);
    execute format('alter table %I alter column workspace_id drop default', changed);
  else
    execute format('alter table %I add column workspace_id uuid', changed);
    execute format('update %I c set workspace_id = o.workspace_id from %I o where o.id = c.%I', changed, owner, key_column);
    execute format('alter table %I alter column workspace_id set not null', changed);
  end if;
  execute format('alter table %I add foreign key (workspace_id, %I) references %I (workspace_id, id) on delete cascade',
    changed, key_column, owner);
end
$$;

alter table generation_raw drop constraint generation_raw_generation_id_fkey;
alter table generation_jobs drop constraint generation_jobs_generation_id_fkey;
alter table generation_outputs drop constraint generation_outputs_generation_id_fkey;
alter table generation_references drop constraint generation_references_generation_id_fkey;
alter table generation_events drop constraint generation_events_generation_id_fkey;
alter table provider_calls drop constraint provider_calls_generation_id_fkey;
alter table backfill_manifest drop constraint backfill_manifest_generation_id_fkey;
alter table previews_due drop constraint previews_due_reference_id_fkey;

select pg_temp.add_workspace(name, 'generation_id', 'generations') from unnest(array[
  'generation_raw', 'generation_jobs', 'generation_outputs', 'generation_references', 'generation_events', 'provider_calls', 'rehosts',
  'backfill_manifest', 'backfill_failures']) name;
select pg_temp.add_workspace('previews_due', 'reference_id', 'reference_images');

alter table generation_documents
  drop constraint generation_documents_generation_id_fkey,
  add foreign key (workspace_id, generation_id) references generations (workspace_id, id) on delete cascade;
alter table generation_references
  drop constraint generation_references_reference_id_fkey,
  add foreign key (workspace_id, reference_id) references reference_images (workspace_id, id);

-- A generation that is purged has no row to refer to.
alter table purged_generations add column workspace_id uuid;
update purged_generations p set workspace_id = coalesce(
  (select c.workspace_id from call_costs c where c.generation_id = p.id limit 1), (select g.workspace_id from generations g limit 1));
delete from purged_generations where workspace_id is null;
alter table purged_generations alter column workspace_id set not null;

-- The key of an object begins with its workspace. That of another system names none.
alter table object_removals add column workspace_id uuid generated always as (
  case when key ~ '^w/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/' then substr(key, 3, 36)::uuid end) stored;

-- A message about a generation has its workspace; one about the whole studio has none. It may outlive the generation.
alter table outbox add column workspace_id uuid;
create function generation_workspace(generation uuid) returns uuid
  language sql stable return (select workspace_id from generations where id = generation);
create function message_workspace(subject text, payload jsonb) returns uuid language sql stable as $$
  select coalesce(generation_workspace((payload ->> 'id')::uuid), substring(subject from '^events\.([0-9a-f-]{36})\.generation$')::uuid)
  where payload ->> 'type' like 'generation.%'
$$;
update outbox set workspace_id = message_workspace(subject, payload) where payload ->> 'type' like 'generation.%';
delete from outbox where workspace_id is null and payload ->> 'type' like 'generation.%';
alter table outbox add constraint outbox_workspace check (workspace_id is not null or not coalesce(payload ->> 'type', '') like 'generation.%');

-- A statement that names no workspace, as those of the version before, writes that of the row it belongs to.
create function fill_workspace() returns trigger language plpgsql as $$
begin
  new.workspace_id := case tg_table_name
    when 'previews_due' then (select workspace_id from reference_images where id = (to_jsonb(new) ->> 'reference_id')::uuid)
    when 'purged_generations' then generation_workspace((to_jsonb(new) ->> 'id')::uuid)
    when 'outbox' then message_workspace(to_jsonb(new) ->> 'subject', to_jsonb(new) -> 'payload')
    else generation_workspace((to_jsonb(new) ->> 'generation_id')::uuid)
  end;
  return new;
end
$$;
create function pg_temp.fill_workspace_of(changed text, condition text) returns void language plpgsql as $$
begin
  execute format('create trigger fill_workspace before insert on %I for each row when (new.workspace_id is null%s)
    execute function fill_workspace()', changed, condition);
end
$$;
select pg_temp.fill_workspace_of(name, '') from unnest(array[
  'generation_raw', 'generation_jobs', 'generation_outputs', 'generation_references', 'generation_events', 'provider_calls', 'rehosts',
  'backfill_manifest', 'backfill_failures', 'previews_due', 'purged_generations']) name;
select pg_temp.fill_workspace_of('outbox', ' and new.payload ->> ''type'' like ''generation.%''');

-- The parent of a generation. `parent` is the text of what it was made from, which it still says when its parent is purged. The key is
-- null from then on; before, it cannot name a generation of nobody or of another workspace.
alter table generations
  add column parent_generation_id  uuid,
  add column parent_output_index   smallint check (parent_output_index >= 0),
  add column parent_verb           text;

-- What the documents show does not change here.
alter table generations disable trigger keep_document;
with child as materialized (
  select id, workspace_id, parent ->> 'verb' as verb,
    case when parent ->> 'outputIndex' ~ '^\d$' then (parent ->> 'outputIndex')::smallint end as output,
    case when parent ->> 'generationId' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (parent ->> 'generationId')::uuid end as parent
  from generations where parent is not null
)
update generations c set parent_generation_id = p.id, parent_output_index = o.index, parent_verb = child.verb
from child, generations p, generation_outputs o
where c.id = child.id and child.verb is not null and p.id = child.parent and p.workspace_id = child.workspace_id
  and o.generation_id = child.parent and o.index = child.output;
update generations c set parent_output_index = (c.parent ->> 'outputIndex')::smallint, parent_verb = c.parent ->> 'verb'
from purged_generations p
where c.parent is not null and c.parent_output_index is null and p.workspace_id = c.workspace_id
  and p.id::text = lower(c.parent ->> 'generationId') and c.parent ->> 'outputIndex' ~ '^\d$' and c.parent ->> 'verb' is not null;
alter table generations enable trigger keep_document;
-- A parent that was never there, or is none of this workspace.
update generations set parent = null, version = version + 1 where parent is not null and parent_output_index is null;
set constraints all immediate;

alter table generations
  add constraint generations_parent_key
    foreign key (workspace_id, parent_generation_id) references generations (workspace_id, id)
    on delete set null (parent_generation_id),
  add constraint generations_parent_text check (
    (parent is null) = (parent_output_index is null) and (parent is null) = (parent_verb is null)
    and (parent_generation_id is null or lower(parent ->> 'generationId') = parent_generation_id::text));
create index generations_parent_generation on generations (workspace_id, parent_generation_id) where parent_generation_id is not null;

-- The key follows from the text, so that no statement can write one without the other.
create function write_parent_key() returns trigger language plpgsql as $$
begin
  new.parent_generation_id := (new.parent ->> 'generationId')::uuid;
  new.parent_output_index := (new.parent ->> 'outputIndex')::smallint;
  new.parent_verb := new.parent ->> 'verb';
  return new;
end
$$;
create trigger write_parent_key before insert on generations
  for each row when (new.parent is not null) execute function write_parent_key();
create trigger rewrite_parent_key before update of parent on generations
  for each row when (new.parent is distinct from old.parent) execute function write_parent_key();

drop function pg_temp.add_workspace, pg_temp.fill_workspace_of;
