package main

import (
	"context"
	"strconv"
	"time"
)

type quarantineCmd struct {
	List quarantineListCmd `cmd:"" help:"List quarantined records with their reasons."`
}

type quarantineListCmd struct {
	Report string `placeholder:"NAME" help:"Only this report."`
	Most   int    `default:"1000" help:"How many at most, the newest first."`
}

func (c *quarantineListCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	records, err := a.store.Quarantined(ctx, c.Report, c.Most)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(records))
	for _, r := range records {
		rows = append(rows, []string{
			r.LastSeen.Format(time.DateOnly), r.Report, r.Code, strconv.Itoa(r.Line), r.Field, r.Value, r.Reason,
		})
	}
	a.print(records, "LAST SEEN | REPORT | CODE | LINE | FIELD | VALUE | WHAT TO DO", rows)
	return nil
}
