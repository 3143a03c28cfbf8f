package queue

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrReplaced says that this process was silent for so long that it was taken for
// gone: what it worked on was given to others, and the database refuses it.
var ErrReplaced = errors.New("taken for gone: its work was given to other processes")

// Announcement tells other programs that this process lives.
type Announcement interface {
	// ID is the number of the process.
	ID() int64
	// Renew says so again. ErrReplaced ends all; any other error means that the
	// announcement is lost and must be made anew.
	Renew(ctx context.Context) error
	// Stop says that nothing is worked any more.
	Stop(ctx context.Context) error
	// Close ends the announcement without a word.
	Close(ctx context.Context) error
}

// Announcer keeps this process announced, through lost connections and restarts
// of the database.
type Announcer struct {
	// Announce announces the process; earlier is the announcement that was lost, or
	// nil.
	Announce func(ctx context.Context, earlier Announcement) (Announcement, error)
	// Answered is told of each word from the database, Lost of each that did not
	// come.
	Answered func()
	Lost     func(error)

	current Announcement // nil while there is none
	earlier Announcement

	mutex sync.Mutex
	since time.Time // when it was made; zero while there is none
	heard time.Time // when the database heard of it last
}

// Standing is for how long the process has been announced without a break: 0
// where it was silent itself, even if it does not know yet.
func (a *Announcer) Standing() time.Duration {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.since.IsZero() || time.Since(a.heard) > renewWithin {
		return 0
	}
	return time.Since(a.since)
}

// markAnnounced notes a word from the database; anew where the one before is long ago.
func (a *Announcer) markAnnounced() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	now := time.Now()
	if a.since.IsZero() || now.Sub(a.heard) > renewWithin {
		a.since = now
	}
	a.heard = now
}

func (a *Announcer) markLost() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.since = time.Time{}
}

const (
	// renewEvery is how often a process says that it lives. Others take it for gone
	// when its session has ended and it has said nothing for some seconds.
	renewEvery = time.Second
	// renewWithin is how long the database may take to hear it.
	renewWithin = 3 * time.Second
)

// Begin announces the process and returns its number.
func (a *Announcer) Begin(ctx context.Context) (id int64, err error) {
	if err := a.announce(ctx); err != nil {
		return 0, err
	}
	return a.current.ID(), nil
}

func (a *Announcer) announce(ctx context.Context) (err error) {
	a.current, err = a.Announce(ctx, a.earlier)
	if err != nil {
		a.current = nil // not an interface that holds nil
		return err
	}
	a.markAnnounced()
	return nil
}

// Run keeps the process announced until the context ends, or returns ErrReplaced.
func (a *Announcer) Run(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		switch err := a.renew(ctx); {
		case err == nil:
			a.Answered()
		case errors.Is(err, ErrReplaced):
			return err
		case ctx.Err() == nil:
			a.Lost(err)
		}
	}
}

func (a *Announcer) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	if a.current == nil {
		return a.announce(ctx)
	}
	err := a.current.Renew(ctx)
	if err == nil {
		a.markAnnounced()
	}
	if err != nil && !errors.Is(err, ErrReplaced) {
		a.markLost()
		_ = a.current.Close(ctx) // it is broken
		a.earlier, a.current = a.current, nil
	}
	return err
}

// End ends the announcement. When the work was brought to its end, others need
// not wait to see that the process is gone.
func (a *Announcer) End(ctx context.Context, worked bool) {
	if a.current == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewWithin)
	defer cancel()
	end := a.current.Close
	if worked {
		end = a.current.Stop
	}
	_ = end(ctx) // else its silence says the same
	a.current = nil
}
