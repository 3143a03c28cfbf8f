package actions

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// once has a run stored once for the request that asks for it, however often the request
// is begun: a daemon may have stored it and died. A file that is sent again is another
// upload, and midnight may have passed.
func once(ctx context.Context, run runs.Run) runs.Run {
	run.Once = guard.Once(ctx, run.Kind, " ", run.Source, " ", run.Report, " ", run.Parent, " ", run.Plan, " ", run.Codes)
	return run
}
