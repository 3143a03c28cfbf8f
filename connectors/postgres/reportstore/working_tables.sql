-- The working table of a report being frozen: the rows of the audit that it covers, in the order of the report.
create temp table report_candidate (
    id       bigint not null,
    position bigint not null,
    constraint report_candidate_pkey primary key (position)
) on commit drop;
