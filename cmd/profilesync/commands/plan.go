package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Plan shows what a reconciliation would do.
type Plan struct{ scopeFlags }

// Help is shown by --help.
func (*Plan) Help() string {
	return `The numbers are those of the run that would follow: it takes the same path, but stops before
anything is written.

  profilesync plan --files edispensary_2025-04-10.csv --as-of 2025-04-10`
}

// Run plans directly from the files: nothing is stored.
func (c *Plan) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	return c.each(ctx, a, out, func(s scope) (runs.Summary, error) {
		if s.isReference() {
			return a.LoadCommissioners(ctx, s.path, s.run, false)
		}
		open := a.Pull
		if s.path != "" {
			open = s.openFile
		}
		shown := newProgress(a.Stderr)
		defer shown.end()
		return a.Runs(open, shown.report).Preview(ctx, s.run)
	})
}
