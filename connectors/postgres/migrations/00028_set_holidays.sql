-- +goose Up
-- Hours for bank holidays that a push set among dates that nobody stated go from the sink when they are withdrawn. What the
-- sink shows does not tell them from its own dates.

alter table push add column holidays text not null default '';
comment on column push.holidays is 'Dated hours, one line each, that pushes set for bank holidays among dates that nobody stated; each until its day has passed';

comment on column push_attempt.answer is 'accepted, unchanged, seen (found on reading back), unread (nothing was sent, since the sink could not be read), refused, unauthorized, conflict, later, unclear or down';
