-- People of pharmacies, each with an account manager, the first half with an editor too. All checked their pharmacies in
-- the quarter before. Eve, an editor of the first, and the account manager of the last were last here in December.
with place as (
    select code, n, count(*) over () as places from unnest(string_to_array($1, ',')) with ordinality as p (code, n)
), who as (
    insert into profilesync.account (email, name, state, created_at, last_active_at)
    select 'person' || n || '@example.nhs.uk', 'Person ' || n, 'active', '2025-11-01',
        case when n in (places, places * 3 / 2 + 1) then '2025-12-01 12:00+00' else '2026-03-20 12:00+00' end::timestamptz
    from (select distinct places from place) p, generate_series(1, places * 3 / 2 + 1) n
    returning id
), member as (
    insert into profilesync.membership (account_id, code, role)
    select w.id, p.code, case when w.n <= p.places then 'account-manager' else 'editor' end
    from (select id, row_number() over (order by id) as n from who) w
    join place p on p.n = case when w.n <= p.places then w.n when w.n = p.places * 3 / 2 + 1 then 1 else w.n - p.places end
), checked as (
    insert into profilesync.section_checked (code, section, at)
    select code, s, '2026-02-10' from place, unnest('{contact,opening-times,services,facilities,bank-holiday-times}'::text[]) s
)
insert into profilesync.dated_opening_period (code, date) select code, d from place, unnest('{2026-05-04,2026-05-25}'::date[]) d
