package actions

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// File is a listing that somebody gives.
type File struct {
	Name string    // as the giver calls it
	Path string    // where it lies on this machine; empty if it is sent
	Sent io.Reader // read once; nil if it lies on this machine
}

// Request says what is planned or reconciled.
type Request struct {
	Source   profile.Source    // the zero value is ODS
	Codes    []profile.ODSCode // only these; none is all
	Files    []File            // complete listings; none is what the register says today
	Report   string            // empty: of the files by their names, else those that the settings name
	AsOf     profile.Date      // zero: of the files by their names, else today
	Rehearse bool              // the files are of a day to come
}

// Scope is one run that was requested.
type Scope struct {
	Run  runs.Run
	File *File // what it reads; nil if it pulls
}

// IsReference reports whether the file holds a report that is kept to read others with,
// and that no run reconciles.
func (s Scope) IsReference() bool { return s.Run.Report == ods.ReportOfCommissioners }

// Scopes returns the runs that a request asks for: those first whose files the others
// are read with. It needs no database.
func (a *Actions) Scopes(ctx context.Context, r Request) (scopes []Scope, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return nil, err
	}
	if r.Source == "" {
		r.Source = profile.SourceODS
	}
	if err := r.checkRehearsal(); err != nil {
		return nil, err
	}
	base := runs.Run{Kind: runs.RunListing, Source: r.Source, Actor: actor, OSUser: a.OSUser, AsOf: a.App.Today(), Codes: r.Codes}
	if len(r.Codes) > 0 {
		base.Kind = runs.RunDelta
	}
	if len(r.Files) == 0 || r.Source == profile.SourceERS {
		return a.pulls(r, base)
	}
	if r.Rehearse {
		base.Kind = runs.RunRehearsal
	}
	var references []Scope
	for _, file := range r.Files {
		s, err := a.listing(r, base, file)
		if err != nil {
			return nil, err
		}
		if s.IsReference() {
			references = append(references, s)
		} else {
			scopes = append(scopes, s)
		}
	}
	return append(references, scopes...), nil
}

func (r Request) checkRehearsal() error {
	switch {
	case !r.Rehearse:
		return nil
	case len(r.Files) == 0:
		return invalid("rehearse", " needs --files: a register gives what it says today")
	case r.Source != profile.SourceODS:
		return invalid("rehearse", " and --source ers cannot be used together: e-RS has no listings")
	case len(r.Codes) > 0:
		return invalid("rehearse", " and --ods cannot be used together: a rehearsal is of a complete listing")
	}
	return nil
}

func (a *Actions) listing(r Request, run runs.Run, file File) (s Scope, err error) {
	if run.Report, err = a.reportOf(r, file); err != nil {
		return s, err
	}
	run.AsOf, err = r.dayOf(file, run.AsOf)
	return Scope{Run: run, File: &file}, err
}

func (a *Actions) reportOf(r Request, file File) (report string, err error) {
	if file.Sent == nil {
		if err := a.App.CheckFile(file.Path); err != nil {
			return "", invalid("files", ": %w", err)
		}
	}
	switch {
	case r.Report == ods.ReportOfCommissioners:
		return r.Report, nil
	case r.Report != "":
		report = r.Report
		_, err = ods.Types(report)
	default:
		report, err = ods.ReportOf(filepath.Base(file.Name))
	}
	if err != nil {
		return "", &Error{Kind: Invalid, Text: err.Error(), Err: err}
	}
	return report, nil
}

// dayOf returns the day that the listing in a file speaks of.
func (r Request) dayOf(file File, today profile.Date) (profile.Date, error) {
	if r.Rehearse {
		return r.comingDayOf(file, today)
	}
	if !r.AsOf.IsZero() {
		return r.AsOf, PastOrToday("as-of", r.AsOf, today)
	}
	day, err := ods.DayOf(file.Name)
	switch {
	case err != nil:
		return day, invalid("files", ": %w; give its date with --as-of", err)
	case day.IsZero():
		return today, nil
	case day.After(today):
		return day, invalid("files", ": the date in the name of %s has not come yet (today is %s); give its date with --as-of",
			filepath.Base(file.Name), today)
	default:
		return day, nil
	}
}

// comingDayOf returns the day to come that the listing in a file speaks of.
func (r Request) comingDayOf(file File, today profile.Date) (day profile.Date, err error) {
	if day = r.AsOf; day.IsZero() {
		day, err = ods.DayOf(file.Name)
	}
	switch {
	case err != nil:
		return day, &Error{Kind: Invalid, Text: fmt.Sprintf("the day of a rehearsal: %v; give it with --as-of", err)}
	case day.IsZero():
		return day, invalid("rehearse", " needs the day of %s: give it with --as-of", filepath.Base(file.Name))
	case !day.After(today):
		return day, invalid("rehearse", ": %s is not a day to come (today is %s); plan it without --rehearse", day, today)
	default:
		return day, nil
	}
}

// PastOrToday refuses a day after today.
func PastOrToday(field string, day, today profile.Date) error {
	if day.After(today) {
		return invalid(field, " %s: that day has not come yet (today is %s)", day, today)
	}
	return nil
}

