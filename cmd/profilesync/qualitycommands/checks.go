// Package qualitycommands implements the commands about what is wrong with data that
// profilesync only reads: quality checks, quarantine, contradictions of the register.
package qualitycommands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// Checks shows what the quality checks found, and makes them.
type Checks struct {
	List checksList `cmd:"" help:"List the quality findings, with who must act and what to do."`
	Run  checksRun  `cmd:"" help:"Make the quality checks now, as the daemon does every night."`
}

type checksList struct {
	Kind  string `enum:"${check_kinds}," default:"" placeholder:"KIND" help:"Only findings of this kind."`
	Owner string `enum:"${check_owners}," default:"" placeholder:"OWNER" help:"Only what this owner must act on."`
	Code  string `placeholder:"CODE" help:"Only what is about this pharmacy."`
	All   bool   `help:"With what is gone."`
	Most  int    `default:"500" help:"How many at most."`
}

func (c *checksList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	filter, err := c.filter()
	if err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, "")
	found, err := does.Findings(ctx, filter)
	if err == nil && len(found) == 0 && filter.Code != "" {
		err = commands.RequireProfiles(ctx, a, []profile.ODSCode{filter.Code})
	}
	if err != nil {
		return err
	}
	printFindings(a, out, found, c.All)
	return nil
}

func (c *checksList) filter() (f qualitystore.Filter, err error) {
	f = qualitystore.Filter{Gone: c.All, Most: c.Most}
	if c.Kind != "" {
		if f.Kind, err = quality.ParseKind(c.Kind); err != nil {
			return f, err
		}
	}
	if c.Owner != "" {
		if f.Owner, err = quality.ParseOwner(c.Owner); err != nil {
			return f, err
		}
	}
	if c.Code != "" {
		f.Code, err = profile.ParseODSCode(c.Code)
	}
	return f, err
}

// listed is a finding with what to do about it.
type listed struct {
	qualitystore.Found

	Advice string `json:"advice"`
}

// printFindings prints findings and says once for each check what to do.
func printFindings(a *wiring.App, out *commands.Printer, found []qualitystore.Found, all bool) {
	header := "CODE | FINDING | SERVICE | FOUND | SINCE"
	if all {
		header += " | GONE"
	}
	objects, rows := make([]listed, len(found)), make([][]string, len(found))
	var kinds []quality.Kind
	for i, f := range found {
		objects[i] = listed{f, f.Kind.Advice()}
		row := []string{f.Code.String(), string(f.Kind), columns.OneLine(f.Service), f.Text(), dayOf(f.FirstSeen)}
		if all {
			row = append(row, dayOf(f.Gone))
		}
		rows[i] = row
		if !slices.Contains(kinds, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	out.Print(objects, header, rows)
	for _, kind := range kinds {
		a.Sayf("%s (%s): %s", kind, kind.Owner(), kind.Advice())
	}
}

// dayOf returns the day of an instant in London; a dash for the zero time.
func dayOf(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return profile.DateIn(at, profile.London()).String()
}

type checksRun struct {
	ODS   []string `name:"ods" placeholder:"CODE" help:"Only these pharmacies."`
	Actor string   `placeholder:"NAME" help:"Who requests it. Default: the operating-system user."`
}

// Help is shown by --help.
func (*checksRun) Help() string {
	return `Reads all that DoS has under the code of every pharmacy, and what the website shows of it, and
compares both with the profiles: services without a place in DoS, types of services that are missing
or there twice, hours for bank holidays in general, "open all hours", closed or hidden profiles
whose service is active, hours that cannot be read or overlap, postcodes that DoS does not take,
contradictions between the two, codes on the wrong service. What is found lasts until a check no
longer finds it; a pharmacy that cannot be read keeps its findings. If DoS shows no service of more
than half of the pharmacies (and of more than 10), nothing is stored. Exit codes: 0 nothing found; 1
an alarm; 3 findings that await a person.`
}

func (c *checksRun) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	codes, err := commands.ParseCodes(c.ODS)
	if err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if err := commands.RequireProfiles(ctx, a, codes); err != nil {
		return err
	}
	result, err := does.RunChecks(ctx, codes, func(checked int) {
		if checked%1000 == 0 {
			a.Sayf("%d pharmacies checked ...", checked)
		}
	})
	if err != nil {
		return err
	}
	printResult(out, result)
	switch {
	case result.State == quality.Alarm:
		return commands.ExitError{Code: commands.ExitFailed}
	case result.Open > 0:
		a.Sayf("next: `profilesync checks list` shows what was found, who must act and what to do")
		return commands.ExitError{Code: commands.ExitAwaits}
	}
	return nil
}

func printResult(out *commands.Printer, r quality.Result) {
	rows := [][]string{
		{"pharmacies checked", strconv.Itoa(r.Checked)},
		{"could not be read", strconv.Itoa(r.Unreadable)},
		{"findings", fmt.Sprintf("%d, of these %d new", r.Open, r.New)},
		{"gone", strconv.Itoa(r.Gone)},
	}
	if r.Reason != "" {
		rows = append(rows, []string{string(r.State), r.Reason})
	}
	out.Print(r, "", rows)
}
