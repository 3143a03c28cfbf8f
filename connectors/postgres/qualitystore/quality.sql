-- name: BeginQualityCheck :one
insert into quality_check (actor, whole) values (@actor, @whole) returning id;

-- name: PharmaciesToCheck :many
-- The next page of codes. DoS has had time to apply what it accepted if nothing is pending and a quarter of an hour passed.
select p.code,
    coalesce(p.state = 'accepted' and p.due_at is null and p.job_id is null and not p.unclear
        and p.accepted_at < now() - interval '15 minutes', false)::boolean as settled
from push p join profile f using (code)
where p.sink = 'dos' and p.code > @after and p.state <> 'no-route'
    and (cardinality(@codes::text[]) = 0 or p.code = any(@codes::text[])) and f.type = 'pharmacy'
order by p.code limit @most;

-- name: EndQualityCheck :execrows
update quality_check set ended_at = now(), state = @state, checked = @checked, unreadable = @unreadable, reason = @reason
where id = @id and state = 'running';

-- name: LockFindings :exec
-- Checks that end at the same time, and the report, write findings one after the other.
select pg_advisory_xact_lock(hashtextextended('profilesync quality', 0));

-- name: StoreFindings :many
-- Stores what a check found, each finding once, and returns what is new or has come back. What a newer check said about a
-- finding stays.
with found as (
    select unnest(@codes::text[]) as code, unnest(@kinds::text[]) as kind, unnest(@services::text[]) as service,
        unnest(@abouts::text[]) as about, unnest(@details::text[]) as detail, unnest(@owners::text[]) as owner
), stored as (
    insert into quality_finding as f (code, kind, service, about, detail, owner, first_check, last_check)
    select distinct on (n.code, n.kind, n.service, n.about) n.code, n.kind, n.service, n.about, n.detail, n.owner, @check_id, @check_id
    from found n
    order by n.code, n.kind, n.service, n.about
    on conflict on constraint quality_finding_pkey do update set
        detail = excluded.detail, owner = excluded.owner, last_seen = excluded.last_seen, last_check = excluded.last_check,
        first_seen = case when f.gone_at is null then f.first_seen else excluded.first_seen end,
        first_check = case when f.gone_at is null then f.first_check else excluded.first_check end,
        report_id = case when f.gone_at is null then f.report_id end,
        gone_at = null
    where f.last_check <= excluded.last_check
    returning f.code, f.kind, f.service, f.about, f.detail, f.first_check
)
select code, kind, service, about, detail from stored
where first_check = @check_id
order by code, kind, service, about;

-- name: EndFindings :execrows
-- Marks what a check did not find again as gone, among the pharmacies and kinds that it could check.
with unchecked as (
    select unnest(@unchecked::text[]) as code, unnest(@kinds::text[]) as kinds
)
update quality_finding f set gone_at = clock(), last_check = @check_id
where f.gone_at is null and f.last_check < @check_id
    and (cardinality(@codes::text[]) = 0 or f.code = any(@codes::text[]))
    and not exists (select from unchecked u where u.code = f.code and f.kind = any(string_to_array(u.kinds, ' ')));

-- name: CountOpen :one
select count(*) from quality_finding f
where f.gone_at is null and (cardinality(@codes::text[]) = 0 or f.code = any(@codes::text[]));

-- name: ListFindings :many
select f.code, coalesce(p.name, '') as name, f.kind, f.service, f.about, f.detail, f.owner, f.first_seen, f.last_seen, f.gone_at
from quality_finding f left join profile p using (code)
where (@gone::boolean or f.gone_at is null) and (@kind::text = '' or f.kind = @kind) and (@owner::text = '' or f.owner = @owner)
    and (@code::text = '' or f.code = @code)
order by array_position(@kinds::text[], f.kind), f.code, f.service, f.about limit @most;

-- name: PruneQualityChecks :exec
delete from quality_check where started_at < @before and state <> 'running';

-- name: PruneFindings :exec
delete from quality_finding where gone_at < @before;
