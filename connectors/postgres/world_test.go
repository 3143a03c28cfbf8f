package postgres_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// report is the report of every listing in these tests.
const report = "edispensary"

// world is a database, the runs on it, and what the register says to them.
type world struct {
	*testing.T
	url   string
	store *postgres.Store
	db    *pgx.Conn // plain SQL, as the editing application speaks it
	runs  *jobs.Runs
	hooks hooks

	mutex sync.Mutex
	pulls map[reconcile.RunID]jobs.Pull // 0 for a preview
}

// hooks let a test step in between.
type hooks struct {
	beforeApply func()
	report      func(stage string, done int)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, url: pgtest.URL(t), pulls: map[reconcile.RunID]jobs.Pull{}}
	w.store, w.db = pgtest.OpenURL(t, w.url), pgtest.Connect(t, w.url)
	w.runs = &jobs.Runs{
		Store: runStore{w.store, &w.hooks}, Guard: reconcile.DefaultGuard(), Kept: reconcile.OrgTypes(), Now: time.Now,
		Types: func(reconcile.Run) ([]reconcile.OrgType, error) { return []reconcile.OrgType{reconcile.Pharmacy}, nil },
		Open: func(_ context.Context, run reconcile.Run) (jobs.Pull, error) {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			return w.pulls[run.ID], nil
		},
		Report: func(_ context.Context, _ reconcile.RunID, stage string, done, _ int) {
			if w.hooks.report != nil {
				w.hooks.report(stage, done)
			}
		},
	}
	return w
}

// runStore and session let the store serve the jobs' interfaces, as cmd does.
type runStore struct {
	*postgres.Store
	hooks *hooks
}

func (s runStore) Lock(ctx context.Context, source reconcile.Source) (jobs.Session, error) {
	x, err := s.Session(ctx, source)
	if err != nil {
		return nil, err
	}
	return session{x, s.hooks}, nil
}

type session struct {
	*postgres.Session
	hooks *hooks
}

func (s session) Draft(ctx context.Context, run reconcile.Run, types []reconcile.OrgType) (jobs.Draft, error) {
	return s.Session.Draft(ctx, run, types)
}

func (s session) ServiceDraft(ctx context.Context, run reconcile.Run) (jobs.ServiceDraft, error) {
	return s.Session.ServiceDraft(ctx, run)
}

func (s session) Apply(ctx context.Context, run reconcile.Run, applied func(codes int)) error {
	if s.hooks.beforeApply != nil {
		s.hooks.beforeApply()
	}
	return s.Session.Apply(ctx, run, applied)
}

// org is one organisation as the register of these tests lists it.
type org struct {
	Code, Name, Address, Postcode, ICB string
	Type                               reconcile.OrgType
	Standing                           reconcile.Standing
	Closed                             string
	Form                               int  // other bytes, the same facts
	Bad                                bool // cannot be understood
}

// pharmacies are n open pharmacies, from FA0000 on.
func pharmacies(n int) []org {
	orgs := make([]org, n)
	for i := range orgs {
		orgs[i] = org{
			Code: fmt.Sprintf("FA%04d", i), Name: fmt.Sprintf("CHEMIST %d", i), Type: reconcile.Pharmacy, Standing: reconcile.Active,
			Address: "1 HIGH STREET\nLEEDS", Postcode: "LS1 1AA", ICB: "QWO",
		}
	}
	return orgs
}

// with is a copy of the listing in which the first n organisations differ.
func with(orgs []org, n int, differ func(*org)) []org {
	orgs = slices.Clone(orgs)
	for i := range n {
		differ(&orgs[i])
	}
	return orgs
}

func renamed(o *org) { o.Name += " (NEW)" }

// ended is closed since 1 April 2025.
func ended(o *org) { o.Standing, o.Closed = reconcile.Inactive, "2025-04-01" }

func day(n int) reconcile.Date { return reconcile.NewDate(2025, time.April, n) }

// pull is what a run reads: the listing, or the failure in its midst.
type pull struct {
	orgs    []org
	fails   error
	until   reconcile.Date
	deleted []reconcile.ODSCode
}

func raw(o org) []byte {
	return fmt.Appendf(nil, "%+v", o)
}

func (p pull) Rows() iter.Seq2[reconcile.Row, error] {
	return func(yield func(reconcile.Row, error) bool) {
		for i, o := range p.orgs {
			hash := sha256.Sum256(raw(o))
			if !yield(reconcile.Row{Code: reconcile.ODSCode(o.Code), Hash: reconcile.Hash(hash[:16]), Line: i + 1}, nil) {
				return
			}
		}
		if p.fails != nil {
			yield(reconcile.Row{}, p.fails)
		}
	}
}

func (p pull) Raw(row reconcile.Row) ([]byte, error) { return raw(p.orgs[row.Line-1]), nil }

