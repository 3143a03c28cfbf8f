-- name: IsSettledListing :one
-- Whether a listing is the accepted one, byte for byte, and none of its records has to be looked at again.
select l.records from listing l
where l.source = @source and l.report = @report and l.digest = @digest and l.rules_version = @rules_version
    and not exists (
        select from upstream_record u
        where u.source = l.source and u.report = l.report
            and ((u.missing_since is null and (not u.settled or u.revisit is not null))
                or (u.missing_since is not null and u.flag <> 'missing-twice'))
            and (u.missing_since < @as_of::date or (u.missing_since is null and (not u.settled or u.revisit <= @as_of::date)))
    );

-- name: ForgetBytes :exec
-- What is accepted of a report is no longer what its last accepted listing says, byte for byte.
update listing set etag = '', digest = null where source = @source and report = @report and (etag <> '' or digest is not null);

-- name: AnyMissingMark :one
select exists (select from mark where field = 'missing' and lifted_in is null);

-- name: ForgetReturned :exec
-- What people decided on a missing mark ends when the listing holds the record again.
update mark m set lifted_in = @run_id
from listing_row l, run r
where m.field = 'missing' and l.code = m.code and r.id = m.run_id and r.source = @source and r.report = @report and m.lifted_in is null;

-- name: CompareListing :execrows
-- The one comparing statement: rows whose bytes are new, that are not settled, whose revisit day has come or that the
-- rules changed for; and known records that the listing does not hold, until they were flagged.
with known as (
    select r.code, r.raw_hash, r.settled, r.revisit, r.rules_version, r.facts_hash, r.missing_since, r.flag,
        r.code in (
            select p.code from plan_row p join run w on w.id = p.run_id
            where p.waits and p.verb = 'missing' and p.field = '' and w.source = @source and w.report = @report
        ) as mark_waits
    from upstream_record r
    where r.source = @source and r.report = @report
), chosen as (
    select coalesce(l.code, u.code) as code, l.raw_hash, l.raw_offset, l.raw_length, l.line,
        case when u.settled and u.revisit is null and u.missing_since is null and not u.mark_waits
            and u.rules_version = @rules_version::integer then u.facts_hash end as known_hash,
        u.missing_since
    from listing_row l
    full join known u on u.code = l.code
    where u.code is null
        or (l.code is null and not u.mark_waits
            and (u.missing_since is null or (u.missing_since < @as_of::date and u.flag <> 'missing-twice')))
        or (l.code is not null and (u.raw_hash <> l.raw_hash or not u.settled or u.revisit <= @as_of::date
            or u.rules_version <> @rules_version::integer or u.missing_since is not null or u.mark_waits))
)
insert into differing (n, code, raw_hash, raw_offset, raw_length, line, known_hash, missing_since)
select row_number() over (order by line, code), code, raw_hash, raw_offset, raw_length, line, known_hash, missing_since
from chosen;

-- name: CompareDelta :execrows
-- As CompareListing, but a delta says nothing about absence, and the same bytes may come again.
with newest as (
    select distinct on (r.code) r.code, r.raw_hash, r.raw_offset, r.raw_length, r.line
    from listing_row r order by r.code, r.line desc
), marked as (
    select distinct p.code from plan_row p join run w on w.id = p.run_id
    where p.waits and p.verb = 'missing' and p.field = '' and w.source = @source and w.report = @report
)
insert into differing (n, code, raw_hash, raw_offset, raw_length, line, known_hash)
select row_number() over (order by l.line), l.code, l.raw_hash, l.raw_offset, l.raw_length, l.line,
    case when u.settled and u.revisit is null and u.missing_since is null and m.code is null
        and u.rules_version = @rules_version::integer then u.facts_hash end
from newest l
left join upstream_record u on u.source = @source and u.report = @report and u.code = l.code
left join marked m on m.code = l.code
where u.code is null or u.raw_hash <> l.raw_hash or not u.settled or u.revisit <= @as_of::date
    or u.rules_version <> @rules_version::integer or u.missing_since is not null or m.code is not null;

