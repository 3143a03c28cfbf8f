package peoplestore

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore/peoplesql"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// peoplePage is how many people are loaded at a time.
const peoplePage = 2000

// People loads people with their organisations and warnings, in pages, in the
// order of their ids.
func (s *Store) People(ctx context.Context, f people.Filter, today profile.Date) iter.Seq2[[]people.Person, error] {
	return func(yield func([]people.Person, error) bool) {
		var after people.AccountID
		for {
			people, err := loadPeople(ctx, s.q, f, after, today)
			if err != nil {
				yield(nil, postgres.Wrap(err, "loading people"))
				return
			}
			if len(people) > 0 {
				after = people[len(people)-1].ID
			}
			if len(people) > 0 && !yield(people, nil) || len(people) < peoplePage {
				return
			}
		}
	}
}

func loadPeople(ctx context.Context, q *peoplesql.Queries, f people.Filter, after people.AccountID, today profile.Date) (
	[]people.Person, error,
) {
	rows, err := q.LoadPeople(ctx, peoplesql.LoadPeopleParams{
		After: after, Ids: numbers(f.IDs), States: postgres.Texts(f.States), Codes: postgres.Texts(f.Codes), IdleBefore: f.IdleBefore,
		Most: max(peoplePage, len(f.IDs)),
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	accounts := make([]people.Person, len(rows))
	at := make(map[people.AccountID]*people.Person, len(rows))
	for i, row := range rows {
		accounts[i] = toPerson(row)
		at[row.ID] = &accounts[i]
	}
	return accounts, addTo(ctx, q, at, today)
}

// toPerson treats an address that cannot be written to as dead.
func toPerson(row peoplesql.LoadPeopleRow) people.Person {
	address, err := people.ParseEmailAddress(row.Email)
	return people.Person{
		ID: row.ID, Kind: row.Kind, State: row.State,
		Address: address, Name: people.NewPersonName(row.Name), Dead: row.Dead || err != nil,
		LastActive: row.LastActiveAt, LeaveUntil: row.LeaveUntil,
	}
}

// addTo adds organisations and warnings.
func addTo(ctx context.Context, q *peoplesql.Queries, at map[people.AccountID]*people.Person, today profile.Date) error {
	ids := numbers(slices.Collect(maps.Keys(at)))
	members, err := q.LoadMemberships(ctx, ids)
	if err != nil {
		return err
	}
	codes := make([]profile.ODSCode, len(members))
	for i, m := range members {
		codes[i] = m.Code
	}
	checks, err := loadChecks(ctx, q, codes, today)
	if err != nil {
		return err
	}
	for _, m := range members {
		org := checks.org(m.Code, m.Name, m.Type, m.Icb)
		at[m.AccountID].Orgs = append(at[m.AccountID].Orgs, people.MemberOf{CheckedOrg: org, Role: m.Role})
	}
	warnings, err := q.LoadWarnings(ctx, ids)
	for _, w := range warnings {
		p := at[people.AccountID(w.AccountID)]
		p.Warned = append(p.Warned, toWarning(w))
	}
	return err
}

func toWarning(w peoplesql.LoadWarningsRow) people.IdleWarning {
	warning := people.IdleWarning{
		Kind: w.Kind, Since: w.Since, Ends: w.Ends, Accepted: w.AcceptedAt,
	}
	switch w.State {
	case "refused", "unclear", "dead", "failed":
		warning.Failed = true
	}
	return warning
}

// checks are the checks of organisations, and the days for which they stated
// hours.
type checks struct {
	checked map[profile.ODSCode]people.Checked
	stated  map[profile.ODSCode][]profile.Date
}

func loadChecks(ctx context.Context, q *peoplesql.Queries, codes []profile.ODSCode, today profile.Date) (checks, error) {
	slices.Sort(codes)
	codes = slices.Compact(codes)
	c := checks{checked: make(map[profile.ODSCode]people.Checked, len(codes)), stated: make(map[profile.ODSCode][]profile.Date)}
	checked, err := q.LoadChecked(ctx, postgres.Texts(codes))
	if err != nil {
		return c, err
	}
	for _, row := range checked {
		if c.checked[row.Code] == nil {
			c.checked[row.Code] = make(people.Checked)
		}
		c.checked[row.Code][row.Section] = row.At
	}
	stated, err := q.LoadStated(ctx, peoplesql.LoadStatedParams{Codes: postgres.Texts(codes), Today: today})
	for _, row := range stated {
		c.stated[row.Code] = append(c.stated[row.Code], row.Date)
	}
	return c, err
}

// Confirmed is the newest confirmation of a section of a profile: a person said that it is
// right, or made it so.
type Confirmed struct {
	Section people.Section
	At      time.Time
	Account people.AccountID
	Edited  bool // by an edit
}

// Confirmed returns the newest confirmation of each section of a profile that anybody has
// confirmed.
func (s *Store) Confirmed(ctx context.Context, code profile.ODSCode) ([]Confirmed, error) {
	rows, err := s.q.LoadConfirmed(ctx, code)
	list := make([]Confirmed, len(rows))
	for i, row := range rows {
		list[i] = Confirmed{Section: row.Section, At: row.At, Account: row.AccountID, Edited: row.Edited}
	}
	return list, postgres.Wrap(err, "checks of "+string(code))
}

func (c checks) org(code profile.ODSCode, name string, orgType profile.OrgType, icb profile.ODSCode) people.CheckedOrg {
	return people.CheckedOrg{
		Code: code, Name: name, Type: orgType, ICB: icb,
		Checked: c.checked[code], Stated: c.stated[code],
	}
}

// Orgs loads open organisations by their codes.
func (s *Store) Orgs(ctx context.Context, codes []profile.ODSCode, today profile.Date) ([]people.CheckedOrg, error) {
	return loadOrgs(ctx, s.q, peoplesql.LoadOrgsParams{Codes: postgres.Texts(codes), Types: []string{}}, today)
}

// OrgsOfICB loads the open organisations of the given types in an ICB.
func (s *Store) OrgsOfICB(ctx context.Context, icb profile.ODSCode, types []profile.OrgType, today profile.Date) (
	[]people.CheckedOrg, error,
) {
	return loadOrgs(ctx, s.q, peoplesql.LoadOrgsParams{Codes: []string{}, Icb: icb, Types: postgres.Texts(types)}, today)
}

func loadOrgs(ctx context.Context, q *peoplesql.Queries, params peoplesql.LoadOrgsParams, today profile.Date) ([]people.CheckedOrg, error) {
	rows, err := q.LoadOrgs(ctx, params)
	if err != nil {
		return nil, postgres.Wrap(err, "loading organisations")
	}
	codes := make([]profile.ODSCode, len(rows))
	for i, row := range rows {
		codes[i] = row.Code
	}
	c, err := loadChecks(ctx, q, codes, today)
	orgs := make([]people.CheckedOrg, len(rows))
	for i, row := range rows {
		orgs[i] = c.org(row.Code, row.Name, row.Type, row.Icb)
	}
	return orgs, postgres.Wrap(err, "loading checks")
}

// Unreached returns the open organisations of some types that no letter can
// reach: no active account there has a working address.
func (s *Store) Unreached(ctx context.Context, types []profile.OrgType, most int) ([]people.CheckedOrg, error) {
	rows, err := s.q.ListUnreached(ctx, peoplesql.ListUnreachedParams{Types: postgres.Texts(types), Most: most})
	orgs := make([]people.CheckedOrg, len(rows))
	for i, row := range rows {
		orgs[i] = checks{}.org(row.Code, row.Name, row.Type, row.Icb)
	}
	return orgs, postgres.Wrap(err, "listing organisations without anybody")
}

// ICBs returns the boards of the open organisations of some types.
func (s *Store) ICBs(ctx context.Context, types []profile.OrgType) ([]profile.ODSCode, error) {
	codes, err := s.q.ListICBs(ctx, postgres.Texts(types))
	return codes, postgres.Wrap(err, "listing boards")
}

// NewLetters returns the letters that were not made due before.
func (s *Store) NewLetters(ctx context.Context, letters []people.DueLetter) ([]people.DueLetter, error) {
	refs := make([]string, len(letters))
	for i, letter := range letters {
		refs[i] = letter.Reference
	}
	rows, err := s.q.KnownLetters(ctx, refs)
	known := make(map[string]bool, len(rows))
	for _, reference := range rows {
		known[reference] = true
	}
	fresh := slices.DeleteFunc(slices.Clone(letters), func(letter people.DueLetter) bool { return known[letter.Reference] })
	return fresh, postgres.Wrap(err, "looking for letters")
}

// AddLetters makes letters due, each once: a letter whose reference is already
// stored is left alone. It returns how many are new.
func (s *Store) AddLetters(ctx context.Context, letters []people.DueLetter) (int, error) {
	added, err := insertLetters(ctx, s.q, letters)
	return added, postgres.Wrap(err, "making letters due")
}

func insertLetters(ctx context.Context, q *peoplesql.Queries, letters []people.DueLetter) (int, error) {
	if len(letters) == 0 {
		return 0, nil
	}
	var p peoplesql.InsertLettersParams
	for _, letter := range letters {
		p.Refs, p.Kinds = append(p.Refs, letter.Reference), append(p.Kinds, string(letter.Kind))
		p.Accounts, p.Abouts = append(p.Accounts, int64(letter.Account)), append(p.Abouts, int64(letter.Subject))
		p.Lists, p.Stages = append(p.Lists, string(letter.List)), append(p.Stages, string(letter.Stage))
		quarter := profile.Date{}
		if letter.Quarter != (people.Quarter{}) {
			quarter = letter.Quarter.First()
		}
		p.Quarters = append(p.Quarters, quarter)
		p.Sinces, p.Ends = append(p.Sinces, letter.Since), append(p.Ends, letter.Ends)
		p.Codes = append(p.Codes, strings.Join(postgres.Texts(letter.Codes), "|"))
	}
	added, err := q.InsertLetters(ctx, p)
	return int(added), err
}

func numbers(ids []people.AccountID) []int64 {
	all := make([]int64, len(ids))
	for i, v := range ids {
		all[i] = int64(v)
	}
	return all
}
