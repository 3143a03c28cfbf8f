-- What the quality checks found.
select 'dos-' || f.kind as kind, f.code as subject, concat_ws(' ', nullif(f.service, ''), nullif(f.about, '')) as about, f.code,
    coalesce(p.icb, '') as board, f.first_seen as since,
    jsonb_build_object('check', f.kind, 'detail', concat_ws(': ', nullif(f.service, ''), nullif(f.about, ''), f.detail)) as facts
from quality_finding f left join profile p using (code)
where f.gone_at is null
