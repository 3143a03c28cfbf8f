package pushstore

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// LoadPushes returns how the pushes of some profiles to a sink stand. One that
// nobody wants is left out. Holds end, and dated hours pass, by the day given.
func (s *Store) LoadPushes(ctx context.Context, sink push.Sink, codes []profile.ODSCode,
	today profile.Date,
) ([]push.Push, error) {
	rows, err := s.q.LoadPushes(ctx, pushsql.LoadPushesParams{Sink: sink, Codes: postgres.Texts(codes), Today: today})
	if err != nil {
		return nil, postgres.Wrap(err, "loading pushes")
	}
	pushes := make([]push.Push, len(rows))
	for i, r := range rows {
		if pushes[i], err = toPush(sink, r, today); err != nil {
			return nil, fmt.Errorf("loading the push of %s to %s: %w", r.Code, sink, err)
		}
	}
	return pushes, nil
}

func toPush(sink push.Sink, r pushsql.LoadPushesRow, today profile.Date) (push.Push, error) {
	p := push.Push{
		Sink: sink, Held: r.SinkHeld, Paused: r.Paused != "", Forced: r.Forced, Failures: r.Failures,
		Sequence: r.Sequence, Unclear: r.Unclear, Version: r.Version, Wanted: r.WantedAt, Job: r.JobID, Asked: r.Asked,
		SentHash: r.SentOwn, AcceptedHash: r.AcceptedOwn,
		Desired: push.DesiredState{Profile: wholeProfile(r), Today: today},
	}
	if r.Sent != nil {
		if err := json.Unmarshal(r.Sent, &p.Sent); err != nil {
			return p, err
		}
	}
	for _, name := range r.Held {
		field, err := profile.ParseField(name)
		if err != nil {
			return p, err
		}
		p.Desired.Held = append(p.Desired.Held, field)
	}
	edited := map[string]time.Time{}
	if err := json.Unmarshal(r.Edited, &edited); err != nil {
		return p, err
	}
	p.Desired.Edited = make(map[profile.Field]time.Time, len(edited))
	for name, at := range edited {
		field, err := profile.ParseField(name)
		if err != nil {
			return p, err
		}
		p.Desired.Edited[field] = at
	}
	return p, nil
}

// wholeProfile is a profile with its parts, in their text forms.
func wholeProfile(r pushsql.LoadPushesRow) profile.Profile {
	p := postgres.ProfileRow{
		Code: r.Code, Name: r.Name, Address: r.Address, Postcode: r.Postcode, Type: r.Type, Roles: r.Roles, Status: r.Status,
		Parent: r.Parent, Commissioner: r.Commissioner, Icb: r.Icb, Region: r.Region, Successor: r.Successor, Phone: r.Phone,
		Email: r.Email, Website: r.Website, Description: r.Description, Hidden: r.Hidden, Kind: r.Kind,
	}.Profile()
	p.Values.Set(profile.FieldOpeningTimes, r.OpeningTimes)
	p.Values.Set(profile.FieldDatedOpeningTimes, r.DatedOpeningTimes)
	p.Values.Set(profile.FieldFacilities, r.Facilities)
	p.Values.Set(profile.FieldServices, r.Services)
	if r.HasErsServices { // else nobody ever spoke of any
		p.Values.Set(profile.FieldERSServices, r.ErsServices)
	}
	return p
}

// StagePushes gives each push the next sequence number of its profile, and
// remembers what is sent under it, before it is sent. The numbers come in the
// order of the pushes; 0 for one that its job does not carry any more, or that
// somebody else numbered meanwhile. What was staged just so before keeps its
// number.
func (s *Store) StagePushes(ctx context.Context, sink push.Sink, staged []push.Staged) ([]int64, error) {
	params := pushsql.StagePushesParams{Sink: sink}
	for _, p := range staged {
		sent, err := json.Marshal(p.Sent)
		if err != nil {
			return nil, fmt.Errorf("push of %s: %w", p.Code, err)
		}
		params.Codes, params.Jobs = append(params.Codes, string(p.Code)), append(params.Jobs, p.Job)
		params.Lasts, params.Floors = append(params.Lasts, p.Last), append(params.Floors, p.Above)
		params.Sents, params.Owns = append(params.Sents, sent), append(params.Owns, p.Hash[:])
	}
	rows, err := s.q.StagePushes(ctx, params)
	if err != nil {
		return nil, postgres.Wrap(err, "numbering pushes")
	}
	given := make(map[carried]int64, len(rows))
	for _, r := range rows {
		given[carried{profile.ODSCode(r.Code), r.Job}] = r.Sequence
	}
	numbers := make([]int64, len(staged))
	for i, p := range staged {
		numbers[i] = given[carried{p.Code, p.Job}]
	}
	return numbers, nil
}

