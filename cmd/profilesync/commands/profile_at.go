package commands

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/history"
)

// showAt shows the profile as it stood, from the audit, with its opening times,
// facilities and services.
func (c *profileShow) showAt(ctx context.Context, a *wiring.App, out *Printer) error {
	instant, err := history.ParseInstant(c.At, a.Settings.Clock())
	if err != nil {
		return Usage(fmt.Errorf("--at %w", err))
	}
	code, err := OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	now, audit, err := a.Store.Audit.Profile(ctx, code)
	if err != nil {
		return err
	}
	then, unfit, err := history.At(now, audit, instant)
	if err != nil {
		return err
	}
	for _, id := range unfit {
		a.Sayf("change %d is not what stood after it: something wrote the profile without the audit", id)
	}
	if unfit == nil {
		unfit = []int64{}
	}
	values := then.Whole()
	rows := append([][]string{{"at", LondonTime(instant)}}, valueRows(code, values)...)
	out.Print(map[string]any{"code": code, "at": instant.UTC(), "fields": values, "owners": ownersOf(values), "unfit": unfit}, "", rows)
	return nil
}
