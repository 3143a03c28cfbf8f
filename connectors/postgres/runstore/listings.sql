-- name: AcceptListing :exec
-- One that is older than the last accepted one changes nothing.
with accepted as (
    insert into accepted_listing (source, report, run_id, as_of, records, actor, layout)
    select @source, @report, @run_id::bigint, @as_of::date, @records, @actor, @layout
    where not exists (
        select from listing l where l.source = @source and l.report = @report and l.as_of > @as_of::date
    )
    returning id, source, report, as_of, records
)
insert into listing (source, report, as_of, records, etag, digest, boards, rules_version, acceptance)
select a.source, a.report, a.as_of, a.records, @etag, @digest, @boards, @rules_version, a.id
from accepted a
on conflict on constraint listing_pkey do update
set as_of = excluded.as_of, records = excluded.records, etag = excluded.etag, digest = excluded.digest,
    boards = excluded.boards, rules_version = excluded.rules_version, accepted_at = clock(), acceptance = excluded.acceptance;

-- name: NoteUndone :exec
-- An undo takes its parent back. If the parent was an undo, what it took back stands again, and so on.
with recursive chain as (
    select p.id, u.id as undone_by, u.id as below, 1 as depth, p.kind, p.parent_id
    from run u
    join run p on p.id = u.parent_id
    where u.id = @run_id
    union all
    select p.id, case when c.depth % 2 = 0 then c.id end, c.id, c.depth + 1, p.kind, p.parent_id
    from chain c
    join run p on p.id = c.parent_id
    where c.kind = 'undo'
)
update run r set undone_by = c.undone_by
from chain c
where r.id = c.id and ((c.depth % 2 = 1 and r.undone_by is null) or (c.depth % 2 = 0 and r.undone_by = c.below));

-- name: EndListing :exec
-- The listing of a run that does not stand any more.
delete from listing l
where l.source = @source and l.report = @report and l.acceptance <> (
    select coalesce(max(n.id), 0)::bigint
    from accepted_listing n
    left join run r on r.id = n.run_id
    where n.source = @source and n.report = @report and r.undone_by is null
);

-- name: GiveListingBack :exec
-- The newest listing that stands. What the register shows is not compared with its bytes, but read again.
insert into listing (source, report, as_of, records, acceptance, accepted_at)
select n.source, n.report, n.as_of, n.records, n.id, n.accepted_at
from accepted_listing n
left join run r on r.id = n.run_id
where n.source = @source and n.report = @report and r.undone_by is null
order by n.id desc limit 1
on conflict on constraint listing_pkey do nothing;

-- name: NoteLooks :exec
-- What this chunk is going to change about looks. Each row is found by a key: few records are pending.
insert into look (run_id, source, report, code, pending_before, pending_after, flagged)
select distinct on (c.source, c.report, c.code) @run_id, c.source, c.report, c.code, c.pending_before, c.pending_after, c.flagged
from (
    select r.source, r.report, n.code, false as flagged,
        (select k.pending_since from upstream_record k where k.source = r.source and k.report = r.report and k.code = n.code) as pending_before,
        case when not exists (
            select from plan_row p
            where p.run_id = @run_id and p.code = n.code and p.field = 'status' and p.verb = 'close' and p.withheld = '' and not p.moved
        ) then n.pending_since end as pending_after
    from run_record n
    join run r on r.id = n.run_id
    where n.run_id = @run_id and n.code > @after::text and n.code <= @upto::text and n.pending_since is not null and n.facts is not null
    union all
    select u.source, u.report, u.code, false, u.pending_since, null::date
    from upstream_record u
    join run r on r.id = @run_id
    where u.pending_since is not null and u.code > @after::text and u.code <= @upto::text and (
        exists (
            select from plan_row p
            where p.run_id = @run_id and p.code = u.code and p.field = 'status' and p.verb = 'close' and p.withheld = '' and not p.moved
        )
        or (u.source = r.source and u.report = r.report and exists (
            select from run_record n
            where n.run_id = @run_id and n.code = u.code and n.facts is not null and n.pending_since is null
        ))
    )
    union all
    select r.source, r.report, f.code, true, null::date, null::date
    from run_record f
    join run r on r.id = f.run_id
    where f.run_id = @run_id and f.code > @after::text and f.code <= @upto::text and f.raw_hash is null and f.flag = 'missing-twice'
) c
where c.flagged or c.pending_before is distinct from c.pending_after
order by c.source, c.report, c.code, c.flagged;

