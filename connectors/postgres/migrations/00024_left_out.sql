-- +goose Up
-- One field that a sink does not take stops only itself: it is left out of the push, and remembered with it until it goes
-- through.

alter table push add column left_out jsonb not null default '[]';
comment on column push.left_out is 'What the last push left out, since the sink does not take it: field, value (where it may be shown), reason, since, and refused (the hash of a value that the sink refused by an answer)';
create index push_left_out on push (sink, code) where left_out <> '[]';

-- One field may have been all that stopped these.
update push set state = 'wanted', due_at = now() where state = 'refused';
