package pushstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// DriftCheck is one check of what a sink shows.
type DriftCheck struct {
	store *Store
	id    int64
	sink  push.Sink
	codes []profile.ODSCode
	today profile.Date

	numbers map[profile.ODSCode]int64 // of what was compared: what was sent since is not repaired
}

// BeginDrift begins a check of some profiles, or of all of them.
func (s *Store) BeginDrift(ctx context.Context, sink push.Sink, codes []profile.ODSCode, actor string,
	today profile.Date,
) (*DriftCheck, error) {
	id, err := s.q.BeginDriftCheck(ctx, pushsql.BeginDriftCheckParams{Sink: sink, Actor: actor, Whole: len(codes) == 0})
	if err != nil {
		return nil, postgres.Wrap(err, "beginning a drift check")
	}
	return &DriftCheck{store: s, id: id, sink: sink, codes: codes, today: today, numbers: map[profile.ODSCode]int64{}}, nil
}

// Page returns accepted pushes of organisations of a type whose codes follow a
// given code, in the order of codes.
func (c *DriftCheck) Page(ctx context.Context, t profile.OrgType, after profile.ODSCode, most int) ([]push.Push, error) {
	accepted, err := c.store.q.PushesToCheck(ctx, pushsql.PushesToCheckParams{
		Sink: c.sink, Type: t, After: after, Codes: postgres.Texts(c.codes), Most: most,
	})
	if err != nil || len(accepted) == 0 {
		return nil, postgres.Wrap(err, "reading the pushes to check")
	}
	codes := make([]profile.ODSCode, len(accepted))
	for i, p := range accepted {
		codes[i], c.numbers[p.Code] = p.Code, p.Sequence
	}
	return c.store.LoadPushes(ctx, c.sink, codes, c.today)
}

// fieldMissing stands for a profile that is not shown at all.
const fieldMissing = "missing"

// FieldUnreadable stands for what makes no sense in a sink's answer.
const FieldUnreadable = "unreadable"

// Found stores the differences and what cannot be read, and records which profiles are
// shown correctly, and of which only all that can be read.
func (c *DriftCheck) Found(ctx context.Context, drifted []push.Drifted, seen, partly []profile.ODSCode) error {
	params := pushsql.StoreDriftParams{CheckID: c.id, Sink: c.sink}
	add := func(code profile.ODSCode, entry, field, want, shown string) {
		params.Codes, params.Entries = append(params.Codes, string(code)), append(params.Entries, profile.Storable(entry))
		params.Fields = append(params.Fields, field)
		params.Wants, params.Showns = append(params.Wants, profile.Storable(want)), append(params.Showns, profile.Storable(shown))
	}
	for _, d := range drifted {
		if d.Missing {
			add(d.Code, "", fieldMissing, "", "")
		}
		if len(d.Unreadable) > 0 {
			add(d.Code, "", FieldUnreadable, "", push.Reasons(d.Unreadable))
		}
		for _, difference := range d.Differences {
			add(d.Code, difference.Entry, difference.Field.String(), difference.Want, difference.Shown)
		}
	}
	return c.store.inTx(ctx, func(q *pushsql.Queries, _ pgx.Tx) error {
		if err := q.StoreDrift(ctx, params); err != nil {
			return postgres.Wrap(err, "storing drift")
		}
		err := q.MarkPushesSeen(ctx, pushsql.MarkPushesSeenParams{
			Sink: c.sink, Codes: postgres.Texts(slices.Concat(seen, partly)), Partly: postgres.Texts(partly),
		})
		return postgres.Wrap(err, "storing what was seen")
	})
}

