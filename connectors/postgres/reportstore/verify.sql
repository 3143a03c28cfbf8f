-- The audit rows that a report covers, each with its row in the report; a row that was noise has no cells, and a row that no
-- audit row stands behind has the number 0. A full join is never a nested loop: nobody has counted the rows of a report that
-- was made a moment ago, and the planner takes them for one.
select coalesce(a.id, 0), coalesce(a.code, ''), coalesce(a.field, ''), a.old, a.new, coalesce(a.actor, ''), coalesce(a.run_id, 0),
    coalesce(a.at, 'epoch'), coalesce(a.name, ''), coalesce(r.cells, '{}')
from (
    select c.id, c.code, c.field, c.old, c.new, c.actor, c.run_id, c.at, p.name
    from report_change k join change c on c.id = k.change_id join profile p on p.code = c.code
    where k.report_id = $1
) a
full join (select w.cells[2]::bigint as id, w.cells from report_row w where w.report_id = $1 and w.section = 'changes') r on r.id = a.id
