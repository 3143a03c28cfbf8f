-- Plans that people were shown, kept for a week so that exactly that can be applied.

-- name: InsertPlan :one
insert into plan (kind, source, report, as_of, codes, upload_id, digest, summary, actor, os_user)
values (@kind, @source, @report, @as_of, @codes, nullif(@upload::bigint, 0), @digest, @summary, @actor, @os_user)
returning id;

-- name: PlanPage :many
select code, field, fact, type, verb, old, new, reason, withheld, digest from plan_row
where run_id = @run_id and (code, field) > (@after_code::text, @after_field::text)
order by code, field limit @most;

-- name: KeepChanges :copyfrom
insert into plan_change (plan_id, code, field, fact, type, verb, old, new, reason, withheld, digest)
values (@plan_id, @code, @field, @fact, @type, @verb, @old, @new, @reason, @withheld, @digest);

-- name: GetPlan :one
select p.kind, p.source, p.report, p.as_of, p.codes, coalesce(p.upload_id, 0)::bigint as upload, p.summary,
    (p.created_at >= clock() - interval '7 days')::boolean as kept,
    coalesce((select r.id from run r where r.plan_id = p.id and r.planned), 0)::bigint as applied_in
from plan p where p.id = @id;

-- name: CompareWithPlan :many
-- Where what a run is about to do is not what a kept plan shows, with the number of all such changes.
select coalesce(k.code, r.code)::text as code, coalesce(k.field, r.field)::text as field,
    coalesce(k.verb, '')::text as planned_verb, coalesce(k.old, '')::text as planned_old, coalesce(k.new, '')::text as planned_new,
    coalesce(k.withheld, '')::text as planned_withheld,
    coalesce(r.verb, '')::text as now_verb, coalesce(r.old, '')::text as now_old, coalesce(r.new, '')::text as now_new,
    coalesce(r.withheld, '')::text as now_withheld,
    (count(*) filter (where k.code is null) over ())::bigint as fresh,
    (count(*) filter (where r.code is null) over ())::bigint as gone,
    (count(*) filter (where k.code is not null and r.code is not null) over ())::bigint as other
from (select c.code, c.field, c.verb, c.old, c.new, c.withheld, c.digest from plan_change c where c.plan_id = @plan_id) k
full join (select p.code, p.field, p.verb, p.old, p.new, p.withheld, p.digest from plan_row p where p.run_id = @run_id) r
    on r.code = k.code and r.field = k.field
where k.digest is distinct from r.digest or k.withheld is distinct from r.withheld
order by 1, 2 limit @most;

-- name: PruneChanges :exec
-- Plans are kept for a week, or until a run that is to apply one has ended; rehearsals until a week after their day.
delete from plan_change c using plan p
where p.id = c.plan_id and p.created_at < clock() - interval '7 days'
    and (p.kind <> 'rehearsal' or p.as_of < (clock() at time zone 'Europe/London')::date - 7) and not exists (
    select from run r where r.plan_id = p.id and r.state in ('queued', 'running'));
