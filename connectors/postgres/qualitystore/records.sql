-- name: ListQuarantine :many
-- A page, from the row behind which it begins: those last seen at the same time, then those seen before.
with page as (
    (
        select r.id from quarantine r
        where r.last_seen = @seen::timestamptz and (r.report, r.line, r.id) > (@after_report::text, @after_line::integer, @after_id::bigint)
            and (@report::text = '' or r.report = @report)
        order by r.report, r.line, r.id limit @most
    )
    union all
    (
        select r.id from quarantine r
        where r.last_seen < @seen::timestamptz and (@report::text = '' or r.report = @report)
        order by r.last_seen desc, r.report, r.line, r.id limit @most
    )
)
select q.source, q.report, q.code, q.line, q.field, q.value, q.reason, q.first_seen, q.last_seen, q.id
from page join quarantine q using (id)
order by q.last_seen desc, q.report, q.line, q.id limit @most;

-- name: ListContradictions :many
select u.source, u.report, u.code, coalesce(p.name, '') as name, coalesce(p.status, '') as status, coalesce(u.facts ->> 'closed', '')::text as closed
from upstream_record u left join profile p using (code)
where u.contradiction and (@report::text = '' or u.report = @report)
order by u.report, u.code;

-- name: ListFlags :many
select u.source, u.report, u.code, u.flag, p.name, p.status, coalesce(u.missing_since::text, '')::text as missing_since
from upstream_record u join profile p using (code)
where u.flag <> '' and (@report::text = '' or u.report = @report)
order by u.report, u.flag, u.code;