// carried is a push and the job that carries it.
type carried struct {
	code profile.ODSCode
	job  int64
}

// settled is one outcome as the statement reads it.
type settled struct {
	Code     string `json:"code"`
	Job      int64  `json:"job"`
	Asked    int64  `json:"asked"`
	Route    string `json:"route"`
	State    string `json:"state"`
	Answer   string `json:"answer"`
	Status   int    `json:"status"`
	Reason   string `json:"reason"`
	Sequence int64  `json:"sequence"`
	Own      string `json:"own,omitempty"`
	Taken    int64  `json:"taken"`
	Version  string `json:"version"`
	Unclear  bool   `json:"unclear"`
	Failures int    `json:"failures"`
	WaitMS   int64  `json:"wait_ms"`
	TookMS   int64  `json:"took_ms"`
}

func toSettled(o push.Outcome) settled {
	row := settled{
		Code: string(o.Code), Job: o.Job, Asked: o.Asked, Route: o.Route, State: string(o.State), Answer: o.Attempt, Status: o.Status,
		Reason: o.Reason, Sequence: o.Sequence, Version: o.Version, Unclear: o.Unclear, Failures: o.Failures,
		WaitMS: o.Wait.Milliseconds(), TookMS: o.Duration.Milliseconds(),
	}
	if o.AcceptedHash != (profile.Hash{}) {
		row.Own, row.Taken = `\x`+hex.EncodeToString(o.AcceptedHash[:]), o.AcceptedSequence
	}
	return row
}

// RecordOutcomes records what became of pushes to a sink, each only while its job
// carries the push and nobody else numbered it. In the same transaction complete
// ends the jobs whose outcomes were recorded. It reports of each outcome, in
// their order, whether it stands: recorded now, or by the same job before. Those
// that do not stand are of pushes that were given up for lost; nothing is written
// of them.
func (s *Store) RecordOutcomes(ctx context.Context, sink push.Sink, outcomes []push.Outcome,
	complete func(ctx context.Context, tx pgx.Tx, jobs []int64) error,
) (stand []bool, err error) {
	rows, codes := make([]settled, len(outcomes)), make([]string, len(outcomes))
	for i, o := range outcomes {
		rows[i], codes[i] = toSettled(o), string(o.Code)
	}
	all, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("recording pushes: %w", err)
	}
	var answers []pushsql.RecordOutcomesRow
	err = s.inTx(ctx, func(q *pushsql.Queries, tx pgx.Tx) (err error) {
		if answers, err = q.RecordOutcomes(ctx, pushsql.RecordOutcomesParams{Settled: all, Codes: codes, Sink: sink}); err != nil {
			return postgres.Wrap(err, "recording pushes")
		}
		if slices.ContainsFunc(answers, func(r pushsql.RecordOutcomesRow) bool { return r.Due }) {
			if err := q.AnnounceWork(ctx); err != nil { // the dispatcher sees no push that has a job, and may sleep for minutes
				return fmt.Errorf("recording pushes: %w", err)
			}
		}
		return complete(ctx, tx, recordedJobs(answers))
	})
	return standing(outcomes, answers), err
}

// recordedJobs are the jobs whose outcomes were recorded; what a command works has
// none.
func recordedJobs(answers []pushsql.RecordOutcomesRow) (jobs []int64) {
	for _, r := range answers {
		if r.Recorded && r.Job > 0 {
			jobs = append(jobs, r.Job)
		}
	}
	return jobs
}

