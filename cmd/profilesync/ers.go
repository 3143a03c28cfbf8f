package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

type ersCmd struct {
	Register ersRegisterCmd `cmd:"" help:"The ids that e-RS is asked for: import, list, add."`
	Services ersServicesCmd `cmd:"" help:"Show the services of a profile: e-RS's and editors'."`
	Codes    ersCodesCmd    `cmd:"" help:"Show the code systems of e-RS, retired codes included."`
	Owners   ersOwnersCmd   `cmd:"" help:"Sites whose owner changed, or that belong to nobody open."`
}

type ersRegisterCmd struct {
	Import ersImportCmd `cmd:"" help:"Import an EBSX05 extract."`
	List   ersListCmd   `cmd:"" help:"List the register."`
	Add    ersAddCmd    `cmd:"" help:"Add a service that is at a site, by e-RS's own word."`
}

type ersImportCmd struct {
	File    string `arg:"" help:"The EBSX05 extract: a zip of one CSV, or the CSV itself."`
	Columns string `placeholder:"FILE" help:"A JSON object that says under which header each fact stands. Default: PROFILESYNC_ERS_COLUMNS."`
	Actor   string `placeholder:"NAME" help:"Who imports it. Default: the operating-system user."`
}

// Help is shown by --help.
func (*ersImportCmd) Help() string {
	return `There is no call that lists the services of a site: their ids come from this monthly extract.
What it does not hold is left alone; a layout that is not known is refused, and dates are kept
as reported. Then run "profilesync reconcile --source ers --wait".`
}

