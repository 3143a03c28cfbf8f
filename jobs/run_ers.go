package jobs

import (
	"context"
	"fmt"
	"iter"
	"slices"

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

// serviceSession is what runs of services need of a session.
type serviceSession interface {
	ServiceDraft(ctx context.Context, run runs.Run) (ServiceDraft, error)
	ApplyServices(ctx context.Context, run runs.Run, applied func(codes int)) error
	FinishServices(ctx context.Context, run runs.Run, elapsedMS int64) (runs.Summary, error)
}

// ServiceDraft is a plan of services in the making. What Keep is told stays; the
// plan vanishes unless it is sealed.
type ServiceDraft interface {
	serviceAsker
	servicePlanner
	serviceDecider
	Seal(ctx context.Context, summary runs.Summary) error
	Discard()
}

type serviceAsker interface {
	Pulled() (asked, rejected, total int)
	Entries(ctx context.Context) iter.Seq2[[]services.Entry, error]
	Keep(ctx context.Context, looks []services.Look, rejected []services.Answer, asked int, last services.Entry) error
}

type servicePlanner interface {
	Plan(ctx context.Context) error
	Items(ctx context.Context) iter.Seq2[[]services.Item, error]
	Record(ctx context.Context, items []services.Item, changes []services.Change) error
	Judge(ctx context.Context, guard *services.Guard) (runs.Summary, error)
}

type serviceDecider interface {
	Withheld(ctx context.Context, page func([]services.Change) error) error
	Applied(ctx context.Context, page func([]services.Change) error) error
	ItemsOf(ctx context.Context, ids []services.ID) ([]services.Item, error)
	Rows(ctx context.Context, ids []services.ID) (services.Rows, map[services.ID]services.State, error)
	RecordDecision(ctx context.Context, apply, left []services.Change) error
}

// workServices is work for runs of services.
func (r *Runs) workServices(ctx context.Context, session Session, run runs.Run) (runs.Summary, error) {
	began := r.Now()
	if !run.Planned {
		if err := r.sealServices(ctx, session, run); err != nil {
			return run.Summary, err
		}
	}
	run, err := session.Run(ctx, run.ID)
	if err != nil {
		return run.Summary, err
	}
	applied := 0
	err = session.ApplyServices(ctx, run, func(codes int) {
		applied += codes
		r.Report(ctx, run.ID, "applying", applied, 0)
	})
	if err != nil {
		return run.Summary, err
	}
	return session.FinishServices(ctx, run, r.Now().Sub(began).Milliseconds())
}

func (r *Runs) sealServices(ctx context.Context, session Session, run runs.Run) error {
	draft, err := session.ServiceDraft(ctx, run)
	if err != nil {
		return err
	}
	defer draft.Discard()
	summary, err := r.planServices(ctx, draft, run)
	if err != nil {
		return err
	}
	return draft.Seal(ctx, summary)
}

func (r *Runs) previewServices(ctx context.Context, session Session, run runs.Run) (runs.Summary, error) {
	draft, err := session.ServiceDraft(ctx, run)
	if err != nil {
		return runs.Summary{}, err
	}
	defer draft.Discard()
	return r.planServices(ctx, draft, run)
}

func (r *Runs) planServices(ctx context.Context, draft ServiceDraft, run runs.Run) (runs.Summary, error) {
	switch run.Kind {
	case runs.RunApprove:
		return r.approveServices(ctx, draft, run)
	case runs.RunUndo:
		return r.undoServices(ctx, draft)
	}
	if err := r.askServices(ctx, draft, run); err != nil {
		return runs.Summary{}, err
	}
	if err := draft.Plan(ctx); err != nil {
		return runs.Summary{}, err
	}
	done := 0
	for items, err := range draft.Items(ctx) {
		if err == nil {
			err = draft.Record(ctx, items, services.Plan(run.AsOf, items))
		}
		if err != nil {
			return runs.Summary{}, err
		}
		done += len(items)
		r.Report(ctx, run.ID, "comparing", done, 0)
	}
	summary, err := draft.Judge(ctx, &r.Services.Guard)
	if summary.Records == 0 && len(run.Codes) == 0 {
		summary.Note = "the register of services is empty: import the EBSX05 extract, or add services"
	}
	return summary, err
}

// asking is the pull of one run.
type asking struct {
	*Runs
	source ServiceSource
	draft  ServiceDraft
	run    runs.Run
}

// batchAnswer is a batch with what e-RS says of it.
type batchAnswer struct {
	entries []services.Entry
	answers []services.Answer
	err     error
}

// askServices asks for the register from where the run stands. Several batches
// are on their way at a time; they are kept in order, so that a killed run knows
// where it stands.
func (r *Runs) askServices(ctx context.Context, draft ServiceDraft, run runs.Run) error {
	source, err := r.Services.Open()
	if err != nil {
		return unreached(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := asking{Runs: r, source: source, draft: draft, run: run}
	var flying []chan batchAnswer
	land := func(most int) error {
		for len(flying) > most {
			if err := a.keep(ctx, <-flying[0]); err != nil {
				return err
			}
			flying = flying[1:]
		}
		return nil
	}
	for entries, err := range draft.Entries(ctx) {
		if err != nil {
			return err
		}
		for batch := range batches(entries) {
			if err := land(max(r.Services.Ahead, 1) - 1); err != nil {
				return err
			}
			flying = append(flying, a.ask(ctx, batch))
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
func (a asking) ask(ctx context.Context, entries []services.Entry) chan batchAnswer {
	back := make(chan batchAnswer, 1)
	ids := make([]services.ID, len(entries))
	for n, e := range entries {
		ids[n] = e.ID
	}
	go func() {
		answers, err := a.source.Batch(ctx, entries[0].Credential, ids)
		if err == nil {
			err = a.prove(ctx, entries, answers)
		}
		back <- batchAnswer{entries, answers, err}
	}()
	return back
}

// prove asks again for what has been absent since another day.
func (a asking) prove(ctx context.Context, entries []services.Entry, answers []services.Answer) error {
	needs := make(map[services.ID]bool)
	for _, e := range entries {
		needs[e.ID] = e.NeedsProof(a.run.AsOf)
	}
	for n, answer := range answers {
		if answer.Outcome != services.OutcomeAbsent || !needs[answer.ID] {
			continue
		}
		proof, err := a.source.Proof(ctx, answer.ID)
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
func (a asking) keep(ctx context.Context, batch batchAnswer) error {
	if batch.err != nil {
		return unreached(batch.err)
	}
	answers := make(map[services.ID]services.Answer, len(batch.answers))
	for _, answer := range batch.answers {
		answers[answer.ID] = answer
	}
	var looks []services.Look
	var rejected []services.Answer
	for _, e := range batch.entries {
		answer, ok := answers[e.ID]
		if !ok {
			return fmt.Errorf("e-RS was asked for service %s, and nothing was said of it", e.ID)
		}
		if answer.Outcome == services.OutcomeUnreadable {
			rejected = append(rejected, answer)
		}
		if look, news := e.Look(answer, a.run.AsOf); news {
			looks = append(looks, look)
		}
	}
	if err := a.draft.Keep(ctx, looks, rejected, len(batch.entries), batch.entries[len(batch.entries)-1]); err != nil {
		return err
	}
	asked, bad, total := a.draft.Pulled()
	a.Report(ctx, a.run.ID, "asking e-RS", asked, total)
	if bad > fewUnreadable && bad*100 > total {
		return &profile.RefusedError{Name: a.run.Report, Why: fmt.Sprintf(
			"%d of %d services cannot be read, more than 1 %%; see `profilesync quarantine`", bad, asked)}
	}
	return nil
}

// approveServices plans what the parent withheld, once more, from what the store
// remembers. What would now do something else is left out and named.
func (r *Runs) approveServices(ctx context.Context, draft ServiceDraft, run runs.Run) (runs.Summary, error) {
	if err := draft.Plan(ctx); err != nil {
		return runs.Summary{}, err
	}
	err := draft.Withheld(ctx, func(withheld []services.Change) error {
		items, err := draft.ItemsOf(ctx, servicesOf(withheld))
		if err != nil {
			return err
		}
		apply, left := services.Approve(withheld, services.Plan(run.AsOf, items))
		return draft.RecordDecision(ctx, apply, left)
	})
	if err != nil {
		return runs.Summary{}, err
	}
	return draft.Judge(ctx, nil)
}

// undoServices plans to take back exactly what the parent applied. What was
// edited since is left and named.
func (r *Runs) undoServices(ctx context.Context, draft ServiceDraft) (runs.Summary, error) {
	if err := draft.Plan(ctx); err != nil {
		return runs.Summary{}, err
	}
	err := draft.Applied(ctx, func(applied []services.Change) error {
		rows, states, err := draft.Rows(ctx, servicesOf(applied))
		if err != nil {
			return err
		}
		back, left := services.Undo(applied, rows, states)
		return draft.RecordDecision(ctx, back, left)
	})
	if err != nil {
		return runs.Summary{}, err
	}
	return draft.Judge(ctx, nil)
}

// servicesOf returns the services of changes, each once.
func servicesOf(changes []services.Change) []services.ID {
	ids := make([]services.ID, len(changes))
	for n, c := range changes {
		ids[n] = c.Service
	}
	slices.SortFunc(ids, services.CompareIDs)
	return slices.Compact(ids)
}
