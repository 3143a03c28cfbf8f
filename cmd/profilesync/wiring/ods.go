package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ReportOfAPI is the report name under which single records of the API are
// stored.
const ReportOfAPI = "api"

// StreamOfChanges is the watermark of the changes that the API names.
const StreamOfChanges = "changes"

const (
	// overlap is how many days before the watermark a delta starts: records are
	// stamped late (connectors/ods/CONTRACT.md "Changes").
	overlap = 3
	// firstDelta is how many days the first delta covers.
	firstDelta = 30
)

// read is a listing with its ETag, and with what is special about how it was read.
type read struct {
	*ods.Listing
	etag, note string
	with       *runs.ReadWith
}

func (r read) ReadWith() *runs.ReadWith { return r.with }

func (r read) Stamp() runs.Stamp {
	stamp := r.Listing.Stamp()
	stamp.ETag = r.etag
	return stamp
}

// Note says what is special about how the listing was read.
func (r read) Note() string {
	if r.LacksCommissioners() {
		return strings.TrimPrefix(r.note+"; the ICB and region of practices are not stated, since they follow from report "+
			ods.ReportOfCommissioners, "; ")
	}
	return r.note
}

// changes is a delta that moves the watermark to the newest change in it.
type changes struct {
	*ods.Delta
	deleted []profile.ODSCode
}

func (c changes) Until() profile.Date        { return c.Newest() }
func (c changes) Deleted() []profile.ODSCode { return c.deleted }

// types returns the organisation types that a run's report covers.
func (a *App) types(run runs.Run) ([]profile.OrgType, error) {
	if run.Report == ReportOfAPI || run.Source == profile.SourceERS {
		return a.Settings.OrgTypes(), nil
	}
	return ods.Types(run.Report)
}

// RunReports lists the names that a run can have as its report.
func RunReports() []string { return append(ods.Reports(), ReportOfAPI, services.ReportServices) }

// CheckReport returns an error for a name that no run has as its report.
func CheckReport(name string) error {
	if known := RunReports(); !slices.Contains(known, name) {
		return fmt.Errorf("%q is no report: want one of %v", name, known)
	}
	return nil
}

// Pull opens what a stored run reads.
func (a *App) Pull(ctx context.Context, run runs.Run) (runjobs.Pull, error) {
	return a.Reader(false).Pull(ctx, run)
}

// Pull opens what a run reads.
func (r *Reader) Pull(ctx context.Context, run runs.Run) (runjobs.Pull, error) {
	switch {
	case run.Upload != 0:
		return r.pullUpload(ctx, run)
	case run.Kind == runs.RunListing:
		return r.pullListing(ctx, run)
	default:
		return r.pullDelta(ctx, run)
	}
}

// pullUpload reads the listing in a stored file, with the boards of commissioners.
func (r *Reader) pullUpload(ctx context.Context, run runs.Run) (runjobs.Pull, error) {
	name, file, err := r.Store.Runs.OpenUpload(ctx, run.Upload)
	if err != nil {
		return nil, err
	}
	boards, err := r.boardsForFile(ctx, run)
	if err != nil {
		return nil, err
	}
	listing, err := ods.OpenListing(name, run.Report, file, ods.WithCommissioners(boards.known))
	if err != nil {
		return nil, err
	}
	return read{Listing: listing, note: boards.note, with: boards.from}, nil
}

func (a *App) downloads() (*ods.Downloads, error) { return a.DownloadsTrying(0) }

// DownloadsTrying wires the downloads; with 0 attempts a request is tried as often as
// usual.
func (a *App) DownloadsTrying(attempts int) (*ods.Downloads, error) {
	options := ods.DownloadOptions{URL: a.Settings.ODSDownloads}
	options.Limits.Attempts, options.Limits.PerSecond, options.Limits.Opened = attempts, a.Settings.ODSPerSecond, a.BreakerOpened
	return ods.NewDownloads(options)
}

// pullListing sends the ETag of the last listing only if that was read as this one
// would be.
func (r *Reader) pullListing(ctx context.Context, run runs.Run) (runjobs.Pull, error) {
	downloads, err := r.downloads()
	if err != nil {
		return nil, err
	}
	boards, err := r.boardsForPull(ctx, downloads, run.Actor)
	if err != nil {
		return nil, err
	}
	alike, err := r.Store.Runs.WasReadAlike(ctx, run, boards.known.Digest())
	if err != nil {
		return nil, err
	}
	known := ""
	if alike {
		known = run.Stamp.ETag
	}
	listing, etag, err := downloads.Pull(ctx, run.Report, known, ods.WithCommissioners(boards.known))
	if errors.Is(err, ods.ErrNotModified) {
		return nil, runjobs.ErrUnchanged
	}
	if err != nil {
		return nil, err
	}
	return read{Listing: listing, etag: etag, note: boards.note}, nil
}

func (a *App) odsAPI() (*ods.API, error) { return a.ODSAPITrying(0) }

// ODSAPITrying wires the API; with 0 attempts a request is tried as often as usual.
func (a *App) ODSAPITrying(attempts int) (*ods.API, error) {
	options := ods.APIOptions{URL: a.Settings.ODSAPI, Key: apiKey}
	options.Limits.Attempts, options.Limits.PerSecond, options.Limits.Opened = attempts, a.Settings.ODSPerSecond, a.BreakerOpened
	return ods.NewAPI(options)
}

func (a *App) pullDelta(ctx context.Context, run runs.Run) (runjobs.Pull, error) {
	api, err := a.odsAPI()
	if err != nil {
		return nil, err
	}
	if len(run.Codes) > 0 {
		return a.lookup(ctx, api, run.Codes)
	}
	since, err := a.Store.Runs.Watermark(ctx, run.Source, StreamOfChanges)
	if err != nil {
		return nil, err
	}
	if since.IsZero() || since.After(run.AsOf) { // it never ran, or the register named a day that has not come yet
		since = run.AsOf.AddDays(overlap - firstDelta)
	}
	delta, err := api.Changes(ctx, since.AddDays(-overlap))
	if err != nil {
		return nil, err
	}
	deletions, err := api.Deletions(ctx)
	if err != nil {
		return nil, errors.Join(err, delta.Close())
	}
	pulled := changes{Delta: delta}
	for _, d := range deletions {
		pulled.deleted = append(pulled.deleted, d.Code)
	}
	return pulled, nil
}

// lookup looks up single organisations: it moves no watermark.
func (a *App) lookup(ctx context.Context, api *ods.API, codes []profile.ODSCode) (runjobs.Pull, error) {
	delta, err := api.Lookup(ctx, codes)
	if err != nil {
		return nil, err
	}
	for _, code := range delta.Missing() {
		a.Sayf("%s: not in the register (archived, deleted or never there)", code)
	}
	return delta, nil
}

// apiKey reads the key for each request, so that a rotated file takes effect.
func apiKey() (string, error) {
	key, err := settings.Rotating("ODS_API_KEY")()
	if err != nil {
		return "", fmt.Errorf("the ODS API needs a key: %w", err)
	}
	return key, nil
}
