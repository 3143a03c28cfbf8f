package pushjobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// fate is what happens to one request.
type fate string

const (
	arrives     fate = "arrives"
	lostBefore  fate = "lost before the effect"
	lostAfter   fate = "lost after the effect"
	delayed     fate = "lost, arrives later"
	isLater     fate = "later"
	isDown      fate = "down"
	isRefused   fate = "refused"
	isForbidden fate = "unauthorized"
	isConflict  fate = "conflict, without a reason"
)

// model is a sink that keeps its contract. Tagged, it is like the website:
// entity tags, stale numbers refused, replayed keys get their first answer.
// Untagged, it is like DoS: requests are queued, a body is taken once in five
// minutes, lower numbers are silently dropped, and equal ones are not.
type model struct {
	t     *rapid.T
	route push.Route
	fate  func() fate // returns the fate of the next request
	now   int         // minutes

	found    bool
	values   profile.Values
	sequence int64
	tag      int
	replays  map[string]push.Receipt
	bodies   map[int64]int // minute in which each number's body was accepted; our bodies differ by number
	queue    []push.Delivery
	delayed  []push.Delivery

	sent     map[int64]push.Delivery
	effects  []int64
	mustRead bool // something unclear was sent, and the sink has not been read since
	pushes   int
}

func (m *model) Route(t profile.OrgType) (push.Route, bool) {
	return m.route, t == profile.Pharmacy
}

func (*model) Check(push.Delivery) ([]push.LeftOut, error) { return nil, nil }

func (m *model) Show(context.Context, profile.ODSCode, profile.OrgType) (push.Shown, error) {
	if err := m.errorOf(m.fate()); err != nil {
		return push.Shown{}, err
	}
	m.mustRead = false
	return m.show(), nil
}

func (m *model) show() push.Shown {
	shown := push.Shown{Code: pharmacy}
	if !m.found {
		return shown
	}
	shown.Entries = entry(profile.Values{})
	shown.Entries[0].Values.Keep(m.route.Readable, m.values)
	if m.route.HasEntityTags {
		shown.Sequence, shown.Version = m.sequence, m.version()
	}
	return shown
}

func (m *model) version() string {
	if !m.found {
		return ""
	}
	return "v" + string(rune('0'+m.tag))
}

// errorOf returns the error that a fate without an effect causes.
func (*model) errorOf(f fate) error {
	switch f {
	case isLater:
		return answers(push.AnswerLater)
	case isDown:
		return answers(push.AnswerDown)
	case isForbidden:
		return answers(push.AnswerUnauthorized)
	case arrives:
		return nil
	}
	return answers(push.AnswerUnclear)
}

func (m *model) Push(_ context.Context, d push.Delivery) (push.Receipt, error) {
	m.pushes++
	if m.mustRead {
		m.t.Fatalf("number %d was sent although the outcome of the last one was unclear and had not been read back", d.Sequence)
	}
	m.requireSameContent(d)
	switch f := m.fate(); f {
	case isRefused:
		return push.Receipt{}, answers(push.AnswerRefused)
	case isConflict:
		return push.Receipt{}, answers(push.AnswerConflict)
	case lostAfter:
		_, _ = m.accept(d)
	case delayed:
		m.delayed = append(m.delayed, d)
	case arrives:
		return m.accept(d)
	case lostBefore:
	default:
		return push.Receipt{}, m.errorOf(f)
	}
	m.mustRead = true
	return push.Receipt{}, answers(push.AnswerUnclear)
}

// requireSameContent checks a delivery against what was sent under its number before.
func (m *model) requireSameContent(d push.Delivery) {
	d.Version = ""
	if before, known := m.sent[d.Sequence]; known {
		require.Equal(m.t, before, d, "two contents under one number")
		return
	}
	for number, before := range m.sent {
		require.Less(m.t, number, d.Sequence, "numbers only grow")
		require.NotEqual(m.t, before.Key, d.Key)
	}
	m.sent[d.Sequence] = d
}

func (m *model) accept(d push.Delivery) (push.Receipt, error) {
	if !m.route.HasEntityTags {
		if at, known := m.bodies[d.Sequence]; !known || m.now-at >= 5 {
			m.bodies[d.Sequence] = m.now
			m.queue = append(m.queue, d)
		}
		return push.Receipt{Status: 200}, nil
	}
	if receipt, replayed := m.replays[d.Key]; replayed {
		return receipt, nil
	}
	if d.Sequence <= m.sequence || d.Version != m.version() {
		return push.Receipt{}, &push.SinkError{Answer: push.AnswerConflict, Status: 409, Sequence: m.sequence}
	}
	m.apply(d)
	m.replays[d.Key] = push.Receipt{Status: 200, Version: m.version()}
	return m.replays[d.Key], nil
}

func (m *model) apply(d push.Delivery) {
	if d.Sequence < m.sequence {
		require.False(m.t, m.route.HasEntityTags)
		return // silently dropped
	}
	require.False(m.t, m.route.HasEntityTags && slices.Contains(m.effects, d.Sequence), "one effect per number")
	m.effects = append(m.effects, d.Sequence)
	m.found, m.sequence = true, d.Sequence
	m.tag++
	m.values.Keep(pushedFields, d.Values)
}

