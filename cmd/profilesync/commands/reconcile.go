package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Reconcile brings the profiles in line with a register.
type Reconcile struct {
	scopeFlags
	Wait bool `help:"Wait for the result. A running daemon does the work; if there is none, this command does."`
}

// Help is shown by --help.
func (*Reconcile) Help() string {
	return `Each listing is one run. Changes are applied; what looks wrong is withheld and waits
for "profilesync runs approve" (exit code 3). A closure must be seen on two different days.
Without --files, the reports of PROFILESYNC_ODS_REPORTS are pulled; what is pulled is for today.
No date after today is accepted.

  profilesync reconcile --wait
  profilesync reconcile --report epraccur --wait
  profilesync reconcile --files edispensary_2025-04-10.csv --as-of 2025-04-10 --wait
  profilesync reconcile --ods FA002 FA007 --wait

The ICB and region of GP practices follow from their commissioners, by the report eccg. It is
pulled before each listing; without a network, load it from a file:

  profilesync reconcile --files eccg_2025-12-29.csv`
}

// Run stores the files first: a daemon cannot see the caller's paths.
func (c *Reconcile) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	return c.each(ctx, a, out, func(s scope) (summary runs.Summary, err error) {
		if s.isReference() {
			return a.LoadCommissioners(ctx, s.path, s.run, true)
		}
		if s.path != "" {
			if s.run.Upload, err = a.Upload(ctx, s.path); err != nil {
				return summary, err
			}
		}
		return submit(ctx, a, s.run, c.Wait)
	})
}
