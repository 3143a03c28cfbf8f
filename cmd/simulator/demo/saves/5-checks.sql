-- The first half of the pharmacies is checked by its account managers: nothing changed, and that counts.
with place as (
    select code, n, count(*) over () as places from unnest(string_to_array($1, ',')) with ordinality as p (code, n)
), checked as (
    insert into profilesync.section_check (code, section, account_id)
    select p.code, s, m.account_id
    from place p
    join profilesync.membership m on m.code = p.code and m.role = 'account-manager'
    cross join unnest('{contact,opening-times,services,facilities,bank-holiday-times}'::text[]) s
    where p.n <= p.places / 2
)
insert into profilesync.dated_opening_period (code, date) select code, '2026-08-31' from place where n <= places / 2
