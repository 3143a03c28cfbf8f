package year_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// errKilled is the error of every call by a dead process.
var errKilled = errors.New("the process is dead")

// process is one process of the daemon. After a given number of calls it dies:
// the last call has its effect, has none, or is cut off in the middle, and
// every later call fails.
type process struct {
	mu    sync.Mutex
	calls int // calls left; negative if it is not to be killed
	dead  bool
	how   int    // 0: before the effect, 1: in the middle, 2: after it
	cut   func() // terminates its connections
}

func (p *process) step() (fire bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false, errKilled
	}
	p.calls--
	p.dead = p.calls == 0
	return p.dead, nil
}

// callErr makes a call of the process.
func callErr(p *process, call func() error) error {
	last, err := p.step()
	switch {
	case err != nil:
		return err
	case !last:
		return call()
	}
	switch p.how {
	case 1:
		done := make(chan struct{})
		go func() { defer close(done); p.cut() }()
		_ = call()
		<-done
	case 2:
		_ = call()
	}
	p.cut()
	return errKilled
}

func call[T any](p *process, call func() (T, error)) (result T, err error) {
	err = callErr(p, func() (err error) {
		result, err = call()
		return err
	})
	return result, err
}

// mortalStore is the store of a process that may die at each call.
type mortalStore struct {
	p     *process
	store *peoplestore.Store
	// between is called after accounts were judged and before they end.
	between func(ends []people.Ending)
}

func (m mortalStore) People(ctx context.Context, f people.Filter, today profile.Date) iter.Seq2[[]people.Person, error] {
	return func(yield func([]people.Person, error) bool) {
		for people, err := range m.store.People(ctx, f, today) {
			if err == nil {
				err = callErr(m.p, func() error { return nil })
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(people, nil) {
				return
			}
		}
	}
}

func (m mortalStore) OrgsOfICB(ctx context.Context, icb profile.ODSCode, types []profile.OrgType, today profile.Date) (
	[]people.CheckedOrg, error,
) {
	return call(m.p, func() ([]people.CheckedOrg, error) { return m.store.OrgsOfICB(ctx, icb, types, today) })
}

func (m mortalStore) NewLetters(ctx context.Context, letters []people.DueLetter) ([]people.DueLetter, error) {
	return call(m.p, func() ([]people.DueLetter, error) { return m.store.NewLetters(ctx, letters) })
}

func (m mortalStore) AddLetters(ctx context.Context, letters []people.DueLetter) (int, error) {
	return call(m.p, func() (int, error) { return m.store.AddLetters(ctx, letters) })
}

func (m mortalStore) Accounts(ctx context.Context) (int, error) {
	return call(m.p, func() (int, error) { return m.store.Accounts(ctx) })
}

func (m mortalStore) EndClosed(ctx context.Context, actor string, today profile.Date) (int, error) {
	return call(m.p, func() (int, error) { return m.store.EndClosed(ctx, actor, today) })
}

func (m mortalStore) EndAccounts(ctx context.Context, ends []people.Ending, withheld bool, accounts int, actor string,
	today profile.Date,
) (people.IdleRun, error) {
	m.between(ends)
	return call(m.p, func() (people.IdleRun, error) {
		return m.store.EndAccounts(ctx, ends, withheld, accounts, actor, today)
	})
}

func (m mortalStore) KeepIdle(ctx context.Context, kept []people.IdleVerdict) error {
	return callErr(m.p, func() error { return m.store.KeepIdle(ctx, kept) })
}

func (m mortalStore) OpenLetters(ctx context.Context, every, within time.Duration, most int) ([]people.LetterInTransit, error) {
	return call(m.p, func() ([]people.LetterInTransit, error) { return m.store.OpenLetters(ctx, every, within, most) })
}

func (m mortalStore) RecordLookup(ctx context.Context, id int64) error {
	return callErr(m.p, func() error { return m.store.RecordLookup(ctx, id) })
}

func (m mortalStore) RecordStatus(ctx context.Context, mailed people.Acceptance) error {
	return callErr(m.p, func() error { return m.store.RecordStatus(ctx, mailed) })
}

func (m mortalStore) Holidays(ctx context.Context) (days, vanished []people.Holiday, err error) {
	err = callErr(m.p, func() (err error) {
		days, vanished, err = m.store.Holidays(ctx)
		return err
	})
	return days, vanished, err
}

// mortalBox is the outbox of such a process.
type mortalBox struct {
	p   *process
	box peoplejobs.Outbox
}

func (m mortalBox) Close() { m.box.Close() } // the connection of a dead process is gone already

func (m mortalBox) Gate(ctx context.Context) (open bool, reason string, err error) {
	err = callErr(m.p, func() (err error) {
		open, reason, err = m.box.Gate(ctx)
		return err
	})
	return open, reason, err
}

func (m mortalBox) Pause(ctx context.Context, wait time.Duration, reason string) error {
	return callErr(m.p, func() error { return m.box.Pause(ctx, wait, reason) })
}

func (m mortalBox) Canaries(ctx context.Context, pause time.Duration) ([]people.Canary, error) {
	return call(m.p, func() ([]people.Canary, error) { return m.box.Canaries(ctx, pause) })
}

func (m mortalBox) Begin(ctx context.Context, letter people.DueLetter) (bool, error) {
	return call(m.p, func() (bool, error) { return m.box.Begin(ctx, letter) })
}

func (m mortalBox) Stale(ctx context.Context, lookupAfter time.Duration) (letters []people.DueLetter, waiting bool, err error) {
	err = callErr(m.p, func() (err error) {
		letters, waiting, err = m.box.Stale(ctx, lookupAfter)
		return err
	})
	return letters, waiting, err
}

func (m mortalBox) Claim(ctx context.Context, most, perDay int, blocked []people.LetterKind, today profile.Date) (
	[]people.DueLetter, error,
) {
	return call(m.p, func() ([]people.DueLetter, error) { return m.box.Claim(ctx, most, perDay, blocked, today) })
}

func (m mortalBox) RecordOutcome(ctx context.Context, s people.LetterOutcome) error {
	return callErr(m.p, func() error { return m.box.RecordOutcome(ctx, s) })
}

func (m mortalBox) Waiting(ctx context.Context) (letters int, next time.Time, err error) {
	err = callErr(m.p, func() (err error) {
		letters, next, err = m.box.Waiting(ctx)
		return err
	})
	return letters, next, err
}

// mortalMailer is the mail client of such a process.
type mortalMailer struct {
	p      *process
	client *notify.Client
}

func (mortalMailer) Lookup() bool { return true }

func (m mortalMailer) Send(ctx context.Context, l people.Letter) (people.Acceptance, error) {
	return call(m.p, func() (people.Acceptance, error) { return m.client.Send(ctx, l) })
}

func (m mortalMailer) Find(ctx context.Context, reference string) (mailed people.Acceptance, found bool, err error) {
	err = callErr(m.p, func() (err error) {
		mailed, found, err = m.client.Find(ctx, reference)
		return err
	})
	return mailed, found, err
}

func (m mortalMailer) Status(ctx context.Context, id string) (mailed people.Acceptance, found bool, err error) {
	err = callErr(m.p, func() (err error) {
		mailed, found, err = m.client.Status(ctx, id)
		return err
	})
	return mailed, found, err
}

// brokenBox is an outbox whose claims are broken on purpose: what was claimed
// is sent again without looking it up at the mail service.
type brokenBox struct {
	peoplejobs.Outbox

	release func()
}

func (f brokenBox) Stale(context.Context, time.Duration) (letters []people.DueLetter, waiting bool, err error) {
	f.release()
	return nil, false, nil
}
