-- +goose Up
-- Profiles: the published interface of the editing application, which writes
-- these tables directly. Codes sort bytewise everywhere (collate "C"), so that
-- Go and SQL agree on the order of a plan.

-- Functions that only name what pg_catalog holds have no search path of their own: with one, Postgres could not inline
-- them, and they run once a row.
-- +goose StatementBegin
create function clock() returns timestamptz
    language sql stable
as $$ select coalesce(nullif(current_setting('profilesync.now', true), '')::timestamptz, now()) $$;
-- +goose StatementEnd
comment on function clock is 'The present, or the instant that a demo or a test plays (session setting profilesync.now)';

create table profile (
    code         text collate "C" not null,
    version      bigint not null default 1,
    name         text not null,
    address      text[] not null default '{}',
    postcode     text not null default '',
    type         text not null,
    roles        text[] not null default '{}',
    status       text not null default 'open',
    parent       text not null default '',
    commissioner text not null default '',
    icb          text not null default '',
    region       text not null default '',
    successor    text not null default '',
    phone        text not null default '',
    email        text not null default '',
    website      text not null default '',
    description  text not null default '',
    hidden       boolean not null default false,
    created_at   timestamptz not null default clock(),
    updated_at   timestamptz not null default clock(),
    constraint profile_pkey primary key (code),
    constraint profile_code_is_ods check (code ~ '^[A-Z0-9]{3,10}$'),
    constraint profile_name_stated check (name <> ''),
    constraint profile_type_known check (type in ('pharmacy', 'gp-practice', 'gp-branch', 'dental-practice',
        'optical-site', 'trust', 'trust-site')),
    constraint profile_status_known check (status in ('open', 'dormant', 'closed')),
    constraint profile_website_is_http check (website = '' or website ~* '^https?://[^[:space:]@]+$')
);
create index profile_not_closed on profile (type) where status <> 'closed';

comment on table profile is 'Our record of one organisation or site; never deleted';
comment on column profile.code is 'ODS code: 3 to 10 upper-case letters and digits; says nothing about the type';
comment on column profile.version is 'Grows with every change of the row; set by a trigger';
comment on column profile.name is 'Display name; owned by ODS';
comment on column profile.address is 'Address lines with town and county, in order; owned by ODS';
comment on column profile.postcode is 'Postcode, upper case, one space before the last three; owned by ODS';
comment on column profile.type is 'Kind of organisation; owned by ODS';
comment on column profile.roles is 'ODS role codes (RO...), the primary one first; owned by ODS';
comment on column profile.status is 'open, dormant (no activity, not closed) or closed; owned by ODS';
comment on column profile.parent is 'ODS code of the organisation that operates this one (RE6); owned by ODS';
comment on column profile.commissioner is 'ODS code of the commissioner (RE4); owned by ODS';
comment on column profile.icb is 'ODS code of the integrated care board; owned by ODS';
comment on column profile.region is 'ODS code of the NHS England region; owned by ODS';
comment on column profile.successor is 'ODS code of the organisation that follows this one; owned by ODS';
comment on column profile.phone is 'Public telephone number; owned by editors, seeded by ODS';
comment on column profile.email is 'Public e-mail address of the organisation; owned by editors';
comment on column profile.website is 'Public web address, http or https; owned by editors, seeded by ODS';
comment on column profile.description is 'What the organisation says of itself; owned by editors';
comment on column profile.hidden is 'Not to be shown to the public; owned by editors';
comment on column profile.created_at is 'When the row was written first';
comment on column profile.updated_at is 'When the row was written last; set by a trigger';

create table opening_period (
    id     bigint generated always as identity,
    code   text collate "C" not null,
    day    text not null,
    opens  time not null,
    closes time not null,
    constraint opening_period_pkey primary key (id),
    constraint opening_period_profile_fkey foreign key (code) references profile (code),
    constraint opening_period_day_known check (day in ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'bank-holiday')),
    constraint opening_period_once unique (code, day, opens)
);
comment on table opening_period is 'Weekly opening times; owned by editors';
comment on column opening_period.id is 'Surrogate key';
comment on column opening_period.code is 'The profile';
comment on column opening_period.day is 'mon to sun, or bank-holiday';
comment on column opening_period.opens is 'Local opening time, Europe/London';
comment on column opening_period.closes is 'Local closing time; before opens where the period crosses midnight, equal for 24 hours';

create table dated_opening_period (
    id     bigint generated always as identity,
    code   text collate "C" not null,
    date   date not null,
    opens  time,
    closes time,
    constraint dated_opening_period_pkey primary key (id),
    constraint dated_opening_period_profile_fkey foreign key (code) references profile (code),
    constraint dated_opening_period_open_or_closed check ((opens is null) = (closes is null)),
    constraint dated_opening_period_once unique (code, date, opens)
);
comment on table dated_opening_period is 'Opening times of single days, before the weekly ones; owned by editors';
comment on column dated_opening_period.id is 'Surrogate key';
comment on column dated_opening_period.code is 'The profile';
comment on column dated_opening_period.date is 'The day, Europe/London';
comment on column dated_opening_period.opens is 'Local opening time; null when closed all day';
comment on column dated_opening_period.closes is 'Local closing time; null when closed all day';

create table facility (
    id    bigint generated always as identity,
    code  text collate "C" not null,
    name  text not null,
    value text not null,
    constraint facility_pkey primary key (id),
    constraint facility_profile_fkey foreign key (code) references profile (code),
    constraint facility_once unique (code, name)
);
comment on table facility is 'What a place offers its visitors (parking, wheelchair access, ...); owned by editors';
comment on column facility.id is 'Surrogate key';
comment on column facility.code is 'The profile';
comment on column facility.name is 'The facility';
comment on column facility.value is 'Whether and how it is offered';

create table service (
    id          bigint generated always as identity,
    code        text collate "C" not null,
    source      text not null,
    external_id text,
    name        text not null,
    constraint service_pkey primary key (id),
    constraint service_profile_fkey foreign key (code) references profile (code),
    constraint service_source_known check (source in ('ers', 'editor')),
    constraint service_external_id_with_source check ((source = 'ers') = (external_id is not null)),
    constraint service_once unique (source, external_id)
);
create index service_by_profile on service (code);
comment on table service is 'Departments and services of a profile';
comment on column service.id is 'Surrogate key';
comment on column service.code is 'The profile';
comment on column service.source is 'Who owns the row: ers (e-Referral Service) or editor';
comment on column service.external_id is 'The e-RS service id; null for editors'' own';
comment on column service.name is 'Display name';
