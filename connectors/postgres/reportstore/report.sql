-- name: LastReport :one
select id, day, until_at, (case when still_counts(server, floor) then floor::text else '0' end)::text as floor from report order by id desc limit 1;

-- name: FirstChange :one
select coalesce(min(at), clock())::timestamptz as at from change;

-- name: LockReports :exec
select pg_advisory_xact_lock(hashtextextended('profilesync report', 0));

-- name: PickChanges :execrows
-- Audit rows that are in no report yet, in the report's order. Those since the end of the window are left to the next
-- report, unless they are dated after the present: no time that a row claims keeps it out of every report. Rows of a
-- transaction that is still open are not visible, and are in the next report: each row is recorded as reported, instead of a
-- time up to which all were.
insert into report_candidate (id, position)
select c.id, row_number() over (order by p.icb, c.code, c.field, c.id)
from change c
join profile p using (code)
where c.xid >= cast(sqlc.arg(floor)::text as xid8) and (c.at < @until::timestamptz or c.at > @present::timestamptz)
    and not exists (select from report_change r where r.change_id = c.id);

-- name: CandidateChanges :many
-- A change of a field that the push left out was refused, whatever became of the others.
select k.position, c.id, c.code, c.field, c.old, c.new, c.actor, coalesce(c.run_id, 0)::bigint as run_id, c.at,
    p.name, p.type, p.icb, p.region, coalesce(i.name, '')::text as icb_name, coalesce(g.name, '')::text as region_name,
    coalesce(r.source, '')::text as source, coalesce(r.kind, '')::text as kind, coalesce(r.actor, '')::text as run_actor, r.created_at as run_at,
    coalesce(h.actor, '')::text as ahead_by, h.created_at as ahead_at,
    coalesce(a.kind, '')::text as account_kind, coalesce(m.role, '')::text as role,
    (case when d.state = 'accepted' and d.left_out @> jsonb_build_array(jsonb_build_object('field', c.field)) then 'refused' else coalesce(d.state, '') end)::text as dos_state, d.accepted_at as dos_at, d.sent_at as dos_sent,
    (case when w.state = 'accepted' and w.left_out @> jsonb_build_array(jsonb_build_object('field', c.field)) then 'refused' else coalesce(w.state, '') end)::text as web_state, w.accepted_at as web_at, w.sent_at as web_sent,
    exists (select from change l where l.code = c.code and l.field = c.field and l.id > c.id)::boolean as later
from report_candidate k
join change c on c.id = k.id
join profile p on p.code = c.code
left join region_name i on i.code = p.icb
left join region_name g on g.code = p.region
left join run r on r.id = c.run_id
left join lateral (
    select v.actor, v.created_at
    from approved_ahead o join approval_ahead v on v.id = o.approval_id
    where o.run_id = c.run_id and o.code = c.code and o.field = c.field and o.state = 'used'
    order by o.approval_id limit 1
) h on true
left join account a on a.id = case when c.actor ~ '^u-[0-9]{1,18}$' then substring(c.actor from 3)::bigint end
left join membership m on m.account_id = a.id and m.code = c.code and m.ended_at is null
left join push d on d.code = c.code and d.sink = 'dos'
left join push w on w.code = c.code and w.sink = 'website'
where k.position > sqlc.arg(after)::bigint and k.position <= sqlc.arg(after)::bigint + sqlc.arg(most)::bigint
order by k.position;

-- name: ReportRows :copyfrom
insert into report_row (report_id, section, icb, position, cells) values (@report_id, @section, @icb, @position, @cells);

-- name: ReportPending :copyfrom
insert into report_pending (change_id, sink, code, field, icb, changed_at) values (@change_id, @sink, @code, @field, @icb, @changed_at);

-- name: ReportChanges :exec
insert into report_change (change_id, report_id) select k.id, @report_id from report_candidate k;

