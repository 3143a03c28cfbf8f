-- Pushes that were refused or wait. A refusal of a closed profile leaves it open to the public.
select
    case when h.state = 'waits' then 'push-waits' when p.status = 'closed' then 'closure-refused' else 'push-refused' end as kind,
    h.code as subject, h.sink as about, h.code, p.icb as board, h.wanted_at as since,
    jsonb_build_object('sink', h.sink) as facts
from push h join profile p using (code)
where h.state in ('refused', 'waits')
