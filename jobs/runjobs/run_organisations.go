package runjobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Organisations is what runs of the organisation register need: every record of
// a listing or a delta is hashed, those that differ are decoded and compared.
type Organisations struct {
	Open  func(ctx context.Context, run runs.Run) (Pull, error) // pulls what the run reads, or ErrUnchanged
	Types func(run runs.Run) ([]profile.OrgType, error)         // the types its report covers
	// Redefined returns the fields that mean something else in one layout of a report
	// than in another.
	Redefined    func(report, from, to string) ([]profile.Field, error)
	ProfileTypes []profile.OrgType // the types that have profiles
	Guard        runs.Guard
}

// Pull is what was read from a source: raw records, of which those with new
// bytes are decoded one by one. It is spooled completely before it is compared.
type Pull interface {
	Rows() iter.Seq2[profile.Row, error]
	Record(row profile.Row) (profile.Record, error) // or a *profile.Rejected
	Raw(row profile.Row) ([]byte, error)
}

// stamped is a pull with a stamp that identifies its content without comparing
// records.
type stamped interface{ Stamp() runs.Stamp }

// special is a pull that may be special in how it was read.
type special interface{ Note() string }

// readWith is a pull that may have been read with a file that is not kept.
type readWith interface{ ReadWith() *runs.ReadWith }

// deltaPull is a pull of changes.
type deltaPull interface {
	Until() profile.Date        // the date of the newest change in it; zero for none
	Deleted() []profile.ODSCode // what was deleted from the register
}

// OrganisationSession works runs of the organisation register. Methods that
// concern a plan are called between BeginPlan and Seal.
type OrganisationSession interface {
	Session
	// LastListing describes the last accepted listing of the report. Unchanged
	// reports whether the listing with this stamp is the same, so that none of
	// it has to be compared.
	LastListing() (asOf profile.Date, records int)
	LastLayout() string // empty if it is not known
	Unchanged(ctx context.Context, stamp runs.Stamp) (records int, unchanged bool, err error)
	// Stage stores the key and hash of every record. Compare finds those that
	// differ from the last accepted ones, and removes those whose code occurs
	// more than once.
	Stage(ctx context.Context, rows iter.Seq2[profile.Row, error]) (records int, err error)
	Compare(ctx context.Context) (differing int, duplicates []profile.Row, err error)
	Differing(ctx context.Context) iter.Seq2[[]runs.Candidate, error]
	Absent(ctx context.Context) iter.Seq2[[]runs.Missed, error]
	// Load adds to records what they are compared with: the last accepted
	// records, the profiles, and people's decisions.
	Load(ctx context.Context, records []profile.Record) ([]runs.Item, error)
	Record(ctx context.Context, compared []runs.Compared, plan runs.Plan) error
	RecordMissing(ctx context.Context, plan runs.Plan) error
	Quarantine(ctx context.Context, hash profile.Hash, rejected profile.Rejected) error
	// FlagDeleted and MoveWatermark are needed only by a delta.
	FlagDeleted(ctx context.Context, codes []profile.ODSCode) error
	MoveWatermark(ctx context.Context, stream string, until profile.Date) error
	// Groups counts the plan as the guard measures it; Withhold holds groups back.
	Groups(ctx context.Context) (map[runs.Group]int, runs.Situation, error)
	Withhold(ctx context.Context, verdicts map[runs.Group]runs.WithheldReason) error
	// LeaveClosed drops the other changes of profiles whose openings will be withheld.
	LeaveClosed(ctx context.Context, openings []runs.Group) error
	// What an approval or an undo needs:
	Approved(ctx context.Context) iter.Seq2[[]runs.Change, error]
	Applied(ctx context.Context) iter.Seq2[[]runs.Change, error]
	Stored(ctx context.Context, codes []profile.ODSCode) ([]profile.Record, error)
	Missed(ctx context.Context, codes []profile.ODSCode) ([]runs.Missed, error)
	Profiles(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]profile.Profile, error)
	// RecordDecision stores what will be applied and what is left out.
	RecordDecision(ctx context.Context, apply, left []runs.Change) error
}

