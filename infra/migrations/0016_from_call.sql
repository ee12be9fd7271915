-- Up Migration

-- Whether the URL of an output is one that a call of this studio was answered. Only such a URL may lead to the private addresses of a
-- provider; the URL of an imported row may not, whatever becomes of its generation. The statement that records an answer sets it.
alter table generation_outputs add column from_call boolean not null default false;

update generation_outputs o set from_call = true
where o.state in ('saving', 'temporary', 'lost', 'deleted') and o.provider_url is not null
  and exists (
    select from provider_calls c
    where c.generation_id = o.generation_id and o.index >= c.first_index and o.index < c.first_index + c.count)
  and not exists (select from generation_events e where e.generation_id = o.generation_id and e.detail = 'imported');
