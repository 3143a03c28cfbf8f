-- Open profiles of one type with the same postcode, at most ten of them; whether their names are nearly the same, the rule of the kind decides.
select 'probable-duplicate' as kind, a.code as subject, b.code as about, a.code, a.icb as board, greatest(a.created_at, b.created_at) as since,
    jsonb_build_object('type', a.type, 'postcode', a.postcode, 'name', a.name, 'other', b.name) as facts
from (
    select type, postcode from profile where status <> 'closed' and postcode <> '' and not hidden group by type, postcode having count(*) between 2 and 10
) same
join profile a on a.type = same.type and a.postcode = same.postcode and a.status <> 'closed' and not a.hidden
join profile b on b.type = same.type and b.postcode = same.postcode and b.status <> 'closed' and not b.hidden and b.code > a.code
