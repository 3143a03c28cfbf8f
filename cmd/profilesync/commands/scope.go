package commands

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// scopeFlags say what a reconciliation covers; plan and reconcile share them.
type scopeFlags struct {
	Files  []string `either:"what" placeholder:"FILE" help:"Read these complete listings (the register's CSV reports) instead of pulling."`
	Report string   `enum:"${scope_reports}," default:"" either:"what" placeholder:"NAME" help:"Default: what the file's name begins with."`
	ODS    []string `name:"ods" either:"what" placeholder:"CODE" help:"Only these organisations; the others are not affected."`
	Source string   `default:"ods" enum:"${sources}" either:"what" placeholder:"NAME" help:"The register."`
	AsOf   string   `name:"as-of" placeholder:"YYYY-MM-DD" help:"The date of the listing in a file. Default: the date in its name, or today."`
	Actor  string   `placeholder:"NAME" help:"Who requests it, for the audit. Default: the operating-system user."`

	rehearse bool // the listing is of a day to come
}

// scope is one requested run, and the file it reads, if any.
type scope struct {
	run  runs.Run
	path string
}

// isReference reports whether the file holds a report that is kept to read others
// with, and that no run reconciles.
func (s scope) isReference() bool { return s.run.Report == ods.ReportOfCommissioners }

func (f scopeFlags) scopes(a *wiring.App) (scopes []scope, err error) {
	base := runs.Run{Kind: runs.RunListing, Source: profile.Source(f.Source), Actor: ActorOr(f.Actor), OSUser: osUser(), AsOf: a.Today()}
	for _, text := range f.ODS {
		code, err := profile.ParseODSCode(text)
		if err != nil {
			return nil, Usagef("--ods: %w", err)
		}
		base.Kind, base.Codes = runs.RunDelta, append(base.Codes, code)
	}
	if len(f.Files) == 0 || base.Source == profile.SourceERS {
		return f.pulls(a, base)
	}
	if f.rehearse {
		base.Kind = runs.RunRehearsal
	}
	for _, path := range f.Files {
		s := scope{run: base, path: path}
		if s.run.Report, err = f.reportOf(a, path); err != nil {
			return nil, Usage(err)
		}
		if s.run.AsOf, err = f.dayOf(path, a.Today()); err != nil {
			return nil, Usage(err)
		}
		scopes = append(scopes, s)
	}
	return referencesFirst(scopes), nil
}

// referencesFirst moves what the other files are read with to the front.
func referencesFirst(scopes []scope) []scope {
	var first, others []scope
	for _, s := range scopes {
		if s.isReference() {
			first = append(first, s)
		} else {
			others = append(others, s)
		}
	}
	return append(first, others...)
}

// pulls returns the runs that pull from a register: what it says, it says today.
func (f scopeFlags) pulls(a *wiring.App, base runs.Run) ([]scope, error) {
	if f.AsOf != "" {
		day, err := pastOrToday("--as-of", f.AsOf, base.AsOf)
		if err != nil {
			return nil, Usage(err)
		}
		if day != base.AsOf {
			return nil, Usagef("--as-of %s: a pull is for today (%s); --as-of is the date of a listing in a file (--files)", day, base.AsOf)
		}
	}
	if base.Source == profile.SourceERS {
		return f.services(a, base)
	}
	return f.pulled(a, base)
}

// pulled returns the runs that pull from the register: the given codes from the
// API, else complete listings.
func (f scopeFlags) pulled(a *wiring.App, base runs.Run) (scopes []scope, err error) {
	if len(base.Codes) > 0 {
		base.Report = wiring.ReportOfAPI
		return []scope{{run: base}}, nil
	}
	reports := a.Settings.ODSReports
	if f.Report != "" {
		reports = []string{f.Report}
	}
	for _, report := range reports {
		if _, err := ods.Types(report); err != nil {
			return nil, Usagef("--report: %w", err)
		}
		base.Report = report
		scopes = append(scopes, scope{run: base})
	}
	return scopes, nil
}

func (f scopeFlags) reportOf(a *wiring.App, path string) (string, error) {
	if err := a.CheckFile(path); err != nil {
		return "", fmt.Errorf("--files: %w", err)
	}
	if f.Report == ods.ReportOfCommissioners {
		return f.Report, nil
	}
	if f.Report != "" {
		_, err := ods.Types(f.Report)
		return f.Report, err
	}
	return ods.ReportOf(filepath.Base(path))
}

// dayOf returns the day that the listing in a file speaks of.
func (f scopeFlags) dayOf(path string, today profile.Date) (profile.Date, error) {
	if f.rehearse {
		return f.comingDayOf(path, today)
	}
	if f.AsOf != "" {
		return pastOrToday("--as-of", f.AsOf, today)
	}
	day, err := ods.DayOf(path)
	switch {
	case err != nil:
		return day, fmt.Errorf("--files: %w; give its date with --as-of", err)
	case day.IsZero():
		return today, nil
	case day.After(today):
		return day, fmt.Errorf("--files: the date in the name of %s has not come yet (today is %s); give its date with --as-of",
			filepath.Base(path), today)
	default:
		return day, nil
	}
}

// each does the work for each scope in turn, and shows every result.
func (f scopeFlags) each(ctx context.Context, a *wiring.App, work func(scope) (runs.Summary, error), show func(runs.Summary) error) error {
	scopes, err := f.scopes(a)
	if err != nil {
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	var summaries []runs.Summary
	for _, s := range scopes {
		summary, err := work(s)
		if err != nil {
			return err
		}
		if err := show(summary); err != nil {
			return err
		}
		summaries = append(summaries, summary)
	}
	return exitOf(a, summaries)
}

// upload stores the file that a run reads; 0 if it reads none.
func (s scope) upload(ctx context.Context, a *wiring.App) (int64, error) {
	if s.path == "" {
		return 0, nil
	}
	return a.Upload(ctx, s.path)
}

// given returns a flag that says what is read; empty if none is given.
func (f scopeFlags) given() string {
	for _, flag := range []struct {
		name  string
		given bool
	}{
		{"--files", len(f.Files) > 0},
		{"--report", f.Report != ""},
		{"--ods", len(f.ODS) > 0},
		{"--as-of", f.AsOf != ""},
		{"--source ers", f.Source == string(profile.SourceERS)},
	} {
		if flag.given {
			return flag.name
		}
	}
	return ""
}

// services returns the run that looks up all services in e-RS, or those of the
// given sites.
func (f scopeFlags) services(a *wiring.App, run runs.Run) ([]scope, error) {
	switch {
	case len(f.Files) > 0:
		return nil, Usagef("--files: e-RS has no listings; see `profilesync ers register import`")
	case f.Report != "" && f.Report != services.ReportServices:
		return nil, Usagef("--report: e-RS has only one, %s", services.ReportServices)
	case !a.Settings.AsksERS():
		return nil, settings.ErrNoERS
	}
	run.Report = services.ReportServices
	return []scope{{run: run}}, nil
}
