package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// showAt shows the profile as it stood, from the audit, with its opening times,
// facilities and services.
func (c *profileShow) showAt(ctx context.Context, a *wiring.App, out *Printer) error {
	code, err := profile.ParseODSCode(c.Code)
	if err != nil {
		return Usage(err)
	}
	ctx, does := Acting(ctx, a, "")
	then, err := does.ProfileAt(ctx, code, c.At)
	if err != nil {
		return err
	}
	for _, id := range then.Unfit {
		a.Sayf("change %d is not what stood after it: something wrote the profile without the audit", id)
	}
	rows := append([][]string{{"at", LondonTime(then.At)}}, valueRows(code, then.Fields)...)
	out.Print(then, "", rows)
	return nil
}
