package runjobs

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Services is what runs of the e-Referral Service need: every id of the
// register is looked up, what differs is stored, and then compared with the
// profiles.
type Services struct {
	Open  func() (ServiceSource, error)
	Guard services.Guard
	Ahead int // batches requested concurrently, so that the rate limit is the only bound
}

// ServiceSource is e-RS.
type ServiceSource interface {
	// Batch looks up at most ServiceBatch ids; each gets an answer.
	Batch(ctx context.Context, credential string, ids []services.ID) ([]services.Answer, error)
	// Proof looks up a single absent service: it is found, unknown or not
	// visible.
	Proof(ctx context.Context, id services.ID) (services.Answer, error)
}

// ServiceBatch is how many ids one call may look up
// (connectors/ers/CONTRACT.md "Asking for many").
const ServiceBatch = 20

// ServiceSession works runs of the e-Referral Service. Answers of e-RS are
// stored as they arrive, before planning starts. Methods that concern a plan
// are called between BeginPlan and Seal.
type ServiceSession interface {
	Session
	// BeginPull continues where the run stopped. Pulled returns how many
	// services were looked up so far, how many of them could not be read, and
	// how many there are.
	BeginPull(ctx context.Context, run runs.Run) error
	Pulled() (asked, rejected, total int)
	Entries(ctx context.Context) iter.Seq2[[]services.Entry, error]
	Keep(ctx context.Context, sightings []services.Sighting, rejected []services.Answer, asked int, last services.Entry) error
	// Items returns the services about which the run learned something new, and
	// those that differ from the profiles they belong to.
	Items(ctx context.Context) iter.Seq2[[]services.Item, error]
	Record(ctx context.Context, items []services.Item, changes []services.Change, ended []services.Waiting) error
	// Losses counts the services that each site would lose, and those that all
	// sites have. Withhold holds back what the given sites would lose and what
	// was undone before, and counts both.
	Losses(ctx context.Context) (losses []services.SiteLosses, all int, err error)
	Withhold(ctx context.Context, sites []services.SiteLosses) ([]services.WithheldCount, error)
	// What an approval or an undo needs:
	Approved(ctx context.Context) iter.Seq2[[]services.Change, error]
	Applied(ctx context.Context) iter.Seq2[[]services.Change, error]
	ItemsOf(ctx context.Context, ids []services.ID) ([]services.Item, error)
	Rows(ctx context.Context, ids []services.ID) (services.Rows, map[services.ID]services.State, error)
	// RecordDecision stores what will be applied and what is left out.
	RecordDecision(ctx context.Context, apply, left []services.Change) error
}

// servicePlanner plans one run of the e-Referral Service.
type servicePlanner struct {
	Services
	progress func(ctx context.Context, run runs.ID, stage string, done, total int)
	session  ServiceSession
	run      runs.Run
	source   ServiceSource
}

func (*servicePlanner) types() ([]profile.OrgType, error) { return nil, nil }

func (*servicePlanner) close() {}

func (p *servicePlanner) describe(summary *runs.Summary) runs.Stamp {
	summary.Records, summary.Rejected, _ = p.session.Pulled()
	if summary.Records == 0 && p.run.Kind == runs.RunListing {
		summary.Note = "the register of services is empty: import the EBSX05 extract, or add services"
	}
	return runs.Stamp{}
}

// compare plans what was looked up, page by page.
func (p *servicePlanner) compare(ctx context.Context) error {
	done := 0
	for items, err := range p.session.Items(ctx) {
		if err == nil {
			changes, ended := services.Plan(p.run.AsOf, items)
			err = p.session.Record(ctx, items, changes, ended)
		}
		if err != nil {
			return err
		}
		done += len(items)
		p.progress(ctx, p.run.ID, "comparing", done, 0)
	}
	return nil
}

func (p *servicePlanner) guard(ctx context.Context) ([]runs.Withheld, error) {
	losses, all, err := p.session.Losses(ctx)
	if err != nil {
		return nil, err
	}
	withheld, err := p.session.Withhold(ctx, p.Guard.Judge(losses, all))
	return services.Summarise(withheld, losses, all), err
}

// batchAnswer is a batch with the answers of e-RS.
type batchAnswer struct {
	entries []services.Entry
	answers []services.Answer
	err     error
}

