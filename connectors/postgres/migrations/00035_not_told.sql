-- +goose Up
-- What a letter was to tell of a case, and did not, since it no longer held when the letter was sent: nobody was told.

alter table case_told add column left_out boolean not null default false;
comment on column case_told.left_out is 'The letter did not tell it: when it was sent the case was gone, waited, was set aside, or was back';

drop index case_told_once;
create unique index case_told_once on case_told (case_id, opening, recipient, news) where news <> 'overdue' and not left_out;
