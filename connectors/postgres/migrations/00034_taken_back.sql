-- +goose Up
-- Single changes of a field that people took back.

create table taken_back (
    change_id bigint not null,
    by_xid    xid8 not null default pg_current_xact_id(),
    actor     text not null default audit_actor(),
    reason    text not null default audit_reason(),
    at        timestamptz not null default clock(),
    constraint taken_back_pkey primary key (change_id)
);
comment on table taken_back is 'Changes that people took back one by one; what a run''s undo takes back is in its plan';
comment on column taken_back.change_id is 'The row of the audit that was taken back: only once';
comment on column taken_back.by_xid is 'The transaction that wrote the former value, and its own row of the audit';
comment on column taken_back.actor is 'See change.actor';
comment on column taken_back.reason is 'Why, if somebody said so';
comment on column taken_back.at is 'When';
create trigger taken_back_is_append_only before update or delete or truncate on taken_back
    for each statement execute function refuse('it is a part of the audit');