// pull looks up the register from where the run stopped. Several batches are
// requested concurrently, but stored in order, so that a killed run knows where
// to continue. Nothing is in flight when pull returns.
func (p *servicePlanner) pull(ctx context.Context) (err error) {
	if err := p.session.BeginPull(ctx, p.run); err != nil {
		return err
	}
	if p.source, err = p.Open(); err != nil {
		return queue.Unreached(err)
	}
	var requests sync.WaitGroup
	defer requests.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var inFlight []chan batchAnswer
	storeUntil := func(most int) error {
		for len(inFlight) > most {
			if err := p.keep(ctx, <-inFlight[0]); err != nil {
				return err
			}
			inFlight = inFlight[1:]
		}
		return nil
	}
	for entries, err := range p.session.Entries(ctx) {
		if err != nil {
			return err
		}
		for batch := range batches(entries) {
			if err := storeUntil(max(p.Ahead, 1) - 1); err != nil {
				return err
			}
			inFlight = append(inFlight, p.request(ctx, &requests, batch))
		}
	}
	return storeUntil(0)
}

// batches splits entries into batches of at most ServiceBatch services that
// were last seen with the same credential, which is tried first.
func batches(entries []services.Entry) iter.Seq[[]services.Entry] {
	return func(yield func([]services.Entry) bool) {
		for len(entries) > 0 {
			n := slices.IndexFunc(entries, func(e services.Entry) bool { return e.Credential != entries[0].Credential })
			if n < 0 || n > ServiceBatch {
				n = min(len(entries), ServiceBatch)
			}
			if !yield(entries[:n]) {
				return
			}
			entries = entries[n:]
		}
	}
}

// request requests one batch in the background, as one of the requests.
func (p *servicePlanner) request(ctx context.Context, requests *sync.WaitGroup, entries []services.Entry) chan batchAnswer {
	back := make(chan batchAnswer, 1)
	ids := make([]services.ID, len(entries))
	for n, e := range entries {
		ids[n] = e.ID
	}
	requests.Go(func() {
		answers, err := p.source.Batch(ctx, entries[0].Credential, ids)
		if err == nil {
			err = p.confirmAbsences(ctx, entries, answers)
		}
		back <- batchAnswer{entries, answers, err}
	})
	return back
}

// confirmAbsences looks up again what has been absent since an earlier day.
func (p *servicePlanner) confirmAbsences(ctx context.Context, entries []services.Entry, answers []services.Answer) error {
	needs := make(map[services.ID]bool)
	for _, e := range entries {
		needs[e.ID] = e.NeedsProof(p.run.AsOf)
	}
	for n, answer := range answers {
		if answer.Outcome != services.OutcomeAbsent || !needs[answer.ID] {
			continue
		}
		proof, err := p.source.Proof(ctx, answer.ID)
		if err != nil {
			return err
		}
		answers[n] = proof
	}
	return nil
}

// allowedUnreadable is how many unreadable services a pull may always have.
const allowedUnreadable = 10

// keep stores what is new in a batch. Ids without an answer are an error:
// absence must be stated by e-RS, never inferred.
func (p *servicePlanner) keep(ctx context.Context, batch batchAnswer) error {
	if batch.err != nil {
		return queue.Unreached(batch.err)
	}
	answers := make(map[services.ID]services.Answer, len(batch.answers))
	for _, answer := range batch.answers {
		answers[answer.ID] = answer
	}
	var sightings []services.Sighting
	var rejected []services.Answer
	for _, e := range batch.entries {
		answer, ok := answers[e.ID]
		if !ok {
			return fmt.Errorf("e-RS was asked for service %s but its answer does not mention it", e.ID)
		}
		if answer.Outcome == services.OutcomeUnreadable {
			rejected = append(rejected, answer)
		}
		if sighting, isNew := e.Sighting(answer, p.run.AsOf); isNew {
			sightings = append(sightings, sighting)
		}
	}
	if err := p.session.Keep(ctx, sightings, rejected, len(batch.entries), batch.entries[len(batch.entries)-1]); err != nil {
		return err
	}
	asked, bad, total := p.session.Pulled()
	p.progress(ctx, p.run.ID, "asking e-RS", asked, total)
	if bad > allowedUnreadable && bad*100 > total {
		return &profile.RefusedError{Name: p.run.Report, Why: fmt.Sprintf(
			"%d of %d services cannot be read, more than 1 %%; see `profilesync quarantine`", bad, asked)}
	}
	return nil
}
