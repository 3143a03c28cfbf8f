-- +goose Up
-- What a run withholds waits until a person decides on it, the register says something else, or the profile says it.

alter table plan_row
    add column fact text collate "C" not null default '',
    add column waits boolean not null default false,
    add column since_run bigint,
    add column decided_in bigint,
    add column decided_by text not null default '',
    add column decided_os_user text not null default '',
    add column decided_at timestamptz,
    drop constraint plan_row_decision_known,
    add constraint plan_row_decision_known check (decision in ('', 'approved', 'rejected', 'withdrawn', 'replaced'));
comment on column plan_row.fact is 'The field that names the fact of this one: the rows of a fact are withheld, applied and decided on together';
comment on column plan_row.waits is 'Withheld, and neither applied, rejected nor withdrawn yet; no run applies it';
comment on column plan_row.since_run is 'The run that withheld the same new value first; null for this one';
comment on column plan_row.decision is 'What became of a withheld row: approved, rejected, withdrawn (the register or the profile says something else) or replaced (it waits on in a later run, of another old value)';
comment on column plan_row.decided_in is 'The run that approves, withdrew or replaced it';
comment on column plan_row.decided_by is 'Who approved or rejected it';
comment on column plan_row.decided_os_user is 'The operating-system user who did, whatever name was given';
comment on column plan_row.decided_at is 'When';

update plan_row set fact = case field when 'postcode' then 'address' when 'region' then 'icb' else field end
where withheld <> '' or run_id in (select id from run where state in ('queued', 'running'));

-- Until now each run withheld the same rows again: the newest waits.
update plan_row p set waits = true
from (
    select distinct on (r.source, r.report, w.code, w.field) w.run_id, w.code, w.field
    from plan_row w join run r on r.id = w.run_id
    where w.withheld <> '' and w.decision = '' and r.state = 'withheld'
        and not exists (
            select from run l
            where l.source = r.source and l.report = r.report and l.kind = 'listing' and l.id > r.id and l.state in ('done', 'withheld'))
    order by r.source, r.report, w.code, w.field, w.run_id desc
) n
where p.run_id = n.run_id and p.code = n.code and p.field = n.field;

drop index plan_row_withheld;
create index plan_row_waits on plan_row (code, field) where waits;
create index plan_row_waits_of_run on plan_row (run_id) where waits;
create index plan_row_withheld on plan_row (run_id, code, field) where withheld <> '';
create index plan_row_decided_in on plan_row (decided_in) where decided_in is not null;

alter table upstream_record drop column waiting;

alter table run
    add column os_user text not null default '',
    add column waiting integer not null default 0;
update run r set waiting = (select count(*) from plan_row p where p.run_id = r.id and p.waits) where r.state = 'withheld';
create index run_waiting on run (source, report) where waiting > 0;
comment on column run.waiting is 'How many of its rows wait for a decision';
comment on column run.os_user is 'The operating-system user who asked for it, whatever name was given as actor';
