-- What the newest check of all profiles of each sink gave up repairing.
select 'drift-given-up' as kind, d.code as subject, concat_ws(' ', k.sink, d.field, nullif(d.entry, '')) as about, d.code, p.icb as board,
    null::timestamptz as since,
    jsonb_build_object('sink', k.sink, 'shows', case d.field
        when 'missing' then 'goes on not showing it at all'
        else 'goes on showing another value of ' || d.field || case d.entry when '' then '' else ' of ' || d.entry end || ' than was sent' end) as facts
from (
    select distinct on (sink) id, sink from drift_check where whole and ended_at is not null and state <> 'failed' order by sink, id desc
) k
join drift d on d.check_id = k.id
join profile p on p.code = d.code
where d.given_up