// CheckPull refuses what is only for files, where none is given.
func (r Request) CheckPull(today profile.Date) error {
	switch {
	case r.Rehearse:
		return r.checkRehearsal()
	case r.AsOf.IsZero() || r.AsOf == today:
		return nil
	case r.AsOf.After(today):
		return PastOrToday("as-of", r.AsOf, today)
	default:
		return invalid("as-of", " %s: a pull is for today (%s); --as-of is the date of a listing in a file (--files)", r.AsOf, today)
	}
}

// pulls returns the runs that pull from a register: what it says, it says today.
func (a *Actions) pulls(r Request, base runs.Run) ([]Scope, error) {
	if err := r.CheckPull(base.AsOf); err != nil {
		return nil, err
	}
	if base.Source == profile.SourceERS {
		return a.services(r, base)
	}
	return a.pulled(r, base)
}

// pulled returns the runs that pull from the register: the given codes from the
// API, else complete listings.
func (a *Actions) pulled(r Request, base runs.Run) (scopes []Scope, err error) {
	if len(base.Codes) > 0 {
		base.Report = wiring.ReportOfAPI
		return []Scope{{Run: base}}, nil
	}
	reports := a.App.Settings.ODSReports
	if r.Report != "" {
		reports = []string{r.Report}
	}
	for _, report := range reports {
		if _, err := ods.Types(report); err != nil {
			return nil, invalid("report", ": %w", err)
		}
		base.Report = report
		scopes = append(scopes, Scope{Run: base})
	}
	return scopes, nil
}

// services returns the run that looks up all services in e-RS, or those of the
// given sites.
func (a *Actions) services(r Request, run runs.Run) ([]Scope, error) {
	switch {
	case len(r.Files) > 0:
		return nil, invalid("files", ": e-RS has no listings; see `profilesync ers register import`")
	case r.Report != "" && r.Report != services.ReportServices:
		return nil, invalid("report", ": e-RS has only one, %s", services.ReportServices)
	case !a.App.Settings.AsksERS():
		return nil, settings.ErrNoERS
	}
	run.Report = services.ReportServices
	return []Scope{{Run: run}}, nil
}

// upload stores the file that a run reads; 0 if it reads none.
func (a *Actions) upload(ctx context.Context, s Scope) (int64, error) {
	switch {
	case s.File == nil:
		return 0, nil
	case s.File.Sent != nil:
		return a.App.UploadFrom(ctx, s.File.Name, s.File.Sent)
	default:
		return a.App.Upload(ctx, s.File.Path)
	}
}

func readReference(ctx context.Context, r *wiring.Reader, s Scope) (runs.Summary, error) {
	if s.File == nil {
		return runs.Summary{}, invalid("report", " %s: it is pulled with the listings that need it; give its file", s.Run.Report)
	}
	if s.File.Sent != nil {
		return r.ReadCommissioners(ctx, s.File.Name, s.File.Sent, s.Run)
	}
	return r.LoadCommissioners(ctx, s.File.Path, s.Run)
}

// NewReader opens the database, and returns a reader for plans: it keeps what it was
// given to read the files that follow with.
func (a *Actions) NewReader(ctx context.Context) (*wiring.Reader, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Reader(true), nil
}

// Plan plans a run and keeps the plan, whose number is in the summary. Nothing is
// changed. If there is no plan, its file is not kept either. A plan of several files
// needs one reader for all of them.
func (a *Actions) Plan(ctx context.Context, r *wiring.Reader, s Scope) (summary runs.Summary, err error) {
	if s.IsReference() {
		return readReference(ctx, r, s)
	}
	if s.Run.Upload, err = a.upload(ctx, s); err != nil {
		return summary, err
	}
	err = a.preview(ctx, r.Runs(r.Pull, a.progress()), func(r *runjobs.Runs) (err error) {
		summary, err = r.Preview(ctx, s.Run)
		return err
	})
	if err != nil && s.Run.Upload != 0 {
		err = errors.Join(err, r.Store.Runs.DropUpload(context.WithoutCancel(ctx), s.Run.Upload))
	}
	return summary, err
}

// Reconcile stores a run with what it reads. With wait, the summary is that of the run
// that has ended; a daemon works it or, if there is none, this process.
func (a *Actions) Reconcile(ctx context.Context, s Scope, wait bool) (summary runs.Summary, err error) {
	if err := a.Ready(ctx); err != nil {
		return summary, err
	}
	if s.IsReference() {
		return readReference(ctx, a.App.Reader(false), s)
	}
	content := sha256.New()
	if s.File != nil && s.File.Sent != nil {
		s.File = &File{Name: s.File.Name, Sent: io.TeeReader(s.File.Sent, content)}
	}
	if s.Run.Upload, err = a.upload(ctx, s); err != nil {
		return summary, err
	}
	return a.App.Submit(ctx, once(ctx, s.Run, content.Sum(nil)), wait, a.progress())
}

// ReconcilePlan applies exactly what a plan shows, or refuses.
func (a *Actions) ReconcilePlan(ctx context.Context, plan runs.PlanID, wait bool) (runs.Summary, error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return runs.Summary{}, err
	}
	run, err := a.App.Store.Runs.Plan(ctx, plan)
	if err != nil {
		return runs.Summary{}, err
	}
	run.Actor, run.OSUser = actor, a.OSUser
	return a.App.Submit(ctx, once(ctx, run), wait, a.progress())
}
