package wiring

import (
	"context"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs/queue"
)

// Announcer keeps the process of a store announced. Commands check whether a
// daemon is announced.
func Announcer(store *Store, daemon bool) *queue.Announcer {
	return &queue.Announcer{
		Announce: func(ctx context.Context, earlier queue.Announcement) (queue.Announcement, error) {
			lost, _ := earlier.(announcement)
			made, err := store.Announce(ctx, daemon, lost.Announcement)
			if err != nil {
				return nil, asReplaced(err)
			}
			return announcement{made}, nil
		},
		Answered: func() {}, Lost: func(error) {},
	}
}

// announcement translates the store's errors into those of the jobs.
type announcement struct{ *postgres.Announcement }

// Renew renews the announcement.
func (a announcement) Renew(ctx context.Context) error { return asReplaced(a.Announcement.Renew(ctx)) }

func asReplaced(err error) error {
	if errors.Is(err, postgres.ErrProcessEnded) {
		return fmt.Errorf("%w: %w", queue.ErrReplaced, err)
	}
	return err
}

// whileAnnounced does work that others take over if this process dies. The work
// gets the number of the process, which stays announced until the program ends:
// a name is used only once.
func (a *App) whileAnnounced(ctx context.Context, work func(ctx context.Context, process int64) error) error {
	if a.announced == 0 {
		if err := a.announce(ctx); err != nil {
			return err
		}
	}
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(a.replaced, func() { stop(context.Cause(a.replaced)) })() //nolint:contextcheck // it outlives this call
	err := work(working, a.announced)
	if cause := context.Cause(working); errors.Is(cause, queue.ErrReplaced) {
		err = errors.Join(cause, err)
	}
	return err
}

// announce announces the process until the program ends.
func (a *App) announce(ctx context.Context) (err error) {
	announced := Announcer(a.Store, false)
	if a.announced, err = announced.Begin(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	replaced, replace := context.WithCancelCause(ctx)
	a.replaced = replaced
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		replace(announced.Run(ctx))
	}()
	a.OnClose(func() error {
		stop()
		<-ended
		announced.End(ctx, true)
		return nil
	})
	return nil
}
