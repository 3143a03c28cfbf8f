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

-- name: ShowPlan :many
-- The changes of a plan in the order in which people read them: kind by kind, and of each kind the first profiles. An
-- address of another postcode comes before one that is only written in another way. With 0 for most, all of them.
with kinds as (
    select c.code, c.field, c.withheld, c.verb, c.type, split_part(c.fact, '/', 1)::text as fact, c.old, c.reason,
        case c.verb when 'create' then '' else c.new end::text as new,
        case c.verb when 'create' then c.new::jsonb ->> 'name' end as new_name,
        case c.verb when 'create' then 1 when 'close' then 2 when 'missing' then 3 when 'reopen' then 4 when 'dormant' then 5 else 6 end as place,
        bool_or(c.field = 'postcode') over (partition by c.code, c.verb, c.fact) as moves
    from plan_change c where c.plan_id = @plan_id
), ranked as (
    select k.*, dense_rank() over (partition by k.withheld, k.verb, k.type, k.fact order by k.moves desc, k.code) as rank
    from kinds k
), counted as (
    select r.*, max(r.rank) over (partition by r.withheld, r.verb, r.type, r.fact) as profiles
    from ranked r
)
select s.code, coalesce(p.name, s.new_name, '')::text as name, s.type, s.verb, s.field, s.fact, s.old, s.new, s.reason, s.withheld,
    s.profiles::bigint as profiles
from counted s
left join profile p on p.code = s.code
where @most::bigint = 0 or s.rank <= @most::bigint
order by s.withheld = '', s.withheld, s.place, s.type, s.fact, s.moves desc, s.code, s.field;

-- name: ChangesPage :many
select c.code, coalesce(p.name, case c.verb when 'create' then c.new::jsonb ->> 'name' end, '')::text as name,
    c.type, c.verb, c.field, c.old, c.new, c.reason, c.withheld
from plan_change c
left join profile p on p.code = c.code
where c.plan_id = @plan_id and (c.code, c.field) > (@after_code::text, @after_field::text)
order by c.code, c.field limit @most;

-- name: PruneChanges :exec
-- Plans are kept for a week, or until a run that is to apply one has ended.
delete from plan_change c using plan p
where p.id = c.plan_id and p.created_at < clock() - interval '7 days' and not exists (
    select from run r where r.plan_id = p.id and r.state in ('queued', 'running'));
