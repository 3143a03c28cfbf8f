package casestore

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore/casesql"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Store stores cases.
type Store struct {
	db *postgres.DB
	q  *casesql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: casesql.New(db)} }

// ErrBusy means that another process is looking at the cases, or tells people of them.
var ErrBusy = errors.New("another process is looking at the cases")

// Look compares what the tables show now with the stored cases, makes them those that
// ought to stand, and returns the steps that it took. It sees one moment of all tables.
// A decision of a person that comes between makes it fail: look again. Pulled is what
// the daemon pulls by itself, as "ods edispensary": that can be late.
func (s *Store) Look(ctx context.Context, at cases.Moment, pulled []string) (steps cases.Steps, err error) {
	err = s.alone(ctx, func(q *casesql.Queries, tx pgx.Tx) error {
		if err := q.GoByKey(ctx); err != nil {
			return err
		}
		shown, err := signals(ctx, tx, at, pulled)
		if err != nil {
			return err
		}
		if shown[cases.CheckOverdue], err = overdueChecks(ctx, q, at); err != nil {
			return err
		}
		stored, err := Standing(ctx, tx)
		if err != nil {
			return err
		}
		ought := cases.Standing(shown, at)
		if err := addOrganisations(ctx, q, ought); err != nil {
			return err
		}
		steps = cases.Compare(stored, ought, at)
		if err := take(ctx, q, steps, at); err != nil {
			return err
		}
		return q.NoteLook(ctx)
	})
	return steps, postgres.Wrap(err, "looking at what waits for people")
}

// alone works in a transaction that sees one moment, while no other process looks or tells.
func (s *Store) alone(ctx context.Context, work func(*casesql.Queries, pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		q := casesql.New(tx)
		locked, err := q.TryLockCases(ctx)
		if err == nil && !locked {
			err = ErrBusy
		}
		if err != nil {
			return err
		}
		return work(q, tx)
	})
}

//go:embed signals/*.sql
var signalFiles embed.FS

// signalQueries are the queries of the folder signals, in the order of their names.
var signalQueries = readQueries()

func readQueries() (queries []string) {
	names, err := fs.Glob(signalFiles, "signals/*.sql")
	for _, name := range names {
		text, failed := signalFiles.ReadFile(name)
		err = errors.Join(err, failed)
		queries = append(queries, string(text))
	}
	if err != nil {
		panic(fmt.Sprintf("embedded queries: %v", err))
	}
	return queries
}

// row is what each query of the folder signals returns.
type row struct {
	Kind    cases.Kind
	Subject string
	About   string
	Code    profile.ODSCode
	Board   profile.ODSCode
	Since   time.Time
	Facts   map[string]string
}

func signals(ctx context.Context, tx pgx.Tx, at cases.Moment, pulled []string) (map[cases.Kind][]cases.Signal, error) {
	shown := make(map[cases.Kind][]cases.Signal)
	known := pgx.NamedArgs{
		"reports": pulled, "today": at.Today(), "types": postgres.Texts(at.Rules.Types()), "quarterly": postgres.Texts(at.Rules.Quarterly()),
		"two_quarters": people.QuarterOn(at.Today()).Prev().Prev().First(), "idle_since": at.Today().AddDays(-idleDays),
	}
	batch := &pgx.Batch{}
	for _, query := range signalQueries {
		batch.Queue(query, known).Query(func(rows pgx.Rows) error {
			all, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
			for _, r := range all {
				shown[r.Kind] = append(shown[r.Kind], cases.Signal{
					Subject: r.Subject, About: r.About, Code: r.Code, Board: r.Board, Since: r.Since, Facts: r.Facts,
				})
			}
			return err
		})
	}
	return shown, tx.SendBatch(ctx, batch).Close()
}

// addOrganisations adds the facts that every case about an organisation has.
func addOrganisations(ctx context.Context, q *casesql.Queries, all []cases.Case) error {
	codes := make([]profile.ODSCode, len(all))
	for i, c := range all {
		codes[i] = c.Code
	}
	rows, err := q.OrganisationsOf(ctx, postgres.Texts(codes))
	known := make(map[profile.ODSCode]casesql.OrganisationsOfRow, len(rows))
	for _, r := range rows {
		known[r.Code] = r
	}
	for _, c := range all {
		if of, found := known[c.Code]; found {
			c.Facts[cases.FactName] = of.Name
			if of.Unmanned {
				c.Facts[cases.FactUnmanned] = "yes"
			}
		}
	}
	return err
}

// Standing returns the stored cases that stand.
func Standing(ctx context.Context, tx casesql.DBTX) ([]cases.Stored, error) {
	rows, err := casesql.New(tx).StandingCases(ctx)
	stored := make([]cases.Stored, len(rows))
	for i, r := range rows {
		var bad error
		stored[i], bad = toStored(r)
		err = errors.Join(err, bad)
	}
	return stored, err
}

func toStored(r casesql.Case) (cases.Stored, error) {
	stored := cases.Stored{
		Case: cases.Case{Kind: r.Kind, Signal: cases.Signal{
			Subject: r.Subject, About: r.About, Code: r.Code, Board: r.Board, Since: r.Since,
		}},
		ID: r.ID, State: r.State, Openings: r.Openings, Opened: r.OpenedAt, Deadline: r.Deadline, Until: r.Until,
	}
	return stored, json.Unmarshal(r.Facts, &stored.Facts)
}

// take takes the steps, each of which expects the state that it was planned from.
func take(ctx context.Context, q *casesql.Queries, steps cases.Steps, at cases.Moment) error {
	if len(steps.Open) > 0 {
		var p casesql.OpenCasesParams
		for _, o := range steps.Open {
			p.Kinds, p.Subjects, p.Abouts = append(p.Kinds, string(o.Kind)), append(p.Subjects, o.Subject), append(p.Abouts, o.About)
			p.Codes, p.Boards = append(p.Codes, string(o.Code)), append(p.Boards, string(o.Board))
			p.Facts, p.Sinces = append(p.Facts, facts(o.Case)), append(p.Sinces, o.Since)
			p.Deadlines = append(p.Deadlines, o.Deadline)
		}
		if err := all(len(steps.Open))(q.OpenCases(ctx, p)); err != nil {
			return err
		}
	}
	if len(steps.Update) > 0 {
		var p casesql.UpdateCasesParams
		for _, u := range steps.Update {
			p.Ids, p.Codes, p.Boards = append(p.Ids, u.ID), append(p.Codes, string(u.Code)), append(p.Boards, string(u.Board))
			p.Facts, p.Sinces = append(p.Facts, facts(u.Case)), append(p.Sinces, u.Since)
		}
		if err := all(len(steps.Update))(q.UpdateCases(ctx, p)); err != nil {
			return err
		}
	}
	if len(steps.Resume) > 0 {
		resume := casesql.ResumeCasesParams{Ids: steps.Resume, Today: at.Today()}
		if err := all(len(steps.Resume))(q.ResumeCases(ctx, resume)); err != nil {
			return err
		}
	}
	if len(steps.End) == 0 {
		return nil
	}
	return all(len(steps.End))(q.EndCases(ctx, steps.End))
}

// all refuses a write that did not find all that it expected.
func all(want int) func(int64, error) error {
	return func(written int64, err error) error {
		if err == nil && written != int64(want) {
			err = fmt.Errorf("%d of %d cases are not as they were", int64(want)-written, want)
		}
		return err
	}
}

func facts(c cases.Case) []byte {
	text, err := json.Marshal(c.Facts)
	if err != nil { // a map of texts always can be
		panic(err)
	}
	return text
}
