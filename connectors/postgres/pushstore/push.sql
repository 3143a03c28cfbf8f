-- name: LoadPushes :many
-- Everything that decides what the sink should show, and the state of the push. Seconds other than 00 stay, so that nobody
-- takes such a time for another.
select p.code, p.name, array_to_string(p.address, e'\n')::text as address, p.postcode, p.type, array_to_string(p.roles, '|')::text as roles,
    p.status, p.parent, p.commissioner, p.icb, p.region, p.successor, p.phone, p.email, p.website, p.description, p.hidden, p.kind,
    coalesce((select string_agg(o.day || ' ' || regexp_replace(o.opens::text, ':00$', '') || '-' || regexp_replace(o.closes::text, ':00$', ''), e'\n' order by array_position('{mon,tue,wed,thu,fri,sat,sun,bank-holiday}', o.day), o.opens)
        from opening_period o where o.code = p.code), '')::text as opening_times,
    coalesce((select string_agg(to_char(d.date, 'YYYY-MM-DD') || ' ' || coalesce(regexp_replace(d.opens::text, ':00$', '') || '-' || regexp_replace(d.closes::text, ':00$', ''), 'closed'), e'\n' order by d.date, d.opens)
        from dated_opening_period d where d.code = p.code), '')::text as dated_opening_times,
    coalesce((select string_agg(facility_line(f.name, f.value), e'\n' order by f.name collate "C") from facility f where f.code = p.code), '')::text as facilities,
    coalesce((select string_agg(coalesce(nullif(s.nhs_code, ''), '-') || ' ' || translate(s.name, e'\r\n', '  '), e'\n' order by s.nhs_code collate "C", s.name collate "C")
        from service s where s.code = p.code and s.source = 'editor' and not s.withdrawn), '')::text as services,
    coalesce((select string_agg(s.external_id || ' ' || translate(s.name, e'\r\n', '  '), e'\n' order by s.external_id || ' ' || s.name collate "C")
        from service s where s.code = p.code and s.source = 'ers' and not s.withdrawn), '')::text as ers_services,
    exists (select 1 from service s where s.code = p.code and s.source = 'ers') as has_ers_services,
    coalesce((select jsonb_object_agg(o.field, e.at) from field_owner o cross join lateral (
        select c.at from change c where c.code = p.code and c.field = o.field and c.run_id is null order by c.at desc limit 1) e
        where o.owner = 'editor'), '{}')::jsonb as edited,
    coalesce((select array_agg(h.field) from hold h where h.code = p.code and h.field is not null
        and h.removed_at is null and (h.until is null or h.until >= @today::date)), '{}')::text[] as held,
    exists (select 1 from hold h where h.code = p.code and h.sink = q.sink
        and h.removed_at is null and (h.until is null or h.until >= @today::date)) as sink_held,
    exists (select 1 from closure c where c.code = p.code and c.confirmed_at is not null and c.taken_back_at is null) as closed_in_reality,
    coalesce(s.paused, '') as paused, q.wanted_at, q.forced, q.overwrite, q.failures, q.repairs, q.sequence, q.sent, q.sent_own, q.unclear, q.accepted_own, q.accepted_sequence, q.version,
    q.left_out, q.holidays, q.asked, (q.restored or (select d.place <> this_place() from dispatch d))::boolean as restored, coalesce(q.job_id, 0)::bigint as job_id
from push q join profile p using (code) left join route s on s.sink = q.sink and s.route = q.route
where q.sink = @sink and q.code = any(@codes::text[])
order by p.code;

-- name: KnownHolidays :one
-- Every bank holiday that was ever known, separated by spaces.
select coalesce(string_agg(h.date::text, ' ' order by h.date), '')::text as days from holiday h;

