package wiring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// boards are the boards of commissioners that a listing is read with.
type boards struct {
	known *ods.Commissioners // nil where none are kept
	note  string             // why they are not those that the register has now; empty if they are
}

// keptBoards are the last good copy of the report of commissioners.
type keptBoards struct {
	runstore.Reference
	known *ods.Commissioners // nil where none are kept
}

func (a *App) keptBoards(ctx context.Context) (kept keptBoards, err error) {
	kept.Reference, err = a.Store.Runs.Reference(ctx, profile.SourceODS, ods.ReportOfCommissioners)
	if err != nil || kept.Content == nil {
		return kept, err
	}
	kept.known, err = ods.ReadCommissioners(kept.Name, bytes.NewReader(kept.Content))
	return kept, err
}

// BoardNames returns a function from the code of an ICB to its name, which is empty
// where it is not known.
func (a *App) BoardNames(ctx context.Context) (func(icb string) string, error) {
	kept, err := a.keptBoards(ctx)
	return kept.known.NameOf, err
}

// boardsForPull asks the register for the boards of commissioners. If it gives none
// that are good, those that are kept are used.
func (a *App) boardsForPull(ctx context.Context, downloads *ods.Downloads, today profile.Date) (b boards, err error) {
	kept, err := a.keptBoards(ctx)
	if err != nil {
		return b, err
	}
	known, etag, err := downloads.PullCommissioners(ctx, kept.ETag)
	if errors.Is(err, ods.ErrNotModified) {
		return boards{known: kept.known}, a.Store.Runs.SeeReference(ctx, kept.Reference, today)
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
	_, err = a.Store.Runs.KeepReference(ctx, runstore.Reference{
		Source: profile.SourceODS, Report: ods.ReportOfCommissioners, Name: a.Settings.ODSDownloads, AsOf: today,
		Records: known.Records(), ETag: etag, Content: known.Content(), Actor: "schedule",
	})
	return boards{known: known}, err
}

// boardsForFile returns the boards that are kept, so that a file reads the same with
// and without a network. Only where none are, and the report needs them, is the
// register asked.
func (a *App) boardsForFile(ctx context.Context, report string) (b boards, err error) {
	kept, err := a.keptBoards(ctx)
	if err != nil || kept.known != nil || !ods.NeedsCommissioners(report) {
		return boards{known: kept.known}, err
	}
	downloads, err := a.downloads()
	if err != nil {
		return b, err
	}
	return a.boardsForPull(ctx, downloads, a.Today())
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

// LoadCommissioners reads the report of commissioners from a file, and keeps it for
// the listings that follow, if keep is set. The run says for which day and who asks;
// it is not stored, since no profile is concerned. A file that is refused replaces
// nothing.
func (a *App) LoadCommissioners(ctx context.Context, path string, run runs.Run, keep bool) (runs.Summary, error) {
	run.State = runs.RunDone
	summary := runs.NewSummary(run)
	file, err := os.Open(path)
	if err != nil {
		return summary, fmt.Errorf("--files: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	kept, err := a.keptBoards(ctx)
	if err != nil {
		return summary, err
	}
	name := filepath.Base(path)
	known, err := ods.ReadCommissioners(name, file)
	if err == nil {
		err = kept.check(known, name, run.AsOf)
	}
	if refused := new(profile.RefusedError); errors.As(err, &refused) {
		summary.State, summary.Error = runs.RunRefused, refused.Error()
		return summary, nil
	}
	if err != nil {
		return summary, err
	}
	summary.Records = known.Records()
	summary.Note = fmt.Sprintf("%d commissioners belong to a board; the listings that follow are read with them", known.Count())
	if !keep {
		return summary, nil
	}
	_, err = a.Store.Runs.KeepReference(ctx, runstore.Reference{
		Source: run.Source, Report: run.Report, Name: name, AsOf: run.AsOf, Records: known.Records(), Content: known.Content(),
		Actor: run.Actor,
	})
	return summary, err
}
