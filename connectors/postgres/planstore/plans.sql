-- Plans as people read them.

-- name: GetPlan :one
select p.kind, p.source, p.report, p.as_of, p.actor, p.os_user,
    (p.created_at >= clock() - interval '7 days' or p.as_of >= (clock() at time zone 'Europe/London')::date - 7)::boolean as kept
from plan p where p.id = @id;

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
