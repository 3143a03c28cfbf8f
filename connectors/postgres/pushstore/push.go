package pushstore

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// LoadPushes returns the current state of the pushes of some profiles to a
// sink. A push that nobody wants is left out. The day given decides which holds
// have ended and which dated hours are past.
func (s *Store) LoadPushes(ctx context.Context, sink push.Sink, codes []profile.ODSCode,
	today profile.Date,
) ([]push.Push, error) {
	rows, err := s.q.LoadPushes(ctx, pushsql.LoadPushesParams{Sink: sink, Codes: postgres.Texts(codes), Today: today})
	if err != nil {
		return nil, postgres.Wrap(err, "loading pushes")
	}
	var holidays []profile.Date
	if slices.ContainsFunc(rows, func(r pushsql.LoadPushesRow) bool { return strings.Contains(r.OpeningTimes, "bank-holiday") }) {
		if holidays, err = comingHolidays(ctx, s.q, today); err != nil {
			return nil, err
		}
	}
	pushes := make([]push.Push, len(rows))
	for i, r := range rows {
		if pushes[i], err = toPush(sink, r, today); err != nil {
			return nil, fmt.Errorf("loading the push of %s to %s: %w", r.Code, sink, err)
		}
		pushes[i].Desired.Holidays = holidays
	}
	return pushes, nil
}

func toPush(sink push.Sink, r pushsql.LoadPushesRow, today profile.Date) (push.Push, error) {
	p := push.Push{
		Sink: sink, Held: r.SinkHeld, Paused: r.Paused != "", Forced: r.Forced, Overwrite: r.Overwrite, Failures: r.Failures,
		Sequence: r.Sequence, Unclear: r.Unclear, Restored: r.Restored, Version: r.Version, Wanted: r.WantedAt, Job: r.JobID, Asked: r.Asked,
		SentHash: r.SentOwn, AcceptedHash: r.AcceptedOwn,
		Desired: push.DesiredState{Profile: wholeProfile(r), ClosedInReality: r.ClosedInReality, Today: today, SetHolidays: r.Holidays},
	}
	left, err := readLeftOut(r.LeftOut)
	if err != nil {
		return p, err
	}
	p.LeftOut = left
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
	if r.HasErsServices { // otherwise e-RS never named any
		p.Values.Set(profile.FieldERSServices, r.ErsServices)
	}
	return p
}

// StagePushes gives each push the next sequence number of its profile, and
// stores what is sent under it, before it is sent. It returns the numbers in
// the order of the pushes; 0 for a push that its job no longer carries, or that
// another job has numbered meanwhile. A push that was staged before with the
// same content keeps its number.
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
		overwrites, err := json.Marshal(toOverwrites(p.Overwrites))
		if err != nil {
			return nil, fmt.Errorf("push of %s: %w", p.Code, err)
		}
		params.Overwrites, params.Holidays = append(params.Overwrites, overwrites), append(params.Holidays, p.SetHolidays)
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

// settled is one outcome in the form the statement reads.
type settled struct {
	Code     string       `json:"code"`
	Job      int64        `json:"job"`
	Asked    int64        `json:"asked"`
	Route    string       `json:"route"`
	State    string       `json:"state"`
	Answer   string       `json:"answer"`
	Status   int          `json:"status"`
	Reason   string       `json:"reason"`
	Sequence int64        `json:"sequence"`
	Own      string       `json:"own,omitempty"`
	Taken    int64        `json:"taken"`
	Version  string       `json:"version"`
	Unclear  bool         `json:"unclear"`
	Failures int          `json:"failures"`
	WaitMS   int64        `json:"wait_ms"`
	TookMS   int64        `json:"took_ms"`
	LeftOut  []leftOutRow `json:"left_out"`
}

func toSettled(o push.Outcome) settled {
	row := settled{
		LeftOut: toLeftOut(o.LeftOut),
		Code:    string(o.Code), Job: o.Job, Asked: o.Asked, Route: o.Route, State: string(o.State), Answer: o.Attempt, Status: o.Status,
		Reason: o.Reason, Sequence: o.Sequence, Version: o.Version, Unclear: o.Unclear, Failures: o.Failures,
		WaitMS: o.Wait.Milliseconds(), TookMS: o.Duration.Milliseconds(),
	}
	if o.AcceptedHash != (profile.Hash{}) {
		row.Own, row.Taken = `\x`+hex.EncodeToString(o.AcceptedHash[:]), o.AcceptedSequence
	}
	return row
}

// RecordOutcomes records the outcomes of pushes to a sink, each only while its
// job carries the push and no other job has numbered it. In the same transaction
// complete ends the jobs whose outcomes were recorded. It reports for each
// outcome, in order, whether it is on record: written now, or earlier by the same
// job. An outcome that is not on record belongs to a push that was given up as
// lost; nothing is written for it.
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

// recordedJobs returns the jobs whose outcomes were recorded; a push that a
// command sends has none.
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
// false when the route was already paused.
func (s *Store) PauseRoute(ctx context.Context, sink push.Sink, route, reason string, probeAfter time.Duration) (bool, error) {
	n, err := s.q.PauseRoute(ctx, pushsql.PauseRouteParams{
		Sink: sink, Route: route, Reason: reason, Wait: probeAfter,
	})
	return n > 0, postgres.Wrap(err, "pausing "+string(sink))
}

// PostponeProbe records that a probe did not get through.
func (s *Store) PostponeProbe(ctx context.Context, sink push.Sink, route string, wait time.Duration) error {
	err := s.q.PostponeProbe(ctx, pushsql.PostponeProbeParams{Sink: sink, Route: route, Wait: wait})
	return postgres.Wrap(err, "pausing "+string(sink))
}

// ResumeRoute resumes pushing along a route. It reports whether the route was
// paused.
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

// ForcePushes asks for pushes at a person's request: they are sent even if
// nothing differs or the sink refused them before and, if the person says so, even if
// they overwrite what nobody stated, which is audited.
func (s *Store) ForcePushes(ctx context.Context, codes []profile.ODSCode, sinks []push.Sink, overwrite bool, actor string) (
	forced []ForcedPush, err error,
) {
	err = s.inTx(ctx, func(q *pushsql.Queries, _ pgx.Tx) error {
		if err := q.SayWho(ctx, actor); err != nil {
			return postgres.Wrap(err, "pushing again")
		}
		forced, err = forcePushes(ctx, q, pushsql.ForcePushesParams{
			Codes: postgres.Texts(codes), Sinks: postgres.Texts(sinks), Overwrite: overwrite,
		})
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

// ClaimPushes takes wanted pushes that no job carries, for a program that sends
// them itself: their job_id is the number of its process, negated. Claiming again
// is no error. If the program dies, the next daemon finds the pushes lost and
// sends them.
func (s *Store) ClaimPushes(ctx context.Context, sink push.Sink, codes []profile.ODSCode, process int64) (
	[]profile.ODSCode, error,
) {
	claimed, err := s.q.ClaimPushes(ctx, pushsql.ClaimPushesParams{Sink: sink, Codes: postgres.Texts(codes), Claim: -process})
	return claimed, postgres.Wrap(err, "claiming pushes")
}
