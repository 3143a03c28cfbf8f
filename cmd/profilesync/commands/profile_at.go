package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// showAt shows the profile as it stood, from the audit, with its opening times,
// facilities and services.
func (c *profileShow) showAt(ctx context.Context, a *wiring.App, out *Printer) error {
	instant, err := instantOf(c.At, a.Settings.Clock())
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
	values := then.Whole()
	rows := append([][]string{{"at", LondonTime(instant)}}, valueRows(code, values)...)
	out.Print(map[string]any{"code": code, "at": instant.UTC(), "fields": values, "unfit": unfit}, "", rows)
	return nil
}

// instantOf parses an instant, or a day, which means its end in London; of today, the
// present.
func instantOf(text string, now time.Time) (time.Time, error) {
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		day, err := profile.ParseDate(text)
		if err != nil || day.IsZero() {
			return instant, fmt.Errorf("%q: want an instant such as 2026-11-19T09:00:00Z, or a day such as 2026-11-19", text)
		}
		y, m, d := day.Time().Date()
		instant = time.Date(y, m, d+1, 0, 0, 0, 0, profile.London()).Add(-time.Nanosecond)
		if day == profile.DateIn(now, profile.London()) {
			instant = now
		}
	}
	if instant.After(now) {
		return instant, fmt.Errorf("%s: that has not come yet (it is %s in London)", text, LondonTime(now))
	}
	return instant, nil
}
