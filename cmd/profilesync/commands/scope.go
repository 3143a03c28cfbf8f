package commands

import (
	"github.com/profilesync/profilesync/cmd/internal/progress"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
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

// request is what the flags ask for.
func (f scopeFlags) request() (r actions.Request, err error) {
	r = actions.Request{Source: profile.Source(f.Source), Report: f.Report, Rehearse: f.rehearse}
	for _, text := range f.ODS {
		code, err := profile.ParseODSCode(text)
		if err != nil {
			return r, Usagef("--ods: %w", err)
		}
		r.Codes = append(r.Codes, code)
	}
	for _, path := range f.Files {
		r.Files = append(r.Files, actions.File{Name: path, Path: path})
	}
	r.AsOf, err = dayFlag("--as-of", f.AsOf)
	return r, err
}

// each does the work for everything that the flags ask for, and shows every result before
// the next is begun.
func (f scopeFlags) each(a *wiring.App, does Doer,
	work func(r actions.Request, shown func(actions.Outcome) error) error, show func(actions.Outcome) error,
) error {
	request, err := f.request()
	if err != nil {
		return err
	}
	begin := func() *progress.Shown {
		shown := progress.On(a.Stderr, wiring.IsTerminal(a.Stderr))
		does.ShowProgress(shown.Report)
		return shown
	}
	shown := begin()
	defer func() { shown.End() }()
	var summaries []runs.Summary
	err = work(request, func(o actions.Outcome) error {
		shown.End()
		shown = begin()
		summaries = append(summaries, o.Summary)
		return show(o)
	})
	if err != nil {
		return err
	}
	return exitOf(a, summaries)
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