-- name: RemoveDuplicates :many
-- A code that stands on several lines of one listing cannot be trusted on any of them.
delete from differing d
using listing_row l
where l.code = d.code and l.line <> d.line
returning d.code, d.raw_hash, d.raw_offset, d.raw_length, d.line;

-- name: DifferingChunk :many
select n, code, raw_hash, raw_offset, raw_length, line, known_hash from differing
where n > @after and raw_hash is not null order by n limit @most;

-- name: AbsentChunk :many
select d.n, d.code, coalesce(p.type, '')::text as type, d.missing_since, coalesce(p.status, 'closed')::text as status
from differing d left join profile p using (code)
where d.n > @after and d.raw_hash is null
    and not exists (select from mark m where m.code = d.code and m.field = 'missing' and m.verdict = 'rejected' and m.lifted_in is null)
order by d.n limit @most;

-- name: LastListing :one
select l.as_of, l.records, l.etag, coalesce(a.layout, '') as layout
from listing l
left join accepted_listing a on a.id = l.acceptance
where l.source = @source and l.report = @report;

-- name: WasReadAlike :one
-- Whether the last accepted listing has this ETag, and was read by the same rules and with the same boards: only then
-- does the ETag say that there is nothing new.
select exists (
    select from listing l
    where l.source = @source and l.report = @report and l.etag = @etag and l.rules_version = @rules_version
        and l.boards is not distinct from @boards
);

-- name: OpenByType :many
select type, count(*) as open from profile where status <> 'closed' and type = any(@types::text[]) group by type order by type;

-- name: LoadUpstream :many
-- The latest record of each code comes first.
select code, report, facts, pending_since, layout from upstream_record
where source = @source and code = any(@codes::text[])
order by code, compared_in desc nulls last, (report = @report::text) desc, report;

-- name: LoadMarks :many
select code, field, verdict, value, null::date as until from mark
where mark.code = any(@codes::text[]) and field <> 'missing' and not starts_with(field, 'ers-services/') and lifted_in is null
union all
select code, field, 'held', '', hold.until from hold where hold.code = any(@codes::text[]) and field is not null and removed_at is null;

-- name: PlanRows :copyfrom
insert into plan_row (run_id, code, field, fact, type, verb, old, new, reason, undone, withheld, waits, since_run, moved, left_out, ahead_id, digest)
values (@run_id, @code, @field, @fact, @type, @verb, @old, @new, @reason, @undone, @withheld, @waits, @since_run, @moved, @left_out, @ahead_id, @digest);

-- name: MarkMissingUndone :exec
-- A missing mark that a person took back is proposed again, and withheld.
update plan_row p set undone = true
from mark m
where p.run_id = @run_id and p.verb = 'missing' and m.code = p.code and m.field = 'missing' and m.verdict = 'undone'
    and m.lifted_in is null;

-- name: RunRecords :copyfrom
insert into run_record (run_id, code, raw_hash, facts, facts_hash, settled, contradiction, flag, revisit, pending_since)
values (@run_id, @code, @raw_hash, @facts, @facts_hash, @settled, @contradiction, @flag, @revisit, @pending_since);

-- name: PlanGroups :many
select type, verb, fact, undone, withheld, (ahead_id is not null)::boolean as ahead, count(distinct code) as count from plan_row
where run_id = @run_id and not moved group by type, verb, fact, undone, withheld, ahead_id is not null;

-- name: UnexplainedBoards :many
-- Profiles with a commissioner and a board, of which the board is to change while commissioner and address stay.
select b.type, count(*) as count
from plan_row b
join profile p on p.code = b.code
where b.run_id = @run_id and b.field = 'icb' and b.verb = 'update' and b.old <> '' and b.withheld = '' and not b.moved
    and p.commissioner <> ''
    and not exists (
        select from plan_row s where s.run_id = @run_id and s.code = b.code and s.field in ('commissioner', 'address', 'postcode')
    )
group by b.type;

-- name: WithholdGroup :exec
update plan_row set withheld = @reason, waits = true
where run_id = @run_id and type = @type and verb = @verb and fact = @fact and undone = @undone and withheld = '' and ahead_id is null;

