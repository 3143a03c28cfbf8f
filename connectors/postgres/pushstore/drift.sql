-- name: BeginDriftCheck :one
insert into drift_check (sink, actor, whole) values (@sink, @actor, @whole) returning id;

-- name: PushesToCheck :many
-- Accepted pushes with nothing pending: the next page of codes of one type, and the numbers that were accepted.
select p.code, p.sequence from push p join profile f using (code)
where p.sink = @sink and p.code > @after and p.state = 'accepted' and p.due_at is null and not p.unclear
    and (cardinality(@codes::text[]) = 0 or p.code = any(@codes::text[])) and f.type = @type
order by p.code limit @most;

-- name: StoreDrift :exec
-- Given up is what differed in each of the last three checks that repaired the profile, and was wanted there as it is now:
-- no other field is. What cannot be read is never repaired. An entry that is listed twice is one.
insert into drift (check_id, code, entry, field, want, shown, given_up)
select @check_id, d.code, d.entry, d.field, d.want, d.shown,
    d.field <> 'unreadable' and p.repairs >= 3 and 3 = (
        select count(*) from (
            select c.id from drift_check c
            where c.sink = @sink and c.id < @check_id and c.repaired > 0
                and exists (select from drift o where o.check_id = c.id and o.code = d.code and o.field <> 'unreadable')
            order by c.id desc limit 3
        ) repaired
        join drift o on o.check_id = repaired.id and o.code = d.code and o.entry = d.entry and o.field = d.field and o.want = d.want
    )
from (select unnest(@codes::text[]) as code, unnest(@entries::text[]) as entry, unnest(@fields::text[]) as field, unnest(@wants::text[]) as want, unnest(@showns::text[]) as shown) d
join push p on p.code = d.code and p.sink = @sink
on conflict on constraint drift_pkey do nothing;

-- name: MarkPushesSeen :exec
-- Nothing that can be read differs. A push of which only a part can be read was not seen, but its repairs had an effect.
with locked as (
    select q.code from push q where q.sink = @sink and q.code = any(@codes::text[]) order by q.code for update
)
update push p set seen_at = case when p.code = any(@partly::text[]) then p.seen_at else now() end, repairs = 0, reason = case p.state when 'accepted' then '' else p.reason end
from locked l
where p.sink = @sink and p.code = l.code;

-- name: EndDriftCheck :execrows
update drift_check set ended_at = now(), state = @state, checked = @checked, missing = @missing, drifted = @drifted, repaired = @repaired, waiting = @waiting, not_visible = @not_visible, reason = @reason
where id = @id and state = 'running';

-- name: DriftToRepair :many
-- A profile with nothing but differences that three repairs did not remove is not repaired again, but reported to people. So
-- is what cannot be read.
select distinct d.code from drift d where d.check_id = @check_id and not d.given_up and d.field <> 'unreadable' order by d.code;

-- name: NumbersOf :many
-- The numbers of pushes, which stay as they are until the end of the transaction.
select code, sequence from push where sink = @sink and code = any(@codes::text[]) order by code for update;

-- name: RetryWaiting :execrows
-- Tries again the pushes that wait for a person: the sink may show the same in all entries now.
with locked as (
    select q.code from push q
    where q.sink = @sink and q.state = 'waits' and (cardinality(@codes::text[]) = 0 or q.code = any(@codes::text[]))
    order by q.code for update
)
update push p set state = 'wanted', due_at = now()
from locked l
where p.sink = @sink and p.code = l.code;

-- name: ListDrift :many
select d.code, f.name, d.entry, d.field, d.want, d.shown, d.given_up
from drift d join profile f using (code)
where d.check_id = @check_id order by d.code, d.entry, d.field limit @most;

-- name: PruneDrift :exec
delete from drift_check where started_at < @before;

-- name: LastDriftChecks :many
-- The newest check of all profiles of each sink, also while it goes on.
select distinct on (sink) id, sink, state, actor, started_at, ended_at, checked, missing, drifted, repaired, waiting, not_visible, reason
from drift_check
where whole
order by sink, id desc;
