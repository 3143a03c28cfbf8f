package watchstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Standing is what one screen says of the present. No query of it reads what is settled,
// so that a long history costs nothing. Each slice is sorted. An instant is zero where
// there is nothing to be since.
type Standing struct {
	At         time.Time // the present, or the one that a demo plays
	Listings   []AcceptedListing
	Watermarks []Watermark
	Pulls      []ReportPulled // of the reports that anybody read completely in the last 30 days
	Cases      CasesNow
	Withheld   WithheldNow
	Closures   ClosuresNow
	Pushes     []PushesNow
	Paused     []PausedNow
	Drift      []DriftNow
	Letters    LettersNow
	Report     ReportNow
	Processes  []ProcessNow
}

// AcceptedListing is the last accepted listing of a report.
type AcceptedListing struct {
	Source  profile.Source
	Report  string
	AsOf    profile.Date // the day that it speaks of
	Records int
}

// Watermark is how far an incremental pull has come.
type Watermark struct {
	Source profile.Source
	Stream string
	Until  profile.Date // the last day that was pulled completely
}

// CasesNow counts the cases that stand.
type CasesNow struct {
	Open     int       `json:"open"`
	Overdue  int       `json:"overdue"` // of the open ones
	Waiting  int       `json:"waiting"` // for somebody, as a person noted
	SetAside int       `json:"set_aside"`
	Since    time.Time `json:"since,omitzero"` // when the oldest open one opened
}

// WithheldNow counts the rows that runs withheld and nobody has decided on.
type WithheldNow struct {
	Rows  int       `json:"rows"`
	Runs  int       `json:"runs"`
	Since time.Time `json:"since,omitzero"`
}

// ClosuresNow counts closures that were said, and neither confirmed nor taken back.
type ClosuresNow struct {
	Said  int       `json:"said"`
	Since time.Time `json:"since,omitzero"`
}

// PushesNow counts the pushes to a sink that are in one open state.
type PushesNow struct {
	Sink   push.Sink
	State  push.State // wanted, refused, waits or held
	Pushes int
	Since  time.Time // when the first of them was wanted
}

// PausedNow is a paused route to a sink.
type PausedNow struct {
	Sink   push.Sink
	Route  string
	Reason string // unauthorized or down
	Since  time.Time
}

// DriftNow is the newest drift check of all profiles of a sink.
type DriftNow struct {
	Sink     push.Sink
	State    push.DriftState
	At       time.Time // when it ended
	Checked  int       // profiles
	Missing  int       // profiles that the sink does not show
	Profiles int       // that it shows with differences
	Fields   int       // that differ, over all profiles
}

// LettersNow counts letters, and says whether they go out.
type LettersNow struct {
	State   string    // sending, stopped (by a person) or paused (by the mail service)
	Since   time.Time // when a person stopped them
	Until   time.Time // until when they are paused
	Waiting int       // due, or being sent
	Refused int       // that did not arrive, of the last week
}

// ReportNow is the newest daily report; its day is zero if there is none.
type ReportNow struct {
	Day       profile.Date
	At        time.Time // when it was made
	Rows      int       // of the audit
	Delivered int       // to how many lists, by all ways together
}

// ProcessNow is a process that has not said that it ends.
type ProcessNow struct {
	Name      string
	StartedAt time.Time
	SeenAt    time.Time
	Daemon    bool // its session holds the lock of daemons, so it is alive
	Silent    bool // it has not been seen for a while, and may be dead
}

// silentAfter is how long a process may be unseen: a living one is seen every second.
const silentAfter = 10 * time.Second