func standing(outcomes []push.Outcome, answers []pushsql.RecordOutcomesRow) []bool {
	stands := make(map[carried]bool, len(answers))
	for _, r := range answers {
		stands[carried{profile.ODSCode(r.Code), r.Job}] = r.Recorded || r.Before
	}
	in := make([]bool, len(outcomes))
	for i, o := range outcomes {
		in[i] = stands[carried{o.Code, o.Job}]
	}
	return in
}

// PauseRoute stops pushing along a route until a probe gets through. It reports
// whether it was not paused already.
func (s *Store) PauseRoute(ctx context.Context, sink push.Sink, route, reason string, probeAfter time.Duration) (bool, error) {
	n, err := s.q.PauseRoute(ctx, pushsql.PauseRouteParams{
		Sink: sink, Route: route, Reason: reason, Wait: probeAfter,
	})
	return n > 0, postgres.Wrap(err, "pausing "+string(sink))
}

// PostponeProbe says that a probe did not get through.
func (s *Store) PostponeProbe(ctx context.Context, sink push.Sink, route string, wait time.Duration) error {
	err := s.q.PostponeProbe(ctx, pushsql.PostponeProbeParams{Sink: sink, Route: route, Wait: wait})
	return postgres.Wrap(err, "pausing "+string(sink))
}

// ResumeRoute goes on pushing. It reports whether the route was paused.
func (s *Store) ResumeRoute(ctx context.Context, sink push.Sink, route string) (bool, error) {
	n, err := s.q.ResumeRoute(ctx, pushsql.ResumeRouteParams{Sink: sink, Route: route})
	return n > 0, postgres.Wrap(err, "resuming "+string(sink))
}

// ForcedPush is a push that will be sent again.
type ForcedPush struct {
	Code  profile.ODSCode
	Sink  push.Sink
	State push.State
}

// ForcePushes has pushes sent although nothing differs, and whatever was refused
// before: a person's word.
func (s *Store) ForcePushes(ctx context.Context, codes []profile.ODSCode, sinks []push.Sink) (forced []ForcedPush, err error) {
	err = s.inTx(ctx, func(q *pushsql.Queries, _ pgx.Tx) error {
		forced, err = forcePushes(ctx, q, pushsql.ForcePushesParams{Codes: postgres.Texts(codes), Sinks: postgres.Texts(sinks)})
		return err
	})
	return forced, err
}

func forcePushes(ctx context.Context, q *pushsql.Queries, which pushsql.ForcePushesParams) (forced []ForcedPush, err error) {
	rows, err := q.ForcePushes(ctx, which)
	if err != nil {
		return nil, postgres.Wrap(err, "pushing again")
	}
	for _, r := range rows {
		forced = append(forced, ForcedPush(r))
	}
	return forced, q.AnnounceWork(ctx)
}

// ClaimPushes takes wanted pushes that nobody works, for a program that works them
// itself: they carry the number of its process, negative. To claim again is no
// error. Should it die, the next daemon finds them lost and goes on.
func (s *Store) ClaimPushes(ctx context.Context, sink push.Sink, codes []profile.ODSCode, process int64) (
	[]profile.ODSCode, error,
) {
	claimed, err := s.q.ClaimPushes(ctx, pushsql.ClaimPushesParams{Sink: sink, Codes: postgres.Texts(codes), Claim: -process})
	return claimed, postgres.Wrap(err, "claiming pushes")
}

// ListedPush is a push as people look at it. Times are zero for what never was.
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
}

// PushFilter picks pushes; empty fields pick all.
type PushFilter struct {
	State push.State
	Sink  push.Sink
	Code  profile.ODSCode
	Most  int
}

// Pushes lists pushes, those wanted last first.
func (s *Store) Pushes(ctx context.Context, f PushFilter) ([]ListedPush, error) {
	rows, err := s.q.ListPushes(ctx, pushsql.ListPushesParams{
		State: string(f.State), Sink: string(f.Sink), Code: string(f.Code), Most: min(f.Most, 1<<30),
	})
	if err != nil {
		return nil, postgres.Wrap(err, "listing pushes")
	}
	pushes := make([]ListedPush, len(rows))
	for i, r := range rows {
		pushes[i] = ListedPush(r)
	}
	return pushes, nil
}

// PushCount is how many pushes stand in a state.
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
