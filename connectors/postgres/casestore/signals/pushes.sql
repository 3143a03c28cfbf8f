-- Pushes that were refused or wait. While the sink has taken nothing since a profile was closed, by the register or by a
-- person who confirmed it, it may show it as open.
select
    case
        when h.state = 'waits' then 'push-waits'
        when (p.status = 'closed' or k.code is not null)
            and h.accepted_sequence < extract(epoch from coalesce(least(c.at, k.confirmed_at), p.updated_at)) * 1000 then 'closure-refused'
        else 'push-refused'
    end as kind,
    h.code as subject, h.sink as about, h.code, p.icb as board, h.wanted_at as since,
    jsonb_build_object('sink', h.sink,
        'day', to_char(least(c.at, k.confirmed_at) at time zone 'Europe/London', 'FMDD FMMonth YYYY')) as facts
from push h
join profile p using (code)
left join closure k on k.code = h.code and k.confirmed_at is not null and k.taken_back_at is null
cross join lateral (
    select max(c.at) as at from change c where p.status = 'closed' and c.code = p.code and c.field = 'status' and c.new = 'closed'
) c
where h.state in ('refused', 'waits')
