package main

import "context"

type contradictionsCmd struct {
	List contradictionsListCmd `cmd:"" help:"List organisations that are active and have an end date that has passed."`
}

type contradictionsListCmd struct {
	Report string `placeholder:"NAME" help:"Only this report."`
}

func (c *contradictionsListCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	found, err := a.store.Contradictions(ctx, c.Report)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(found))
	for _, f := range found {
		rows = append(rows, []string{f.Report, f.Code, f.Name, f.Status, f.Closed})
	}
	a.print(found, "REPORT | CODE | NAME | PROFILE | END DATE", rows)
	return nil
}
