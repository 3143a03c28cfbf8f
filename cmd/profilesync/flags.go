package main

import "context"

type flagsCmd struct {
	List flagsListCmd `cmd:"" help:"List profiles whose upstream record a person should look at, and why."`
}

type flagsListCmd struct {
	Report string `placeholder:"NAME" help:"Only this report."`
}

func (c *flagsListCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	found, err := a.store.Flags(ctx, c.Report)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(found))
	for _, f := range found {
		rows = append(rows, []string{f.Report, f.Code, f.Name, f.Status, f.Flag, oneLine(f.MissingSince)})
	}
	a.print(found, "REPORT | CODE | NAME | PROFILE | FLAG | MISSING SINCE", rows)
	return nil
}
