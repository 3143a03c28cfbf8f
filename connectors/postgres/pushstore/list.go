package pushstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// ListedPush is a push as lists show it. A time is zero if the event never
// happened.
type ListedPush struct {
	Code     profile.ODSCode `json:"code"`
	Name     string          `json:"name"`
	Sink     push.Sink       `json:"sink"`
	Route    string          `json:"route"`
	State    push.State      `json:"state"`
	Reason   string          `json:"reason,omitempty"`
	Unclear  bool            `json:"unclear,omitempty"`
	Failures int             `json:"failures,omitempty"`
	Sequence int64           `json:"sequence,omitempty"`
	Wanted   time.Time       `json:"wanted_at,omitzero"`
	Sent     time.Time       `json:"sent_at,omitzero"`
	Accepted time.Time       `json:"accepted_at,omitzero"`
	Seen     time.Time       `json:"seen_at,omitzero"`
	Due      time.Time       `json:"due_at,omitzero"`
	Took     int64           `json:"accepted_sequence,omitempty"`
	// Overwritten is what its last attempt overwrote although nobody stated it.
	Overwritten []Overwritten `json:"overwritten,omitempty"`
	LeftOut     []LeftOut     `json:"left_out,omitempty"`
}

// PushFilter picks pushes; empty fields pick all.
type PushFilter struct {
	State push.State
	Sink  push.Sink
	Code  profile.ODSCode
	Most  int
	// Behind is the row behind which the page begins; zero for the beginning.
	Behind Place
	// Earlier says that what all attempts overwrote is wanted, not only the last one.
	Earlier bool
}

// Place is where a push stands in the list. One that is wanted again moves to the
// beginning: whoever reads on from a place meets no push twice, and that one no more.
type Place struct {
	Wanted time.Time       `json:"w"`
	Code   profile.ODSCode `json:"c"`
	Sink   push.Sink       `json:"s"`
}

// Place is where the push stands.
func (p ListedPush) Place() Place { return Place{p.Wanted, p.Code, p.Sink} }

// Pushes lists pushes, the most recently wanted first.
func (s *Store) Pushes(ctx context.Context, f PushFilter) ([]ListedPush, error) {
	rows, err := s.q.ListPushes(ctx, pushsql.ListPushesParams{
		Wanted: postgres.Before(f.Behind.Wanted), AfterCode: string(f.Behind.Code), AfterSink: string(f.Behind.Sink),
		State: string(f.State), Sink: string(f.Sink), Code: string(f.Code), Most: min(f.Most, postgres.All),
	})
	if err != nil {
		return nil, postgres.Wrap(err, "listing pushes")
	}
	pushes, codes := make([]ListedPush, len(rows)), make([]profile.ODSCode, len(rows))
	for i, r := range rows {
		codes[i] = r.Code
		pushes[i] = ListedPush{
			Code: r.Code, Name: r.Name, Sink: r.Sink, Route: r.Route, State: r.State, Reason: r.Reason, Unclear: r.Unclear,
			Failures: r.Failures, Sequence: r.Sequence, Wanted: r.Wanted, Sent: r.Sent, Accepted: r.Accepted, Seen: r.Seen, Due: r.Due,
			Took: r.Took,
		}
		if err := json.Unmarshal(r.LeftOut, &pushes[i].LeftOut); err != nil {
			return nil, fmt.Errorf("listing the push of %s to %s: %w", r.Code, r.Sink, err)
		}
	}
	overwritten, err := s.overwritten(ctx, codes, f.Earlier)
	if err != nil {
		return nil, err
	}
	for i, p := range pushes {
		pushes[i].Overwritten = overwritten[pushKey{p.Code, p.Sink}]
	}
	return pushes, nil
}

// pushKey identifies a push.
type pushKey struct {
	code profile.ODSCode
	sink push.Sink
}

// PushCount is the number of pushes in a state.
type PushCount struct {
	Sink   push.Sink  `json:"sink"`
	State  push.State `json:"state"`
	Route  string     `json:"route"`
	Pushes int        `json:"pushes"`
}

// CountPushes counts pushes by sink, state and route.
func (s *Store) CountPushes(ctx context.Context) ([]PushCount, error) {
	rows, err := s.q.CountPushes(ctx)
	if err != nil {
		return nil, postgres.Wrap(err, "counting pushes")
	}
	counts := make([]PushCount, len(rows))
	for i, r := range rows {
		counts[i] = PushCount(r)
	}
	return counts, nil
}
