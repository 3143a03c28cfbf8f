-- What waits for a person's decision: withheld rows of all runs, until they are approved and applied, rejected, or
-- withdrawn.

-- name: LoadWaiting :many
-- By whatever report it was withheld: they state the same facts. Only absence is of one report.
select p.run_id, p.code, p.type, p.verb, p.field, p.old, p.new, p.reason, p.undone, p.withheld, coalesce(p.since_run, p.run_id)::bigint as since_run
from plan_row p
join run r on r.id = p.run_id
where p.waits and p.code = any(@codes::text[]) and r.source = @source and (p.fact <> '' or r.report = @report)
order by p.run_id, p.code, p.field;

-- name: EndRows :exec
-- Takes rows off the list: the register or the profile says something else, or they wait on in this run.
update plan_row p set waits = false, decision = e.decision, decided_in = @run_id, decided_at = clock()
from (
    select unnest(@runs::bigint[]) as run_id, unnest(@codes::text[]) as code, unnest(@fields::text[]) as field,
        unnest(@decisions::text[]) as decision
) e
where p.run_id = e.run_id and p.code = e.code and p.field = e.field and p.waits;

-- name: WaitingGroups :many
-- What earlier runs withheld of the types that the report covers, counted as the guard measures it.
select p.type, p.verb, p.fact, p.undone, count(distinct p.code) as count
from plan_row p
join run r on r.id = p.run_id
where p.waits and p.run_id <> @run_id and r.source = @source and p.type = any(@types::text[])
    and (p.fact <> '' or r.report = @report)
group by p.type, p.verb, p.fact, p.undone;

-- name: RecountWaiting :exec
-- Keeps the number of rows that wait beside their run, of a run and of those whose rows it took off the list: counting
-- all that waits would cost a night in which nothing happens.
update run r set waiting = (select count(*) from plan_row p where p.run_id = r.id and p.waits)
where r.id = @run_id or r.id in (select d.run_id from plan_row d where d.decided_in = @run_id);

-- name: CountWaiting :one
select coalesce(sum(waiting), 0)::integer as waiting from run where waiting > 0 and source = @source and report = @report;

-- name: CountDecisions :many
-- What has become of what a run withheld.
select case when waits and decision = '' then 'waiting' else decision end::text as decision, count(*) as count
from plan_row
where run_id = @run_id and withheld <> ''
group by 1 order by 1;

-- name: SelectWaiting :many
-- The rows on which a decision is asked for: whole facts. Nobody is waited for who is changing them.
select p.run_id, p.code, p.field, p.digest
from plan_row p
join run r on r.id = p.run_id
left join profile l on l.code = p.code
where p.waits and p.decision = ''
    and (@run_id::bigint = 0 or p.run_id = @run_id)
    and (@report::text = '' or r.report = @report)
    and (@withheld::text = '' or p.withheld = @withheld)
    and (@fact::text = '' or p.fact = @fact or split_part(p.field, '/', 1) = @fact or (@fact = 'status' and p.verb = 'missing'))
    and (@type::text = '' or p.type = @type)
    and (@region::text = '' or l.region = @region)
    and (@icb::text = '' or l.icb = @icb)
    and (cardinality(@codes::text[]) = 0 or p.code = any(@codes::text[]))
order by p.run_id, p.code, p.field
for update of p nowait;

-- name: ListWaiting :many
-- Kind by kind; an address of another postcode comes before one that is only written in another way.
select p.run_id, r.report, p.code, coalesce(l.name, '') as name, p.type, p.verb, p.field, p.fact, p.old, p.new, p.withheld,
    coalesce(p.since_run, p.run_id)::bigint as since_run, s.created_at as since, r.actor, p.digest,
    p.decision, coalesce(case when p.decision <> '' then p.decided_in end, 0)::bigint as decided_in, p.decided_by
from plan_row p
join run r on r.id = p.run_id
join run s on s.id = coalesce(p.since_run, p.run_id)
left join profile l on l.code = p.code
where p.waits
    and (@run_id::bigint = 0 or p.run_id = @run_id)
    and (@report::text = '' or r.report = @report)
    and (@withheld::text = '' or p.withheld = @withheld)
    and (@fact::text = '' or p.fact = @fact or split_part(p.field, '/', 1) = @fact or (@fact = 'status' and p.verb = 'missing'))
    and (@type::text = '' or p.type = @type)
    and (@region::text = '' or l.region = @region)
    and (@icb::text = '' or l.icb = @icb)
    and (cardinality(@codes::text[]) = 0 or p.code = any(@codes::text[]))
order by p.run_id, p.verb, split_part(p.fact, '/', 1), bool_or(p.field = 'postcode') over (partition by p.run_id, p.code, p.fact) desc,
    p.code, p.field;

-- name: DecideRows :exec
-- A person's decision. Rows that were approved wait until the run that applies them has.
update plan_row p set decision = @decision, decided_in = nullif(@decided_in::bigint, 0), decided_by = @actor,
    decided_os_user = @os_user, decided_at = clock(),
    waits = @decision::text = 'approved'
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) d
where p.run_id = @run_id and p.code = d.code and p.field = d.field;

-- name: DecisionsOn :many
-- Who has decided on what is selected of what a run withheld, for the message to whoever comes second.
select p.decision, p.decided_by, coalesce(p.decided_in, 0)::bigint as decided_in, coalesce(d.undone_by, 0)::bigint as undone_by,
    count(*) as rows