func (c *ersImportCmd) Run(ctx context.Context, a *app) error {
	columns, err := c.columns(a)
	if err != nil {
		return exitError{exitUsage, err.Error()}
	}
	if _, err := os.Stat(c.File); err != nil {
		return exitError{exitUsage, err.Error()}
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	done, err := a.importExtract(ctx, c.File, columns, actorOr(c.Actor))
	if err != nil {
		return err
	}
	a.print(done, "", [][]string{
		{"rows", fmt.Sprintf("%d, %d rejected, %d with dates or codes that nobody can believe", done.Rows, done.Rejected, done.Odd)},
		{"services", fmt.Sprintf("%d added, %d changed", done.Added, done.Changed)},
	})
	return nil
}

// importedExtract is what an import did. Odd rows are kept as reported.
type importedExtract struct {
	postgres.Imported

	Odd int `json:"odd"`
}

// importExtract brings an extract to the register, under the lock of e-RS: no
// run sees half of it. It is read first: nobody waits for the disk it is on.
func (a *app) importExtract(ctx context.Context, path string, columns ers.Columns, actor string) (done importedExtract, err error) {
	file, err := hold(path)
	if err != nil {
		return done, fmt.Errorf("opening the extract: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	extract, err := ers.OpenExtract(filepath.Base(path), file, file.Size(), columns)
	if err != nil {
		return done, err
	}
	err = a.withRegister(ctx, func(register *postgres.ServiceSession) error {
		done.Imported, err = register.ImportExtract(ctx, actor, extractRows(extract, a.today(), &done.Odd))
		return err
	})
	return done, err
}

// withRegister works on the register of services under the lock of e-RS.
func (a *app) withRegister(ctx context.Context, work func(register *postgres.ServiceSession) error) error {
	session, err := a.store.LockServices(ctx)
	if err != nil {
		return err
	}
	defer session.Close() //nolint:contextcheck // the lock is freed also when the context has ended
	return work(session)
}

// pullRegister imports the extract that the setting names, if any. One that was
// imported before changes nothing.
func (a *app) pullRegister(ctx context.Context) error {
	if a.config.ERSExtract == "" {
		return nil
	}
	columns, err := a.config.ersColumns()
	if err != nil {
		return err
	}
	_, err = a.importExtract(ctx, a.config.ERSExtract, columns, "schedule")
	return err
}

func (c *ersImportCmd) columns(a *app) (ers.Columns, error) {
	if c.Columns == "" {
		return a.config.ersColumns()
	}
	file, err := os.Open(c.Columns)
	if err != nil {
		return ers.Columns{}, fmt.Errorf("--columns: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	columns, err := parseColumns(file)
	if err != nil {
		err = fmt.Errorf("--columns: %w", err)
	}
	return columns, err
}

// extractRows are the rows as the store takes them; it counts those that are odd
// on a day.
func extractRows(extract *ers.Extract, today profile.Date, odd *int) iter.Seq2[postgres.ExtractRow, error] {
	return func(yield func(postgres.ExtractRow, error) bool) {
		for row, err := range extract.Rows() {
			stored := postgres.ExtractRow{Line: row.Line, ID: row.ID, Site: row.Site, Provider: row.Provider, Specialty: row.Specialty}
			if len(row.Odd(today)) > 0 {
				*odd++
			}
			stored.Reported = map[string]string{
				"name": row.Name, "specialty": row.Specialty, "appointment_type": row.AppointmentType, "bookable": row.Bookable,
				"published": row.Published, "unpublished": row.Unpublished, "from": row.From, "to": row.To,
			}
			if !yield(stored, err) {
				return
			}
		}
	}
}

type ersListCmd struct {
	State string `enum:",known,active,not-visible,missing,gone" default:"" help:"Only services in this state: ${enum}."`
	Site  string `placeholder:"CODE" help:"Only services of this site."`
	Most  int    `default:"500" help:"How many at most."`
}

func (c *ersListCmd) Run(ctx context.Context, a *app) error {
	site := profile.ODSCode("")
	if c.Site != "" {
		code, err := profile.ParseODSCode(c.Site)
		if err != nil {
			return exitError{exitUsage, "--site: " + err.Error()}
		}
		site = code
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	list, err := a.store.RegisteredServices(ctx, services.State(c.State), site, c.Most)
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
		rows = append(rows, []string{string(s.ID), s.Name, state, strings.Join(sites, ", "), s.Origin, s.Version})
	}
	a.print(list, "ID | NAME | STATE | SITE | FROM | VERSION", rows)
	return nil
}

type ersAddCmd struct {
	ID    string `arg:"" help:"The e-RS service id, as in the nhs.uk link (serviceId=)."`
	Site  string `required:"" placeholder:"CODE" help:"The site where it is."`
	Actor string `placeholder:"NAME" help:"Who adds it. Default: the operating-system user."`
}

func (c *ersAddCmd) Run(ctx context.Context, a *app) error {
	id, err := services.ParseID(c.ID)
	if err != nil {
		return exitError{exitUsage, err.Error()}
	}
	site, err := a.openFor(ctx, c.Site)
	if err != nil {
		return err
	}
	api, err := a.ersAPI()
	if err != nil {
		return err
	}
	service, err := api.Service(ctx, id)
	if err != nil {
		return err
	}
	if !service.AtSite(site) {
		return fmt.Errorf("service %s (%s) is at %v by e-RS, not at %s: it is not added", id, service.Name, service.Sites, site)
	}
	var added bool
	err = a.withRegister(ctx, func(register *postgres.ServiceSession) error {
		added, err = register.AddService(ctx, id, site, actorOr(c.Actor))
		return err
	})
	if err != nil {
		return err
	}
	if !added {
		a.sayf("the register has service %s at %s already", id, site)
	}
	result := map[string]any{"id": id, "site": site, "name": service.Name, "added": added}
	a.print(result, "", [][]string{{string(id), service.Name, string(site)}})
	return nil
}

type ersServicesCmd struct {
	Code string `arg:"" help:"ODS code."`
}

func (c *ersServicesCmd) Run(ctx context.Context, a *app) error {
	code, err := a.openFor(ctx, c.Code)
	if err != nil {
		return err
	}
	if _, err := a.store.Profile(ctx, code); err != nil {
		return err
	}
	list, err := a.store.ServicesOf(ctx, code)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(list))
	for _, s := range list {
		state := s.State
		if s.Withdrawn {
			state = "withdrawn"
		}
		rows = append(rows, []string{s.Source, s.ID, s.Name, s.Kind, s.Specialty, state, oneLine(s.Text)})
	}
	a.print(list, "SOURCE | ID | NAME | KIND | SPECIALTY | STATE | EDITORS' TEXT", rows)
	return nil
}

type ersCodesCmd struct {
	Kind string `placeholder:"NAME" help:"Only this code system: SPECIALTY or CLINIC-TYPE."`
	Pull bool   `help:"Ask e-RS first."`
}

func (c *ersCodesCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	if c.Pull {
		if err := a.pullCodes(ctx); err != nil {
			return err
		}
	}
	list, err := a.store.Codes(ctx, c.Kind)
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
	a.print(list, "SYSTEM | CODE | LABEL | UNTIL | SPECIALTIES", rows)
	return nil
}

type ersOwnersCmd struct {
	Days int `default:"92" help:"For so many days after a change of owner the site is listed."`
}

// Help is shown by --help.
func (*ersOwnersCmd) Help() string {
	return `The first three characters of a legacy site code name its trust; codes like A1A1A name
nothing. The operator in the register outweighs the code. Sites without an owner that is open
stay listed until they have one.`
}

func (c *ersOwnersCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	sites, err := a.store.Owners(ctx, a.config.clock().AddDate(0, 0, -c.Days))
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(sites))
	for _, s := range sites {
		rows = append(rows, []string{s.Code.String(), s.Name, s.Kind, string(s.Owner), string(s.ByCode), string(s.Before), string(s.Problem)})
	}
	a.print(sites, "CODE | NAME | KIND | OWNER | BY CODE | BEFORE | PROBLEM", rows)
	return nil
}

type profileKindCmd struct {
	Code   string `arg:"" help:"ODS code of a trust or of one of its sites."`
	Kind   string `arg:"" enum:"hospital,clinic" help:"hospital or clinic."`
	Reason string `required:"" help:"Why, for the audit."`
	Actor  string `placeholder:"NAME" help:"Who asks for it, for the audit. Default: the operating-system user."`
}

// Run is the service desk's alone: no register ever changes the kind of a site.
func (c *profileKindCmd) Run(ctx context.Context, a *app) error {
	if strings.TrimSpace(c.Reason) == "" {
		return exitError{exitUsage, "--reason: say why"}
	}
	code, err := a.openFor(ctx, c.Code)
	if err != nil {
		return err
	}
	p, err := a.store.Profile(ctx, code)
	if err != nil {
		return err
	}
	if t := p.Type(); t != profile.Trust && t != profile.TrustSite {
		return errors.New("profile " + code.String() + " is a " + string(t) + ": only trusts and their sites are hospitals or clinics")
	}
	changed, err := a.store.SetKind(ctx, code, c.Kind, actorOr(c.Actor), c.Reason)
	if err != nil {
		return err
	}
	if !changed {
		a.sayf("%s is a %s already", code, c.Kind)
	}
	a.print(map[string]any{"code": code, "kind": c.Kind, "changed": changed}, "", [][]string{{code.String(), c.Kind}})
	return nil
}
