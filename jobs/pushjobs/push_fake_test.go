package pushjobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// The fields that the routes of these tests push.
const (
	fName  = profile.FieldName
	fPhone = profile.FieldPhone
	fWeb   = profile.FieldWebsite
)

var pushedFields = []profile.Field{fName, fPhone, fWeb}

// The two kinds of sinks: one has entity tags and shows everything, the other
// has none and never shows names.
var (
	tagged   = push.Route{Name: "profile", Fields: pushedFields, Readable: pushedFields, Omittable: pushedFields, HasEntityTags: true}
	untagged = push.Route{Name: "change-event", Fields: pushedFields, Readable: pushedFields[1:]}
)

const pharmacy = profile.ODSCode("FA123")

// desiredState is a pharmacy with a stated name and phone.
func desiredState(code profile.ODSCode, name, phone string) push.DesiredState {
	w := push.DesiredState{
		Profile: profile.Profile{Code: code}, Today: profile.NewDate(2026, time.November, 2),
		Edited: map[profile.Field]time.Time{fPhone: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)},
	}
	w.Profile.Values.Set(profile.FieldType, string(profile.Pharmacy))
	w.Profile.Values.Set(profile.FieldStatus, string(profile.StatusOpen))
	w.Profile.Values.Set(fName, name)
	w.Profile.Values.Set(fPhone, phone)
	return w
}

func values(pairs map[profile.Field]string) (v profile.Values) {
	for f, value := range pairs {
		v.Set(f, value)
	}
	return v
}

// memory is a store of pushes that keeps the promises of the real one.
type memory struct {
	sync.Mutex
	row    push.Push
	due    bool
	last   int64 // the profile's sequence number
	reason string
	paused map[string]string // reason by route

	staged    []push.Staged
	settled   []push.Outcome
	postponed int
	probeIn   time.Duration
	settleErr error // returned by RecordOutcomes: the process or the database died
}

func newMemory(desired push.DesiredState) *memory {
	return &memory{row: push.Push{Desired: desired}, due: true, paused: map[string]string{}}
}

func (m *memory) LoadPushes(
	_ context.Context, _ push.Sink, codes []profile.ODSCode, _ profile.Date,
) (found []push.Push, _ error) {
	m.Lock()
	defer m.Unlock()
	row := m.row
	row.Paused = len(m.paused) > 0
	if slices.Contains(codes, row.Code()) {
		found = append(found, row)
	}
	return found, nil
}

func (m *memory) StagePushes(_ context.Context, _ push.Sink, staged []push.Staged) ([]int64, error) {
	m.Lock()
	defer m.Unlock()
	numbers := make([]int64, len(staged))
	for i, s := range staged {
		if s.Job != m.row.Job || s.Last != m.row.Sequence {
			continue
		}
		m.staged = append(m.staged, s)
		m.last = max(m.last, s.Above) + 1
		m.row.Sequence, m.row.Sent, m.row.SentHash, m.row.Unclear = m.last, s.Sent, s.Hash, true
		m.row.Desired.SetHolidays = s.SetHolidays
		numbers[i] = m.last
	}
	return numbers, nil
}

func (m *memory) RecordOutcomes(
	ctx context.Context, _ push.Sink, outcomes []push.Outcome, complete func(context.Context, pgx.Tx, []int64) error,
) ([]bool, error) {
	m.Lock()
	defer m.Unlock()
	if m.settleErr != nil {
		return nil, m.settleErr
	}
	if err := complete(ctx, nil, nil); err != nil {
		return nil, err
	}
	recorded := make([]bool, len(outcomes))
	for i, o := range outcomes {
		if recorded[i] = o.Job == m.row.Job && o.Sequence == m.row.Sequence; recorded[i] {
			m.record(o)
		}
	}
	return recorded, nil
}

func (m *memory) record(o push.Outcome) {
	m.settled = append(m.settled, o)
	m.due = o.State == push.Wanted
	m.row.Forced = m.row.Forced && m.due
	m.row.Failures, m.row.Unclear, m.reason, m.row.LeftOut = o.Failures, o.Unclear, o.Reason, o.LeftOut
	if o.AcceptedHash != (profile.Hash{}) {
		m.row.AcceptedHash, m.row.Version = o.AcceptedHash, o.Version
	}
}

