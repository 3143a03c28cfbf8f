package peoplejobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/people"
)

// WatchMail asks the mail service how accepted letters fared: its own word may
// come late or never.
type WatchMail struct{}

// Kind names the job.
func (WatchMail) Kind() string { return "watch_mail" }

// InsertOpts lets one be queued at a time.
func (WatchMail) InsertOpts() river.InsertOpts { return peopleOpts() }

// MailStatus is a mail service that tells how letters fare.
type MailStatus interface {
	Status(ctx context.Context, id string) (mailed people.Acceptance, found bool, err error)
}

// MailWatch looks at accepted letters.
type MailWatch struct {
	Service MailStatus
	Store   fateStore
}

type fateStore interface {
	OpenLetters(ctx context.Context, every, within time.Duration, most int) ([]people.LetterInTransit, error)
	LookedAt(ctx context.Context, id int64) error
	Fate(ctx context.Context, m people.Acceptance) error
}

const (
	// askedEvery is how long a letter is left alone after a look at it.
	askedEvery = 30 * time.Minute
	// noticed is how long the mail service knows a letter
	// (connectors/notify/CONTRACT.md "Looking up").
	noticed = 7 * 24 * time.Hour
	// watched is how many letters one look asks for.
	watched = 1000
)

// Check asks for the letters that were left alone longest.
func (w *MailWatch) Check(ctx context.Context) error {
	open, err := w.Store.OpenLetters(ctx, askedEvery, noticed, watched)
	if err != nil {
		return err
	}
	failures := 0
	for _, letter := range open {
		mailed, found, err := w.Service.Status(ctx, letter.ProviderID)
		if err != nil { // the next look asks again
			if failures++; failures == maxFailures {
				return err
			}
			continue
		}
		failures = 0
		if found {
			if err := w.Store.Fate(ctx, mailed); err != nil {
				return err
			}
		}
		if err := w.Store.LookedAt(ctx, letter.ID); err != nil {
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
		return fmt.Errorf("asking how letters fared: %w", err)
	}
	return nil
}
