package queue

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrReplaced means that this process was silent for so long that others
// presumed it dead: its jobs were given to other processes, and the database
// refuses its writes.
var ErrReplaced = errors.New("presumed dead: its work was given to other processes")

// Announcement tells other processes that this one is alive.
type Announcement interface {
	// ID is the number of the process.
	ID() int64
	// Renew repeats it. ErrReplaced is final; any other error means that the
	// announcement is lost and a new one must be made.
	Renew(ctx context.Context) error
	// Stop tells others that this process has stopped working.
	Stop(ctx context.Context) error
	// Close ends the announcement without telling others.
	Close(ctx context.Context) error
}

// Announcer keeps this process announced despite lost connections and restarts
// of the database.
type Announcer struct {
	// Announce announces the process; earlier is the announcement that was lost, or
	// nil.
	Announce func(ctx context.Context, earlier Announcement) (Announcement, error)
	// Answered is called when the database answers, Lost when it does not.
	Answered func()
	Lost     func(error)

	current Announcement // nil while there is none
	earlier Announcement

	mutex          sync.Mutex
	announcedSince time.Time // start of the unbroken announcement; zero while there is none
	confirmedAt    time.Time // when the database last confirmed it
}

// Standing is how long the process has been announced without a break. It is 0
// if the last confirmation is too old, even if no renewal has failed yet.
func (a *Announcer) Standing() time.Duration {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.announcedSince.IsZero() || time.Since(a.confirmedAt) > renewTimeout {
		return 0
	}
	return time.Since(a.announcedSince)
}

// markAnnounced records a confirmation by the database. If the one before is
// too old, the announcement counts from now.
func (a *Announcer) markAnnounced() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	now := time.Now()
	if a.announcedSince.IsZero() || now.Sub(a.confirmedAt) > renewTimeout {
		a.announcedSince = now
	}
	a.confirmedAt = now
}

func (a *Announcer) markLost() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.announcedSince = time.Time{}
}

const (
	// renewEvery is how often a process renews its announcement. Others presume
	// it dead when its session has ended and it has been silent for some
	// seconds.
	renewEvery = time.Second
	// renewTimeout is how long the database may take to confirm it.
	renewTimeout = 3 * time.Second
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
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
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
		_ = a.current.Close(ctx) // its connection is broken
		a.earlier, a.current = a.current, nil
	}
	return err
}

// End ends the announcement. If worked is true, all work was finished, and
// others are told so that they need not wait to find the process gone.
func (a *Announcer) End(ctx context.Context, worked bool) {
	if a.current == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	defer cancel()
	end := a.current.Close
	if worked {
		end = a.current.Stop
	}
	_ = end(ctx) // if it fails, others notice the silence
	a.current = nil
}
