package main

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type serveCmd struct {
	worldFlags
	Day    profile.Date `placeholder:"DATE" help:"The day on which the register begins, YYYY-MM-DD. Default: 22 February 2026."`
	Listen string       `default:"127.0.0.1:8384" help:"Of the register; DoS, the website and e-RS get the next ports. Port 0: free ones."`
	Key    string       `default:"made-up-key" help:"What the systems want as key or password; empty: nothing."`
}

// Run serves until the context ends. It is the register's day in DoS and on the
// website, too.
func (c *serveCmd) Run(ctx context.Context, s screens) error {
	world, err := c.world(c.Day, c.Key)
	if err != nil {
		return err
	}
	outside, err := outside.New(world, c.Key, outside.Clock(world))
	if err != nil {
		return err
	}
	if err := outside.Open(ctx, c.Listen); err != nil {
		return err
	}
	defer outside.Close()
	c.introduce(s, outside)
	<-ctx.Done()
	return nil
}

func (c *serveCmd) introduce(s screens, o *outside.Systems) {
	day := o.Register.Day()
	_, _ = fmt.Fprintf(s.stdout, `register, as of %s:
  downloads     %s
  FHIR R4 API   %s
DoS, which knows the register's pharmacies and GP practices:
  change events %s (read as %s)
  FHIR ingest   %s
public website, empty:
  profiles      %s
  search        %s
e-RS, with services of the register's largest trusts:
  API           %s
  EBSX05        %s
what arrived, and what came of it:
  curl '%s/ledger/summary' '%s/ledger/summary'
to play time, any day from then on:
  curl -X POST '%s%s?to=%s'
  curl -X POST '%s%s?on=%s'
`, day, o.RegisterURL, o.RegisterAPI(), o.DoSURL, outside.ReadUser, o.DoSIngest(), o.WebsiteURL, o.WebsiteSearch(), o.ERSAPI(), o.ERSExtract(), o.DoSURL, o.WebsiteURL,
		o.RegisterURL, outside.ChurnPath, day.AddDays(30), o.RegisterURL, outside.RecodePath, day.AddDays(31))
}