// work applies what is queued.
func (m *model) work() {
	for _, d := range m.queue {
		m.apply(d)
	}
	m.queue = nil
}

// deliverDelayed lets delayed deliveries arrive.
func (m *model) deliverDelayed() {
	for _, d := range m.delayed {
		_, _ = m.accept(d)
	}
	m.delayed = nil
}

// overwrite changes what is shown, as other writers to the sink do.
func (m *model) overwrite(name string, numbers int64) {
	m.values.Set(fName, name)
	m.values.Set(fPhone, name)
	m.found = true
	m.tag++
	if m.route.HasEntityTags {
		m.sequence += numbers
	}
}

// scenario is one profile, one sink, and everything that can go wrong between
// them.
type scenario struct {
	*memory
	t      *rapid.T
	sink   *model
	pusher *Pusher
	edits  int
	crash  bool
}

func newScenario(t *rapid.T, route push.Route) *scenario {
	p := &scenario{t: t, memory: newMemory(desiredState(pharmacy, "A", "A"))}
	faulty := rapid.SampledFrom([]fate{
		arrives, arrives, arrives, lostBefore, lostAfter, delayed, isLater, isDown, isRefused, isForbidden, isConflict,
	})
	p.sink = &model{
		t: t, route: route, replays: map[string]push.Receipt{}, bodies: map[int64]int{}, sent: map[int64]push.Delivery{},
		fate: func() fate { return faulty.Draw(t, "fate") },
	}
	p.pusher = NewPusher(PusherOptions{
		Name: push.SinkDoS, Sink: p.sink, Store: p.memory, Today: func() profile.Date { return p.row.Desired.Today },
		ProbeEvery: time.Minute, Log: slog.New(slog.DiscardHandler), Pushed: func(push.Sink, push.Outcome) {},
	})
	return p
}

// edit sets a field: a name as a register does, a phone as people do.
func (p *scenario) edit(field profile.Field, value string) {
	desired := p.row.Desired
	desired.Profile.Values.Set(field, value)
	if field == fPhone {
		p.edits++
		desired.Edited = map[profile.Field]time.Time{fPhone: time.Unix(int64(p.edits), 0)}
	}
	p.row.Desired, p.due = desired, true
}

// deliver works the push if it is due; a process that crashes records nothing.
func (p *scenario) deliver() {
	if !p.due {
		return
	}
	pushed := p.sink.pushes
	if p.settleErr = nil; p.crash {
		p.settleErr = errors.New("killed")
	}
	_, err := p.pusher.Push(p.t.Context(), pharmacy, len(p.paused) > 0, 0)
	require.Equal(p.t, p.crash, err != nil)
	p.sink.mustRead = p.sink.mustRead || p.crash && p.sink.pushes > pushed
	p.crash = false
}

// drain works until nothing is due, without further faults.
func (p *scenario) drain() {
	p.sink.fate, p.crash = func() fate { return arrives }, false
	for range 5 {
		p.deliver()
		p.sink.work()
	}
	require.False(p.t, p.due, "nothing is due any more")
}

func TestTheSinkAlwaysEndsUpShowingTheNewest(t *testing.T) {
	t.Parallel()
	for _, route := range []push.Route{tagged, untagged} {
		t.Run(route.Name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				p := newScenario(t, route)
				value, meddlers := rapid.SampledFrom([]string{"A", "B", "C"}), rapid.Bool().Draw(t, "meddlers")
				t.Repeat(map[string]func(*rapid.T){
					"name":     func(t *rapid.T) { p.edit(fName, value.Draw(t, "name")) },
					"phone":    func(t *rapid.T) { p.edit(fPhone, value.Draw(t, "phone")) },
					"push":     func(*rapid.T) { p.deliver() },
					"push too": func(*rapid.T) { p.deliver() },
					"crash":    func(*rapid.T) { p.crash = true },
					"force":    func(*rapid.T) { p.row.Forced, p.due = true, true },
					"work":     func(*rapid.T) { p.sink.work() },
					"late":     func(*rapid.T) { p.sink.deliverDelayed() },
					"wait":     func(*rapid.T) { p.sink.now += 3 },
					"hold": func(t *rapid.T) {
						p.row.Desired.Held = rapid.SampledFrom([][]profile.Field{nil, {fPhone}}).Draw(t, "held")
						p.due = true
					},
					"meddle": func(t *rapid.T) {
						if meddlers {
							p.sink.overwrite(value.Draw(t, "theirs"), rapid.Int64Range(0, 100).Draw(t, "numbers"))
						}
					},
				})
				p.row.Forced = p.row.Forced || !p.due && p.reason != "" // a person forces what was refused
				p.due = true
				p.drain()
				if meddlers { // drift is found, and repaired
					p.row.Forced, p.due = true, true
					p.drain()
				}
				pushes := p.sink.pushes
				p.sink.deliverDelayed()
				p.sink.work()
				p.due = true
				p.drain()
				require.Equal(t, pushes, p.sink.pushes, "pushing again sends nothing")
				require.True(t, slices.IsSorted(p.sink.effects), "no lower number after a higher one")
				own := p.row.Desired.Stated(route)
				for _, f := range pushedFields {
					if own.States(f) {
						require.Equal(t, own.Get(f), p.sink.values.Get(f), "%s", f)
					}
				}
			})
		})
	}
}
