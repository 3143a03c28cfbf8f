-- Stated fields that a sink does not take.
select 'field-unsent' as kind, h.code as subject, h.sink || ' ' || x.field as about, h.code, p.icb as board, min(x.since) as since,
    jsonb_build_object('sink', h.sink, 'field', x.field) as facts
from push h join profile p using (code)
cross join lateral jsonb_to_recordset(h.left_out) as x (field text, since timestamptz)
where h.left_out <> '[]'
group by h.code, h.sink, x.field, p.icb
