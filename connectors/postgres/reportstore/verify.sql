-- The audit rows that a report covers, each with its row in the report; a row that was noise has no cells.
select c.id, c.code, c.field, c.old, c.new, c.actor, coalesce(c.run_id, 0), c.at, p.name, coalesce(r.cells, '{}')
from report_change k
join change c on c.id = k.change_id
join profile p on p.code = c.code
left join report_row r on r.report_id = k.report_id and r.section = 'changes' and r.cells[2]::bigint = c.id
where k.report_id = $1
