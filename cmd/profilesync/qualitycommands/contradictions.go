package qualitycommands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Contradictions shows organisations that are active although their end date has passed.
type Contradictions struct {
	List contradictionsList `cmd:"" help:"List organisations that are active although their end date has passed."`
}

type contradictionsList struct {
	Report string `placeholder:"NAME" help:"Only this report."`
}

func (c *contradictionsList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	found, err := a.Store.Runs.Contradictions(ctx, c.Report)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(found))
	for _, f := range found {
		rows = append(rows, []string{f.Report, string(f.Code), f.Name, string(f.Status), f.Closed})
	}
	out.Print(found, "REPORT | CODE | NAME | PROFILE | END DATE", rows)
	return nil
}
