package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Flags shows profiles whose upstream record a person should look at.
type Flags struct {
	List flagsList `cmd:"" help:"List profiles whose upstream record a person should look at, and why."`
}

type flagsList struct {
	Report string `enum:"${run_reports}," default:"" placeholder:"NAME" help:"Only this report."`
}

func (c *flagsList) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	found, err := does.Flags(ctx, c.Report)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(found))
	for _, f := range found {
		rows = append(rows, []string{f.Report, string(f.Code), f.Name, string(f.Status), f.Flag, columns.OneLine(f.MissingSince)})
	}
	out.Print(found, "REPORT | CODE | NAME | PROFILE | FLAG | MISSING SINCE", rows)
	return nil
}
