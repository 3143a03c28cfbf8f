-- +goose Up
-- Quality checks: what no push can mend, with who must act on it, once per finding until it goes.

create table quality_check (
    id         bigint generated always as identity,
    actor      text not null,
    started_at timestamptz not null default now(),
    ended_at   timestamptz,
    state      text not null default 'running',
    whole      boolean not null,
    checked    integer not null default 0,
    unreadable integer not null default 0,
    reason     text not null default '',
    constraint quality_check_pkey primary key (id),
    constraint quality_check_state_known check (state in ('running', 'done', 'alarm', 'failed'))
);
comment on table quality_check is 'Looks for what no push can mend';
comment on column quality_check.id is 'Surrogate key';
comment on column quality_check.actor is 'Who asked for it';
comment on column quality_check.started_at is 'When it began';
comment on column quality_check.ended_at is 'When it ended';
comment on column quality_check.state is 'running, done, alarm (DoS shows so little that nothing was stored) or failed (nothing was stored)';
comment on column quality_check.whole is 'It looked at every pharmacy';
comment on column quality_check.checked is 'How many pharmacies it looked at';
comment on column quality_check.unreadable is 'How many of them DoS could not be read for';
comment on column quality_check.reason is 'Why it alarmed or failed, or what it left unchecked';

create table quality_finding (
    code       text collate "C" not null,
    kind       text collate "C" not null,
    service    text collate "C" not null,
    about      text collate "C" not null,
    detail     text not null,
    owner      text collate "C" not null,
    first_seen timestamptz not null default clock(),
    first_check bigint not null,
    last_seen  timestamptz not null default clock(),
    last_check bigint not null,
    gone_at    timestamptz,
    report_id  bigint,
    constraint quality_finding_pkey primary key (code, kind, service, about),
    constraint quality_finding_report_fkey foreign key (report_id) references report (id)
);
create index quality_finding_open on quality_finding (kind, owner) where gone_at is null;
create index quality_finding_of_report on quality_finding (report_id);
comment on table quality_finding is 'What quality checks found';
comment on column quality_finding.code is 'The pharmacy';
comment on column quality_finding.kind is 'Which check found it: no-dos-place, open-all-hours, ...';
comment on column quality_finding.service is 'The service of DoS, such as "service 123 (type 148)"; empty if it is about the pharmacy';
comment on column quality_finding.about is 'The field, type of service or code of a service that it is about; empty where the kind says it';
comment on column quality_finding.detail is 'What is shown, and what is stated, when it was last seen';
comment on column quality_finding.owner is 'Who must act: pharmacy, dos-lead or service-desk';
comment on column quality_finding.first_seen is 'When it was found, since it was last gone';
comment on column quality_finding.first_check is 'The check that found it then';
comment on column quality_finding.last_seen is 'When it was last found';
comment on column quality_finding.last_check is 'The newest check that found it, or that found it gone';
comment on column quality_finding.gone_at is 'When a check no longer found it; null while it lasts';
comment on column quality_finding.report_id is 'The report that named it; null before';
