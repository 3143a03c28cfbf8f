package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// scopeFlags say what a reconciliation covers; plan and reconcile share them.
type scopeFlags struct {
	Source string   `default:"ods" enum:"ods,ers" help:"The register: ${enum}."`
	ODS    []string `name:"ods" placeholder:"CODE" help:"Only these organisations; the others are not affected."`
	Files  []string `placeholder:"FILE" help:"Read these complete listings (the register's CSV reports) instead of pulling."`
	Report string   `placeholder:"NAME" help:"The report (edispensary, etr, ...). Default: the file's name up to the first _."`
	AsOf   string   `name:"as-of" placeholder:"DATE" help:"The date of the listing in a file. Default: the date in its name, or today."`
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

// each does the work for each scope in turn, and shows every result.
func (f scopeFlags) each(ctx context.Context, a *wiring.App, does *actions.Actions,
	work func(actions.Scope) (runs.Summary, error), show func(runs.Summary) error,
) error {
	request, err := f.request()
	if err != nil {
		return err
	}
	scopes, err := does.Scopes(ctx, request)
	if err != nil {
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	var summaries []runs.Summary
	for _, s := range scopes {
		var summary runs.Summary
		err := WithProgress(a, does, func() (err error) { summary, err = work(s); return err })
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
