package wiring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres/referencestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// boards are the boards of commissioners that a listing is read with.
type boards struct {
	known *ods.Commissioners // nil where none are kept
	note  string             // why they are not those that the register has now; empty if they are
	from  *runs.ReadWith     // the file they are from, if they are not kept
}

// Reader opens what runs read, with the boards of commissioners.
type Reader struct {
	*App

	previews bool       // nothing that was read is kept
	loaded   keptBoards // from a file, for the files that follow, by a reader that keeps nothing
}

// Reader returns a reader of runs; one that previews keeps nothing.
func (a *App) Reader(previews bool) *Reader { return &Reader{App: a, previews: previews} }

// keptBoards are the last good copy of the report of commissioners.
type keptBoards struct {
	referencestore.Reference
	known *ods.Commissioners // nil where none are kept
}

func (a *App) keptBoards(ctx context.Context) (kept keptBoards, err error) {
	kept.Reference, err = a.Store.References.Kept(ctx, profile.SourceODS, ods.ReportOfCommissioners)
	if err != nil || kept.Content == nil {
		return kept, err
	}
	kept.known, err = ods.ReadCommissioners(kept.Name, bytes.NewReader(kept.Content))
	return kept, err
}

// present are the boards that were loaded before, else those that are kept.
func (r *Reader) present(ctx context.Context) (keptBoards, error) {
	if r.loaded.known != nil {
		return r.loaded, nil
	}
	return r.keptBoards(ctx)
}

// BoardNames is App.BoardNames, of what was loaded.
func (r *Reader) BoardNames(ctx context.Context) (func(icb string) string, error) {
	present, err := r.present(ctx)
	return present.known.NameOf, err
}

// BoardNames returns a function from the code of an ICB to its name, which is empty
// where it is not known.
func (a *App) BoardNames(ctx context.Context) (func(icb string) string, error) {
	kept, err := a.keptBoards(ctx)
	return kept.known.NameOf, err
}

// AllBoards returns the names of all boards that are known, by their codes.
func (a *App) AllBoards(ctx context.Context) (map[string]string, error) {
	kept, err := a.keptBoards(ctx)
	return kept.known.Names(), err
}

// boardsForPull asks the register for the boards of commissioners. If it gives none
// that are good, those that are kept are used. What it gives, it says today, whatever
// the day of the run that needs them.
func (r *Reader) boardsForPull(ctx context.Context, downloads *ods.Downloads, actor string) (b boards, err error) {
	kept, err := r.keptBoards(ctx)
	if err != nil {
		return b, err
	}
	today := r.Today()
	known, etag, err := downloads.PullCommissioners(ctx, kept.ETag)
	if errors.Is(err, ods.ErrNotModified) {
		return boards{known: kept.known}, r.see(ctx, kept.Reference, today)
	}
	if err == nil {
		err = kept.check(known, ods.ReportOfCommissioners, today)
	}
	switch {
	case ctx.Err() != nil:
		return b, ctx.Err()
	case err != nil:
		return boards{known: kept.known, note: kept.instead(err)}, nil
	}
	return boards{known: known}, r.keep(ctx, referencestore.Reference{
		Source: profile.SourceODS, Report: ods.ReportOfCommissioners, Name: r.Settings.ODSDownloads, AsOf: today,
		Records: known.Records(), ETag: etag, Content: known.Content(), Actor: actor,
	})
}

func (r *Reader) see(ctx context.Context, kept referencestore.Reference, today profile.Date) error {
	if r.previews {
		return nil
	}
	return r.Store.References.See(ctx, kept, today)
}

func (r *Reader) keep(ctx context.Context, reference referencestore.Reference) error {
	if r.previews {
		return nil
	}
	_, err := r.Store.References.Keep(ctx, reference)
	return err
}

