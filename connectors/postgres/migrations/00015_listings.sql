-- +goose Up
-- What undo of a listing's run gives back: the listing accepted before it, and the looks that it counted.

alter table run add column undone_by bigint;
alter table run add constraint run_undone_by_fkey foreign key (undone_by) references run (id);
comment on column run.undone_by is 'The run that took back what this one applied; null where it stands';

create table accepted_listing (
    id          bigint not null generated always as identity,
    source      text collate "C" not null,
    report      text collate "C" not null,
    run_id      bigint,
    as_of       date not null,
    records     integer not null,
    actor       text not null,
    was         date,
    reason      text not null default '',
    accepted_at timestamptz not null default clock(),
    constraint accepted_listing_pkey primary key (id),
    constraint accepted_listing_run_fkey foreign key (run_id) references run (id),
    constraint accepted_listing_run_once unique (run_id),
    constraint accepted_listing_by_run_or_person check (run_id is not null or reason <> '')
);
create index accepted_listing_by_report on accepted_listing (source, report, id desc);
comment on table accepted_listing is 'Every listing that was accepted, and every day that a person set instead: the newest that stands is in listing';
comment on column accepted_listing.id is 'In the order of acceptance';
comment on column accepted_listing.source is 'The register';
comment on column accepted_listing.report is 'The report';
comment on column accepted_listing.run_id is 'The run that accepted it: it counts while that run stands; null for a day that a person set';
comment on column accepted_listing.as_of is 'The day the listing speaks of';
comment on column accepted_listing.records is 'How many records it held';
comment on column accepted_listing.actor is 'Who asked for the run, or set the day';
comment on column accepted_listing.was is 'The day that a person replaced; null for a run';
comment on column accepted_listing.reason is 'Why a person set the day; empty for a run';
comment on column accepted_listing.accepted_at is 'When';

-- The same conditions as in AcceptListing and its caller.
insert into accepted_listing (source, report, run_id, as_of, records, actor, accepted_at)
select a.source, a.report, a.id, a.as_of, a.records, a.actor, a.ended_at
from (
    select r.source, r.report, r.id, r.actor, r.ended_at, l.as_of, (l.summary ->> 'records')::integer as records,
        max(l.as_of) over (partition by r.source, r.report order by r.ended_at, r.id) as newest
    from run r
    join run l on l.id = case r.kind when 'approve' then r.parent_id else r.id end
    where r.source = 'ods' and r.kind in ('listing', 'approve') and r.state in ('done', 'withheld') and l.kind = 'listing'
        and (l.summary ->> 'records')::integer > 0
        and (l.summary -> 'withheld' @> '[{"reason": "short-listing"}]') = (r.kind = 'approve')
) a
where a.as_of = a.newest
order by a.ended_at, a.id;

insert into accepted_listing (source, report, as_of, records, actor, reason, accepted_at)
select l.source, l.report, l.as_of, l.records, 'migration', 'accepted before acceptances were kept', l.accepted_at
from listing l
where not exists (
    select from accepted_listing a where a.source = l.source and a.report = l.report
);

create trigger accepted_listing_is_append_only before update or delete or truncate on accepted_listing
    for each statement execute function refuse('it says which listings were accepted, and when');

alter table listing add column acceptance bigint;
update listing l set acceptance = (select max(a.id) from accepted_listing a where a.source = l.source and a.report = l.report);
alter table listing add constraint listing_acceptance_fkey foreign key (acceptance) references accepted_listing (id);
comment on column listing.acceptance is 'Its acceptance; null where an earlier version of the program accepted it';

-- No foreign key: a run writes many, and runs are never deleted.
create table look (
    run_id         bigint not null,
    source         text collate "C" not null,
    report         text collate "C" not null,
    code           text collate "C" not null,
    pending_before date,
    pending_after  date,
    flagged        boolean not null default false,
    constraint look_pkey primary key (run_id, source, report, code)
);
comment on table look is 'What a run changed about looks at closures and absences, so that its undo can give them back';
comment on column look.run_id is 'The run';
comment on column look.source is 'The register';
comment on column look.report is 'The report of the record; a closure ends the wait in all reports';
comment on column look.code is 'ODS code';
comment on column look.pending_before is 'See upstream_record.pending_since: before the run';
comment on column look.pending_after is 'See upstream_record.pending_since: after the run';
comment on column look.flagged is 'The run flagged the record as missing from two listings';