func (m *memory) PauseRoute(ctx context.Context, _ push.Sink, route, reason string, _ time.Duration) (bool, error) {
	m.Lock()
	defer m.Unlock()
	_, already := m.paused[route]
	if !already {
		m.paused[route] = reason
	}
	return !already, ctx.Err()
}

func (m *memory) PostponeProbe(_ context.Context, _ push.Sink, _ string, wait time.Duration) error {
	m.postponed++
	m.probeIn = wait
	return nil
}

func (m *memory) ResumeRoute(_ context.Context, _ push.Sink, route string) (bool, error) {
	m.Lock()
	defer m.Unlock()
	_, wasPaused := m.paused[route]
	delete(m.paused, route)
	return wasPaused, nil
}

// unclear makes the last push, number 7, one whose outcome is unknown.
func (m *memory) unclear(route push.Route, desired push.DesiredState) {
	own := desired.Stated(route)
	m.last, m.row.Sequence, m.row.Sent, m.row.SentHash, m.row.Unclear = 7, 7, own, desired.Hash(route, own), true
}

// scripted is a sink that gives scripted answers and records its calls.
type scripted struct {
	route  push.Route
	shows  func(n int) (push.Shown, error) // for the n-th read
	waits  bool                            // a read gets no answer
	pushes func(n int, d push.Delivery) (push.Receipt, error)
	checks func(d push.Delivery) ([]push.LeftOut, error) // nil: it takes everything

	mu     sync.Mutex
	calls  []string // show, push
	pushed []push.Delivery
	shown  int
}

func (s *scripted) Route(t profile.OrgType) (push.Route, bool) {
	if t != profile.Pharmacy {
		return push.Route{}, false
	}
	return s.route, true
}

func (s *scripted) Show(ctx context.Context, _ profile.ODSCode, _ profile.OrgType) (push.Shown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits {
		<-ctx.Done()
		return push.Shown{}, ctx.Err()
	}
	s.calls = append(s.calls, "show")
	s.shown++
	return s.shows(s.shown - 1)
}

func (s *scripted) Check(d push.Delivery) ([]push.LeftOut, error) {
	if s.checks == nil {
		return nil, nil
	}
	return s.checks(d)
}

func (s *scripted) Push(_ context.Context, d push.Delivery) (push.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "push")
	s.pushed = append(s.pushed, d)
	return s.pushes(len(s.pushed)-1, d)
}

// always gives every push the same answer.
func always(receipt push.Receipt, err error) func(int, push.Delivery) (push.Receipt, error) {
	return func(int, push.Delivery) (push.Receipt, error) { return receipt, err }
}

// entry returns the only entry of a sink.
func entry(v profile.Values) []push.Entry { return []push.Entry{{Values: v}} }

// showing shows the same at every read.
func showing(shown push.Shown, err error) func(int) (push.Shown, error) {
	return func(int) (push.Shown, error) { return shown, err }
}

func answers(answer push.Answer) error {
	return &push.SinkError{Sink: push.SinkDoS, Answer: answer, Status: 499, Reason: "scripted"}
}

// lines are log lines by level.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r.Level.String()+" "+r.Message)
	return nil
}

func (l *lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *lines) WithGroup(string) slog.Handler      { return l }

// at returns the lines of a level.
func (l *lines) at(level slog.Level) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if text, ok := strings.CutPrefix(line, level.String()+" "); ok {
			found = append(found, text)
		}
	}
	return found
}

// bench is one profile, one sink and the pusher between them.
type bench struct {
	*memory
	sink     *scripted
	log      lines
	pusher   *Pusher
	reported int
}

func newBench(route push.Route, desired push.DesiredState) *bench {
	b := &bench{memory: newMemory(desired), sink: &scripted{route: route}}
	b.sink.shows = showing(push.Shown{}, errors.New("the sink must not be read"))
	b.pusher = NewPusher(PusherOptions{
		Name: push.SinkDoS, Sink: b.sink, Store: b.memory, Today: func() profile.Date { return desired.Today },
		ProbeEvery: time.Minute, Log: slog.New(&b.log), Pushed: func(push.Sink, push.Outcome) { b.reported++ },
	})
	return b
}

// push works the push once.
func (b *bench) push(t *testing.T, probe bool) push.Outcome {
	t.Helper()
	outcome, err := b.pusher.Push(t.Context(), pharmacy, probe, 0)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}
