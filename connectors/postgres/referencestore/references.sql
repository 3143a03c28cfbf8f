-- name: GetReference :one
select name, as_of, records, etag, content from reference_report where source = @source and report = @report;

-- name: KeepReference :execrows
-- One of an earlier day changes nothing. The audit is told who it is by the same statement.
insert into reference_report (source, report, name, as_of, records, etag, content, actor)
values (@source, @report, @name, @as_of, @records, @etag, @content, set_config('profilesync.actor', @actor::text, true))
on conflict on constraint reference_report_pkey do update
set name = excluded.name, as_of = excluded.as_of, records = excluded.records, etag = excluded.etag, content = excluded.content,
    actor = excluded.actor, kept_at = clock()
where reference_report.as_of <= excluded.as_of;

-- name: SeeReference :exec
-- The register still says the same.
update reference_report set as_of = @as_of
where source = @source and report = @report and etag = @etag and as_of < @as_of;
