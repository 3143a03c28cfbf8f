package peoplestore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore/peoplesql"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Accounts counts the accounts that have not ended.
func (s *Store) Accounts(ctx context.Context) (int, error) {
	n, err := s.q.CountAccounts(ctx)
	return n, postgres.Wrap(err, "counting accounts")
}

// EndAccounts ends accounts, each only if nothing happened to it since it was
// judged, and makes the letters about it due, in one transaction. If withheld is
// set (too many would end at once), it only stores the endings, which wait for a
// person: only the newest check can be approved.
func (s *Store) EndAccounts(ctx context.Context, endings []people.Ending, withheld bool, accounts int, actor string,
	today profile.Date,
) (
	run people.IdleRun, err error,
) {
	run = people.IdleRun{State: "done", Actor: actor, Ending: len(endings), Accounts: accounts}
	if withheld {
		run.State = "withheld"
	}
	err = s.inTx(ctx, func(q *peoplesql.Queries, _ pgx.Tx) error {
		if err := s.forgetWithheld(ctx, q); err != nil || len(endings) == 0 {
			return err
		}
		if run.ID, err = q.InsertIdleRun(ctx, peoplesql.InsertIdleRunParams{
			State: run.State, Actor: actor, Ending: run.Ending, Accounts: accounts,
		}); err != nil {
			return err
		}
		params := peoplesql.InsertIdleEndingsParams{RunID: run.ID}
		for _, e := range endings {
			params.Ids, params.Steps = append(params.Ids, int64(e.Account)), append(params.Steps, string(e.Step))
			params.Sinces = append(params.Sinces, e.Since)
		}
		if err := q.InsertIdleEndings(ctx, params); err != nil || withheld {
			return err
		}
		run.Ended, err = endAccounts(ctx, q, run.ID, endings, actor, today)
		return err
	})
	return run, postgres.Wrap(err, "ending accounts")
}

func (s *Store) forgetWithheld(ctx context.Context, q *peoplesql.Queries) error {
	if err := q.ReplaceWithheld(ctx); err != nil {
		return err
	}
	return q.DropWithheldRuns(ctx)
}

func endAccounts(ctx context.Context, q *peoplesql.Queries, run int64, endings []people.Ending, actor string, today profile.Date) (
	int, error,
) {
	params := peoplesql.EndAccountsParams{Today: today, WarnedBefore: warnedBefore(today)}
	since := make(map[people.AccountID]profile.Date, len(endings))
	for _, e := range endings {
		params.Ids, params.Steps = append(params.Ids, int64(e.Account)), append(params.Steps, string(e.Step))
		params.Active, params.Sinces = append(params.Active, e.LastActive), append(params.Sinces, e.Since)
		since[e.Account] = e.Since
	}
	reason := peoplesql.SetReasonParams{Actor: actor, Reason: "inactive"}
	if err := q.SetReason(ctx, reason); err != nil {
		return 0, err
	}
	if err := q.LockAccounts(ctx, params.Ids); err != nil {
		return 0, err
	}
	rows, err := q.EndAccounts(ctx, params)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	var ended, deactivated []people.AccountID
	for _, row := range rows {
		ended = append(ended, row.ID)
		if row.Step == string(people.IdleDeactivate) {
			deactivated = append(deactivated, row.ID)
		}
	}
	if err := q.EndingsDone(ctx, peoplesql.EndingsDoneParams{RunID: run, Ids: numbers(ended)}); err != nil {
		return 0, err
	}
	return len(rows), tellOfEnds(ctx, q, deactivated, since)
}

// warnedBefore is the end of the day on which the last warning must have been
// accepted.
func warnedBefore(today profile.Date) time.Time {
	return midnight(today.AddDays(-people.WarnedDaysBefore + 1))
}

// midnight is the start of a day in London.
func midnight(day profile.Date) time.Time {
	year, month, number := day.Time().Date()
	return time.Date(year, month, number, 0, 0, 0, 0, profile.London())
}

// tellOfEnds writes to those whose accounts ended, and to the account managers of
// their organisations.
func tellOfEnds(ctx context.Context, q *peoplesql.Queries, ended []people.AccountID, since map[people.AccountID]profile.Date) error {
	managers, err := q.ManagersOf(ctx, numbers(ended))
	if err != nil {
		return err
	}
	var letters []people.DueLetter
	for _, id := range ended {
		v := people.IdleVerdict{Account: id, Since: since[id]}
		letters = append(letters, people.DueLetter{
			Reference: v.Reference(people.LetterDeactivated), Kind: people.LetterDeactivated, Account: v.Account, Since: v.Since,
		})
	}
	for _, m := range managers {
		about := people.IdleVerdict{Account: m.AccountID, Since: since[m.AccountID]}
		reference := fmt.Sprintf("%s/%s", about.Reference(people.LetterMemberEnded), m.Manager)
		if last := len(letters) - 1; last >= 0 && letters[last].Reference == reference {
			letters[last].Codes = append(letters[last].Codes, m.Code)
			continue
		}
		letters = append(letters, people.DueLetter{
			Reference: reference, Kind: people.LetterMemberEnded, Account: m.Manager, Subject: about.Account,
			Since: about.Since, Codes: []profile.ODSCode{m.Code},
		})
	}
	_, err = insertLetters(ctx, q, letters)
	return err
}