// organisationPlanner plans one run of the organisation register.
type organisationPlanner struct {
	Organisations
	progress func(ctx context.Context, run runs.ID, stage string, done, total int)
	session  OrganisationSession
	run      runs.Run
	today    profile.Date

	pulled        Pull // nil if nothing has changed since the ETag of the run
	unchanged     bool // since the ETag of the run
	records       int
	short         bool
	rejected      int
	firstRejected profile.Rejected // the first bad record, for the refusal
	noted         noted
	redefined     map[string][]profile.Field // what means something else than in each other layout, as far as asked
}

func (p *organisationPlanner) types() ([]profile.OrgType, error) { return p.Types(p.run) }

func (p *organisationPlanner) pull(ctx context.Context) (err error) {
	p.progress(ctx, p.run.ID, "pulling", 0, 0)
	p.pulled, err = p.Open(ctx, p.run)
	switch {
	case errors.Is(err, ErrUnchanged):
		p.unchanged = true
		return nil
	case err != nil:
		return queue.Unreached(err)
	default:
		return nil
	}
}

func (p *organisationPlanner) close() {
	if closer, ok := p.pulled.(io.Closer); ok {
		_ = closer.Close() // only read
	}
}

func (p *organisationPlanner) stamp() runs.Stamp {
	if s, ok := p.pulled.(stamped); ok {
		return s.Stamp()
	}
	return runs.Stamp{}
}

func (p *organisationPlanner) describe(summary *runs.Summary) runs.Stamp {
	summary.Records, summary.Rejected = p.records, p.rejected
	if p.unchanged {
		summary.Note = ErrUnchanged.Error()
		return p.run.Stamp
	}
	p.noted.describe(summary)
	if s, ok := p.pulled.(special); ok {
		*summary = summary.WithNote(s.Note())
	}
	if r, ok := p.pulled.(readWith); ok {
		summary.ReadWith = r.ReadWith()
	}
	return p.stamp()
}