// Standing reads how things stand now, in one transaction. It returns
// postgres.ErrNotMigrated if a table is missing.
func (s *Store) Standing(ctx context.Context) (n Standing, err error) {
	err = s.inTx(ctx, func(q *watchsql.Queries, _ pgx.Tx) error {
		for _, read := range []func(context.Context, *watchsql.Queries) error{
			n.readSources, n.readPulls, n.readPeople, n.readSinks, n.readDrift, n.readLetters, n.readReport, n.readProcesses,
		} {
			if err := read(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	return n, postgres.Wrap(err, "reading how things stand")
}

func (n *Standing) readSources(ctx context.Context, q *watchsql.Queries) (err error) {
	listings, err := q.StandingListings(ctx)
	if err != nil {
		return postgres.Wrap(err, "listings")
	}
	for _, l := range listings {
		n.Listings = append(n.Listings, AcceptedListing(l))
	}
	watermarks, err := q.StandingWatermarks(ctx)
	for _, w := range watermarks {
		n.Watermarks = append(n.Watermarks, Watermark(w))
	}
	if err != nil {
		return postgres.Wrap(err, "watermarks")
	}
	n.At, err = q.StandingNow(ctx)
	return postgres.Wrap(err, "the present")
}

// readPeople reads what waits for people.
func (n *Standing) readPeople(ctx context.Context, q *watchsql.Queries) error {
	cases, err := q.StandingCases(ctx)
	if err != nil {
		return postgres.Wrap(err, "cases")
	}
	n.Cases = CasesNow(cases)
	withheld, err := q.StandingWithheld(ctx)
	if err != nil {
		return postgres.Wrap(err, "what is withheld")
	}
	n.Withheld = WithheldNow(withheld)
	closures, err := q.StandingClosures(ctx)
	n.Closures = ClosuresNow{Said: closures.Closures, Since: closures.Since}
	return postgres.Wrap(err, "closures")
}

func (n *Standing) readSinks(ctx context.Context, q *watchsql.Queries) error {
	pushes, err := q.StandingPushes(ctx)
	if err != nil {
		return postgres.Wrap(err, "pushes")
	}
	for _, p := range pushes {
		n.Pushes = append(n.Pushes, PushesNow(p))
	}
	paused, err := q.StandingPaused(ctx)
	for _, p := range paused {
		n.Paused = append(n.Paused, PausedNow{p.Sink, p.Route, p.Paused, p.Since})
	}
	return postgres.Wrap(err, "paused sinks")
}

func (n *Standing) readDrift(ctx context.Context, q *watchsql.Queries) error {
	checks, err := q.StandingDrift(ctx)
	for _, c := range checks {
		n.Drift = append(n.Drift, DriftNow{
			Sink: c.Sink, State: c.State, At: c.At, Checked: c.Checked, Missing: c.Missing, Profiles: c.Drifted, Fields: c.Fields,
		})
	}
	return postgres.Wrap(err, "drift")
}

func (n *Standing) readLetters(ctx context.Context, q *watchsql.Queries) error {
	letters, err := q.StandingLetters(ctx)
	if err != nil {
		return postgres.Wrap(err, "letters")
	}
	n.Letters = LettersNow{State: "sending", Waiting: int(letters.Waiting), Refused: letters.Refused}
	gate, err := q.MailGate(ctx)
	if err != nil {
		return postgres.Wrap(err, "mail")
	}
	switch {
	case !gate.StoppedAt.IsZero():
		n.Letters.State, n.Letters.Since = "stopped", gate.StoppedAt
	case !gate.Open:
		n.Letters.State, n.Letters.Until = "paused", gate.PausedUntil
	}
	return nil
}

func (n *Standing) readReport(ctx context.Context, q *watchsql.Queries) error {
	newest, err := q.StandingReport(ctx)
	for _, r := range newest {
		n.Report = ReportNow{r.Day, r.At, r.Rows, r.Deliveries}
	}
	return postgres.Wrap(err, "report")
}

func (n *Standing) readProcesses(ctx context.Context, q *watchsql.Queries) error {
	processes, err := q.StandingProcesses(ctx, silentAfter)
	for _, p := range processes {
		n.Processes = append(n.Processes, ProcessNow{p.Name, p.StartedAt, p.SeenAt, p.Daemon, p.Silent})
	}
	return postgres.Wrap(err, "processes")
}

// Calendar is what is stored of the official list of bank holidays.
type Calendar struct {
	ReadAt time.Time    // when it was last read; zero if never
	Until  profile.Date // the last day that it names
}

// Calendar reads what is stored of the official list of bank holidays.
func (s *Store) Calendar(ctx context.Context) (Calendar, error) {
	c, err := s.q.StandingCalendar(ctx)
	return Calendar(c), postgres.Wrap(err, "reading the calendar")
}
