// Package schemacommands is the command that prepares a database: its schema and its
// roles.
package schemacommands

import (
	"context"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

// Migrate brings the database's schema up to date.
type Migrate struct {
	Roles bool `help:"Also create the database roles that are missing, and grant each its rights."`
	Print bool `help:"With --roles: change nothing; print the SQL, for an administrator to run."`
}

// Help is shown by --help.
func (*Migrate) Help() string {
	return `Goes forwards only, and is safe while the previous version is running. Rows from before a rule
of the published interface that break it are kept and listed. Settings name the roles
(PROFILESYNC_ROLE_OWNER and so on; README.md, "Roles").`
}

// Run applies all missing migrations, ours and the job queue's, grants roles, and
// lists rows from before a rule that break it.
func (c *Migrate) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if c.Print && !c.Roles {
		return commands.Usagef("--print goes with --roles")
	}
	url, _, err := a.Database(ctx)
	if err != nil {
		return err
	}
	if c.Print {
		script, err := roles.Script(ctx, url, a.Settings.Roles())
		if err == nil {
			sql := strings.Join(script, "\n") + "\n"
			out.Text(sql, map[string]string{"sql": sql})
		}
		return err
	}
	steps, err := postgres.Migrate(ctx, url, postgres.Purpose(a.Settings.DemoOrTest()))
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		a.Sayf("the schema is up to date")
	}
	if err := c.grant(ctx, a, url); err != nil {
		return err
	}
	broken, err := postgres.CheckRules(ctx, url)
	if err != nil {
		return err
	}
	for _, b := range broken {
		a.Sayf("kept until somebody mends it: %s breaks %s (%s)", b.Place, b.Rule, b.Why)
	}
	rows := make([][]string, 0, len(steps))
	for _, s := range steps {
		rows = append(rows, []string{strconv.FormatInt(s.Version, 10), s.Name})
	}
	out.Print(steps, "VERSION | MIGRATION", rows)
	return nil
}

// grant creates and grants roles if asked to. Otherwise it grants again what was
// granted before: tables that a migration has made need rights too.
func (c *Migrate) grant(ctx context.Context, a *wiring.App, url string) error {
	if !c.Roles {
		return roles.Renew(ctx, url, a.Settings.Roles())
	}
	others, err := roles.Others(ctx, url, a.Settings.Roles())
	if err != nil {
		return err
	}
	for _, other := range others {
		a.Sayf("role %s keeps its rights, and no setting names it: if it is one from before, take them, as the role that migrates, with: %s",
			other.Name, other.Revoke)
	}
	locks, err := roles.Grant(ctx, url, a.Settings.Roles())
	if err == nil && !locks {
		a.Sayf("only a superuser can keep editors from taking the locks of daemons: let one run what " +
			"`profilesync migrate --roles --print` prints")
	}
	return err
}
