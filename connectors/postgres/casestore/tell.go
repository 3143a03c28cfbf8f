package casestore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore/casesql"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Letters returns the letters that are due about cases, and how many nobody can be told
// of; it changes nothing. Lists are the mailing lists that there are. Without digests, only
// urgent kinds are looked at.
func (s *Store) Letters(ctx context.Context, lists map[profile.ODSCode]bool, at cases.Moment, digests bool) (
	letters []cases.Letter, untold int, err error,
) {
	letters, untold, err = due(ctx, s.q, lists, at, digests)
	return letters, untold, postgres.Wrap(err, "planning letters about cases")
}

// Tell makes the letters due that Letters returns. It returns how many of them are new, and
// of how many cases nobody can be told. Each recipient is told once that a case has opened,
// and once that it has ended; of an opening again on a later day if the letter never arrived.
func (s *Store) Tell(ctx context.Context, lists map[profile.ODSCode]bool, at cases.Moment, digests bool) (
	added, untold int, err error,
) {
	err = s.alone(ctx, func(q *casesql.Queries, _ pgx.Tx) (err error) {
		var letters []cases.Letter
		if letters, untold, err = due(ctx, q, lists, at, digests); err != nil || len(letters) == 0 {
			return err
		}
		added, err = add(ctx, q, letters, at)
		return err
	})
	return added, untold, postgres.Wrap(err, "telling people of cases")
}

func due(ctx context.Context, q *casesql.Queries, lists map[profile.ODSCode]bool, at cases.Moment, digests bool) (
	letters []cases.Letter, untold int, err error,
) {
	var kinds []cases.Kind
	if !digests {
		kinds = cases.UrgentKinds()
	}
	rows, err := q.CasesToTell(ctx, postgres.Texts(kinds))
	if err != nil || len(rows) == 0 {
		return nil, 0, err
	}
	stored := make([]cases.Stored, len(rows))
	codes := make([]profile.ODSCode, len(rows))
	for i, r := range rows {
		if stored[i], err = toStored(r); err != nil {
			return nil, 0, err
		}
		codes[i] = r.Code
	}
	if err := addTold(ctx, q, stored, at.Today()); err != nil {
		return nil, 0, err
	}
	directory, err := directoryOf(ctx, q, codes)
	directory.Lists = lists
	return cases.Letters(stored, directory, at, digests), cases.Untold(stored, directory, at), err
}

// addTold adds what was told of the cases.
func addTold(ctx context.Context, q *casesql.Queries, stored []cases.Stored, today profile.Date) error {
	ids, place := make([]int64, len(stored)), make(map[int64]int, len(stored))
	for i := range stored {
		ids[i], place[stored[i].ID], stored[i].Told = stored[i].ID, i, make(map[cases.Recipient]cases.Told)
	}
	rows, err := q.ToldOfCases(ctx, casesql.ToldOfCasesParams{Ids: ids, Today: today})
	for _, r := range rows {
		to, bad := cases.ParseRecipient(r.Recipient)
		if bad != nil {
			return bad
		}
		of := stored[place[r.CaseID]].Told
		told := of[to]
		if r.Before {
			told.Before = r.Day
		} else {
			told = told.And(r.News, r.Day)
		}
		of[to] = told
	}
	return err
}

func directoryOf(ctx context.Context, q *casesql.Queries, codes []profile.ODSCode) (d cases.Directory, err error) {
	members, err := q.MembersToTell(ctx, postgres.Texts(codes))
	if err != nil {
		return d, err
	}
	editors := make(map[profile.ODSCode][]people.AccountID)
	d.Managers, d.Leads = make(map[profile.ODSCode][]people.AccountID), make(map[profile.ODSCode][]people.AccountID)
	for _, m := range members {
		if m.Role == people.RoleManager {
			d.Managers[m.Code] = append(d.Managers[m.Code], m.AccountID)
		} else {
			editors[m.Code] = append(editors[m.Code], m.AccountID)
		}
	}
	for code, accounts := range editors {
		if len(d.Managers[code]) == 0 {
			d.Managers[code] = accounts
		}
	}
	staff, err := q.StaffToTell(ctx)
	for _, a := range staff {
		if a.Kind == people.KindAdministrator {
			d.Administrators = append(d.Administrators, a.ID)
		} else {
			d.Leads[profile.ODSCode(a.Region)] = append(d.Leads[profile.ODSCode(a.Region)], a.ID)
		}
	}
	return d, err
}

func add(ctx context.Context, q *casesql.Queries, letters []cases.Letter, at cases.Moment) (int, error) {
	var p casesql.AddCaseLettersParams
	for _, l := range letters {
		p.Refs, p.Kinds = append(p.Refs, l.Reference()), append(p.Kinds, string(l.Kind()))
		p.Accounts, p.Lists = append(p.Accounts, int64(l.To.Account)), append(p.Lists, string(l.To.List))
	}
	added, err := q.AddCaseLetters(ctx, p)
	if err != nil {
		return 0, err
	}
	isNew := make(map[string]bool, len(added))
	for _, reference := range added {
		isNew[reference] = true
	}
	told := casesql.RecordToldParams{Day: at.Today()}
	for _, l := range letters {
		for _, item := range l.Items {
			if isNew[l.Reference()] {
				told.Ids, told.Openings = append(told.Ids, item.ID), append(told.Openings, item.Opening)
				told.Recipients, told.News = append(told.Recipients, l.To.String()), append(told.News, string(item.News))
				told.Refs = append(told.Refs, l.Reference())
			}
		}
	}
	if err := q.LeaveOutUndelivered(ctx, casesql.LeaveOutUndeliveredParams{Ids: told.Ids, Today: told.Day}); err != nil {
		return 0, err
	}
	return len(added), q.RecordTold(ctx, told)
}

// LinesOf returns what a letter about cases tells as it is sent: a line a case. None is
// left if none of it holds any more. What does not hold counts as not told: who is to
// know it when it holds again gets another letter.
func (s *Store) LinesOf(ctx context.Context, reference string) ([]string, error) {
	rows, err := s.q.CasesOfLetter(ctx, reference)
	items := make([]cases.Item, len(rows))
	var leftOut []int64
	for i, r := range rows {
		items[i] = cases.Item{News: r.News, Opening: r.Opening}
		if items[i].Stored, err = toStored(r.Case); err != nil {
			break
		}
		if !items[i].Holds() {
			leftOut = append(leftOut, r.Case.ID)
		}
	}
	if err == nil && len(leftOut) > 0 {
		err = s.q.LeaveOut(ctx, casesql.LeaveOutParams{Reference: reference, Ids: leftOut})
	}
	return cases.Lines(items), postgres.Wrap(err, "reading what a letter tells of cases")
}