// boardsForFile returns the boards that were loaded or are kept, so that a file reads
// the same with and without a network. Only where none are, and the report needs them,
// is the register asked.
func (r *Reader) boardsForFile(ctx context.Context, run runs.Run) (b boards, err error) {
	present, err := r.present(ctx)
	if err != nil {
		return b, err
	}
	if err := r.checkPlan(ctx, run, present.known); err != nil {
		return b, err
	}
	if r.loaded.known != nil {
		b.from = runs.NewReadWith(present.Name, present.known.Digest())
	}
	if present.known != nil || !ods.NeedsCommissioners(run.Report) {
		b.known = present.known
		return b, nil
	}
	downloads, err := r.downloads()
	if err != nil {
		return b, err
	}
	return r.boardsForPull(ctx, downloads, run.Actor)
}

// checkPlan refuses to apply a plan that was read with boards that were not kept and
// are not the present ones.
func (r *Reader) checkPlan(ctx context.Context, run runs.Run, present *ods.Commissioners) error {
	if run.Plan == 0 {
		return nil
	}
	with, err := r.Store.Runs.PlanReadWith(ctx, run.Plan)
	if err != nil {
		return err
	}
	return with.Check(run.Plan, present.Digest())
}

// check refuses what must not replace the kept copy.
func (k keptBoards) check(known *ods.Commissioners, name string, asOf profile.Date) error {
	switch {
	case k.known == nil:
		return nil
	case runs.DefaultGuard().IsShort(known.Records(), k.Records):
		return &profile.RefusedError{Name: name, Why: fmt.Sprintf(
			"it has %d rows, and the copy of %s has %d: less than 90 %%; take it again", known.Records(), k.AsOf, k.Records)}
	case asOf.Before(k.AsOf):
		return &profile.RefusedError{Name: name, Why: fmt.Sprintf(
			"its date is %s, but a copy of %s is kept already; use a newer one, or give its date with --as-of", asOf, k.AsOf)}
	default:
		return nil
	}
}

func (k keptBoards) instead(why error) string {
	if k.known == nil {
		return fmt.Sprintf("no report %s is kept, and it could not be pulled: %v", ods.ReportOfCommissioners, why)
	}
	return fmt.Sprintf("report %s of %s is used, as a newer one could not be pulled: %v", ods.ReportOfCommissioners, k.AsOf, why)
}

// LoadCommissioners reads the report of commissioners from a file, for the listings
// that follow, and keeps it unless this is a preview. The run says for which day and
// who asks; it is not stored, since no profile is concerned. A file that is refused
// replaces nothing.
func (r *Reader) LoadCommissioners(ctx context.Context, path string, run runs.Run) (runs.Summary, error) {
	file, err := r.OpenFile(path)
	if err != nil {
		return runs.NewSummary(run), fmt.Errorf("--files: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	return r.ReadCommissioners(ctx, filepath.Base(path), file, run)
}

// ReadCommissioners is LoadCommissioners of a report that somebody sends.
func (r *Reader) ReadCommissioners(ctx context.Context, name string, file io.Reader, run runs.Run) (runs.Summary, error) {
	run.State = runs.RunDone
	summary := runs.NewSummary(run)
	present, err := r.present(ctx)
	if err != nil {
		return summary, err
	}
	known, err := ods.ReadCommissioners(name, file)
	if err == nil {
		err = present.check(known, name, run.AsOf)
	}
	if refused := new(profile.RefusedError); errors.As(err, &refused) {
		summary.State, summary.Error = runs.RunRefused, refused.Error()
		return summary, nil
	}
	if err != nil {
		return summary, err
	}
	summary.Records = known.Records()
	loaded := keptBoards{known: known, Reference: referencestore.Reference{
		Source: run.Source, Report: run.Report, Name: name, AsOf: run.AsOf, Records: known.Records(), Content: known.Content(),
		Actor: run.Actor,
	}}
	if r.previews {
		r.loaded = loaded
		if run.Kind == runs.RunRehearsal {
			summary.Note = fmt.Sprintf("%d commissioners belong to a board; the files that follow are read with them", known.Count())
			return summary, nil
		}
		summary.Note = fmt.Sprintf("%d commissioners belong to a board; the files that follow are read with them, "+
			"and a plan of theirs is applied once this file is loaded by reconcile", known.Count())
		return summary, nil
	}
	summary.Note = fmt.Sprintf("%d commissioners belong to a board; the listings that follow are read with them", known.Count())
	return summary, r.keep(ctx, loaded.Reference)
}