from plan_row p
join run r on r.id = p.run_id
left join run d on d.id = p.decided_in
left join profile l on l.code = p.code
where p.withheld <> '' and p.decision <> ''
    and p.run_id = @run_id::bigint
    and (@report::text = '' or r.report = @report)
    and (@withheld::text = '' or p.withheld = @withheld)
    and (@fact::text = '' or p.fact = @fact or split_part(p.field, '/', 1) = @fact or (@fact = 'status' and p.verb = 'missing'))
    and (@type::text = '' or p.type = @type)
    and (@region::text = '' or l.region = @region)
    and (@icb::text = '' or l.icb = @icb)
    and (cardinality(@codes::text[]) = 0 or p.code = any(@codes::text[]))
group by p.decision, p.decided_by, p.decided_in, d.undone_by
order by count(*) desc, p.decided_in, p.decision;

-- name: CountUndecided :one
select count(*) from plan_row where run_id = @run_id and waits and decision = '';

-- name: LockDecided :exec
-- Nobody else decides on the run meanwhile. Nobody is waited for, either.
select from run where id = @run_id for no key update nowait;

-- name: DecisionOnShort :one
-- What has been decided on a short listing of which no row waits.
select r.rejected_by, coalesce(c.id, 0)::bigint as approved_in, coalesce(c.actor, '')::text as approved_by,
    exists (select from plan_row p where p.run_id = r.id and p.withheld <> '' and p.decision <> '')::boolean as rows_decided
from run r
left join lateral (
    select a.id, a.actor from run a
    where a.parent_id = r.id and a.kind = 'approve' and a.id <> @approval and a.state not in ('refused', 'failed') and a.undone_by is null
    order by a.id limit 1
) c on true
where r.id = @run_id;

-- name: RejectShort :exec
update run set rejected_by = @actor, rejected_os_user = @os_user, rejected_at = clock() where id = @run_id and rejected_by = '';

-- name: FinishApproval :exec
-- What an approval has applied, as far as it came, waits no longer. With offset 0 each row is looked up by its key,
-- whatever the statistics say.
update plan_row p set waits = false
from run a
where a.id = @run_id and p.decided_in = a.id and p.code <= a.applied_to and p.waits and exists (
    select from plan_row d where d.run_id = @run_id and d.code = p.code and d.field = p.field and not d.moved offset 0
);

-- name: ReleaseApproval :exec
-- What an approval did not apply waits for another decision.
update plan_row set decision = '', decided_in = null, decided_by = '', decided_os_user = '', decided_at = null
where decided_in = @run_id and waits;

-- name: EndUndone :exec
-- What a run that is undone withheld waits no longer; nor does what it had put back on the list, as an undo.
update plan_row p set waits = false, decision = 'undone', decided_in = @run_id, decided_by = '', decided_os_user = '', decided_at = clock()
where p.waits and (p.run_id = @parent_id or (p.decided_in = @parent_id and p.decision = ''));

-- name: WaitAgain :exec
-- What a run that is undone took off the list waits again, where nothing else waits of the fact by now. With offset 0 that
-- is looked up by the key of each row, whatever the statistics say.
update plan_row p set waits = true, decision = '', decided_in = @run_id, decided_by = '', decided_os_user = '', decided_at = null
from run r
where p.decided_in = @parent_id and p.decision in ('withdrawn', 'replaced', 'undone') and not p.waits and r.id = p.run_id
    and (p.decision = 'undone' or r.undone_by is null)
    and not exists (
        select from run o
        cross join lateral (select c.waits, c.fact from plan_row c where c.run_id = o.id and c.code = p.code offset 0) w
        where o.waiting > 0 and w.waits and w.fact = p.fact and o.source = r.source and (p.fact <> '' or o.report = r.report)
    );

-- name: MarkEnded :exec
-- What waited of a run until it was undone is proposed again, and withheld.
insert into mark (code, field, verdict, value, run_id, actor)
select p.code, case when p.verb = 'missing' and p.field = '' then 'missing' else p.field end, 'undone',
    case when p.verb = 'missing' and p.field <> '' then 'missing' else p.new end, @run_id::bigint, @actor
from plan_row p
join run r on r.id = p.run_id
where p.decided_in = @run_id and p.decision = 'undone' and r.undone_by is not null
order by p.code, p.field
on conflict on constraint mark_pkey do update
set value = excluded.value, run_id = excluded.run_id, actor = excluded.actor, at = clock(), lifted_in = null;

-- name: ForgetEnded :exec
-- What waits again, since the undo that ended its wait was undone, needs no mark.
delete from mark m
using plan_row p
where p.decided_in = @run_id and p.waits and p.decision = '' and m.run_id = @parent_id and m.verdict = 'undone' and m.code = p.code
    and m.field = case when p.verb = 'missing' and p.field = '' then 'missing' else p.field end;

-- name: AnyUndecided :one
select exists (select from plan_row where run_id = @run_id and waits and decision = '');

-- name: CountWithdrawn :one
select count(*) as withdrawn from plan_row where decided_in = @run_id and decision = 'withdrawn';

-- name: RejectRows :exec
insert into mark (code, field, verdict, value, run_id, actor)
select p.code, case when p.verb = 'missing' and p.field = '' then 'missing' else p.field end, 'rejected',
    case when p.verb = 'missing' and p.field <> '' then 'missing' else p.new end, p.run_id, @actor
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) d
cross join lateral (
    select w.run_id, w.code, w.field, w.verb, w.new from plan_row w
    where w.run_id = @run_id and w.code = d.code and w.field = d.field offset 0
) p
order by p.code, p.field
on conflict on constraint mark_pkey do update
set value = excluded.value, run_id = excluded.run_id, actor = excluded.actor, at = clock(), lifted_in = null;

-- name: CountWaitingByRun :many
-- What waits of each run and nobody has decided on, with one of the reasons.
select p.run_id, r.report, min(p.withheld)::text as withheld, count(*) as rows
from plan_row p
join run r on r.id = p.run_id
where p.decision = '' and p.waits
group by p.run_id, r.report
order by p.run_id;
