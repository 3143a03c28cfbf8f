-- +goose Up
-- Closed in reality, open in the register: what boards say, what people confirm, and what they take back.

create table closure (
    id            bigint generated always as identity,
    code          text collate "C" not null,
    said_by       text not null,
    said_at       timestamptz not null default clock(),
    reason        text not null,
    confirmed_by  text,
    confirmed_at  timestamptz,
    successor     text collate "C" not null default '',
    hid_by        bigint,
    taken_back_by text,
    taken_back_at timestamptz,
    constraint closure_pkey primary key (id),
    constraint closure_profile_fkey foreign key (code) references profile (code),
    constraint closure_with_reason check (reason <> ''),
    constraint closure_confirmed_by_somebody check ((confirmed_at is null) = (confirmed_by is null)),
    constraint closure_taken_back_by_somebody check ((taken_back_at is null) = (taken_back_by is null)),
    constraint closure_hid_once_confirmed check (hid_by is null or confirmed_at is not null)
);
create unique index closure_once on closure (code) where taken_back_at is null;
comment on table closure is 'A place has closed, whatever the register says: a board''s word, and the confirmation of a person, until it is taken back';
comment on column closure.id is 'Surrogate key';
comment on column closure.code is 'The profile';
comment on column closure.said_by is 'Who said so first';
comment on column closure.said_at is 'When';
comment on column closure.reason is 'Why it was last said, confirmed or taken back; decision_change has all';
comment on column closure.confirmed_by is 'Who confirmed it; null before';
comment on column closure.confirmed_at is 'Since when the profile is hidden, and sinks are told that it is closed; null before';
comment on column closure.successor is 'The code of the place that follows it, as whoever confirmed it said; empty for none';
comment on column closure.hid_by is 'The row of the audit by which it hid the profile; null if that was hidden before';
comment on column closure.taken_back_by is 'Who took it back; null while it stands';
comment on column closure.taken_back_at is 'When; null while it stands';
create trigger closure_written after insert or update on closure
    for each row execute function decision_written('code', 'reason said_by confirmed_by successor taken_back_by');
create trigger closure_is_never_deleted before delete or truncate on closure
    for each statement execute function refuse('take it back instead');

-- What the signs of a closure look for, so that a profile in use costs a look nothing.
create index section_checked_by_time on section_checked (at);
create index service_withdrawn on service (code) where source = 'ers' and withdrawn;
create index profile_district on profile (type, split_part(postcode, ' ', 1), code) where status <> 'closed' and postcode <> '' and not hidden;
