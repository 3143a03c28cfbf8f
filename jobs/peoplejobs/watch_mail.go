package peoplejobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/people"
)

// WatchMail asks the mail service what happened to accepted letters: its own
// callback may come late or never.
type WatchMail struct{}

// Kind names the job.
func (WatchMail) Kind() string { return "watch_mail" }

// InsertOpts allows one queued job at a time.
func (WatchMail) InsertOpts() river.InsertOpts { return peopleOpts() }

// MailStatus is a mail service that reports the status of letters.
type MailStatus interface {
	Status(ctx context.Context, id string) (mailed people.Acceptance, found bool, err error)
}

// MailWatch checks accepted letters.
type MailWatch struct {
	Service MailStatus
	Store   statusStore
}

type statusStore interface {
	OpenLetters(ctx context.Context, every, within time.Duration, most int) ([]people.LetterInTransit, error)
	RecordLookup(ctx context.Context, id int64) error
	RecordStatus(ctx context.Context, m people.Acceptance) error
}

const (
	// recheckAfter is how long a letter is left alone after it was checked.
	recheckAfter = 30 * time.Minute
	// letterRetention is how long the mail service keeps letters
	// (connectors/notify/CONTRACT.md "Looking up").
	letterRetention = 7 * 24 * time.Hour
	// checkedAtOnce is how many letters one check covers.
	checkedAtOnce = 1000
)

// Check checks the letters that were checked longest ago.
func (w *MailWatch) Check(ctx context.Context) error {
	open, err := w.Store.OpenLetters(ctx, recheckAfter, letterRetention, checkedAtOnce)
	if err != nil {
		return err
	}
	failures := 0
	for _, letter := range open {
		mailed, found, err := w.Service.Status(ctx, letter.ProviderID)
		if err != nil { // the next check asks again
			if failures++; failures == maxFailures {
				return err
			}
			continue
		}
		failures = 0
		if found {
			if err := w.Store.RecordStatus(ctx, mailed); err != nil {
				return err
			}
		}
		if err := w.Store.RecordLookup(ctx, letter.ID); err != nil {
			return err
		}
	}
	return nil
}

type watchMailWorker struct {
	river.WorkerDefaults[WatchMail]
	watch *MailWatch
}

func (*watchMailWorker) Timeout(*river.Job[WatchMail]) time.Duration { return 30 * time.Minute }

func (w *watchMailWorker) Work(ctx context.Context, _ *river.Job[WatchMail]) error {
	if err := w.watch.Check(ctx); err != nil {
		return fmt.Errorf("checking accepted letters: %w", err)
	}
	return nil
}
