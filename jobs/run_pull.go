package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// comparer is what planning a pull needs of a draft.
type comparer interface {
	yardstick
	stager
	loader
	recorder
	follower
}

type yardstick interface {
	LastListing() (asOf profile.Date, records int)
	Settled(ctx context.Context, stamp runs.Stamp) (records int, settled bool, err error)
}

type stager interface {
	Stage(ctx context.Context, rows iter.Seq2[profile.Row, error]) (records int, err error)
	Compare(ctx context.Context) (differing int, duplicates []profile.Row, err error)
}

type loader interface {
	Differing(ctx context.Context) iter.Seq2[[]runs.Candidate, error]
	Absent(ctx context.Context) iter.Seq2[[]runs.Missed, error]
	Load(ctx context.Context, records []profile.Record) ([]runs.Item, error)
}

type recorder interface {
	Record(ctx context.Context, compared []runs.Compared, plan runs.Plan) error
	RecordMissing(ctx context.Context, plan runs.Plan) error
	Quarantine(ctx context.Context, hash profile.Hash, rejected profile.Rejected) error
}

// follower is what only deltas need.
type follower interface {
	MoveWatermark(ctx context.Context, stream string, until profile.Date) error
	FlagDeleted(ctx context.Context, codes []profile.ODSCode) error
}

// pulling is the planning of one pull.
type pulling struct {
	*Runs
	run     runs.Run
	draft   Draft
	pull    Pull
	records int
	short   bool
	bad     int
	first   profile.Rejected // the first bad record, for the refusal
}

// opened is what a run reads; nothing for those that decide about another run.
type opened struct {
	pull      Pull
	unchanged bool // since the ETag of the run: there is no pull
}

// open pulls what a run reads, before the transaction of its plan begins: that
// does not wait for the register. The source's lock is held, so that what is
// pulled later is also planned later.
func (r *Runs) open(ctx context.Context, run runs.Run) (opened, error) {
	if run.Kind != runs.RunListing && run.Kind != runs.RunDelta {
		return opened{}, nil
	}
	r.Report(ctx, run.ID, "pulling", 0, 0)
	pull, err := r.Open(ctx, run)
	switch {
	case errors.Is(err, ErrUnchanged):
		return opened{unchanged: true}, nil
	case err != nil:
		return opened{}, unreached(err)
	default:
		return opened{pull: pull}, nil
	}
}

func (o opened) close() {
	if closer, ok := o.pull.(io.Closer); ok {
		_ = closer.Close() // only read
	}
}

// planPull streams a pull through the comparison: every record is hashed, those
// that differ are decoded and compared, and the guard has the last word.
func (r *Runs) planPull(ctx context.Context, draft Draft, run runs.Run, read opened) (
	summary runs.Summary, stamp runs.Stamp, err error,
) {
	if read.unchanged {
		summary, err = draft.Judge(ctx, nil, false)
		summary.Note = ErrUnchanged.Error()
		return summary, run.Stamp, err
	}
	if s, ok := read.pull.(stamped); ok {
		stamp = s.Stamp()
	}
	p := pulling{Runs: r, run: run, draft: draft, pull: read.pull}
	if err := p.plan(ctx, stamp); err != nil {
		return summary, stamp, err
	}
	summary, err = draft.Judge(ctx, &r.Guard, p.short)
	summary.Records, summary.Rejected = p.records, p.bad
	return summary, stamp, err
}