-- name: GiveLooksBack :exec
-- Where nothing else has changed them since. The undo counts as a change of looks too: it can be taken back.
with back as (
    update upstream_record u
    set pending_since = case when l.flagged then u.pending_since else l.pending_before end,
        flag = case when l.flagged then '' else u.flag end, settled = false
    from look l
    where l.run_id = @parent_id and u.source = l.source and u.report = l.report and u.code = l.code
        and case when l.flagged then u.flag = 'missing-twice' else u.pending_since is not distinct from l.pending_after end
    returning u.source, u.report, u.code, l.pending_before, l.pending_after, l.flagged
)
insert into look (run_id, source, report, code, pending_before, pending_after)
select @run_id::bigint, b.source, b.report, b.code, b.pending_after, b.pending_before
from back b
where not b.flagged
on conflict on constraint look_pkey do nothing;

-- name: LookAgainAtWaiting :exec
-- What an undo put on the list, or took off it, is compared with what the register says at its next look.
with again as (
    update upstream_record u set settled = false
    from plan_row p, run r
    where p.decided_in = @run_id and p.decision in ('', 'undone') and r.id = @run_id and u.source = r.source and u.code = p.code and u.settled
    returning u.source, u.report
)
update listing l set etag = '' from again a where l.source = a.source and l.report = a.report and l.etag <> '';

-- name: UnsettleAfter :exec
-- Records that end after a day may have been judged for a later one that counts no more.
update upstream_record u set settled = false
where u.source = @source and u.report = @report and u.settled and u.facts ->> 'closed' > @day::text;

-- name: PruneLooks :exec
delete from look l using run r where r.id = l.run_id and r.ended_at < @before;

-- name: ListListings :many
select l.source, l.report, l.as_of, l.records, coalesce(a.run_id, 0)::bigint as run,
    coalesce(a.actor, '') as actor, coalesce(a.reason, '') as reason
from listing l
left join accepted_listing a on a.id = l.acceptance
order by l.source, l.report;

-- name: LockListing :one
select as_of, records, coalesce(acceptance, 0)::bigint as acceptance from listing where source = @source and report = @report for update;

-- name: ResetListing :one
-- Where the listing is still the one that was read. It held as many records as the newest of that day or before. Records
-- are read again as the last one stated them, so its layout stays.
with chosen as (
    insert into accepted_listing (source, report, as_of, records, actor, was, reason, layout)
    select l.source, l.report, @day::date, coalesce((
            select n.records
            from accepted_listing n
            left join run r on r.id = n.run_id
            where n.source = l.source and n.report = l.report and n.as_of <= @day::date and r.undone_by is null
            order by n.id desc limit 1
        ), l.records), @actor, l.as_of, @reason, coalesce(a.layout, '')
    from listing l
    left join accepted_listing a on a.id = l.acceptance
    where l.source = @source and l.report = @report and coalesce(l.acceptance, 0) = @acceptance::bigint
    returning id, source, report, as_of, records
)
update listing l
set as_of = c.as_of, records = c.records, etag = '', digest = null, accepted_at = clock(), acceptance = c.id
from chosen c
where l.source = c.source and l.report = c.report
returning l.as_of, l.records;

-- name: TakeLooksBackAfter :one
-- Looks of a report at days that count no more: a closure needs two looks again, an absence counts anew.
with pending as (
    update upstream_record u set pending_since = null, settled = false
    where u.source = @source and u.report = @report and u.pending_since > @day::date
    returning u.code
), missing as (
    update upstream_record u set missing_since = null, flag = '', settled = false
    where u.source = @source and u.report = @report and u.missing_since > @day::date
    returning u.code
)
select (select count(*) from pending) as closures, (select count(*) from missing) as absences;
