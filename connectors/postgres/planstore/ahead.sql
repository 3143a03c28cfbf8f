-- What people approve of rehearsals ahead.

-- name: LockPlan :exec
-- Two people who approve the same do so one after the other.
select from plan where id = @plan_id for no key update;

-- name: ListRehearsals :many
-- The rehearsals that are kept, the latest day first, with how many of their changes can be approved ahead, and are.
select p.id, p.source, p.report, p.as_of, p.actor, p.created_at,
    count(*) filter (where c.code is not null and coalesce(a.state, 'withdrawn') = 'withdrawn') as free,
    count(*) filter (where a.state = 'open') as approved
from plan p
left join plan_change c on c.plan_id = p.id and c.withheld not in ('', 'undone') and c.verb <> 'missing'
left join lateral (
    select o.state
    from approved_ahead o join approval_ahead h on h.id = o.approval_id
    where h.plan_id = c.plan_id and o.code = c.code and o.field = c.field
    order by o.approval_id desc limit 1
) a on true
where p.kind = 'rehearsal'
    and (p.created_at >= clock() - interval '7 days' or p.as_of >= (clock() at time zone 'Europe/London')::date - 7)
group by p.id order by p.as_of desc, p.id desc limit @most;

-- name: SelectRehearsed :many
-- What of a rehearsal can be approved ahead, in the order in which people read it, with the approvals of it that stand or
-- stood. Absence is a matter of the listing that comes, and what was undone needs a person then.
select c.code, coalesce(l.name, '')::text as name, c.type, c.verb, c.field, c.fact, c.old, c.new, c.withheld, c.digest,
    coalesce(a.state, '')::text as state, coalesce(a.actor, '')::text as actor, a.first_day, a.last_day,
    coalesce(a.run_id, 0)::bigint as run_id, coalesce(a.ended_by, '')::text as ended_by
from plan_change c
join plan p on p.id = c.plan_id
left join profile l on l.code = c.code
left join lateral (
    select o.state, o.run_id, o.ended_by, h.actor, h.first_day, h.last_day
    from approved_ahead o join approval_ahead h on h.id = o.approval_id
    where h.plan_id = c.plan_id and o.code = c.code and o.field = c.field
    order by o.approval_id desc limit 1
) a on true
where c.plan_id = @plan_id and c.withheld not in ('', 'undone') and c.verb <> 'missing'
    and (@report::text = '' or p.report = @report)
    and (@withheld::text = '' or c.withheld = @withheld)
    and (@fact::text = '' or c.fact = @fact)
    and (@type::text = '' or c.type = @type)
    and (@region::text = '' or l.region = @region)
    and (@icb::text = '' or l.icb = @icb)
    and (cardinality(@codes::text[]) = 0 or c.code = any(@codes::text[]))
order by c.withheld, c.verb, c.type, c.fact, bool_or(c.field = 'postcode') over (partition by c.code, c.fact) desc, c.code, c.field;

-- name: InsertApproval :one
insert into approval_ahead (plan_id, first_day, last_day, digest, actor, os_user)
values (@plan_id, @first_day, @last_day, @digest, set_config('profilesync.actor', @actor::text, true), @os_user)
returning id;

-- name: InsertApproved :exec
insert into approved_ahead (approval_id, code, field, fact, type, verb, old, new, digest)
select @to_approval, c.code, c.field, c.fact, c.type, c.verb, c.old, c.new, c.digest
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) d
join plan_change c on c.plan_id = @plan_id and c.code = d.code and c.field = d.field;

-- name: LockOpenOf :many
-- What is open of a rehearsal. Nobody is waited for: a run that is being planned may use it.
select o.approval_id
from approved_ahead o join approval_ahead h on h.id = o.approval_id
where h.plan_id = @plan_id and o.state = 'open'
for update of o nowait;

-- name: Withdraw :execrows
update approved_ahead o set state = 'withdrawn', ended_by = set_config('profilesync.actor', @actor::text, true), ended_at = clock()
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) d
where o.approval_id = @approval_id and o.code = d.code and o.field = d.field and o.state = 'open';

-- name: LoadOpen :many
-- What was approved ahead for a day. It is kept until the plan is sealed or given up: nobody withdraws it meanwhile.
select o.approval_id, o.code, o.type, o.verb, o.field, o.old, o.new
from approved_ahead o
join approval_ahead h on h.id = o.approval_id
join plan p on p.id = h.plan_id
where o.state = 'open' and o.code = any(@codes::text[]) and p.source = @source
    and h.first_day <= @as_of::date and h.last_day >= @as_of::date
order by o.approval_id, o.code, o.field
for share of o;

-- name: UseUp :exec
-- Each change is applied once, by however many approvals.
update approved_ahead o set state = 'used', run_id = @run_id::bigint, ended_at = clock()
from plan_row r
where r.run_id = @run_id::bigint and r.ahead_id is not null and o.state = 'open'
    and o.code = r.code and o.field = r.field and o.digest = r.digest;

-- name: CountAhead :many
select h.plan_id, h.actor, count(*) as count
from plan_row r join approval_ahead h on h.id = r.ahead_id
where r.run_id = @run_id and r.ahead_id is not null and r.withheld = '' and not r.moved
group by h.plan_id, h.actor order by h.plan_id, h.actor;

-- name: LockOpenValues :many
select o.approval_id
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) d
join approved_ahead o on o.code = d.code and o.field = d.field
where o.state = 'open'
for update of o nowait;

-- name: EndRejected :exec
-- A value that a person rejects is approved ahead no longer.
update approved_ahead o set state = 'rejected', ended_by = set_config('profilesync.actor', @actor::text, true), ended_at = clock()
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) d
cross join lateral (
    select w.new from plan_row w where w.run_id = @run_id and w.code = d.code and w.field = d.field offset 0
) r
where o.approval_id = @approval_id and o.code = d.code and o.field = d.field and o.state = 'open' and o.new = r.new;

-- name: EndUndone :exec
-- Nor is a value that an undo takes back.
update approved_ahead o set state = 'undone', run_id = @run_id::bigint, ended_at = clock()
from plan_row r
where r.run_id = @run_id::bigint and r.code > @after::text and r.code <= @upto::text and not r.moved
    and o.state = 'open' and o.code = r.code and o.field = r.field and o.new = r.old;
