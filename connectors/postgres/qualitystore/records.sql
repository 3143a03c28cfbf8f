-- name: ListQuarantine :many
select q.source, q.report, q.code, q.line, q.field, q.value, q.reason, q.first_seen, q.last_seen
from quarantine q
where @report::text = '' or q.report = @report
order by q.last_seen desc, q.report, q.line limit @most;

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
