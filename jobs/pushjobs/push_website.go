package pushjobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// PushWebsite pushes one profile to the public NHS website.
type PushWebsite struct {
	Code  profile.ODSCode `json:"code"`
	Probe bool            `json:"probe,omitempty"`
}

// Kind names the job.
func (PushWebsite) Kind() string { return "push_website" }

// InsertOpts puts it in the sink's own queue.
func (PushWebsite) InsertOpts() river.InsertOpts { return pushOpts(push.SinkWebsite) }

type pushWebsiteWorker struct {
	pushDefaults[PushWebsite]
	pusher *Pusher
}

func (w *pushWebsiteWorker) Work(ctx context.Context, job *river.Job[PushWebsite]) error {
	_, err := w.pusher.Push(ctx, job.Args.Code, job.Args.Probe, job.ID)
	return err
}
