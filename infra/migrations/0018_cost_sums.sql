-- Up Migration

-- The days (UTC) whose calls are summed up, so that usage and budgets of a month read few rows however many calls it has. A day is summed
-- up once it has been over for an hour; one that is not here, as today, is read call by call.
create table cost_days (
  day  date primary key
);

-- The sums of the calls of a day. An amount is what the provider reported, else what was estimated; nothing for a call that is not billed.
create table cost_sums (
  workspace_id     uuid not null,
  day              date not null references cost_days on delete cascade,
  connection       text not null,
  model            text not null,
  kind             text not null,
  currency         text not null,
  calls            integer not null,
  failed_calls     integer not null,
  unknown_calls    integer not null,
  unpriced_calls   integer not null,
  outputs          bigint not null,
  duration         interval not null,
  micros           bigint not null,
  reported_micros  bigint not null,
  failed_micros    bigint not null,
  -- Outputs that were asked for by calls that are billed, and those of them without a price.
  billed_count     bigint not null,
  unpriced_count   bigint not null,
  primary key (day, workspace_id, connection, model, kind, currency)
);

-- A call of a day that is over was written or changed, such as one whose bill was open: the day is read call by call until it is summed up
-- again. A process that sums up a day has the lock for itself, so that it does not miss what is not committed yet. A transaction that began
-- before the day was over takes no lock, and has ended within the hour.
create function reopen_cost_day() returns trigger
  language plpgsql as $$
  begin
    perform pg_advisory_xact_lock_shared(hashtextextended('darkroom cost days', 0));
    delete from cost_days where day = (new.made_at at time zone 'UTC')::date;
    return null;
  end $$;

create trigger reopen_cost_day after insert or update on call_costs for each row
  when (new.made_at < date_trunc('day', now(), 'UTC')) execute function reopen_cost_day();
