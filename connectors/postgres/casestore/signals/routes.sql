-- Routes that are paused.
select 'sink-paused' as kind, sink || ' ' || route as subject, '' as about, '' as code, '' as board, paused_at as since,
    jsonb_build_object('sink', sink, 'route', route,
        'reason', case paused when 'unauthorized' then 'it does not accept our credentials' when 'down' then 'it does not answer' else paused end) as facts
from route
where paused <> ''
