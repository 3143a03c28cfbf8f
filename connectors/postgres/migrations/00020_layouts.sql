-- +goose Up
-- The layout in which each record was read: what a column means is compared with that, not with the listing before.

alter table upstream_record add column layout text not null default '';
comment on column upstream_record.layout is 'The layout of the listing that it was read from; empty where it has none, or it was not kept';

-- A record that is missing was not in the last listing.
update upstream_record u
set layout = coalesce(case when u.missing_since is null then a.layout else (select r.layout from run r where r.id = u.compared_in) end, '')
from listing l
join accepted_listing a on a.id = l.acceptance
where u.source = l.source and u.report = l.report;