-- name: InsertReport :one
insert into report (day, from_at, until_at, floor, rows, digest) values (@day, @from_at, @until_at, '0', 0, '') returning id;

-- name: SealReport :exec
update report set rows = @rows, digest = @digest, floor = least(
    (select c.xid from change c
        where c.xid >= cast(sqlc.arg(floor)::text as xid8) and not exists (select from report_change r where r.change_id = c.id)
        order by c.xid limit 1),
    pg_snapshot_xmin(pg_current_snapshot()))
where report.id = @id;

-- name: ReportFigures :exec
insert into report_figure (report_id, icb, name, count)
select @report_id, x.icb, x.name, x.count
from (select unnest(@icbs::text[]) as icb, unnest(@names::text[]) as name, unnest(@counts::integer[]) as count) x;

-- name: ReportRegionNames :exec
-- Also of regions, and of boards that no profile has any more: changes name them.
insert into report_region (report_id, icb, name)
select @report_id, x.code, coalesce(r.name, x.code)
from (select icb as code from profile where icb <> '' union select code from region_name) x left join region_name r using (code);

-- name: CountOutcomes :exec
-- Counts rows already in the report: refused pushes by reason, and repaired drift.
insert into report_figure (report_id, icb, name, count)
select r.report_id, r.icb, case r.section when 'drift' then 'repaired' else 'refused:' || r.cells[5] end as name, count(*)
from report_row r
where r.report_id = @report_id and (r.section = 'push-failures' or (r.section = 'drift' and r.cells[7] = 'repaired'))
group by r.report_id, r.icb, name;

-- name: BoardsOfReport :many
select icb from report_region where report_id = @report_id order by icb;

-- name: EndedPending :many
-- Pushes pending in earlier reports that have ended since.
select n.change_id, n.sink, n.code, p.name, n.field, n.icb, n.changed_at,
    (case when x.reason is not null then 'refused' else h.state end)::text as state, h.accepted_at, coalesce(x.reason, h.reason)::text as reason
from report_pending n
join profile p using (code)
join push h on h.code = n.code and h.sink = n.sink
left join lateral (
    select l ->> 'reason' as reason from jsonb_array_elements(h.left_out) as l where h.state = 'accepted' and l ->> 'field' = n.field limit 1
) x on true
where h.state in ('refused', 'no-route') or (h.state = 'accepted' and h.accepted_at >= n.changed_at)
order by n.icb, n.code, n.change_id, n.sink;

-- name: ForgetPending :exec
delete from report_pending n using push h
where h.code = n.code and h.sink = n.sink
    and (h.state in ('refused', 'no-route') or (h.state = 'accepted' and h.accepted_at >= n.changed_at));

-- name: ReportWithheld :exec
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'withheld', icb, row_number() over (order by icb, code, field),
    array[run, source, report, code, name, field, verb, old, new, reason]
from (
    select r.id::text as run, r.source, r.report, w.code, coalesce(p.name, '') as name,
        w.field, w.verb, w.old, w.new, w.withheld as reason, coalesce(p.icb, '') as icb
    from plan_row w
    join run r on r.id = w.run_id
    left join profile p on p.code = w.code
    where w.waits
) x;

