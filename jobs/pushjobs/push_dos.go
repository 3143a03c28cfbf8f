package pushjobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// PushDoS pushes one profile to the Directory of Services.
type PushDoS struct {
	Code  profile.ODSCode `json:"code"`
	Probe bool            `json:"probe,omitempty"`
}

// Kind names the job.
func (PushDoS) Kind() string { return "push_dos" }

// InsertOpts puts it in the sink's own queue.
func (PushDoS) InsertOpts() river.InsertOpts { return pushOpts(push.SinkDoS) }

type pushDoSWorker struct {
	pushDefaults[PushDoS]
	pusher *Pusher
}

func (w *pushDoSWorker) Work(ctx context.Context, job *river.Job[PushDoS]) error {
	_, err := w.pusher.Push(ctx, job.Args.Code, job.Args.Probe, job.ID)
	return err
}
