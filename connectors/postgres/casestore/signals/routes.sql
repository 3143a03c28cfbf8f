-- Routes that are paused.
select 'sink-paused' as kind, sink || ' ' || route as subject, '' as about, '' as code, '' as board, paused_at as since,
    jsonb_build_object('sink', sink, 'route', route, 'reason', paused) as facts
from route
where paused <> ''
