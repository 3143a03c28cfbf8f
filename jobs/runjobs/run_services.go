package runjobs

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Services works runs of the e-Referral Service: every id of the register is
// asked for, what differs is kept, and compared with the profiles.
type Services struct {
	Open  func() (ServiceSource, error)
	Guard services.Guard
	Ahead int // batches that may be asked for at a time, so that the rate limit is the only bound
}

// ServiceSource is e-RS.
type ServiceSource interface {
	// Batch asks for at most ServiceBatch ids; each is answered.
	Batch(ctx context.Context, credential string, ids []services.ID) ([]services.Answer, error)
	// Proof asks for one service that is absent: found, unknown or not visible.
	Proof(ctx context.Context, id services.ID) (services.Answer, error)
}

// ServiceBatch is how many ids one call may ask for
// (connectors/ers/CONTRACT.md "Asking for many").
const ServiceBatch = 20

// ServiceSession works runs of the e-Referral Service. What e-RS answers is kept
// as it comes, before a plan begins; what concerns a plan is said between
// BeginPlan and Seal.
type ServiceSession interface {
	Session
	// BeginPull goes on where the run stands. Pulled is how many services were
	// asked for so far, how many of them could not be read, and how many there are.
	BeginPull(ctx context.Context, run runs.Run) error
	Pulled() (asked, rejected, total int)
	Entries(ctx context.Context) iter.Seq2[[]services.Entry, error]
	Keep(ctx context.Context, looks []services.Sighting, rejected []services.Answer, asked int, last services.Entry) error
	// Items are the services of which the run knows something new, and those that
	// differ from the profiles they are at.
	Items(ctx context.Context) iter.Seq2[[]services.Item, error]
	Record(ctx context.Context, items []services.Item, changes []services.Change) error
	// Losses counts what sites would lose, and the services that all sites show.
	// Withhold holds back what these sites would lose and what was undone once, and
	// counts it.
	Losses(ctx context.Context) (losses []services.SiteLosses, all int, err error)
	Withhold(ctx context.Context, sites []services.SiteLosses) ([]services.WithheldCount, error)
	serviceDecisions
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

// compare plans what was asked for, page by page.
func (p *servicePlanner) compare(ctx context.Context) error {
	done := 0
	for items, err := range p.session.Items(ctx) {
		if err == nil {
			err = p.session.Record(ctx, items, services.Plan(p.run.AsOf, items))
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

// batchAnswer is a batch with what e-RS says of it.
type batchAnswer struct {
	entries []services.Entry
	answers []services.Answer
	err     error
}

// pull asks for the register from where the run stands. Several batches are on
// their way at a time; they are kept in order, so that a killed run knows where
// it stands.
func (p *servicePlanner) pull(ctx context.Context) (err error) {
	if err := p.session.BeginPull(ctx, p.run); err != nil {
		return err
	}
	if p.source, err = p.Open(); err != nil {
		return queue.Unreached(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var flying []chan batchAnswer
	land := func(most int) error {
		for len(flying) > most {
			if err := p.keep(ctx, <-flying[0]); err != nil {
				return err
			}
			flying = flying[1:]
		}
		return nil
	}
	for entries, err := range p.session.Entries(ctx) {
		if err != nil {
			return err
		}
		for batch := range batches(entries) {
			if err := land(max(p.Ahead, 1) - 1); err != nil {
				return err
			}
			flying = append(flying, p.ask(ctx, batch))
		}
	}
	return land(0)
}

// batches cut entries where the credential changes, too: it is asked first.
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

// ask sends one batch on its way.
func (p *servicePlanner) ask(ctx context.Context, entries []services.Entry) chan batchAnswer {
	back := make(chan batchAnswer, 1)
	ids := make([]services.ID, len(entries))
	for n, e := range entries {
		ids[n] = e.ID
	}
	go func() {
		answers, err := p.source.Batch(ctx, entries[0].Credential, ids)
		if err == nil {
			err = p.prove(ctx, entries, answers)
		}
		back <- batchAnswer{entries, answers, err}
	}()
	return back
}

// prove asks again for what has been absent since another day.
func (p *servicePlanner) prove(ctx context.Context, entries []services.Entry, answers []services.Answer) error {
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

// fewUnreadable services never make a pull suspicious.
const fewUnreadable = 10

// keep stores what of a batch is news. Ids without an answer are an error:
// absence is said, never concluded.
func (p *servicePlanner) keep(ctx context.Context, batch batchAnswer) error {
	if batch.err != nil {
		return queue.Unreached(batch.err)
	}
	answers := make(map[services.ID]services.Answer, len(batch.answers))
	for _, answer := range batch.answers {
		answers[answer.ID] = answer
	}
	var looks []services.Sighting
	var rejected []services.Answer
	for _, e := range batch.entries {
		answer, ok := answers[e.ID]
		if !ok {
			return fmt.Errorf("e-RS was asked for service %s, and nothing was said of it", e.ID)
		}
		if answer.Outcome == services.OutcomeUnreadable {
			rejected = append(rejected, answer)
		}
		if look, news := e.Sighting(answer, p.run.AsOf); news {
			looks = append(looks, look)
		}
	}
	if err := p.session.Keep(ctx, looks, rejected, len(batch.entries), batch.entries[len(batch.entries)-1]); err != nil {
		return err
	}
	asked, bad, total := p.session.Pulled()
	p.progress(ctx, p.run.ID, "asking e-RS", asked, total)
	if bad > fewUnreadable && bad*100 > total {
		return &profile.RefusedError{Name: p.run.Report, Why: fmt.Sprintf(
			"%d of %d services cannot be read, more than 1 %%; see `profilesync quarantine`", bad, asked)}
	}
	return nil
}
