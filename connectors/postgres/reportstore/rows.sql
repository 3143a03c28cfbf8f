-- The rows of a section of a report, streamed, so that a report never has to fit in memory.
select cells from report_row where report_id = $1 and section = $2 and ($3 = '' or icb = $3) order by icb, position
