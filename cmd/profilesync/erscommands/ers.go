// Package erscommands holds the commands about the e-Referral Service: the register of its
// services, its codes, and who owns the sites. Package commands says how a command is built.
package erscommands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ERS shows and changes what is known about e-RS.
type ERS struct {
	Register ersRegister `cmd:"" help:"The ids of services to look up in e-RS: import, list, add."`
	Services ersServices `cmd:"" help:"Show a profile's services, from e-RS and from editors."`
	Codes    ersCodes    `cmd:"" help:"Show the code systems of e-RS, including retired codes."`
	Owners   ersOwners   `cmd:"" help:"Sites whose owner changed or that have no open owner."`
}

type ersRegister struct {
	Import ersImport `cmd:"" help:"Import an EBSX05 extract."`
	List   ersList   `cmd:"" help:"List the register."`
	Add    ersAdd    `cmd:"" help:"Add a service of a site, if e-RS confirms it."`
}

type ersImport struct {
	File    string `arg:"" help:"The EBSX05 extract: a zip of one CSV, or the CSV itself."`
	Columns string `placeholder:"FILE" help:"A JSON object from facts to column headers. Default: PROFILESYNC_ERS_COLUMNS."`
	Actor   string `placeholder:"NAME" help:"Who imports it. Default: the operating-system user."`
}

// Help is shown by --help.
func (*ersImport) Help() string {
	return `e-RS cannot list the services of a site: their ids come from this monthly extract. Services that
are not in it are left alone. An unknown layout is refused, and dates are kept
as reported. Then run "profilesync reconcile --source ers --wait".`
}

func (c *ersImport) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	columns, err := c.columns(a)
	if err != nil {
		return commands.Usagef("--columns: %w", err)
	}
	if err := a.CheckFile(c.File); err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	done, err := does.ImportExtract(ctx, upkeep.Extract{Path: c.File, Columns: columns})
	if err != nil {
		return err
	}
	out.Print(done, "", [][]string{
		{"rows", fmt.Sprintf("%d, %d rejected, %d with implausible dates or codes", done.Rows, done.Rejected, done.Odd)},
		{"services", fmt.Sprintf("%d added, %d changed", done.Added, done.Changed)},
	})
	return nil
}

// mostColumns bounds the file of columns, in bytes.
const mostColumns = 4000

// columns is what the file of columns says; empty if none is given.
func (c *ersImport) columns(a *wiring.App) (string, error) {
	if c.Columns == "" {
		return "", nil
	}
	file, err := a.OpenFile(c.Columns)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(file, mostColumns+1))
	if err == nil && len(text) > mostColumns {
		err = fmt.Errorf("it is longer than %d bytes", mostColumns)
	}
	if err == nil && len(bytes.TrimSpace(text)) == 0 {
		err = errors.New("it is empty")
	}
	return string(text), err
}

type ersList struct {
	State string `enum:"${service_states}," default:"" placeholder:"STATE" help:"Only services in this state."`
	Site  string `placeholder:"CODE" help:"Only services of this site."`
	Most  int    `default:"500" help:"How many at most."`
}

func (c *ersList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	site := profile.ODSCode("")
	if c.Site != "" {
		code, err := profile.ParseODSCode(c.Site)
		if err != nil {
			return commands.Usagef("--site: %w", err)
		}
		site = code
	}
	ctx, does := commands.Acting(ctx, a, "")
	list, err := does.RegisteredServices(ctx, upkeep.ServiceFilter{State: services.State(c.State), Site: site, Most: c.Most})
	if err == nil && len(list) == 0 && site != "" {
		err = commands.RequireProfiles(ctx, a, []profile.ODSCode{site})
	}
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(list))
	for _, s := range list {
		state := string(s.State)
		if s.Pending != "" {
			state += " (" + string(s.Pending) + " waits)"
		}
		sites := s.Sites
		if len(sites) == 0 {
			sites = s.Claimed
		}
		rows = append(rows, []string{string(s.ID), s.Name, state, joined(sites), s.Origin, s.Version})
	}
	out.Print(list, "ID | NAME | STATE | SITE | FROM | VERSION", rows)
	return nil
}

func joined(codes []profile.ODSCode) string {
	parts := make([]string, len(codes))
	for i, code := range codes {
		parts[i] = string(code)
	}
	return strings.Join(parts, ", ")
}

type ersAdd struct {
	ID    string `arg:"" help:"The e-RS service id, as in the nhs.uk link (serviceId=)."`
	Site  string `required:"" placeholder:"CODE" help:"The site that provides it."`
	Actor string `placeholder:"NAME" help:"Who adds it. Default: the operating-system user."`
}

func (c *ersAdd) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	id, err := services.ParseID(c.ID)
	if err != nil {
		return commands.Usage(err)
	}
	site, err := profile.ParseODSCode(c.Site)
	if err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	done, err := does.AddService(ctx, id, site)
	if err != nil {
		return err
	}
	if !done.Added {
		a.Sayf("the register already has service %s at %s", id, site)
	}
	out.Print(done, "", [][]string{{string(id), done.Name, string(site)}})
	return nil
}

type ersServices struct {
	Code string `arg:"" help:"ODS code."`
}

func (c *ersServices) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	code, err := commands.OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, "")
	list, err := does.Services(ctx, code)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(list))
	for _, s := range list {
		state := s.State
		if s.Withdrawn {
			state = "withdrawn"
		}
		rows = append(rows, []string{s.Source, s.ID, s.Name, s.Kind, s.Specialty, state, columns.OneLine(s.Text)})
	}
	out.Print(list, "SOURCE | ID | NAME | KIND | SPECIALTY | STATE | EDITORS' TEXT", rows)
	return nil
}

type ersCodes struct {
	Kind string `enum:"${code_systems}," default:"" placeholder:"NAME" help:"Only this code system."`
	Pull bool   `help:"Pull them from e-RS first."`
}

func (c *ersCodes) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	if c.Pull {
		if err := does.PullCodes(ctx); err != nil {
			return err
		}
	}
	list, err := does.Codes(ctx, c.Kind)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(list))
	for _, code := range list {
		until := code.To
		if code.Retired {
			until = "retired"
		}
		rows = append(rows, []string{code.Kind, code.Code, code.Display, until, strings.Join(code.Parents, ", ")})
	}
	out.Print(list, "SYSTEM | CODE | LABEL | UNTIL | SPECIALTIES", rows)
	return nil
}

type ersOwners struct {
	Days int `default:"92" help:"How many days a site is listed after its owner changed."`
}

// Help is shown by --help.
func (*ersOwners) Help() string {
	return `The first three characters of a legacy site code identify its trust; codes like A1A1A
identify none. The operator in the register takes precedence over the code. Sites without an open
owner stay listed until they have one.`
}

func (c *ersOwners) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	sites, err := does.Owners(ctx, c.Days)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(sites))
	for _, s := range sites {
		rows = append(rows, []string{s.Code.String(), s.Name, s.Kind, string(s.Owner), string(s.ByCode), string(s.Before), string(s.Problem)})
	}
	out.Print(sites, "CODE | NAME | KIND | OWNER | BY CODE | BEFORE | PROBLEM", rows)
	return nil
}