-- name: AnalyzePlan :exec
-- Without statistics the statements that apply a big plan take minutes.
select analyze_plan();

-- name: PlanDigest :one
select encode(sha256(coalesce(string_agg(digest, ''::bytea order by code, field), ''::bytea)), 'hex')::text as digest
from plan_row where run_id = @run_id and (not @withheld_only::boolean or withheld <> '');

-- name: Quarantine :exec
insert into quarantine (source, report, code, line, field, value, reason, raw, raw_hash)
values (@source, @report, @code, @line, @field, @value, @reason, @raw, @raw_hash)
on conflict on constraint quarantine_once do update
set line = excluded.line, field = excluded.field, value = excluded.value, reason = excluded.reason, last_seen = clock();

-- name: GetWatermark :one
select until from watermark where source = @source and stream = @stream;

-- name: MoveWatermark :exec
-- Forwards only, except from a day that has not come yet.
insert into watermark (source, stream, until) values (@source, @stream, @until)
on conflict on constraint watermark_pkey do update set until = excluded.until, moved_at = clock()
where watermark.until < excluded.until or watermark.until > @today::date;

-- name: CountChanges :one
-- Profiles, each once, in the order create, close, reopen, dormant, update; what was withheld or moved is left out.
select
    count(*) filter (where first = 1) as creates,
    count(*) filter (where first = 2) as closes,
    count(*) filter (where first = 3) as reopens,
    count(*) filter (where first = 4) as dormants,
    count(*) filter (where first = 5) as updates
from (
    select min(case verb when 'create' then 1 when 'close' then 2 when 'reopen' then 3 when 'dormant' then 4 else 5 end) as first
    from plan_row
    where run_id = @run_id and withheld = '' and not moved and verb <> 'missing'
    group by code
) as profiles;

-- name: CountFields :many
-- The services of a profile are one field of it.
select split_part(field, '/', 1)::text as field, count(*) as count from plan_row
where run_id = @run_id and withheld = '' and not moved and verb not in ('create', 'missing')
group by 1 order by 1;

-- name: CountOpening :one
-- How many profiles a plan opens and closes.
select count(*) filter (where verb = 'create' or (verb in ('reopen', 'dormant') and old = 'closed')) as opens,
    count(*) filter (where verb = 'close') as closes
from plan_row
where run_id = @run_id and withheld = '' and not moved and verb in ('create', 'close', 'reopen', 'dormant');

-- name: CountStanding :one
-- Standing totals of a report as they will be when the run is applied. A record that is absent, or came in another form
-- only, stands as it stood.
select count(*) filter (where pending and not closing) as pending_close, count(*) filter (where contradiction) as contradictions
from (
    select case when r.code is null then u.pending_since else r.pending_since end is not null as pending,
        coalesce(r.contradiction, u.contradiction) as contradiction,
        exists (
            select from plan_row p
            where p.run_id = @run_id and p.code = coalesce(r.code, u.code) and p.verb = 'close' and p.withheld = '' and not p.moved
        ) as closing
    from (
        select k.code, k.pending_since, k.contradiction from upstream_record k
        where k.source = @source and k.report = @report and (k.pending_since is not null or k.contradiction)
    ) u
    full join (
        select n.code, n.pending_since, n.contradiction from run_record n
        where n.run_id = @run_id and n.facts is not null
    ) r on r.code = u.code
) as standing;

-- name: PlansNothing :one
select not exists (select from run_record r where r.run_id = @run_id) and not exists (select from plan_row p where p.run_id = @run_id) as nothing;

-- name: CountStandingUnchanged :one
-- As CountStanding, of a run that compared nothing.
select count(pending_since) as pending_close, count(*) filter (where contradiction) as contradictions
from upstream_record
where source = @source and report = @report and (pending_since is not null or contradiction);

-- name: FlagDeleted :exec
-- A deletion from the register says nothing of the organisation: it is flagged, never closed.
update upstream_record u set flag = 'deleted'
from profile p
where u.source = @source and u.code = any(@codes::text[]) and p.code = u.code and p.status <> 'closed';
