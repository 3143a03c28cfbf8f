package runstore_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// reportName is the report of every listing in these tests.
const reportName = "edispensary"

// world is a database, the runs on it, and the register's answers to them.
type world struct {
	*pgtest.Database

	store *runstore.Store
	runs  *runjobs.Runs
	hooks hooks

	mutex sync.Mutex
	pulls map[runs.ID]runjobs.Pull // 0 for a preview
}

// hooks let a test step in between.
type hooks struct {
	beforeApply func()
	afterChunk  func() error
	report      func(stage string, done int)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.New(t)
	w := &world{Database: db, store: runstore.New(db.DB), pulls: map[runs.ID]runjobs.Pull{}}
	w.runs = &runjobs.Runs{
		LockOrganisations: func(ctx context.Context) (runjobs.OrganisationSession, error) {
			x, err := w.store.LockOrganisations(ctx)
			return session{x, &w.hooks}, err
		},
		Organisations: runjobs.Organisations{
			Guard: runs.DefaultGuard(), ProfileTypes: profile.OrgTypes(),
			Types: func(runs.Run) ([]profile.OrgType, error) { return []profile.OrgType{profile.Pharmacy}, nil },
			Open: func(_ context.Context, run runs.Run) (runjobs.Pull, error) {
				w.mutex.Lock()
				defer w.mutex.Unlock()
				return w.pulls[run.ID], nil
			},
		},
		Now: time.Now, Today: func() profile.Date { return profile.DateIn(time.Now(), profile.London()) },
		Progress: func(_ context.Context, _ runs.ID, stage string, done, _ int) {
			if w.hooks.report != nil {
				w.hooks.report(stage, done)
			}
		},
	}
	return w
}

// session lets a test step in between.
type session struct {
	*runstore.OrganisationSession
	hooks *hooks
}

func (s session) Apply(ctx context.Context, run runs.Run, applied func(codes int)) error {
	if s.hooks.beforeApply != nil {
		s.hooks.beforeApply()
	}
	if err := s.OrganisationSession.Apply(ctx, run, applied); err != nil || s.hooks.afterChunk == nil {
		return err
	}
	return s.hooks.afterChunk()
}

// org is one organisation as the register of these tests lists it.
type org struct {
	Code, Name, Address, Postcode, ICB string
	Type                               profile.OrgType
	Standing                           profile.Standing
	Opened, Closed                     string
	Form                               int  // other bytes, the same facts
	Bad                                bool // cannot be understood
}

