-- +goose Up
-- A letter that was claimed, and that surely nobody handed to the mail service yet, goes out later as if nothing had been:
-- the answer to the claim was lost, or the process ended before it came to this letter.

alter table letter add column untouched boolean not null default false;
comment on column letter.untouched is 'Claimed, and not handed to the mail service yet: so it surely did not go out';