-- name: StagePushes :many
-- Gives each push the next sequence number of its profile, and stores what is about to be sent under it; only if that job
-- carries the push and the push has the number that the job knows. If it has another number but identical content, an
-- earlier try of this call staged it, and it keeps that number. What the push will overwrite although nobody stated it is
-- stored with a new number. Every statement that writes several pushes locks them in the order of codes, so that they
-- cannot deadlock.
with staged as (
    select unnest(@codes::text[]) as code, unnest(@jobs::bigint[]) as job, unnest(@lasts::bigint[]) as last,
        unnest(@floors::bigint[]) as floor, unnest(@sents::jsonb[]) as sent, unnest(@owns::bytea[]) as own,
        unnest(@overwrites::jsonb[]) as overwrites, unnest(@holidays::text[]) as holidays
), locked as (
    select p.code, p.job_id, p.sequence, p.sent, p.sent_own from push p
    where p.sink = @sink and p.code = any(@codes::text[]) order by p.code for update
), ours as (
    select t.code, t.job, t.floor, t.sent, t.own, t.overwrites, t.holidays, l.sequence, l.sequence <> t.last as before
    from staged t join locked l on l.code = t.code and l.job_id = t.job
    where l.sequence = t.last or (l.sent_own = t.own and l.sent = t.sent)
), numbered as (
    insert into push_sequence as n (code, last)
    select o.code, greatest((extract(epoch from clock_timestamp()) * 1000)::bigint, o.floor + 1)
    from ours o where not o.before
    order by o.code
    on conflict (code) do update set last = greatest(n.last + 1, excluded.last)
    returning n.code, n.last
), overwritten as (
    insert into push_overwrite (code, sink, sequence, entry, field, before, after)
    select o.code, @sink, n.last, x.entry, x.field, x.before, x.after
    from ours o join numbered n using (code)
    cross join lateral jsonb_to_recordset(o.overwrites) as x (entry text, field text, before text, after text)
    on conflict on constraint push_overwrite_pkey do nothing -- a sink that names two entries alike
), written as (
    update push p set sequence = n.last, sent = o.sent, sent_own = o.own, holidays = o.holidays, sent_at = now(), unclear = true, restored = false
    from ours o join numbered n using (code)
    where p.code = o.code and p.sink = @sink and p.code = any(@codes::text[])
    returning p.code, p.sequence
)
select o.code::text as code, o.job::bigint as job, coalesce(w.sequence, o.sequence)::bigint as sequence from ours o left join written w using (code);

-- name: RecordOutcomes :many
-- Records the outcomes of pushes, each only if its job still carries the push and the push has the number that the job
-- knows: it may have been found lost, queued again or staged again. A push that became due again meanwhile stays due, but
-- not earlier than the sink asked for, and keeps the route and state that the dispatcher gave it.
with settled as (
    select x ->> 'code' as code, (x ->> 'job')::bigint as job, x ->> 'route' as route, x ->> 'state' as state, x ->> 'answer' as answer,
        (x ->> 'status')::integer as status, x ->> 'reason' as reason, (x ->> 'sequence')::bigint as sequence, (x ->> 'own')::bytea as own,
        (x ->> 'taken')::bigint as taken, x ->> 'version' as version, (x ->> 'unclear')::boolean as unclear,
        (x ->> 'failures')::integer as failures, (x ->> 'wait_ms')::bigint * interval '1 millisecond' as wait,
        (x ->> 'took_ms')::integer as took_ms, (x ->> 'asked')::bigint as asked, x -> 'left_out' as left_out
    from jsonb_array_elements(sqlc.arg(settled)::jsonb) as x
), locked as (
    select p.code, p.job_id, p.sequence, p.settled_job from push p
    where p.sink = @sink and p.code = any(@codes::text[]) order by p.code for update
), ours as (
    select x.* from settled x join locked l on l.code = x.code and l.job_id = x.job and l.sequence = x.sequence
), ledger as (
    insert into push_attempt (code, sink, sequence, took_ms, answer, status, reason)
    select x.code, @sink, x.sequence, x.took_ms, x.answer, x.status, x.reason from ours x where x.answer <> '' order by x.code
), done as (
    update push p set
        job_id = null,
        settled_job = x.job,
        route = case when p.due_at is not null or p.state = 'no-route' then p.route else x.route end,
        state = case when p.due_at is not null then 'wanted' when p.state = 'no-route' then p.state else x.state end,
        due_at = case when p.state = 'no-route' then null when x.state <> 'wanted' or x.answer = 'unread' and p.due_at is not null then p.due_at else greatest(p.due_at, now() + x.wait) end,
        not_before = case when x.state = 'wanted' and x.wait > interval '0' and x.answer <> 'unread' then now() + x.wait end,
        forced = p.forced and (x.state in ('wanted', 'waits') or p.due_at is not null),
        overwrite = p.overwrite and (x.state = 'wanted' or p.due_at is not null),
        failures = x.failures,
        left_out = x.left_out,
        reason = case when x.answer = '' and x.state = 'wanted' then p.reason else x.reason end, -- nothing was sent
        unclear = x.unclear,
        restored = p.restored and x.state in ('wanted', 'waits', 'held'),
        accepted_own = case when x.own is not null then x.own else p.accepted_own end,
        accepted_sequence = case when x.own is not null then x.taken else p.accepted_sequence end,
        accepted_at = case when x.own is not null then now() else p.accepted_at end,
        version = case when x.own is not null then x.version else p.version end,
        answered = case when x.state in ('accepted', 'refused', 'waits') then x.asked else p.answered end
    from ours x
    where p.code = x.code and p.sink = @sink and p.code = any(@codes::text[]) -- lets the planner expect few rows
    returning p.code, x.job, p.due_at
)
select x.code::text as code, x.job::bigint as job, (d.code is not null)::boolean as recorded,
    coalesce(l.settled_job = x.job, false)::boolean as before, (d.due_at is not null)::boolean as due
