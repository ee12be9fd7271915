-- Up Migration

-- `instead_of`: the generation in whose place this one was made, because that one waited for its connection or had failed by it, and the
-- model that it was for. `ran_model`: the model that really ran, by its provider's name, where it was another than the one asked for.
alter table generations add column instead_of jsonb, add column ran_model text check (length(ran_model) between 1 and 200);

-- The model by which that is made which waits a minute for a connection: a rule that a person has set.
alter table connections add column failover_model text check (length(failover_model) between 1 and 200);
