package main

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type serveCmd struct {
	registerFlags
	Day    profile.Date `placeholder:"DATE" help:"The register's first day, YYYY-MM-DD. Default: 22 February 2026."`
	Listen string       `default:"127.0.0.1:8484" help:"Address of the register; DoS, the website and e-RS get the next ports; 0: any."`
	Key    string       `default:"made-up-key" help:"The key and password that the systems require; empty: none."`
}

// Run serves until the context ends. In all systems it is the register's day.
func (c *serveCmd) Run(ctx context.Context, s screens) error {
	register, err := c.register(c.Day, c.Key)
	if err != nil {
		return err
	}
	systems, err := outside.New(register, c.Key, outside.Clock(register))
	if err != nil {
		return err
	}
	if err := systems.Open(ctx, c.Listen); err != nil {
		return err
	}
	defer systems.Close()
	c.introduce(s, systems)
	<-ctx.Done()
	return nil
}

func (c *serveCmd) introduce(s screens, systems *outside.Systems) {
	day := systems.Register.Day()
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
what arrived, and its effects:
  curl '%s/ledger/summary' '%s/ledger/summary'
to move time on, to any later day:
  curl -X POST '%s%s?to=%s'
  curl -X POST '%s%s?on=%s'
`, day, systems.RegisterURL, systems.RegisterAPI(), systems.DoSURL, outside.ReadUser, systems.DoSIngest(),
		systems.WebsiteURL, systems.WebsiteSearch(), systems.ERSAPI(), systems.ERSExtract(), systems.DoSURL, systems.WebsiteURL,
		systems.RegisterURL, outside.ChurnPath, day.AddDays(30), systems.RegisterURL, outside.RecodePath, day.AddDays(31))
}
