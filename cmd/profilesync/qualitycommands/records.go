package qualitycommands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Quarantine shows upstream records that could not be read.
type Quarantine struct {
	List quarantineList `cmd:"" help:"List quarantined records with their reasons."`
}

type quarantineList struct {
	Report string `enum:"${run_reports}," default:"" placeholder:"NAME" help:"Only this report."`
	Most   int    `default:"1000" help:"How many at most, the newest first."`
}

func (c *quarantineList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	records, err := does.Quarantine(ctx, c.Report, c.Most)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(records))
	for _, r := range records {
		rows = append(rows, []string{
			profile.DateIn(r.LastSeen, profile.London()).String(), r.Report, string(r.Code), strconv.Itoa(r.Line), r.Field, r.Value, r.Reason,
		})
	}
	out.Print(records, "LAST SEEN | REPORT | CODE | LINE | FIELD | VALUE | WHAT TO DO", rows)
	return nil
}

// Contradictions shows organisations that are active although their end date has passed.
type Contradictions struct {
	List contradictionsList `cmd:"" help:"List organisations that are active although their end date has passed."`
}

type contradictionsList struct {
	Report string `enum:"${run_reports}," default:"" placeholder:"NAME" help:"Only this report."`
}

func (c *contradictionsList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	found, err := does.Contradictions(ctx, c.Report)
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
