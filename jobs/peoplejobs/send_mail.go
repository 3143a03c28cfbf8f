package peoplejobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// SendMail sends due letters until none is left that may be sent. Letters that
// another kind of job made due get a SendMail job of their own, because one
// that is running may have missed them.
type SendMail struct {
	After string `json:"after" river:"unique"` // the kind of job that made letters due, or schedule
}

// Kind names the job.
func (SendMail) Kind() string { return "send_mail" }

// InsertOpts allows one queued job per value of After.
func (SendMail) InsertOpts() river.InsertOpts {
	opts := peopleOpts()
	opts.Queue = queue.Mail
	return opts
}

// sendSoon queues a job that sends what another job just made due.
func sendSoon(ctx context.Context, after river.JobArgs) error {
	if _, err := river.ClientFromContext[pgx.Tx](ctx).Insert(ctx, SendMail{After: after.Kind()}, nil); err != nil {
		return fmt.Errorf("queueing letters: %w", err)
	}
	return nil
}

// Mailer is a mail service. Errors are *people.MailError.
type Mailer interface {
	Send(ctx context.Context, l people.Letter) (people.Acceptance, error)
	// Find looks a letter up by the reference it was sent with.
	Find(ctx context.Context, reference string) (mailed people.Acceptance, found bool, err error)
	// Lookup reports whether the service supports Find.
	Lookup() bool
}

// Outbox is the stored letters, held by one process at a time.
type Outbox interface {
	Gate(ctx context.Context) (open bool, reason string, err error)
	Pause(ctx context.Context, wait time.Duration, reason string) error
	Canaries(ctx context.Context, pause time.Duration) ([]people.Canary, error)
	Stale(ctx context.Context, lookupAfter time.Duration) (letters []people.DueLetter, waiting bool, err error)
	Claim(ctx context.Context, most, perDay int, blocked []people.LetterKind, today profile.Date) ([]people.DueLetter, error)
	// Begin records that a claimed letter may have been sent from now on. It
	// reports false, and records nothing, while sending is paused.
	Begin(ctx context.Context, due people.DueLetter) (open bool, err error)
	// RecordOutcome records the outcome of a claimed letter, and counts it if it was
	// sent. It records nothing if the letter has been claimed again since.
	RecordOutcome(ctx context.Context, s people.LetterOutcome) error
	Waiting(ctx context.Context) (letters int, next time.Time, err error)
	Close()
}

// MailSender sends letters.
type MailSender struct {
	Open        func(ctx context.Context) (Outbox, error)
	Busy        error // returned by Open while another process is sending
	Mailer      Mailer
	Composer    func(ctx context.Context) (people.Composer, error)
	CaseLines   func(ctx context.Context, reference string) ([]string, error) // of a letter about cases: what still holds
	Workers     int                                                           // letters sent concurrently
	PerDay      int                                                           // letters per person per day
	CanaryPause time.Duration                                                 // pause after the first letters of a new text
	LookupAfter time.Duration                                                 // how long until the mail service can look up what it was sent
	Turn        func(ctx context.Context) error                               // rate limit: blocks until a letter may be sent
	Observe     func(kind people.LetterKind, state people.LetterState)

	// unsent are letters that the store may have recorded as begun although
	// this process did not send them. Deliveries do not overlap.
	unsent []people.DueLetter
}

// claimSize is how many letters are claimed at a time: after a kill, that many
// have to be looked up, although few of them were being sent.
const claimSize = 40

// Deliver sends the letters that may be sent, and returns how many were
// accepted and how many still wait.
func (p *MailSender) Deliver(ctx context.Context) (sent, waiting int, err error) {
	box, err := p.Open(ctx)
	if err != nil {
		if errors.Is(err, p.Busy) {
			return 0, 1, nil
		}
		return 0, 0, err
	}
	defer box.Close()
	round := &sendRound{MailSender: p, box: box}
	if err := round.releaseUnsent(ctx); err != nil {
		return 0, 0, err
	}
	more, err := round.resolveStale(ctx)
	for err == nil && more {
		more, err = round.sendClaim(ctx)
	}
	if err != nil {
		return round.sent, 0, err
	}
	waiting, _, err = box.Waiting(ctx)
	if round.unresolved {
		waiting++
	}
	return round.sent, waiting, err
}

// sendRound is one delivery. The outbox is a single connection: its calls are
// serialised by mu.
type sendRound struct {
	*MailSender

	box        Outbox
	composer   people.Composer
	gate       *canaries
	sent       int
	unresolved bool // letters of an earlier process may still be in transit

	mu      sync.Mutex
	stopped bool // the gate closed, or the mail service is not accepting letters
}

// releaseUnsent makes due again the letters whose begin could not be recorded
// because the connection was lost.
func (r *sendRound) releaseUnsent(ctx context.Context) error {
	for len(r.unsent) > 0 {
		if err := r.box.RecordOutcome(ctx, r.unsent[0].Released()); err != nil {
			return err
		}
		r.unsent = r.unsent[1:]
	}
	return nil
}

// resolveStale looks up, at the mail service, letters that a process left in the
// middle of sending. If their outcome cannot be found out, they are never sent
// again.
func (r *sendRound) resolveStale(ctx context.Context) (goOn bool, err error) {
	letters, waiting, err := r.box.Stale(ctx, r.LookupAfter)
	if err != nil {
		return false, err
	}
	r.unresolved = waiting
	for failures := 0; len(letters) > 0; letters = letters[1:] {
		outcome, err := r.lookUp(ctx, letters[0])
		if err != nil { // it stays claimed; go on with the others
			r.unresolved = true
			failures++
			if err := r.pauseFor(ctx, err); err != nil || r.stopped || failures == maxFailures {
				return false, err
			}
			continue
		}
		failures = 0
		if err := r.recordOutcome(ctx, letters[0], outcome); err != nil {
			return false, err
		}
	}
	return true, nil
}