// ApproveEndings ends the accounts that a check withheld, if judge still says
// that they should end. It returns postgres.ErrNotFound if the check does not
// wait for approval.
func (s *Store) ApproveEndings(ctx context.Context, id int64, actor string, today profile.Date,
	judge func(people.Person) people.IdleVerdict,
) (run people.IdleRun, err error) {
	err = s.inTx(ctx, func(q *peoplesql.Queries, _ pgx.Tx) error {
		waiting, err := q.WithheldEndings(ctx, id)
		if err != nil {
			return err
		}
		approved, err := q.ApproveIdleRun(ctx, peoplesql.ApproveIdleRunParams{ID: id, Actor: actor})
		if err != nil {
			return err
		}
		if approved == 0 {
			return postgres.ErrNotFound
		}
		var ids []people.AccountID
		for _, w := range waiting {
			ids = append(ids, w.AccountID)
		}
		accounts, err := loadPeople(ctx, q, people.Filter{IDs: ids}, 0, today)
		if err != nil {
			return err
		}
		var endings []people.Ending
		for _, p := range accounts {
			if v := judge(p); v.Ending() {
				endings = append(endings, people.Ending{IdleVerdict: v, LastActive: p.LastActive})
			}
		}
		run = people.IdleRun{ID: id, State: "approved", DecidedBy: actor, Ending: len(waiting)}
		run.Ended, err = endAccounts(ctx, q, id, endings, actor, today)
		return err
	})
	return run, postgres.Wrap(err, fmt.Sprintf("approving look %d at inactive accounts", id))
}

// IdleRuns lists the checks that ended accounts or would have, the newest
// first.
func (s *Store) IdleRuns(ctx context.Context, most int) ([]people.IdleRun, error) {
	rows, err := s.q.ListIdleRuns(ctx, most)
	runs := make([]people.IdleRun, len(rows))
	for i, r := range rows {
		runs[i] = people.IdleRun(r)
	}
	return runs, postgres.Wrap(err, "listing looks at inactive accounts")
}

// KeepIdle records idle accounts that were not ended, for people to review.
func (s *Store) KeepIdle(ctx context.Context, kept []people.IdleVerdict) error {
	var p peoplesql.KeepIdleParams
	for _, v := range kept {
		p.Ids, p.Sinces = append(p.Ids, int64(v.Account)), append(p.Sinces, v.Since)
		p.Steps, p.Codes = append(p.Steps, string(v.Step)), append(p.Codes, strings.Join(postgres.Texts(v.Codes), "|"))
	}
	return postgres.Wrap(s.q.KeepIdle(ctx, p), "noting idle accounts")
}

// EndClosed ends the memberships of organisations that were found closed by two
// checks on different days, and returns how many it ended.
func (s *Store) EndClosed(ctx context.Context, actor string, today profile.Date) (ended int, err error) {
	err = s.inTx(ctx, func(q *peoplesql.Queries, _ pgx.Tx) error {
		if err := q.SetReason(ctx, peoplesql.SetReasonParams{Actor: actor, Reason: "the organisation closed"}); err != nil {
			return err
		}
		if err := q.NoteClosed(ctx, today); err != nil {
			return err
		}
		n, err := q.EndClosed(ctx, today)
		ended = int(n)
		return err
	})
	return ended, postgres.Wrap(err, "ending memberships of closed organisations")
}

// Holidays returns the calendar of the official list, and the future days that
// the list no longer names.
func (s *Store) Holidays(ctx context.Context) (days, vanished []people.Holiday, err error) {
	rows, err := s.q.Holidays(ctx)
	for _, row := range rows {
		day := people.Holiday{Date: row.Date, Title: row.Title}
		days = append(days, day)
		if !row.VanishedAt.IsZero() {
			vanished = append(vanished, day)
		}
	}
	return days, vanished, postgres.Wrap(err, "reading the calendar")
}

// SaveHolidays stores the official list as just read, and records future days
// that vanished from it.
func (s *Store) SaveHolidays(ctx context.Context, feed, vanished []people.Holiday) error {
	feed = slices.CompactFunc(slices.Clone(feed), func(a, b people.Holiday) bool { return a.Date == b.Date })
	var p peoplesql.SaveHolidaysParams
	for _, day := range feed {
		p.Dates, p.Titles = append(p.Dates, day.Date), append(p.Titles, day.Title)
	}
	gone := make([]profile.Date, len(vanished))
	for i, day := range vanished {
		gone[i] = day.Date
	}
	return postgres.Wrap(s.inTx(ctx, func(q *peoplesql.Queries, _ pgx.Tx) error {
		if err := q.SaveHolidays(ctx, p); err != nil {
			return err
		}
		return q.VanishHolidays(ctx, gone)
	}), "keeping the calendar")
}