// pharmacies are n open pharmacies, from FA0000 on.
func pharmacies(n int) []org {
	orgs := make([]org, n)
	for i := range orgs {
		orgs[i] = org{
			Code: fmt.Sprintf("FA%04d", i), Name: fmt.Sprintf("CHEMIST %d", i), Type: profile.Pharmacy, Standing: profile.Active,
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
func ended(o *org) { o.Standing, o.Closed = profile.Inactive, "2025-04-01" }

func day(n int) profile.Date { return profile.NewDate(2025, time.April, n) }

// pull is what a run reads: the listing, or an error part of the way through.
type pull struct {
	orgs    []org
	fails   error
	until   profile.Date
	deleted []profile.ODSCode
}

func raw(o org) []byte {
	return fmt.Appendf(nil, "%+v", o)
}

func (p pull) Rows() iter.Seq2[profile.Row, error] {
	return func(yield func(profile.Row, error) bool) {
		for i, o := range p.orgs {
			hash := sha256.Sum256(raw(o))
			if !yield(profile.Row{Code: profile.ODSCode(o.Code), Hash: profile.Hash(hash[:16]), Line: i + 1}, nil) {
				return
			}
		}
		if p.fails != nil {
			yield(profile.Row{}, p.fails)
		}
	}
}

func (p pull) Raw(row profile.Row) ([]byte, error) { return raw(p.orgs[row.Line-1]), nil }

func (p pull) Record(row profile.Row) (profile.Record, error) {
	o := p.orgs[row.Line-1]
	if o.Bad {
		return profile.Record{}, &profile.Rejected{Code: row.Code, Line: row.Line, Field: "Name", Reason: "bad", Raw: raw(o)}
	}
	opened, err := profile.ParseDate(o.Opened)
	if err != nil {
		return profile.Record{}, err
	}
	closed, err := profile.ParseDate(o.Closed)
	record := profile.Record{Code: row.Code, Standing: o.Standing, Opened: opened, Closed: closed}
	for field, value := range map[profile.Field]string{
		profile.FieldName: o.Name, profile.FieldAddress: o.Address, profile.FieldPostcode: o.Postcode,
		profile.FieldICB: o.ICB, profile.FieldType: string(o.Type),
	} {
		record.Values.Set(field, value)
	}
	return record, err
}

func (p pull) Until() profile.Date { return p.until }

func (p pull) Deleted() []profile.ODSCode { return p.deleted }

// begin stores a run of a pull, of reportName unless it is of another report.
func (w *world) begin(run runs.Run, orgs []org) runs.ID {
	w.Helper()
	run.Source = profile.SourceODS
	if run.Report == "" {
		run.Report = reportName
	}
	if run.Actor == "" {
		run.Actor = "tester"
	}
	id, err := w.store.CreateRun(w.Context(), run, nil)
	require.NoError(w, err)
	w.read(id, pull{orgs: orgs})
	return id
}

func (w *world) read(id runs.ID, p pull) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.pulls[id] = p
}

func (w *world) work(id runs.ID) runs.Summary {
	w.Helper()
	summary, err := w.runs.Work(w.Context(), profile.SourceODS, id)
	require.NoError(w, err)
	return summary
}

// listing runs a complete listing by its plan, and compares the two.
func (w *world) listing(on int, orgs []org) runs.Summary {
	w.Helper()
	run := runs.Run{Kind: runs.RunListing, AsOf: day(on)}
	planned, planErr := w.preview(run, orgs)
	run.Plan = planned.Plan
	applied := w.work(w.begin(run, orgs))
	if planErr != nil {
		require.Equal(w, planErr.Error(), applied.Error)
		return applied
	}
	planned.Run, planned.ElapsedMS = applied.Run, applied.ElapsedMS
	require.Equal(w, planned, applied, "preview and run")
	return applied
}

func (w *world) preview(run runs.Run, orgs []org) (runs.Summary, error) {
	run.Source, run.Report, run.Actor = profile.SourceODS, reportName, "tester"
	w.read(0, pull{orgs: orgs})
	return w.runs.Preview(w.Context(), run)
}

// child approves or undoes a run.
func (w *world) child(kind runs.Kind, of runs.Summary) runs.Summary {
	w.Helper()
	parent, err := w.store.Run(w.Context(), idOf(of))
	require.NoError(w, err)
	return w.work(w.begin(runs.Run{Kind: kind, Report: parent.Report, Parent: parent.ID, AsOf: parent.AsOf, Actor: "approver"}, nil))
}

// approval asks for what a run withheld.
func approval(of runs.Summary, selection runs.Selection) runs.Run {
	return runs.Run{
		Kind: runs.RunApprove, Source: profile.SourceODS, Report: of.Report, Parent: idOf(of), AsOf: of.AsOf, Actor: "approver",
		Selection: selection,
	}
}

func (w *world) approve(of runs.Summary, selection runs.Selection) runs.Summary {
	w.Helper()
	id, err := w.store.CreateRun(w.Context(), approval(of, selection), nil)
	require.NoError(w, err)
	return w.work(id)
}

// decisions counts what has become of what a run withheld.
func (w *world) decisions(of runs.Summary) map[string]int {
	w.Helper()
	counts, err := w.store.Decisions(w.Context(), idOf(of))
	require.NoError(w, err)
	return counts
}

func idOf(s runs.Summary) (id runs.ID) {
	_, _ = fmt.Sscan(s.Run, &id)
	return id
}

func (w *world) profile(code string) profile.Profile {
	w.Helper()
	p, err := w.DB.Profile(w.Context(), profile.ODSCode(code))
	require.NoError(w, err)
	return p
}

func (w *world) name(code string) string {
	w.Helper()
	return w.value(code, profile.FieldName)
}

func (w *world) value(code string, field profile.Field) string {
	w.Helper()
	p := w.profile(code)
	return p.Values.Get(field)
}

func (w *world) audited() int {
	w.Helper()
	return pgtest.One[int](w.Database, "select count(*) from change")
}

func (w *world) settled(code string) bool {
	w.Helper()
	return pgtest.One[bool](w.Database, "select settled from upstream_record where code = $1", code)
}

// withheldFor returns the withheld rows of a summary as "reason field count".
func withheldFor(s runs.Summary) []string {
	rows := []string{}
	for _, row := range s.Withheld {
		rows = append(rows, fmt.Sprintf("%s %s %d", row.Reason, row.Field, row.Count))
	}
	return rows
}