const (
	// maxFailures is how many lookups in a row may fail before the mail service
	// is left alone for a while.
	maxFailures = 5
	// lookupReliableFor is the age up to which a letter that is not found was certainly
	// not accepted: a day less than the mail service keeps letters.
	lookupReliableFor = letterRetention - 24*time.Hour
)

// lookUp asks the mail service about a letter that an earlier process was
// sending.
func (r *sendRound) lookUp(ctx context.Context, due people.DueLetter) (people.LetterOutcome, error) {
	unclear := due.Outcome(people.LetterIsUnclear)
	unclear.Reason = "the process that sent it ended"
	if !r.Mailer.Lookup() {
		return unclear, nil
	}
	mailed, found, err := r.Mailer.Find(ctx, due.AttemptReference())
	switch {
	case err != nil:
		return unclear, err
	case found:
		return acceptedOutcome(due, mailed, profile.Date{}), nil
	case due.Age > lookupReliableFor:
		return unclear, nil
	default:
		return due.Released(), nil
	}
}

func acceptedOutcome(due people.DueLetter, mailed people.Acceptance, ends profile.Date) people.LetterOutcome {
	outcome := due.Outcome(people.LetterState(mailed.State))
	outcome.Acceptance, outcome.Ends = mailed, ends
	switch mailed.State {
	case people.MailSending:
		outcome.State = people.LetterIsAccepted
	case people.MailDead:
		outcome.DeadAddressOf = due.Account
	}
	return outcome
}

// sendClaim claims and sends one batch of letters. It returns false if none may
// be sent.
func (r *sendRound) sendClaim(ctx context.Context) (more bool, err error) {
	open, _, err := r.box.Gate(ctx)
	if err != nil || !open || r.stopped {
		return false, err
	}
	known, err := r.box.Canaries(ctx, r.CanaryPause)
	if err != nil {
		return false, err
	}
	r.gate = newCanaries(known)
	if r.composer, err = r.Composer(ctx); err != nil { // a delivery may run past midnight
		return false, err
	}
	letters, err := r.box.Claim(ctx, claimSize, r.PerDay, r.gate.blocked(), r.composer.Today)
	if err != nil || len(letters) == 0 {
		return false, err
	}
	work := make(chan people.DueLetter)
	errs := make(chan error, r.Workers)
	for range r.Workers {
		go func() {
			var err error
			for due := range work {
				err = errors.Join(err, r.sendOne(ctx, due))
			}
			errs <- err
		}()
	}
	for _, due := range letters {
		work <- due
	}
	close(work)
	for range r.Workers {
		err = errors.Join(err, <-errs)
	}
	return true, err
}

// sendOne sends one letter if its content still applies and it may be sent.
// Once begun, it is finished even if the daemon stops.
func (r *sendRound) sendOne(ctx context.Context, due people.DueLetter) error {
	ctx = context.WithoutCancel(ctx)
	if due.Kind.AboutCases() {
		var err error
		if due.Lines, err = r.CaseLines(ctx, due.Reference); err != nil {
			return errors.Join(err, r.recordOutcome(ctx, due, due.Released()))
		}
	}
	letter, ends, skip := r.composer.Compose(due)
	if skip != "" {
		cancelled := due.Outcome(people.LetterIsCancelled)
		cancelled.Reason = skip
		return r.recordOutcome(ctx, due, cancelled)
	}
	if err := r.Turn(ctx); err != nil {
		return errors.Join(err, r.recordOutcome(ctx, due, due.Released()))
	}
	may, err := r.begin(ctx, due)
	if err != nil {
		return err
	}
	if !may {
		return r.recordOutcome(ctx, due, due.Released())
	}
	mailed, err := r.Mailer.Send(ctx, letter)
	r.gate.record(due.Kind, mailed.Version, err == nil)
	if err != nil {
		return r.failed(ctx, due, err)
	}
	if err := r.recordOutcome(ctx, due, acceptedOutcome(due, mailed, ends)); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent++
	return nil
}

// begin lets only a few letters of a new text out, and reads the kill switch
// for each letter. If it returns true, the letter is recorded as begun.
func (r *sendRound) begin(ctx context.Context, due people.DueLetter) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || !r.gate.admit(due.Kind) {
		return false, nil
	}
	open, err := r.box.Begin(ctx, due)
	if err != nil {
		r.unsent = append(r.unsent, due)
	}
	if err != nil || !open {
		r.stopped = true
		r.gate.record(due.Kind, 0, false)
	}
	return open, err
}

func (r *sendRound) recordOutcome(ctx context.Context, due people.DueLetter, s people.LetterOutcome) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Observe(due.Kind, s.State)
	return r.box.RecordOutcome(ctx, s)
}

type sendMailWorker struct {
	river.WorkerDefaults[SendMail]
	sender *MailSender
}

func (*sendMailWorker) Timeout(*river.Job[SendMail]) time.Duration { return 2 * time.Hour }

// snoozeWhileWaiting is how long a job that left letters behind is snoozed.
const snoozeWhileWaiting = time.Minute

func (w *sendMailWorker) Work(ctx context.Context, _ *river.Job[SendMail]) error {
	_, waiting, err := w.sender.Deliver(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("sending letters: %w", err)
	case waiting > 0:
		return river.JobSnooze(snoozeWhileWaiting)
	default:
		return nil
	}
}
