-- Open profiles of one type with the same postcode, at most ten of them; whether their names are nearly the same, the rule of
-- the kind decides. Several trusts may have sites of their own in one hospital: they count within one trust. With offset 0
-- the few that share a postcode are looked up by their key, whatever the statistics say.
select 'probable-duplicate' as kind, a.code as subject, b.code as about, a.code, a.icb as board, greatest(a.created_at, b.created_at) as since,
    jsonb_build_object('type', a.type, 'postcode', a.postcode, 'name', a.name, 'other', b.name) as facts
from (
    select type, postcode from profile where status <> 'closed' and postcode <> '' and not hidden group by type, postcode having count(*) between 2 and 10
) same
cross join lateral (
    select p.* from profile p
    where p.type = same.type and p.postcode = same.postcode and p.status <> 'closed' and p.postcode <> '' and not p.hidden offset 0
) a
cross join lateral (
    select p.* from profile p
    where p.type = same.type and p.postcode = same.postcode and p.status <> 'closed' and p.postcode <> '' and not p.hidden and p.code > a.code
        and (p.type <> 'trust-site' or p.parent = a.parent) offset 0
) b
