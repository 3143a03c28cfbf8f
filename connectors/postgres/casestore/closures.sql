-- name: SetWriter :exec
select set_config('profilesync.actor', @actor::text, true), set_config('profilesync.reason', @reason::text, true);

-- name: LockProfileToClose :one
-- Whoever writes the profile is waited for, and whoever says or confirms something of it. No row if there is no profile.
select status, hidden from profile where code = @code for update;

-- name: StandingClosure :one
-- No row if nobody has said that it has closed.
select code, said_at as said, said_by, reason, confirmed_at as confirmed, coalesce(confirmed_by, '')::text as confirmed_by, successor
from closure where code = @code and taken_back_at is null;

-- name: IsOpen :one
select exists (select from profile where code = @code and status <> 'closed' and not hidden) as open;

-- name: SayClosed :exec
insert into closure (code, said_by, reason) values (@code, @actor, @reason);

-- name: Hide :exec
update profile set hidden = true where code = @code and not hidden;

-- name: ConfirmClosed :execrows
update closure set confirmed_by = @actor::text, confirmed_at = clock(), reason = @reason, successor = @successor,
    hid_by = case when @hides::boolean then (select max(h.id) from change h where h.code = @code and h.field = 'hidden') end
where code = @code and taken_back_at is null and confirmed_at is null;

-- name: ShowAgain :exec
-- Only if nobody has changed it since the closure hid it.
update profile p set hidden = false
from closure c
where c.code = @code and c.taken_back_at is null and p.code = c.code and p.hidden
    and c.hid_by = (select max(h.id) from change h where h.code = c.code and h.field = 'hidden');

-- name: TakeClosedBack :execrows
update closure set taken_back_by = @actor::text, taken_back_at = clock(), reason = @reason
where code = @code and taken_back_at is null;

-- name: PushClosure :exec
-- Makes the pushes of the profile due: if it was hidden before, the audit of profiles shows nothing of its closure.
with locked as (
    select q.code, q.sink from push q where q.code = @code and q.state not in ('held', 'no-route') order by q.code, q.sink for update
), due as (
    update push p set state = 'wanted', wanted_at = now(), due_at = greatest(now(), p.not_before), asked = p.asked + 1
    from locked l
    where p.code = l.code and p.sink = l.sink
)
select pg_notify('profilesync_change', '');

-- name: Closures :many
-- Those that stand, or all; the newest first.
select c.code, c.said_at as said, c.said_by, c.reason, c.confirmed_at as confirmed, coalesce(c.confirmed_by, '')::text as confirmed_by,
    c.successor, c.taken_back_at as taken_back, coalesce(c.taken_back_by, '')::text as taken_back_by, p.name, p.status, s.state::text as state
from closure c
join profile p on p.code = c.code
cross join lateral (
    select case when c.taken_back_at is not null then 'taken-back' when c.confirmed_at is not null then 'confirmed' else 'said' end as state
) s
where (@code::text = '' or c.code = @code) and (@state::text = '' or s.state = @state) and (@taken_back::boolean or c.taken_back_at is null)
order by c.said_at desc, c.id desc
limit @most;