from settled x
left join locked l on l.code = x.code
left join done d on d.code = x.code and d.job = x.job;

-- name: PauseRoute :execrows
update route set paused = @reason, paused_at = now(), probe_at = now() + @wait::interval, probes = 0
where sink = @sink and route = @route and paused = '';

-- name: PostponeProbe :exec
update route set probes = probes + 1, probe_at = now() + @wait::interval where sink = @sink and route = @route and paused <> '';

-- name: ResumeRoute :execrows
update route set paused = '', paused_at = null, probe_at = null, probes = 0
where sink = @sink and route = @route and paused <> '';

-- name: SayWho :exec
select set_config('profilesync.actor', @actor::text, true);

-- name: ForcePushes :many
-- Sends pushes although nothing differs and whatever was refused before, because a person asked or as a repair of drift. A
-- push with something pending since the drift check is sent anyway, so it is not forced as a repair. What the sink refused
-- by an answer is tried again if a person asks.
with locked as (
    select q.code, q.sink from push q where q.code = any(@codes::text[]) and q.sink = any(@sinks::text[]) order by q.code, q.sink for update
)
update push p set
    wanted_at = case p.state when 'wanted' then p.wanted_at else now() end,
    state = case p.state when 'held' then p.state else 'wanted' end, due_at = case p.state when 'held' then null else now() end,
    not_before = null, forced = true, overwrite = p.overwrite or @overwrite::boolean, failures = 0, repairs = case when @repair::boolean then p.repairs + 1 else 0 end,
    left_out = case when @repair or p.left_out = '[]' then p.left_out else (select jsonb_agg(x - 'refused' order by n) from jsonb_array_elements(p.left_out) with ordinality as e (x, n)) end
from locked l
where p.code = l.code and p.sink = l.sink and p.state <> 'no-route'
    and (not @repair or p.state = 'accepted' and p.due_at is null and p.job_id is null)
returning p.code, p.sink, p.state;

-- name: ClaimPushes :many
-- Claims pushes for a command that sends them itself: their job_id is the negative number of its process. Claiming them
-- again has no effect. If the command dies, FindLostPushes makes them due again.
with locked as (
    select q.code from push q
    where q.sink = @sink and q.code = any(@codes::text[]) and q.state = 'wanted' and (q.job_id is null or q.job_id = @claim::bigint)
    order by q.code for update
)
update push p set job_id = @claim::bigint, due_at = case when p.job_id is null then null else p.due_at end
from locked l
where p.sink = @sink and p.code = l.code
returning p.code;

-- name: FindLeftBehind :execrows
-- Makes due again the pushes that nothing would send: changes asked for them after the content of their last outcome was
-- composed, or they are wanted for another reason, but they are neither due nor carried by a job. There should be none.
-- The query reads indexes that are normally empty.
with behind as (
    select q.code, q.sink from push q
    where q.due_at is null and q.job_id is null
        and (q.asked > q.answered and q.state not in ('held', 'no-route') or q.state = 'wanted')
    order by q.code, q.sink for update
)
update push p set state = 'wanted', due_at = greatest(now(), p.not_before)
from behind b
where p.code = b.code and p.sink = b.sink;

-- name: ListPushes :many
select p.code, coalesce(f.name, '') as name, p.sink, p.route, p.state, p.reason, p.unclear, p.failures, p.sequence, p.wanted_at as wanted,
    p.sent_at as sent, p.accepted_at as accepted, p.seen_at as seen, p.due_at as due, p.accepted_sequence as took, p.left_out
from push p left join profile f using (code)
where (@state::text = '' or p.state = @state) and (@sink::text = '' or p.sink = @sink) and (@code::text = '' or p.code = @code)
order by p.wanted_at desc, p.code, p.sink limit @most;

-- name: ListOverwrites :many
-- What the pushes of profiles overwrote although nobody stated it: the last attempt of each, or all of them.
select o.code, o.sink, o.sequence, o.entry, o.field, o.before, o.after, o.at
from push_overwrite o join push p on p.code = o.code and p.sink = o.sink
where o.code = any(@codes::text[]) and (@earlier::boolean or o.sequence = p.sequence)
order by o.code, o.sink, o.sequence desc, o.entry, o.field;

-- name: CountPushes :many
select p.sink, p.state, p.route, count(*) as pushes from push p group by p.sink, p.state, p.route order by p.sink, p.state, p.route;

-- name: PruneAttempts :exec
delete from push_attempt where at < @before;

-- name: PruneOverwrites :exec
delete from push_overwrite where at < @before;

-- name: AnnounceWork :exec
select pg_notify('profilesync_change', '');

-- name: ListenForWork :exec
listen profilesync_change;
