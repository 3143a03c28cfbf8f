-- +goose Up
-- A report goes by the names that boards had when it was frozen: the same bytes,
-- whatever is learnt later.

create table report_region (
    report_id bigint not null,
    icb       text collate "C" not null,
    name      text not null,
    constraint report_region_pkey primary key (report_id, icb),
    constraint report_region_report_fkey foreign key (report_id) references report (id)
);
comment on table report_region is 'What boards were called when a report was frozen';
comment on column report_region.report_id is 'The report';
comment on column report_region.icb is 'The board';
comment on column report_region.name is 'Its name, or its code while nobody knew it';

-- Reports of before: by the names that are known now.
insert into report_region (report_id, icb, name)
select distinct r.report_id, r.icb, coalesce(n.name, r.icb)
from report_row r left join region_name n on n.code = r.icb
where r.icb <> '';

comment on column report_figure.name is 'The figure; day:YYYY-MM-DD, field:NAME, region:NAME, kind:NAME and refused:REASON for charts';