// End stores the result, once, and in the same transaction asks for the pushes
// that repair the drift, if asked to, and has those tried again that wait for a
// person. What three repairs did not mend is left to people, each field by itself. What was
// sent since it was compared is not repaired.
func (c *DriftCheck) End(ctx context.Context, r push.DriftResult, repair bool) (push.DriftResult, error) {
	r.Check = c.id
	notVisible, err := json.Marshal(r.NotVisible)
	if err != nil {
		return r, fmt.Errorf("ending a drift check: %w", err)
	}
	if r.NotVisible == nil {
		notVisible = []byte("{}")
	}
	err = c.store.inTx(ctx, func(q *pushsql.Queries, _ pgx.Tx) (err error) {
		if repair {
			if r.Repaired, err = c.repair(ctx, q); err != nil {
				return err
			}
			waiting, err := q.RetryWaiting(ctx, pushsql.RetryWaitingParams{Sink: c.sink, Codes: postgres.Texts(c.codes)})
			if err != nil {
				return err
			}
			r.Waiting = int(waiting)
		}
		ended, err := q.EndDriftCheck(ctx, pushsql.EndDriftCheckParams{
			ID: c.id, State: r.State, Checked: r.Checked, Missing: r.Missing, Drifted: r.Drifted, Repaired: r.Repaired,
			Waiting: r.Waiting, NotVisible: notVisible, Reason: r.Reason,
		})
		if err == nil && ended == 0 {
			err = errors.New("it has ended already")
		}
		return err
	})
	return r, postgres.Wrap(err, "ending a drift check")
}

func (c *DriftCheck) repair(ctx context.Context, q *pushsql.Queries) (repaired int, err error) {
	codes, err := q.DriftToRepair(ctx, c.id)
	if err != nil {
		return 0, err
	}
	numbers, err := q.NumbersOf(ctx, pushsql.NumbersOfParams{Sink: c.sink, Codes: postgres.Texts(codes)})
	if err != nil {
		return 0, err
	}
	var asCompared []profile.ODSCode
	for _, now := range numbers {
		if c.numbers[now.Code] == now.Sequence {
			asCompared = append(asCompared, now.Code)
		}
	}
	forced, err := forcePushes(ctx, q, pushsql.ForcePushesParams{
		Codes: postgres.Texts(asCompared), Sinks: []string{string(c.sink)}, Repair: true,
	})
	return len(forced), err
}

// DriftRow is one field that an entry of a sink shows with a different value.
type DriftRow struct {
	Sink    push.Sink       `json:"sink"`
	Code    profile.ODSCode `json:"code"`
	Name    string          `json:"name"`
	Entry   string          `json:"entry,omitempty"` // of push.Difference
	Field   string          `json:"field"`           // missing: not shown at all; unreadable: shown says why
	Want    string          `json:"want"`
	Shown   string          `json:"shown"`
	GivenUp bool            `json:"given_up,omitempty"` // repaired three times in vain
}

// DriftFound lists what a check found.
func (s *Store) DriftFound(ctx context.Context, check int64, sink push.Sink, most int) ([]DriftRow, error) {
	rows, err := s.q.ListDrift(ctx, pushsql.ListDriftParams{CheckID: check, Most: min(most, 1<<30)})
	if err != nil {
		return nil, postgres.Wrap(err, "listing drift")
	}
	found := make([]DriftRow, len(rows))
	for i, r := range rows {
		found[i] = DriftRow{sink, r.Code, r.Name, r.Entry, r.Field, r.Want, r.Shown, r.GivenUp}
	}
	return found, nil
}

// Prune removes attempts, what they overwrote and drift checks from before an instant.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	if err := s.q.PruneAttempts(ctx, before); err != nil {
		return postgres.Wrap(err, "removing old attempts")
	}
	if err := s.q.PruneOverwrites(ctx, before); err != nil {
		return postgres.Wrap(err, "removing what old pushes overwrote")
	}
	return postgres.Wrap(s.q.PruneDrift(ctx, before), "removing old drift checks")
}

// LastDriftCheck is the newest check of all profiles of a sink.
type LastDriftCheck struct {
	push.DriftResult

	Actor   string    `json:"actor"`
	Started time.Time `json:"started_at"`
	Ended   time.Time `json:"ended_at,omitzero"` // zero while it goes on
}

// LastDriftChecks returns the newest check of all profiles of each sink, also while it
// goes on.
func (s *Store) LastDriftChecks(ctx context.Context) ([]LastDriftCheck, error) {
	rows, err := s.q.LastDriftChecks(ctx)
	checks := make([]LastDriftCheck, len(rows))
	for i, r := range rows {
		checks[i] = LastDriftCheck{
			DriftResult: push.DriftResult{
				Check: r.ID, Sink: r.Sink, State: r.State, Checked: r.Checked, Missing: r.Missing, Drifted: r.Drifted, Repaired: r.Repaired,
				Waiting: r.Waiting, Reason: r.Reason,
			},
			Actor: r.Actor, Started: r.StartedAt, Ended: r.EndedAt,
		}
	}
	return checks, postgres.Wrap(err, "listing checks for drift")
}
