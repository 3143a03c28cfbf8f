-- +goose NO TRANSACTION
-- +goose Up
-- Finds when a field of a profile was last edited without reading its history. The index is built while daemons work.

drop index concurrently if exists change_by_edit; -- what an attempt that was cut off left behind
create index concurrently change_by_edit on change (code, field, at) where run_id is null;
