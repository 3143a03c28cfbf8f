-- +goose Up
-- What waits is one list over all reports of a register, and undo gives it back.

alter table upstream_record add column compared_in bigint;
comment on column upstream_record.compared_in is 'The run that compared it last; null for one before this was kept. Of several reports the latest says what the register says';

alter table plan_row
    drop constraint plan_row_decision_known,
    add constraint plan_row_decision_known check (decision in ('', 'approved', 'rejected', 'withdrawn', 'replaced', 'undone'));
comment on column plan_row.decision is 'What became of a withheld row: approved, rejected, withdrawn (the register or the profile says something else), replaced (it waits on in a later run, of another old value) or undone (with the run that had put it on the list)';
comment on column plan_row.decided_in is 'The run that approves, withdrew, replaced or undid it; of a row that waits undecided, the undo that put it back on the list';

alter table run
    add column rejected_by text not null default '',
    add column rejected_os_user text not null default '',
    add column rejected_at timestamptz;
comment on column run.rejected_by is 'Who rejected its short listing, of which no row waited; empty for nobody';
comment on column run.rejected_os_user is 'The operating-system user who did, whatever name was given';
comment on column run.rejected_at is 'When';

-- What waits twice, since two reports were not held against each other: the next look at either ends that.
with twice as (
    select p.code
    from plan_row p
    join run r on r.id = p.run_id
    where p.waits and p.fact <> '' and r.source = 'ods'
    group by p.code, p.field
    having count(*) > 1
), again as (
    update upstream_record u set settled = false
    where u.source = 'ods' and u.code in (select t.code from twice t)
    returning u.report
)
update listing l set etag = '' where l.source = 'ods' and l.report in (select a.report from again a);