func (p *pulling) plan(ctx context.Context, stamp runs.Stamp) error {
	if err := p.checkAge(); err != nil {
		return err
	}
	if p.run.Kind == runs.RunListing {
		records, settled, err := p.draft.Settled(ctx, stamp)
		if p.records = records; err != nil || settled {
			return err // byte for byte what was accepted last, and nothing is open: a look that needs no comparison
		}
	}
	for _, step := range []func(context.Context) error{p.stage, p.compare, p.markMissing, p.follow} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkAge refuses a listing that is older than the last accepted one.
func (p *pulling) checkAge() error {
	last, _ := p.draft.LastListing()
	if p.run.Kind != runs.RunListing || !p.run.AsOf.Before(last) {
		return nil
	}
	return &profile.RefusedError{Name: p.run.Report, Why: fmt.Sprintf(
		"it speaks of %s, but a listing of %s was accepted already; give a newer one, or its day with --as-of", p.run.AsOf, last)}
}

// stage hashes the whole pull. Rows without a readable code are quarantined at
// once: there is nothing to compare them by.
func (p *pulling) stage(ctx context.Context) error {
	var unreadable []runs.Candidate
	wanted := p.wanted()
	staged, err := p.draft.Stage(ctx, func(yield func(profile.Row, error) bool) {
		for row, err := range p.pull.Rows() {
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
	_, last := p.draft.LastListing()
	p.short = p.run.Kind == runs.RunListing && p.Guard.IsShort(p.records, last)
	return p.quarantineAll(ctx, decode(p.pull, unreadable))
}

// wanted limits a run to the codes it was asked for.
func (p *pulling) wanted() func(profile.ODSCode) bool {
	codes := make(map[profile.ODSCode]bool, len(p.run.Codes))
	for _, code := range p.run.Codes {
		codes[code] = true
	}
	return func(code profile.ODSCode) bool { return len(codes) == 0 || codes[code] }
}

func (p *pulling) compare(ctx context.Context) error {
	differing, duplicates, err := p.draft.Compare(ctx)
	if err != nil {
		return err
	}
	for _, row := range duplicates {
		if err := p.quarantineDuplicate(ctx, row); err != nil {
			return err
		}
	}
	return p.compareAll(ctx, differing)
}

// compareAll plans chunk by chunk, and decodes each while the one before is
// planned.
func (p *pulling) compareAll(ctx context.Context, differing int) error {
	var ahead <-chan decoded
	done := 0
	for candidates, err := range p.draft.Differing(ctx) {
		if err != nil {
			return err
		}
		next := decodeAhead(p.pull, candidates)
		if err := p.compareChunk(ctx, ahead); err != nil {
			<-next // the pull is closed when we return
			return err
		}
		ahead = next
		done += len(candidates)
		p.Report(ctx, p.run.ID, "comparing", done, differing)
	}
	return p.compareChunk(ctx, ahead)
}

func (p *pulling) compareChunk(ctx context.Context, ahead <-chan decoded) error {
	if ahead == nil {
		return nil
	}
	chunk := <-ahead
	if err := p.quarantineAll(ctx, chunk); err != nil {
		return err
	}
	items, err := p.draft.Load(ctx, chunk.differing())
	if err != nil {
		return err
	}
	plan := runs.Compute(runs.Input{AsOf: p.run.AsOf, Look: !p.short, Kept: p.Kept, Items: items})
	return p.draft.Record(ctx, chunk.compared, plan)
}

// quarantineAll keeps what of a chunk could not be decoded.
func (p *pulling) quarantineAll(ctx context.Context, chunk decoded) error {
	for _, r := range chunk.rejected {
		if err := p.quarantine(ctx, r.hash, r.why); err != nil {
			return err
		}
	}
	return chunk.err
}

func (p *pulling) quarantineDuplicate(ctx context.Context, row profile.Row) error {
	raw, err := p.pull.Raw(row)
	if err != nil {
		return fmt.Errorf("reading line %d: %w", row.Line, err)
	}
	return p.quarantine(ctx, row.Hash, profile.Rejected{
		Code: row.Code, Line: row.Line, Field: "Organisation Code", Value: string(row.Code), Raw: raw,
		Reason: "the code stands on several lines of this listing; ask ODS which one holds",
	})
}

// quarantine keeps a bad record, and refuses the whole pull when more than one
// in a hundred are bad: then it is not what it is said to be. A delta of a few
// records may hold a few bad ones.
func (p *pulling) quarantine(ctx context.Context, hash profile.Hash, rejected profile.Rejected) error {
	if p.bad++; p.bad == 1 {
		p.first = rejected
	}
	if p.bad*100 > p.records && (p.run.Kind == runs.RunListing || p.bad > fewBad) {
		return &profile.RefusedError{
			Name: p.name(), At: p.first,
			Why: "more than 1 % of its records cannot be read; check that it is the report it is said to be",
		}
	}
	return p.draft.Quarantine(ctx, hash, rejected)
}

// fewBad records never make a delta suspicious.
const fewBad = 10

func (p *pulling) name() string {
	if named, ok := p.pull.(interface{ Name() string }); ok {
		return named.Name()
	}
	return p.run.Report
}

// markMissing is for listings only: a delta says nothing about absence. What a
// short listing would mark is shown, and flags nothing.
func (p *pulling) markMissing(ctx context.Context) error {
	if p.run.Kind != runs.RunListing {
		return nil
	}
	for missed, err := range p.draft.Absent(ctx) {
		if err != nil {
			return err
		}
		plan := runs.MarkMissing(p.run.AsOf, missed)
		if p.short {
			plan.Outcomes = nil
		}
		if err := p.draft.RecordMissing(ctx, plan); err != nil {
			return err
		}
	}
	return nil
}

// follow moves the watermark with the plan, so only when the pull is stored.
func (p *pulling) follow(ctx context.Context) error {
	delta, ok := p.pull.(following)
	if !ok || p.run.Kind != runs.RunDelta {
		return nil
	}
	if err := p.draft.FlagDeleted(ctx, delta.Deleted()); err != nil {
		return err
	}
	if delta.Until().IsZero() {
		return nil
	}
	return p.draft.MoveWatermark(ctx, "changes", delta.Until())
}