func (p pull) Record(row reconcile.Row) (reconcile.Record, error) {
	o := p.orgs[row.Line-1]
	if o.Bad {
		return reconcile.Record{}, &reconcile.Rejected{Code: row.Code, Line: row.Line, Field: "Name", Reason: "bad", Raw: raw(o)}
	}
	closed, err := reconcile.ParseDate(o.Closed)
	record := reconcile.Record{Code: row.Code, Standing: o.Standing, Closed: closed}
	for field, value := range map[reconcile.Field]string{
		reconcile.FieldName: o.Name, reconcile.FieldAddress: o.Address, reconcile.FieldPostcode: o.Postcode,
		reconcile.FieldICB: o.ICB, reconcile.FieldType: string(o.Type),
	} {
		record.Values.Set(field, value)
	}
	return record, err
}

func (p pull) Until() reconcile.Date { return p.until }

func (p pull) Deleted() []reconcile.ODSCode { return p.deleted }

// begin stores a run of a pull.
func (w *world) begin(run reconcile.Run, orgs []org) reconcile.RunID {
	w.Helper()
	run.Source, run.Report = reconcile.SourceODS, report
	if run.Actor == "" {
		run.Actor = "tester"
	}
	id, err := w.store.CreateRun(w.Context(), run, nil)
	require.NoError(w, err)
	w.read(id, pull{orgs: orgs})
	return id
}

func (w *world) read(id reconcile.RunID, p pull) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.pulls[id] = p
}

func (w *world) work(id reconcile.RunID) reconcile.Summary {
	w.Helper()
	summary, err := w.runs.Work(w.Context(), reconcile.SourceODS, id)
	require.NoError(w, err)
	return summary
}

// listing runs a complete listing, and holds its preview against it.
func (w *world) listing(on int, orgs []org) reconcile.Summary {
	w.Helper()
	run := reconcile.Run{Kind: reconcile.RunListing, AsOf: day(on)}
	planned, planErr := w.preview(run, orgs)
	applied := w.work(w.begin(run, orgs))
	if planErr != nil {
		require.Equal(w, planErr.Error(), applied.Error)
		return applied
	}
	planned.Run, planned.ElapsedMS = applied.Run, applied.ElapsedMS
	require.Equal(w, planned, applied, "preview and run")
	return applied
}

func (w *world) preview(run reconcile.Run, orgs []org) (reconcile.Summary, error) {
	run.Source, run.Report, run.Actor = reconcile.SourceODS, report, "tester"
	w.read(0, pull{orgs: orgs})
	return w.runs.Preview(w.Context(), run)
}

// child approves or undoes a run.
func (w *world) child(kind reconcile.RunKind, of reconcile.Summary) reconcile.Summary {
	w.Helper()
	parent, err := w.store.Run(w.Context(), idOf(of))
	require.NoError(w, err)
	return w.work(w.begin(reconcile.Run{Kind: kind, Parent: parent.ID, AsOf: parent.AsOf, Actor: "approver"}, nil))
}

func idOf(s reconcile.Summary) (id reconcile.RunID) {
	_, _ = fmt.Sscan(s.Run, &id)
	return id
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	_, err := w.db.Exec(w.Context(), sql, args...)
	require.NoError(w, err, sql)
}

// one returns the one value that a query gives.
func one[T any](w *world, sql string, args ...any) (value T) {
	w.Helper()
	require.NoError(w, w.db.QueryRow(w.Context(), sql, args...).Scan(&value), sql)
	return value
}

// all returns the rows of one column.
func all[T any](w *world, sql string, args ...any) []T {
	w.Helper()
	rows, err := w.db.Query(w.Context(), sql, args...)
	require.NoError(w, err, sql)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(w, err, sql)
	return values
}

func (w *world) profile(code string) reconcile.Profile {
	w.Helper()
	p, err := w.store.Profile(w.Context(), reconcile.ODSCode(code))
	require.NoError(w, err)
	return p
}

func (w *world) name(code string) string {
	w.Helper()
	return w.value(code, reconcile.FieldName)
}

func (w *world) value(code string, field reconcile.Field) string {
	w.Helper()
	p := w.profile(code)
	return p.Values.Get(field)
}

func (w *world) audited() int {
	w.Helper()
	return one[int](w, "select count(*) from change")
}

func (w *world) settled(code string) bool {
	w.Helper()
	return one[bool](w, "select settled from upstream_record where code = $1", code)
}

// withheldFor are the rows of a summary as "reason field count".
func withheldFor(s reconcile.Summary) []string {
	rows := []string{}
	for _, row := range s.Withheld {
		rows = append(rows, fmt.Sprintf("%s %s %d", row.Reason, row.Field, row.Count))
	}
	return rows
}