-- name: ReportPushFailures :exec
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'push-failures', p.icb, row_number() over (order by p.icb, p.code, h.sink),
    array[h.sink, p.code, p.name, p.type, h.reason, to_char(h.wanted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]
from push h join profile p using (code) where h.state = 'refused';

-- name: ReportPushWaits :exec
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'push-waits', p.icb, row_number() over (order by p.icb, p.code, h.sink),
    array[h.sink, p.code, p.name, p.type, h.reason, to_char(h.wanted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]
from push h join profile p using (code) where h.state = 'waits';

-- name: ReportLeftOut :exec
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'left-out', p.icb, row_number() over (order by p.icb, p.code, h.sink, x.field),
    array[h.sink, p.code, p.name, x.field, coalesce(x.value, ''), x.reason, to_char(x.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]
from push h join profile p using (code)
cross join lateral jsonb_to_recordset(h.left_out) as x (field text, value text, reason text, since timestamptz)
where h.left_out <> '[]';

-- name: ReportOverwritten :exec
-- What no report has named yet (see PickChanges); daemons alone write these rows, and date them.
with e as materialized (
    select o.*, overwrite_event(o) as event from push_overwrite o
    where o.at < @until_at::timestamptz and not exists (select from report_event r where r.event = overwrite_event(o))
), named as (
    insert into report_event (event, report_id) select e.event, @report_id from e
)
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'overwritten', p.icb, row_number() over (order by p.icb, o.code, o.sink, o.sequence, o.entry, o.field),
    array[o.sink, o.code, p.name, o.field || case o.entry when '' then '' else ' of ' || o.entry end, o.before, o.after,
        to_char(o.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]
from e o join profile p using (code);

-- name: ReportClosures :exec
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'pending-closures', coalesce(p.icb, ''), row_number() over (order by coalesce(p.icb, ''), u.code, u.report),
    array[u.report, u.code, coalesce(p.name, ''), u.pending_since::text]
from upstream_record u left join profile p using (code) where u.pending_since is not null;

-- name: ReportContradictions :exec
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'contradictions', coalesce(p.icb, ''), row_number() over (order by coalesce(p.icb, ''), u.code, u.report),
    array[u.report, u.code, coalesce(p.name, ''), coalesce(p.status, ''), coalesce(u.facts ->> 'closed', '')]
from upstream_record u left join profile p using (code) where u.contradiction;

-- name: ReportDrift :exec
-- A field that several checks found is one row: the newest says what became of it.
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'drift', p.icb, row_number() over (order by p.icb, d.code, d.sink, d.entry, d.field),
    array[d.sink, d.code, p.name, d.field || case d.entry when '' then '' else ' of ' || d.entry end, d.want, d.shown,
        case when d.field = 'unreadable' then 'not read' when d.given_up then 'given up' when d.repaired > 0 then 'repaired' else 'not repaired' end,
        to_char(d.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]
from (
    select distinct on (k.sink, o.code, o.entry, o.field) k.sink, o.code, o.entry, o.field, o.want, o.shown, o.given_up, k.repaired, k.started_at
    from drift o join drift_check k on k.id = o.check_id
    where k.started_at >= @since::timestamptz
    order by k.sink, o.code, o.entry, o.field, k.id desc
) d join profile p on p.code = d.code;

-- name: LockFindings :exec
-- Checks that end meanwhile write their findings before or after.
select pg_advisory_xact_lock(hashtextextended('profilesync quality', 0));

-- name: ReportFindings :exec
-- Names each finding in one report: the first after it was found, or came back.
with named as (
    update quality_finding f set report_id = @report_id
    where f.report_id is null and f.gone_at is null
    returning f.code, f.kind, f.service, f.about, f.detail, f.owner, f.first_seen
)
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'quality', coalesce(p.icb, ''), row_number() over (order by coalesce(p.icb, ''), n.kind, n.code, n.service, n.about),
    array[n.kind, n.code, coalesce(p.name, ''), n.service, n.about, n.detail, n.owner, to_char(n.first_seen at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]
from named n left join profile p using (code);

-- name: ReportLasting :exec
-- Counts all findings that last.
insert into report_figure (report_id, icb, name, count)
select @report_id, coalesce(p.icb, ''), 'lasting', count(*)
from quality_finding f left join profile p using (code)
where f.gone_at is null group by coalesce(p.icb, '');

-- name: ReportQuarantine :exec
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'quarantine', coalesce(p.icb, ''), row_number() over (order by coalesce(p.icb, ''), q.report, q.line, q.id),
    array[q.source, q.report, q.code, q.line::text, q.field, q.reason, to_char(q.last_seen at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]
from quarantine q left join profile p using (code) where q.last_seen >= @from_at::timestamptz;

-- name: ReportAccounts :exec
-- Accounts that were warned, ended, kept or held, and that no report has named yet (see PickChanges). The rows name them
-- only by id.
with e as materialized (
    select a.* from account_event a
    where (a.at < @until_at::timestamptz or a.at > @present::timestamptz)
        and not exists (select from report_event r where r.event = a.event)
), named as (
    insert into report_event (event, report_id) select e.event, @report_id from e
)
insert into report_row (report_id, section, icb, position, cells)
select @report_id, 'accounts', x.icb, row_number() over (order by x.icb, x.id, x.what, x.at),
    array['u-' || x.id, x.what, to_char(x.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), x.codes]
from (
    select e.id, e.what, e.at, coalesce(o.icb, '') as icb, coalesce(o.codes, '') as codes
    from e
    left join lateral (
        select min(p.icb) as icb, string_agg(m.code, ' ' order by m.code) as codes
        from membership m join profile p using (code) where m.account_id = e.id
    ) o on true
) x;

-- name: CountChecked :many
-- Sections that people confirmed without a change.
select p.icb, count(*) as checks from section_check s join profile p using (code)
where not s.edited and s.at >= @from_at::timestamptz and s.at < @until_at::timestamptz group by p.icb;

-- name: CountReportRows :many
select section, icb, count(*) as rows from report_row where report_id = @report_id group by section, icb order by section, icb;

-- name: DigestReport :one
with lines as (
    select r.section, r.icb, r.position, r.cells::text as text from report_row r where r.report_id = @report_id
    union all
    select '', f.icb, 0, f.name || ' ' || f.count from report_figure f where f.report_id = @report_id
    union all
    select '', n.icb, 1, n.name from report_region n where n.report_id = @report_id
)
select encode(sha256(coalesce(string_agg(sha256(convert_to(l.section || e'\n' || l.icb || e'\n' || l.position || e'\n' || l.text, 'UTF8')), ''::bytea
    order by l.section, l.icb, l.position, l.text), ''::bytea)), 'hex')::text as digest
from lines l;

-- name: GetReport :one
select id, day, from_at, until_at, rows, digest, frozen_at from report where day = @day;

-- name: ListReports :many
select r.day, r.from_at as "from", r.until_at as until, r.rows, r.digest, r.frozen_at as frozen,
    (select count(*) from report_delivery d where d.report_id = r.id) as deliveries
from report r where @before::date is null or r.day < @before order by r.day desc limit @most;

-- name: GetFigures :many
select icb, name, count from report_figure where report_id = @report_id and (@icb::text = '' or icb = @icb) order by name, icb;

-- name: DailyFigures :many
-- Changes by the day they were made, over the reports since a day.
select name, sum(f.count)::bigint as count from report_figure f
join report r on r.id = f.report_id
where r.id <= @report_id and r.day > @since and starts_with(f.name, 'day:') and (@icb::text = '' or f.icb = @icb)
group by f.name order by f.name;

-- name: NamesOfRegions :many
select icb, name from report_region where report_id = @report_id;

-- name: RegionsOfReport :many
select distinct icb from report_row where report_id = @report_id and icb <> '' order by icb;

-- name: Delivered :execrows
insert into report_delivery (report_id, list, channel) values (@report_id, @list, @channel) on conflict on constraint report_delivery_pkey do nothing;

-- name: WasDelivered :one
select exists (select from report_delivery where report_id = @report_id and list = @list and channel = @channel)::boolean as delivered;

-- name: SaveRegionName :execrows
insert into region_name as r (code, name) values (@code, @name)
on conflict on constraint region_name_pkey do update set name = excluded.name where r.name <> excluded.name;

-- name: UnnamedRegions :many
select x.code from (select icb as code from profile union select region from profile) x
where x.code <> '' and not exists (select from region_name r where r.code = x.code) order by x.code;
