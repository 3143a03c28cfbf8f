-- +goose Up
-- A rejection ends once the register says something else, and comes back with the undo of the run that read it. What a
-- decision leaves out says why.

alter table mark add column lifted_in bigint;
create index mark_lifted_in on mark (lifted_in) where lifted_in is not null;
comment on column mark.lifted_in is 'The run that found that the register says something else, so that the decision holds no more; null while it holds';

alter table plan_row add column left_out text not null default '',
    add constraint plan_row_left_out_known check (left_out in ('', 'held', 'closed', 'edited', 'register'));
comment on column plan_row.left_out is 'Why a row that was left out (moved) was: the fact is held, the profile is closed, the profile was edited since, or the register does not say it any more; empty for one that was not, and for those of earlier versions';