// compare streams a pull through the comparison: every record is hashed, those
// that differ are decoded and compared.
func (p *organisationPlanner) compare(ctx context.Context) error {
	if p.unchanged {
		return nil
	}
	if err := p.checkAge(); err != nil {
		return err
	}
	if p.run.Kind.IsListing() {
		records, unchanged, err := p.session.Unchanged(ctx, p.stamp())
		if p.records = records; err != nil || unchanged {
			return err
		}
		if err := p.compareLayouts(); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{p.stage, p.compareStaged, p.markMissing, p.moveWatermark} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkAge refuses a listing, or a part of one, that is older than the last accepted
// listing of its report. A day that has not come yet was a mistake: only a person
// can say which day was meant.
func (p *organisationPlanner) checkAge() error {
	last, _ := p.session.LastListing()
	if !p.run.AsOf.Before(last) {
		return nil
	}
	advice := "use a newer one, or give its date with --as-of"
	if last.After(p.today) {
		advice = fmt.Sprintf("that day has not come yet (today is %s): undo the run, or "+
			"`profilesync listings reset %s --to DATE --reason TEXT`", p.today, p.run.Report)
	}
	return &profile.RefusedError{Name: p.run.Report, Why: fmt.Sprintf(
		"its date is %s, but a listing of %s was accepted already; %s", p.run.AsOf, last, advice)}
}

// stage hashes the whole pull. Rows without a readable code are quarantined at
// once, since they have no key to compare by.
func (p *organisationPlanner) stage(ctx context.Context) error {
	var unreadable []runs.Candidate
	wanted := p.wanted()
	staged, err := p.session.Stage(ctx, func(yield func(profile.Row, error) bool) {
		for row, err := range p.pulled.Rows() {
			if err == nil && row.Code == "" {
				unreadable = append(unreadable, runs.Candidate{Row: row})
				continue
			}
			if (err != nil || wanted(row.Code)) && !yield(row, err) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	p.records = staged + len(unreadable)
	_, last := p.session.LastListing()
	p.short = p.run.Kind.IsListing() && p.Guard.IsShort(p.records, last)
	return p.quarantineAll(ctx, decode(p.pulled, unreadable))
}

// wanted limits a run to the codes it was asked for.
func (p *organisationPlanner) wanted() func(profile.ODSCode) bool {
	codes := make(map[profile.ODSCode]bool, len(p.run.Codes))
	for _, code := range p.run.Codes {
		codes[code] = true
	}
	return func(code profile.ODSCode) bool { return len(codes) == 0 || codes[code] }
}

// compareStaged plans chunk by chunk, and decodes each chunk while the one
// before is planned.
func (p *organisationPlanner) compareStaged(ctx context.Context) error {
	differing, duplicates, err := p.session.Compare(ctx)
	if err != nil {
		return err
	}
	for _, row := range duplicates {
		if err := p.quarantineDuplicate(ctx, row); err != nil {
			return err
		}
	}
	var decoding sync.WaitGroup
	defer decoding.Wait() // the pull is closed when we return
	var ahead <-chan decoded
	done := 0
	for candidates, err := range p.session.Differing(ctx) {
		if err != nil {
			return err
		}
		next := decodeAhead(&decoding, p.pulled, candidates)
		if err := p.compareChunk(ctx, ahead); err != nil {
			return err
		}
		ahead = next
		done += len(candidates)
		p.progress(ctx, p.run.ID, "comparing", done, differing)
	}
	return p.compareChunk(ctx, ahead)
}

func (p *organisationPlanner) compareChunk(ctx context.Context, ahead <-chan decoded) error {
	if ahead == nil {
		return nil
	}
	chunk := <-ahead
	if err := p.quarantineAll(ctx, chunk); err != nil {
		return err
	}
	items, err := p.session.Load(ctx, chunk.differing())
	if err != nil {
		return err
	}
	if err := p.markRedefined(items); err != nil {
		return err
	}
	plan := runs.Compute(runs.Input{AsOf: p.run.AsOf, CountsAsLook: !p.short, ProfileTypes: p.ProfileTypes, Items: items})
	p.noted.add(chunk.compared, plan.Outcomes)
	return p.session.Record(ctx, chunk.compared, plan)
}

// markMissing is for listings only: a delta says nothing about absence. For a
// short listing, what it would mark is recorded in the plan but no profile is
// flagged.
func (p *organisationPlanner) markMissing(ctx context.Context) error {
	if !p.run.Kind.IsListing() {
		return nil
	}
	for missed, err := range p.session.Absent(ctx) {
		if err != nil {
			return err
		}
		plan := runs.MarkMissing(p.run.AsOf, missed)
		if p.short {
			plan.Outcomes = nil
		}
		if err := p.session.RecordMissing(ctx, plan); err != nil {
			return err
		}
	}
	return nil
}

// moveWatermark moves the watermark in the transaction of the plan, so that it moves
// only if the pull is stored. A date after the run's own day is not believed: it
// would hide every change until then.
func (p *organisationPlanner) moveWatermark(ctx context.Context) error {
	delta, ok := p.pulled.(deltaPull)
	if !ok || p.run.Kind != runs.RunDelta {
		return nil
	}
	if err := p.session.FlagDeleted(ctx, delta.Deleted()); err != nil {
		return err
	}
	until := delta.Until()
	if until.After(p.run.AsOf) {
		until = p.run.AsOf
	}
	if until.IsZero() {
		return nil
	}
	return p.session.MoveWatermark(ctx, "changes", until)
}

func (p *organisationPlanner) guard(ctx context.Context) ([]runs.Withheld, error) {
	if p.unchanged {
		return []runs.Withheld{}, nil
	}
	groups, situation, err := p.groups(ctx)
	if err != nil {
		return nil, err
	}
	verdicts := p.Guard.Judge(groups, situation)
	if openings := runs.Openings(verdicts); len(openings) > 0 {
		if err := p.session.LeaveClosed(ctx, openings); err != nil {
			return nil, err
		}
		if groups, situation, err = p.groups(ctx); err != nil {
			return nil, err
		}
		verdicts = p.Guard.Judge(groups, situation)
	}
	return runs.Summarise(groups, verdicts, situation), p.session.Withhold(ctx, verdicts)
}

// groups counts the plan as the guard measures it.
func (p *organisationPlanner) groups(ctx context.Context) (map[runs.Group]int, runs.Situation, error) {
	groups, situation, err := p.session.Groups(ctx)
	if situation.Short = p.short; p.run.Kind == runs.RunUndo {
		situation.Waiting = nil // an undo is measured by itself
	}
	return groups, situation, err
}
