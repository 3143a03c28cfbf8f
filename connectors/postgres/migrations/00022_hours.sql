-- +goose Up
-- Hours that no door keeps are refused where they are entered, and bank holidays are followed.

-- +goose StatementBegin
create function why_no_period(opens time, closes time) returns text
    language sql immutable set search_path = profilesync, pg_temp
as $$ select case
    when opens is null or closes is null then null
    when extract(second from opens) <> 0 or extract(second from closes) <> 0 then 'times have no seconds: give hours and minutes, as 09:00-17:30'
    when opens = '24:00' or closes = '24:00' then '24:00 is not a time here: midnight is 00:00, and a whole day 00:00-00:00'
    when opens = closes and opens <> '00:00' then 'it opens and closes at the same time: a whole day is 00:00-00:00; give another closing time, or remove the row'
    when opens = '23:59' and closes = '00:00' then 'it opens in the last minute of the day and closes at midnight: give an earlier opening time, or remove the row'
end $$;
comment on function why_no_period(time, time) is 'What is wrong with a period of opening and what to do; null if nothing is';

create function refuse_no_period() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$
declare
    why text := why_no_period(new.opens, new.closes);
begin
    if why is not null then
        raise check_violation using constraint = tg_argv[0], table = tg_table_name,
            message = format('opening times of %s, "%s %s-%s": %s', new.code, to_jsonb(new) ->> tg_argv[1],
                regexp_replace(new.opens::text, ':00$', ''), regexp_replace(new.closes::text, ':00$', ''), why);
    end if;
    return new;
end $$;
comment on function refuse_no_period() is 'Refuses a row of opening times that no sink could be told; rows from before stay until somebody writes them';
-- +goose StatementEnd

create trigger opening_period_is_a_period before insert or update on opening_period
    for each row execute function refuse_no_period('opening_period_is_a_period', 'day');
create trigger dated_opening_period_is_a_period before insert or update on dated_opening_period
    for each row execute function refuse_no_period('dated_opening_period_is_a_period', 'date');
comment on column opening_period.closes is 'Local closing time; before opens where the period crosses midnight, 00:00 where it ends with the day; 00:00 to 00:00 is a whole day';

comment on column drift.field is 'The field; missing for a profile that is not shown at all, unreadable for what makes no sense there';

alter table dispatch add column holidays text not null default '';
comment on column dispatch.holidays is 'The coming bank holidays that pushes were last asked for';
