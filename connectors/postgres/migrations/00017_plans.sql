-- +goose Up
-- Plans that people were shown, so that exactly what one shows can be applied.

create table plan (
    id         bigint generated always as identity,
    kind       text not null,
    source     text collate "C" not null,
    report     text collate "C" not null,
    as_of      date not null,
    codes      text[] not null default '{}',
    upload_id  bigint,
    digest     text not null,
    summary    jsonb not null,
    actor      text not null,
    os_user    text not null,
    created_at timestamptz not null default clock(),
    constraint plan_pkey primary key (id),
    constraint plan_upload_fkey foreign key (upload_id) references upload (id) on delete set null,
    constraint plan_kind_known check (kind in ('listing', 'delta'))
);
create index plan_by_upload on plan (upload_id) where upload_id is not null;
comment on table plan is 'What a reconciliation would have done, as a person was shown it; its changes and its file are kept for a week';
comment on column plan.id is 'The plan''s number, as people type it: 12 for P12';
comment on column plan.kind is 'See run.kind';
comment on column plan.source is 'See run.source';
comment on column plan.report is 'See run.report';
comment on column plan.as_of is 'See run.as_of';
comment on column plan.codes is 'See run.codes';
comment on column plan.upload_id is 'The file that it was made from; null where it was pulled, and after a week';
comment on column plan.digest is 'See run.digest';
comment on column plan.summary is 'The machine-readable result that was shown';
comment on column plan.actor is 'Who asked for it';
comment on column plan.os_user is 'The operating-system user who asked for it, whatever name was given as actor';
comment on column plan.created_at is 'When it was made';

-- No foreign key: a plan writes these rows by the hundred thousand.
create table plan_change (
    plan_id  bigint not null,
    code     text collate "C" not null,
    field    text collate "C" not null,
    fact     text collate "C" not null,
    type     text not null,
    verb     text not null,
    old      text not null,
    new      text not null,
    reason   text not null,
    withheld text not null,
    digest   bytea not null,
    constraint plan_change_pkey primary key (plan_id, code, field)
);
comment on table plan_change is 'The changes of a plan that a person was shown: the rows that its run would have had';
comment on column plan_change.plan_id is 'The plan';
comment on column plan_change.code is 'See plan_row';
comment on column plan_change.field is 'See plan_row';
comment on column plan_change.fact is 'See plan_row';
comment on column plan_change.type is 'See plan_row';
comment on column plan_change.verb is 'See plan_row';
comment on column plan_change.old is 'See plan_row';
comment on column plan_change.new is 'See plan_row';
comment on column plan_change.reason is 'See plan_row';
comment on column plan_change.withheld is 'See plan_row';
comment on column plan_change.digest is 'See plan_row';

alter table run add column plan_id bigint;
alter table run add constraint run_plan_fkey foreign key (plan_id) references plan (id);
create unique index run_applies_plan on run (plan_id) where planned;
create index run_by_plan on run (plan_id) where plan_id is not null;
comment on column run.plan_id is 'The plan that it applies exactly; null for a run that makes its own. Only one run applies a plan';

create sequence preview_number increment by -1;
comment on sequence preview_number is 'Numbers of runs that vanish with their plan: runs of their own keep 1, 2, 3';
