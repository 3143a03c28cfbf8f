package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs"
)

// announcer keeps the process of a store announced; a daemon is what commands
// look for.
func announcer(store *postgres.Store, daemon bool) *jobs.Announcer {
	return &jobs.Announcer{
		Announce: func(ctx context.Context, earlier jobs.Announcement) (jobs.Announcement, error) {
			lost, _ := earlier.(announcement)
			made, err := store.Announce(ctx, daemon, lost.Announcement)
			if err != nil {
				return nil, replaced(err)
			}
			return announcement{made}, nil
		},
		Answered: func() {}, Lost: func(error) {},
	}
}

// announcement says in the jobs' words what the store says.
type announcement struct{ *postgres.Announcement }

// Renew says that the process lives.
func (a announcement) Renew(ctx context.Context) error { return replaced(a.Announcement.Renew(ctx)) }

func replaced(err error) error {
	if errors.Is(err, postgres.ErrProcessEnded) {
		return fmt.Errorf("%w: %w", jobs.ErrReplaced, err)
	}
	return err
}

// whileAnnounced works something that others take over when this process is gone.
// The work gets the number of the process.
func (a *app) whileAnnounced(ctx context.Context, work func(ctx context.Context, process int64) error) error {
	announced := announcer(a.store, false)
	id, err := announced.Begin(ctx)
	if err != nil {
		return err
	}
	working, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop(announced.Run(working))
	}()
	err = work(working, id)
	if cause := context.Cause(working); errors.Is(cause, jobs.ErrReplaced) {
		err = errors.Join(cause, err)
	}
	stop(nil)
	<-ended
	announced.End(ctx, true)
	return err
}
