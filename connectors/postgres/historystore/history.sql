-- name: Parts :many
-- The parts of a profile, as the audit writes them.
select 'opening-times'::text as field, part_of(to_jsonb(o))::text as part from opening_period o where o.code = @code
union all
select 'dated-opening-times', part_of(to_jsonb(d))::text from dated_opening_period d where d.code = @code
union all
select 'facilities', part_of(to_jsonb(f))::text from facility f where f.code = @code
union all
select case s.source when 'ers' then 'ers-services' else 'services' end, part_of(to_jsonb(s))::text from service s where s.code = @code
union all
select 'service-texts', part_of(to_jsonb(t))::text from service_text t where t.code = @code;

-- name: Changes :many
-- The audit of a profile. The rows of a field, and of a part, were numbered in the order in which they were written.
select c.id, c.xid::text as transaction, c.at, c.field, coalesce(c.old, '')::text as old, coalesce(c.new, '')::text as new, c.actor,
    c.database_role, coalesce(c.run_id, 0)::bigint as run, c.reason
from change c
where c.code = @code
order by c.id;

-- name: TakenBack :many
-- Changes of a profile that people took back one by one.
select t.change_id, t.by_xid::text as transaction, t.actor, t.reason, t.at
from taken_back t join change c on c.id = t.change_id
where c.code = @code
order by t.change_id;

-- name: RunsBehind :many
-- The runs that wrote, withheld or were decided about something of a profile, and those that they speak of.
with recursive behind as (
    select c.run_id as id from change c where c.code = @code and c.run_id is not null
    union
    select m.run_id from mark m where m.code = @code
    union
    select p.run_id from plan_row p where p.code = @code and p.waits
    union
    select r.parent_id from behind b join run r on r.id = b.id where r.parent_id is not null
)
select r.id, r.kind, r.source, r.report, coalesce(r.layout, '')::text as layout, r.as_of, r.actor, coalesce(r.parent_id, 0)::bigint as parent,
    coalesce(r.started_at, r.created_at)::timestamptz as at
from behind b join run r on r.id = b.id
order by r.id;

-- name: WithheldOf :many
-- What some runs withheld of a profile.
select p.run_id, split_part(p.field, '/', 1)::text as field, p.old, p.new, p.withheld, p.waits, p.decision, coalesce(p.decided_in, 0)::bigint as decided_in,
    p.decided_by, p.decided_at
from plan_row p
where p.run_id = any(@runs::bigint[]) and p.code = @code and p.withheld <> '' and p.field <> ''
order by p.run_id, p.field;

-- name: ReasonsOf :many
-- Why some runs changed the fields of a profile.
select p.run_id, p.field, p.reason from plan_row p
where p.run_id = any(@runs::bigint[]) and p.code = @code and p.withheld = '' and not p.moved and p.field <> ''
order by p.run_id, p.field;

-- name: AheadOf :many
-- What some runs applied of a profile since it was approved ahead.
select o.run_id::bigint as run_id, o.field, v.plan_id, v.actor, v.created_at
from approved_ahead o join approval_ahead v on v.id = o.approval_id
where o.run_id = any(@runs::bigint[]) and o.code = @code and o.state = 'used'
order by o.approval_id desc;

-- name: HoldsOf :many
select coalesce(h.field, '')::text as field, coalesce(h.sink, '')::text as sink, h.until, h.reason, h.actor, h.at, h.removed_at,
    coalesce(h.removed_by, '')::text as removed_by
from hold h where h.code = @code
order by h.id;

-- name: ClosuresOf :many
-- What people said, confirmed and took back of the closure of a place.
select d.field, d.new::text as by, d.reason, d.at, coalesce((
        select s.new from decision_change s
        where d.field = 'confirmed_by' and s.about = d.about and s.xid = d.xid and s.field = 'successor' and s.new <> ''
    ), '')::text as successor
from decision_change d
where d.about = 'closure ' || @code::text and d.field in ('said_by', 'confirmed_by', 'taken_back_by') and d.new is not null
order by d.id;

-- name: PushesOf :many
select p.sink, p.route, p.state, p.reason, p.sequence, coalesce(p.sent, '{}')::jsonb as sent, p.sent_at, p.unclear, p.accepted_sequence,
    p.accepted_at, p.seen_at, p.left_out
from push p where p.code = @code
order by p.sink;

-- name: DriftOf :many
-- What the newest check that found a difference found in each sink, unless a later one saw it right.
select c.sink, c.started_at, d.entry, d.field, d.want, d.shown
from drift d
join drift_check c on c.id = d.check_id
left join push p on p.code = d.code and p.sink = c.sink
where d.code = @code and (p.seen_at is null or c.started_at > p.seen_at)
    and d.check_id = (select max(e.check_id) from drift e join drift_check f on f.id = e.check_id where e.code = d.code and f.sink = c.sink)
order by c.sink, d.entry, d.field;
